internal import Blocks
internal import Encoding
public import Primitives
public import StateModel
internal import Transactions

/// Indexes that no domain owns: where a transaction is, what concerns a party, which events concern a topic.
///
/// Tables of domain `ledger`:
/// - 0: transaction hash → height ‖ index (8 bytes each)
/// - 1: party ‖ height ‖ index → transaction hash: what `account_transactions` lists
/// - 2: topic ‖ height ‖ ordinal → nothing: events by topic; `ordinal` counts the block's events from 0
/// - 3: height ‖ ordinal → key of the accused validator: evidence of misbehavior; `ordinal` counts the block's pieces
///   from 0
public enum LedgerIndexes {
    public static func transaction(_ hash: Hash) -> IndexKey { IndexKey(.ledger, 0).appending(hash.bytes) }

    public static func transactions(of party: Party) -> IndexKey { IndexKey(.ledger, 1).appending(party) }

    public static func events(about topic: Topic) -> IndexKey {
        let table = IndexKey(.ledger, 2)
        return switch topic {
        case .party(let party): table.appending(byte: 0).appending(party)
        case .inft(let id): table.appending(byte: 1).appending(id.bytes)
        case .license(let id): table.appending(byte: 2).appending(id.bytes)
        case .consent(let id): table.appending(byte: 3).appending(id.bytes)
        case .offer(let id): table.appending(byte: 4).appending(id.bytes)
        case .asset(let id): table.appending(byte: 5).appending(id.bytes)
        }
    }

    public static let evidence = IndexKey(.ledger, 3)

    /// Two big-endian numbers at the end of a key or in a value.
    public static func position(in bytes: [UInt8]) -> (height: Height, index: UInt64)? {
        guard bytes.count >= 16 else { return nil }
        func number(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return (Height(number(bytes.count - 16)), number(bytes.count - 8))
    }

    /// Entries that come from the block itself.
    static func entries(
        of run: BlockRun, transactions: [VerifiedTransaction], accused: [Address?]
    ) -> [IndexEntry] {
        let height = run.block.height.value
        var entries: [IndexEntry] = accused.enumerated().map { ordinal, key in
            IndexEntry(evidence.appending(height).appending(UInt64(ordinal)), value: key?.bytes.array ?? [])
        }
        var ordinal: UInt64 = 0
        for (index, raised) in run.events {
            var parties: Set<Party> = []
            if let index {
                let body = transactions[index].body
                parties.formUnion(transactions[index].signed.signatures.map { .account($0.account) })
                if let organization = body.actingFor { parties.insert(.organization(organization)) }
            }
            for event in raised {
                for topic in Set(event.topics) {
                    entries.append(IndexEntry(events(about: topic).appending(height).appending(ordinal)))
                    if case .party(let party) = topic { parties.insert(party) }
                }
                ordinal += 1
            }
            guard let index else { continue }
            let hash = transactions[index].hash
            let position = bytes(of: height) + bytes(of: UInt64(index))
            entries.append(IndexEntry(transaction(hash), value: position))
            for party in parties {
                let key = self.transactions(of: party).appending(height).appending(UInt64(index))
                entries.append(IndexEntry(key, value: hash.bytes.array))
            }
        }
        return entries
    }

    private static func bytes(of number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }

    /// What the change of state records means for the domains' indexes: entries that go, then entries that come. Sorted
    /// by key, one line per key.
    static func changes(
        of records: [(key: StateKey, value: [UInt8]?)], before base: any StateReader, adding entries: [IndexEntry]
    ) throws(StateFailure) -> [IndexWrite] {
        var changes: [IndexKey: [UInt8]?] = [:]
        for (key, value) in records {
            let old = try base.read(key)
            do throws(EncodingFailure) {
                let gone =
                    try old.map { (old) throws(EncodingFailure) in
                        try DomainDispatch.indexEntries(key: key, record: old)
                    } ?? []
                let come =
                    try value.map { (value) throws(EncodingFailure) in
                        try DomainDispatch.indexEntries(key: key, record: value)
                    } ?? []
                // Most changes of a record leave its entries as they are.
                if gone == come { continue }
                for entry in gone where changes[entry.key] == nil { changes[entry.key] = .some(nil) }
                for entry in come { changes[entry.key] = .some(entry.value) }
            } catch {
                throw StateFailure("the record under \(Hexadecimal.encode(key.bytes)) does not decode: \(error)")
            }
        }
        for entry in entries { changes[entry.key] = .some(entry.value) }
        return changes.map { IndexWrite($0.key, $0.value) }.sorted { $0.key < $1.key }
    }
}
