public import Blocks
public import Encoding
public import Governance
public import Primitives
public import StateModel
public import Votes

/// Proof that another set of validators follows: a block that the old set made final, and what its state says about the
/// validators. Written once for genesis and for every block after which the set is another, and kept forever.
///
/// Bytes: `[header, certificate / null, validators record, state proof]`; without certificate for genesis, and where the
/// block is itself the checkpoint of the evidence.
public struct ValidatorSetHop: CBORCodable, Hashable, Sendable {
    public let header: BlockHeader
    public let certificate: Certificate?
    /// The record under ``key`` in the state after the block.
    public let record: ValidatorsRecord
    public let proof: StateProof

    /// Where the state keeps the validators.
    public static let key = Validators.key

    public init(header: BlockHeader, certificate: Certificate?, record: ValidatorsRecord, proof: StateProof) {
        self.header = header
        self.certificate = certificate
        self.record = record
        self.proof = proof
    }

    /// The hop of the block whose state `snapshot` is.
    public static func make(
        _ header: BlockHeader, certificate: Certificate?, in snapshot: LayeredSnapshot
    ) throws(StateFailure) -> ValidatorSetHop {
        precondition(snapshot.root == header.stateRoot, "a hop is made from the state after its block")
        let record: ValidatorsRecord
        do throws(Refusal) {
            record = ValidatorsRecord(try Validators.records(in: snapshot))
        } catch {
            throw error.asDamage(of: "the validators")
        }
        return ValidatorSetHop(
            header: header, certificate: certificate, record: record, proof: try StateProof.make(key, in: snapshot))
    }

    /// The same without its certificate, for evidence that begins with this block.
    public var ofCheckpoint: ValidatorSetHop {
        ValidatorSetHop(header: header, certificate: nil, record: record, proof: proof)
    }

    /// The set that follows, if the state of the block has it.
    public func next() throws(ProofFailure) -> ValidatorSet {
        guard proof.verifies(Self.key, value: record.encoded, root: header.stateRoot) else {
            throw ProofFailure("hops", "the state of block \(header.height) does not hold these validators")
        }
        guard let set = record.set else {
            throw ProofFailure("hops", "the validators of block \(header.height) are no set")
        }
        return set
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(header)
        writer.write(certificate)
        writer.write(record)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("hop", count: 4) { (reader) throws(EncodingFailure) in
            ValidatorSetHop(
                header: try reader.value("header"), certificate: try reader.optional("certificate"),
                record: try reader.value("validators"), proof: try reader.value("proof"))
        }
    }
}
