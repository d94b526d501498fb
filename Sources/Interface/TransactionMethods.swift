internal import Primitives
internal import StateModel

struct BytesParameters: Codable, Sendable {
    let bytes: ByteString
}

struct ManyBytesParameters: Codable, Sendable {
    let transactions: [ByteString]
}

struct HashParameters: Codable, Sendable {
    let hash: Hash
}

struct PendingParameters: Codable, Sendable {
    let sender: Address?
}

struct PartyParameters: Codable, Sendable {
    let party: Party
}

/// One of several submissions: accepted, or why not.
struct ManySubmission: Codable, Sendable {
    let submission: Submission?
    let error: RejectionView?
}

struct SimulationView: Codable, Sendable {
    let hash: Hash
    let weight: UInt64
    let accepted: Bool
    let error: RejectionView?
    let events: [EventView]
}

/// An event outside the stream: its domain, name and content.
struct EventView: Codable, Sendable {
    let domain: String
    let name: String
    let event: JSONValue

    init(_ event: any LedgerEvent, _ networkKind: NetworkKind) throws(JSONCodingFailure) {
        domain = type(of: event).domain.name
        name = event.name
        self.event = try JSONValueEncoder.encode(event, networkKind: networkKind)
    }
}

struct FinalTransactionView: Codable, Sendable {
    let hash: Hash
    let height: Height
    let blockHash: Hash
    let time: Timestamp
    let index: UInt64
    /// As tx_decode shows it.
    let transaction: JSONValue
    let events: [EventView]

    init(_ transaction: FinalTransaction, _ coding: TransactionCoding, _ networkKind: NetworkKind) throws {
        hash = transaction.hash
        height = transaction.height
        blockHash = transaction.blockHash
        time = transaction.time
        index = transaction.index
        self.transaction = try JSONValueEncoder.encode(
            coding.decode(transaction.bytes, networkKind), networkKind: networkKind)
        events = try transaction.events.map { (event) throws(JSONCodingFailure) in try EventView(event, networkKind) }
    }
}

extension Method {
    /// Larger submissions are split by the client; as many as a batch has calls.
    static let manyLimit = 100
    static let submitMany = "tx_submitMany"

    static func transactions(_ coding: TransactionCoding) -> [Method] {
        let bytes = [QueryParameter("bytes", "The complete transaction, canonical CBOR in hexadecimal.")]
        return [
            build(coding), decode(coding),
            Method(
                "tx_simulate",
                "What a transaction would do on the last final state; signatures may be missing, those given count.",
                bytes, from: BytesParameters.self, value: SimulationView.self, isLong: true
            ) { parameters, backend in
                let simulation = try await backend.simulate(parameters.bytes.bytes)
                return SimulationView(
                    hash: simulation.hash, weight: simulation.weight, accepted: simulation.rejection == nil,
                    error: simulation.rejection.map { RejectionView($0, networkKind: backend.networkKind) },
                    events: try simulation.events.map { (event) throws(JSONCodingFailure) in
                        try EventView(event, backend.networkKind)
                    })
            },
            Method(
                plain: "tx_submit", "Hands a signed transaction to the node. Idempotent.", bytes,
                from: BytesParameters.self, to: Submission.self, isLong: true
            ) { parameters, backend, _ in try await backend.submit(parameters.bytes.bytes) },
            Method(
                plain: submitMany,
                """
                Hands several over, in order; each is answered by itself. What the ledger's rules say of them, tx_status \
                tells.
                """,
                [QueryParameter("transactions", "At most \(manyLimit) complete transactions.")],
                from: ManyBytesParameters.self, to: [ManySubmission].self, isLong: true
            ) { parameters, backend, _ in
                guard parameters.transactions.count <= manyLimit else {
                    throw CallFailure.invalidParameters("transactions", "At most \(manyLimit) at a time.")
                }
                return try await backend.submit(all: parameters.transactions.map(\.bytes)).map { result in
                    switch result {
                    case .success(let submission): ManySubmission(submission: submission, error: nil)
                    case .failure(let rejection):
                        ManySubmission(
                            submission: nil, error: RejectionView(rejection, networkKind: backend.networkKind))
                    }
                }
            },
            Method(
                "tx_get", "A final transaction with what it did; null if unknown or not final.",
                [QueryParameter("hash", "The transaction's hash.")], from: HashParameters.self,
                value: FinalTransactionView?.self,
                proof: Self.transactionProof
            ) { parameters, backend in
                try await backend.transaction(parameters.hash).map {
                    try FinalTransactionView($0, coding, backend.networkKind)
                }
            },
            Method(
                "tx_status", "pending, final, refused, expired, replaced or unknown; definitive if it stays so.",
                [QueryParameter("hash", "The transaction's hash.")], from: HashParameters.self,
                value: TransactionStatus.self, proof: Self.statusProof
            ) { try await $1.status(of: $0.hash) },
            Method(
                "tx_pending", "What waits in this node's pool, at most 100.",
                [QueryParameter("sender", "Only this account's.", required: false)], from: PendingParameters.self,
                value: [PendingTransaction].self
            ) { try await $1.pending(of: $0.sender, limit: PageRequest.maximumLimit) },
            accountTransactions(coding),
        ]
    }

