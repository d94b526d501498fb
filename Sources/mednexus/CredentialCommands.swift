import ArgumentParser
import Identities
import Interface
import Primitives
import Transactions
import WalletKit

struct CredentialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential", abstract: "Attestations: offered by who may, in force once accepted.",
        discussion: example("credential list author"),
        subcommands: [
            CredentialOffer.self, CredentialAccept.self, CredentialDecline.self, CredentialRevoke.self,
            CredentialList.self, CredentialExport.self, CredentialVerify.self,
        ])
}

struct CredentialOffer: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "offer", abstract: "Offers a credential to its subject.",
        discussion: example(
            "credential offer author medicalLicense --jurisdiction DE --valid-until 1y --delegation medical --from registrar --acting-for board --as author-license"
        ))
    @OptionGroup var globals: Globals
    @Argument(help: "Whom it is about.") var subject: String
    @Argument(help: ArgumentHelp("Which: \(CredentialType.names.joined(separator: ", ")).")) var type: String
    @Option(help: ArgumentHelp("Where it holds, ISO 3166 (repeatable); everywhere if absent.", valueName: "code"))
    var jurisdiction: [String] = []
    @Option(help: ArgumentHelp("Of which specialty (repeatable).", valueName: "text")) var specialty: [String] = []
    @Option(help: ArgumentHelp("For an affiliation: \(AffiliationRole.names.joined(separator: ", ")).")) var role:
        String?
    @Option(help: ArgumentHelp("From when; now if absent.", valueName: "time")) var validFrom: String?
    @Option(help: ArgumentHelp("Until when: 2027-01-31, or 1y.", valueName: "time")) var validUntil: String?
    @Option(help: ArgumentHelp("The delegation by which the issuer may; not for accreditors.", valueName: "delegation"))
    var delegation: String?
    @Option(help: ArgumentHelp("For a guardianship: the ward.", valueName: "party")) var concerning: String?
    @Option(help: ArgumentHelp("SHA-256 of a document that proves it.", valueName: "hash")) var evidence: String?
    @Option(help: ArgumentHelp("What accepted terms or controlled access are about.", valueName: "hash"))
    var resource: String?

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let claim = CredentialClaim(
            subject: try session.party(subject),
            credentialType: try Codes.one(type, CredentialType.self, "credential type"),
            scope: CredentialScope(
                jurisdictions: Codes.texts(jurisdiction), specialties: specialty.sorted(),
                role: try role.map { (text) throws(WalletFailure) in try Codes.one(text, AffiliationRole.self, "role") }
            ),
            validFrom: try Codes.time(validFrom, now: now) ?? now, validUntil: try Codes.time(validUntil, now: now),
            evidence: try evidence.map { (text) throws(WalletFailure) in try Codes.hash(text) },
            concerning: try concerning.map { (text) throws(WalletFailure) in try session.party(text) },
            resource: try resource.map { (text) throws(WalletFailure) in try Codes.hash(text) })
        let offer = OfferCredential(
            delegation: try delegation.map { (text) throws(WalletFailure) in try session.id(text) }, claim: claim)
        try await session.act([.identities(.offerCredential(offer))])
    }
}

struct CredentialAccept: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Accepts an offered credential: it is in force from then on.",
        discussion: example("credential accept author-license --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "The credential.") var credential: String

    func perform(_ session: Session) async throws {
        let accept = AcceptCredential(credential: .id(try session.id(credential)))
        try await session.act([.identities(.acceptCredential(accept))])
    }
}

struct CredentialDecline: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "decline", abstract: "Declines an offered credential.",
        discussion: example("credential decline author-license --from author"))
    @OptionGroup var globals: Globals
    @Argument(help: "The credential.") var credential: String

    func perform(_ session: Session) async throws {
        let decline = DeclineCredential(credential: .id(try session.id(credential)))
        try await session.act([.identities(.declineCredential(decline))])
    }
}

struct CredentialRevoke: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a credential: the issuer for a reason, the subject by surrender.",
        discussion: example("credential revoke author-license --reason ended --from registrar --acting-for board"))
    @OptionGroup var globals: Globals
    @Argument(help: "The credential.") var credential: String
    @Option(help: ArgumentHelp("Why: \(RevocationReason.names.joined(separator: ", ")).")) var reason: String

    func perform(_ session: Session) async throws {
        let revoke = RevokeCredential(
            credential: try session.id(credential), reason: try Codes.one(reason, RevocationReason.self, "reason"))
        try await session.act([.identities(.revokeCredential(revoke))])
    }
}

