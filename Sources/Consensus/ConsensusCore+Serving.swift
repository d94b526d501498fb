public import Votes

// What others may ask: [C8], [C18].
extension ConsensusCore {
    /// What is known of the views strictly between, ascending, at most `limit`; in front of them the last finalization if
    /// it lies above.
    public func certificates(above: View, below: View, limit: Int) -> [Certificate] {
        var found: [Certificate] = []
        if let finalization, finalization.view > above { found.append(finalization) }
        for view in records.keys.sorted() where view > above && view < below {
            let record = record(view)
            for one in [record.finalization, record.notarization, record.nullification].compactMap(\.self)
            where one != finalization {
                guard found.count < limit else { return found }
                found.append(one)
            }
        }
        return found
    }
}
