public import Cryptography
public import Encoding
public import Primitives

/// What a validator says about a view (Specs/consensus.md).
public enum VoteKind: UInt8, NamedCode, CBORCodable, Comparable {
    /// "This block is valid, and the first proposal I saw in this view."
    case notarize = 0
    /// "Let this view pass without a block."
    case nullify = 1
    /// "I saw this block notarized, have it durably, and never nullified its view."
    case finalize = 2

    public static func < (left: VoteKind, right: VoteKind) -> Bool { left.rawValue < right.rawValue }

    /// Nullify and finalize exclude each other; of both together a validator signs at most one in a view.
    public var isTerminal: Bool { self != .notarize }
}

/// A vote without its signature. A nullify names no block: its parent view is 0 and its block hash zero.
///
/// Bytes: `[epoch, view, kind, parentView, blockHash]`.
public struct Vote: CBORCodable, Codable, Hashable, Sendable {
    public let epoch: Epoch
    public let view: View
    public let kind: VoteKind
    /// The view whose certified block is the parent of the block voted on.
    public let parentView: View
    public let blockHash: Hash

    private init(epoch: Epoch, view: View, kind: VoteKind, parentView: View, blockHash: Hash) {
        self.epoch = epoch
        self.view = view
        self.kind = kind
        self.parentView = parentView
        self.blockHash = blockHash
    }

    public static func notarize(_ epoch: Epoch, _ view: View, parentView: View, blockHash: Hash) -> Vote {
        Vote(epoch: epoch, view: view, kind: .notarize, parentView: parentView, blockHash: blockHash)
    }

    public static func finalize(_ epoch: Epoch, _ view: View, parentView: View, blockHash: Hash) -> Vote {
        Vote(epoch: epoch, view: view, kind: .finalize, parentView: parentView, blockHash: blockHash)
    }

    public static func nullify(_ epoch: Epoch, _ view: View) -> Vote {
        Vote(epoch: epoch, view: view, kind: .nullify, parentView: .genesis, blockHash: .zero)
    }

    public var position: EpochView { EpochView(epoch, view) }

    /// What is signed: the tagged hash of `[network, epoch, view, kind, parentView, blockHash]`.
    public func message(network: Hash) -> Hash {
        var writer = CBORWriter(reserving: 96)
        writer.array(6)
        writer.write(network)
        writeFields(into: &writer)
        return HashTag.vote.hash(writer.bytes)
    }

    private func writeFields(into writer: inout CBORWriter) {
        writer.write(epoch)
        writer.write(view)
        writer.write(kind)
        writer.write(parentView)
        writer.write(blockHash)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writeFields(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("vote", count: 5) { (reader) throws(EncodingFailure) in
            let vote = Vote(
                epoch: try reader.value("epoch"), view: try reader.value("view"), kind: try reader.value("kind"),
                parentView: try reader.value("parentView"), blockHash: try reader.value("blockHash"))
            guard vote.isWellFormed else { throw reader.failure(.outOfRange, "vote") }
            return vote
        }
    }

    /// Views start at 1, a parent's view lies before, and a nullify names nothing.
    public var isWellFormed: Bool {
        guard view > .genesis else { return false }
        return kind == .nullify ? parentView == .genesis && blockHash == .zero : parentView < view
    }
}

/// A vote and whose it is. Bytes: `[vote, validator, signature]`.
public struct SignedVote: CBORCodable, Codable, Hashable, Sendable {
    public let vote: Vote
    /// Index of the validator in the epoch's set.
    public let validator: Int
    public let signature: Signature

    public init(vote: Vote, validator: Int, signature: Signature) {
        self.vote = vote
        self.validator = validator
        self.signature = signature
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(vote)
        writer.write(validator)
        writer.write(signature)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("signedVote", count: 3) { (reader) throws(EncodingFailure) in
            SignedVote(
                vote: try reader.value("vote"),
                validator: Int(try reader.unsigned("validator", max: UInt64(WireLimits.validators - 1))),
                signature: try reader.value("signature"))
        }
    }

    /// True if the validator is one of `set` and its signature verifies. About 40 µs.
    public func isValid(network: Hash, in set: ValidatorSet) -> Bool {
        guard let signer = set[validator] else { return false }
        return Schnorr.verify(signature, message: vote.message(network: network), by: signer.key)
    }
}
