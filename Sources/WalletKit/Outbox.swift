internal import Cryptography
internal import Encoding
internal import Interface
public import Primitives
public import Transactions

/// A transaction that was signed here, and what became of it.
public struct OutboxRecord: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable {
        /// Signed and written down, never sent.
        case prepared
        /// Sent, or about to be: it may be on its way.
        case submitted
        case final, refused, expired, replaced

        public var isOpen: Bool { self == .prepared || self == .submitted }
    }

    public let hash: Hash
    public let network: Hash
    public let sender: Address
    public let sequence: UInt64
    public let validUntil: Timestamp?
    /// What it does, whatever its sequence and validity: two transactions that mean the same have the same.
    public let intent: Hash
    /// What the signer read.
    public let words: [String]
    public let createdAt: Timestamp
    public internal(set) var state: State
    public internal(set) var height: Height?
    public internal(set) var answer: WalletFailure.Answer?
    /// The complete transaction.
    public let bytes: ByteString

    init(_ transaction: SignedTransaction, words: [String], at time: Timestamp) {
        hash = transaction.hash
        network = transaction.body.network
        sender = transaction.body.sender
        sequence = transaction.body.sequence
        validUntil = transaction.body.validUntil
        intent = OutboxRecord.intent(of: transaction.body)
        self.words = words
        createdAt = time
        state = .prepared
        bytes = ByteString(transaction.bytes)
    }

    static let intentTag = HashTag("mednexus/wallet-intent")

    public static func intent(of body: TransactionBody) -> Hash {
        var writer = CBORWriter()
        writer.array(3)
        writer.write(body.sender)
        writer.write(body.actingFor)
        writer.write(body.operations.map(\.intention))
        return intentTag.hash(writer.bytes)
    }
}

/// The write-ahead log of a wallet: a transaction is in it, durably, before a byte of it leaves the machine. So after a
/// crash, a lost answer or a pulled cable the wallet knows what may be under way, and never signs the same again by
/// itself.
public struct Outbox: Sendable {
    private let home: WalletHome
    private let network: PinnedNetwork

    public init(home: WalletHome, network: PinnedNetwork) {
        self.home = home
        self.network = network
    }

    private func path(_ hash: Hash) -> String { "\(home.outboxPath(network.genesis))/\(hash).json" }

    private func write(_ record: OutboxRecord) throws(WalletFailure) {
        try home.save(record, to: path(record.hash), networkKind: network.kind)
    }

    /// Writes down a signed transaction. Call it before anything is sent.
    public func add(_ transaction: SignedTransaction, words: [String]) throws(WalletFailure) -> OutboxRecord {
        try DurableFile.makeFolder(home.outboxPath(network.genesis))
        if let known = try record(transaction.hash), known.bytes.bytes == transaction.bytes { return known }
        let record = OutboxRecord(transaction, words: words, at: WalletClock.now)
        try write(record)
        return record
    }

    public func record(_ hash: Hash) throws(WalletFailure) -> OutboxRecord? {
        try home.load(path(hash), as: OutboxRecord.self)
    }

    /// By time of signing.
    public func records() throws(WalletFailure) -> [OutboxRecord] {
        var records: [OutboxRecord] = []
        let folder = home.outboxPath(network.genesis)
        for name in DurableFile.list(folder) where name.hasSuffix(".json") {
            if let record = try home.load("\(folder)/\(name)", as: OutboxRecord.self) { records.append(record) }
        }
        return records.sorted { ($0.createdAt, $0.hash) < ($1.createdAt, $1.hash) }
    }

    /// Removes what is settled and older than `time`.
    public func prune(before time: Timestamp) throws(WalletFailure) {
        for record in try records() where !record.state.isOpen && record.createdAt < time {
            try DurableFile.remove(path(record.hash))
        }
    }

    // MARK: Sending

