#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Files that are there whole or not at all, also after a power failure: written beside, synced, renamed, and the folder
/// synced.
enum DurableFile {
    /// Secrets and whom one deals with concern nobody else on the machine.
    static let mode: mode_t = 0o600
    static let folderMode: mode_t = 0o700
    /// No file of a wallet comes near it; a larger one is none of ours.
    static let maximumBytes = 64 << 20

    /// Replaces `path` atomically.
    static func replace(_ bytes: [UInt8], at path: String) throws(WalletFailure) {
        let temporary = path + ".new"
        _ = unsafe unlink(temporary)
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw failure("can't write", path) }
        do throws(WalletFailure) {
            try writeAll(bytes, descriptor, path)
            guard fsync(descriptor) == 0 else { throw failure("can't write", path) }
        } catch {
            close(descriptor)
            _ = unsafe unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0, unsafe rename(temporary, path) == 0 else { throw failure("can't write", path) }
        try syncFolder(of: path)
    }

    /// Replaces `path` atomically, and overwrites what stood there before its room is given back.
    static func replaceAndShred(_ bytes: [UInt8], at path: String, noise: (Int) -> [UInt8]) throws(WalletFailure) {
        // Held open, the old file outlives its name.
        let old = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        defer { if old >= 0 { close(old) } }
        guard old >= 0 || errno == ENOENT else { throw failure("can't write", path) }
        try replace(bytes, at: path)
        if old >= 0 { try overwrite(old, path, noise) }
    }

    /// Overwrites a file, then removes it. False if there is none.
    static func shred(_ path: String, noise: (Int) -> [UInt8]) throws(WalletFailure) -> Bool {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return false }
            throw failure("can't remove", path)
        }
        defer { close(descriptor) }
        try overwrite(descriptor, path, noise)
        try remove(path)
        return true
    }

    private static func overwrite(
        _ descriptor: Int32, _ path: String, _ noise: (Int) -> [UInt8]
    ) throws(WalletFailure) {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0, size <= maximumBytes, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw failure("can't overwrite", path)
        }
        try writeAll(noise(Int(size)), descriptor, path)
        guard fsync(descriptor) == 0 else { throw failure("can't overwrite", path) }
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(WalletFailure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("can't write", path) }
            written += count
        }
    }

    /// Nil if there is no such file.
    static func contents(_ path: String) throws(WalletFailure) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("can't read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { buffer in
                unsafe read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("can't read", path) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= maximumBytes else { throw WalletFailure(.usage, "\(path) is too large") }
        }
    }

    static func remove(_ path: String) throws(WalletFailure) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("can't remove", path) }
        try syncFolder(of: path)
    }

    /// Makes the folder and those above it, readable by their owner only.
    static func makeFolder(_ path: String) throws(WalletFailure) {
        var current = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            current += "/" + part
            guard unsafe mkdir(current, folderMode) == 0 || errno == EEXIST || errno == EISDIR || errno == EROFS else {
                throw failure("can't make the folder", current)
            }
        }
        guard unsafe access(path, R_OK | X_OK) == 0 else { throw failure("can't use the folder", path) }
    }

    /// The names of the files in a folder, sorted; empty if there is none.
    /// What is written whole or not at all has to be a file; `-` would become one of that name.
    static func refuseStandardOutput(_ path: String) throws(WalletFailure) {
        guard path != "-" else {
            throw WalletFailure(.usage, "it can't go to standard output", hint: "Name a file.")
        }
    }

    static func list(_ path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func syncFolder(of path: String) throws(WalletFailure) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else { throw failure("can't sync", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("can't sync", folder) }
    }

    static func failure(_ what: String, _ path: String) -> WalletFailure {
        let reason = unsafe String(cString: strerror(errno))
        return WalletFailure(
            .usage, "\(what) \(path): \(reason)", hint: "Check that the disk has room and that the path is yours.")
    }
}

/// Holds a wallet's home for one program at a time; released with the object, and by the system if the program dies.
public final class HomeLock: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(WalletFailure) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, DurableFile.mode)
        guard descriptor >= 0 else { throw DurableFile.failure("can't open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw WalletFailure(
                .usage, "another program is using this wallet (\(path))",
                hint: "Wait for it to end, or name another home with --home.")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
