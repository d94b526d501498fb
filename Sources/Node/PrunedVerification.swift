internal import Blocks
internal import Encoding
internal import Execution
internal import Primitives
internal import StateModel
internal import Storage
internal import Transactions
internal import Votes

// What `mednexusd verify` can tell of a home that keeps the last blocks only.
extension ChainVerification {
    /// Every header against its hash, its parent and its certificate, as far as the set that signed is known; the kept
    /// blocks against their headers; the stored state against the head's root.
    static func verifyPruned(
        _ ledger: Ledger, from lowest: Height, progress: (Height, Height) throws -> Void
    ) throws -> Report {
        guard let tip = ledger.log.tip else { throw NodeFailure(.corruption, "the log is empty") }
        let stored = try ledger.state.snapshot()
        let (genesis, first) = try Ledger.genesisBlock(ledger.genesis)
        guard try ledger.header(at: .genesis).header == genesis.header else {
            throw NodeFailure(.corruption, "block 0 is not the genesis block of genesis.json")
        }
        let sets = [
            try GenesisExecutor.validatorSet(in: LayeredSnapshot(EmptySnapshot()).adding(first)),
            try GenesisExecutor.validatorSet(in: stored),
        ]
        var counts = Counts()
        var parent = genesis.header
        while parent.height < tip.height {
            let (header, certificate) = try ledger.header(at: parent.height.next)
            try check(header, on: parent, ledger)
            try check(certificate, of: header, by: sets, ledger.network, &counts)
            if header.height >= lowest { try check(try ledger.block(at: header.height).block, header, ledger, &counts) }
            parent = header
            try progress(header.height, tip.height)
        }
        guard counts.isHeadCovered else {
            throw NodeFailure(.corruption, "no certificate covers the head, block \(parent.height)")
        }
        guard stored.root == parent.stateRoot else {
            throw NodeFailure(.corruption, "the stored state has another root than the head")
        }
        var entries: [(key: StateKey, value: [UInt8]?)] = []
        var walk = EntryWalk(stored)
        while let entry = try walk.next() { entries.append((entry.key, entry.value)) }
        let rebuilt = try TrieUpdate.update(.zero, changes: entries, pages: EmptySnapshot(), leaves: EmptySnapshot())
        guard rebuilt.root == parent.stateRoot else {
            throw NodeFailure(.corruption, "the stored entries do not hash to the state root")
        }
        return Report(
            height: parent.height, blockHash: parent.hash, stateRoot: parent.stateRoot,
            transactions: counts.transactions, certificates: counts.certificates, entries: entries.count,
            assets: try recount(stored),
            pruned: Report.Pruned(lowestBlock: lowest, unknownSets: counts.unknownSets))
    }

    private struct Counts {
        var transactions = 0
        var certificates = 0
        var unknownSets = 0
        /// The last block seen has a certificate that was checked.
        var isHeadCovered = true
    }

    private static func check(_ header: BlockHeader, on parent: BlockHeader, _ ledger: Ledger) throws {
        guard header.network == ledger.network, header.height == parent.height.next, header.parent == parent.hash,
            header.time > parent.time, header.epoch >= parent.epoch,
            try ledger.log.header(at: header.height)?.hash == header.hash,
            try ledger.log.height(of: header.hash) == header.height
        else { throw NodeFailure(.corruption, "the header of block \(header.height) does not follow its parent's") }
    }

    private static func check(
        _ certificate: Certificate?, of header: BlockHeader, by sets: [ValidatorSet], _ network: Hash,
        _ counts: inout Counts
    ) throws {
        counts.isHeadCovered = false
        guard let certificate else { return }
        guard let set = sets.first(where: { $0.hash == header.validatorSet }) else {
            counts.unknownSets += 1
            return
        }
        guard certificate.kind == .finalize, certificate.blockHash == header.hash,
            certificate.epoch.value == header.epoch, certificate.isValid(network: network, by: set)
        else { throw NodeFailure(.corruption, "the certificate of block \(header.height) proves nothing") }
        counts.certificates += 1
        counts.isHeadCovered = true
    }

    private static func check(
        _ block: Block, _ header: BlockHeader, _ ledger: Ledger, _ counts: inout Counts
    ) throws {
        let height = header.height
        guard block.header == header, block.bodyMatchesHeader else {
            throw NodeFailure(.corruption, "the body of block \(height) is not its header's")
        }
        guard let bytes = try ledger.log.receipts(at: height),
            try BlockReceipts(decoding: bytes).root == header.receiptsRoot
        else { throw NodeFailure(.corruption, "the receipts of block \(height) are not its header's") }
        for transaction in block.transactions {
            let signed = try SignedTransaction(try RawTransaction(transaction))
            _ = try VerifiedTransaction(signed, network: ledger.network)
        }
        counts.transactions += block.transactions.count
    }
}
