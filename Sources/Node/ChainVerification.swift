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
        package let entries: Int
        package let assets: Int

        package var lines: [String] {
            [
                "Verified \(height.value + 1) blocks with \(transactions) transactions: hashes, certificates,"
                    + " signatures, receipts, roots.",
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
        let ledger = try Ledger.open(nodeHome, mapGibibytes: 64)
        guard let tip = ledger.log.tip else { throw NodeFailure(.corruption, "the log is empty") }
        let (genesis, first) = try Ledger.genesisBlock(ledger.genesis)
        guard try ledger.block(at: .genesis).block == genesis else {
            throw NodeFailure(.corruption, "block 0 is not the genesis block of genesis.json")
        }
        var parent = genesis.header
        var state = LayeredSnapshot(EmptySnapshot()).adding(first)
        var pending = first
        var transactions = 0
        while parent.height < tip.height {
            let (block, certificate) = try ledger.block(at: parent.height.next)
            try check(certificate, of: block, state: state, network: ledger.network)
            let executed = try Ledger.execute(
                block, on: parent, state: state, networkKind: ledger.networkKind, signatures: .verified)
            guard try ledger.log.receipts(at: block.header.height) == executed.receipts.encoded else {
                throw NodeFailure(.corruption, "the receipts of block \(block.header.height) are not its own")
            }
            transactions += executed.transactions.count
            // One layer for the past, so that reads stay two steps deep.
            pending = StateLayer.merging(older: pending, newer: executed.layer)
            state = LayeredSnapshot(EmptySnapshot()).adding(pending)
            parent = block.header
            progress(parent.height, tip.height)
        }
        return try compare(ledger, parent, root: state.root, transactions: transactions)
    }

    private static func check(
        _ certificate: Certificate?, of block: Block, state: LayeredSnapshot, network: Hash
    ) throws {
        guard let certificate else { return }
        let set = try GenesisExecutor.validatorSet(in: state)
        guard certificate.kind == .finalize, certificate.blockHash == block.hash,
            certificate.epoch.value == block.header.epoch, certificate.isValid(network: network, by: set)
        else { throw NodeFailure(.corruption, "the certificate of block \(block.header.height) proves nothing") }
    }

    /// The stored state, entry by entry, against the replayed root; and every asset recounted from all records.
    private static func compare(
        _ ledger: Ledger, _ head: BlockHeader, root: Hash, transactions: Int
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
