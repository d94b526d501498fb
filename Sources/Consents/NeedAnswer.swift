public import Cryptography
public import Encoding
internal import Identities
public import Primitives

/// What is signed to meet a need: this need, of this release, to this recipient, by this party, until then.
///
/// Bytes: `[network, basis, revision, requests, subject, recipient, need, by, validUntil]`.
public struct NeedStatement: CBOREncodable, Hashable, Sendable {
    /// The genesis hash.
    public let network: Hash
    public let basis: ConsentBasis
    /// Of the consent, or the policy revision of the set, as the one who signs read it.
    public let revision: UInt64
    /// ``UseRequest/hash(of:)`` of the requests of the release.
    public let requests: Hash
    /// The license or the transfer, or the reference of a direct disclosure.
    public let subject: Bytes32
    public let recipient: Party
    public let need: Need
    /// Who answers: the custodian, or a reviewer.
    public let by: Party
    /// The first moment at which the answer no longer counts.
    public let validUntil: Timestamp

    public init(
        network: Hash, basis: ConsentBasis, revision: UInt64, requests: Hash, subject: Bytes32, recipient: Party,
        need: Need, by: Party, validUntil: Timestamp
    ) {
        self.network = network
        self.basis = basis
        self.revision = revision
        self.requests = requests
        self.subject = subject
        self.recipient = recipient
        self.need = need
        self.by = by
        self.validUntil = validUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(network)
        writer.write(basis)
        writer.write(revision)
        writer.write(requests)
        writer.write(subject)
        writer.write(recipient)
        writer.write(need)
        writer.write(by)
        writer.write(validUntil)
    }

    /// What the signatures are over.
    public var hash: Hash { HashTag.needAnswer.hash(encoded) }
}

/// One signature of an answer.
public struct AnswerSignature: CBORCodable, Codable, Hashable, Sendable {
    public let signer: Address
    public let signature: Signature

    public init(signer: Address, signature: Signature) {
        self.signer = signer
        self.signature = signature
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(signer)
        writer.write(signature)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("signature", count: 2) { (reader) throws(EncodingFailure) in
            AnswerSignature(signer: try reader.value("signer"), signature: try reader.value("signature"))
        }
    }
}

/// A step from a disease up to its parent, and the proof that it is an edge of the ontology.
public struct OntologyEdge: CBORCodable, Codable, Hashable, Sendable {
    /// The parent's code, of the child's system.
    public let parent: String
    /// The edge's leaf.
    public let index: UInt64
    /// Sibling hashes from the leaf upwards (RFC 6962).
    public let path: [Hash]

    public init(parent: String, index: UInt64, path: [Hash]) {
        self.parent = parent
        self.index = index
        self.path = path
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(parent)
        writer.write(index)
        writer.write(path)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("edge", count: 3) { (reader) throws(EncodingFailure) in
            OntologyEdge(
                parent: try reader.text("parent", max: ConsentsLimits.codeBytes), index: try reader.unsigned("index"),
                path: try reader.list("path", max: ConsentsLimits.ontologyProof))
        }
    }
}

/// How a need is met.
public enum NeedEvidence: CBORCodable, Codable, Hashable, Sendable {
    /// Signatures over the ``NeedStatement``: of the account that answers, or of as many members of the organization
    /// as its policy of class consent asks for. Ascending by signer.
    case signed(by: Party, validUntil: Timestamp, signatures: [AnswerSignature])
    /// The way from the disease up to the ancestor, edge by edge, against the root that governance set.
    case ontology([OntologyEdge])

    /// Every value of `type` in JSON.
    public static let names = ["signed", "ontology"]

    private enum CodingKeys: String, CodingKey { case type, by, validUntil, signatures, edges }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .signed(let party, let validUntil, let signatures):
            try container.encode("signed", forKey: .type)
            try container.encode(party, forKey: .by)
            try container.encode(validUntil, forKey: .validUntil)
            try container.encode(signatures, forKey: .signatures)
        case .ontology(let edges):
            try container.encode("ontology", forKey: .type)
            try container.encode(edges, forKey: .edges)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "signed":
            self = .signed(
                by: try container.decode(Party.self, forKey: .by),
                validUntil: try container.decode(Timestamp.self, forKey: .validUntil),
                signatures: try container.decode([AnswerSignature].self, forKey: .signatures))
        case "ontology": self = .ontology(try container.decode([OntologyEdge].self, forKey: .edges))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected signed or ontology")
        }
    }

    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .signed(let party, let validUntil, let signatures):
            writer.array(4)
            writer.write(UInt64(0))
            writer.write(party)
            writer.write(validUntil)
            writer.write(signatures)
        case .ontology(let edges):
            writer.array(2)
            writer.write(UInt64(1))
            writer.write(edges)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("evidence") { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 3):
                .signed(
                    by: try reader.value("by"), validUntil: try reader.value("validUntil"),
                    signatures: try reader.sortedList(
                        "signatures", max: ConsentsLimits.signaturesPerAnswer,
                        by: { (signature: AnswerSignature) in
                            signature.signer
                        }))
            case (1, 1): .ontology(try reader.list("edges", max: ConsentsLimits.ontologyPath))
            default: throw reader.failure(.unknownCase)
            }
        }
    }
}

/// A need that a decision named, and how it is met.
public struct NeedAnswer: CBORCodable, Codable, Hashable, Sendable {
    public let need: Need
    public let evidence: NeedEvidence

    public init(need: Need, evidence: NeedEvidence) {
        self.need = need
        self.evidence = evidence
    }

    /// By one signature.
    public init(_ statement: NeedStatement, signer: Address, signature: Signature) {
        self.init(
            need: statement.need,
            evidence: .signed(
                by: statement.by, validUntil: statement.validUntil,
                signatures: [AnswerSignature(signer: signer, signature: signature)]))
    }

    /// What checking it costs, in units of operation weight.
    public var weight: UInt64 {
        switch evidence {
        case .signed(_, _, let signatures): 4 * 6 + CredentialWeights.holds + 50 * UInt64(signatures.count)
        case .ontology(let edges): 4 + edges.reduce(0) { $0 + 2 + UInt64($1.path.count) }
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(need)
        writer.write(evidence)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("answer", count: 2) { (reader) throws(EncodingFailure) in
            NeedAnswer(need: try reader.value("need"), evidence: try reader.value("evidence"))
        }
    }
}
