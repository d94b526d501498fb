import Cryptography
import FoundationEssentials
import Primitives
import StateModel
import Storage
import Synchronization
import TestSupport

let network = SHA256.hash(Array("network".utf8))

/// A directory of the test's own, removed with it.
final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/mednexus-storage-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(_ name: String) -> String { path + "/" + name }
}

func key(_ number: Int) -> StateKey { StateKey(.infts, 3, UInt64(number)) }

func blockHash(_ height: UInt64) -> Hash { SHA256.hash(Array("block \(height)".utf8)) }

func logged(_ height: UInt64, size: Int = 100) -> LoggedBlock {
    LoggedBlock(
        height: Height(height), hash: blockHash(height), header: [1, UInt8(truncatingIfNeeded: height)],
        block: [UInt8](repeating: UInt8(truncatingIfNeeded: height), count: size), certificate: [3], receipts: [4, 5])
}

/// Home, log and store, opened together.
struct Stores {
    let home: Home
    let log: BlockLog
    let state: StateStore

    init(_ path: String, options: StateStoreOptions = StateStoreOptions(), isNew: Bool = false) throws {
        home = isNew ? try Home.create(path, network: network) : try Home.open(path, network: network)
        log = try BlockLog(in: home, mapBytes: 1 << 30)
        state = try StateStore(in: home, log: log, options: options)
    }

    /// Logs the next block and pushes its layer.
    func commit(_ changes: [(key: StateKey, value: [UInt8]?)], index: [IndexWrite] = []) throws {
        let height = state.height?.next ?? .genesis
        let layer = try StateLayer.make(height: height, over: try state.snapshot(), changes: changes, index: index)
        if log.tip.map({ $0.height < height }) ?? true { try log.append(logged(height.value)) }
        try state.push(layer)
    }
}

/// A disk in memory that keeps apart what was synchronized, and fails on demand.
final class MemoryDisk: Disk {
    struct Content: Sendable {
        var durable: [String: [UInt8]] = [:]
        var written: [String: [UInt8]] = [:]
        /// Operations until the disk fails; nil: never.
        var budget: Int?
    }

    final class Box: Sendable {
        let content = Mutex(Content())
    }

    let box = Box()

    init(_ files: [String: [UInt8]] = [:]) {
        box.content.withLock {
            $0.durable = files
            $0.written = files
        }
    }

    var files: [String: [UInt8]] { box.content.withLock { $0.written } }
    var durable: [String: [UInt8]] { box.content.withLock { $0.durable } }
    func fail(after operations: Int?) { box.content.withLock { $0.budget = operations } }

    func names() throws(StorageFailure) -> [String] { files.keys.sorted() }
    func read(_ name: String) throws(StorageFailure) -> [UInt8]? { files[name] }

    func replace(_ name: String, with bytes: [UInt8]) throws(StorageFailure) {
        try box.change { content in
            content.written[name] = bytes
            content.durable[name] = bytes
        }
    }

    func open(_ name: String) throws(StorageFailure) -> any DiskFile { MemoryFile(box: box, name: name) }

    func remove(_ name: String) throws(StorageFailure) {
        try box.change { content in
            content.written[name] = nil
            content.durable[name] = nil
        }
    }
}

extension MemoryDisk.Box {
    func change(_ body: (inout MemoryDisk.Content) -> Void) throws(StorageFailure) {
        let isFull = content.withLock { content in
            if let budget = content.budget {
                guard budget > 0 else { return true }
                content.budget = budget - 1
            }
            body(&content)
            return false
        }
        if isFull { throw .diskFull(path: "memory") }
    }
}

private struct MemoryFile: DiskFile {
    let box: MemoryDisk.Box
    let name: String

    func append(_ bytes: [UInt8]) throws(StorageFailure) {
        try box.change { $0.written[name, default: []] += bytes }
    }

    func synchronize() throws(StorageFailure) { try box.change { $0.durable[name] = $0.written[name] } }

    func truncate(to count: Int) throws(StorageFailure) {
        try box.change { content in
            content.written[name] = Array((content.written[name] ?? []).prefix(count))
            content.durable[name] = content.written[name]
        }
    }

    func read() throws(StorageFailure) -> [UInt8] { box.content.withLock { $0.written[name] ?? [] } }
}
