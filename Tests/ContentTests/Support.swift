import Content
import ContentFormat
import Cryptography
import Foundation
import Primitives
import Synchronization

/// A folder that goes with its owner.
final class Scratch: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/content-" + UUID().uuidString
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func files(_ folder: String) -> [String] {
        let found = FileManager.default.enumerator(atPath: path + "/" + folder)
        return (found?.compactMap { $0 as? String } ?? []).filter { name in
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(atPath: "\(path)/\(folder)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    func bytes(_ file: String) -> [UInt8] { Array(FileManager.default.contents(atPath: path + "/" + file) ?? Data()) }

    func write(_ bytes: [UInt8], to file: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + file))
    }
}

/// A clock that the test sets.
final class TestClock: Sendable {
    private let time = Mutex<UInt64>(1_700_000_000_000)
    var now: Timestamp { Timestamp(time.withLock { $0 }) }
    func advance(_ milliseconds: UInt64) { time.withLock { $0 += milliseconds } }
}

/// Bytes that pass for ciphertext, and their root.
struct Blob: Sendable {
    let bytes: [UInt8]
    let root: Hash
    var size: UInt64 { UInt64(bytes.count) }
    var chunks: [[UInt8]] { Self.chunks(bytes) }

    init(_ count: Int, seed: UInt64 = 1) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        bytes = (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        root = MerkleLog.root(of: Self.chunks(bytes))
    }

    static func chunks(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: ContentLayout.ciphertextChunk).map {
            Array(bytes[$0..<min($0 + ContentLayout.ciphertextChunk, bytes.count)])
        }
    }
}

let chunk = ContentLayout.ciphertextChunk

func party(_ number: UInt64) -> Party { .account(Address(Bytes32(0, 0, 0, number))) }

struct Shop: Sendable {
    let scratch: Scratch
    let clock: TestClock
    let store: ContentStore

    init(
        _ scratch: Scratch = Scratch(), clock: TestClock = TestClock(), bytes: UInt64 = 1 << 30,
        partyBytes: UInt64 = 1 << 29
    ) async throws {
        var limits = ContentStoreLimits()
        limits.bytes = bytes
        limits.partyBytes = partyBytes
        limits.reserveBytes = 0
        self.scratch = scratch
        self.clock = clock
        store = try await ContentStore.open(
            scratch.path, backend: DiskContent(path: scratch.path), limits: limits, now: { clock.now })
    }

    @discardableResult
    func put(_ blob: Blob, _ owner: Party? = party(1)) async throws -> BlobRecord {
        let upload = try present(
            try await store.upload(blob.root, size: blob.size, at: 0, party: owner, by: "someone"))
        try await upload.append(blob.bytes)
        guard case .stored(let record) = try await upload.end() else { throw Unexpected("the blob is not whole") }
        return record
    }

    func get(_ root: Hash, _ range: Range<UInt64>) async throws -> [UInt8] {
        var reader = try store.read(root, range, act: .get, by: "reader")
        var bytes: [UInt8] = []
        while let more = try await reader.next() { bytes += more }
        return bytes
    }
}

struct Unexpected: Error {
    let what: String
    init(_ what: String) { self.what = what }
}

func present<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Unexpected("nothing there") }
    return value
}
