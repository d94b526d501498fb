internal import Cryptography
public import Primitives

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file of content, of any size: read once, in pieces.
public struct ContentFile: Hashable, Sendable {
    public let hash: Hash
    public let size: UInt64

    /// SHA-256 over the whole file.
    public init(path: String) throws(WalletFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw WalletFailure(.usage, "can't read \(path)", hint: "Check the name and who may read it.")
        }
        defer { close(descriptor) }
        var hasher = SHA256()
        var size: UInt64 = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw WalletFailure(.usage, "can't read \(path)") }
            guard count > 0 else { break }
            hasher.update(buffer[..<count])
            size += UInt64(count)
        }
        hash = hasher.finalize()
        self.size = size
    }

    /// True if there is a file.
    public static func exists(_ path: String) throws(WalletFailure) -> Bool { try DurableFile.contents(path) != nil }

    /// A small text file (operations, terms), at most `limit` bytes.
    public static func text(_ path: String, limit: Int = 1 << 20) throws(WalletFailure) -> [UInt8] {
        guard let bytes = try DurableFile.contents(path) else {
            throw WalletFailure(.usage, "there is no file \(path)")
        }
        guard bytes.count <= limit else {
            throw WalletFailure(.usage, "\(path) has more than \(limit >> 20) MiB")
        }
        return bytes
    }
}

extension ContentFile {
    /// Within one folder.
    public static func rename(_ path: String, to target: String) throws(WalletFailure) {
        guard unsafe Glibc.rename(path, target) == 0 else {
            throw WalletFailure(.usage, "can't rename \(path) to \(target)")
        }
        try DurableFile.syncFolder(of: target)
    }

    public static func remove(_ path: String) throws(WalletFailure) { try DurableFile.remove(path) }

    /// In a folder of its own, which is made.
    public static func writePrivate(_ bytes: [UInt8], to path: String) throws(WalletFailure) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try DurableFile.makeFolder(folder)
        try DurableFile.replace(bytes, at: path)
    }

    /// Overwrites and removes a file, and the folder that it alone was in.
    public static func shred(_ path: String, folder: String) throws(WalletFailure) {
        _ = try DurableFile.shred(path, noise: OperatingSystemRandom.bytes)
        _ = unsafe rmdir(folder)
    }

    /// Writes what only its owner may read, whole or not at all.
    public static func writePrivate(_ text: String, to path: String) throws(WalletFailure) {
        try DurableFile.replace(Array(text.utf8), at: path)
    }
}
