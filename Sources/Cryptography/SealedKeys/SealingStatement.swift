public import Encoding
public import Primitives

/// What a sealed key, or a proof about one, is made for. New acts go at the end.
public enum SealingAct: UInt8, NamedCode, CBORCodable {
    case mint = 0
    case revise = 1
    case clone = 2
    case license = 3
    case licenseTransfer = 4
    /// A licensee whose license covers revisions gets the key of a newer version.
    case licenseRevision = 5
    case transfer = 6
    /// The owner seals the same key to another sealing key of their own.
    case reseal = 7
    /// A buyer shows the key they were given to an arbiter.
    case dispute = 8
}

/// What a proof about a sealed key holds for, beside the points themselves. A proof made for one statement verifies under
/// no other.
///
/// Bytes: `[network, act, inft, version, subject, from, to]`.
public struct SealingStatement: CBORCodable, Hashable, Sendable {
    /// The genesis hash.
    public let network: Hash
    public let act: SealingAct
    /// The INFT's id; at mint and clone, where it does not exist yet, ``madeHere(sender:sequence:operationIndex:)``.
    public let inft: Bytes32
    /// Of the INFT's content; the first is 1.
    public let version: UInt64
    /// The license, transfer or dispute; where none exists when the proof is made,
    /// ``madeHere(sender:sequence:operationIndex:)``.
    public let subject: Bytes32
    /// Who seals or delivers.
    public let from: Party
    /// For whom.
    public let to: Party

    public init(
        network: Hash, act: SealingAct, inft: Bytes32, version: UInt64, subject: Bytes32, from: Party, to: Party
    ) {
        self.network = network
        self.act = act
        self.inft = inft
        self.version = version
        self.subject = subject
        self.from = from
        self.to = to
    }

    private static let here = HashTag("mednexus/sealed/here")

    /// Stands for the id of what an operation is about to make: that id follows from the transaction's hash, which in
    /// turn covers the proof. A sender's sequence is used once, so no two operations share this value.
    ///
    /// Tagged hash of the sender, the sequence (8 bytes, big-endian) and the operation's index (4 bytes, big-endian).
    public static func madeHere(sender: Address, sequence: UInt64, operationIndex: Int) -> Bytes32 {
        var hasher = here.hasher
        hasher.update(sender.bytes)
        hasher.update((0..<8).map { UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * $0)) })
        hasher.update((0..<4).map { UInt8(truncatingIfNeeded: operationIndex >> (24 - 8 * $0)) })
        return hasher.finalize().bytes
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(network)
        writer.write(act)
        writer.write(inft)
        writer.write(version)
        writer.write(subject)
        writer.write(from)
        writer.write(to)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            SealingStatement(
                network: try reader.value("network"), act: try reader.value("act"), inft: try reader.bytes32("inft"),
                version: try reader.unsigned("version"), subject: try reader.bytes32("subject"),
                from: try reader.value("from"), to: try reader.value("to"))
        }
    }
}
