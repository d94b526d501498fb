internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Primitives

/// Files of a backup, read once from end to end: hashed, and copied on the way.
enum FileTransfer {
    private static let chunkBytes = 1 << 20

    /// The SHA-256 and the length of a file; with `target`, also a durable copy that only its owner may read.
    static func read(
        _ path: String, copyingTo target: String? = nil, progress: (UInt64) throws -> Void = { _ in }
    ) throws -> (hash: Hash, bytes: UInt64) {
        let source = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else {
            throw NodeFailure(.configuration, "\(path) can't be read: \(reason())", hint: "Take another backup.")
        }
        defer { close(source) }
        var copy: Int32 = -1
        if let target {
            copy = unsafe open(target, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
            guard copy >= 0 else { throw failure("create", target) }
        }
        defer { if copy >= 0 { close(copy) } }
        var hasher = SHA256()
        var bytes: UInt64 = 0
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe Glibc.read(source, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            hasher.update(chunk[..<count])
            if let target { try write(chunk[..<count], copy, target) }
            bytes += UInt64(count)
            try progress(UInt64(count))
        }
        if let target, fsync(copy) != 0 { throw failure("synchronize", target) }
        return (hasher.finalize(), bytes)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, _ descriptor: Int32, _ path: String) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes names inside a folder durable.
    static func synchronizeFolder(_ path: String) throws {
        let folder = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("open", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("synchronize", path) }
    }

    /// Makes a folder that is not there; of what is there nothing may be overwritten.
    static func makeFolder(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 else {
            guard errno == EEXIST else { throw failure("create", path) }
            throw NodeFailure(.configuration, "\(path) is there already", hint: "Name a folder that is not.")
        }
    }

    private static func failure(_ act: String, _ path: String) -> NodeFailure {
        NodeFailure(.disk, "can't \(act) \(path): \(reason())", hint: "Check free space and permissions.")
    }

    private static func reason() -> String {
        guard let text = unsafe strerror(errno) else { return "error \(errno)" }
        return unsafe String(cString: text)
    }
}
