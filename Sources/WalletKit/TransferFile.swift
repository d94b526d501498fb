#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A large file that is read or written in pieces, while it is sent or received. Closed with its owner.
final class TransferFile: Sendable {
    private let descriptor: Int32
    private let path: String

    init(reading path: String) throws(WalletFailure) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0 else {
            throw WalletFailure(.usage, "can't read \(path)", hint: "Check the name and who may read it.")
        }
    }

    /// Makes it if it is not there; readable by its owner only.
    init(writing path: String) throws(WalletFailure) {
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, DurableFile.mode)
        self.path = path
        guard descriptor >= 0 else {
            throw WalletFailure(.usage, "can't write \(path)", hint: "Check the folder and who may write to it.")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Bytes.
    func size() throws(WalletFailure) -> UInt64 {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw WalletFailure(.usage, "\(path) is no file that can be read from any place") }
        return UInt64(end)
    }

    /// Exactly `count` bytes.
    func read(at offset: UInt64, count: Int) throws(WalletFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset) + off_t(done))
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { throw WalletFailure(.usage, "\(path) can't be read to its end") }
            done += got
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(WalletFailure) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pwrite(
                    descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset) + off_t(done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw WalletFailure(.usage, "can't write \(path)", hint: "Is there room on the disk?")
            }
            done += count
        }
    }

    func truncate(to size: UInt64) throws(WalletFailure) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw WalletFailure(.usage, "can't write \(path)") }
    }

    /// Durable under its final name.
    func finish(as final: String) throws(WalletFailure) {
        guard fsync(descriptor) == 0, unsafe rename(path, final) == 0 else {
            throw WalletFailure(.usage, "can't write \(final)", hint: "Is there room on the disk?")
        }
        try DurableFile.syncFolder(of: final)
    }
}
