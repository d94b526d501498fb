internal import Blocks
internal import Encoding
internal import Execution
internal import Governance
internal import Primitives
internal import Proofs
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
        let genesis = try Ledger.genesisBlock(ledger.genesis).block
        guard try ledger.header(at: .genesis).header == genesis.header else {
            throw NodeFailure(.corruption, "block 0 is not the genesis block of genesis.json")
        }
        let sets = try sets(ledger, genesis.header)
        var counts = Counts()
        var parent = genesis.header
        while parent.height < tip.height, let next = try ledger.log.nextHeader(from: parent.height.next) {
            let (header, certificate) = try ledger.header(at: next)
            if next == parent.height.next {
                try check(header, on: parent, ledger)
            } else {
                counts.gaps += next.value - parent.height.value - 1
            }
            try check(certificate, of: header, by: sets, &counts)
            if header.height >= lowest { try check(try ledger.block(at: header.height).block, header, ledger, &counts) }
            counts.headers += 1
            parent = header
            try progress(header.height, tip.height)
        }
        guard counts.isHeadCovered else {
            throw NodeFailure(.corruption, "no certificate covers the head, block \(parent.height)")
        }
        guard stored.root == parent.stateRoot else {
            throw NodeFailure(.corruption, "the stored state has another root than the head")
        }
        var builder = TrieBuilder()
        var walk = EntryWalk(stored)
        var entries = 0
        while let entry = try walk.next() {
            let leaf = StateTrie.leaf(path: entry.path, value: entry.value).bytes
            guard leaf == entry.leaf else {
                throw NodeFailure(.corruption, "the entry at \(entry.path) is stored with another leaf than its own")
            }
            try builder.append(TrieLeaf(path: entry.path, hash: leaf))
            _ = builder.takePages()
            entries += 1
        }
        guard builder.finish() == parent.stateRoot else {
            throw NodeFailure(.corruption, "the stored entries do not hash to the state root")
        }
        return Report(
            height: parent.height, blockHash: parent.hash, stateRoot: parent.stateRoot,
            transactions: counts.transactions, certificates: counts.certificates, entries: entries,
            assets: try recount(stored),
            pruned: Report.Pruned(
                lowestBlock: lowest, headers: counts.headers, gaps: counts.gaps, unknownSets: counts.unknownSets))
    }

    /// The sets that the hops lead to, each proven by the one before it.
    private static func sets(_ ledger: Ledger, _ genesis: BlockHeader) throws -> [Hash: ValidatorSet] {
        var sets: [Hash: ValidatorSet] = [:]
        for (height, bytes) in try ledger.log.hops(in: 0..<UInt64.max, limit: .max) {
            let hop = try ValidatorSetHop(decoding: bytes)
            if height > .genesis, let certificate = hop.certificate {
                guard let set = sets[hop.header.validatorSet] else { continue }
                guard hop.header.isFinal(by: certificate, of: set) else {
                    throw NodeFailure(.corruption, "the hop of block \(height) proves nothing")
                }
            } else {
                guard try hop.header == genesis || ledger.header(at: height).header == hop.header else {
                    throw NodeFailure(.corruption, "the hop of block \(height) is of another block")
                }
            }
            let set: ValidatorSet
            do throws(ProofFailure) {
                set = try hop.next()
            } catch {
                throw NodeFailure(.corruption, "the hop of block \(height): \(error)")
            }
            sets[set.hash] = set
        }
        return sets
    }

    private struct Counts {
        var headers: UInt64 = 1
        /// Blocks between two headers, of which nothing is here.
        var gaps: UInt64 = 0
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
        _ certificate: Certificate?, of header: BlockHeader, by sets: [Hash: ValidatorSet],
        _ counts: inout Counts
    ) throws {
        counts.isHeadCovered = false
        guard let certificate else { return }
        guard let set = sets[header.validatorSet] else {
            counts.unknownSets += 1
            return
        }
        guard header.isFinal(by: certificate, of: set) else {
            throw NodeFailure(.corruption, "the certificate of block \(header.height) proves nothing")
        }
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
