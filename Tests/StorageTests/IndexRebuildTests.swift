import Cryptography
import FoundationEssentials
import Primitives
import StateModel
import Storage
import TestSupport
import Testing

struct IndexRebuildTests {
    private static let count = 300

    private var small: StateBuilderOptions {
        var options = StateBuilderOptions()
        options.mapBytes = 1 << 30
        options.sortBytes = 20_000
        return options
    }

    private func ofRecord(_ key: StateKey, _ value: [UInt8]) -> [IndexEntry] {
        let path = StateTrie.path(of: key)
        return [
            IndexEntry(IndexKey(.infts, 1).appending(path), value: value),
            IndexEntry(IndexKey(.infts, 2).appending(byte: path[3]).appending(path), value: value + value),
        ]
    }

    /// What blocks give beside the records.
    private var ofBlocks: [IndexEntry] {
        (0..<UInt64(50)).map { IndexEntry(IndexKey(.ledger, 1).appending($0), value: [7, UInt8($0)]) }
    }

    /// Of blocks that are gone.
    private func isPruned(_ entry: IndexEntry) -> Bool { entry.key.bytes.starts(with: IndexKey(.ledger, 2).bytes) }

    private func value(_ number: Int) -> [UInt8] { Array("value of record \(number)".utf8) }

    private func make(_ path: String) throws -> [IndexEntry] {
        let stores = try Stores(path, isNew: true)
        let pruned = IndexEntry(IndexKey(.ledger, 2).appending(3), value: [1])
        let entries = (0..<Self.count).flatMap { ofRecord(key($0), value($0)) } + ofBlocks + [pruned]
        try stores.commit(
            (0..<Self.count).map { (key($0), value($0)) }, index: entries.map { IndexWrite($0.key, $0.value) })
        try stores.state.checkpoint()
        return entries.sorted { $0.key < $1.key }
    }

    private func run(
        _ path: String, isRepairing: Bool, whileComparing: @escaping () -> Void = {}
    ) throws -> IndexDifference {
        let rebuild = try #require(try IndexRebuild(in: try Home.open(path), options: small))
        return try rebuild.run(
            isRepairing: isRepairing, index: { ofRecord($0.key, $0.value) },
            more: { add in
                for entry in ofBlocks { try add(entry) }
            },
            isKept: { entry in
                whileComparing()
                return isPruned(entry)
            })
    }

    private func table(_ path: String) throws -> [IndexEntry] {
        try Stores(path).state.snapshot().scan(prefix: IndexKey(stored: []), after: nil, limit: .max, descending: false)
    }

    /// As a checkpoint with a fault would: some go, some change, some come.
    private func damage(_ path: String) throws {
        let stores = try Stores(path)
        var writes: [IndexWrite] = []
        for number in stride(from: 0, to: Self.count, by: 10) {
            let entries = ofRecord(key(number), value(number))
            writes.append(IndexWrite(entries[0].key, nil))
            writes.append(IndexWrite(entries[1].key, [9]))
        }
        writes.append(IndexWrite(IndexKey(.infts, 0).appending(1), [1]))
        writes.append(IndexWrite(IndexKey(.governance, 15).appending(.zero), []))
        try stores.commit([], index: writes)
        try stores.state.checkpoint()
    }

    @Test("A sound index is told to be one, and a run over it changes nothing")
    func sound() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        let entries = try make(path)
        for isRepairing in [false, true] {
            let difference = try run(path, isRepairing: isRepairing)
            #expect(difference.isNone && difference.kept == 1 && difference.expected == entries.count - 1)
            #expect(try table(path) == entries)
        }
    }

    @Test("Entries that are missing, wrong or implied by nothing are found, and repaired to the very same table")
    func repairs() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        let entries = try make(path)
        try damage(path)
        let damaged = try table(path)
        let found = try run(path, isRepairing: false)
        #expect(found.missing == 30 && found.wrong == 30 && found.surplus == 2 && found.kept == 1)
        #expect(try table(path) == damaged, "a comparison changes nothing")
        #expect(try run(path, isRepairing: true) == found)
        #expect(try table(path) == entries)
        #expect(try run(path, isRepairing: false).isNone)
    }

    @Test("A byte that flipped in an entry is found and repaired")
    func flippedByte() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        let entries = try make(path)
        let file = URL(filePath: path + "/state/data.mdb")
        var bytes = [UInt8](try Data(contentsOf: file))
        // A record's value stands twice in its second index entry, and nowhere else twice in a row.
        let pattern = value(123) + value(123)
        var flipped = 0
        for start in bytes.indices.dropLast(pattern.count) where bytes[start] == pattern[0] {
            guard bytes[start..<start + pattern.count].elementsEqual(pattern) else { continue }
            bytes[start + 2] ^= 4
            flipped += 1
        }
        #expect(flipped > 0)
        try Data(bytes).write(to: file)
        #expect(throws: StateFailure.self) { try table(path) }
        #expect(try run(path, isRepairing: true).wrong == 1)
        #expect(try table(path) == entries)
    }

    @Test("A run that is killed leaves a mark with which no node starts, and the next run ends it")
    func interrupted() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        let copy = scratch.path("killed")
        let entries = try make(path)
        try damage(path)
        var isCopied = false
        _ = try run(path, isRepairing: true) {
            // The files as they are in the middle of the run are what a kill there would leave.
            guard !isCopied else { return }
            isCopied = (try? FileManager.default.copyItem(atPath: path, toPath: copy)) != nil
        }
        #expect(isCopied)
        let refusal = #expect(throws: StorageFailure.unfinishedIndex(path: copy + "/state")) { try Stores(copy) }
        #expect(refusal?.description.contains("mednexusd reindex") == true)
        #expect(try run(copy, isRepairing: true).missing == 30)
        #expect(try table(copy) == entries)
    }

    @Test("Without a checkpoint there is nothing to make anew; a half-imported state is refused")
    func refusals() throws {
        let scratch = try Scratch()
        do { _ = try Stores(scratch.path("new"), isNew: true) }
        #expect(try IndexRebuild(in: try Home.open(scratch.path("new")), options: small) == nil)
        let path = scratch.path("half")
        do { _ = try StateBuilder(in: try Home.create(path, network: network), source: .zero, options: small) }
        #expect(throws: StorageFailure.unfinishedState(path: path + "/state")) {
            try IndexRebuild(in: try Home.open(path), options: small)
        }
    }
}
