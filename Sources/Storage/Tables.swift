internal import Primitives
internal import StateModel

// Everything that lies in a node's home; `Schema.swift` has its version. Numbers are big-endian, so that keys sort by them; `check` is the XXH64 of
// what follows it, seeded with the key, cut to its width.
//
// home              text: schema and network. Written by `Home.create`, and after a migration.
// lock              locked (flock) by the one process that uses the home.
// copying           locked (flock) by those that copy it meanwhile, and against them by `compact`.
//
// log/              environment "log": what is final, and bodies that may become it. One writer: `BlockLog`.
//   headers         height (8) → check (8) ‖ block hash (32) ‖ header length (4) ‖ header ‖ finalization certificate
//                   written when a block becomes final; never pruned: they are the chain
//   blocks          height (8) → check (8) ‖ block
//                   written with the header; pruned by `BlockLog.prune` on nodes that keep the last N
//   receipts        height (8) → check (8) ‖ receipts
//                   like blocks
//   hashes          block hash (32) → height (8)
//                   written with the header; never pruned
//   bodies          block hash (32) → check (8) ‖ height (8) ‖ block
//                   proposed blocks, durable before one's own notarize; pruned once their height is final
//   hops            height (8) → check (8) ‖ validator set hop (Specs/proofs.md)
//                   for genesis, and with every block after which the validators are others; never pruned
//   meta            "schema" → 8 bytes, "network" → 32 bytes; written when the environment is made, and the schema with
//                   each step of a migration
//
// state/            environment "state": the state as of a checkpoint. One writer: `StateStore`'s checkpoint.
//   state           path (32) → check (4) ‖ leaf of the trie (32) ‖ key length (2) ‖ state key ‖ value
//                   written and deleted as blocks do; the leaf so that small subtrees of the trie need no page
//   pages           trie page key (33) → page ‖ check (1, see `Checksum.pageByte`)
//                   written and deleted with the state; at most 1,997 bytes, so that two fit a page of LMDB
//   index           index key (1...511) → check (4) ‖ value
//                   written and deleted with the state; a function of state and blocks (`reindex`)
//   meta            "schema", "network" as above; "checkpoint" → check (8) ‖ height (8) ‖ state root (32);
//                   "building" while an import or `reindex` is not finished (`BuildMark`)
//
// journal/          files "votes-<number>" of the vote journal (`VoteJournal`); the oldest go with each rotation.
// guard/guard       the double-sign guard (`SigningGuard`); in no backup.

extension FixedWidthInteger {
    var bigEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self(Self.bitWidth - 8 - 8 * $0)) }
    }

    /// Precondition: as many bytes as the number has.
    init(bigEndianBytes bytes: ArraySlice<UInt8>) {
        precondition(bytes.count == Self.bitWidth / 8, "a number has a fixed width")
        self = bytes.reduce(0) { $0 << 8 | Self($1) }
    }
}

/// The values of the state environment, with their checks.
enum StateValues {
    /// Before the state key.
    private static let stateHead = 38

    /// check (4) ‖ leaf (32) ‖ key length (2) ‖ key ‖ value
    static func state(path: Bytes32, key: StateKey, value: [UInt8], leaf: Bytes32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(stateHead + key.bytes.count + value.count)
        bytes.append(contentsOf: [0, 0, 0, 0])
        leaf.append(to: &bytes)
        bytes.append(UInt8(truncatingIfNeeded: key.bytes.count >> 8))
        bytes.append(UInt8(truncatingIfNeeded: key.bytes.count))
        bytes.append(contentsOf: key.bytes)
        bytes.append(contentsOf: value)
        setCheck(&bytes, seed: path.firstWord)
        return bytes
    }

    /// Fills the first four bytes with the check of all that follow.
    private static func setCheck(_ bytes: inout [UInt8], seed: UInt64) {
        unsafe bytes.withUnsafeMutableBytes { buffer in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[4...])
            let check = unsafe UInt32(truncatingIfNeeded: Checksum.xxh64(rest, seed: seed))
            unsafe buffer.storeBytes(of: check.bigEndian, as: UInt32.self)
        }
    }

    /// The leaf of a stored entry, and where its key and value stand, after its check.
    static func parts(
        _ stored: UnsafeRawBufferPointer, path: Bytes32
    ) throws(StorageFailure) -> (leaf: Bytes32, key: Range<Int>, value: Range<Int>) {
        guard stored.count >= stateHead else { throw .damaged(what: "the state entry at \(path) is cut short") }
        let expected = UInt32(bigEndian: unsafe stored.loadUnaligned(as: UInt32.self))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: stored[4...])
        guard unsafe UInt32(truncatingIfNeeded: Checksum.xxh64(rest, seed: path.firstWord)) == expected else {
            throw .damaged(what: "the state entry at \(path) fails its check")
        }
        let leaf = Bytes32(
            bigEndianWords: unsafe rest.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self))
        let keyCount = Int(UInt16(bigEndian: unsafe rest.loadUnaligned(fromByteOffset: 32, as: UInt16.self)))
        let valueStart = stateHead + keyCount
        guard valueStart <= stored.count else { throw .damaged(what: "the state entry at \(path) is cut short") }
        return (leaf, stateHead..<valueStart, valueStart..<stored.count)
    }

    static func page(_ bytes: [UInt8]) -> [UInt8] {
        var checked: [UInt8] = []
        checked.reserveCapacity(bytes.count + 1)
        checked.append(contentsOf: bytes)
        checked.append(unsafe bytes.withUnsafeBytes { unsafe Checksum.pageByte($0) })
        return checked
    }

    static func page(reading stored: UnsafeRawBufferPointer, _ key: TriePageKey) throws(StorageFailure) -> [UInt8] {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: stored[..<max(0, stored.count - 1)])
        guard let check = unsafe stored.last, unsafe Checksum.pageByte(bytes) == check else {
            throw .damaged(what: "the trie page at depth \(key.depth) of \(key.path) fails its check")
        }
        return unsafe [UInt8](bytes)
    }

    private static func seed(of key: some Sequence<UInt8>) -> UInt64 {
        key.reduce(0) { ($0 &* 31) &+ UInt64($1) }
    }

    static func index(_ key: IndexKey, _ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + value.count)
        bytes.append(contentsOf: [0, 0, 0, 0])
        bytes.append(contentsOf: value)
        setCheck(&bytes, seed: seed(of: key.bytes))
        return bytes
    }

    static func index(
        reading stored: UnsafeRawBufferPointer, _ key: some Sequence<UInt8>
    ) throws(StorageFailure) -> [UInt8] {
        guard stored.count >= 4 else { throw .damaged(what: "an index entry is cut short") }
        let expected = UInt32(bigEndian: unsafe stored.loadUnaligned(as: UInt32.self))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: stored[4...])
        guard unsafe UInt32(truncatingIfNeeded: Checksum.xxh64(rest, seed: seed(of: key))) == expected else {
            throw .damaged(what: "the index entry \(Hexadecimal.encode(key)) fails its check")
        }
        return unsafe [UInt8](rest)
    }
}
