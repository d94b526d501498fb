internal import Blocks
internal import Encoding
public import Primitives
public import Proofs
public import StateModel

extension NetworkKindName {
    init(_ kind: NetworkKind) { self = kind == .main ? .main : .test }
}

extension Method {
    /// What a node is willing to prove in one answer.
    static let provenReads = 4_096
    /// For how long a node recommends that what it proves of the state is believed: revocation is news by then.
    static let standardMaximumAge: UInt64 = 3_600_000

    /// Answers a question of the state together with the proof of every record that it read.
    static func proving(
        _ arguments: Arguments, _ backend: any LedgerBackend,
        _ read: @escaping @Sendable (QueryContext) throws -> JSONValue
    ) async throws -> JSONValue {
        let (answer, height, subject) = try await backend.withSnapshot { snapshot in
            let state = RecordingState(over: snapshot.state)
            let index = RecordingIndex(over: snapshot.index)
            let recording = QueryContext(
                block: snapshot.block, blockHash: snapshot.blockHash, state: state, index: index,
                prover: snapshot.prover)
            let answer = try read(recording)
            let reads = try proven(state.answers, by: snapshot.prover)
            let question = ProvenQuestion(
                method: arguments.method.name, parameters: arguments.asked.text, hints: index.hints)
            return (answer, snapshot.block.height, Proof.Subject.state(reads, question))
        }
        guard case .object(var object) = answer else { return answer }
        let proof = Proof(
            networkKind: NetworkKindName(backend.networkKind), maximumAge: standardMaximumAge,
            chain: try await backend.evidence(of: height, from: arguments.checkpoint), subject: subject)
        object.append("proof", .string(Hexadecimal.encode(proof.encoded)))
        return .object(object)
    }

    static func proven(
        _ answers: [(key: StateKey, value: [UInt8]?)], by prover: (any StateProver)?
    ) throws -> [ProvenRead] {
        guard let prover else { throw ServerState.noEvidence }
        guard answers.count <= provenReads else { throw ServerState.proofTooLarge }
        return try answers.map { ProvenRead(key: $0.key, value: $0.value, proof: try prover.proof(of: $0.key)) }
    }

    static func headProof(_ head: ChainHead, _ backend: any LedgerBackend, _ checkpoint: Height) async throws -> Proof?
    {
        try await blockProof(of: head.height, backend, checkpoint)
    }

    static func headerProof(
        _ header: HeaderView?, _ backend: any LedgerBackend, _ checkpoint: Height
    ) async throws -> Proof? {
        try await blockProof(of: header?.height, backend, checkpoint)
    }

    static func fullBlockProof(
        _ block: BlockView?, _ backend: any LedgerBackend, _ checkpoint: Height
    ) async throws -> Proof? {
        try await blockProof(of: block?.header.height, backend, checkpoint)
    }

    private static func blockProof(
        of height: Height?, _ backend: any LedgerBackend, _ checkpoint: Height
    ) async throws -> Proof? {
        guard let height else { return nil }
        return Proof(
            networkKind: NetworkKindName(backend.networkKind), maximumAge: nil,
            chain: try await backend.evidence(of: height, from: checkpoint), subject: .block)
    }

    static func transactionProof(
        _ transaction: FinalTransactionView?, _ backend: any LedgerBackend, _ checkpoint: Height
    ) async throws -> Proof? {
        guard let transaction else { return nil }
        return try await inclusionProof(of: transaction.hash, backend, checkpoint)
    }

    /// Only that a transaction is final can be proven.
    static func statusProof(
        _ status: TransactionStatus, _ backend: any LedgerBackend, _ checkpoint: Height
    ) async throws -> Proof? {
        guard status.state == .final else { return nil }
        return try await inclusionProof(of: status.hash, backend, checkpoint)
    }

    private static func inclusionProof(
        of hash: Hash, _ backend: any LedgerBackend, _ checkpoint: Height
    ) async throws -> Proof? {
        guard let (height, inclusion) = try await backend.inclusion(of: hash) else { return nil }
        return Proof(
            networkKind: NetworkKindName(backend.networkKind), maximumAge: nil,
            chain: try await backend.evidence(of: height, from: checkpoint), subject: .transaction(inclusion))
    }

