internal import Blocks
package import Encoding
package import Interface
package import Primitives
package import Proofs
package import StateModel
import Synchronization
internal import Votes

/// What the tests of the interface and of its server answer from.
package enum Fake {
    package static func hash(_ number: UInt64) -> Hash { Hash(Bytes32(0, 0, 0, number)) }

    /// Of a state that holds nothing.
    struct NoProofs: StateProver {
        let root = Fake.hash(1)
        func proof(of key: StateKey) throws(StateFailure) -> StateProof {
            throw StateFailure("there is nothing to prove")
        }
    }

    package struct Event: LedgerEvent {
        package static let domain = DomainNumber.licenses
        package let number: UInt64
        package var name: String { "license.sold" }
        package var topics: [Topic] { number.isMultiple(of: 2) ? [.party(.account(Address(Bytes32(0, 0, 0, 2))))] : [] }

        package func encode(into writer: inout CBORWriter) { writer.write(number) }
        package init(number: UInt64) { self.number = number }
        package init(from reader: inout CBORReader) throws(EncodingFailure) { number = try reader.unsigned() }
    }

    package struct NoState: StateReader {
        package func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? { nil }
    }

    /// Holds the numbers 0 to 249 under one table.
    package struct NumberIndex: IndexReader {
        package func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? { nil }

        package func scan(
            prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool
        ) throws(StateFailure) -> [IndexEntry] {
            let all = (0..<UInt64(250)).map { IndexEntry(prefix.appending($0)) }
            return Array(all.filter { entry in after.map { $0 < entry.key } ?? true }.prefix(limit))
        }
    }

    struct SumParameters: Codable {
        let minuend: Int64
        let subtrahend: Int64
    }

    static let queries: [Query] = [
        Query(
            "test_difference", "Subtracts.",
            [QueryParameter("minuend", "From."), QueryParameter("subtrahend", "What.")],
            from: SumParameters.self, to: Int64.self
        ) { (parameters, _) throws(Refusal) in parameters.minuend - parameters.subtrahend },
        Query(list: "test_numbers", "Numbers.", [], from: NoParameters.self, of: UInt64.self) {
            (_, request, context) throws(Refusal) in
            try context.page(IndexKey(.ledger, 3), request) { (entry) throws(Refusal) in
                entry.key.bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
            }
        },
        Query("test_refused", "Refuses.", [], from: NoParameters.self, to: Bool.self) { (_, _) throws(Refusal) in
            throw .rejected(
                Rejection(
                    code: 1501, reason: "price_above_maximum", domain: "licenses", field: "price",
                    message: "Too dear: \(INFTID(Bytes32(0, 0, 0, 5))).", hint: "Pay more.", operation: 2))
        },
        Query("test_broken", "Fails.", [], from: NoParameters.self, to: Bool.self) { (_, _) throws(Refusal) in
            throw .failed(StateFailure("secret path /var/lib/ledger"))
        },
    ]

    static let coding = TransactionCoding(
        build: { (parameters: SumParameters, _) -> SumParameters in parameters },
        decode: { (_, _) -> NoParameters in NoParameters() })

    package static func table(_ networkKind: NetworkKind = .test) -> MethodTable {
        MethodTable(
            methods: MethodTable.ledgerMethods(coding) + queries.map { Method($0) }, rejections: [],
            networkKind: networkKind, version: "1.0.0")
    }
}

