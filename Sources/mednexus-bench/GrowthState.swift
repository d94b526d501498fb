import Blocks
import Cryptography
import Dispatch
import Encoding
import Execution
import Identities
import Interface
import Node
import Primitives
import Revenue
import StateModel
import Storage
import Synchronization

/// A state of as many entries as wanted: half of them accounts, half their balances, on top of the bench's genesis.
///
/// Only the first accounts have keys, since a key takes 40 µs to make; they are as many as ever pay. Addresses lie
/// evenly in the state's order, so an account with a key is like any other.
struct GrowthState {
    static let balance = Amount(1_000_000_000)
    /// More than the payments of all windows.
    private static let mostKeys = 250_000

    let entries: Int
    /// So many entries more, all in one place: the accounts of one vault.
    let crowded: Int
    let keys: [SecretKey]
    let genesis: Genesis
    let validator: SecretKey

    var accountCount: Int { entries / 2 }

    /// - Parameter hasShortEpochs: epochs of ten blocks, several a second without any load: a node that is started on it
    ///   soon takes a snapshot.
    init(entries: Int, isKeyed: Bool, hasShortEpochs: Bool = false, crowded: Int = 0) {
        self.entries = entries
        self.crowded = crowded
        validator = Workload.key(Workload.validatorSeed)
        let issuer = Workload.key(Bytes32(1, 2, 3, 1))
        genesis =
            hasShortEpochs
            ? Workload.genesis([issuer], [validator], epochLength: 10, heartbeatMilliseconds: 200)
            : Workload.genesis([issuer], [validator])
        keys = Self.keys(isKeyed ? min(entries / 2, Self.mostKeys) : 0)
    }

