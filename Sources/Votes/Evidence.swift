public import Encoding
public import Primitives

/// Two signed votes of one validator that no honest validator signs together.
///
/// Bytes: `[first, second]`, the vote with the smaller bytes first, so that one misbehavior has one encoding.
public struct Evidence: CBORCodable, Codable, Hashable, Sendable {
    public let first: SignedVote
    public let second: SignedVote

    public enum Kind: UInt8, NamedCode {
        case conflictingNotarizes = 0
        case conflictingFinalizes = 1
        case nullifyAndFinalize = 2
    }

    /// Nil unless the two exclude each other. Signatures are not looked at: what is compared is what was voted, so
    /// that two signatures over the same vote are never evidence.
    public init?(_ one: SignedVote, _ other: SignedVote) {
        guard Self.kind(one, other) != nil else { return nil }
        let isOrdered = one.vote.encoded.lexicographicallyPrecedes(other.vote.encoded)
        first = isOrdered ? one : other
        second = isOrdered ? other : one
    }

    private static func kind(_ one: SignedVote, _ other: SignedVote) -> Kind? {
        guard one.validator == other.validator, one.vote.position == other.vote.position, one.vote != other.vote else {
            return nil
        }
        switch (one.vote.kind, other.vote.kind) {
        case (.notarize, .notarize): return .conflictingNotarizes
        case (.finalize, .finalize): return .conflictingFinalizes
        case (.nullify, .finalize), (.finalize, .nullify): return .nullifyAndFinalize
        default: return nil
        }
    }

    public var kind: Kind {
        guard let kind = Self.kind(first, second) else { preconditionFailure("evidence is made of excluding votes") }
        return kind
    }

    public var validator: Int { first.validator }
    public var position: EpochView { first.vote.position }

    /// True if both signatures are the validator's.
    public func isValid(network: Hash, in set: ValidatorSet) -> Bool {
        first.isValid(network: network, in: set) && second.isValid(network: network, in: set)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(first)
        writer.write(second)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("evidence", count: 2) { (reader) throws(EncodingFailure) in
            let first: SignedVote = try reader.value("first")
            let second: SignedVote = try reader.value("second")
            guard let evidence = Evidence(first, second), evidence.first == first else {
                throw reader.failure(.outOfRange, "evidence")
            }
            return evidence
        }
    }
}
