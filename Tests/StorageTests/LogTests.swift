import FoundationEssentials
import Primitives
import Storage
import Testing

struct LogTests {
    @Test("Blocks are read by height, by hash and by range; what was appended is there after reopening")
    func appendsAndReads() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        do {
            let stores = try Stores(path, isNew: true)
            #expect(stores.log.tip == nil)
            try stores.log.append(logged(0))
            try stores.log.append((1..<10).map { logged($0, size: 5000) })
            #expect(stores.log.tip?.height == Height(9) && stores.log.tip?.hash == blockHash(9))
        }
        let log = try Stores(path).log
        #expect(log.tip?.height == Height(9))
        #expect(try log.entry(at: Height(4)) == logged(4, size: 5000))
        #expect(try log.height(of: blockHash(7)) == Height(7))
        #expect(try log.height(of: blockHash(70)) == nil)
        #expect(try log.entries(from: Height(3), limit: 3).map(\.height.value) == [3, 4, 5])
        #expect(try log.entries(from: Height(3), limit: 100, maximumBytes: 11_000).count == 2)
        #expect(try log.block(at: Height(10)) == nil)
    }

    @Test("A gap or a repeated height is refused, and nothing of the batch is kept")
    func order() throws {
        let scratch = try Scratch()
        let log = try Stores(scratch.path("home"), isNew: true).log
        try log.append(logged(0))
        #expect(throws: StorageFailure.self) { try log.append(logged(2)) }
        #expect(throws: StorageFailure.self) { try log.append(logged(0)) }
        #expect(throws: StorageFailure.self) { try log.append([logged(1), logged(3)]) }
        #expect(log.tip?.height == .genesis)
        #expect(try log.height(of: blockHash(1)) == nil)
    }

    @Test("Bodies of blocks not yet final are durable, and go when their height is final")
    func bodies() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        do {
            let log = try Stores(path, isNew: true).log
            try log.append(logged(0))
            try log.storeBody(hash: blockHash(1), height: Height(1), block: [1])
            try log.storeBody(hash: blockHash(100), height: Height(1), block: [2])
            try log.storeBody(hash: blockHash(2), height: Height(2), block: [3])
        }
        let log = try Stores(path).log
        #expect(try log.body(blockHash(1)) == [1] && log.body(blockHash(100)) == [2])
        try log.append(logged(1))
        #expect(try log.body(blockHash(1)) == nil && log.body(blockHash(100)) == nil)
        #expect(try log.storedBodies().map(\.hash) == [blockHash(2)])
    }

    @Test("Pruning takes blocks and receipts, never headers and certificates")
    func prunes() throws {
        let scratch = try Scratch()
        let log = try Stores(scratch.path("home"), isNew: true).log
        try log.append((0..<20).map { logged($0) })
        #expect(try log.prune(below: Height(15), limit: 10) == 10)
        #expect(try log.prune(below: Height(15)) == 5)
        #expect(try log.block(at: Height(14)) == nil && log.receipts(at: Height(14)) == nil)
        #expect(try log.block(at: Height(15)) != nil)
        #expect(try log.header(at: Height(3))?.certificate == [3])
    }

    @Test("A flipped byte in a block on disk is found when it is read")
    func flippedByte() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        do { try Stores(path, isNew: true).log.append((0..<3).map { logged(200 + $0, size: 9000) }) }
        let file = URL(filePath: path + "/log/data.mdb")
        var data = try Data(contentsOf: file)
        let run = try #require(data.firstRange(of: Data(repeating: 201, count: 4000)))
        data[run.lowerBound + 1234] ^= 4
        try data.write(to: file)
        let log = try Stores(path).log
        #expect(throws: StorageFailure.damaged(what: "the block of height 201 fails its check")) {
            try log.block(at: Height(201))
        }
        #expect(try log.block(at: Height(200)) != nil)
    }

    @Test("A log whose reserved size is used up says so, keeps all that was final, and still reads")
    func mapFull() throws {
        let scratch = try Scratch()
        let home = try Home.create(scratch.path("home"), network: network)
        let log = try BlockLog(in: home, mapBytes: 1 << 20)
        var height: UInt64 = 0
        #expect(throws: StorageFailure.mapFull(path: home.path + "/log", bytes: 1 << 20)) {
            while height < 100 {
                try log.append(logged(height, size: 50_000))
                height += 1
            }
        }
        #expect(log.tip?.height.value == height - 1)
        for final in 0..<height { #expect(try log.entry(at: Height(final)) == logged(final, size: 50_000)) }
    }
}
