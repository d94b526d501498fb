public import Cryptography
public import Encoding
public import Primitives
internal import StateModel
public import Votes

/// Where a node is. Bytes: `[height, blockHash, epoch, view]`.
public struct PeerStatus: CBORCodable, Hashable, Sendable {
    /// Its last final block.
    public let height: Height
    public let blockHash: Hash
    public let epoch: Epoch
    /// The view it is in.
    public let view: View

    public init(height: Height, blockHash: Hash, epoch: Epoch, view: View) {
        self.height = height
        self.blockHash = blockHash
        self.epoch = epoch
        self.view = view
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(height)
        writer.write(blockHash)
        writer.write(epoch)
        writer.write(view)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("status", count: 4) { (reader) throws(EncodingFailure) in
            PeerStatus(
                height: try reader.value("height"), blockHash: try reader.value("blockHash"),
                epoch: try reader.value("epoch"), view: try reader.value("view"))
        }
    }
}

/// Bytes: `[epoch, above, below]`.
public struct CertificatesRequest: CBORCodable, Hashable, Sendable {
    public let epoch: Epoch
    public let above: View
    public let below: View

    public init(epoch: Epoch, above: View, below: View) {
        self.epoch = epoch
        self.above = above
        self.below = below
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(epoch)
        writer.write(above)
        writer.write(below)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("certificatesRequest", count: 3) { (reader) throws(EncodingFailure) in
            CertificatesRequest(
                epoch: try reader.value("epoch"), above: try reader.value("above"), below: try reader.value("below"))
        }
    }
}

/// Final blocks from a height on. Bytes: `[first, count]`.
public struct BlockRange: CBORCodable, Hashable, Sendable {
    public let first: Height
    /// 1 to ``PeerMessageLimits/blocks``.
    public let count: Int

    /// Precondition: the count is within its bounds.
    public init(first: Height, count: Int) {
        precondition(count > 0 && count <= PeerMessageLimits.blocks, "a range is bounded")
        self.first = first
        self.count = count
    }

    public var last: Height { Height(first.value + UInt64(count) - 1) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(first)
        writer.write(count)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("range", count: 2) { (reader) throws(EncodingFailure) in
            let first: Height = try reader.value("first")
            let count = try reader.unsigned("count", max: UInt64(PeerMessageLimits.blocks))
            guard count > 0, first.value < UInt64.max / 2 else { throw reader.failure(.outOfRange, "range") }
            return BlockRange(first: first, count: Int(count))
        }
    }
}

/// A chunk of the state after a block. Bytes: `[height, index]`.
public struct ChunkPosition: CBORCodable, Hashable, Sendable {
    public let height: Height
    public let index: Int

    public init(height: Height, index: Int) {
        self.height = height
        self.index = index
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(height)
        writer.write(UInt64(index))
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("position", count: 2) { (reader) throws(EncodingFailure) in
            ChunkPosition(
                height: try reader.value("height"),
                index: Int(try reader.unsigned("index", max: UInt64(ChunkCuts.maximumChunks) - 1)))
        }
    }
}

/// The first 16 bytes of a transaction's wire id: enough that nobody finds two of them that agree. Bytes: a string.
public struct TransactionTag: CBORCodable, Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    public init(_ wireID: Hash) {
        let words = wireID.bytes.bigEndianWords
        high = UInt64(bigEndian: words.0)
        low = UInt64(bigEndian: words.1)
    }

    public func encode(into writer: inout CBORWriter) {
        var bytes: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        writer.write(bytes: bytes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let bytes = try reader.byteString("tag", count: 16)
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Where a node can be reached, said and signed by itself. Bytes: `[key, host, port, time, signature]`.
///
/// The signature is BIP-340 by the x coordinate of the transport key, over the tagged hash of
/// `[network, key, host, port, time]`: nobody can send others to an address that its owner never named.
public struct PeerAddressRecord: CBORCodable, Hashable, Sendable {
    public let key: TransportKey
    /// A numeric address or a name.
    public let host: String
    public let port: UInt64
    /// By the node's clock; of two records the later counts.
    public let time: Timestamp
    public let signature: Signature

    /// Signs a record; `secret` is the transport key's.
    public init(
        network: Hash, key: TransportKey, host: String, port: UInt64, time: Timestamp, secret: SecretKey,
        auxiliary: Bytes32
    ) {
        self.key = key
        self.host = host
        self.port = port
        self.time = time
        signature = Schnorr.sign(
            message: Self.message(network, key, host, port, time), secret: secret, auxiliary: auxiliary)
    }

    private init(key: TransportKey, host: String, port: UInt64, time: Timestamp, signature: Signature) {
        self.key = key
        self.host = host
        self.port = port
        self.time = time
        self.signature = signature
    }

    private static let tag = HashTag("mednexus/peer-address")

    private static func message(
        _ network: Hash, _ key: TransportKey, _ host: String, _ port: UInt64, _ time: Timestamp
    ) -> Hash {
        var writer = CBORWriter()
        writer.array(5)
        writer.write(network)
        writer.write(key)
        writer.write(host)
        writer.write(port)
        writer.write(time)
        return tag.hash(writer.bytes)
    }

    /// The message that the signature is over, and by which key.
    func signed(network: Hash) -> (message: Hash, signer: Address)? {
        guard let x = Bytes32(Array(key.bytes.dropFirst())) else { return nil }
        return (Self.message(network, key, host, port, time), Address(x))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(key)
        writer.write(host)
        writer.write(port)
        writer.write(time)
        writer.write(signature)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("address", count: 5) { (reader) throws(EncodingFailure) in
            let record = PeerAddressRecord(
                key: try reader.value("key"), host: try reader.text("host", max: PeerMessageLimits.hostBytes),
                port: try reader.unsigned("port", max: 65_535), time: try reader.value("time"),
                signature: try reader.value("signature"))
            let allowed = record.host.utf8.allSatisfy { byte in
                byte == 0x2d || byte == 0x2e || byte == 0x3a || (0x30...0x39).contains(byte)
                    || (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte)
            }
            guard allowed, !record.host.isEmpty, record.port > 0 else { throw reader.failure(.outOfRange, "address") }
            return record
        }
    }
}