    private static func keys(_ count: Int) -> [SecretKey] {
        let parts = (count + 999) / 1000
        let made = MadeKeys(parts)
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            made.set(part, (part * 1000..<min(count, (part + 1) * 1000)).map { Workload.key(seed(of: $0)) })
        }
        return made.all
    }

    private static func seed(of account: Int) -> Bytes32 { Bytes32(4, 5, 6, UInt64(account + 1)) }

    func address(of account: Int) -> Address {
        account < keys.count ? keys[account].address : Address(SHA256.hash(Self.seed(of: account).array).bytes)
    }

    private func sponsor(of account: Int) -> Party { .organization(Workload.sponsor(account)) }

    /// Entry `number`: of even numbers an account, of odd ones its balance.
    private func record(_ number: Int) -> (key: StateKey, value: [UInt8]) {
        let account = number / 2
        let address = address(of: account)
        guard number % 2 == 0 else {
            // As many lines as accounts have that were used: from none to seven that fill no page yet.
            var balance = BalanceRecord(amount: Self.balance)
            for _ in 0..<account % StatementPage.lineCount { _ = balance.append(line(of: address)) }
            return (RevenueKeys.balance(.account(address), Workload.asset).key, balance.encoded)
        }
        let record = AccountRecord(
            kind: .researcher, sponsor: sponsor(of: account), createdAt: genesis.time, createdHeight: .genesis,
            sponsoredAt: genesis.time)
        return (IdentityKeys.account(address).key, record.encoded)
    }

    private func line(of address: Address) -> StatementEntry {
        StatementEntry(
            time: genesis.time, height: .genesis, transaction: Hash(address.bytes), kind: .transfer, isIncoming: true,
            amount: Self.balance, balanceAfter: Self.balance, counterpart: .party(.account(address)), reference: nil)
    }

    private static let crowdedVault = INFTID(SHA256.hash([9]).bytes)

    private func crowdedRecord(_ number: Int) -> (key: StateKey, value: [UInt8]) {
        let asset = AssetID(Bytes32(0, 0, 0, UInt64(number)))
        return (
            RevenueKeys.account(Self.crowdedVault, asset).key,
            VaultAccount(activeShare: .zero, nextBinding: nil).encoded
        )
    }

    /// The genesis's own entries, with the sums that all the others make.
    private func foundation(_ layer: StateLayer) -> [(key: StateKey, value: [UInt8])] {
        let sum = Amount(UInt64(accountCount) * Self.balance.units)
        let totals = RevenueKeys.totals(Workload.asset).key
        return layer.state.compactMap { write in
            if write.key == totals { return (write.key, AssetTotals(issued: sum, balances: sum).encoded) }
            return write.value.map { (write.key, $0) }
        }
    }

    /// Makes the home of a node whose block 1 has this state.
    func build(_ home: NodeHome, progress: (String) -> Void) throws {
        let text = try JSONValueEncoder.encode(genesis, networkKind: .test).text
        try home.create(genesis: text, validatorKey: SecretKeyBytes(Workload.validatorSeed), history: .unused)
        let (block, layer) = try Ledger.genesisBlock(genesis)
        let store = try Home.create(home.storageDirectory, network: genesis.hash)
        var options = StateBuilderOptions()
        options.mapBytes = GrowthBench.mapBytes
        let builder = try StateBuilder(in: store, source: genesis.hash, options: options)
        try append(to: builder, foundation(layer), progress)
        let root = try builder.finish(
            height: Height(1), root: nil,
            index: { (entry) throws(StateFailure) in try DomainDispatch.indexEntries(of: entry) },
            progress: { progress("\($0) entries in the trie") })
        let log = try BlockLog(in: store, mapBytes: GrowthBench.mapBytes)
        let empty = BlockReceipts(due: Receipt(transactionHash: .zero, weight: 0, events: []), transactions: [])
        try log.append(Ledger.entry(block, certificate: nil, receipts: empty))
        let header = BlockHeader(
            network: genesis.hash, height: Height(1), parent: block.hash,
            time: Timestamp(genesis.time.milliseconds + 1000), epoch: 0, proposer: 0,
            validatorSet: block.header.validatorSet, transactionsRoot: Block.transactionsRoot(of: []),
            receiptsRoot: empty.root, evidenceRoot: Block.evidenceRoot(of: []), stateRoot: root)
        let first = Block(header: header, transactions: [], evidence: [])
        try log.append(Ledger.entry(first, certificate: nil, receipts: empty))
    }

    /// All entries in the order of the state. Sorted are 16 bytes of each; the records are made as they are due.
    private func append(
        to builder: StateBuilder, _ foundation: [(key: StateKey, value: [UInt8])], _ progress: (String) -> Void
    ) throws {
        struct Place {
            let word: UInt64
            let number: Int
        }
        func entry(_ number: Int) -> (key: StateKey, value: [UInt8]) {
            if number < 2 * accountCount { return record(number) }
            let further = number - 2 * accountCount
            return further < foundation.count ? foundation[further] : crowdedRecord(further - foundation.count)
        }
        var places = (0..<2 * accountCount + foundation.count + crowded).map { number in
            Place(word: StateTrie.path(of: entry(number).key).firstWord, number: number)
        }
        places.sort { $0.word < $1.word }
        progress("\(places.count) entries sorted")
        for start in stride(from: 0, to: places.count, by: 50_000) {
            try builder.append(
                places[start..<min(start + 50_000, places.count)].map { place in
                    let (key, value) = entry(place.number)
                    return StateEntry(path: StateTrie.path(of: key), key: key, value: value)
                })
        }
        progress("\(places.count) entries written")
    }
}

/// What several threads make, in the order of their parts.
private final class MadeKeys: Sendable {
    private let parts: Mutex<[[SecretKey]]>

    init(_ count: Int) { parts = Mutex(Array(repeating: [], count: count)) }

    func set(_ part: Int, _ keys: [SecretKey]) { parts.withLock { $0[part] = keys } }
    var all: [SecretKey] { parts.withLock { $0.flatMap { $0 } } }
}
