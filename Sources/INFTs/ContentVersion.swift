public import Cryptography
public import Encoding
public import Primitives
internal import StateModel

/// Public content: anyone can fetch it and compare the hash.
public struct OpenContent: CBORCodable, Codable, Hashable, Sendable {
    /// SHA-256 of all its bytes.
    public let hash: Hash
    /// Bytes.
    public let size: UInt64
    /// `application/json`
    public let mediaType: String
    /// Where to get it; may be null where the hash alone is published.
    public let location: String?

    public init(hash: Hash, size: UInt64, mediaType: String, location: String?) {
        self.hash = hash
        self.size = size
        self.mediaType = mediaType
        self.location = location
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(hash)
        writer.write(size)
        writer.write(mediaType)
        if let location { writer.write(location) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            OpenContent(
                hash: try reader.value("hash"),
                size: try reader.unsigned("size", max: INFTsLimits.contentBytes),
                mediaType: try reader.text("mediaType", max: INFTsLimits.mediaTypeBytes),
                location: reader.null() ? nil : try reader.text("location", max: INFTsLimits.locationBytes))
        }
    }
}

/// Encrypted content: the ciphertext lives off chain, its key is sealed to the owner. As it was published; to whom the key
/// is sealed today stands in the version's ``Custody``.
public struct SealedContent: CBORCodable, Codable, Hashable, Sendable {
    /// RFC 6962 root over the ciphertext's chunks.
    public let root: Hash
    /// Bytes of ciphertext.
    public let size: UInt64
    /// Of the plaintext.
    public let mediaType: String
    public let cipherSuite: CipherSuite
    /// Commitment to the content key, which makes the encryption key-committing.
    public let keyCommitment: Hash
    public let salt: Hash
    public let sealingKey: CompressedPoint
    public let sealedKey: SealedKey
    /// That the owner holds the sealing key.
    public let possession: KeyProof
    /// That the owner made the sealed key.
    public let origin: KeyProof

    public init(
        root: Hash, size: UInt64, mediaType: String, cipherSuite: CipherSuite, keyCommitment: Hash, salt: Hash,
        sealingKey: CompressedPoint, sealedKey: SealedKey, possession: KeyProof, origin: KeyProof
    ) {
        self.root = root
        self.size = size
        self.mediaType = mediaType
        self.cipherSuite = cipherSuite
        self.keyCommitment = keyCommitment
        self.salt = salt
        self.sealingKey = sealingKey
        self.sealedKey = sealedKey
        self.possession = possession
        self.origin = origin
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(10)
        writer.write(root)
        writer.write(size)
        writer.write(mediaType)
        writer.write(cipherSuite)
        writer.write(keyCommitment)
        writer.write(salt)
        writer.write(sealingKey)
        writer.write(sealedKey)
        writer.write(possession)
        writer.write(origin)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 10) { (reader) throws(EncodingFailure) in
            SealedContent(
                root: try reader.value("root"), size: try reader.unsigned("size", max: INFTsLimits.contentBytes),
                mediaType: try reader.text("mediaType", max: INFTsLimits.mediaTypeBytes),
                cipherSuite: try reader.value("cipherSuite"), keyCommitment: try reader.value("keyCommitment"),
                salt: try reader.value("salt"), sealingKey: try reader.value("sealingKey"),
                sealedKey: try reader.value("sealedKey"), possession: try reader.value("possession"),
                origin: try reader.value("origin"))
        }
    }
}

/// One version of an INFT's content. `[0, open] / [1, sealed]`; in JSON `{"open": {…}}` or `{"sealed": {…}}`.
public enum ContentVersion: CBORCodable, Codable, Hashable, Sendable {
    case open(OpenContent)
    case sealed(SealedContent)

    public var isSealed: Bool { if case .sealed = self { true } else { false } }

    public var size: UInt64 {
        switch self {
        case .open(let content): content.size
        case .sealed(let content): content.size
        }
    }

    /// Of the ciphertext; nil of open content.
    public var root: Hash? { if case .sealed(let content) = self { content.root } else { nil } }

    public var mediaType: String {
        switch self {
        case .open(let content): content.mediaType
        case .sealed(let content): content.mediaType
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .open(let content):
            writer.write(UInt64(0))
            writer.write(content)
        case .sealed(let content):
            writer.write(UInt64(1))
            writer.write(content)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned() {
            case 0: .open(try reader.value("open"))
            case 1: .sealed(try reader.value("sealed"))
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    private enum Key: String, CodingKey { case open, sealed }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let content = try container.decodeIfPresent(OpenContent.self, forKey: .open) {
            self = .open(content)
        } else {
            self = .sealed(try container.decode(SealedContent.self, forKey: .sealed))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .open(let content): try container.encode(content, forKey: .open)
        case .sealed(let content): try container.encode(content, forKey: .sealed)
        }
    }
}

/// A version as it stands in the state, dated. `[number, content, createdAt, createdHeight, custody?, consentSet?,
/// erasure?]`
public struct VersionRecord: CBORCodable, Codable, Hashable, Sendable {
    /// From 1.
    public let number: UInt64
    public let content: ContentVersion
    public let createdAt: Timestamp
    public let createdHeight: Height
    /// Who can open it; null for open content.
    public var custody: Custody?
    /// The consent set that it was published under: whose members may ask for its erasure, for good.
    public let consentSet: ConsentSetID?
    /// The receipt that the holder of its key signed. Custody stays: it says whose key was destroyed.
    public var erasure: ErasureID?

    public init(
        number: UInt64, content: ContentVersion, createdAt: Timestamp, createdHeight: Height, custody: Custody?,
        consentSet: ConsentSetID? = nil, erasure: ErasureID? = nil
    ) {
        self.number = number
        self.content = content
        self.createdAt = createdAt
        self.createdHeight = createdHeight
        self.custody = custody
        self.consentSet = consentSet
        self.erasure = erasure
    }

    /// A version that its owner publishes in `block`.
    init(
        _ number: UInt64, _ content: ContentVersion, by owner: Party, under set: ConsentSetID?,
        in block: BlockContext
    ) {
        var custody: Custody?
        if case .sealed(let sealed) = content {
            custody = Custody(
                holder: owner, sealingKey: sealed.sealingKey, sealedKey: sealed.sealedKey, since: block.time)
        }
        self.init(
            number: number, content: content, createdAt: block.time, createdHeight: block.height, custody: custody,
            consentSet: set)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(number)
        writer.write(content)
        writer.write(createdAt)
        writer.write(createdHeight)
        writer.write(custody)
        writer.write(consentSet)
        writer.write(erasure)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            VersionRecord(
                number: try reader.unsigned("number"), content: try reader.value("content"),
                createdAt: try reader.value("createdAt"), createdHeight: try reader.value("createdHeight"),
                custody: try reader.optional("custody"), consentSet: try reader.optional("consentSet"),
                erasure: try reader.optional("erasure"))
        }
    }
}
