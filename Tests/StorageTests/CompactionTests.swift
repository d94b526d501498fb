import FoundationEssentials
import Primitives
import StateModel
import Storage
import Synchronization
import Testing

struct CompactionTests {
    /// A home with much that was pruned, and what it must still hold.
    private func prunedHome(_ path: String) throws {
        let stores = try Stores(path, isNew: true)
        for round in 0..<20 {
            try stores.commit((0..<200).map { (key($0), [UInt8](repeating: UInt8(round), count: 300)) })
            try stores.state.checkpoint()
        }
        try stores.log.append((20..<120).map { logged($0, size: 20_000) })
        try stores.log.prune(below: Height(100))
    }

    private func expectWhole(_ path: String, _ where: String) throws {
        let stores = try Stores(path)
        #expect(stores.log.tip?.height == Height(119), "\(`where`)")
        #expect(try stores.log.lowestBlock() == Height(100), "\(`where`)")
        for height in 100..<120 as Range<UInt64> {
            #expect(try stores.log.entry(at: Height(height)) == logged(height, size: 20_000), "\(`where`)")
        }
        #expect(try stores.log.header(at: Height(3))?.certificate == [3], "\(`where`)")
        let snapshot = try stores.state.snapshot()
        #expect(snapshot.height == Height(19), "\(`where`)")
        for number in 0..<200 {
            #expect(try snapshot.read(key(number)) == [UInt8](repeating: 19, count: 300), "\(`where`)")
        }
        // And it goes on.
        try stores.log.append(logged(120))
        try stores.commit([(key(1), [1])])
        try stores.state.checkpoint()
        #expect(!FileManager.default.fileExists(atPath: path + "/log.compact"))
    }

    @Test("Compacting gives disk back, and keeps all that was there")
    func givesBack() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try prunedHome(path)
        do {
            let home = try Home.open(path)
            let savings = try Compaction.run(home)
            let log = try #require(savings.first { $0.name == "log" })
            #expect(log.before > 2_000_000 && log.after < log.before / 3)
            #expect(try Compaction.run(home).allSatisfy { $0.after == $0.before })
        }
        try expectWhole(path, "compacted")
    }

    @Test("A kill after any step leaves a home that opens with everything, and the next compaction goes through")
    func killedAnywhere() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try prunedHome(path)
        var moments: [String] = []
        do {
            let home = try Home.open(path)
            // What the disk holds at that moment is what a kill leaves.
            _ = try Compaction.run(home) { name, step in
                moments.append("\(name)-\(step.rawValue)")
                try? FileManager.default.copyItem(atPath: path, toPath: scratch.path(moments[moments.count - 1]))
            }
        }
        #expect(moments.count == 2 * Compaction.Step.allCases.count)
        for moment in moments {
            let left = scratch.path(moment)
            do {
                let home = try Home.open(left)
                try Compaction.removeLeftovers(in: home)
            }
            try expectWhole(left, moment)
            try FileManager.default.removeItem(atPath: left)
        }
        try expectWhole(path, "the end")
    }

    @Test("A torn copy of a compaction that was killed is not taken for a store")
    func tornCopy() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try prunedHome(path)
        try FileManager.default.createDirectory(atPath: path + "/log.compact", withIntermediateDirectories: false)
        try Data([1, 2, 3]).write(to: URL(filePath: path + "/log.compact/data.mdb"))
        do { _ = try Compaction.run(try Home.open(path)) }
        try expectWhole(path, "after a torn copy")
    }

    @Test("A home is not compacted while it is in use")
    func exclusive() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        let stores = try Stores(path, isNew: true)
        #expect(throws: StorageFailure.homeLocked(path: path)) { try Home.open(path, needsRoom: false) }
        withExtendedLifetime(stores) {}
    }
}
