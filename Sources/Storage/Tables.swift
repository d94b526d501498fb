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
//   state           path (32) → check (4) ‖ check of the leaf (1, as of a page) ‖ leaf of the trie (32) ‖ key length (2)
//                   ‖ state key ‖ value
//                   written and deleted as blocks do; the leaf so that small subtrees of the trie need no page, with a
//                   check of its own so that who passes through does not read all of each entry
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
    private static let checkBytes = 4
    /// Before the leaf.
    private static let leafOffset = 5
    /// Before the state key.
    private static let stateHead = 39

    /// How many bytes ``state(_:path:key:value:leaf:)`` fills.
    static func stateCount(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Int {
        stateHead + key.count + value.count
    }

    /// check (4) ‖ check of the leaf (1) ‖ leaf (32) ‖ key length (2) ‖ key ‖ value
    static func state(
        _ buffer: UnsafeMutableRawBufferPointer, path: Bytes32, key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer, leaf: Bytes32
    ) {
        unsafe buffer.storeBytes(of: leaf.bigEndianWords, toByteOffset: leafOffset, as: Words.self)
        let leafBytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[leafOffset..<leafOffset + Bytes32.count])
        unsafe buffer[checkBytes] = unsafe Checksum.pageByte(leafBytes)
        unsafe buffer.storeBytes(
            of: UInt16(key.count).bigEndian, toByteOffset: stateHead - 2, as: UInt16.self)
        let valueStart = stateHead + key.count
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[stateHead..<valueStart]).copyBytes(from: key)
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[valueStart...]).copyBytes(from: value)
        unsafe setCheck(buffer, seed: path.firstWord)
    }

    private typealias Words = (UInt64, UInt64, UInt64, UInt64)

    /// Fills the first four bytes with the check of all that follow.
    private static func setCheck(_ buffer: UnsafeMutableRawBufferPointer, seed: UInt64) {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[checkBytes...])
        let check = unsafe UInt32(truncatingIfNeeded: Checksum.xxh64(rest, seed: seed))
        unsafe buffer.storeBytes(of: check.bigEndian, as: UInt32.self)
    }

    /// The leaf of a stored entry, after its own check. Other damage to it shows in the root that is made of it.
    static func leaf(_ stored: UnsafeRawBufferPointer, path: Bytes32) throws(StorageFailure) -> Bytes32 {
        guard stored.count >= stateHead else { throw .damaged(what: "the state entry at \(path) is cut short") }
        let leaf = unsafe UnsafeRawBufferPointer(rebasing: stored[leafOffset..<leafOffset + Bytes32.count])
        guard unsafe Checksum.pageByte(leaf) == stored[checkBytes] else {
            throw .damaged(what: "the leaf of the state entry at \(path) fails its check")
        }
        return Bytes32(bigEndianWords: unsafe leaf.loadUnaligned(as: Words.self))
    }

    /// The leaf of a stored entry, and where its key and value stand, after its check.
    static func parts(
        _ stored: UnsafeRawBufferPointer, path: Bytes32
    ) throws(StorageFailure) -> (leaf: Bytes32, key: Range<Int>, value: Range<Int>) {
        guard stored.count >= stateHead else { throw .damaged(what: "the state entry at \(path) is cut short") }
        let expected = UInt32(bigEndian: unsafe stored.loadUnaligned(as: UInt32.self))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: stored[checkBytes...])
        guard unsafe UInt32(truncatingIfNeeded: Checksum.xxh64(rest, seed: path.firstWord)) == expected else {
            throw .damaged(what: "the state entry at \(path) fails its check")
        }
        let leaf = Bytes32(
            bigEndianWords: unsafe stored.loadUnaligned(fromByteOffset: leafOffset, as: Words.self))
        let keyCount = Int(
            UInt16(bigEndian: unsafe stored.loadUnaligned(fromByteOffset: stateHead - 2, as: UInt16.self)))
        let valueStart = stateHead + keyCount
        guard valueStart <= stored.count else { throw .damaged(what: "the state entry at \(path) is cut short") }
        return (leaf, stateHead..<valueStart, valueStart..<stored.count)
    }

    /// How many bytes ``page(_:_:)`` fills.
    static func pageCount(_ page: [UInt8]) -> Int { page.count + 1 }

    /// page ‖ check (1)
    static func page(_ buffer: UnsafeMutableRawBufferPointer, _ page: [UInt8]) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<page.count]).copyBytes(from: page)
        unsafe buffer[page.count] = unsafe page.withUnsafeBytes { unsafe Checksum.pageByte($0) }
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

    /// How many bytes ``index(_:_:_:)`` fills.
    static func indexCount(_ value: UnsafeRawBufferPointer) -> Int { checkBytes + value.count }

    /// check (4) ‖ value
    static func index(
        _ buffer: UnsafeMutableRawBufferPointer, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[checkBytes...]).copyBytes(from: value)
        unsafe setCheck(buffer, seed: seed(of: key))
    }

    static func index(_ key: IndexKey, _ value: [UInt8]) -> [UInt8] {
        unsafe key.bytes.withUnsafeBytes { key in
            unsafe value.withUnsafeBytes { value in
                let count = unsafe indexCount(value)
                return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                    let raw = UnsafeMutableRawBufferPointer(buffer)
                    unsafe index(UnsafeMutableRawBufferPointer(rebasing: raw[..<count]), key, value)
                    initialized = count
                }
            }
        }
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
