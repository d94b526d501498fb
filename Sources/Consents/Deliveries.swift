public import Primitives
public import StateModel

/// What was released already, and stays with who received it.
public enum Deliveries {
    /// Above it a count says "at least".
    public static let most = 1_000

    /// Entries that one count looks at, those by which nobody got a copy included.
    static let entries = 20_000

    /// How many releases there were under a consent, and under its sets since it joined them; at most ``most``.
    ///
    /// - Returns: and whether there may be more.
    public static func count(
        under consent: ConsentRecord, in context: QueryContext
    ) throws(Refusal) -> (count: UInt64, isPart: Bool) {
        var scan = CopyScan(context: context)
        try scan.add(ConsentIndexes.disclosures(under: .consent(consent.id)), since: nil)
        for set in consent.sets.elements where !scan.isOver {
            guard let member = try context.state.record(ConsentsKeys.member(set, consent.id)) else { continue }
            try scan.add(ConsentIndexes.disclosures(under: .set(set)), since: member.addedAt)
        }
        return (UInt64(scan.copies), scan.isOver)
    }
}

/// Counts entries that stand for a copy, page by page: what a page holds beside them makes none of them be missed.
private struct CopyScan {
    private static let page = 1_000

    let context: QueryContext
    private(set) var copies = 0
    private var left = Deliveries.entries

    init(context: QueryContext) { self.context = context }

    /// It counts no further, whatever there is.
    var isOver: Bool { copies >= Deliveries.most || left <= 0 }

    mutating func add(_ prefix: IndexKey, since: Timestamp?) throws(Refusal) {
        var after = since.map { prefix.appending($0.milliseconds) }
        while !isOver {
            let limit = min(Self.page, left)
            let entries: [IndexEntry]
            do {
                entries = try context.index.scan(prefix: prefix, after: after, limit: limit, descending: false)
            } catch {
                throw .failed(error)
            }
            left -= entries.count
            copies = min(
                Deliveries.most, copies + entries.count { $0.value != ConsentIndexes.withoutCopy })
            guard entries.count == limit, let last = entries.last else { return }
            after = last.key
        }
    }
}
