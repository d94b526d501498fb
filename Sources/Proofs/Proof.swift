public import Blocks
public import Encoding
public import Primitives
internal import Transactions

/// What was asked of the state: enough to ask it again. Bytes: `[method, parameters, hints]`, the parameters as the JSON
/// of the call.
public struct ProvenQuestion: CBORCodable, Hashable, Sendable {
    static let maximumMethodBytes = 64
    public static let maximumParameterBytes = 64 * 1024

    public let method: String
    public let parameters: String
    public let hints: IndexHints

    public init(method: String, parameters: String, hints: IndexHints) {
        self.method = method
        self.parameters = parameters
        self.hints = hints
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(method)
        writer.write(parameters)
        writer.write(hints)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("question", count: 3) { (reader) throws(EncodingFailure) in
            ProvenQuestion(
                method: try reader.text("method", max: Self.maximumMethodBytes),
                parameters: try reader.text("parameters", max: Self.maximumParameterBytes),
                hints: try reader.value("hints"))
        }
    }
}

/// Evidence that stands by itself: Specs/proofs.md tells how to verify it with nothing but a trusted checkpoint.
///
/// Bytes: `[1, network kind, maximum age / null, chain evidence, subject]`; subject is `[0]` (the block),
/// `[1, [read…], question / null]` (its state) or `[2, inclusion]` (a transaction of it).
public struct Proof: CBORCodable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 1
    public static let maximumBytes = 64 << 20
    public static let maximumReads = 16_384

    public enum Subject: Hashable, Sendable {
        case block
        case state([ProvenRead], ProvenQuestion?)
        case transaction(TransactionInclusion)
    }

    /// How identifiers are written as text. Not proven, and nothing depends on it.
    public let networkKind: NetworkKindName
    /// For how many milliseconds after the block's time whoever made this wants it to be believed; nil: forever.
    public let maximumAge: UInt64?
    public let chain: ChainEvidence
    public let subject: Subject

    public init(networkKind: NetworkKindName, maximumAge: UInt64?, chain: ChainEvidence, subject: Subject) {
        self.networkKind = networkKind
        self.maximumAge = maximumAge
        self.chain = chain
        self.subject = subject
    }

    /// What is proven if `trusted` is.
    public func verify(trusting trusted: Checkpoint) throws(ProofFailure) -> VerifiedProof {
        let header = try chain.verify(trusting: trusted)
        switch subject {
        case .block: return VerifiedProof(header: header, fact: .block)
        case .state(let reads, let question):
            let state = try ProvenState(reads, root: header.stateRoot)
            return VerifiedProof(header: header, fact: .state(state, reads, question))
        case .transaction(let inclusion):
            let signed = try inclusion.verify(in: header)
            return VerifiedProof(header: header, fact: .transaction(inclusion, hash: signed.hash))
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(Self.formatVersion)
        writer.write(networkKind)
        writer.write(maximumAge)
        writer.write(chain)
        switch subject {
        case .block:
            writer.array(1)
            writer.write(UInt64(0))
        case .state(let reads, let question):
            writer.array(3)
            writer.write(UInt64(1))
            writer.write(reads)
            writer.write(question)
        case .transaction(let inclusion):
            writer.array(2)
            writer.write(UInt64(2))
            writer.write(inclusion)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("proof", count: 5) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            return Proof(
                networkKind: try reader.value("networkKind"), maximumAge: try reader.optional("maximumAge"),
                chain: try reader.value("chain"),
                subject: try reader.union("subject") { (reader, kind, count) throws(EncodingFailure) in
                    switch (kind, count) {
                    case (0, 0): return .block
                    case (1, 2):
                        return .state(
                            try reader.list("reads", max: Self.maximumReads), try reader.optional("question"))
                    case (2, 1): return .transaction(try reader.value("inclusion"))
                    default: throw reader.failure(.unknownCase, "subject")
                    }
                })
        }
    }
}

/// What a proof proves, as of a final block.
public struct VerifiedProof: Sendable {
    public enum Fact: Sendable {
        case block
        /// The state answers the reads; a question can be asked of it again.
        case state(ProvenState, [ProvenRead], ProvenQuestion?)
        case transaction(TransactionInclusion, hash: Hash)
    }

    public let header: BlockHeader
    public let fact: Fact

    /// How far a clock may be behind.
    private static let aheadMilliseconds: UInt64 = 600_000

    /// Proven facts are as old as their block. Throws beyond `limit` milliseconds; nil: any age will do.
    public func checkAge(at time: Timestamp, limit: UInt64?) throws(ProofFailure) {
        guard let limit else { return }
        guard header.time.milliseconds <= time.milliseconds + Self.aheadMilliseconds else {
            throw ProofFailure(
                "maximumAge",
                "the block is dated \(DurationText.words(milliseconds: header.time.milliseconds - time.milliseconds)) "
                    + "later than the clock by which it is judged")
        }
        let age = time.milliseconds > header.time.milliseconds ? time.milliseconds - header.time.milliseconds : 0
        guard age <= limit else {
            throw ProofFailure(
                "maximumAge", "the block is \(age / 1000) s old, and the proof may be used for \(limit / 1000) s")
        }
    }
}
