public import Encoding
public import INFTs
public import Identities
public import Primitives
public import StateModel

/// What the validators entrust a party with attesting. Bytes: `[party, types, jurisdictions]`.
public struct Accreditation: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    /// Ascending by code.
    public let types: [CredentialType]
    /// ISO 3166, ascending; empty: everywhere.
    public let jurisdictions: [String]

    public init(party: Party, types: [CredentialType], jurisdictions: [String] = []) {
        self.party = party
        self.types = types
        self.jurisdictions = jurisdictions
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(party)
        writer.write(types)
        writer.array(jurisdictions.count)
        for jurisdiction in jurisdictions { writer.write(jurisdiction) }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("accreditation", count: 3) { (reader) throws(EncodingFailure) in
            Accreditation(
                party: try reader.value("party"),
                types: try reader.sortedList("types", max: CredentialType.allCases.count) { (type: CredentialType) in
                    type.rawValue
                },
                jurisdictions: try reader.list("jurisdictions", max: IdentityLimits.jurisdictions) {
                    (reader) throws(EncodingFailure) in
                    try reader.text(max: IdentityLimits.jurisdictionBytes)
                })
        }
    }
}

/// From which height on only a newer program makes blocks. Bytes: `[height, major, minor, patch]`.
public struct UpgradePlan: CBORCodable, Codable, Hashable, Sendable {
    /// The first height with the new rules.
    public let height: Height
    /// The oldest release that knows them.
    public let release: Release

    public init(height: Height, release: Release) {
        self.height = height
        self.release = release
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(height)
        writer.write(UInt64(release.major))
        writer.write(UInt64(release.minor))
        writer.write(UInt64(release.patch))
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        func number(_ field: String, _ reader: inout CBORReader) throws(EncodingFailure) -> UInt16 {
            UInt16(truncatingIfNeeded: try reader.unsigned(field, max: UInt64(UInt16.max)))
        }
        self = try reader.record("upgrade", count: 4) { (reader) throws(EncodingFailure) in
            UpgradePlan(
                height: try reader.value("height"),
                release: Release(
                    try number("major", &reader), try number("minor", &reader), try number("patch", &reader)))
        }
    }
}

/// The domains that can be paused. The ledger's own acts and governance go on, or nobody could ever lift a pause.
public enum PausableDomain: UInt8, NamedCode, CBORCodable {
    case identities = 1
    case consents = 2
    case revenue = 3
    case infts = 4
    case licenses = 5

    public var domain: DomainNumber {
        switch self {
        case .identities: .identities
        case .consents: .consents
        case .revenue: .revenue
        case .infts: .infts
        case .licenses: .licenses
        }
    }
}

/// An emergency: for how long no operation of a domain is taken, but reserved acts. Bytes: `[domain, milliseconds]`.
public struct PauseOrder: CBORCodable, Codable, Hashable, Sendable {
    public let domain: PausableDomain
    /// From the decision on.
    public let milliseconds: UInt64

    public init(domain: PausableDomain, milliseconds: UInt64) {
        self.domain = domain
        self.milliseconds = milliseconds
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(domain)
        writer.write(milliseconds)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("pause", count: 2) { (reader) throws(EncodingFailure) in
            PauseOrder(domain: try reader.value("domain"), milliseconds: try reader.unsigned("milliseconds"))
        }
    }
}

/// A recall by the validators. Bytes: `[inft, reason, notice, answerMilliseconds]`.
public struct RecallPlan: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let reason: RecallReason
    /// SHA-256 of the notice.
    public let notice: Hash
    /// How long holders of licenses have to answer, from the decision on.
    public let answerMilliseconds: UInt64

    public init(inft: INFTID, reason: RecallReason, notice: Hash, answerMilliseconds: UInt64) {
        self.inft = inft
        self.reason = reason
        self.notice = notice
        self.answerMilliseconds = answerMilliseconds
    }

    func order(at time: Timestamp) -> RecallOrder {
        RecallOrder(
            inft: inft, reason: reason, notice: notice, answerBy: time.adding(milliseconds: answerMilliseconds))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(reason)
        writer.write(notice)
        writer.write(answerMilliseconds)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("recall", count: 4) { (reader) throws(EncodingFailure) in
            RecallPlan(
                inft: try reader.value("inft"), reason: try reader.value("reason"),
                notice: try reader.value("notice"), answerMilliseconds: try reader.unsigned("answerMilliseconds"))
        }
    }
}

/// The end of a recall, whoever made it. Bytes: `[recall, reason]`.
public struct RecallLift: CBORCodable, Codable, Hashable, Sendable {
    public let recall: RecallID
    public let reason: RecallLiftReason

    public init(recall: RecallID, reason: RecallLiftReason) {
        self.recall = recall
        self.reason = reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(recall)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("lift", count: 2) { (reader) throws(EncodingFailure) in
            RecallLift(recall: try reader.value("recall"), reason: try reader.value("reason"))
        }
    }
}

/// The upgrade that was scheduled last. Bytes: `[plan, proposal, since]`.
public struct UpgradeRecord: CBORCodable, Codable, Hashable, Sendable {
    public let plan: UpgradePlan
    public let proposal: ProposalID
    public let since: Timestamp

    public init(plan: UpgradePlan, proposal: ProposalID, since: Timestamp) {
        self.plan = plan
        self.proposal = proposal
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(plan)
        writer.write(proposal)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("upgradeRecord", count: 3) { (reader) throws(EncodingFailure) in
            UpgradeRecord(
                plan: try reader.value("plan"), proposal: try reader.value("proposal"),
                since: try reader.value("since"))
        }
    }
}
