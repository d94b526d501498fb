internal import Blocks
internal import Encoding
internal import Execution
internal import Governance
package import Primitives
internal import Proofs
internal import StateModel
package import Storage
internal import Votes

/// `mednexusd reindex`: makes the indexes anew from the state's records and the log's blocks, or tells whether they are
/// what those imply.
package enum Reindexing {
    package struct Report: Sendable {
        /// The block whose state and indexes are on disk; those of later ones are made at the next start.
        package let height: Height
        package let difference: IndexDifference
        /// The first block whose body is here; entries of earlier ones are kept as they are.
        package let firstBlock: Height

        package var lines: [String] {
            var lines = ["\(difference.expected) index entries as of block \(height)."]
            if difference.kept > 0 {
                lines.append("\(difference.kept) entries are kept as they were: what they come from was pruned.")
            }
            return lines
        }

        package var isClean: Bool { difference.isNone }

        package var found: String {
            "\(difference.missing) missing, \(difference.wrong) wrong, \(difference.surplus) that nothing implies"
        }
    }

    /// - Parameter isRepairing: false only compares.
    /// - Throws: ``NodeFailure``; `homeInUse` while the node runs.
    package static func run(
        home nodeHome: NodeHome, isRepairing: Bool, progress: (String) -> Void
    ) throws -> Report {
        guard nodeHome.hasLedger else {
            throw NodeFailure(
                .configuration, "\(nodeHome.path) holds no ledger", hint: "Name the home of a node that ran.")
        }
        do {
            return try reindex(nodeHome, isRepairing, progress)
        } catch let failure as NodeFailure {
            throw failure
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        } catch {
            throw NodeFailure(.corruption, "\(error)")
        }
    }

    private static func reindex(
        _ nodeHome: NodeHome, _ isRepairing: Bool, _ progress: (String) -> Void
    ) throws -> Report {
        let genesis = try nodeHome.genesis()
        let home = try Home.open(nodeHome.storageDirectory, network: genesis.hash)
        let log = try BlockLog(in: home)
        let (_, layer) = try Ledger.genesisBlock(genesis)
        let founders = try GenesisExecutor.validatorSet(in: LayeredSnapshot(EmptySnapshot()).adding(layer))
        var sets = [founders.hash: founders]
        for (height, bytes) in try log.hops(in: 0..<UInt64.max, limit: .max) {
            do {
                if let set = try ValidatorSetHop(decoding: bytes).record.set { sets[set.hash] = set }
            } catch {
                throw NodeFailure(.corruption, "the hop of block \(height) does not decode: \(error)")
            }
        }
        let known = sets
        guard let rebuild = try IndexRebuild(in: home) else {
            throw NodeFailure(
                .configuration, "\(nodeHome.path) has no checkpoint of the state yet",
                hint: "Start the node: it makes state and indexes from its log.")
        }
        let first = try firstBlock(log, upTo: rebuild.height)
        let difference = try rebuild.run(
            isRepairing: isRepairing,
            index: { (entry) throws(StateFailure) in try DomainDispatch.indexEntries(of: entry) },
            more: { add in
                guard first <= rebuild.height else { return }
                for number in first.value...rebuild.height.value {
                    let (block, receipts) = try parts(log, Height(number))
                    let accused = try accused(in: block, sets: known, rebuild)
                    for entry in try LedgerIndexes.entries(of: block, receipts: receipts, accused: accused) {
                        try add(entry)
                    }
                    if number.isMultiple(of: 1000) { progress("block \(number) of \(rebuild.height)") }
                }
            },
            isKept: { entry in
                guard let height = LedgerIndexes.height(of: entry) else {
                    return entry.key.bytes.first.map { $0 >> 4 } == DomainNumber.ledger.rawValue
                }
                return height < first
            }, progress: { progress("\($0) state entries") })
        return Report(height: rebuild.height, difference: difference, firstBlock: first)
    }

    /// The keys that a block's evidence accuses. Evidence names a place in the block's set of validators; of a set that
    /// is gone with its epoch the index itself is what still says whose key it was.
    private static func accused(
        in block: Block, sets: [Hash: ValidatorSet], _ rebuild: IndexRebuild
    ) throws -> [Address?] {
        if let set = sets[block.header.validatorSet] { return block.evidence.map { set[$0.validator]?.key } }
        return try block.evidence.indices.map { ordinal in
            let key = LedgerIndexes.evidence.appending(block.header.height.value).appending(UInt64(ordinal))
            return try rebuild.stored(key).flatMap { Bytes32($0) }.map { Address($0) }
        }
    }

    private static func parts(_ log: BlockLog, _ height: Height) throws -> (Block, BlockReceipts) {
        guard let entry = try log.entry(at: height) else {
            throw NodeFailure(.corruption, "the log has no block \(height)")
        }
        do {
            return (try Block(decoding: entry.block), try BlockReceipts(decoding: entry.receipts))
        } catch {
            throw NodeFailure(.corruption, "block \(height) does not decode: \(error)")
        }
    }

    /// Pruning goes from below, so what is here begins somewhere and has no gap.
    private static func firstBlock(_ log: BlockLog, upTo last: Height) throws -> Height {
        var low: UInt64 = 0
        var high = last.value + 1
        while low < high {
            let middle = (low + high) / 2
            let isHere = try log.block(at: Height(middle)) != nil && log.receipts(at: Height(middle)) != nil
            if isHere { high = middle } else { low = middle + 1 }
        }
        return Height(low)
    }
}
