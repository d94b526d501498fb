public import Consents
import INFTs
import Identities
public import Primitives
public import StateModel

/// A use that someone wants to make of a license. What terms restrict has to be stated, the rest may be left out.
public struct LicenseUse: Codable, Hashable, Sendable {
    /// Nil: the licensee itself.
    public var user: Party?
    public var purpose: PurposeOfUse?
    public var field: FieldOfUse?
    public var territory: String?
    public var language: String?
    /// Nil: the version that was bought.
    public var version: UInt64?
    public var isCommercial: Bool
    public var trainsModels: Bool
    public var makesDerivative: Bool
    /// The user names the work.
    public var attributes: Bool
    /// Of a license on a group: the member that is used. Nil: the group as a whole.
    public var member: INFTID?
    /// Of research on data about people: its aim, and the disease.
    public var aim: ResearchAim?
    public var disease: CodedTerm?

    public init(
        user: Party? = nil, purpose: PurposeOfUse? = nil, field: FieldOfUse? = nil, territory: String? = nil,
        language: String? = nil, version: UInt64? = nil, isCommercial: Bool = false, trainsModels: Bool = false,
        makesDerivative: Bool = false, attributes: Bool = false, member: INFTID? = nil,
        aim: ResearchAim? = nil, disease: CodedTerm? = nil
    ) {
        self.user = user
        self.purpose = purpose
        self.field = field
        self.territory = territory
        self.language = language
        self.version = version
        self.isCommercial = isCommercial
        self.trainsModels = trainsModels
        self.makesDerivative = makesDerivative
        self.attributes = attributes
        self.member = member
        self.aim = aim
        self.disease = disease
    }

    private enum CodingKeys: String, CodingKey {
        case user, purpose, field, territory, language, version, isCommercial, trainsModels, makesDerivative, attributes
        case member, aim, disease
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func flag(_ key: CodingKeys) throws -> Bool { try container.decodeIfPresent(Bool.self, forKey: key) ?? false }
        self.init(
            user: try container.decodeIfPresent(Party.self, forKey: .user),
            purpose: try container.decodeIfPresent(PurposeOfUse.self, forKey: .purpose),
            field: try container.decodeIfPresent(FieldOfUse.self, forKey: .field),
            territory: try container.decodeIfPresent(String.self, forKey: .territory),
            language: try container.decodeIfPresent(String.self, forKey: .language),
            version: try container.decodeIfPresent(UInt64.self, forKey: .version),
            isCommercial: try flag(.isCommercial), trainsModels: try flag(.trainsModels),
            makesDerivative: try flag(.makesDerivative), attributes: try flag(.attributes),
            member: try container.decodeIfPresent(INFTID.self, forKey: .member),
            aim: try container.decodeIfPresent(ResearchAim.self, forKey: .aim),
            disease: try container.decodeIfPresent(CodedTerm.self, forKey: .disease))
    }
}

/// Why a use is not covered. Stable names.
public enum LicenseReason: UInt8, NamedCode {
    case notYetBought = 0
    case pending = 1
    case expired = 2
    case revoked = 3
    case consumed = 4
    case surrendered = 5
    case suspendedByDispute = 6
    case suspendedByRecall = 7
    case suspendedByConsent = 8
    case credentialMissing = 9
    case userNotLicensed = 10
    case withoutSeat = 11
    case purposeNotStated = 12
    case purposeNotLicensed = 13
    case fieldNotStated = 14
    case fieldNotLicensed = 15
    case territoryNotStated = 16
    case territoryNotLicensed = 17
    case languageNotStated = 18
    case languageNotLicensed = 19
    case versionNotLicensed = 20
    case commercialUseNotLicensed = 21
    case trainingNotLicensed = 22
    case derivativesNotLicensed = 23
    case attributionMissing = 24
    case consentDoesNotPermit = 25
    case refunded = 26
    case annulled = 27
    case agentNotAuthorized = 28
    case memberNotLicensed = 29
    case returned = 30
    case endedAbove = 31
    case aimNotLicensed = 32
    case diseaseNotLicensed = 33
}

