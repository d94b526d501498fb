public import ContentFormat
internal import Cryptography
internal import Primitives

/// The file of hashes beside a blob: every node of its Merkle tree, level above level, so that a range is proven with a
/// few reads however large the blob is.
///
/// Level 0 are the leaves; a level's odd last node stands on the next one, too. Each node has 32 bytes.
public struct ContentTree: Sendable {
    public let layout: ContentLayout
    /// Where each level begins, counted in nodes; the root is the last node of all.
    private let starts: [UInt64]

    public init(_ layout: ContentLayout) {
        self.layout = layout
        var starts: [UInt64] = [0]
        var width = layout.chunkCount
        while width > 1 {
            starts.append((starts.last ?? 0) + width)
            width = (width + 1) / 2
        }
        self.starts = starts
    }

    /// Bytes of the file.
    public var bytes: UInt64 { ((starts.last ?? 0) + 1) * 32 }

    /// Where the leaves of `chunks` stand in the file.
    func leaves(_ chunks: Range<UInt64>) -> Range<UInt64> { chunks.lowerBound * 32..<chunks.upperBound * 32 }

    /// Where the root of the subtree over `leaves`, as ``MerkleLog/siblings(of:count:)`` names one, stands in the file.
    func node(over leaves: Range<UInt64>) -> UInt64 {
        let last = UInt64(leaves.count) - 1
        let level = 64 - last.leadingZeroBitCount
        return (starts[level] + leaves.lowerBound >> UInt64(level)) * 32
    }

    /// How many nodes are hashed at once while the tree is made: 1 MiB.
    private static let batch: UInt64 = 32_768

    /// Writes the levels above the leaves, which stand in `file` already; the root.
    func complete(in file: OpenFile) throws(ContentStoreFailure) -> Hash {
        var width = layout.chunkCount
        for level in starts.indices.dropFirst() {
            let (below, above) = (starts[level - 1], starts[level])
            var done: UInt64 = 0
            while done < width {
                let count = min(Self.batch, width - done)
                let nodes = Self.hashes(try file.read(at: (below + done) * 32, count: Int(count) * 32))
                var written: [UInt8] = []
                written.reserveCapacity(nodes.count * 16 + 32)
                for index in stride(from: 0, to: nodes.count, by: 2) {
                    let hash =
                        index + 1 < nodes.count ? MerkleLog.nodeHash(nodes[index], nodes[index + 1]) : nodes[index]
                    hash.bytes.append(to: &written)
                }
                try file.write(written, at: (above + done / 2) * 32)
                done += count
            }
            width = (width + 1) / 2
        }
        try file.truncate(to: bytes)
        let root = try file.read(at: bytes - 32, count: 32)
        return Hash(Bytes32(unchecked: root, at: 0))
    }

    /// Precondition: whole hashes.
    static func hashes(_ bytes: [UInt8]) -> [Hash] {
        stride(from: 0, to: bytes.count, by: 32).map { Hash(Bytes32(unchecked: bytes, at: $0)) }
    }
}
