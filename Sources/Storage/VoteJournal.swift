internal import Encoding
public import Primitives
public import Votes

/// What this node decided and learned in consensus, durable before anyone hears of it. Append-only, in numbered files.
///
/// ```
/// file:  "MNXVOTE1" ‖ network (32) ‖ check (8) ‖ frame…
/// frame: length (4) ‖ check (8) ‖ journal records, one behind the other (length bytes)
/// ```
/// A frame is one ``append(_:)``, one fsync. Its check is the XXH64 of the records, seeded with the frame's offset. A
/// bad frame at the end is what a crash tore: it was never acted on, and is cut. A bad frame with a good one behind it
/// was durable once, so that is damage and is refused.
///
/// Single owner: one thread or actor uses it.
public final class VoteJournal {
    private static let magic = Array("MNXVOTE1".utf8)
    private static let headerBytes = 8 + 32 + 8
    private static let frameBytes = 4 + 8
    /// A batch of certificates of 100 validators is far smaller.
    private static let maximumFrameBytes = 16 * 1024 * 1024
    private static let partBytes = 1024 * 1024
    /// Where a caller should rotate at the latest; a replay of this much takes well under a second.
    public static let rotationBytes = 64 * 1024 * 1024

    private let disk: any Disk
    private let network: Hash
    private var number: UInt64
    private var file: any DiskFile
    /// The good bytes of the current file.
    public private(set) var byteCount: Int
    private var failure: StorageFailure?

    private init(disk: any Disk, network: Hash, number: UInt64, file: any DiskFile, byteCount: Int) {
        self.disk = disk
        self.network = network
        self.number = number
        self.file = file
        self.byteCount = byteCount
    }

    /// Opens or begins the journal, cuts a torn end, and returns every record in the order it was appended. Records
    /// that a rotation carried over may come twice.
    public static func open(
        on disk: any Disk, network: Hash
    ) throws(StorageFailure) -> (journal: VoteJournal, records: [JournalRecord]) {
        var numbers = try disk.names().compactMap(number(of:)).sorted()
        if numbers.isEmpty {
            try disk.replace(name(1), with: header(network))
            numbers = [1]
        }
        var records: [JournalRecord] = []
        var end = 0
        for (index, number) in numbers.enumerated() {
            let bytes = try disk.read(name(number)) ?? []
            let isLast = index == numbers.count - 1
            end = try replay(bytes, name: name(number), network: network, mayBeTorn: isLast, into: &records)
            if isLast, end < bytes.count { try disk.open(name(number)).truncate(to: end) }
        }
        let last = numbers[numbers.count - 1]
        let journal = VoteJournal(
            disk: disk, network: network, number: last, file: try disk.open(name(last)), byteCount: end)
        return (journal, records)
    }

    /// Appends all, then one fsync. If it throws, none of them counts as written, and the journal takes no more.
    public func append(_ records: [JournalRecord]) throws(StorageFailure) {
        if let failure { throw failure }
        guard !records.isEmpty else { return }
        let frame = Self.frame(records, offset: byteCount)
        do throws(StorageFailure) {
            try file.append(frame)
            try file.synchronize()
        } catch {
            // After a failed fsync nobody knows what is on disk: stop here, cut on the next start.
            failure = error
            throw error
        }
        byteCount += frame.count
    }

    /// Begins a new file with `kept` (what must survive: the current view's records, evidence), then removes the older
    /// ones. A crash in between leaves both, which is harmless.
    public func rotate(keeping kept: [JournalRecord]) throws(StorageFailure) {
        if let failure { throw failure }
        let next = number + 1
        var bytes = Self.header(network)
        // Frames that can be read back, however much there is: the file is durable as a whole or not there.
        for part in Self.parts(kept) { bytes += Self.frame(part, offset: bytes.count) }
        do throws(StorageFailure) {
            try disk.replace(Self.name(next), with: bytes)
            file = try disk.open(Self.name(next))
            number = next
            byteCount = bytes.count
            for old in try disk.names().compactMap(Self.number(of:)) where old < next {
                try disk.remove(Self.name(old))
            }
        } catch {
            failure = error
            throw error
        }
    }

    private static func name(_ number: UInt64) -> String {
        let digits = String(number)
        return "votes-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    private static func number(of name: String) -> UInt64? {
        guard name.hasPrefix("votes-") else { return nil }
        return UInt64(name.dropFirst(6))
    }

    private static func header(_ network: Hash) -> [UInt8] {
        let bytes = magic + network.bytes.array
        return bytes + Checksum.xxh64(bytes).bigEndianBytes
    }

    /// Runs of records of about a mebibyte each.
    private static func parts(_ records: [JournalRecord]) -> [[JournalRecord]] {
        var parts: [[JournalRecord]] = []
        var count = partBytes
        for record in records {
            let size = record.encoded.count
            if count + size > partBytes {
                parts.append([])
                count = 0
            }
            parts[parts.count - 1].append(record)
            count += size
        }
        return parts
    }

    private static func frame(_ records: [JournalRecord], offset: Int) -> [UInt8] {
        var writer = CBORWriter()
        for record in records { writer.write(record) }
        let body = writer.bytes
        return UInt32(body.count).bigEndianBytes + Checksum.xxh64(body, seed: UInt64(offset)).bigEndianBytes + body
    }

    /// The body of a good frame at `offset`, or nil.
    private static func body(_ bytes: [UInt8], at offset: Int) -> Range<Int>? {
        guard bytes.count - offset >= frameBytes else { return nil }
        let count = Int(UInt32(bigEndianBytes: bytes[offset..<offset + 4]))
        let start = offset + frameBytes
        guard count > 0, count <= maximumFrameBytes, bytes.count - start >= count else { return nil }
        let expected = UInt64(bigEndianBytes: bytes[offset + 4..<start])
        let actual = unsafe bytes.withUnsafeBytes {
            unsafe Checksum.xxh64(
                UnsafeRawBufferPointer(rebasing: $0[start..<start + count]), seed: UInt64(offset))
        }
        return actual == expected ? start..<start + count : nil
    }

    /// Reads all frames and returns where the good ones end.
    private static func replay(
        _ bytes: [UInt8], name: String, network: Hash, mayBeTorn: Bool, into records: inout [JournalRecord]
    ) throws(StorageFailure) -> Int {
        let expected = header(network)
        guard bytes.count >= headerBytes, bytes.prefix(8).elementsEqual(magic),
            bytes.prefix(headerBytes).suffix(8).elementsEqual(Checksum.xxh64(Array(bytes.prefix(40))).bigEndianBytes)
        else { throw .damaged(what: "the vote journal \(name) has no header") }
        guard bytes.prefix(headerBytes).elementsEqual(expected) else {
            throw .otherNetwork(
                path: "the vote journal \(name)", found: Hash(Bytes32(unchecked: bytes, at: 8)), expected: network)
        }
        var offset = headerBytes
        while offset < bytes.count {
            guard let body = body(bytes, at: offset) else {
                let isFollowed = (offset + 1..<bytes.count).contains { Self.body(bytes, at: $0) != nil }
                guard mayBeTorn, !isFollowed else {
                    throw .damaged(what: "the vote journal \(name) at byte \(offset)")
                }
                return offset
            }
            var reader = CBORReader(bytes, in: body)
            do {
                while !reader.isAtEnd { records.append(try reader.value()) }
            } catch {
                throw .damaged(what: "the vote journal \(name) at byte \(body.lowerBound): \(error.description)")
            }
            offset = body.upperBound
        }
        return offset
    }
}