    /// Sends a record, for the first time or again: the ledger takes the same bytes once, however often they come.
    ///
    /// A refusal settles it. If the answer is lost, the record stays open and the failure says that the outcome is
    /// unknown.
    public func submit(_ record: OutboxRecord, client: NodeClient) async throws(WalletFailure) -> OutboxRecord {
        guard record.state.isOpen else { return record }
        var record = record
        let wasSent = record.state == .submitted
        record.state = .submitted
        try write(record)
        do throws(WalletFailure) {
            let submission = try await client.submit(record.bytes.bytes)
            guard submission.hash == record.hash else {
                throw WalletFailure(.proofInvalid, "the node names the transaction differently: \(submission.hash)")
            }
            return record
        } catch {
            if error.kind == .refused, !wasSent {
                // The first and only time it was sent, the ledger said no: it is nowhere.
                record.state = error.answer?.retryable == true ? .prepared : .refused
                record.answer = error.answer
                try write(record)
                throw error
            }
            if error.kind == .refused {
                // An earlier sending may have gone through: only its status can tell.
                let settled = try await refresh(record, client: client)
                if !settled.state.isOpen { return settled }
                throw unknown(record, error)
            }
            // Not understood by the node (all but its internal error), or never out of this machine.
            let isUntaken = error.kind == .usage ? error.answer?.code != -32603 : error.kind == .unreachable
            if isUntaken, !error.mayHaveArrived, !wasSent {
                record.state = .prepared
                try write(record)
                throw error
            }
            throw unknown(record, error)
        }
    }

    private func unknown(_ record: OutboxRecord, _ error: WalletFailure) -> WalletFailure {
        let until = record.validUntil.map { " It can't happen any more after \(dateText($0))." } ?? ""
        return WalletFailure(
            .outcomeUnknown,
            "transaction \(record.hash) was sent, and what became of it is not known: \(error.message)",
            hint: "Do not repeat the command. Ask again: mednexus tx wait \(record.hash).\(until)",
            answer: error.answer,
            mayHaveArrived: true)
    }

    /// Asks the node what became of a record, and writes down what is definitive.
    public func refresh(_ record: OutboxRecord, client: NodeClient) async throws(WalletFailure) -> OutboxRecord {
        guard record.state == .submitted else { return record }
        // The head is asked first: what is not final after it came too late.
        let head = try await client.head()
        let status = try await client.transactionStatus(record.hash)
        var record = record
        switch status.state {
        case .final:
            record.state = .final
            record.height = status.height
        case .expired where status.definitive: record.state = .expired
        case .replaced where status.definitive: record.state = .replaced
        case .refused where status.definitive: record.state = .refused
        case .pending, .unknown, .expired, .replaced, .refused:
            // No block after the head may hold it, whether or not the node ever heard of it.
            guard let validUntil = record.validUntil, head.time > validUntil else { return record }
            record.state = .expired
        }
        if let error = status.error {
            record.answer = WalletFailure.Answer(
                code: error.code, reason: error.reason, domain: error.domain, operation: error.operation,
                field: error.field, message: error.message, hint: error.hint, retryable: error.retryable)
        }
        try write(record)
        return record
    }

    /// Waits until the record is settled. At the deadline the outcome is unknown, and says so.
    public func wait(
        for record: OutboxRecord, client: NodeClient, milliseconds: UInt64
    ) async throws(WalletFailure) -> OutboxRecord {
        let deadline = WalletClock.now.adding(milliseconds: milliseconds)
        var record = record
        var pause: UInt64 = 50
        while true {
            do throws(WalletFailure) {
                record = try await refresh(record, client: client)
            } catch {
                guard error.kind == .unreachable, WalletClock.now < deadline else { throw unknown(record, error) }
            }
            guard record.state.isOpen else { return record }
            guard WalletClock.now < deadline else {
                throw unknown(record, WalletFailure(.unreachable, "no block has it yet"))
            }
            do {
                try await Task.sleep(nanoseconds: pause * 1_000_000)
            } catch {
                throw unknown(record, WalletFailure(.unreachable, "given up"))
            }
            pause = min(pause * 2, 1000)
        }
    }

