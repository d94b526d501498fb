public import Primitives

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A node's directory, held by this process alone as long as the value lives.
public final class Home: Sendable {
    public let path: String
    public let network: Hash
    private let lock: Int32

    /// Below this a node does not start: a checkpoint and a day's blocks must fit.
    public static let minimumFreeBytes: UInt64 = 64 * 1024 * 1024

    private init(path: String, network: Hash, lock: Int32) {
        self.path = path
        self.network = network
        self.lock = lock
    }

    deinit { close(lock) }

    /// Makes `path` (and no directory above it) the home of a node of `network`.
    public static func create(_ path: String, network: Hash) throws(StorageFailure) -> Home {
        try Platform.makeDirectory(path)
        let lock = try takeLock(path)
        do throws(StorageFailure) {
            guard !Platform.exists(path + "/home") else { throw .homeExists(path: path) }
            try FileDisk(path).replace("home", with: description(schema: Schema.current, network: network))
        } catch {
            close(lock)
            throw error
        }
        return Home(path: path, network: network, lock: lock)
    }

    /// Opens the home at `path`; `network` nil accepts any. Refuses a home that is in use, of a newer schema, of another
    /// network, read-only, or on a full disk.
    public static func open(_ path: String, network: Hash? = nil) throws(StorageFailure) -> Home {
        let (schema, found) = try describe(path)
        guard schema <= Schema.current else {
            throw .newerSchema(path: path, found: schema, known: Schema.current)
        }
        if let network, network != found { throw .otherNetwork(path: path, found: found, expected: network) }
        let lock = try takeLock(path)
        do throws(StorageFailure) {
            guard try Platform.freeBytes(path) >= minimumFreeBytes else { throw .diskFull(path: path) }
        } catch {
            close(lock)
            throw error
        }
        return Home(path: path, network: found, lock: lock)
    }

    static func description(schema: UInt64, network: Hash) -> [UInt8] {
        Array("mednexus home\nschema \(schema)\nnetwork \(network)\n".utf8)
    }

    /// Schema and network of a home, without opening it.
    public static func describe(_ path: String) throws(StorageFailure) -> (schema: UInt64, network: Hash) {
        guard let bytes = try FileDisk(path).read("home") else { throw .noHome(path: path) }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count >= 3, lines[0] == "mednexus home", lines[1].hasPrefix("schema "),
            let schema = UInt64(lines[1].dropFirst(7)), lines[2].hasPrefix("network "),
            let network = Hexadecimal.decode(String(lines[2].dropFirst(8))).flatMap({ Bytes32($0) })
        else { throw .damaged(what: "\(path)/home is no description of a home") }
        return (schema, Hash(network))
    }

    private static func takeLock(_ path: String) throws(StorageFailure) -> Int32 {
        let file = path + "/lock"
        let descriptor = Platform.openFile(file, O_RDWR | O_CREAT)
        guard descriptor >= 0 else { throw Platform.failure("open", file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .homeLocked(path: path)
        }
        return descriptor
    }

    /// Bytes left on the home's disk, for health checks.
    public func freeBytes() throws(StorageFailure) -> UInt64 { try Platform.freeBytes(path) }
}
