internal import Blocks
internal import Consensus
internal import Encoding
internal import Execution
internal import Governance
internal import Identities
internal import Interface
internal import Logging
internal import Mempool
internal import Primitives
internal import Replica
internal import StateModel
internal import Storage
internal import Transactions
internal import Votes

/// What the interface asks of this node: reads from snapshots and the log, writes through pipeline and driver.
final class NodeBackend: LedgerBackend {
    let ledger: Ledger
    let driver: Driver
    let pipeline: Pipeline
    let board: HeadBoard
    let clock: NodeClock
    let gateway: PeerGateway
    /// The key that this node would vote with.
    let ownKey: Address?
    let content: (any ContentService)?
    private let logger: Logger
    let started = ContinuousClock.now

    let watch: KeyWatch

    init(
        ledger: Ledger, driver: Driver, pipeline: Pipeline, board: HeadBoard, clock: NodeClock,
        gateway: PeerGateway, ownKey: Address?, content: (any ContentService)?, watch: KeyWatch, logger: Logger
    ) {
        self.ledger = ledger
        self.driver = driver
        self.pipeline = pipeline
        self.board = board
        self.clock = clock
        self.gateway = gateway
        self.ownKey = ownKey
        self.content = content
        self.watch = watch
        self.logger = logger
    }

    var network: Hash { ledger.network }
    var networkKind: NetworkKind { ledger.networkKind }

    func report(internalFailure description: String) {
        logger.error("a call failed", metadata: ["failure": "\(description)"])
        // A store that is damaged where one call looked may be so where the next block looks.
        guard description.contains(StorageFailure.damagePrefix) else { return }
        driver.fail(NodeFailure(.corruption, description, hint: "Run `mednexusd verify` on this home."))
        driver.post(.stop)
    }

    // MARK: Snapshots

    func withSnapshot<Value: Sendable>(_ body: @Sendable (QueryContext) throws -> Value) async throws -> Value {
        try read(body)
    }

    private func read<Value>(_ body: (QueryContext) throws -> Value) throws -> Value {
        let snapshot = try ledger.state.snapshot()
        let head = try head(of: snapshot)
        let block = BlockContext(network: network, networkKind: networkKind, height: head.height, time: head.time)
        return try body(
            QueryContext(
                block: block, blockHash: head.blockHash, state: snapshot, index: snapshot, prover: snapshot))
    }

    /// A snapshot can be a block ahead of or behind the board; what it answers is dated by its own block.
    private func head(of snapshot: LayeredSnapshot) throws -> ChainHead {
        let height = snapshot.height ?? .genesis
        if let head = board.head(at: height) { return head }
        let header = try ledger.header(at: height).header
        return ChainHead(height: height, blockHash: header.hash, time: header.time, stateRoot: header.stateRoot)
    }

    func head() async -> ChainHead { board.head }

    var stateHeight: Height? { ledger.state.height }

    func waitForBlock(above height: Height, milliseconds: UInt64) async -> UInt64 {
        if board.head.height > height { return milliseconds }
        let deadline = ContinuousClock.now + .milliseconds(Int64(clamping: milliseconds))
        let board = self.board
        let came = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await board.wait(above: height) }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        guard came else { return 0 }
        let left = (deadline - ContinuousClock.now) / Duration.milliseconds(1)
        return UInt64(max(1, left))
    }

    // MARK: Chain

    func block(at height: Height) async throws -> BlockView? {
        guard height <= board.head.height else { return nil }
        try ledger.requireBlock(at: height)
        let (block, certificate) = try ledger.block(at: height)
        let receipts = try receipts(at: height)
        let count = receipts.due.events.count + receipts.transactions.reduce(0) { $0 + $1.events.count }
        return try BlockView(
            FinalizedBlock(block: block, certificate: certificate), eventCount: UInt64(count))
    }

    private func receipts(at height: Height) throws -> BlockReceipts {
        guard let bytes = try ledger.log.receipts(at: height) else { throw ServerState.pruned }
        return try BlockReceipts(decoding: bytes)
    }

    func height(of blockHash: Hash) async throws -> Height? { try ledger.log.height(of: blockHash) }

    func header(at height: Height) async throws -> HeaderView? {
        guard height <= board.head.height else { return nil }
        guard let known = try ledger.knownHeader(at: height) else { throw ServerState.pruned }
        return HeaderView(known.header)
    }

    /// Every block that is read costs, with events or without; a call that met few goes on where it stopped.
    private static let blocksPerRead = 1_024

    func events(
        from position: EventPosition, limit: Int
    ) async throws -> (entries: [LedgerEventEntry], next: EventPosition) {
        var entries: [LedgerEventEntry] = []
        var next = position
        let head = board.head.height
        var read = 0
        while next.height <= head, entries.count < limit, read < Self.blocksPerRead {
            let height = next.height
            guard let bytes = try ledger.log.receipts(at: height) else { throw ServerState.cursorGone }
            let receipts = try BlockReceipts(decoding: bytes)
            let all = ([receipts.due] + receipts.transactions).flatMap { receipt in
                receipt.events.map { (receipt.transactionHash, $0) }
            }
            let first = Int(clamping: next.index)
            if first < all.count {
                let header = try ledger.header(at: height).header
                let hash = header.hash
                for (index, (transaction, record)) in all.enumerated().dropFirst(first) {
                    guard entries.count < limit else { return (entries, next) }
                    entries.append(
                        LedgerEventEntry(
                            height: height, blockHash: hash, time: header.time, index: UInt64(index),
                            transaction: transaction == .zero ? nil : transaction,
                            event: try DomainDispatch.event(record)))
                    next = EventPosition(height: height, index: UInt64(index) + 1)
                }
            }
            next = EventPosition(height: height.next, index: 0)
            read += 1
        }
        return (entries, next)
    }

    func evidence(before position: EvidencePosition?, limit: Int) async throws -> [EvidenceView] {
        let snapshot = try ledger.state.snapshot()
        var after = position.map { LedgerIndexes.evidence.appending($0.height.value).appending($0.index) }
        var found: [EvidenceView] = []
        var last: Block?
        while found.count < limit {
            let wanted = limit - found.count
            let entries = try snapshot.scan(
                prefix: LedgerIndexes.evidence, after: after, limit: wanted, descending: true)
            for entry in entries {
                guard let (height, index) = LedgerIndexes.position(in: entry.key.bytes) else { continue }
                if last?.header.height != height { try ledger.requireBlock(at: height) }
                let block = try last.flatMap { $0.header.height == height ? $0 : nil } ?? ledger.block(at: height).block
                last = block
                guard index < block.evidence.count else {
                    throw StateFailure("the index names evidence \(index) of block \(height), which has none")
                }
                let one = block.evidence[Int(index)]
                guard let accused = Bytes32(entry.value).map({ Address($0) }) else { continue }
                found.append(
                    EvidenceView(
                        height: height, index: index, validator: accused, kind: one.kind.name,
                        view: one.position.view.value, encodedEvidence: ByteString(one.encoded)))
            }
            guard entries.count == wanted else { break }
            after = entries.last?.key
        }
        return found
    }
}
