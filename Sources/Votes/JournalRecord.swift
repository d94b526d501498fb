public import Encoding
public import Primitives

/// A block offered in a view: what consensus needs to know of it. The same block may be proposed in several views.
///
/// Bytes: `[epoch, view, parentView, blockHash, parentHash, height]`.
public struct Proposal: CBORCodable, Hashable, Sendable {
    public let epoch: Epoch
    public let view: View
    /// The view whose certified block is the parent.
    public let parentView: View
    public let blockHash: Hash
    public let parentHash: Hash
    public let height: Height

    public init(
        epoch: Epoch, view: View, parentView: View, blockHash: Hash, parentHash: Hash, height: Height
    ) {
        self.epoch = epoch
        self.view = view
        self.parentView = parentView
        self.blockHash = blockHash
        self.parentHash = parentHash
        self.height = height
    }

    /// The vote that its leader signs to offer it, and every other validator that finds it valid.
    public var notarize: Vote { .notarize(epoch, view, parentView: parentView, blockHash: blockHash) }
    public var finalize: Vote { .finalize(epoch, view, parentView: parentView, blockHash: blockHash) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(epoch)
        writer.write(view)
        writer.write(parentView)
        writer.write(blockHash)
        writer.write(parentHash)
        writer.write(height)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("proposal", count: 6) { (reader) throws(EncodingFailure) in
            Proposal(
                epoch: try reader.value("epoch"), view: try reader.value("view"),
                parentView: try reader.value("parentView"), blockHash: try reader.value("blockHash"),
                parentHash: try reader.value("parentHash"), height: try reader.value("height"))
        }
    }
}

/// Whether a notarized block was found to be here, durable and valid.
///
/// Bytes: `[epoch, view, blockHash, isCertified]`.
public struct Certification: CBORCodable, Hashable, Sendable {
    public let epoch: Epoch
    public let view: View
    public let blockHash: Hash
    public let isCertified: Bool

    public init(epoch: Epoch, view: View, blockHash: Hash, isCertified: Bool) {
        self.epoch = epoch
        self.view = view
        self.blockHash = blockHash
        self.isCertified = isCertified
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(epoch)
        writer.write(view)
        writer.write(blockHash)
        writer.write(isCertified)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("certification", count: 4) { (reader) throws(EncodingFailure) in
            Certification(
                epoch: try reader.value("epoch"), view: try reader.value("view"),
                blockHash: try reader.value("blockHash"), isCertified: try reader.boolean("isCertified"))
        }
    }
}

/// What the vote journal holds; appended and synced before the network or the own collector hears of it.
///
/// Bytes: `[kind, body]`.
public enum JournalRecord: CBORCodable, Hashable, Sendable {
    /// A vote that this node decided to cast. It is journaled unsigned: the guard releases the signature, and signing
    /// the same vote again is harmless.
    case vote(Vote)
    /// Made here or received.
    case certificate(Certificate)
    case certification(Certification)
    /// A proposal this node voted for, so that a restart knows height and parent of what it notarized.
    case proposal(Proposal)
    /// Kept so that equivocation is remembered across a restart.
    case evidence(Evidence)

    public var position: EpochView {
        switch self {
        case .vote(let vote): vote.position
        case .certificate(let certificate): certificate.position
        case .certification(let certification): EpochView(certification.epoch, certification.view)
        case .proposal(let proposal): EpochView(proposal.epoch, proposal.view)
        case .evidence(let evidence): evidence.position
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .vote(let vote):
            writer.write(UInt64(0))
            writer.write(vote)
        case .certificate(let certificate):
            writer.write(UInt64(1))
            writer.write(certificate)
        case .certification(let certification):
            writer.write(UInt64(2))
            writer.write(certification)
        case .proposal(let proposal):
            writer.write(UInt64(3))
            writer.write(proposal)
        case .evidence(let evidence):
            writer.write(UInt64(4))
            writer.write(evidence)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("journalRecord", count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .vote(try reader.value("vote"))
            case 1: .certificate(try reader.value("certificate"))
            case 2: .certification(try reader.value("certification"))
            case 3: .proposal(try reader.value("proposal"))
            case 4: .evidence(try reader.value("evidence"))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }
}
