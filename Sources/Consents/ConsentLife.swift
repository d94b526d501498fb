internal import Primitives
internal import StateModel

/// What happens to a consent after it was given, and to the sets that rest on it.
enum ConsentLife {
    /// Kinds of due work.
    static let expiryDue: UInt8 = 0
    static let reviewDue: UInt8 = 1

    /// The consent, as it now is, has come into force.
    static func begin(_ record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        context.emit(ConsentEvent.countersigned(ConsentFact(record, at: context.block.time)))
        try scheduleExpiry(of: record, in: context)
    }

    private static func scheduleExpiry(of record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        guard let expiresAt = record.expiresAt else { return }
        let item = DueItem(domain: .consents, kind: expiryDue, subject: record.id.bytes)
        try DueQueue.schedule(item, at: expiresAt, in: context.state)
    }

    /// Replaces the record by its narrowed form, and keeps the policy that it had.
    static func narrow(to record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        guard let old = try ConsentLedger.record(record.id, in: context.state) else {
            throw .failed(StateFailure("the consent \(record.id) is missing"))
        }
        context.state.set(
            ConsentsKeys.earlier(record.id, old.narrowings),
            EarlierPolicy(
                consent: record.id, number: old.narrowings, policy: old.policy, expiresAt: old.expiresAt,
                from: old.policySince, until: context.block.time))
        context.state.set(ConsentsKeys.consent(record.id), record)
        context.emit(ConsentEvent.narrowed(ConsentFact(record, at: context.block.time)))
        if record.effectiveAt != nil, record.expiresAt != old.expiresAt {
            try scheduleExpiry(of: record, in: context)
        }
        try markStale(record.sets, StaleMark(since: context.block.time, reason: .narrowing), in: context)
    }

    /// Ends the consent, unless it has ended already, and notes that its data is to be erased.
    static func withdraw(_ record: ConsentRecord, erasure: Bool, in context: OperationContext) throws(Refusal) {
        var record = record
        let isNew = record.withdrawnAt == nil && record.status(at: context.block.time) != .expired
        record.revision += 1
        if isNew { record.withdrawnAt = context.block.time }
        if erasure { record.erasure = ErasureMark(requestedAt: context.block.time) }
        context.state.set(ConsentsKeys.consent(record.id), record)
        let fact = ConsentFact(record, at: context.block.time)
        if isNew { context.emit(ConsentEvent.withdrawn(fact)) }
        if erasure { context.emit(ConsentEvent.erasureRequested(fact)) }
        guard isNew else { return }
        try markStale(record.sets, StaleMark(since: context.block.time, reason: .withdrawal), in: context)
    }

    /// Tells of an expiry that time alone has brought about.
    static func expire(_ id: ConsentID, in context: OperationContext) throws(Refusal) {
        guard var record = try ConsentLedger.record(id, in: context.state), let expiresAt = record.expiresAt,
            record.status(at: context.block.time) == .expired, record.effectiveAt != nil, !record.isExpiryTold
        else { return }
        record.isExpiryTold = true
        context.state.set(ConsentsKeys.consent(id), record)
        context.emit(ConsentEvent.expired(ConsentFact(record, at: expiresAt)))
        try markStale(record.sets, StaleMark(since: expiresAt, reason: .expiry), in: context)
    }

    /// A set that is stale already stays so since when it was.
    private static func markStale(
        _ sets: SortedList<ConsentSetID>, _ mark: StaleMark, in context: OperationContext
    ) throws(Refusal) {
        for id in sets.elements {
            guard var set = try ConsentSets.standing(id, in: context.state) else {
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
