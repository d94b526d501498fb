#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The few calls of the system that storage makes, with their failures typed.
enum Platform {
    /// The failure that `errno` tells of.
    static func failure(_ call: String, _ path: String, code: Int32 = errno) -> StorageFailure {
        switch code {
        case ENOSPC, EDQUOT: .diskFull(path: path)
        case EROFS, EACCES, EPERM: .readOnly(path: path)
        default: .system(call: call, path: path, message: text(of: code))
        }
    }

    private static func text(of code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// A descriptor, or a negative number and `errno`.
    static func openFile(_ path: String, _ flags: Int32) -> Int32 { unsafe open(path, flags | O_CLOEXEC, 0o600) }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func makeDirectory(_ path: String) throws(StorageFailure) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
    }

    /// Makes the names inside a directory durable; files alone don't bring them along.
    static func synchronizeDirectory(_ path: String) throws(StorageFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
    }

    /// Makes the bytes of a file durable that somebody else wrote.
    static func synchronizeFile(_ path: String) throws(StorageFailure) {
        let descriptor = openFile(path, O_RDONLY)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync", path) }
    }

    static func replaceFile(_ new: String, by old: String) throws(StorageFailure) {
        guard unsafe rename(old, new) == 0 else { throw failure("rename", new) }
    }

    static func removeFile(_ path: String) throws(StorageFailure) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure("unlink", path) }
    }

    static func removeDirectory(_ path: String) throws(StorageFailure) {
        guard unsafe rmdir(path) == 0 || errno == ENOENT else { throw failure("rmdir", path) }
    }

    static func names(in path: String) throws(StorageFailure) -> [String] {
        guard let directory = unsafe opendir(path) else { throw failure("opendir", path) }
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

    /// The length of a file; 0 if there is none.
    static func fileBytes(_ path: String) throws(StorageFailure) -> UInt64 {
        let descriptor = openFile(path, O_RDONLY)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure("open", path) }
            return 0
        }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw failure("lseek", path) }
        return UInt64(end)
    }

    /// Bytes that this user may still write on the disk of `path`.
    static func freeBytes(_ path: String) throws(StorageFailure) -> UInt64 {
        var statistics = statvfs()
        guard unsafe statvfs(path, &statistics) == 0 else { throw failure("statvfs", path) }
        return UInt64(statistics.f_bavail) * UInt64(statistics.f_frsize)
    }
}
