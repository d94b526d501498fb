package import Encoding
public import Primitives

/// A sealing secret, and what it is for.
public struct KeptSealingSecret: Sendable {
    public let secret: SealingSecret
    public let purpose: SealingAct
    /// The genesis hash of the network where it is used; nil while that is open.
    public let network: Hash?
    public let inft: INFTID?
    public let license: LicenseID?
    public let madeAt: Timestamp

    public init(
        secret: SealingSecret, purpose: SealingAct, network: Hash?, inft: INFTID? = nil, license: LicenseID? = nil,
        madeAt: Timestamp
    ) {
        self.secret = secret
        self.purpose = purpose
        self.network = network
        self.inft = inft
        self.license = license
        self.madeAt = madeAt
    }
}

/// The secret k of a content that was encrypted here, and what it takes to open it.
public struct KeptContentSecret: Sendable {
    /// Of the ciphertext.
    public let root: Hash
    /// Bytes of ciphertext.
    public let size: UInt64
    public let salt: Hash
    public let keyCommitment: Hash
    /// The file's, for people.
    public let name: String
    public let mediaType: String
    public let madeAt: Timestamp
    private let scalar: SecretBytes

    /// Nil unless `scalar` is one that ``ContentPoint`` takes.
    public init?(
        root: Hash, size: UInt64, salt: Hash, keyCommitment: Hash, name: String, mediaType: String, madeAt: Timestamp,
        scalar: SecretBytes
    ) {
        guard SecretKey(scalar) != nil else { return nil }
        self.root = root
        self.size = size
        self.salt = salt
        self.keyCommitment = keyCommitment
        self.name = name
        self.mediaType = mediaType
        self.madeAt = madeAt
        self.scalar = scalar
    }

    /// K = kG.
    public var point: ContentPoint {
        var bytes = scalar.copy()
        defer { Wipe.array(&bytes) }
        guard let point = ContentPoint(randomness: Bytes32(unchecked: bytes, at: 0)) else {
            preconditionFailure("a kept scalar was checked when it was made")
        }
        return point
    }

    fileprivate var scalarCopy: [UInt8] { scalar.copy() }
}

/// What is kept in a file of its own, so that removing it shreds exactly one thing.
public enum KeptSecret: Sendable {
    case sealing(KeptSealingSecret)
    case content(KeptContentSecret)

    /// Names one of them.
    public enum Name: Hashable, Sendable {
        /// By its public key.
        case sealing(CompressedPoint)
        /// By the ciphertext's root.
        case content(Hash)

        var encoded: [UInt8] {
            switch self {
            case .sealing(let key): [0] + key.bytes
            case .content(let root): [1] + root.bytes.array
            }
        }
    }

    public var name: Name {
        switch self {
        case .sealing(let kept): .sealing(kept.secret.key)
        case .content(let kept): .content(kept.root)
        }
    }

    public var madeAt: Timestamp {
        switch self {
        case .sealing(let kept): kept.madeAt
        case .content(let kept): kept.madeAt
        }
    }
}

// MARK: Bytes

/// `[0, secret, purpose, network / null, inft / null, license / null, madeAt]`, or
/// `[1, secret, root, size, salt, keyCommitment, name, mediaType, madeAt]`.
extension KeptSecret {
    static let maximumText = 255

    package var encoded: [UInt8] {
        // Room for the longest, so that no growing leaves copies of the secret behind.
        var writer = CBORWriter(reserving: 1024)
        switch self {
        case .sealing(let kept):
            writer.array(7)
            writer.write(UInt64(0))
            writer.write(bytes: kept.secret.secretBytes.copy())
            writer.write(kept.purpose)
            writer.write(kept.network)
            writer.write(kept.inft)
            writer.write(kept.license)
            writer.write(kept.madeAt)
        case .content(let kept):
            writer.array(9)
            writer.write(UInt64(1))
            writer.write(bytes: kept.scalarCopy)
            writer.write(kept.root)
            writer.write(kept.size)
            writer.write(kept.salt)
            writer.write(kept.keyCommitment)
            writer.write(kept.name)
            writer.write(kept.mediaType)
            writer.write(kept.madeAt)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(EncodingFailure) {
        var reader = CBORReader(bytes)
        self = try reader.union("secret") { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 6):
                guard let secret = SealingSecret(SecretBytes(try reader.byteString("secret", count: 32))) else {
                    throw reader.failure(.outOfRange, "secret")
                }
                return .sealing(
                    KeptSealingSecret(
                        secret: secret, purpose: try reader.value("purpose"), network: try reader.optional("network"),
                        inft: try reader.optional("inft"), license: try reader.optional("license"),
                        madeAt: try reader.value("madeAt")))
            case (1, 8):
                let scalar = SecretBytes(try reader.byteString("secret", count: 32))
                let kept = KeptContentSecret(
                    root: try reader.value("root"), size: try reader.unsigned("size"), salt: try reader.value("salt"),
                    keyCommitment: try reader.value("keyCommitment"),
                    name: try reader.text("name", max: Self.maximumText),
                    mediaType: try reader.text("mediaType", max: Self.maximumText),
                    madeAt: try reader.value("madeAt"), scalar: scalar)
                guard let kept else { throw reader.failure(.outOfRange, "secret") }
                return .content(kept)
            case (0, _), (1, _): throw reader.failure(.wrongCount)
            default: throw reader.failure(.unknownCase)
            }
        }
        try reader.finish()
    }
}