    /// The failure that a settled record amounts to; nil if it is final.
    public static func failure(of record: OutboxRecord) -> WalletFailure? {
        switch record.state {
        case .final: nil
        case .prepared, .submitted: WalletFailure(.outcomeUnknown, "transaction \(record.hash) is not settled")
        case .refused:
            WalletFailure(
                .refused, record.answer?.message ?? "refused", hint: record.answer?.hint ?? "", answer: record.answer)
        case .expired:
            WalletFailure(
                .refused, "transaction \(record.hash) was in no block in time and can't be any more",
                hint: "Nothing has happened. Repeat the command.")
        case .replaced:
            WalletFailure(
                .refused, "another transaction of the same account took the place of \(record.hash)",
                hint: "mednexus account history shows which.")
        }
    }

    /// Settles what is open of a sender, before something new is signed. Fails if something may be under way, or if
    /// just now it turns out that the very same thing has happened already.
    public func settle(
        sender: Address, intent: Hash, client: NodeClient
    ) async throws(WalletFailure) {
        for record in try records() where record.sender == sender && record.state == .submitted {
            let settled = try await refresh(record, client: client)
            if settled.state.isOpen {
                throw unknown(settled, WalletFailure(.unreachable, "it is still under way"))
            }
            if settled.state == .final, settled.intent == intent {
                throw WalletFailure(
                    .alreadyDone,
                    "the same was done already: transaction \(settled.hash) is final at height \(settled.height ?? .genesis)",
                    hint: "Nothing new was signed. If you want it a second time, repeat the command.")
            }
        }
    }
}

/// From operations to a final transaction, with nothing ever done twice.
public struct TransactionSender: Sendable {
    public let network: PinnedNetwork
    public let client: NodeClient
    public let outbox: Outbox

    public init(home: WalletHome, network: PinnedNetwork, client: NodeClient) {
        self.network = network
        self.client = client
        outbox = Outbox(home: home, network: network)
    }

    /// Settles what is open, and makes the body to show and to sign.
    public func prepare(
        _ operations: [Operation], sender: Address, actingFor: OrganizationID? = nil, reference: Hash? = nil,
        validityMilliseconds: UInt64 = TransactionBuilder.standardValidityMilliseconds
    ) async throws(WalletFailure) -> TransactionBody {
        try await prepare(
            sender: sender, actingFor: actingFor, reference: reference, validityMilliseconds: validityMilliseconds
        ) { _ in operations }
    }

    /// The same for operations whose proofs are bound to where they will stand: they may be made twice.
    public func prepare(
        sender: Address, actingFor: OrganizationID? = nil, reference: Hash? = nil,
        validityMilliseconds: UInt64 = TransactionBuilder.standardValidityMilliseconds,
        _ operations: (OperationPlace) throws(WalletFailure) -> [Operation]
    ) async throws(WalletFailure) -> TransactionBody {
        let empty = try await TransactionBuilder.body(
            [], sender: sender, network: network, client: client, actingFor: actingFor, reference: reference,
            validityMilliseconds: validityMilliseconds)
        let body = empty.doing(try operations(place(of: empty)))
        try await outbox.settle(sender: sender, intent: OutboxRecord.intent(of: body), client: client)
        // What was settled just now may have taken the number.
        let sequence = try await client.sequence(of: sender)
        guard sequence != body.sequence else { return body }
        let later = TransactionBody(
            network: body.network, sender: sender, sequence: sequence, validUntil: body.validUntil,
            actingFor: actingFor, reference: reference, operations: [])
        return later.doing(try operations(place(of: later)))
    }

    private func place(of body: TransactionBody) -> OperationPlace {
        OperationPlace(network: body.network, sender: body.sender, sequence: body.sequence)
    }

    /// Writes down, sends, and waits if asked to (`waitMilliseconds` above 0). The record says what became of it.
    public func send(
        _ transaction: SignedTransaction, words: [String], waitMilliseconds: UInt64
    ) async throws(WalletFailure) -> OutboxRecord {
        let record = try await outbox.submit(try outbox.add(transaction, words: words), client: client)
        guard waitMilliseconds > 0 else { return record }
        let settled = try await outbox.wait(for: record, client: client, milliseconds: waitMilliseconds)
        if let failure = Outbox.failure(of: settled) { throw failure }
        return settled
    }
}
