public import Encoding
public import Primitives
public import StateModel

/// `consent.withdraw`: the subject takes consents back, alone; effective in this block. Of the reserved lane.
///
/// It never needs more than granting did: who gave the consent, the subject, or a guardian in office can withdraw it.
public struct ConsentWithdraw: DomainOperation {
    public static let name = "consent.withdraw"

    /// One or more; a wallet that withdraws everything names everything.
    public let consents: [ConsentID]
    /// The subject asks that the data be erased too: of consents that are over already as well.
    public let erasure: Bool

    public init(consents: [ConsentID], erasure: Bool = false) {
        self.consents = consents
        self.erasure = erasure
    }

    public var weight: UInt64 {
        let one = 4 * 2 + ConsentWeights.subject + ConsentWeights.consent + ConsentWeights.staleSets
        return 10 + UInt64(consents.count) * one
    }

    public func check(in context: OperationContext) throws(Refusal) -> [ConsentRecord] {
        guard !consents.isEmpty else {
            throw ConsentRejection.nothingNamed.at("consents", "no consent is named")
        }
        guard consents.count <= ConsentsLimits.withdrawalsPerOperation else {
            throw ConsentRejection.tooManyElements.at(
                "consents", "\(consents.count); at most \(ConsentsLimits.withdrawalsPerOperation) at a time",
                hint: "Split them over several operations.")
        }
        guard SortedList(consents).count == consents.count else {
            throw ConsentRejection.namedTwice.at("consents", "a consent is named twice")
        }
        var records: [ConsentRecord] = []
        for (index, id) in consents.enumerated() {
            let field = "consents[\(index)]"
            let record = try ConsentLedger.require(id, field: field, in: context.state)
            try Subjects.require(record, in: context, field: field)
            if !erasure || record.erasure != nil {
                guard record.withdrawnAt == nil else {
                    throw ConsentRejection.alreadyWithdrawn.at(field, "withdrawn already")
                }
                guard record.status(at: context.block.time) != .expired else {
                    throw ConsentRejection.consentExpired.at(field, "its time is over; nothing rests on it")
                }
            }
            records.append(record)
        }
        return records
    }

    public func apply(_ records: [ConsentRecord], in context: OperationContext) throws(Refusal) {
        for record in records { try ConsentLife.withdraw(record, erasure: erasure, in: context) }
    }

    public func words(_ names: any NameResolver) -> [String] {
        consents.map { "Withdraw the consent \(names.identifier($0.description)), at once and for good." }
            + [
                "Nothing new can begin that rests on it, and licenses that do are suspended.",
                "Copies that were delivered stay where they are.",
            ]
            + (erasure ? ["Who keeps the data is asked to destroy its key and its copies."] : [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(consents)
        writer.write(erasure)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            ConsentWithdraw(
                consents: try reader.list("consents", max: ConsentsLimits.withdrawalsPerOperation),
                erasure: try reader.boolean("erasure"))
        }
    }

    private enum CodingKeys: String, CodingKey { case consents, erasure }

    /// In JSON erasure may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            consents: try container.decode([ConsentID].self, forKey: .consents),
            erasure: try container.decodeIfPresent(Bool.self, forKey: .erasure) ?? false)
    }
}
