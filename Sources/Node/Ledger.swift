package import Blocks
internal import Encoding
package import Execution
internal import Governance
internal import Interface
package import Primitives
package import Proofs
internal import Replica
package import StateModel
package import Storage
package import Transactions
package import Votes

/// What a node has on disk, opened and brought to the head of its own log: the two stores, the genesis, and how a block
/// of the log is executed again.
package final class Ledger: Sendable {
    package let genesis: Genesis
    package let network: Hash
    package let networkKind: NetworkKind
    package let home: Home
    package let log: BlockLog
    package let state: StateStore

    private init(genesis: Genesis, home: Home, log: BlockLog, state: StateStore) {
        self.genesis = genesis
        network = genesis.hash
        networkKind = genesis.kind.networkKind
        self.home = home
        self.log = log
        self.state = state
    }

    /// Opens the stores (makes them, with the genesis block, the first time) and executes what the log holds above the
    /// state's checkpoint. Signatures of one's own final log are not checked again; every root is.
    package static func open(
        _ nodeHome: NodeHome, mapGibibytes: UInt64, options: StateStoreOptions = StateStoreOptions(),
        notice: (String) -> Void = { _ in }, progress: (Height, Height) -> Void = { _, _ in }
    ) throws -> Ledger {
        let genesis = try nodeHome.genesis()
        try SnapshotImport.removeLeftover(in: nodeHome)
        guard try SnapshotImport.interrupted(in: nodeHome) == nil else {
            throw NodeFailure(
                .configuration, "a snapshot is being taken into \(nodeHome.path), and was interrupted",
                hint: "Repeat `mednexusd snapshot import`, or start with sync.mode = \"snapshot\": it goes on where it"
                    + " ended. Or remove the folder \(nodeHome.storageDirectory) and begin anew.")
        }
        let home: Home
        do {
            home = try Home.open(nodeHome.storageDirectory, network: genesis.hash)
        } catch StorageFailure.noHome {
            home = try Home.create(nodeHome.storageDirectory, network: genesis.hash)
        }
        if let text = home.upgradeNotice { notice(text) }
        try Compaction.removeLeftovers(in: home)
        let log = try BlockLog(in: home, mapBytes: Int(mapGibibytes) << 30)
        var options = options
        options.mapBytes = Int(mapGibibytes) << 30
        let state = try StateStore(in: home, log: log, options: options)
        try home.finishUpgrade()
        let ledger = Ledger(genesis: genesis, home: home, log: log, state: state)
        if log.tip == nil { try ledger.begin() }
        try ledger.keepHops()
        try ledger.catchUp(progress)
        return ledger
    }

    private func begin() throws {
        let (block, layer) = try Self.genesisBlock(genesis)
        let receipts = BlockReceipts(due: Receipt(transactionHash: .zero, weight: 0, events: []), transactions: [])
        try log.append(Self.entry(block, certificate: nil, receipts: receipts))
        try state.push(layer)
    }

    /// What leads from genesis to the first validators, a function of the genesis document; and, where the state came as
    /// a snapshot of a block behind which the validators are others, what leads to those.
    private func keepHops() throws {
        if try log.hops(in: 0..<1, limit: 1).isEmpty {
            let (block, layer) = try Self.genesisBlock(genesis)
            let hop = try ValidatorSetHop.make(
                block.header, certificate: nil, in: LayeredSnapshot(EmptySnapshot()).adding(layer))
            try log.store(hops: [(.genesis, hop.encoded)])
        }
        guard let height = state.height, height > .genesis, try log.block(at: height) == nil,
            try log.hops(in: height.value..<height.value + 1, limit: 1).isEmpty
        else { return }
        let (header, certificate) = try header(at: height)
        let snapshot = try state.snapshot()
        guard try GenesisExecutor.validatorSet(in: snapshot).hash != header.validatorSet else { return }
        let hop = try ValidatorSetHop.make(header, certificate: certificate, in: snapshot)
        try log.store(hops: [(height, hop.encoded)])
    }

    package static func genesisBlock(_ genesis: Genesis) throws -> (block: Block, layer: StateLayer) {
        do {
            return try GenesisExecutor.execute(genesis)
        } catch .rejected(let rejection) {
            throw NodeFailure(.configuration, "genesis: \(rejection)")
        } catch .failed(let failure) {
            throw failure
        }
    }

    package static func entry(
        _ block: Block, certificate: Certificate?, receipts: BlockReceipts, hop: ValidatorSetHop? = nil
    ) -> LoggedBlock {
        LoggedBlock(
            height: block.header.height, hash: block.hash, header: block.header.encoded, block: block.encoded,
            certificate: certificate?.encoded ?? [], receipts: receipts.encoded, hop: hop?.encoded)
    }

    private func catchUp(_ progress: (Height, Height) -> Void) throws {
        guard let tip = log.tip else { return }
        if state.height == nil {
            let (block, layer) = try Self.genesisBlock(genesis)
            guard try log.height(of: block.hash) == .genesis else {
                throw NodeFailure(.corruption, "the log begins with another genesis block")
            }
            try state.push(layer)
        }
        while let height = state.height, height < tip.height {
            let (block, _) = try block(at: height.next)
            let executed = try execute(block, signatures: .trusted)
            try state.push(executed.layer)
            progress(height.next, tip.height)
        }
    }

    package func header(at height: Height) throws -> (header: BlockHeader, certificate: Certificate?) {
        guard let known = try knownHeader(at: height) else {
            throw NodeFailure(.corruption, "the log has no block \(height)")
        }
        return known
    }

    /// Nil where the log has a gap: a node that began with a snapshot has no header from before it.
    func knownHeader(at height: Height) throws -> (header: BlockHeader, certificate: Certificate?)? {
        guard let logged = try log.header(at: height) else { return nil }
        do {
            return (
                try BlockHeader(decoding: logged.header),
                logged.certificate.isEmpty ? nil : try Certificate(decoding: logged.certificate)
            )
        } catch {
            throw NodeFailure(.corruption, "the header of block \(height) does not decode: \(error)")
        }
    }

    package func block(at height: Height) throws -> (block: Block, certificate: Certificate?) {
        guard let logged = try log.entry(at: height) else {
            guard let lowest = try log.lowestBlock(), height < lowest else {
                throw NodeFailure(.corruption, "the log has no block \(height)")
            }
            throw NodeFailure(
                .corruption, "block \(height) is needed and was pruned: this home keeps blocks from \(lowest) on",
                hint: "Restore a backup, or let the node sync anew.")
        }
        do {
            return (
                try Block(decoding: logged.block),
                logged.certificate.isEmpty ? nil : try Certificate(decoding: logged.certificate)
            )
        } catch {
            throw NodeFailure(.corruption, "block \(height) does not decode: \(error)")
        }
    }

    /// Throws ``ServerState/pruned`` for who asks from outside about a block that was pruned.
    func requireBlock(at height: Height) throws {
        guard let lowest = try log.lowestBlock(), height < lowest else { return }
        throw ServerState.pruned
    }

    /// The evidence in final blocks from `height` on.
    func evidence(since height: Height) throws -> [Evidence] {
        let snapshot = try state.snapshot()
        // The pieces of a block before it would be in vain, but their keys come before all that are asked for.
        var after = LedgerIndexes.evidence.appending(height.value).appending(0)
        var found: [Evidence] = []
        if try snapshot.get(after) != nil { found += try block(at: height).block.evidence.prefix(1) }
        while true {
            let entries = try snapshot.scan(
                prefix: LedgerIndexes.evidence, after: after, limit: 100, descending: false)
            for entry in entries {
                guard let (height, index) = LedgerIndexes.position(in: entry.key.bytes) else { continue }
                let evidence = try block(at: height).block.evidence
                if index < evidence.count { found.append(evidence[Int(index)]) }
            }
            guard let last = entries.last else { return found }
            after = last.key
        }
    }

    /// A block by its hash, final or only stored.
    func storedBlock(_ hash: Hash) throws -> Block? {
        if let bytes = try log.body(hash) { return try Block(decoding: bytes) }
        guard let height = try log.height(of: hash), let bytes = try log.block(at: height) else { return nil }
        return try Block(decoding: bytes)
    }

    /// What the log has of a range, within one answer of sync.
    func finalBlocks(_ range: BlockRange) throws -> [FinalizedBlock] {
        let entries = try log.entries(
            from: range.first, limit: range.count, maximumBytes: PeerMessageLimits.blocksBytes)
        return try entries.map { entry in
            FinalizedBlock(
                block: try Block(decoding: entry.block),
                certificate: entry.certificate.isEmpty ? nil : try Certificate(decoding: entry.certificate))
        }
    }

    package enum SignatureCheck: Sendable {
        /// Of one's own final log.
        case trusted
        case verified
    }

    /// Executes a final block on the state of its parent, which must be the store's head.
    package func execute(_ block: Block, signatures: SignatureCheck) throws -> ExecutedBlock {
        let snapshot = try state.snapshot()
        let parent = try header(at: Height(block.header.height.value - 1)).header
        return try Self.execute(
            block, on: parent, state: snapshot, networkKind: networkKind, signatures: signatures)
    }

    package static func execute(
        _ block: Block, on parent: BlockHeader, state: LayeredSnapshot, networkKind: NetworkKind,
        signatures: SignatureCheck
    ) throws -> ExecutedBlock {
        let network = parent.network
        let verified = try block.transactions.map { bytes -> VerifiedTransaction in
            let signed = try SignedTransaction(try RawTransaction(bytes))
            return switch signatures {
            case .trusted: try VerifiedTransaction(fromOwnFinalLog: signed, network: network)
            case .verified: try VerifiedTransaction(signed, network: network)
            }
        }
        return try execute(block, transactions: verified, on: parent, state: state, networkKind: networkKind)
    }

    /// Executes a final block of which the transactions are verified already.
    package static func execute(
        _ block: Block, transactions: [VerifiedTransaction], on parent: BlockHeader, state: LayeredSnapshot,
        networkKind: NetworkKind
    ) throws -> ExecutedBlock {
        let epoch = try EpochContext(network: parent.network, networkKind: networkKind, following: state)
        if let plan = try NodeRelease.missing(at: block.header.height, in: state, networkKind) {
            throw NodeRelease.failure(plan)
        }
        do {
            return try BlockExecutor.execute(block, transactions: transactions, on: parent, state: state, epoch: epoch)
        } catch .invalid(let defect) {
            throw NodeFailure(.corruption, "block \(block.header.height): \(defect)")
        } catch .failed(let failure) {
            throw failure
        }
    }
}
