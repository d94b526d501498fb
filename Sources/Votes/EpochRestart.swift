public import Cryptography
public import Encoding
public import Primitives

/// What a quorum of validators signs to begin a new epoch where the old one can't go on: one validator that lost its
/// guard, or so many that no quorum may vote. The first block of the new epoch carries it; the set stays as it is.
///
/// Whoever signs says that the block is the last final one that it knows, that no other machine has its key, and that
/// the key votes in no earlier epoch any more.
/// Bytes: `[epoch, lastBlock, [[validator, signature]…]]`, ascending by validator.
public struct EpochRestart: CBORCodable, Codable, Hashable, Sendable {
    /// The epoch that begins: the one after the state's.
    public let epoch: Epoch
    /// Hash of the last final header, the parent of the new epoch's first block.
    public let lastBlock: Hash
    public let signatures: [Signed]

    /// A validator of the ending epoch's set and its signature. Bytes: `[validator, signature]`.
    public struct Signed: CBORCodable, Codable, Hashable, Sendable {
        public let validator: Int
        public let signature: Signature

        public init(validator: Int, signature: Signature) {
            self.validator = validator
            self.signature = signature
        }

        public func encode(into writer: inout CBORWriter) {
            writer.array(2)
            writer.write(validator)
            writer.write(signature)
        }

        public init(from reader: inout CBORReader) throws(EncodingFailure) {
            self = try reader.record("signed", count: 2) { (reader) throws(EncodingFailure) in
                Signed(
                    validator: Int(try reader.unsigned("validator", max: UInt64(WireLimits.validators - 1))),
                    signature: try reader.value("signature"))
            }
        }
    }

    /// Sorts the signatures; of two by one validator the first stays.
    public init(epoch: Epoch, lastBlock: Hash, signatures: [Signed]) {
        self.epoch = epoch
        self.lastBlock = lastBlock
        var seen: Set<Int> = []
        self.signatures = signatures.filter { seen.insert($0.validator).inserted }.sorted {
            $0.validator < $1.validator
        }
    }

    /// What is signed: the tagged hash of `[network, epoch, lastBlock]`.
    public static func message(network: Hash, epoch: Epoch, lastBlock: Hash) -> Hash {
        var writer = CBORWriter(reserving: 80)
        writer.array(3)
        writer.write(network)
        writer.write(epoch)
        writer.write(lastBlock)
        return HashTag.epochRestart.hash(writer.bytes)
    }

    /// Those signatures that are their validators'.
    public func goodSignatures(network: Hash, in set: ValidatorSet) -> [Signed] {
        let message = Self.message(network: network, epoch: epoch, lastBlock: lastBlock)
        return signatures.filter { signed in
            set[signed.validator].map { Schnorr.verify(signed.signature, message: message, by: $0.key) } ?? false
        }
    }

    /// True if a quorum of `set`, the ending epoch's, signed, and every signature is good.
    public func isValid(network: Hash, by set: ValidatorSet) -> Bool {
        signatures.count >= set.quorum && goodSignatures(network: network, in: set).count == signatures.count
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(epoch)
        writer.write(lastBlock)
        writer.write(signatures)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("restart", count: 3) { (reader) throws(EncodingFailure) in
            EpochRestart(
                epoch: try reader.value("epoch"), lastBlock: try reader.value("lastBlock"),
                signatures: try reader.sortedList("signatures", max: WireLimits.validators) { $0.validator })
        }
    }
}
