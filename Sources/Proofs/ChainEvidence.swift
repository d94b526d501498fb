public import Blocks
public import Encoding
internal import Primitives
public import Votes

/// Proof that a block is final, for whoever trusts a checkpoint.
///
/// Bytes: `[checkpoint header, validator set, [hop…], [header…], certificate / null]`. The first of the headers is the
/// block's; each of the others has the one before it as its parent. The last is certified by the set that the hops lead
/// to, or it is the checkpoint itself; then there is no certificate and no hop.
public struct ChainEvidence: CBORCodable, Hashable, Sendable {
    /// More changes of the set than a network sees in decades.
    public static let maximumHops = 1_024
    /// Blocks between one and the certificate that makes it final; and blocks below a checkpoint.
    public static let maximumHeaders = 4_096

    public let checkpoint: BlockHeader
    /// The set of the checkpoint's epoch.
    public let validators: ValidatorSet
    public let hops: [ValidatorSetHop]
    public let headers: [BlockHeader]
    public let certificate: Certificate?

    public init(
        checkpoint: BlockHeader, validators: ValidatorSet, hops: [ValidatorSetHop], headers: [BlockHeader],
        certificate: Certificate?
    ) {
        self.checkpoint = checkpoint
        self.validators = validators
        self.hops = hops
        self.headers = headers
        self.certificate = certificate
    }

    /// The header of the block that is final, if `trusted` is.
    public func verify(trusting trusted: Checkpoint) throws(ProofFailure) -> BlockHeader {
        guard checkpoint.network == trusted.network else {
            throw ProofFailure("checkpoint", "it is of network \(checkpoint.network), not \(trusted.network)")
        }
        guard checkpoint.height == trusted.height, checkpoint.hash == trusted.blockHash else {
            throw ProofFailure(
                "checkpoint",
                "the evidence begins at block \(checkpoint.height) \(checkpoint.hash), not at the trusted block"
                    + " \(trusted.height) \(trusted.blockHash)")
        }
        guard validators.hash == checkpoint.validatorSet else {
            throw ProofFailure("validators", "they are not the set of the checkpoint")
        }
        let (first, last) = try chained()
        if last.hash == trusted.blockHash {
            guard hops.isEmpty, certificate == nil else {
                throw ProofFailure("certificate", "a block at or below the checkpoint has neither hops nor certificate")
            }
            return first
        }
        let (set, behind) = try followHops()
        try check(last, isAbove: behind, field: "headers")
        try check(certificate, of: last, by: set, field: "certificate")
        return first
    }

    /// The first and the last of the headers, once each is its successor's parent.
    private func chained() throws(ProofFailure) -> (first: BlockHeader, last: BlockHeader) {
        guard let first = headers.first, let last = headers.last, headers.count <= Self.maximumHeaders else {
            throw ProofFailure("headers", "there are \(headers.count) of 1 to \(Self.maximumHeaders)")
        }
        guard first.network == checkpoint.network else {
            throw ProofFailure("headers", "block \(first.height) is of another network")
        }
        var parent = first
        for header in headers.dropFirst() {
            guard header.parent == parent.hash, header.height.value == parent.height.value + 1,
                header.network == checkpoint.network
            else { throw ProofFailure("headers", "block \(header.height) does not follow block \(parent.height)") }
            parent = header
        }
        return (first, last)
    }

    /// Later in every way. An epoch that was given up [C19] has the same validators as the one that follows it, so only
    /// its number tells that what they signed in it counts no longer.
    private func check(
        _ header: BlockHeader, isAbove other: BlockHeader, field: String
    ) throws(ProofFailure) {
        guard header.network == other.network, header.height > other.height, header.time > other.time,
            header.epoch >= other.epoch
        else { throw ProofFailure(field, "block \(header.height) does not lie above block \(other.height)") }
    }

    /// The set that the hops lead to, and the block above which it decides.
    private func followHops() throws(ProofFailure) -> (set: ValidatorSet, behind: BlockHeader) {
        guard hops.count <= Self.maximumHops else { throw ProofFailure("hops", "there are more than allowed") }
        var set = validators
        var behind = checkpoint
        for (index, hop) in hops.enumerated() {
            if index == 0, hop.header == checkpoint {
                guard hop.certificate == nil else {
                    throw ProofFailure("hops", "the hop of the checkpoint itself has no certificate")
                }
            } else {
                try check(hop.header, isAbove: behind, field: "hops")
                try check(hop.certificate, of: hop.header, by: set, field: "hops")
            }
            set = try hop.next()
            behind = hop.header
        }
        return (set, behind)
    }

    private func check(
        _ certificate: Certificate?, of header: BlockHeader, by set: ValidatorSet, field: String
    ) throws(ProofFailure) {
        guard let certificate else { throw ProofFailure(field, "block \(header.height) has no certificate") }
        guard header.validatorSet == set.hash else {
            throw ProofFailure(field, "block \(header.height) names another validator set than its predecessors allow")
        }
        guard certificate.kind == .finalize, certificate.blockHash == header.hash,
            certificate.epoch.value == header.epoch
        else { throw ProofFailure(field, "the certificate is not one that makes block \(header.height) final") }
        do throws(Certificate.Failure) {
            try certificate.verify(network: header.network, by: set)
        } catch {
            throw ProofFailure(field, "the certificate of block \(header.height) is not signed by a quorum: \(error)")
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(checkpoint)
        writer.write(validators)
        writer.write(hops)
        writer.write(headers)
        writer.write(certificate)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("chain", count: 5) { (reader) throws(EncodingFailure) in
            ChainEvidence(
                checkpoint: try reader.value("checkpoint"), validators: try reader.value("validators"),
                hops: try reader.list("hops", max: Self.maximumHops),
                headers: try reader.list("headers", max: Self.maximumHeaders),
                certificate: try reader.optional("certificate"))
        }
    }
}
