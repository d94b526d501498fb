public import Blocks
internal import Encoding
public import Primitives
public import StateModel
internal import Transactions

/// Indexes that no domain owns: where a transaction is, what concerns a party, who misbehaved.
///
/// Tables of domain `ledger`:
/// - 0: transaction hash → height ‖ index (8 bytes each)
/// - 1: party ‖ height ‖ index → transaction hash: what `account_transactions` lists
/// - 2: height ‖ ordinal → key of the accused validator: evidence of misbehavior; `ordinal` counts the block's pieces
///   from 0
public enum LedgerIndexes {
    public static func transaction(_ hash: Hash) -> IndexKey { IndexKey(.ledger, 0).appending(hash.bytes) }

    public static func transactions(of party: Party) -> IndexKey { IndexKey(.ledger, 1).appending(party) }

    public static let evidence = IndexKey(.ledger, 2)

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
        entries(
            height: run.block.height, transactions: transactions.map { IndexedTransaction($0.signed) },
            events: run.events, accused: accused)
    }

    /// The same of a block in the log: what `reindex` makes anew.
    ///
    /// - Parameter accused: the keys that the block's evidence accuses, in its order; nil where one is not known.
    public static func entries(
        of block: Block, receipts: BlockReceipts, accused: [Address?]
    ) throws(StateFailure) -> [IndexEntry] {
        let height = block.header.height
        guard block.transactions.count == receipts.transactions.count else {
            throw StateFailure("block \(height) has receipts of another number of transactions")
        }
        do throws(EncodingFailure) {
            var transactions: [IndexedTransaction] = []
            var raised: [(transaction: Int?, events: [any LedgerEvent])] = [(nil, try events(of: receipts.due))]
            for (index, bytes) in block.transactions.enumerated() {
                do throws(Rejection) {
                    transactions.append(IndexedTransaction(try SignedTransaction(try RawTransaction(bytes))))
                } catch {
                    throw EncodingFailure(.wrongType, at: 0, field: "transaction \(index)")
                }
                raised.append((index, try events(of: receipts.transactions[index])))
            }
            return entries(height: height, transactions: transactions, events: raised, accused: accused)
        } catch {
            throw StateFailure("block \(height) does not decode: \(error)")
        }
    }

    private static func events(of receipt: Receipt) throws(EncodingFailure) -> [any LedgerEvent] {
        var events: [any LedgerEvent] = []
        for record in receipt.events { events.append(try DomainDispatch.event(record)) }
        return events
    }

    /// Of a transaction, what its entries are made of.
    private struct IndexedTransaction {
        let hash: Hash
        /// The sender, and the keys that signed beside its own. Which accounts they spoke for the block alone does not tell.
        let signers: [Address]
        let actingFor: OrganizationID?

        init(_ signed: SignedTransaction) {
            hash = signed.hash
            signers = signed.signatures.map(\.account) + [signed.body.sender]
            actingFor = signed.body.actingFor
        }
    }

    private static func entries(
        height: Height, transactions: [IndexedTransaction],
        events raised: [(transaction: Int?, events: [any LedgerEvent])], accused: [Address?]
    ) -> [IndexEntry] {
        let height = height.value
        var entries: [IndexEntry] = accused.enumerated().map { ordinal, key in
            IndexEntry(evidence.appending(height).appending(UInt64(ordinal)), value: key?.bytes.array ?? [])
        }
        for (index, raised) in raised {
            guard let index else { continue }
            var parties: [Party] = transactions[index].signers.map { .account($0) }
            if let organization = transactions[index].actingFor { parties.append(.organization(organization)) }
            for event in raised {
                for topic in event.topics {
                    if case .party(let party) = topic { parties.append(party) }
                }
            }
            let hash = transactions[index].hash
            let position = Self.position(height, UInt64(index))
            entries.append(IndexEntry(transaction(hash), value: position))
            for party in distinct(parties) {
                let key = self.transactions(of: party).appending(height).appending(UInt64(index))
                entries.append(IndexEntry(key, value: hash.bytes.array))
            }
        }
        return entries
    }

    /// Each once. Entries are sorted later, so the order can't be seen in them.
    private static func distinct(_ parties: [Party]) -> [Party] {
        // Most transactions concern a handful: to look through them is cheaper than to make a set.
        guard parties.count <= 16 else { return Array(Set(parties)) }
        var found: [Party] = []
        found.reserveCapacity(parties.count)
        for party in parties where !found.contains(party) { found.append(party) }
        return found
    }

    /// The block that a ledger entry is of; nil for entries of state records, and of tables that blocks alone don't
    /// give.
    public static func height(of entry: IndexEntry) -> Height? {
        guard let first = entry.key.bytes.first, first >> 4 == DomainNumber.ledger.rawValue else { return nil }
        switch first & 15 {
        case 0: return position(in: entry.value)?.height
        case 1, 2: return position(in: entry.key.bytes)?.height
        default: return nil
        }
    }

    private static func position(_ height: UInt64, _ index: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        unsafe withUnsafeBytes(of: (height.bigEndian, index.bigEndian)) { unsafe bytes.append(contentsOf: $0) }
        return bytes
    }

    /// What the change of state records means for the domains' indexes: entries that go, then entries that come. Sorted
    /// by key, one line per key.
    static func changes(of records: [StateChange], adding entries: [IndexEntry]) throws(StateFailure) -> [IndexWrite] {
        var gone: [IndexKey] = []
        var writes: [IndexWrite] = []
        writes.reserveCapacity(entries.count + 64)
        // By position: most are passed over, and an element taken out would have its arrays counted.
        for index in records.indices {
            if records[index].before != nil, records[index].after != nil,
                DomainDispatch.indexesFollowKey(records[index].key)
            {
                continue
            }
            let record = records[index]
            do throws(EncodingFailure) {
                let old = try indexEntries(record.key, record.before)
                let new = try indexEntries(record.key, record.after)
                // Most changes of a record leave its entries as they are.
                if old == new { continue }
                for entry in old { gone.append(entry.key) }
                for entry in new { writes.append(IndexWrite(entry.key, entry.value)) }
            } catch {
                throw StateFailure(
                    "the record under \(Hexadecimal.encode(record.key.bytes)) does not decode: \(error)")
            }
        }
        for entry in entries { writes.append(IndexWrite(entry.key, entry.value)) }
        // What comes stands against what goes, wherever it comes from.
        return IndexWrite.lastOfEach(gone.isEmpty ? writes : gone.map { IndexWrite($0, nil) } + writes)
    }

    private static func indexEntries(_ key: StateKey, _ record: [UInt8]?) throws(EncodingFailure) -> [IndexEntry] {
        guard let record else { return [] }
        return try DomainDispatch.indexEntries(key: key, record: record)
    }
}