public struct LicenseFinding: Codable, Hashable, Sendable {
    public let reason: LicenseReason
    public let message: String

    public init(_ reason: LicenseReason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}

/// The answer of ``LicenseCheck``. Valid if nothing was found against it.
public struct LicenseVerdict: Codable, Hashable, Sendable {
    public let license: LicenseID
    public let at: Timestamp
    /// Nil before the license was bought.
    public let state: LicenseState?
    /// Who held it then.
    public let licensee: Party?
    public let isValid: Bool
    public let reasons: [LicenseFinding]
    /// What the consents behind the content say against the uses that a license in force is for, or ask for first; nil where
    /// nothing is open. Of a license of sealed content that was delivered.
    public internal(set) var consents: OpenConsents?
}

/// A license in force is not enough where consents stand behind the content: what they ask for has to be answered, and
/// answered anew when the answers run out or the policies change.
public struct OpenConsents: Codable, Hashable, Sendable {
    public let set: ConsentSetID
    /// Who answers for restrictions, and whose reviewers answer the rest.
    public let custodian: Party
    /// What has to be answered, for all that the license is for.
    public let needs: [Need]
    /// Why nothing that anybody answers would help; nil if answers do.
    public let denial: String?
}

/// Whether a license covers a use at a time: pure, and the same for a block, an RPC, a custodian and a wallet. Every
/// change in a record is dated, so the state of today answers for past moments too.
public enum LicenseCheck {
    /// `use` nil asks only whether the license is in force.
    public static func check(
        _ id: LicenseID, _ use: LicenseUse?, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> LicenseVerdict {
        let license = try LicenseLedger.requireLicense(id, field: "license", in: state)
        let terms = try LicenseLedger.storedTerms(license.terms, in: state)
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        var findings: [LicenseFinding] = []
        var found = license.ownState(at: time)
        if let own = found {
            if let finding = ended(own, license) { findings.append(finding) }
            let suspensions = try suspensions(of: license, inft, version: use?.version, at: time, in: state)
            findings += suspensions.map(\.finding)
            if own == .active, !suspensions.isEmpty { found = .suspended }
            if let above = try LicenseChain.ended(license, at: time, in: state) {
                findings.append(LicenseFinding(.endedAbove, sentence(above)))
                if own == .active { found = .endedAbove }
            }
        } else {
            findings.append(LicenseFinding(.notYetBought, "the license was bought at \(license.purchasedAt.text)"))
        }
        let holder = license.licensee(at: time)
        // Whoever passes on what they have needs what it takes to have it.
        for party in try [license] + LicenseChain.above(license, in: state) {
            findings += try credentials(of: party.licensee(at: time), terms, at: time, in: state)
        }
        if let use {
            findings += try user(use, license, terms, at: time, in: state)
            findings += scope(use, license, terms)
            findings += research(use, license, terms)
            findings += rights(use, license, terms)
            findings += try consent(use, license, inft, at: time, in: state)
            if let member = use.member { findings += try self.member(member, license, at: time, in: state) }
        }
        return LicenseVerdict(
            license: id, at: time, state: found, licensee: holder, isValid: findings.isEmpty, reasons: findings,
            consents: nil)
    }

    /// The same, with what consents ask for first: for who asks, and not for blocks, which look at one use at a time.
    public static func explained(
        _ id: LicenseID, _ use: LicenseUse?, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> LicenseVerdict {
        var verdict = try check(id, use, at: time, in: state)
        guard verdict.state == .active else { return verdict }
        // Of another licensee's time the license of today says little.
        let license = try LicenseLedger.requireLicense(id, field: "license", in: state)
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        guard license.licensee(at: time) == license.licensee,
            let standing = try LicenseNeeds.standing(license, inft, at: time, in: state), !standing.isMet
        else { return verdict }
        verdict.consents = OpenConsents(
            set: standing.set.id, custodian: standing.set.custodian, needs: standing.needs,
            denial: standing.denial.map { ConsentGate.sentence($0.decision, $0.request) })
        return verdict
    }

    private static func sentence(_ above: (license: LicenseRecord, state: LicenseState)) -> String {
        "the license above it, \(above.license.id), is \(above.state.name)"
    }

    private static func credentials(
        of holder: Party?, _ terms: Terms, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [LicenseFinding] {
        guard let holder else { return [] }
        var findings: [LicenseFinding] = []
        let memo = DecisionMemo(holder, at: time, in: state)
        for requirement in terms.scope.requiredCredentials where try !Admission.holds(memo, requirement) {
            findings.append(
                LicenseFinding(.credentialMissing, "\(holder) lacks the credential \(requirement.type.name)"))
        }
        return findings
    }

    /// The state at `time`, suspension and what is above a sublicense included; nil before the purchase.
    public static func state(
        of license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> LicenseState? {
        let own = license.ownState(at: time)
        guard own == .active else { return own }
        if try LicenseChain.ended(license, at: time, in: state) != nil { return .endedAbove }
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        return try suspensions(of: license, inft, at: time, in: state).isEmpty ? .active : .suspended
    }

    /// Refused unless every license above it is in force.
    static func requireAbove(_ license: LicenseRecord, at time: Timestamp, in state: any StateReader) throws(Refusal) {
        if let above = try LicenseChain.ended(license, at: time, in: state) {
            throw LicenseRejection.licenseNotInForce.at("license", sentence(above))
        }
    }

    /// The INFT, if the license is in force and nothing suspends it.
    ///
    /// - Parameter version: what is used; nil: what the licensee has.
    static func requireUsable(
        _ license: LicenseRecord, version: UInt64? = nil, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> INFTRecord {
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        if let own = license.ownState(at: time), own != .active {
            throw LicenseRejection.licenseNotInForce.at("license", "the license is \(own.name)")
        }
        try requireAbove(license, at: time, in: state)
        if let finding = try suspensions(of: license, inft, version: version, at: time, in: state).first?.finding {
            throw LicenseRejection.licenseNotInForce.at("license", finding.message)
        }
        return inft
    }

    private static func ended(_ state: LicenseState, _ license: LicenseRecord) -> LicenseFinding? {
        switch state {
        // What ended above is found there.
        case .active, .suspended, .endedAbove: nil
        case .pending: LicenseFinding(.pending, "the content is not delivered yet")
        case .refunded:
            LicenseFinding(.refunded, "it was never delivered, or recalled before it was paid, and refunded")
        case .annulled: LicenseFinding(.annulled, "a dispute was upheld, and the price went back")
        case .returned: LicenseFinding(.returned, "it was given back within its trial, and the price with it")
        case .expired: LicenseFinding(.expired, "the license ended at \(license.expiresAt ?? .maximum)")
        case .revoked: LicenseFinding(.revoked, "the licensor revoked it at \(license.ending?.at ?? .maximum)")
        case .consumed: LicenseFinding(.consumed, "it became the link of a derivative")
        case .surrendered: LicenseFinding(.surrendered, "the licensee gave it up at \(license.ending?.at ?? .maximum)")
        }
    }

    /// A license on a group covers its members, each while nothing stands against that one: the others go on.
    private static func member(
        _ member: INFTID, _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [LicenseFinding] {
        let groups = try Groups.groups(of: member, in: state)
        guard member == license.inft || groups.contains(license.inft) else {
            return [LicenseFinding(.memberNotLicensed, "\(member) is no member of \(license.inft)")]
        }
        let inft = try INFTRegistry.requireKnown(member, field: "use.member", in: state)
        return try Tags.effective(on: inft, at: time, in: state).filter { $0.tag.kind.suspendsLicenses }.map { found in
            found.tag.kind.isRecall
                ? LicenseFinding(.suspendedByRecall, "the member \(member) is recalled")
                : LicenseFinding(
                    .suspendedByDispute, "the member \(member) was found at fault: \(found.tag.kind.name)")
        }
    }

    private static func user(
        _ use: LicenseUse, _ license: LicenseRecord, _ terms: Terms, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [LicenseFinding] {
        guard let holder = license.licensee(at: time) else { return [] }
        let user = use.user ?? holder
        guard terms.grant.seats != nil else {
            if try isOf(holder, user, in: state) { return [] }
            if let found = try LicenseAgents.findings(user, use, license, at: time, in: state) { return found }
            return [LicenseFinding(.userNotLicensed, "\(user) neither holds the license nor belongs to who does")]
        }
        // The licensee itself needs no seat where it is a person; an organization uses through its seats. A sublicensee
        // has nothing but seats: else two would use what one seat is.
        guard case .account(let account) = user else {
            return [LicenseFinding(.withoutSeat, "name the account that uses the license")]
        }
        if user == holder, license.under == nil { return [] }
        let seat = try state.record(LicenseKeys.seat(license.id, account))
        guard let seat, seat.isTaken(at: time) else {
            return [LicenseFinding(.withoutSeat, "\(account) had no seat of the license")]
        }
        return []
    }

    /// Whether `user` uses as the licensee: it is the licensee, or a member of it.
    static func isOf(_ licensee: Party, _ user: Party, in state: any StateReader) throws(Refusal) -> Bool {
        if user == licensee { return true }
        guard case .organization(let id) = licensee, case .account(let account) = user else { return false }
        return try Organizations.record(id, in: state)?.profile.members.contains { $0.account == account } ?? false
    }

    private static func scope(_ use: LicenseUse, _ license: LicenseRecord, _ terms: Terms) -> [LicenseFinding] {
        var findings: [LicenseFinding] = []
        let stated = license.use
        if let purpose = use.purpose {
            if !terms.scope.allows(purpose: purpose)
                || !(stated.purposes.isEmpty || stated.purposes.codes.contains { $0.includes(purpose) })
            {
                findings.append(LicenseFinding(.purposeNotLicensed, "the license is not for \(purpose.name)"))
            }
        } else if !terms.scope.purposes.isEmpty || !stated.purposes.isEmpty {
            findings.append(LicenseFinding(.purposeNotStated, "the license is for certain purposes; state one"))
        }
        if let field = use.field {
            if !terms.scope.allows(field: field) {
                findings.append(LicenseFinding(.fieldNotLicensed, "the license is not for the field \(field.name)"))
            }
        } else if !terms.scope.fieldsOfUse.isEmpty {
            findings.append(LicenseFinding(.fieldNotStated, "the license is for certain fields of use; state one"))
        }
        if let territory = use.territory {
            if !Jurisdictions.covers(stated.territories.texts, territory) || !terms.scope.allows(territory: territory) {
                findings.append(LicenseFinding(.territoryNotLicensed, "the license is not for \(territory)"))
            }
        } else if !terms.scope.territories.isEmpty || !stated.territories.isEmpty {
            findings.append(LicenseFinding(.territoryNotStated, "the license is for certain territories; state one"))
        }
        if let language = use.language {
            if !terms.scope.allows(language: language) {
                findings.append(LicenseFinding(.languageNotLicensed, "the license is not for the language \(language)"))
            }
        } else if !terms.scope.languages.isEmpty {
            findings.append(LicenseFinding(.languageNotStated, "the license is for certain languages; state one"))
        }
        return findings
    }

    /// What was bought for certain research is for no other. Of diseases that only a commitment tells of, the ledger knows
    /// nothing that could cover one.
    private static func research(_ use: LicenseUse, _ license: LicenseRecord, _ terms: Terms) -> [LicenseFinding] {
        var findings: [LicenseFinding] = []
        let stated = license.use.research
        // Research of a disease has that aim, if none is stated.
        if let aim = use.aim ?? use.disease.map({ _ in .disease }),
            !terms.scope.allows(aim: aim) || stated.map({ $0.covers(aim) }) == false
        {
            findings.append(LicenseFinding(.aimNotLicensed, "the license is not for research of the aim \(aim.name)"))
        }
        if let disease = use.disease {
            let bought = stated?.diseases.map(\.disease) ?? []
            if let project = stated?.project, bought.isEmpty {
                findings.append(
                    LicenseFinding(
                        .diseaseNotLicensed,
                        "which diseases it is for stands in the commitment \(project) alone, and not on the ledger"))
            } else if !bought.isEmpty && !bought.contains(disease)
                || !terms.scope.diseases.isEmpty && !terms.scope.diseases.contains(disease)
            {
                findings.append(
                    LicenseFinding(.diseaseNotLicensed, "the license is not for research of \(disease.text)"))
            }
        }
        return findings
    }

    private static func rights(_ use: LicenseUse, _ license: LicenseRecord, _ terms: Terms) -> [LicenseFinding] {
        var findings: [LicenseFinding] = []
        let version = use.version ?? license.version
        if version < license.version || (version > license.version && !terms.grant.coversRevisions) {
            findings.append(
                LicenseFinding(.versionNotLicensed, "the license is for version \(license.version), not \(version)"))
        }
        if use.isCommercial, !(terms.commercial.isAllowed && license.use.isCommercial) {
            findings.append(LicenseFinding(.commercialUseNotLicensed, "the license is not for commercial use"))
        }
        if use.trainsModels, !(terms.scope.allowsTraining && license.use.trainsModels) {
            findings.append(LicenseFinding(.trainingNotLicensed, "the license is not for training"))
        }
        if use.makesDerivative, !terms.derivatives.isAllowed || license.under != nil {
            findings.append(
                LicenseFinding(
                    .derivativesNotLicensed,
                    license.under == nil ? "the terms do not allow derivatives" : "a sublicense allows no derivatives"))
        }
        let mustAttribute =
            (use.isCommercial && terms.commercial.requiresAttribution)
            || (use.makesDerivative && terms.derivatives.requiresAttribution)
        if mustAttribute, !use.attributes {
            findings.append(LicenseFinding(.attributionMissing, "this use has to name the work"))
        }
        return findings
    }

    /// What the use would ask of the consent set of that time.
    private static func consent(
        _ use: LicenseUse, _ license: LicenseRecord, _ inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [LicenseFinding] {
        guard let set = try CitedSet.of(inft, at: time, in: state),
            let holder = license.licensee(at: time)
        else { return [] }
        var stated = license.use
        if let purpose = use.purpose { stated.purposes = CodeList([purpose]) }
        if let territory = use.territory { stated.territories = TextList([territory]) }
        stated.isCommercial = use.isCommercial
        stated.trainsModels = use.trainsModels
        let requests = ConsentGate.requests(for: stated, by: holder, from: time, until: license.expiresAt)
        let record = try ConsentSets.require(set, field: "license", in: state)
        let memo = DecisionMemo(holder, at: time, in: state)
        for request in requests {
            let decision = try ConsentSets.decide(record, request, memo: memo, at: time, in: state)
            if decision.isPermit { continue }
            if case .needs(let needs, _) = decision,
                try areMet(needs, of: request, under: record, license, at: time, in: state)
            {
                continue
            }
            return [LicenseFinding(.consentDoesNotPermit, ConsentGate.sentence(decision, request))]
        }
        return []
    }

    /// What was answered when the licensee got the content, or anew since, holds for its uses, as long as the answers say.
    private static func areMet(
        _ needs: [Need], of request: UseRequest, under set: ConsentSetRecord, _ license: LicenseRecord,
        at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard let delivery = license.delivery,
            let disclosure = try LicenseNeeds.disclosure(of: delivery, at: time, in: state)
        else { return false }
        return try disclosure.meets(needs, of: request, under: set.standing, at: time, in: state)
    }
}
