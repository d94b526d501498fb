internal import Custodian
internal import Primitives

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The journal of a custodian in a file: what ``append(_:)`` returned from is on the disk.
///
/// Single owner: the task that performs the custodian.
final class CustodianJournalFile {
    /// Above it the journal is written anew, short, when a custodian starts.
    static let compactionBytes = 1 << 20

    private let path: String
    private let descriptor: Int32
    private var count: Int
    /// After a failed write nobody knows what is on the disk.
    private var isFailed = false

    private init(path: String, descriptor: Int32, count: Int) {
        self.path = path
        self.descriptor = descriptor
        self.count = count
    }

    deinit { close(descriptor) }

    static func records(
        _ bytes: [UInt8], path: String, network: Hash, account: Address
    ) throws(WalletFailure) -> (records: [CustodianRecord], end: Int) {
        do throws(JournalFailure) {
            return try CustodianJournal.replay(bytes, network: network, account: account)
        } catch {
            throw WalletFailure(
                .usage, "\(path): \(error)",
                hint: "Do not start with an empty journal while deliveries are open: their randomness is in it.")
        }
    }

    /// Opens or begins the journal; a torn end is cut. `compact` gives what a long one is replaced with.
    static func open(
        _ path: String, network: Hash, account: Address, compact: ([CustodianRecord]) -> [CustodianRecord]
    ) throws(WalletFailure) -> (file: CustodianJournalFile, records: [CustodianRecord]) {
        var bytes: [UInt8]
        if let found = try DurableFile.contents(path) {
            bytes = found
        } else {
            bytes = CustodianJournal.header(network: network, account: account)
            try DurableFile.replace(bytes, at: path)
        }
        var (records, end) = try Self.records(bytes, path: path, network: network, account: account)
        if bytes.count > compactionBytes {
            records = compact(records)
            bytes = CustodianJournal.header(network: network, account: account)
            for start in stride(from: 0, to: records.count, by: 256) {
                let part = Array(records[start..<min(start + 256, records.count)])
                bytes += CustodianJournal.frame(part, at: bytes.count)
            }
            try DurableFile.replace(bytes, at: path)
            end = bytes.count
        }
        let descriptor = Self.descriptor(path)
        guard descriptor >= 0 else { throw DurableFile.failure("can't open", path) }
        let file = CustodianJournalFile(path: path, descriptor: descriptor, count: end)
        guard ftruncate(descriptor, off_t(end)) == 0, fsync(descriptor) == 0 else {
            throw DurableFile.failure("can't cut", path)
        }
        return (file, records)
    }

    private static func descriptor(_ path: String) -> Int32 {
        #if canImport(Glibc)
            unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        #elseif canImport(Musl)
            unsafe Musl.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        #else
            unsafe Darwin.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
        #endif
    }

    /// One frame, one fsync. If it throws, the custodian has to stop: none of it counts, and what is torn is cut at the
    /// next start.
    func append(_ records: [CustodianRecord]) throws(WalletFailure) {
        guard !isFailed else { throw WalletFailure(.usage, "\(path) could not be written before") }
        let frame = CustodianJournal.frame(records, at: count)
        isFailed = true
        var written = 0
        while written < frame.count {
            let bytes = unsafe frame.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if bytes < 0 && errno == EINTR { continue }
            guard bytes > 0 else { throw DurableFile.failure("can't write", path) }
            written += bytes
        }
        guard fsync(descriptor) == 0 else { throw DurableFile.failure("can't write", path) }
        isFailed = false
        count += frame.count
    }
}
