/// Gives disk back: LMDB reuses pages that hold nothing any more, and never shrinks its file.
public enum Compaction {
    /// What was gained in one environment.
    public struct Saving: Hashable, Sendable {
        /// `log` or `state`.
        public let name: String
        /// Bytes of its file.
        public let before: UInt64
        public let after: UInt64
    }

    /// Calls that change something on disk; after each of them a kill leaves a home that opens with all that it held.
    package enum Step: String, Hashable, CaseIterable, Sendable {
        case madeFolder, copied, swapped, synchronized, removedFolder
    }

    private static let environments = [
        (name: "log", tables: BlockLog.tableNames), (name: "state", tables: CheckpointSnapshot.Tables.names),
    ]
    /// Lists of free pages, and what the file system keeps for itself.
    private static let slackBytes: UInt64 = 8 * 1024 * 1024

    /// Rewrites each environment of a home that nobody has opened: into a new file, which then takes the place of the old
    /// one in a single rename. Needs as much free space as the larger of the two will take, and looks first.
    ///
    /// - Parameter begins: told the environment's name and the bytes that are to be written.
    public static func run(
        _ home: Home, begins: (String, UInt64) -> Void = { _, _ in }
    ) throws(StorageFailure) -> [Saving] {
        try run(home, begins: begins) { _, _ in }
    }

    package static func run(
        _ home: Home, begins: (String, UInt64) -> Void = { _, _ in }, after: (String, Step) -> Void
    ) throws(StorageFailure) -> [Saving] {
        // Whoever copies the old file meanwhile would not be seen by those who write the new one.
        let lock = try CopyLock(excludingCopies: home.path)
        defer { lock.release() }
        try removeLeftovers(in: home)
        var savings: [Saving] = []
        for (name, tables) in environments {
            do throws(StorageFailure) {
                savings.append(try compact(home.path, name, tables, begins) { after(name, $0) })
            } catch {
                try? removeLeftovers(in: home)
                throw error
            }
        }
        return savings
    }

    private static func compact(
        _ home: String, _ name: String, _ tables: [String], _ begins: (String, UInt64) -> Void, _ after: (Step) -> Void
    ) throws(StorageFailure) -> Saving {
        let file = home + "/" + name + "/data.mdb"
        let target = folder(home, name)
        let before = try Platform.fileBytes(file)
        do {
            // Closed when this scope ends: the new file must not be opened beside it.
            let environment = try LMDBEnvironment(reading: home + "/" + name, .alone, tables: tables)
            let needed = try environment.usedBytes() + slackBytes
            let free = try Platform.freeBytes(home)
            guard free >= needed else { throw .noRoom(path: home, needed: needed, free: free) }
            begins(name, needed - slackBytes)
            try Platform.makeDirectory(target)
            after(.madeFolder)
            try environment.copy(to: target)
            after(.copied)
            let copy = try LMDBEnvironment(reading: target, .alone, tables: tables)
            guard try copy.entryCounts() == environment.entryCounts() else {
                throw .damaged(what: "the compacted \(name) has another number of entries")
            }
        }
        let gained = try Platform.fileBytes(target + "/data.mdb")
        try Platform.replaceFile(file, by: target + "/data.mdb")
        after(.swapped)
        try Platform.synchronizeDirectory(home + "/" + name)
        after(.synchronized)
        try Platform.removeDirectory(target)
        after(.removedFolder)
        return Saving(name: name, before: before, after: gained)
    }

    private static func folder(_ home: String, _ name: String) -> String { home + "/" + name + ".compact" }

    /// Removes what a compaction that was killed left: a copy that took no one's place.
    public static func removeLeftovers(in home: Home) throws(StorageFailure) {
        for (name, _) in environments {
            let left = folder(home.path, name)
            guard Platform.exists(left) else { continue }
            try Platform.removeFile(left + "/data.mdb")
            try Platform.removeDirectory(left)
        }
    }
}
