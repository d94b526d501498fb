public import Cryptography
internal import Encoding
public import Primitives

/// What is asked of a node's content store over HTTP, as far as it is signed (Specs/content-store.md).
public struct ContentRequest: Hashable, Sendable {
    public enum Act: String, Sendable, CaseIterable {
        case head = "HEAD"
        case get = "GET"
        case put = "PUT"
        case proof = "PROOF"
    }

    public let act: Act
    /// Of the content's Merkle tree.
    public let root: Hash
    /// The first byte; of a proof the first chunk. 0 where no range is asked for.
    public let offset: UInt64
    /// Bytes, of a proof chunks. 0 where no range is asked for, or one without an end.
    public let length: UInt64

    public init(_ act: Act, _ root: Hash, offset: UInt64 = 0, length: UInt64 = 0) {
        self.act = act
        self.root = root
        self.offset = offset
        self.length = length
    }

    /// Of the node's clock, in either direction.
    public static let windowMilliseconds: UInt64 = 120_000

    private static let tag = HashTag("mednexus/content-request")

    /// What the signature is over: a tagged hash of `[network, act, root, offset, length, time, nonce]`.
    public func message(network: Hash, time: Timestamp, nonce: [UInt8]) -> Hash {
        var writer = CBORWriter()
        writer.array(7)
        writer.write(network)
        writer.write(act.rawValue)
        writer.write(root)
        writer.write(offset)
        writer.write(length)
        writer.write(time)
        writer.write(bytes: nonce)
        return Self.tag.hash(writer.bytes)
    }
}

/// Who asks: the header `Authorization: MedNexus account=…, time=…, nonce=…, signature=…`.
public struct ContentAuthorization: Hashable, Sendable {
    public static let scheme = "MedNexus"
    public static let nonceBytes = 16
    /// A header is refused above it before it is looked at.
    static let maximumBytes = 512

    public let account: Address
    public let time: Timestamp
    /// Random, ``nonceBytes`` long: no request that stores anything counts twice.
    public let nonce: [UInt8]
    public let signature: Signature

    public init(account: Address, time: Timestamp, nonce: [UInt8], signature: Signature) {
        self.account = account
        self.time = time
        self.nonce = nonce
        self.signature = signature
    }

    /// Signs a request. Precondition: the nonce has ``nonceBytes``.
    public init(
        _ request: ContentRequest, network: Hash, time: Timestamp, nonce: [UInt8], secret: SecretKey, auxiliary: Bytes32
    ) {
        precondition(nonce.count == Self.nonceBytes)
        self.init(
            account: secret.address, time: time, nonce: nonce,
            signature: Schnorr.sign(
                message: request.message(network: network, time: time, nonce: nonce), secret: secret,
                auxiliary: auxiliary))
    }

    /// From the value of the header; nil unless it has exactly the four parts.
    public init?(header: String, networkKind: NetworkKind) {
        guard header.utf8.count <= Self.maximumBytes, header.hasPrefix(Self.scheme + " ") else { return nil }
        var parts: [Substring: Substring] = [:]
        for part in header.dropFirst(Self.scheme.count + 1).split(separator: ",") {
            let trimmed = part.drop { $0 == " " }
            guard let equals = trimmed.firstIndex(of: "=") else { return nil }
            guard parts.updateValue(trimmed[trimmed.index(after: equals)...], forKey: trimmed[..<equals]) == nil else {
                return nil
            }
        }
        guard parts.count == 4, let account = parts["account"], let time = parts["time"].flatMap({ UInt64($0) }),
            time <= Timestamp.maximum.milliseconds,
            let bytes = TypedText.decode(String(account), kind: "", network: networkKind),
            let nonce = parts["nonce"].flatMap({ Hexadecimal.decode(String($0)) }), nonce.count == Self.nonceBytes,
            let signature = parts["signature"].flatMap({ Hexadecimal.decode(String($0)) }).flatMap({ Signature($0) })
        else { return nil }
        self.init(account: Address(bytes), time: Timestamp(time), nonce: nonce, signature: signature)
    }

    public func header(networkKind: NetworkKind) -> String {
        let account = TypedText.encode(account.bytes, kind: "", network: networkKind)
        return "\(Self.scheme) account=\(account), time=\(time.milliseconds), nonce=\(Hexadecimal.encode(nonce)), "
            + "signature=\(signature)"
    }

    /// True if the account signed exactly this request.
    public func isSignature(of request: ContentRequest, network: Hash) -> Bool {
        Schnorr.verify(
            signature, message: request.message(network: network, time: time, nonce: nonce), by: account)
    }
}
