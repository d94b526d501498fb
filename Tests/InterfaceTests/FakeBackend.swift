import Encoding
import Interface
import Primitives
import StateModel

enum Fake {
    static func hash(_ number: UInt64) -> Hash { Hash(Bytes32(0, 0, 0, number)) }

    struct Event: LedgerEvent {
        static let domain = DomainNumber.licenses
        let number: UInt64
        var name: String { "license.sold" }
        var topics: [Topic] { number.isMultiple(of: 2) ? [.party(.account(Address(Bytes32(0, 0, 0, 2))))] : [] }

        func encode(into writer: inout CBORWriter) { writer.write(number) }
        init(number: UInt64) { self.number = number }
        init(from reader: inout CBORReader) throws(EncodingFailure) { number = try reader.unsigned() }
    }

    struct NoState: StateReader {
        func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? { nil }
    }

    /// Holds the numbers 0 to 249 under one table.
    struct NumberIndex: IndexReader {
        func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? { nil }

        func scan(
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
                    code: 1501, reason: "price_above_maximum", domain: "licenses", field: "price", message: "Too dear.",
                    hint: "Pay more.", operation: 2))
        },
        Query("test_broken", "Fails.", [], from: NoParameters.self, to: Bool.self) { (_, _) throws(Refusal) in
            throw .failed(StateFailure("secret path /var/lib/ledger"))
        },
    ]

    static let coding = TransactionCoding(
        build: { (parameters: SumParameters, _) -> SumParameters in parameters },
        decode: { (_, _) -> NoParameters in NoParameters() })

    static func table(_ networkKind: NetworkKind = .test) -> MethodTable {
        MethodTable(
            methods: MethodTable.ledgerMethods(coding) + queries.map { Method($0) }, rejections: [],
            networkKind: networkKind, version: "1.0.0")
    }
}

/// A ledger of three blocks with two events each; the head can be moved.
actor FakeBackend: LedgerBackend {
    nonisolated let network = Fake.hash(99)
    nonisolated let networkKind = NetworkKind.test
    private var height: UInt64
    private(set) var reports: [String] = []

    init(height: UInt64 = 3) { self.height = height }

    func advance() { height += 1 }
    private func add(_ report: String) { reports.append(report) }
    nonisolated func report(internalFailure description: String) { Task { await add(description) } }

    func head() -> ChainHead {
        ChainHead(
            height: Height(height), blockHash: Fake.hash(height), time: Timestamp(height * 1_000),
            stateRoot: Fake.hash(1))
    }

    func withSnapshot<Value: Sendable>(_ body: @Sendable (QueryContext) throws -> Value) throws -> Value {
        let block = BlockContext(
            network: network, networkKind: .test, height: Height(height), time: Timestamp(height * 1_000))
        return try body(
            QueryContext(block: block, blockHash: Fake.hash(height), state: Fake.NoState(), index: Fake.NumberIndex()))
    }

    func waitForBlock(above wanted: Height, milliseconds: UInt64) async -> UInt64 {
        var left = milliseconds
        while height <= wanted.value, left > 0, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Int(min(10, left))))
            left -= min(10, left)
        }
        return height > wanted.value ? left : 0
    }

    func block(at wanted: Height) -> BlockView? {
        guard wanted.value <= height else { return nil }
        let zero = Hash.zero
        let header = HeaderView(
            hash: Fake.hash(wanted.value), network: network, height: wanted, parent: zero,
            time: Timestamp(wanted.value * 1_000), epoch: 0, proposer: 0, validatorSet: zero, transactionsRoot: zero,
            receiptsRoot: zero, evidenceRoot: zero, stateRoot: zero, encodedHeader: ByteString([]))
        return BlockView(
            header: header, transactions: [], certificate: nil, eventCount: 2, encodedBlock: ByteString([]))
    }

    func height(of blockHash: Hash) -> Height? {
        let number = blockHash.bytes[31]
        return number <= height ? Height(UInt64(number)) : nil
    }

    func events(from position: EventPosition, limit: Int) throws -> [LedgerEventEntry] {
        var entries: [LedgerEventEntry] = []
        guard position.height.value <= height else { return [] }
        for block in position.height.value...height where entries.count < limit {
            for index in UInt64(0)..<2 where entries.count < limit {
                guard block > position.height.value || index >= position.index else { continue }
                entries.append(
                    LedgerEventEntry(
                        height: Height(block), blockHash: Fake.hash(block), time: Timestamp(block * 1_000),
                        index: index, transaction: nil, event: Fake.Event(number: block * 2 + index)))
            }
        }
        return entries
    }

    func evidence(below height: Height?, limit: Int) -> [EvidenceView] { [] }
    func submit(_ transaction: [UInt8]) throws -> Submission {
        guard transaction != [0] else {
            throw Rejection(code: 1004, reason: "signature_invalid", domain: "transaction", message: "Bad signature.")
        }
        return Submission(hash: Fake.hash(7), wireId: Fake.hash(8), state: .pending)
    }
    func simulate(_ transaction: [UInt8]) -> Simulation {
        Simulation(hash: Fake.hash(7), weight: 10, events: [Fake.Event(number: 1)], rejection: nil)
    }
    func status(of transaction: Hash) -> TransactionStatus {
        TransactionStatus(hash: transaction, state: .unknown, definitive: false)
    }
    func transaction(_ hash: Hash) -> FinalTransaction? { nil }
    func pending(of sender: Address?, limit: Int) -> [PendingTransaction] { [] }
    func transactions(of party: Party, before position: TransactionPosition?, limit: Int) -> [FinalTransaction] { [] }
    func nodeStatus() -> NodeStatus {
        NodeStatus(
            version: "1", network: network, networkKind: "test", head: head(), lag: 0, isSyncing: false, isReady: true,
            notReadyBecause: nil, isValidator: true, peerCount: 0, pendingCount: 0, uptimeMilliseconds: 1)
    }
    func peers() -> [PeerView] { [] }
    func validators() -> [ValidatorView] { [] }
}
