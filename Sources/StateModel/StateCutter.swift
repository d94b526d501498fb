public import Primitives

/// Cuts a state into chunks, in one pass over its entries that holds one chunk and a few entries in memory.
///
/// A chunk ends before the entry that would make it larger than `targetBytes`; one with a single entry may be larger. So
/// how a state is cut follows from its entries and the target alone, and of two neighboring chunks the sum is above it:
/// a state of `n` bytes has at most 2 n / `targetBytes` + 1 chunks, wherever its entries lie.
public struct StateCutter {
    /// The first of these that gives at most ``ChunkCuts/maximumChunks`` is used: the second from 16 GiB on, if an
    /// adversary chose the entries; from about 32 GiB else.
    public static let targets = [512 << 10, 1 << 20, 2 << 20]

    /// What an entry counts for: at least its bytes in a chunk.
    static func weight(of entry: StateEntry) -> Int { 16 + entry.key.bytes.count + entry.value.count }

    /// Values have up to some hundred kibibytes, though nearly all have less than one.
    private static let readAhead = 64

    private let snapshot: LayeredSnapshot
    private let targetBytes: Int
    /// Read, and in no chunk before `next`.
    private var ahead: [StateEntry] = []
    private var next = 0
    /// Where reading goes on; nil behind the last entry.
    private var position: Bytes32? = .zero
    /// Where the next chunk begins; nil behind the last.
    private var start: Bytes32? = .zero

    public init(_ snapshot: LayeredSnapshot, targetBytes: Int) {
        self.snapshot = snapshot
        self.targetBytes = targetBytes
    }

    /// The next chunk and its paths, ascending; nil behind the last. A state without entries is one chunk.
    public mutating func cut() throws(StateFailure) -> (range: PathRange, chunk: StateChunk)? {
        guard let start else { return nil }
        var entries: [StateChunk.Entry] = []
        var bytes = 0
        var last = Bytes32.zero
        var end: Bytes32?
        while let entry = try peek() {
            let weight = Self.weight(of: entry)
            if !entries.isEmpty, bytes + weight > targetBytes {
                // Where both part: the node over both is inner, so is every node above it, and no other is cut.
                end = entry.path.prefix(last.commonPrefixLength(with: entry.path) + 1)
                break
            }
            bytes += weight
            last = entry.path
            entries.append(StateChunk.Entry(key: entry.key, value: entry.value))
            next += 1
        }
        self.start = end
        let range = PathRange(start: start, end: end)
        return (range, StateChunk(siblings: try range.siblings(in: snapshot), entries: entries))
    }

    private mutating func peek() throws(StateFailure) -> StateEntry? {
        if next == ahead.count, let from = position {
            ahead = try snapshot.entries(atOrAfter: from, limit: Self.readAhead)
            next = 0
            position = ahead.count < Self.readAhead ? nil : ahead.last?.path.successor
        }
        return next < ahead.count ? ahead[next] : nil
    }
}
