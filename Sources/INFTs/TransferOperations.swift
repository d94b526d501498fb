public import Cryptography
public import Encoding
public import Primitives
public import StateModel

/// `inft.transfer`: refused until sealed delivery is in force. No path moves ownership without a proof that the
/// receiver
/// got the same content key, and the receiver's signature that they fetched the ciphertext.
public struct TransferOffer: DomainOperation {
    public static let name = "inft.transfer"
    public let inft: INFTID
    public let to: Party
    public let expiresAt: Timestamp

    public init(inft: INFTID, to: Party, expiresAt: Timestamp) {
        self.inft = inft
        self.to = to
        self.expiresAt = expiresAt
    }

    public var weight: UInt64 { 14 }

    public func check(in context: OperationContext) throws(Refusal) {
        _ = try INFTRegistry.requireOwned(inft, in: context)
        throw INFTRejection.transferNotYet.at(
            "inft", "ownership moves only by sealed delivery, which is not in force yet")
    }

    public func apply(_ plan: Void, in context: OperationContext) throws(Refusal) {}

    public func words(_ names: any NameResolver) -> [String] {
        ["Offer \(names.identifier(inft.description)) to \(names.party(to)) until \(names.time(expiresAt))."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(to)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TransferOffer(
                inft: try reader.value("inft"), to: try reader.value("to"),
                expiresAt: try reader.value("expiresAt"))
        }
    }
}

/// `inft.clone`: refused until sealed delivery is in force, as a clone's content key must be sealed anew.
public struct Clone: DomainOperation {
    public static let name = "inft.clone"
    public let inft: INFTID
    public let sealed: SealedContent

    public init(inft: INFTID, sealed: SealedContent) {
        self.inft = inft
        self.sealed = sealed
    }

    public var weight: UInt64 { 14 }

    public func check(in context: OperationContext) throws(Refusal) {
        _ = try INFTRegistry.requireOwned(inft, in: context)
        throw INFTRejection.sealedNotYet.at("sealed", "a clone is sealed anew, and sealed delivery is not in force yet")
    }

    public func apply(_ plan: Void, in context: OperationContext) throws(Refusal) {}

    public func words(_ names: any NameResolver) -> [String] {
        ["Clone \(names.identifier(inft.description)): a new token with the same content and no authorizations."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(sealed)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            Clone(inft: try reader.value("inft"), sealed: try reader.value("sealed"))
        }
    }
}

/// `inft.reseal`: the same content key for another sealing key of the owner; refused until sealed delivery is in force.
public struct Reseal: DomainOperation {
    public static let name = "inft.reseal"
    public let inft: INFTID
    public let sealingKey: CompressedPoint
    public let sealedKey: SealedKey
    public let possession: KeyProof
    public let proof: DeliveryProof

    public init(
        inft: INFTID, sealingKey: CompressedPoint, sealedKey: SealedKey, possession: KeyProof, proof: DeliveryProof
    ) {
        self.inft = inft
        self.sealingKey = sealingKey
        self.sealedKey = sealedKey
        self.possession = possession
        self.proof = proof
    }

    public var weight: UInt64 { 14 }

    public func check(in context: OperationContext) throws(Refusal) {
        _ = try INFTRegistry.requireOwned(inft, in: context)
        throw INFTRejection.sealedNotYet.at("inft", "no content is sealed yet")
    }

    public func apply(_ plan: Void, in context: OperationContext) throws(Refusal) {}

    public func words(_ names: any NameResolver) -> [String] {
        ["Seal the content key of \(names.identifier(inft.description)) to another sealing key of yours."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(inft)
        writer.write(sealingKey)
        writer.write(sealedKey)
        writer.write(possession)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            Reseal(
                inft: try reader.value("inft"), sealingKey: try reader.value("sealingKey"),
                sealedKey: try reader.value("sealedKey"), possession: try reader.value("possession"),
                proof: try reader.value("proof"))
        }
    }
}
