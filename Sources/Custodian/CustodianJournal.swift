internal import Cryptography
internal import Encoding
public import Primitives

/// Why a journal can't be used.
public struct JournalFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let offset: Int
    public let message: String

    public var description: String { "byte \(offset): \(message)" }
}

/// The bytes of a custodian's journal.
///
/// ```
/// file:  "MNXCUST1" ‖ network (32) ‖ account (32) ‖ check (8) ‖ frame…
/// frame: length (4, big-endian) ‖ check (8) ‖ records, one behind the other (length bytes)
/// ```
/// A frame is one append, one fsync: its records are there together or not at all. A check is the first 8 bytes of the
/// tagged hash of (offset, 8 bytes ‖ what is checked). A bad frame at the end is what a crash tore: nothing was done
/// because of it, and it is cut. A bad frame with a good one behind it was durable once: that is damage, and refused.
public enum CustodianJournal {
    private static let magic = Array("MNXCUST1".utf8)
    static let headerBytes = 8 + 32 + 32 + 8
    static let frameBytes = 4 + 8
    public static let maximumFrameBytes = 1 << 20
    private static let tag = HashTag("mednexus/custodian/journal")

    public static func header(network: Hash, account: Address) -> [UInt8] {
        let bytes = magic + network.bytes.array + account.bytes.array
        return bytes + check(bytes[...], at: 0)
    }

    /// - Parameter offset: how many bytes the journal has before it.
    public static func frame(_ records: [CustodianRecord], at offset: Int) -> [UInt8] {
        var writer = CBORWriter()
        for record in records { writer.write(record) }
        let body = writer.bytes
        precondition(!body.isEmpty && body.count <= maximumFrameBytes, "a frame has records, and few")
        return Array(bigEndian(UInt64(body.count))[4...]) + check(body[...], at: offset) + body
    }

    /// Every record in order, and where the good bytes end.
    public static func replay(
        _ bytes: [UInt8], network: Hash, account: Address
    ) throws(JournalFailure) -> (records: [CustodianRecord], end: Int) {
        guard bytes.count >= headerBytes, bytes.starts(with: magic) else {
            throw JournalFailure(offset: 0, message: "this is no journal of a custodian")
        }
        guard check(bytes[0..<headerBytes - 8], at: 0)[...] == bytes[headerBytes - 8..<headerBytes] else {
            throw JournalFailure(offset: 0, message: "the journal's beginning is damaged; restore it from a backup")
        }
        guard bytes[8..<40].elementsEqual(network.bytes.array) else {
            throw JournalFailure(offset: 8, message: "the journal belongs to another network")
        }
        guard bytes[40..<72].elementsEqual(account.bytes.array) else {
            throw JournalFailure(offset: 40, message: "the journal belongs to another account")
        }
        var records: [CustodianRecord] = []
        var offset = headerBytes
        while offset < bytes.count {
            guard let body = body(bytes, at: offset) else {
                if let later = goodFrame(bytes, after: offset) {
                    throw JournalFailure(
                        offset: offset,
                        message: "a frame is damaged that was durable, since another follows at \(later);"
                            + " restore the journal from a backup")
                }
                break
            }
            var reader = CBORReader(Array(bytes[body]))
            do throws(EncodingFailure) {
                while !reader.isAtEnd { records.append(try CustodianRecord(from: &reader)) }
            } catch {
                throw JournalFailure(
                    offset: offset, message: "a record of another version of this program: \(error)")
            }
            offset = body.upperBound
        }
        return (records, offset)
    }

    /// The body of a good frame at `offset`, or nil.
    private static func body(_ bytes: [UInt8], at offset: Int) -> Range<Int>? {
        guard bytes.count - offset > frameBytes else { return nil }
        let count = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        let start = offset + frameBytes
        guard count > 0, count <= maximumFrameBytes, bytes.count - start >= count,
            check(bytes[start..<start + count], at: offset)[...] == bytes[offset + 4..<start]
        else { return nil }
        return start..<start + count
    }

    private static func goodFrame(_ bytes: [UInt8], after offset: Int) -> Int? {
        (offset + 1..<max(offset + 1, bytes.count)).first { body(bytes, at: $0) != nil }
    }

    private static func check(_ bytes: ArraySlice<UInt8>, at offset: Int) -> [UInt8] {
        var hasher = tag.hasher
        hasher.update(bigEndian(UInt64(offset)))
        hasher.update(Array(bytes))
        return Array(hasher.finalize().bytes.array.prefix(8))
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }
}
