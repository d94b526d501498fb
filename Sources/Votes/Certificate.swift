public import Cryptography
public import Encoding
public import Primitives

/// Which validators signed, by their indexes: the most significant bit of byte 0 is validator 0. As many bytes as the
/// set needs, the bits beyond it zero.
public struct ValidatorBitmap: Hashable, Sendable {
    public private(set) var bytes: [UInt8]

    public static let maximumBytes = (WireLimits.validators + 7) / 8

    /// No one, of a set of `validators`.
    public init(validators: Int) { bytes = [UInt8](repeating: 0, count: (validators + 7) / 8) }

    public init(bytes: [UInt8]) { self.bytes = bytes }

    public func contains(_ index: Int) -> Bool {
        index >= 0 && index / 8 < bytes.count && bytes[index / 8] >> UInt8(7 - index % 8) & 1 == 1
    }

    /// Precondition: the index is one of the set's.
    public mutating func insert(_ index: Int) { bytes[index / 8] |= 1 << UInt8(7 - index % 8) }

    /// Ascending.
    public var indexes: [Int] { (0..<bytes.count * 8).filter { contains($0) } }

    public var count: Int { bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
}

/// A quorum of one view's equal votes: a notarization, a nullification or a finalization.
///
/// Bytes: `[kind, epoch, view, parentView, blockHash, bitmap, [signature…]]`, signatures in the order of indexes.
public struct Certificate: CBORCodable, Codable, Hashable, Sendable {
    /// What every signer signed.
    public let vote: Vote
    public let signers: ValidatorBitmap
    public let signatures: [Signature]

    public var kind: VoteKind { vote.kind }
    public var epoch: Epoch { vote.epoch }
    public var view: View { vote.view }
    public var parentView: View { vote.parentView }
    public var blockHash: Hash { vote.blockHash }
    public var position: EpochView { vote.position }

    /// Joins the signatures of equal votes; `signatures` holds each validator once, in any order.
    public init(_ vote: Vote, signatures: [(validator: Int, signature: Signature)], validators: Int) {
        var signers = ValidatorBitmap(validators: validators)
        let sorted = signatures.sorted { $0.validator < $1.validator }
        for one in sorted { signers.insert(one.validator) }
        precondition(signers.count == sorted.count, "each validator signs a certificate once")
        self.vote = vote
        self.signers = signers
        self.signatures = sorted.map(\.signature)
    }

    init(vote: Vote, signers: ValidatorBitmap, signatures: [Signature]) {
        self.vote = vote
        self.signers = signers
        self.signatures = signatures
    }

    /// Why a certificate proves nothing.
    public enum Failure: Error, Hashable, Sendable {
        /// The bitmap is not as long as the set needs, or names validators beyond it.
        case wrongBitmap
        case tooFewSignatures
        case signature(validator: Int)
    }

    /// Proves that a quorum of `set` signed, or throws. Costs about 40 µs a signature.
    ///
    /// - Parameter check: whether a signature over a message is a key's; a caller may remember answers.
    public func verify(
        network: Hash, by set: ValidatorSet,
        check: (Signature, Hash, Address) -> Bool = { Schnorr.verify($0, message: $1, by: $2) }
    ) throws(Failure) {
        try checkSigners(of: set)
        let message = vote.message(network: network)
        for (index, signature) in zip(signers.indexes, signatures) {
            guard let validator = set[index], check(signature, message, validator.key) else {
                throw .signature(validator: index)
            }
        }
    }

    public func isValid(network: Hash, by set: ValidatorSet) -> Bool {
        do {
            try verify(network: network, by: set)
            return true
        } catch {
            return false
        }
    }

    /// Everything but the signatures themselves.
    private func checkSigners(of set: ValidatorSet) throws(Failure) {
        guard signers.bytes.count == (set.count + 7) / 8, signers.indexes.allSatisfy({ $0 < set.count }) else {
            throw .wrongBitmap
        }
        guard signatures.count == signers.count, signers.count >= set.quorum else { throw .tooFewSignatures }
    }

    /// The signed votes it is made of.
    public var votes: [SignedVote] {
        zip(signers.indexes, signatures).map { SignedVote(vote: vote, validator: $0, signature: $1) }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(kind)
        writer.write(epoch)
        writer.write(view)
        writer.write(parentView)
        writer.write(blockHash)
        writer.write(bytes: signers.bytes)
        writer.write(signatures)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("certificate", count: 7) { (reader) throws(EncodingFailure) in
            let kind: VoteKind = try reader.value("kind")
            let epoch: Epoch = try reader.value("epoch")
            let view: View = try reader.value("view")
            let parentView: View = try reader.value("parentView")
            let blockHash: Hash = try reader.value("blockHash")
            let certificate = Certificate(
                vote: .of(kind, epoch, view, parentView: parentView, blockHash: blockHash),
                signers: ValidatorBitmap(
                    bytes: try reader.byteString("signers", max: ValidatorBitmap.maximumBytes)),
                signatures: try reader.list("signatures", max: WireLimits.validators))
            guard certificate.vote.kind == .nullify ? parentView == .genesis && blockHash == .zero : true,
                certificate.vote.isWellFormed
            else { throw reader.failure(.outOfRange, "vote") }
            guard certificate.signers.count == certificate.signatures.count else {
                throw reader.failure(.wrongCount, "signatures")
            }
            return certificate
        }
    }
}

extension Vote {
    static func of(_ kind: VoteKind, _ epoch: Epoch, _ view: View, parentView: View, blockHash: Hash) -> Vote {
        switch kind {
        case .notarize: .notarize(epoch, view, parentView: parentView, blockHash: blockHash)
        case .nullify: .nullify(epoch, view)
        case .finalize: .finalize(epoch, view, parentView: parentView, blockHash: blockHash)
        }
    }
}

extension ValidatorBitmap: Codable {
    public init(from decoder: any Decoder) throws { self.init(bytes: try ByteString(from: decoder).bytes) }
    public func encode(to encoder: any Encoder) throws { try ByteString(bytes).encode(to: encoder) }
}
