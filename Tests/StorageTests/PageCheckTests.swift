import FoundationEssentials
import Primitives
import StateModel
import Storage
import TestSupport
import Testing

/// LMDB follows what its pages say, so they are looked at before it opens them.
struct PageCheckTests {
    /// Small blocks, large ones on pages of their own, free pages, and enough entries for branches.
    private func home(_ path: String) throws {
        let stores = try Stores(path, isNew: true)
        try stores.log.append((0..<400).map { logged($0, size: $0.isMultiple(of: 7) ? 9_000 : 60) })
        try stores.log.prune(below: Height(100))
        for round in 0..<3 {
            try stores.commit((0..<500).map { (key($0), [UInt8](repeating: UInt8(round), count: 40)) })
            try stores.state.checkpoint()
        }
    }

    private func read(_ path: String) throws -> [[UInt8]?] {
        let stores = try Stores(path)
        var found: [[UInt8]?] = []
        for height in 0..<400 as Range<UInt64> {
            let header = try stores.log.header(at: Height(height))
            found.append(header?.hash.bytes.array)
            found.append(try stores.log.block(at: Height(height)))
            found.append(try stores.log.height(of: blockHash(height)).map { [UInt8(truncatingIfNeeded: $0.value)] })
        }
        let snapshot = try stores.state.snapshot()
        for number in 0..<500 { found.append(try snapshot.read(key(number))) }
        return found
    }

    @Test("A flipped bit in the structure of any page is found, or changes nothing that is read")
    func flippedStructure() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try home(path)
        let expected = try read(path)
        var random = SeededRandom(seed: 11)
        var found = 0
        for store in ["log", "state"] {
            let file = URL(filePath: path + "/\(store)/data.mdb")
            let good = try Data(contentsOf: file)
            for _ in 0..<150 {
                var data = good
                let page = Int(random.next() % UInt64(good.count / 4096))
                let offset = page < 2 ? 160 : 64
                data[page * 4096 + Int(random.next() % UInt64(offset))] ^= 1 << UInt8(random.next() % 8)
                try data.write(to: file)
                do {
                    #expect(try read(path) == expected)
                } catch let failure as StorageFailure {
                    found += 1
                    #expect(failure.description.contains("/\(store)") || failure.description.contains("Damage"))
                }
            }
            try good.write(to: file)
        }
        #expect(found > 50)
        #expect(try read(path) == expected)
    }

    @Test("What is damaged is named, with its page")
    func names() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        try home(path)
        let file = URL(filePath: path + "/log/data.mdb")
        var data = try Data(contentsOf: file)
        data[4096 + 16] ^= 1
        try data.write(to: file)
        #expect(throws: StorageFailure.damaged(what: path + "/log/data.mdb, page 1: no meta page")) {
            try Stores(path)
        }
    }
}
