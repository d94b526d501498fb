public import Primitives
public import StateModel

/// What comes of a subject's request for erasure. The domain that keeps the data calls it.
public enum ConsentErasures {
    /// Whether the set holds the consent, or held it before it was withdrawn: members are never taken out.
    public static func isMember(
        _ consent: ConsentID, of set: ConsentSetID, in state: any StateReader
    ) throws(Refusal) -> Bool {
        try state.record(ConsentsKeys.member(set, consent)) != nil
    }

    /// Notes the first receipt that answers the request. Where the data lies in several places, each has a receipt of
    /// its own, which is found by the consent.
    public static func note(_ record: ConsentRecord, receipt: ErasureID, in context: OperationContext) {
        guard var mark = record.erasure, mark.receipt == nil else { return }
        var record = record
        mark.receipt = receipt
        mark.erasedAt = context.block.time
        record.erasure = mark
        record.revision += 1
        context.state.set(ConsentsKeys.consent(record.id), record)
    }

    /// The consents of a custodian whose subjects asked for erasure, the oldest request first; `item` leaves out by nil
    /// what needs nothing more, so a page can be shorter than its limit.
    public static func page<Item: Codable & Sendable>(
        of custodian: Party, _ request: PageRequest, in context: QueryContext,
        _ item: (ConsentRecord) throws(Refusal) -> Item?
    ) throws(Refusal) -> Page<Item> {
        try context.page(ConsentIndexes.erasures(of: custodian), request) { (entry) throws(Refusal) in
            guard let id = ConsentIndexes.lastBytes(of: entry),
                let record = try ConsentLedger.record(ConsentID(id), in: context.state)
            else { return nil }
            return try item(record)
        }
    }

    /// The sets that a consent ever joined, the oldest first, at most `limit`.
    public static func sets(
        of consent: ConsentID, limit: Int, in context: QueryContext
    ) throws(Refusal) -> [ConsentSetID] {
        do throws(StateFailure) {
            return try context.index.scan(
                prefix: ConsentIndexes.memberships(of: consent), after: nil, limit: limit, descending: false
            ).compactMap { ConsentIndexes.lastBytes(of: $0).map { ConsentSetID($0) } }
        } catch {
            throw .failed(error)
        }
    }
}
