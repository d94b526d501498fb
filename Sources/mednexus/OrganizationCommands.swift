import ArgumentParser
import Identities
import Interface
import Primitives
import Transactions
import WalletKit

struct OrganizationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "org", abstract: "Organizations: members, and how many of them must sign for what.",
        discussion: example("org show stmary"),
        subcommands: [
            OrganizationCreate.self, OrganizationShow.self, OrganizationMember.self, OrganizationRotate.self,
        ])
}

/// `NAME=ROLE` and `CLASS=THRESHOLD[:ROLE,ROLE]`.
enum OrganizationInputs {
    static func member(_ text: String, _ session: Session) throws(WalletFailure) -> Member {
        guard let (name, role) = Inputs.assignment(text) else {
            return Member(account: try session.address(text), role: .administrator)
        }
        return Member(account: try session.address(name), role: try Codes.one(role, MemberRole.self, "role"))
    }

    static func policy(_ text: String) throws(WalletFailure) -> ClassPolicy {
        guard let (name, value) = Inputs.assignment(text) else { throw malformed(text) }
        let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let threshold = UInt64(parts[0]) else { throw malformed(text) }
        guard threshold > 0 else {
            throw WalletFailure(
                .usage, "\(text): at least one must sign",
                hint: "To take a policy away: org member ORGANIZATION --remove-policy \(name).")
        }
        let roles = parts.count == 2 ? try Codes.many([String(parts[1])], MemberRole.self, "role") : []
        return ClassPolicy(
            try Codes.one(name, OperationClass.self, "class of operations"), threshold: threshold, roles: roles)
    }

    private static func malformed(_ text: String) -> WalletFailure {
        WalletFailure(
            .usage, "\(text) is no policy",
            hint:
                "Write CLASS=NUMBER or CLASS=NUMBER:ROLE,ROLE; classes: \(OperationClass.names.joined(separator: ", "))."
        )
    }

    static func policies(_ texts: [String]) throws(WalletFailure) -> [ClassPolicy] {
        var policies: [ClassPolicy] = []
        for text in texts {
            let policy = try policy(text)
            policies.removeAll { $0.operationClass == policy.operationClass }
            policies.append(policy)
        }
        return policies.sorted { $0.operationClass.rawValue < $1.operationClass.rawValue }
    }

    static let memberHelp: ArgumentHelp = ArgumentHelp(
        "NAME=ROLE (repeatable); roles: \(MemberRole.names.joined(separator: ", ")).", valueName: "name=role")
    static let policyHelp: ArgumentHelp = ArgumentHelp(
        "How many must sign for a class of operations, CLASS=NUMBER[:ROLE,ROLE] (repeatable).",
        valueName: "class=number")
}

struct OrganizationCreate: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes an organization. As many of its members sign as its policy for administration asks.",
        discussion: example(
            #"org create "St. Mary Hospital" --kind institution --jurisdiction DE --member anna=administrator --member ben=registrar --policy administration=2 --from anna --co-sign ben --as stmary"#
        ))
    @OptionGroup var globals: Globals
    @Argument(help: "Its public name.") var name: String
    @Option(help: ArgumentHelp("What it is: \(PartyKind.names.joined(separator: ", ")).")) var kind = "institution"
    @Option(help: "The country or subdivision whose law it is under: DE, US-CA.") var jurisdiction: String
    @Option(help: OrganizationInputs.memberHelp) var member: [String] = []
    @Option(help: OrganizationInputs.policyHelp) var policy: [String] = []
    @Option(help: "Its Legal Entity Identifier.") var lei: String?
    @Option(help: "Its id in the Research Organization Registry.") var ror: String?

    func perform(_ session: Session) async throws {
        var members = try member.map { (text) throws(WalletFailure) in
            try OrganizationInputs.member(text, session)
        }
        if members.isEmpty { members = [Member(account: try session.sender(), role: .administrator)] }
        var identifiers: [InstitutionIdentifier] = []
        if let lei { identifiers.append(InstitutionIdentifier(scheme: .lei, value: lei)) }
        if let ror { identifiers.append(InstitutionIdentifier(scheme: .ror, value: ror)) }
        let profile = OrganizationProfile(
            kind: try Codes.one(kind, PartyKind.self, "kind"), name: name, jurisdiction: jurisdiction,
            identifiers: identifiers, members: members.sorted { $0.account < $1.account },
            policies: try OrganizationInputs.policies(policy.isEmpty ? ["administration=1"] : policy))
        try await session.act([.identities(.createOrganization(CreateOrganization(profile: profile)))])
    }
}

struct OrganizationShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Members, policies and credentials of an organization.",
        discussion: example("org show stmary"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its name or id.") var organization: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id = Party.organization(try session.organization(organization))
        let value = try await session.client.read(
            "identity_get", .object(["party": try session.client.encode(id)]), as: JSONValue.self)
        session.show(value) { PartyText.write(value, session) }
    }
}

