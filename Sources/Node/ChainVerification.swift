internal import Blocks
internal import Cryptography
internal import Encoding
internal import Execution
internal import NIOCore
package import Primitives
internal import Revenue
internal import StateModel
internal import Storage
internal import Transactions
internal import Votes

/// `mednexusd verify`: replays the whole chain from genesis in memory and compares it with what is stored. The replayed
/// state is in memory once: about as many bytes as the file of the stored state has. Of a pruned chain,
/// ``verifyPruned(_:from:progress:)``.
package enum ChainVerification {
    package struct Report: Sendable {
        package let height: Height
        package let blockHash: Hash
        package let stateRoot: Hash
        package let transactions: Int
        package let certificates: Int
        package let entries: Int
        package let assets: Int
        /// What could be checked of a chain that was pruned; nil if all of it was replayed.
        package var pruned: Pruned?

        package struct Pruned: Sendable {
            package let lowestBlock: Height
            package let headers: UInt64
            /// Blocks of which not even the header is here, since the node began with a snapshot.
            package let gaps: UInt64
            /// Certificates by sets that the kept hops do not lead to.
            package let unknownSets: Int
        }

        package var lines: [String] { pruned.map { lines($0) } ?? whole }

        private var whole: [String] {
            [
                "Verified \(height.value + 1) blocks with \(transactions) transactions: hashes, \(certificates)"
                    + " certificates, signatures, receipts, roots.",
                "State of \(entries) entries equals its root; \(assets) assets add up to what was issued.",
                "Head \(height) \(blockHash), state root \(stateRoot)",
            ]
        }

        private func lines(_ pruned: Pruned) -> [String] {
            var lines = [
                pruned.gaps > 0
                    ? "The node began with a snapshot: \(pruned.gaps) blocks before it were never here."
                    : "The blocks below \(pruned.lowestBlock) were pruned: the chain can't be replayed from genesis.",
                "Checked \(pruned.headers) headers: hashes, parents, epochs, \(certificates) certificates.",
                "Checked \(height.value + 1 - pruned.lowestBlock.value) whole blocks with \(transactions) transactions:"
                    + " roots, signatures, receipts.",
                "State of \(entries) entries equals its root; \(assets) assets add up to what was issued.",
                "Not checked: what the pruned blocks did, and whether the kept ones do what their receipts say.",
                "Head \(height) \(blockHash), state root \(stateRoot)",
            ]
            if pruned.unknownSets > 0 {
                lines.insert(
                    "Not checked: \(pruned.unknownSets) certificates by validators to whom no hop leads.", at: 4)
            }
            return lines
        }
    }

    package static func run(
        home nodeHome: NodeHome, progress: @Sendable (Height, Height) throws -> Void
    ) async throws -> Report {
        do {
            return try verify(nodeHome, progress: progress)
        } catch let failure as NodeFailure {
            throw failure
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            throw NodeFailure(.corruption, "\(error)")
        }
    }

    private static func verify(_ nodeHome: NodeHome, progress: (Height, Height) throws -> Void) throws -> Report {
        guard nodeHome.hasLedger else {
            throw NodeFailure(
                .configuration, "\(nodeHome.path) holds no ledger",
                hint: "Name the home of a node that ran, such as DEVNET/node-a.")
        }
        var options = StateStoreOptions()
        // Nobody writes meanwhile, and a large state takes longer than a node lets anyone read.
        options.snapshotAge = .seconds(7 * 86_400)
        try StoreExamination.run(in: nodeHome.storageDirectory)
        let ledger = try Ledger.open(nodeHome, mapGibibytes: 64, options: options)
        guard let tip = ledger.log.tip else { throw NodeFailure(.corruption, "the log is empty") }
        let lowest = try ledger.log.lowestBlock() ?? tip.height.next
        if lowest > .genesis { return try verifyPruned(ledger, from: lowest, progress: progress) }
        let (genesis, _) = try Ledger.genesisBlock(ledger.genesis)
        guard try ledger.block(at: .genesis).block == genesis else {
            throw NodeFailure(.corruption, "block 0 is not the genesis block of genesis.json")
        }
        var replay = try ChainReplay(ledger, through: tip.height, threads: System.coreCount)
        var transactions = 0
        var certificates = 0
        var isCovered = true
        while let next = try replay.next() {
            isCovered = try check(next.certificate, of: next.block, state: replay.state)
            certificates += isCovered ? 1 : 0
            let executed = try replay.execute(next)
            guard try ledger.log.receipts(at: replay.head.height) == executed.receipts.encoded else {
                throw NodeFailure(.corruption, "the receipts of block \(replay.head.height) are not its own")
            }
            transactions += executed.transactions.count
            try progress(replay.head.height, tip.height)
        }
        guard isCovered else {
            throw NodeFailure(.corruption, "no certificate covers the head, block \(replay.head.height)")
        }
        return try compare(
            ledger, replay.head, replayed: replay.state, transactions: transactions, certificates: certificates)
    }

    /// False if the block has none of its own; then a later one must cover it.
    private static func check(
        _ certificate: Certificate?, of block: Block, state: LayeredSnapshot
    ) throws -> Bool {
        guard let certificate else { return false }
        let set = try GenesisExecutor.validatorSet(in: state)
        guard block.header.isFinal(by: certificate, of: set) else {
            throw NodeFailure(.corruption, "the certificate of block \(block.header.height) proves nothing")
        }
        return true
    }

    /// The stored state, entry by entry, against the replayed one; and every asset recounted from all records.
    private static func compare(
        _ ledger: Ledger, _ head: BlockHeader, replayed: LayeredSnapshot, transactions: Int, certificates: Int
    ) throws -> Report {
        let stored = try ledger.state.snapshot()
        guard stored.root == replayed.root, head.stateRoot == replayed.root else {
            throw NodeFailure(.corruption, "the stored state has another root than the replayed chain")
        }
        var count = 0
        var own = EntryWalk(stored)
        var other = EntryWalk(replayed)
        while true {
            let (entry, expected) = (try own.next(), try other.next())
            guard entry == expected else {
                let path = entry?.path ?? expected?.path ?? .zero
                throw NodeFailure(.corruption, "the stored state differs from the replayed one at \(path)")
            }
            if entry == nil { break }
            count += 1
        }
        return Report(
            height: head.height, blockHash: head.hash, stateRoot: replayed.root, transactions: transactions,
            certificates: certificates, entries: count, assets: try recount(stored))
    }

    /// Every asset against all records of the state; how many there are.
    static func recount(_ stored: LayeredSnapshot) throws -> Int {
        var walk = EntryWalk(stored)
        let findings = try Conservation.recompute { () throws(StateFailure) in
            try walk.next().map { ($0.key, $0.value) }
        }
        if let finding = findings.first(where: { !$0.problem.isEmpty }) {
            throw NodeFailure(.corruption, "asset \(finding.asset): \(finding.problem)")
        }
        return findings.count
    }
}

/// All entries of a state in the order of their paths, a page at a time in memory.
struct EntryWalk {
    private let snapshot: LayeredSnapshot
    private var page: ArraySlice<StateEntry> = []
    private var from: Bytes32? = .zero
    private static let pageEntries = 4096

    init(_ snapshot: LayeredSnapshot) { self.snapshot = snapshot }

    /// Nil behind the last.
    mutating func next() throws(StateFailure) -> StateEntry? {
        if page.isEmpty, let path = from {
            page = try snapshot.entries(atOrAfter: path, limit: Self.pageEntries)[...]
            from = page.count == Self.pageEntries ? page.last?.path.successor : nil
        }
        return page.popFirst()
    }
}

extension Bytes32 {
    /// The next larger value; nil at the largest.
    fileprivate var successor: Bytes32? {
        var bytes = array
        for index in bytes.indices.reversed() {
            bytes[index] &+= 1
            if bytes[index] != 0 { return Bytes32(bytes) }
        }
        return nil
    }
}
