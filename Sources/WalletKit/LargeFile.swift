#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A file that is read in pieces, from anywhere in it, by several tasks at once.
final class LargeFileReader: Sendable {
    let path: String
    let size: UInt64
    private let descriptor: Int32
    private let changed: Int

    init(_ path: String) throws(WalletFailure) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw WalletFailure(.usage, "there is no file \(path)") }
            throw DurableFile.failure("can't read", path)
        }
        self.descriptor = descriptor
        self.path = path
        do throws(WalletFailure) {
            let status = try Self.status(descriptor, path)
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw WalletFailure(.usage, "\(path) is no file", hint: "Name a file; pipes and folders have no size.")
            }
            size = UInt64(max(status.st_size, 0))
            changed = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    private static func status(_ descriptor: Int32, _ path: String) throws(WalletFailure) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw DurableFile.failure("can't read", path) }
        return status
    }

    /// Reads `count` bytes from `offset` of the file into `bytes`. Throws if the file has become shorter.
    func read(_ count: Int, at offset: UInt64, into bytes: inout [UInt8], at start: Int = 0) throws(WalletFailure) {
        precondition(start >= 0 && bytes.count - start >= count)
        var done = 0
        while done < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress?.advanced(by: start + done), count - done,
                    off_t(offset) + off_t(done))
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw DurableFile.failure("can't read", path) }
            guard got > 0 else { throw Self.changed(path) }
            done += got
        }
    }

    /// Throws if the file was written to since it was opened.
    func checkUnchanged() throws(WalletFailure) {
        let status = try Self.status(descriptor, path)
        let now = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
        guard UInt64(max(status.st_size, 0)) == size, now == changed else { throw Self.changed(path) }
    }

    private static func changed(_ path: String) -> WalletFailure {
        WalletFailure(.usage, "\(path) changed while it was read", hint: "Repeat when nothing writes to it any more.")
    }
}

/// A file that is written in pieces, anywhere in it, by several tasks at once; it has its name only when it is whole.
/// What is let go before that is removed. A program that is killed leaves a file that ends with `.part`.
final class LargeFileWriter: Sendable {
    let path: String
    private let temporary: String
    private let descriptor: Int32

    /// `suffix` is random: two programs never write to the same file. Throws if `path` is there already.
    init(_ path: String, suffix: String) throws(WalletFailure) {
        self.path = path
        try Self.refuse(existing: path)
        temporary = "\(path).\(suffix).part"
        descriptor = unsafe open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, DurableFile.mode)
        guard descriptor >= 0 else { throw DurableFile.failure("can't write", path) }
    }

    deinit {
        close(descriptor)
        // Gone already where it has its name.
        _ = unsafe unlink(temporary)
    }

    static func refuse(existing path: String) throws(WalletFailure) {
        guard unsafe access(path, F_OK) != 0 else { throw isThere(path) }
    }

    private static func isThere(_ path: String) -> WalletFailure {
        WalletFailure(.usage, "\(path) is there already", hint: "Name another file with --out, or move it away.")
    }

    /// Writes `count` of `bytes`, from `start` on, to `offset` of the file.
    func write(_ bytes: borrowing [UInt8], from start: Int = 0, count: Int, at offset: UInt64) throws(WalletFailure) {
        precondition(start >= 0 && bytes.count - start >= count)
        var done = 0
        while done < count {
            let put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress?.advanced(by: start + done), count - done,
                    off_t(offset) + off_t(done))
            }
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw DurableFile.failure("can't write", path) }
            done += put
        }
    }

    /// Syncs it and gives it its name. A file that came to be there meanwhile is refused.
    func finish() throws(WalletFailure) {
        guard fsync(descriptor) == 0 else { throw DurableFile.failure("can't write", path) }
        // A second name takes no other's place, which renaming would; some file systems have only one name for a file.
        if unsafe link(temporary, path) == 0 {
            _ = unsafe unlink(temporary)
        } else if errno == EEXIST {
            throw Self.isThere(path)
        } else {
            try Self.refuse(existing: path)
            guard unsafe rename(temporary, path) == 0 else { throw DurableFile.failure("can't write", path) }
        }
        try DurableFile.syncFolder(of: path)
    }
}
