public import Primitives
public import StateModel

/// What was released already, and stays with who received it.
public enum Deliveries {
    /// Above it a count says "at least".
    public static let most = 1_000

    /// How many releases there were under a consent, and under its sets since it joined them; at most ``most``.
    public static func count(under consent: ConsentRecord, in context: QueryContext) throws(Refusal) -> UInt64 {
        var count = try scan(ConsentIndexes.disclosures(under: .consent(consent.id)), since: nil, most, context)
        for set in consent.sets.elements where count < most {
            guard let member = try context.state.record(ConsentsKeys.member(set, consent.id)) else { continue }
            count += try scan(
                ConsentIndexes.disclosures(under: .set(set)), since: member.addedAt, most - count, context)
        }
        return UInt64(count)
    }

    private static func scan(
        _ prefix: IndexKey, since: Timestamp?, _ limit: Int, _ context: QueryContext
    ) throws(Refusal) -> Int {
        do {
            return try context.index.scan(
                prefix: prefix, after: since.map { prefix.appending($0.milliseconds) }, limit: limit,
                descending: false
            ).count { $0.value != ConsentIndexes.withoutCopy }
        } catch {
            throw .failed(error)
        }
    }
}
