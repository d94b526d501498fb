internal import Blocks
internal import Cryptography
internal import Encoding
internal import Execution
package import Primitives
internal import Revenue
internal import StateModel
internal import Storage
internal import Transactions
internal import Votes

/// `mednexusd verify`: replays the whole chain from genesis in memory and compares it with what is stored.
package enum ChainVerification {
    package struct Report: Sendable {
        package let height: Height
        package let blockHash: Hash
        package let stateRoot: Hash
        package let transactions: Int
        package let certificates: Int
        package let entries: Int
        package let assets: Int

        package var lines: [String] {
            [
                "Verified \(height.value + 1) blocks with \(transactions) transactions: hashes, \(certificates)"
                    + " certificates, signatures, receipts, roots.",
                "State of \(entries) entries equals its root; \(assets) assets add up to what was issued.",
                "Head \(height) \(blockHash), state root \(stateRoot)",
            ]
        }
    }

    package static func run(
        home nodeHome: NodeHome, progress: @Sendable (Height, Height) -> Void
    ) async throws -> Report {
        do {
            return try verify(nodeHome, progress: progress)
        } catch let failure as NodeFailure {
            throw failure
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        } catch {
            throw NodeFailure(.corruption, "\(error)")
        }
    }

    private static func verify(_ nodeHome: NodeHome, progress: (Height, Height) -> Void) throws -> Report {
        guard nodeHome.hasLedger else {
            throw NodeFailure(
                .configuration, "\(nodeHome.path) holds no ledger",
                hint: "Name the home of a node that ran, such as DEVNET/node-a.")
        }
        let ledger = try Ledger.open(nodeHome, mapGibibytes: 64)
        guard let tip = ledger.log.tip else { throw NodeFailure(.corruption, "the log is empty") }
        let (genesis, first) = try Ledger.genesisBlock(ledger.genesis)
        guard try ledger.block(at: .genesis).block == genesis else {
            throw NodeFailure(.corruption, "block 0 is not the genesis block of genesis.json")
        }
        var parent = genesis.header
        var state = LayeredSnapshot(EmptySnapshot()).adding(first)
        var layers = [first]
        var transactions = 0
        var certificates = 0
        var isCovered = true
        while parent.height < tip.height {
            let (block, certificate) = try ledger.block(at: parent.height.next)
            isCovered = try check(certificate, of: block, state: state, network: ledger.network)
            certificates += isCovered ? 1 : 0
            let executed = try Ledger.execute(
                block, on: parent, state: state, networkKind: ledger.networkKind, signatures: .verified)
            guard try ledger.log.receipts(at: block.header.height) == executed.receipts.encoded else {
                throw NodeFailure(.corruption, "the receipts of block \(block.header.height) are not its own")
            }
            transactions += executed.transactions.count
            append(executed.layer, to: &layers)
            state = LayeredSnapshot(EmptySnapshot(), layersNewestFirst: layers)
            parent = block.header
            progress(parent.height, tip.height)
        }
        guard isCovered else {
            throw NodeFailure(.corruption, "no certificate covers the head, block \(parent.height)")
        }
        return try compare(
            ledger, parent, root: state.root, transactions: transactions, certificates: certificates)
    }

    /// Newest first, each at least twice as large as the one before it: reads stay few steps deep, and no entry is copied
    /// more often than the logarithm of their number.
    private static func append(_ layer: StateLayer, to layers: inout [StateLayer]) {
        layers.insert(layer, at: 0)
        while layers.count > 1, layers[0].byteCount * 2 > layers[1].byteCount {
            let newer = layers.removeFirst()
            layers[0] = StateLayer.merging(older: layers[0], newer: newer)
        }
    }

    /// False if the block has none of its own; then a later one must cover it.
    private static func check(
        _ certificate: Certificate?, of block: Block, state: LayeredSnapshot, network: Hash
    ) throws -> Bool {
        guard let certificate else { return false }
        let set = try GenesisExecutor.validatorSet(in: state)
        guard certificate.kind == .finalize, certificate.blockHash == block.hash,
            certificate.epoch.value == block.header.epoch, certificate.isValid(network: network, by: set)
        else { throw NodeFailure(.corruption, "the certificate of block \(block.header.height) proves nothing") }
        return true
    }

    /// The stored state, entry by entry, against the replayed root; and every asset recounted from all records.
    private static func compare(
        _ ledger: Ledger, _ head: BlockHeader, root: Hash, transactions: Int, certificates: Int
    ) throws -> Report {
        let stored = try ledger.state.snapshot()
        guard stored.root == root, head.stateRoot == root else {
            throw NodeFailure(.corruption, "the stored state has another root than the replayed chain")
        }
        var entries: [(key: StateKey, value: [UInt8]?)] = []
        var next: Bytes32? = .zero
        while let path = next {
            let page = try stored.entries(atOrAfter: path, limit: 4096)
            entries += page.map { ($0.key, .some($0.value)) }
            next = page.count == 4096 ? page.last?.path.successor : nil
        }
        let rebuilt = try TrieUpdate.update(.zero, changes: entries, pages: EmptySnapshot(), leaves: EmptySnapshot())
        guard rebuilt.root == root else {
            throw NodeFailure(.corruption, "the stored entries do not hash to the state root")
        }
        var position = 0
        let findings = try Conservation.recompute { () throws(StateFailure) in
            guard position < entries.count, let value = entries[position].value else { return nil }
            position += 1
            return (entries[position - 1].key, value)
        }
        if let finding = findings.first(where: { !$0.problem.isEmpty }) {
            throw NodeFailure(.corruption, "asset \(finding.asset): \(finding.problem)")
        }
        return Report(
            height: head.height, blockHash: head.hash, stateRoot: root, transactions: transactions,
            certificates: certificates,
            entries: entries.count, assets: findings.count)
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
