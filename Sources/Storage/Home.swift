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
    /// The schema that its environments are brought to when they are opened.
    let schema: SchemaPath
    /// The schema that its description told when it was opened.
    private let found: UInt64
    private let lock: Int32

    /// Below this a node does not start: a checkpoint and a day's blocks must fit.
    public static let minimumFreeBytes: UInt64 = 64 * 1024 * 1024

    private init(path: String, network: Hash, schema: SchemaPath, found: UInt64, lock: Int32) {
        self.path = path
        self.network = network
        self.schema = schema
        self.found = found
        self.lock = lock
    }

    deinit { close(lock) }

    /// Makes `path` (and no directory above it) the home of a node of `network`.
    public static func create(
        _ path: String, network: Hash, schema: SchemaPath = .standard
    ) throws(StorageFailure) -> Home {
        try Platform.makeDirectory(path)
        let lock = try takeLock(path)
        do throws(StorageFailure) {
            guard !Platform.exists(path + "/home") else { throw .homeExists(path: path) }
            try FileDisk(path).replace("home", with: description(schema: schema.current, network: network))
        } catch {
            close(lock)
            throw error
        }
        return Home(path: path, network: network, schema: schema, found: schema.current, lock: lock)
    }

    /// Opens the home at `path`; `network` nil accepts any. Refuses a home that is in use, of a newer schema, of another
    /// network, read-only, or on a full disk (`needsRoom` false: of whoever is about to make room).
    public static func open(
        _ path: String, network: Hash? = nil, needsRoom: Bool = true, schema: SchemaPath = .standard
    ) throws(StorageFailure) -> Home {
        let (version, owner) = try describe(path)
        try schema.check(version, of: path)
        if let network, network != owner { throw .otherNetwork(path: path, found: owner, expected: network) }
        let lock = try takeLock(path)
        do throws(StorageFailure) {
            if needsRoom, try Platform.freeBytes(path) < minimumFreeBytes { throw .diskFull(path: path) }
        } catch {
            close(lock)
            throw error
        }
        return Home(path: path, network: owner, schema: schema, found: version, lock: lock)
    }

    /// What an operator is to know before a home of an older schema is brought forward; nil if it is the current one.
    public var upgradeNotice: String? {
        guard found < schema.current else { return nil }
        return
            "\(path) has schema \(found) and is brought to \(schema.current) now. Older builds can't open it afterwards:"
            + " the way back is a backup that was made with one of them."
    }

    /// Writes the current schema into the home's description. Called once every environment has been opened.
    public func finishUpgrade() throws(StorageFailure) {
        guard found < schema.current else { return }
        try FileDisk(path).replace("home", with: Self.description(schema: schema.current, network: network))
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
