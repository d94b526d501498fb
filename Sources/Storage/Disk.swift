#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A directory of small files as journal and guard need it. A simulator's disk tears what was not synchronized.
public protocol Disk: Sendable {
    /// Names of all files, sorted.
    func names() throws(StorageFailure) -> [String]
    /// All bytes of a file, or nil if there is none.
    func read(_ name: String) throws(StorageFailure) -> [UInt8]?
    /// Makes or replaces a file so that after a crash either the old or the new is there in full; durable on return.
    func replace(_ name: String, with bytes: [UInt8]) throws(StorageFailure)
    /// Opens a file for appending. It must exist.
    func open(_ name: String) throws(StorageFailure) -> any DiskFile
    /// Durable on return.
    func remove(_ name: String) throws(StorageFailure)
}

/// A file that grows at its end.
public protocol DiskFile: Sendable {
    /// Not durable before ``synchronize()``; a crash may keep any part of it.
    func append(_ bytes: [UInt8]) throws(StorageFailure)
    func synchronize() throws(StorageFailure)
    /// Cuts the file to `count` bytes; durable on return.
    func truncate(to count: Int) throws(StorageFailure)
    func read() throws(StorageFailure) -> [UInt8]
}

/// A real directory.
public struct FileDisk: Disk {
    private let path: String

    public init(_ path: String) { self.path = path }

    /// Makes the directory if it is not there.
    public static func making(_ path: String) throws(StorageFailure) -> FileDisk {
        try Platform.makeDirectory(path)
        return FileDisk(path)
    }

    public func names() throws(StorageFailure) -> [String] { try Platform.names(in: path) }

    public func read(_ name: String) throws(StorageFailure) -> [UInt8]? {
        let file = path + "/" + name
        guard Platform.exists(file) else { return nil }
        return try FileHandle(file, flags: O_RDONLY).read()
    }

    public func replace(_ name: String, with bytes: [UInt8]) throws(StorageFailure) {
        let file = path + "/" + name
        let new = file + ".new"
        let handle = try FileHandle(new, flags: O_RDWR | O_CREAT | O_TRUNC)
        try handle.append(bytes)
        try handle.synchronize()
        guard unsafe rename(new, file) == 0 else { throw Platform.failure("rename", file) }
        try Platform.synchronizeDirectory(path)
    }

    public func open(_ name: String) throws(StorageFailure) -> any DiskFile {
        try FileHandle(path + "/" + name, flags: O_RDWR | O_APPEND)
    }

    public func remove(_ name: String) throws(StorageFailure) {
        let file = path + "/" + name
        guard unsafe unlink(file) == 0 else { throw Platform.failure("unlink", file) }
        try Platform.synchronizeDirectory(path)
    }
}

private final class FileHandle: DiskFile {
    private let descriptor: Int32
    private let path: String

    init(_ path: String, flags: Int32) throws(StorageFailure) {
        let opened = Platform.openFile(path, flags)
        guard opened >= 0 else { throw Platform.failure("open", path) }
        descriptor = opened
        self.path = path
    }

    deinit { close(descriptor) }

    func append(_ bytes: [UInt8]) throws(StorageFailure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                return unsafe write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Platform.failure("write", path)
            }
            written += count
        }
    }

    func synchronize() throws(StorageFailure) {
        guard fdatasync(descriptor) == 0 else { throw Platform.failure("fdatasync", path) }
    }

    func truncate(to count: Int) throws(StorageFailure) {
        guard ftruncate(descriptor, count) == 0 else { throw Platform.failure("ftruncate", path) }
        guard fsync(descriptor) == 0 else { throw Platform.failure("fsync", path) }
    }

    func read() throws(StorageFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress, $0.count, bytes.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Platform.failure("read", path)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
