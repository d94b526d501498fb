public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// What the holder of a license does about a recall. New answers go at the end.
public enum RecallAnswer: UInt8, NamedCode, CBORCodable {
    /// Uses it no more.
    case stopped = 0
    /// Uses it no more, and destroyed its copies.
    case destroyed = 1
    /// Never used it.
    case neverUsed = 2
}

/// The holder's answer. `[party, answer, firstAt, at]`
public struct RecallAnswerRecord: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    public let answer: RecallAnswer
    /// Of the first answer: what counts against the deadline.
    public let firstAt: Timestamp
    /// Of this one.
    public let at: Timestamp

    public init(party: Party, answer: RecallAnswer, firstAt: Timestamp, at: Timestamp) {
        self.party = party
        self.answer = answer
        self.firstAt = firstAt
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(party)
        writer.write(answer)
        writer.write(firstAt)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("recallAnswer", count: 4) { (reader) throws(EncodingFailure) in
            RecallAnswerRecord(
                party: try reader.value("party"), answer: try reader.value("answer"),
                firstAt: try reader.value("firstAt"), at: try reader.value("at"))
        }
    }
}

/// Whom a recall asks.
enum RecallAnswers {
    /// Who answers for a license: who holds it, or, once it was turned into a derivative's link, that derivative's owner.
    static func party(for license: LicenseRecord, in state: any StateReader) throws(Refusal) -> Party {
        guard case .consumed(_, let derivative) = license.ending else { return license.licensee }
        return try INFTRegistry.requireKnown(derivative, field: "license", in: state).owner
    }

    /// Whether the license gave its holder the content: what was never delivered has nothing to answer for.
    static func isDelivered(_ license: LicenseRecord) -> Bool { license.activeFrom != nil }

    /// Whether the recall waits for an answer: the license was delivered, and not given up, run out, revoked or paid back
    /// before the recall.
    static func isAsked(_ license: LicenseRecord, by recall: RecallRecord) -> Bool {
        guard isDelivered(license) else { return false }
        switch license.ownState(at: recall.since) {
        case .active, .pending, .consumed, .suspended: return true
        case .expired, .revoked, .surrendered, .refunded, .annulled, .returned, .endedAbove, nil: return false
        }
    }
}

/// `license.acknowledgeRecall`: who holds a license on what was recalled, or on what derives from it, says what they did.
/// A later answer takes the place of an earlier one. `[license, recall, answer]`
public struct AcknowledgeRecall: DomainOperation {
    public static let name = "license.acknowledgeRecall"

    public let license: LicenseID
    public let recall: RecallID
    public let answer: RecallAnswer

    public init(license: LicenseID, recall: RecallID, answer: RecallAnswer) {
        self.license = license
        self.recall = recall
        self.answer = answer
    }

    public var weight: UInt64 { 10 + 4 * 8 }

    public struct Plan {
        let inft: INFTID
        let record: RecallAnswerRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let license = try LicenseLedger.requireLicense(self.license, field: "license", in: state)
        let party = try RecallAnswers.party(for: license, in: state)
        guard party == context.actor else {
            throw LicenseRejection.notLicensee.at("license", "\(party) answers for the license")
        }
        try Authority.require(party, for: .licensing, in: context, field: "license")
        let recall = try Recalls.requireInForce(self.recall, field: "recall", in: state)
        guard RecallAnswers.isDelivered(license), try Recalls.reaches(recall, license.inft, in: state) else {
            throw LicenseRejection.recallUnrelated.at(
                "recall", "the recall is of \(recall.inft); the license is on \(license.inft)",
                hint: "inft_standing lists the recalls that come down to an INFT.")
        }
        let before = try state.record(LicenseKeys.recallAnswer(self.recall, self.license))
        if let before, before.party == party, before.answer == answer {
            throw LicenseRejection.nothingChanged.at("answer", "it was answered so at \(before.at)")
        }
        let now = context.block.time
        return Plan(
            inft: license.inft,
            record: RecallAnswerRecord(party: party, answer: answer, firstAt: before?.firstAt ?? now, at: now))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.recallAnswer(recall, license), plan.record)
        context.emit(
            LicenseEvent.recallAcknowledged(
                RecallAcknowledged(
                    license: license, inft: plan.inft, recall: recall, party: plan.record.party, answer: answer)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let what =
            switch answer {
            case .stopped: "You use it no more."
            case .destroyed: "You use it no more, and have destroyed your copies."
            case .neverUsed: "You never used it."
            }
        return [
            "Answer the recall \(names.identifier(recall.description)) for the license "
                + names.identifier(license.description), what,
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(recall)
        writer.write(answer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            AcknowledgeRecall(
                license: try reader.value("license"), recall: try reader.value("recall"),
                answer: try reader.value("answer"))
        }
    }
}

/// `[license, inft, recall, party, answer]`
public struct RecallAcknowledged: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let recall: RecallID
    public let party: Party
    public let answer: RecallAnswer

    init(license: LicenseID, inft: INFTID, recall: RecallID, party: Party, answer: RecallAnswer) {
        self.license = license
        self.inft = inft
        self.recall = recall
        self.party = party
        self.answer = answer
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(license)
        writer.write(inft)
        writer.write(recall)
        writer.write(party)
        writer.write(answer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            RecallAcknowledged(
                license: try reader.value("license"), inft: try reader.value("inft"),
                recall: try reader.value("recall"), party: try reader.value("party"),
                answer: try reader.value("answer"))
        }
    }
}
