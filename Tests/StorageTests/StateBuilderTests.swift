import Cryptography
import FoundationEssentials
import Primitives
import StateModel
import Storage
import TestSupport
import Testing

struct StateBuilderTests {
    private let source = SHA256.hash([7])

    private var small: StateBuilderOptions {
        var options = StateBuilderOptions()
        options.mapBytes = 1 << 30
        // Many transactions and many runs also of a small state.
        options.transactionBytes = 4096
        options.sortBytes = 20_000
        return options
    }

    private func entries(_ count: Int, seed: UInt64) -> [StateEntry] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { number in
            StateEntry(
                path: StateTrie.path(of: key(number)), key: key(number),
                value: random.bytes(Int.random(in: 0..<60, using: &random)))
        }
        .sorted { $0.path < $1.path }
    }

    /// A long key and a short one of each record, in no order of the state.
    private func index(_ entry: StateEntry) -> [IndexEntry] {
        [
            IndexEntry(IndexKey(.infts, 1).appending(Bytes32 { entry.path[31 - $0] }), value: entry.value),
            IndexEntry(IndexKey(.infts, 2).appending(byte: entry.path[7]).appending(entry.path)),
        ]
    }

    /// The same state as blocks make it.
    private func pushed(_ entries: [StateEntry], at path: String) throws -> Stores {
        let stores = try Stores(path, isNew: true)
        try stores.commit(
            entries.map { ($0.key, $0.value) },
            index: entries.flatMap { index($0) }.map { IndexWrite($0.key, $0.value) })
        try stores.state.checkpoint()
        return stores
    }

    private func contents(
        _ stores: Stores
    ) throws -> (root: Hash, entries: [StateEntry], index: [IndexEntry], proofs: Int) {
        let snapshot = try stores.state.snapshot()
        let entries = try snapshot.entries(atOrAfter: .zero, limit: .max)
        var proven = 0
        for entry in entries {
            let proof = try StateProof.make(entry.key, in: snapshot)
            if proof.verifies(entry.key, value: entry.value, root: snapshot.root) { proven += 1 }
        }
        let index = try snapshot.scan(prefix: IndexKey(stored: []), after: nil, limit: .max, descending: false)
        return (snapshot.root, entries, index, proven)
    }

    @Test("A state built in bulk is the state that blocks make: root, entries, trie, indexes, and what follows on it")
    func equalsPushed() throws {
        for (seed, count) in [0, 1, 2, 3, 50, 2000].enumerated() {
            let scratch = try Scratch()
            let entries = entries(count, seed: UInt64(seed))
            let reference = try pushed(entries, at: scratch.path("pushed"))
            do {
                let home = try Home.create(scratch.path("built"), network: network)
                let builder = try StateBuilder(in: home, source: source, options: small)
                for start in stride(from: 0, to: count, by: 700) {
                    try builder.append(Array(entries[start..<min(start + 700, count)]))
                }
                var reported = 0
                let root = try builder.finish(
                    height: .genesis, root: reference.state.root, index: { index($0) }, progress: { reported = $0 })
                #expect(root == reference.state.root && reported == count)
            }
            let built = try Stores(scratch.path("built"))
            #expect(built.state.height == .genesis)
            let expected = try contents(reference)
            let found = try contents(built)
            #expect(found.root == expected.root && found.entries == expected.entries && found.index == expected.index)
            #expect(found.proofs == count)
            let next: [(key: StateKey, value: [UInt8]?)] = [(key(0), [9, 9]), (key(count + 1), [8])]
            try built.commit(next)
            try reference.commit(next)
            #expect(built.state.root == reference.state.root)
        }
    }

    @Test("What was interrupted goes on behind its last entry; of another source it begins anew")
    func resume() throws {
        let scratch = try Scratch()
        let entries = entries(500, seed: 3)
        let reference = try pushed(entries, at: scratch.path("pushed"))
        let path = scratch.path("built")
        do {
            let home = try Home.create(path, network: network)
            let builder = try StateBuilder(in: home, source: SHA256.hash([1]), options: small)
            #expect(builder.resumePath == nil)
            try builder.append(Array(entries[3..<9]))
        }
        do {
            let builder = try StateBuilder(in: try Home.open(path), source: source, options: small)
            #expect(builder.resumePath == nil, "what another source left is gone")
            try builder.append(Array(entries[..<200]))
        }
        #expect(throws: StorageFailure.unfinishedState(path: path + "/state")) { try Stores(path) }
        do {
            let builder = try StateBuilder(in: try Home.open(path), source: source, options: small)
            #expect(builder.resumePath == entries[199].path)
            try builder.append(Array(entries[200...]))
            // Stopped in the middle of the indexes, with pages and runs behind it.
            struct Stop: Error {}
            var seen = 0
            #expect(throws: StorageFailure.self) {
                try builder.finish(height: .genesis, root: nil) { (entry) throws(StateFailure) in
                    seen += 1
                    if seen == 400 { throw StateFailure("stop") }
                    return index(entry)
                }
            }
        }
        #expect(throws: StorageFailure.unfinishedState(path: path + "/state")) { try Stores(path) }
        do {
            let builder = try StateBuilder(in: try Home.open(path), source: source, options: small)
            try builder.finish(height: .genesis, root: reference.state.root, index: { index($0) })
        }
        let built = try Stores(path)
        let (found, expected) = (try contents(built), try contents(reference))
        #expect(found.root == expected.root && found.entries == expected.entries && found.index == expected.index)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path + "/state").sorted() == ["data.mdb", "lock.mdb"])
    }

    @Test("A home with a state, entries out of order or under another's path, and a wrong root are refused")
    func refusals() throws {
        let scratch = try Scratch()
        let entries = entries(20, seed: 4)
        let path = scratch.path("pushed")
        do { _ = try pushed(entries, at: path) }
        #expect(throws: StorageFailure.self) {
            try StateBuilder(in: try Home.open(path), source: source, options: small)
        }
        let home = try Home.create(scratch.path("built"), network: network)
        let builder = try StateBuilder(in: home, source: source, options: small)
        #expect(throws: StorageFailure.self) { try builder.append([entries[1], entries[0]]) }
        #expect(builder.resumePath == nil, "a transaction that is refused leaves nothing")
        #expect(throws: StorageFailure.self) { try builder.append([entries[1], entries[1]]) }
        let moved = StateEntry(path: entries[1].path, key: entries[2].key, value: [])
        #expect(throws: StorageFailure.self) { try builder.append([moved]) }
        try builder.append(entries)
        let found = try #require(throws: StorageFailure.self) {
            try builder.finish(height: Height(5), root: source, index: { index($0) })
        }
        guard case .wrongRoot(Height(5), _, source) = found else {
            Issue.record("\(found)")
            return
        }
        try builder.discard()
        #expect(builder.resumePath == nil)
    }

    @Test("A discarded build leaves a home in which a node can begin")
    func discard() throws {
        let scratch = try Scratch()
        do {
            let home = try Home.create(scratch.path("built"), network: network)
            let builder = try StateBuilder(in: home, source: source, options: small)
            try builder.append(entries(20, seed: 4))
            try builder.discard()
        }
        let stores = try Stores(scratch.path("built"))
        #expect(stores.state.height == nil)
        try stores.commit([(key(1), [1])])
        try stores.state.checkpoint()
        #expect(stores.state.checkpointHeight == .genesis)
    }
}