    private static let stateValues = JSONValue.object([
        "type": "array", "maxItems": 256,
        "items": .object(["type": ["string", "null"], "pattern": "^([0-9a-f]{2})*$"]),
    ])

    static let proofs: [Method] = [
        Method(
            name: "proof_state",
            summary: "What the state holds under raw state keys, each hexadecimal or null, always with its proof.",
            parameters: [QueryParameter("keys", "State keys (Specs/state.md), hexadecimal; at most 256.")],
            parametersType: StateKeysParameters.self, result: .describedValue(stateValues),
            common: CommonParameter.read,
            replay: nil, isLong: false
        ) { arguments, backend, context in
            let keys = try arguments.decoded(as: StateKeysParameters.self, backend.networkKind).keys
            guard (1...256).contains(keys.count),
                keys.allSatisfy({ (1...ProvenRead.maximumKeyBytes).contains($0.bytes.count) })
            else { throw CallFailure.invalidParameters("keys", "Expected 1 to 256 keys of 1 to 1,024 bytes.") }
            try await MinimumHeight.reach(arguments.minHeight, backend, context)
            let (reads, height, hash) = try await backend.withSnapshot { snapshot in
                let state = RecordingState(over: snapshot.state)
                for key in keys { _ = try state.read(StateKey(stored: key.bytes)) }
                return (
                    try proven(state.answers, by: snapshot.prover), snapshot.block.height, snapshot.blockHash
                )
            }
            let proof = Proof(
                networkKind: NetworkKindName(backend.networkKind), maximumAge: standardMaximumAge,
                chain: try await backend.evidence(of: height, from: arguments.checkpoint),
                subject: .state(reads, nil))
            let values = keys.map { key -> JSONValue in
                let read = reads.first { $0.key.bytes == key.bytes }
                return read?.value.map { .string(Hexadecimal.encode($0)) } ?? .null
            }
            return Envelope.value(.array(values), height: height, blockHash: hash, proof: proof.encoded)
        }
    ]
}

struct StateKeysParameters: Codable, Sendable {
    let keys: [ByteString]
}

extension Method.Arguments {
    /// The call as it can be asked again: its own parameters, and where in a list it stood.
    var asked: JSONValue {
        guard case .object(var object) = own else { return own }
        if method.common.contains(.limit) { object.append("limit", .integer(limit)) }
        if let cursor { object.append("cursor", .string(cursor)) }
        return .object(object)
    }
}

/// Remembers the first read that failed. One owner, one thread.
private final class WatchedState: StateReader {
    private let base: any StateReader
    private(set) var failure: StateFailure?

    init(over base: any StateReader) { self.base = base }

    func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        do throws(StateFailure) {
            return try base.read(key)
        } catch {
            failure = failure ?? error
            throw error
        }
    }
}

/// Why a proven question can't be answered here.
public struct ReplayFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

extension LedgerEvent {
    /// As `tx_get` shows it.
    public func json(_ networkKind: NetworkKind) throws -> JSONValue {
        try JSONValueEncoder.encode(try EventView(self, networkKind), networkKind: networkKind)
    }
}

extension MethodTable {
    /// Asks the question of a verified proof again, of nothing but what is proven: the same function that the node ran.
    /// Nil if the proof is about no question.
    public func replay(_ proof: VerifiedProof, networkKind: NetworkKind) throws -> JSONValue? {
        guard case .state(let state, _, let question?) = proof.fact else { return nil }
        guard let method = self[question.method], let replay = method.replay else {
            throw ReplayFailure(description: "this build does not know the question \(question.method)")
        }
        let parameters = try JSONParser.parse(question.parameters)
        let watched = WatchedState(over: state)
        let context = QueryContext(
            block: BlockContext(
                network: proof.header.network, networkKind: networkKind, height: proof.header.height,
                time: proof.header.time),
            blockHash: proof.header.hash, state: watched, index: HintedIndex(question.hints))
        let answer = try replay(try method.arguments(parameters), context)
        // Words that name things do without a name where a read fails; here that would pass for absence.
        if let failure = watched.failure { throw failure }
        return answer
    }
}