/// A ledger of three blocks with two events each; the head can be moved.
package actor FakeBackend: LedgerBackend {
    package nonisolated let network = Fake.hash(99)
    package nonisolated let networkKind = NetworkKind.test
    private var height: UInt64 { didSet { known.withLock { $0.height = height } } }
    private nonisolated let known: Mutex<(height: UInt64, snapshots: Int)>
    /// Blocks below this height have no events.
    private let quietBelow: UInt64
    /// After so many blocks one call for events stops.
    private let blocksPerRead: UInt64
    /// Whether questions that read no record can be proven.
    private let canProve: Bool
    package private(set) var reports: [String] = []

    package init(height: UInt64 = 3, quietBelow: UInt64 = 0, blocksPerRead: UInt64 = 1_024, canProve: Bool = false) {
        self.height = height
        self.canProve = canProve
        known = Mutex((height, 0))
        self.quietBelow = quietBelow
        self.blocksPerRead = blocksPerRead
    }

    package func advance() { height += 1 }
    package nonisolated var stateHeight: Height? { known.withLock { Height($0.height) } }
    /// How often a snapshot was asked.
    package nonisolated var snapshots: Int { known.withLock { $0.snapshots } }
    private func add(_ report: String) { reports.append(report) }
    package nonisolated func report(internalFailure description: String) { Task { await add(description) } }

    package func head() -> ChainHead {
        ChainHead(
            height: Height(height), blockHash: Fake.hash(height), time: Timestamp(height * 1_000),
            stateRoot: Fake.hash(1))
    }

    package func withSnapshot<Value: Sendable>(_ body: @Sendable (QueryContext) throws -> Value) throws -> Value {
        known.withLock { $0.snapshots += 1 }
        let block = BlockContext(
            network: network, networkKind: .test, height: Height(height), time: Timestamp(height * 1_000))
        return try body(
            QueryContext(
                block: block, blockHash: Fake.hash(height), state: Fake.NoState(), index: Fake.NumberIndex(),
                prover: canProve ? Fake.NoProofs() : nil))
    }

    package func waitForBlock(above wanted: Height, milliseconds: UInt64) async -> UInt64 {
        var left = milliseconds
        while height <= wanted.value, left > 0, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Int(min(10, left))))
            left -= min(10, left)
        }
        return height > wanted.value ? left : 0
    }

    package func evidence(of height: Height, from checkpoint: Height) throws -> ChainEvidence {
        let validator = Validator(key: Address(Bytes32(0, 0, 0, 1)), institution: .account(Address(.zero)))
        guard canProve, checkpoint <= height, let validators = ValidatorSet([validator]) else {
            throw ServerState.noEvidence
        }
        let header = { (height: Height) in
            BlockHeader(
                network: Fake.hash(99), height: height, parent: .zero, time: Timestamp(height.value * 1_000), epoch: 0,
                proposer: 0, validatorSet: validators.hash, transactionsRoot: .zero, receiptsRoot: .zero,
                evidenceRoot: .zero, stateRoot: Fake.hash(1))
        }
        return ChainEvidence(
            checkpoint: header(checkpoint), validators: validators, hops: [], headers: [header(height)],
            certificate: nil)
    }

    package func inclusion(of transaction: Hash) -> (height: Height, inclusion: TransactionInclusion)? { nil }

    package func header(at wanted: Height) -> HeaderView? {
        guard wanted.value <= height else { return nil }
        let zero = Hash.zero
        return HeaderView(
            hash: Fake.hash(wanted.value), network: network, height: wanted, parent: zero,
            time: Timestamp(wanted.value * 1_000), epoch: 0, proposer: 0, validatorSet: zero, transactionsRoot: zero,
            receiptsRoot: zero, evidenceRoot: zero, stateRoot: zero, encodedHeader: ByteString([]))
    }

    package func block(at wanted: Height) -> BlockView? {
        header(at: wanted).map {
            BlockView(header: $0, transactions: [], certificate: nil, eventCount: 2, encodedBlock: ByteString([]))
        }
    }

    package func height(of blockHash: Hash) -> Height? {
        let number = blockHash.bytes[31]
        return number <= height ? Height(UInt64(number)) : nil
    }

    package func events(
        from position: EventPosition, limit: Int
    ) -> (entries: [LedgerEventEntry], next: EventPosition) {
        var entries: [LedgerEventEntry] = []
        var next = position
        var read: UInt64 = 0
        while next.height.value <= height, read < blocksPerRead, entries.count < limit {
            let block = next.height.value
            for index in next.index..<max(2, next.index) where block >= quietBelow {
                guard entries.count < limit else { return (entries, next) }
                entries.append(
                    LedgerEventEntry(
                        height: Height(block), blockHash: Fake.hash(block), time: Timestamp(block * 1_000),
                        index: index, transaction: nil, event: Fake.Event(number: block * 2 + index)))
                next = EventPosition(height: next.height, index: index + 1)
            }
            next = EventPosition(height: next.height.next, index: 0)
            read += 1
        }
        return (entries, next)
    }

    package func evidence(before position: EvidencePosition?, limit: Int) -> [EvidenceView] { [] }
    package func submit(all transactions: [[UInt8]]) throws -> [Result<Submission, Rejection>] {
        try transactions.map { transaction in
            do {
                return .success(try submit(transaction))
            } catch let rejection as Rejection {
                return .failure(rejection)
            }
        }
    }

    package func submit(_ transaction: [UInt8]) throws -> Submission {
        guard transaction != [0] else {
            throw Rejection(code: 1004, reason: "signature_invalid", domain: "transaction", message: "Bad signature.")
        }
        return Submission(hash: Fake.hash(7), wireId: Fake.hash(8), state: .pending)
    }
    package func simulate(_ transaction: [UInt8]) -> Simulation {
        Simulation(hash: Fake.hash(7), weight: 10, events: [Fake.Event(number: 1)], rejection: nil)
    }
    package func status(of transaction: Hash) -> TransactionStatus {
        TransactionStatus(hash: transaction, state: .unknown, definitive: false)
    }
    package func transaction(_ hash: Hash) -> FinalTransaction? { nil }
    package func pending(of sender: Address?, limit: Int) -> [PendingTransaction] { [] }
    package func transactions(of party: Party, before position: TransactionPosition?, limit: Int) -> [FinalTransaction]
    { [] }
    package func nodeStatus() -> NodeStatus {
        NodeStatus(
            version: "1", network: network, networkKind: "test", head: head(), epoch: 0, view: 4,
            targetHeight: head().height, isSyncing: false, isReady: true, notReadyBecause: nil, stalledBecause: nil,
            isValidator: true, validatorCount: 1, quorum: 1, peerCount: 0, pendingCount: 0, uptimeMilliseconds: 1)
    }
    package func peers() -> [PeerView] { [] }
    package func validators() -> [ValidatorView] { [] }
}
