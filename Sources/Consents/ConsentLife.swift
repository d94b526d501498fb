internal import Primitives
internal import StateModel

/// What happens to a consent after it was given, and to the sets that rest on it.
enum ConsentLife {
    /// Kinds of due work.
    static let expiryDue: UInt8 = 0

    /// The consent, as it now is, has come into force.
    static func begin(_ record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        context.emit(ConsentEvent.countersigned(ConsentFact(record, at: context.block.time)))
        if let expiresAt = record.expiresAt {
            let item = DueItem(domain: .consents, kind: expiryDue, subject: record.id.bytes)
            try DueQueue.schedule(item, at: expiresAt, in: context.state)
        }
    }

    static func withdraw(_ record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        var record = record
        record.withdrawnAt = context.block.time
        record.revision += 1
        context.state.set(ConsentsKeys.consent(record.id), record)
        context.emit(ConsentEvent.withdrawn(ConsentFact(record, at: context.block.time)))
        try markStale(record.sets, StaleMark(since: context.block.time, reason: .withdrawal), in: context)
    }

    /// Tells of an expiry that time alone has brought about.
    static func expire(_ id: ConsentID, in context: OperationContext) throws(Refusal) {
        guard let record = try ConsentLedger.record(id, in: context.state), let expiresAt = record.expiresAt,
            record.status(at: context.block.time) == .expired, record.effectiveAt != nil
        else { return }
        context.emit(ConsentEvent.expired(ConsentFact(record, at: expiresAt)))
        try markStale(record.sets, StaleMark(since: expiresAt, reason: .expiry), in: context)
    }

    /// A set that is stale already stays so since when it was.
    private static func markStale(
        _ sets: SortedList<ConsentSetID>, _ mark: StaleMark, in context: OperationContext
    ) throws(Refusal) {
        for id in sets.elements {
            guard var set = try ConsentSets.record(id, in: context.state) else {
                throw .failed(StateFailure("the consent set \(id) is missing"))
            }
            guard set.stale == nil else { continue }
            var mark = mark
            if let expiry = set.earliestExpiry, expiry < mark.since { mark = StaleMark(since: expiry, reason: .expiry) }
            set.stale = mark
            set.revision += 1
            context.state.set(ConsentsKeys.set(id), set)
            context.emit(ConsentEvent.setStale(SetStaleFact(set: id, custodian: set.custodian, mark: mark)))
        }
    }
}