struct OrganizationMember: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "Adds, changes and removes members and policies, as many sign as its policy asks.",
        discussion: example(
            "org member stmary --add carol=clinician --from anna --acting-for stmary --co-sign ben",
            "org member stmary --remove ben --policy treasury=2:treasurer,administrator --from anna --acting-for stmary",
            "org member stmary --remove-policy treasury --from anna --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "The organization.") var organization: String
    @Option(help: OrganizationInputs.memberHelp) var add: [String] = []
    @Option(help: ArgumentHelp("Who leaves (repeatable).", valueName: "name")) var remove: [String] = []
    @Option(help: OrganizationInputs.policyHelp) var policy: [String] = []
    @Option(
        help: ArgumentHelp(
            "A class of operations that has no policy of its own any more (repeatable); the one for administration then holds.",
            valueName: "class"))
    var removePolicy: [String] = []

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id = try session.organization(organization)
        let view = try await session.client.read(
            "identity_get", .object(["party": try session.client.encode(Party.organization(id))]), as: PartyView.self)
        guard let profile = view.organization?.profile else {
            throw WalletFailure(.usage, "\(organization) is no organization of this network")
        }
        var members = profile.members
        for name in remove {
            let address = try session.address(name)
            guard members.contains(where: { $0.account == address }) else {
                throw WalletFailure(.usage, "\(name) is no member of \(organization)")
            }
            members.removeAll { $0.account == address }
        }
        for text in add {
            let member = try OrganizationInputs.member(text, session)
            members.removeAll { $0.account == member.account }
            members.append(member)
        }
        let policies = try self.policies(over: profile)
        let update = UpdateOrganization(
            organization: id, members: members.sorted { $0.account < $1.account },
            policies: policies.sorted { $0.operationClass.rawValue < $1.operationClass.rawValue },
            messageKey: profile.messageKey)
        try await session.act([.identities(.updateOrganization(update))])
    }

    private func policies(over profile: OrganizationProfile) throws(WalletFailure) -> [ClassPolicy] {
        let changed = try OrganizationInputs.policies(policy)
        var policies =
            profile.policies.filter { old in !changed.contains { $0.operationClass == old.operationClass } } + changed
        for one in try Codes.many(removePolicy, OperationClass.self, "class of operations") {
            guard one != .administration else {
                throw WalletFailure(
                    .usage, "the policy for administration can't be removed: it decides what has none of its own",
                    hint: "Change it: --policy administration=1.")
            }
            guard !changed.contains(where: { $0.operationClass == one }) else {
                throw WalletFailure(.usage, "the policy for \(one.name) is to be set and to be removed")
            }
            guard policies.contains(where: { $0.operationClass == one }) else {
                throw WalletFailure(
                    .usage, "\(organization) has no policy for \(one.name)",
                    hint: "It has: \(profile.policies.map(\.operationClass.name).joined(separator: ", ")).")
            }
            policies.removeAll { $0.operationClass == one }
        }
        return policies
    }
}

struct OrganizationRotate: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Puts other accounts in the place of members, with their roles, and sets another message key.",
        discussion: """
            For a member who lost a key without having named guardians, or who is followed by another person. As many of \
            the members sign as the policy for administration asks; the organization, its INFTs, money and credentials \
            stay what they were.

            \(example(
                "org rotate stmary --replace anna=anna2 --from ben --acting-for stmary --co-sign carol",
                "org rotate stmary --message-key 02a1… --from anna --acting-for stmary"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The organization.") var organization: String
    @Option(help: ArgumentHelp("Who goes, and who takes the place (repeatable).", valueName: "old=new"))
    var replace: [String] = []
    @Option(
        help: ArgumentHelp(
            "Where messages to the organization are sealed to: a compressed point of secp256k1.",
            valueName: "hexadecimal"))
    var messageKey: String?

    func validate() throws {
        if replace.isEmpty, messageKey == nil { throw ValidationError("Give --replace or --message-key.") }
    }

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id = try session.organization(organization)
        let view = try await session.client.read(
            "identity_get", .object(["party": try session.client.encode(Party.organization(id))]), as: PartyView.self)
        guard let profile = view.organization?.profile else {
            throw WalletFailure(.usage, "\(organization) is no organization of this network")
        }
        var members = profile.members
        for text in replace {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw WalletFailure(.usage, "\(text) names no two accounts", hint: "Write anna=anna2.")
            }
            let (old, new) = (try session.address(parts[0]), try session.address(parts[1]))
            guard let member = members.first(where: { $0.account == old }) else {
                throw WalletFailure(.usage, "\(parts[0]) is no member of \(organization)")
            }
            guard !members.contains(where: { $0.account == new }) else {
                throw WalletFailure(.usage, "\(parts[1]) is a member of \(organization) already")
            }
            members.removeAll { $0.account == old }
            members.append(Member(account: new, role: member.role))
        }
        var key = profile.messageKey
        if let messageKey {
            guard let bytes = Hexadecimal.decode(messageKey.lowercased()), bytes.count == 33 else {
                throw WalletFailure(
                    .usage, "\(messageKey) is no compressed point", hint: "Write 66 hexadecimal digits.")
            }
            key = ByteString(bytes)
        }
        let update = UpdateOrganization(
            organization: id, members: members.sorted { $0.account < $1.account }, policies: profile.policies,
            messageKey: key)
        try await session.act([.identities(.updateOrganization(update))])
    }
}
