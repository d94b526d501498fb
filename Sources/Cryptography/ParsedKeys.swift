internal import CSecp256k1
internal import Primitives
internal import Synchronization

/// Points of the curve behind addresses that verified lately, so that a busy account's key is not solved for (a square
/// root, an eighth of a verification) with each of its signatures.
///
/// Bounded: each address has one place that it shares with others, and the last one stands. Only keys under which a signature
/// verified come in, so that bytes of strangers push nobody out. Any number of threads.
final class ParsedKeys: Sendable {
    private struct Entry {
        let address: Address
        let key: secp256k1_xonly_pubkey
    }

    private final class Shard: Sendable {
        let entries = Mutex<[Entry?]>(Array(repeating: nil, count: ParsedKeys.entriesPerShard))
    }

    static let shared = ParsedKeys()

    /// Threads that verify seldom meet in one shard.
    private static let shardCount = 64
    /// 64 × 512 entries of 97 bytes: about 3 MiB.
    private static let entriesPerShard = 512

    private let shards = (0..<shardCount).map { _ in Shard() }

    private func place(of address: Address) -> (shard: Shard, entry: Int) {
        // Seeded for this process: nobody can choose keys that share a place with another's.
        let hash = address.hashValue
        return (shards[hash & (Self.shardCount - 1)], (hash >> 8) & (Self.entriesPerShard - 1))
    }

    subscript(address: Address) -> secp256k1_xonly_pubkey? {
        let (shard, index) = place(of: address)
        return shard.entries.withLock { entries in
            guard let entry = entries[index], entry.address == address else { return nil }
            return entry.key
        }
    }

    func insert(_ address: Address, _ key: secp256k1_xonly_pubkey) {
        let (shard, index) = place(of: address)
        shard.entries.withLock { $0[index] = Entry(address: address, key: key) }
    }
}
