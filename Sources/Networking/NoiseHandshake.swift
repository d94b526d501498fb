package import Cryptography
package import Primitives

/// Why a handshake or a transport message was refused. Says nothing about secrets.
package enum NoiseFailure: Error, Hashable, Sendable {
    /// Fewer or more bytes than the act has.
    case length
    /// Another version of the handshake than 0.
    case version
    /// No point of the curve.
    case point
    /// Not made by who knows the keys, for another prologue, or damaged on the way.
    case tag
}

/// BOLT-8: Noise_XK_secp256k1_ChaChaPoly_SHA256. The initiator knows the responder's static key beforehand; the
/// responder learns the initiator's in act three. A state machine without a socket: one method per event, each called
/// once and in order.
///
/// ```
/// initiator  actOne() ──50 bytes──► receiveActOne(_:)   responder
///            receiveActTwo(_:) ◄──50 bytes──┘
///            └──66 bytes──► receiveActThree(_:)
/// ```
///
/// Both end with a ``NoiseTransport``. Not copyable, so that no act can be done twice with one ephemeral key.
package struct NoiseHandshake: ~Copyable {
    package static let actOneCount = 50
    package static let actTwoCount = 50
    package static let actThreeCount = 66
    private static let protocolName = Array("Noise_XK_secp256k1_ChaChaPoly_SHA256".utf8)
    private static let version: UInt8 = 0

    private let staticKey: SecretKey
    private let ephemeralKey: SecretKey
    private var hash: [UInt8]
    private var chainingKey: SecretBytes
    /// The key of the act under way; replaced by each mixing of a shared secret.
    private var actKey: SecretBytes
    private var remoteStatic: CurvePoint?
    private var remoteEphemeral: CurvePoint?

    /// `ephemeralKey` is fresh and random. Fails with `.point` if `remote` is no point of the curve.
    package static func initiator(
        staticKey: SecretKey, ephemeralKey: SecretKey, remote: TransportKey, prologue: [UInt8]
    ) throws(NoiseFailure) -> NoiseHandshake {
        guard let point = CurvePoint(compressed: remote.bytes) else { throw .point }
        var handshake = NoiseHandshake(
            staticKey: staticKey, ephemeralKey: ephemeralKey, responderStatic: remote.bytes, prologue: prologue)
        handshake.remoteStatic = point
        return handshake
    }

    /// `ephemeralKey` is fresh and random.
    package static func responder(staticKey: SecretKey, ephemeralKey: SecretKey, prologue: [UInt8]) -> NoiseHandshake {
        NoiseHandshake(
            staticKey: staticKey, ephemeralKey: ephemeralKey, responderStatic: staticKey.compressedPublicKey,
            prologue: prologue)
    }

    private init(staticKey: SecretKey, ephemeralKey: SecretKey, responderStatic: [UInt8], prologue: [UInt8]) {
        self.staticKey = staticKey
        self.ephemeralKey = ephemeralKey
        hash = SHA256.hash(Self.protocolName).bytes.array
        chainingKey = SecretBytes(hash)
        actKey = SecretBytes([])
        mix(prologue)
        mix(responderStatic)
    }

    // MARK: Initiator

    /// The initiator's first bytes.
    package mutating func actOne() -> [UInt8] {
        guard let remoteStatic else { preconditionFailure("the initiator begins") }
        mix(ephemeralKey.compressedPublicKey)
        mix(sharedSecretOf: ephemeralKey, remoteStatic)
        return [Self.version] + ephemeralKey.compressedPublicKey + sealHashed([], nonce: 0)
    }

    /// Takes the 50 bytes of act two; gives the 66 of act three, and the transport.
    package consuming func receiveActTwo(_ bytes: [UInt8]) throws(NoiseFailure) -> (actThree: [UInt8], NoiseTransport) {
        let remoteEphemeral = try receiveEphemeral(bytes)
        let sealedStatic = sealHashed(staticKey.compressedPublicKey, nonce: 1)
        mix(sharedSecretOf: staticKey, remoteEphemeral)
        let actThree = [Self.version] + sealedStatic + sealHashed([], nonce: 0)
        let keys = NoiseKeys.derive(chainingKey: chainingKey, secret: SecretBytes([]))
        let transport = NoiseTransport(sendingKey: keys.first, receivingKey: keys.second, chainingKey: chainingKey)
        return (actThree, transport)
    }

    // MARK: Responder

    /// Takes the 50 bytes of act one; gives the 50 of act two.
    package mutating func receiveActOne(_ bytes: [UInt8]) throws(NoiseFailure) -> [UInt8] {
        let point = try receiveEphemeral(bytes)
        remoteEphemeral = point
        mix(ephemeralKey.compressedPublicKey)
        mix(sharedSecretOf: ephemeralKey, point)
        return [Self.version] + ephemeralKey.compressedPublicKey + sealHashed([], nonce: 0)
    }

    /// Takes the 66 bytes of act three; gives the initiator's proven static key, and the transport.
    package consuming func receiveActThree(_ bytes: [UInt8]) throws(NoiseFailure) -> (key: TransportKey, NoiseTransport)
    {
        guard remoteEphemeral != nil else { preconditionFailure("act three follows act one") }
        guard bytes.count == Self.actThreeCount else { throw .length }
        guard bytes[0] == Self.version else { throw .version }
        let opened = try openHashed(Array(bytes[1..<50]), nonce: 1)
        guard let key = TransportKey(opened), let point = CurvePoint(compressed: opened) else { throw .point }
        mix(sharedSecretOf: ephemeralKey, point)
        _ = try openHashed(Array(bytes[50...]), nonce: 0)
        let keys = NoiseKeys.derive(chainingKey: chainingKey, secret: SecretBytes([]))
        let transport = NoiseTransport(sendingKey: keys.second, receivingKey: keys.first, chainingKey: chainingKey)
        return (key, transport)
    }

    // MARK: What both do

    /// Acts one and two are alike: a version, an ephemeral key, and a tag under the secret shared with it. The
    /// responder's part in act one is its static key, the initiator's in act two its ephemeral one.
    private mutating func receiveEphemeral(_ bytes: [UInt8]) throws(NoiseFailure) -> CurvePoint {
        guard bytes.count == Self.actOneCount else { throw .length }
        guard bytes[0] == Self.version else { throw .version }
        let compressed = Array(bytes[1..<34])
        guard let point = CurvePoint(compressed: compressed) else { throw .point }
        mix(compressed)
        mix(sharedSecretOf: remoteStatic == nil ? staticKey : ephemeralKey, point)
        _ = try openHashed(Array(bytes[34...]), nonce: 0)
        return point
    }

    private mutating func mix(_ bytes: [UInt8]) {
        hash = SHA256.hash(hash + bytes).bytes.array
    }

    private mutating func mix(sharedSecretOf secret: SecretKey, _ point: CurvePoint) {
        let shared = ECDH.sharedSecret(secret: secret, point: point)
        let keys = NoiseKeys.derive(chainingKey: chainingKey, secret: shared)
        chainingKey = keys.first
        actKey = keys.second
    }

    private mutating func sealHashed(_ plaintext: [UInt8], nonce: UInt64) -> [UInt8] {
        let sealed = NoiseKeys.seal(plaintext, key: actKey, nonce: nonce, associatedData: hash)
        mix(sealed)
        return sealed
    }

    private mutating func openHashed(_ sealed: [UInt8], nonce: UInt64) throws(NoiseFailure) -> [UInt8] {
        let opened = try NoiseKeys.open(sealed, key: actKey, nonce: nonce, associatedData: hash)
        mix(sealed)
        return opened
    }
}