struct CredentialList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Credentials of a subject, or issued by a party, newest first.",
        discussion: example("credential list author", "credential list --issuer board --type medicalLicense"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Whose; who acts if neither is given.") var party: String?
    /// The older name of the argument.
    @Option(help: .hidden) var subject: String?
    @Option(help: "By whom.") var issuer: String?
    @Option(help: "Only this type.") var type: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        guard party == nil || self.subject == nil else { throw WalletFailure(.usage, "name the subject once") }
        let subject = party ?? self.subject
        var params = JSONObject()
        if let issuer, subject == nil {
            params.append("issuer", try session.client.encode(try session.party(issuer)))
        } else {
            params.append("subject", try session.client.encode(try session.party(orActor: subject)))
        }
        if let type {
            params.append(
                "credentialType",
                try session.client.encode(try Codes.one(type, CredentialType.self, "credential type")))
        }
        var items = try await session.client.items("identity_credentials", params)
        func offered(_ item: JSONValue) -> UInt64 { item["credential"]?["offeredAt"]?.unsigned ?? 0 }
        items.sort { offered($0) > offered($1) }
        let names = session.plainNames
        let headers = ["CREDENTIAL", "TYPE", "FOR", "SUBJECT", "ISSUER", "STATUS", "UNTIL"]
        session.list(items, headers, empty: "None.") { item in
            let record = item["credential"]
            let claim = record?["claim"]
            return [
                names.id(record?["id"]), claim?["credentialType"]?.string ?? "",
                CredentialScopeText.of(claim?["scope"]), names.party(claim?["subject"]),
                names.party(record?["issuer"]), item["status"]?.string ?? "",
                names.time(claim?["validUntil"]) ?? "open",
            ]
        }
    }
}

/// `DE; cardiology; staff`, or `everywhere`.
enum CredentialScopeText {
    static func of(_ scope: JSONValue?) -> String {
        let places = (scope?["jurisdictions"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
        let specialties = (scope?["specialties"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
        return ([places.isEmpty ? "everywhere" : places, specialties] + [scope?["role"]?.string ?? ""])
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }

    static func of(jurisdictions: JSONValue?) -> String {
        let places = (jurisdictions?.array ?? []).compactMap(\.string).joined(separator: ", ")
        return places.isEmpty ? "everywhere" : places
    }
}

// MARK: Delegations

struct DelegationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delegation", abstract: "The right to issue credentials, handed on.",
        discussion: example("delegation list --delegate board")
            + "\n\nTo let an account act for you: mednexus mandate grant",
        subcommands: [DelegationGrantCommand.self, DelegationRevoke.self, DelegationList.self])
}

struct DelegationGrantCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Lets a party issue credentials of some types.",
        discussion: example(
            "delegation grant board --type medicalLicense --jurisdiction DE --valid-until 2y --from accreditor --as medical"
        ))
    @OptionGroup var globals: Globals
    @Argument(help: "Who may.") var delegate: String
    @Option(help: ArgumentHelp("Which types (repeatable): \(CredentialType.names.joined(separator: ", ")).")) var type:
        [String]
    @Option(help: ArgumentHelp("Where (repeatable); everywhere if absent.", valueName: "code")) var jurisdiction:
        [String] = []
    @Flag(help: "It may be handed on.") var mayDelegate = false
    @Option(help: ArgumentHelp("From when; now if absent.", valueName: "time")) var validFrom: String?
    @Option(help: ArgumentHelp("Until when.", valueName: "time")) var validUntil: String?
    @Option(help: ArgumentHelp("The delegation that this one narrows; not for accreditors.", valueName: "delegation"))
    var parent: String?

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let grant = DelegationGrant(
            delegate: try session.party(delegate), types: try Codes.many(type, CredentialType.self, "credential type"),
            jurisdictions: Codes.texts(jurisdiction), mayDelegate: mayDelegate,
            validFrom: try Codes.time(validFrom, now: now) ?? now, validUntil: try Codes.time(validUntil, now: now))
        let operation = GrantDelegation(
            parent: try parent.map { (text) throws(WalletFailure) in try session.id(text) }, grant: grant)
        try await session.act([.identities(.grantDelegation(operation))])
    }
}

struct DelegationRevoke: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Takes the right back.",
        discussion: example("delegation revoke medical --reason misconduct --from accreditor"))
    @OptionGroup var globals: Globals
    @Argument(help: "The delegation.") var delegation: String
    @Option(help: ArgumentHelp("Why: \(RevocationReason.names.joined(separator: ", ")).")) var reason: String

    func perform(_ session: Session) async throws {
        let revoke = RevokeDelegation(
            delegation: try session.id(delegation), reason: try Codes.one(reason, RevocationReason.self, "reason"))
        try await session.act([.identities(.revokeDelegation(revoke))])
    }
}

struct DelegationList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Delegations to a party, or by a party.",
        discussion: example("delegation list --delegate board", "delegation list --grantor accreditor"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Who may; who acts if neither is given.") var delegate: String?
    @Option(help: "Who granted.") var grantor: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params = JSONObject()
        if let grantor, delegate == nil {
            params.append("grantor", try session.client.encode(try session.party(grantor)))
        } else {
            params.append("delegate", try session.client.encode(try session.party(orActor: delegate)))
        }
        let items = try await session.client.items("identity_delegations", params)
        let names = session.plainNames
        let headers = ["DELEGATION", "DELEGATE", "GRANTOR", "TYPES", "FOR", "IN FORCE", "UNTIL"]
        session.list(items, headers, empty: "None.") { item in
            let record = item["delegation"]
            let grant = record?["grant"]
            return [
                names.id(record?["id"]), names.party(grant?["delegate"]), names.party(record?["grantor"]),
                (grant?["types"]?.array ?? []).compactMap(\.string).joined(separator: ", "),
                CredentialScopeText.of(jurisdictions: grant?["jurisdictions"]),
                item["isInForce"]?.boolean == true ? "yes" : "no", names.time(grant?["validUntil"]) ?? "open",
            ]
        }
    }
}
