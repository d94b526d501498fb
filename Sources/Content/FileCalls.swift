internal import Primitives

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// An open file; closed with its owner.
final class OpenFile: Sendable {
    private let descriptor: Int32
    let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Thrown: ``ContentStoreFailure/absent`` if there is no such file and `isMade` is false.
    static func open(_ path: String, writing: Bool = false, isMade: Bool = false) throws(ContentStoreFailure)
        -> OpenFile
    {
        let flags = (writing ? O_RDWR : O_RDONLY) | (isMade ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe Glibc.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            if errno == ENOENT, !isMade { throw .absent }
            throw FileCalls.failure("open", path)
        }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// Bytes.
    func size() throws(ContentStoreFailure) -> UInt64 {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw FileCalls.failure("lseek", path) }
        return UInt64(end)
    }

    /// Exactly `count` bytes from `offset` on. Thrown: ``ContentStoreFailure/damaged(_:)`` if the file ends before.
    func read(at offset: UInt64, count: Int) throws(ContentStoreFailure) -> [UInt8] {
        var failed: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
                let got = unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
                if got < 0 {
                    if errno == EINTR { continue }
                    failed = errno
                    return
                }
                if got == 0 { return }
                filled += got
            }
        }
        guard failed == 0 else { throw FileCalls.failure("pread", path, code: failed) }
        guard bytes.count == count else { throw .damaged("\(path) ends at byte \(offset + UInt64(bytes.count))") }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(ContentStoreFailure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                return unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(written))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileCalls.failure("pwrite", path)
            }
            written += count
        }
    }

    func truncate(to size: UInt64) throws(ContentStoreFailure) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileCalls.failure("ftruncate", path) }
    }

    func synchronize() throws(ContentStoreFailure) {
        guard fdatasync(descriptor) == 0 else { throw FileCalls.failure("fdatasync", path) }
    }

    /// False if another process holds it. Held until this file is closed.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
}

/// The few calls of the system that the store makes, with their failures typed.
enum FileCalls {
    static func failure(_ call: String, _ path: String, code: Int32 = errno) -> ContentStoreFailure {
        if code == ENOSPC || code == EDQUOT { return .full(needed: 0) }
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return .system(call: call, path: path, message: text)
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Makes a folder, and those above it.
    static func makeFolder(_ path: String) throws(ContentStoreFailure) {
        if unsafe mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw failure("mkdir", path)
        }
        try makeFolder(String(path[..<slash]))
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
    }

    /// Makes the names inside a folder durable; files alone don't bring them along.
    static func synchronizeFolder(_ path: String) throws(ContentStoreFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
    }

    /// False if something that is not empty is there already.
    static func move(_ old: String, to new: String) throws(ContentStoreFailure) -> Bool {
        if unsafe rename(old, new) == 0 { return true }
        guard errno == EEXIST || errno == ENOTEMPTY else { throw failure("rename", new) }
        return false
    }

    /// Writes a small file that is there whole or not at all, durable on return.
    static func replace(_ path: String, with bytes: [UInt8]) throws(ContentStoreFailure) {
        let new = path + ".new"
        let file = try OpenFile.open(new, writing: true, isMade: true)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.synchronize()
        guard unsafe rename(new, path) == 0 else { throw failure("rename", path) }
        try synchronizeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }

    /// Nil if there is none. Thrown: damaged if it is larger than `limit`.
    static func contents(_ path: String, atMost limit: Int) throws(ContentStoreFailure) -> [UInt8]? {
        let file: OpenFile
        do throws(ContentStoreFailure) {
            file = try OpenFile.open(path)
        } catch .absent {
            return nil
        }
        let size = try file.size()
        guard size <= UInt64(limit) else { throw .damaged("\(path) has \(size) bytes, of at most \(limit)") }
        return try file.read(at: 0, count: Int(size))
    }

    /// Sorted; none if the folder is not there.
    static func names(in path: String) throws(ContentStoreFailure) -> [String] {
        guard let directory = unsafe opendir(path) else {
            guard errno == ENOENT else { throw failure("opendir", path) }
            return []
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func removeFile(_ path: String) throws(ContentStoreFailure) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("unlink", path) }
    }

    /// A folder and the files in it; folders of folders are none of ours.
    static func removeFolder(_ path: String) throws(ContentStoreFailure) {
        for name in try names(in: path) { try removeFile(path + "/" + name) }
        guard unsafe rmdir(path) == 0 || errno == ENOENT else { throw failure("rmdir", path) }
    }

    /// Bytes that this user may still write on the disk of `path`.
    static func freeBytes(_ path: String) throws(ContentStoreFailure) -> UInt64 {
        var statistics = statvfs()
        guard unsafe statvfs(path, &statistics) == 0 else { throw failure("statvfs", path) }
        return UInt64(statistics.f_bavail) * UInt64(statistics.f_frsize)
    }
}