/// What handshake and transport share.
enum NoiseKeys {
    /// HKDF-SHA256 with the chaining key as salt and an empty info: two keys of 32 bytes.
    static func derive(chainingKey: SecretBytes, secret: SecretBytes) -> (first: SecretBytes, second: SecretBytes) {
        var salt = chainingKey.copy()
        var material = secret.copy()
        defer {
            Wipe.array(&salt)
            Wipe.array(&material)
        }
        guard var output = try? HKDF.derive(secret: material, salt: salt, info: [], count: 64) else {
            preconditionFailure("64 bytes are below HKDF's maximum")
        }
        defer { Wipe.array(&output) }
        var first = Array(output[..<32])
        var second = Array(output[32...])
        defer {
            Wipe.array(&first)
            Wipe.array(&second)
        }
        return (SecretBytes(first), SecretBytes(second))
    }

    static func seal(
        _ plaintext: [UInt8], key: SecretBytes, nonce: UInt64, associatedData: [UInt8] = []
    ) -> [UInt8] {
        do {
            return try ChaCha20Poly1305.seal(
                plaintext, key: key, nonce: nonceBytes(nonce), associatedData: associatedData)
        } catch {
            preconditionFailure("a cipher of libcrypto with sizes that are right refuses only without memory")
        }
    }

    static func open(
        _ sealed: [UInt8], key: SecretBytes, nonce: UInt64, associatedData: [UInt8] = []
    ) throws(NoiseFailure) -> [UInt8] {
        do {
            return try ChaCha20Poly1305.open(
                sealed, key: key, nonce: nonceBytes(nonce), associatedData: associatedData)
        } catch {
            throw .tag
        }
    }

    /// Four bytes of zero, then the counter, little-endian.
    private static func nonceBytes(_ nonce: UInt64) -> [UInt8] {
        [0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: nonce >> (8 * $0)) }
    }
}
