/// About how many pages a checkpoint changes.
///
/// Keys of the state and of most indexes are spread over the whole table, so each write may have a page to itself; but a
/// table has only so many.
struct CheckpointPages: Sendable {
    /// What is true of one table.
    struct Table: Sendable {
        /// Pages that the last checkpoint left there.
        let existing: Int
        var writes = 0

        /// About six entries to a page that comes from a split; of large values it is too few, and LMDB says when it
        /// is full.
        var count: Int { min(writes, existing + writes / 6) }
    }

    var state: Table
    var pages: Table
    var index: Table

    init(_ reads: LMDBReads, _ tables: CheckpointSnapshot.Tables) throws(StorageFailure) {
        state = Table(existing: try reads.pageCount(tables.state))
        pages = Table(existing: try reads.pageCount(tables.pages))
        index = Table(existing: try reads.pageCount(tables.index))
    }

    var count: Int { state.count + pages.count + index.count }
}