    private static func build(_ coding: TransactionCoding) -> Method {
        Method(
            name: "tx_build",
            summary: """
                Operations in JSON into the bytes to sign, their hash, and what they say in words. Compute the hash \
                anew before signing.
                """,
            parameters: [
                QueryParameter("sender", "Who signs, and whose sequence is used."),
                QueryParameter("operations", "One to 64 operations, each told by its type."),
                QueryParameter("sequence", "The account's next number if absent.", required: false),
                QueryParameter("validUntil", "The last block time to be included at.", required: false),
                QueryParameter("actingFor", "The organization acted for.", required: false),
                QueryParameter("reference", "32 bytes of the sender's own, never text.", required: false),
            ],
            parametersType: coding.buildParameters, result: .value(coding.buildResult), common: [.minHeight],
            replay: nil, isLong: false
        ) { arguments, backend, context in
            let parameters = try decode(coding.buildParameters, arguments, backend.networkKind)
            try await MinimumHeight.reach(arguments.minHeight, backend, context)
            return try await backend.withSnapshot { snapshot in
                let built = try coding.build(parameters, snapshot)
                let json = try JSONValueEncoder.encode(built, networkKind: snapshot.block.networkKind)
                return Envelope.value(json, height: snapshot.block.height, blockHash: snapshot.blockHash)
            }
        }
    }

    private static func decode(_ coding: TransactionCoding) -> Method {
        func method<Decoded: Codable & Sendable>(_ type: Decoded.Type) -> Method {
            Method(
                "tx_decode", "What transaction bytes say, signed or not: the inverse of tx_build.",
                [QueryParameter("bytes", "Canonical CBOR in hexadecimal.")], from: BytesParameters.self, value: type
            ) { parameters, backend in
                guard let decoded = try coding.decode(parameters.bytes.bytes, backend.networkKind) as? Decoded else {
                    preconditionFailure("decodes into another type")
                }
                return decoded
            }
        }
        return method(coding.decodeResult)
    }

    private static func accountTransactions(_ coding: TransactionCoding) -> Method {
        Method(
            list: "account_transactions", "Final transactions that a party signed or is concerned by, newest first.",
            [QueryParameter("party", "An account or an organization.")], from: PartyParameters.self, item: nil,
            itemType: FinalTransactionView.self, numbers: 2
        ) { parameters, after, limit, backend in
            let before = after.map { TransactionPosition(height: Height($0[0]), index: $0[1]) }
            let found = try await backend.transactions(of: parameters.party, before: before, limit: limit)
            let items = try found.map {
                try JSONValueEncoder.encode(
                    FinalTransactionView($0, coding, backend.networkKind), networkKind: backend.networkKind)
            }
            return (items, found.count == limit ? found.last.map { [$0.height.value, $0.index] } : nil)
        }
    }
}
