internal import COpenSSL
internal import CSecp256k1
public import Primitives

/// A step of a BIP-32 path: 0 to 2^31 - 1, hardened or not.
public struct PathStep: Hashable, Sendable, CustomStringConvertible {
    static let hardenedBit: UInt32 = 1 << 31

    let number: UInt32

    /// Nil from 2^31 on.
    public init?(_ index: UInt32, hardened: Bool) {
        guard index < PathStep.hardenedBit else { return nil }
        number = hardened ? index | PathStep.hardenedBit : index
    }

    init(number: UInt32) { self.number = number }

    public var index: UInt32 { number & ~PathStep.hardenedBit }
    public var isHardened: Bool { number & PathStep.hardenedBit != 0 }
    public var description: String { "\(index)" + (isHardened ? "'" : "") }
}

/// `m/7411'/0'/0'`: the way from the master key to a derived one.
public struct DerivationPath: Hashable, Sendable, CustomStringConvertible {
    /// BIP-32 counts depth in a byte; nothing of ours goes deeper than five.
    public static let maximumCount = 16

    public let steps: [PathStep]

    public init(_ steps: [PathStep]) {
        precondition(steps.count <= DerivationPath.maximumCount)
        self.steps = steps
    }

    /// Nil unless `text` is `m` and steps of digits, `'` (or `h`, `H`) marking the hardened.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "m", parts.count - 1 <= DerivationPath.maximumCount else { return nil }
        var steps: [PathStep] = []
        for part in parts.dropFirst() {
            let isHardened = part.hasSuffix("'") || part.hasSuffix("h") || part.hasSuffix("H")
            let digits = isHardened ? part.dropLast() : part
            guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
                let index = UInt32(digits), let step = PathStep(index, hardened: isHardened)
            else { return nil }
            steps.append(step)
        }
        self.steps = steps
    }

    /// MedNexus's own purpose (BIP-43), so that its keys meet those of no other system.
    public static let purpose: UInt32 = 7411

    /// `m/7411'/network'/account'/relationship'/index'`, all hardened: no key of the wallet gives another away.
    public static func wallet(
        network: NetworkKind, account: UInt32, relationship: UInt32, index: UInt32
    ) -> DerivationPath? {
        let numbers = [purpose, UInt32(network.rawValue), account, relationship, index]
        let steps = numbers.compactMap { PathStep($0, hardened: true) }
        return steps.count == numbers.count ? DerivationPath(steps) : nil
    }

    public var description: String { (["m"] + steps.map(\.description)).joined(separator: "/") }
}

/// A private key of BIP-32 with what is needed to derive from it.
public struct ExtendedKey: Sendable, CustomStringConvertible {
    public let depth: UInt8
    /// First four bytes of the parent's RIPEMD-160(SHA-256(public key)); zero for a master key.
    public let parentFingerprint: UInt32
    public let step: PathStep
    let chainCode: SecretBytes
    public let secret: SecretKey

    /// The master key of a seed of 16 to 64 bytes. Nil for a seed of another size, or (chance 2^-127) without a key.
    public init?(seed: SecretBytes) {
        guard seed.count >= 16, seed.count <= 64 else { return nil }
        var bytes = seed.copy()
        var digest = HMAC.sha512(key: Array("Bitcoin seed".utf8), bytes)
        defer {
            Wipe.array(&bytes)
            Wipe.array(&digest)
        }
        guard let secret = SecretKey(Bytes32(unchecked: digest, at: 0)) else { return nil }
        self.init(
            depth: 0, parentFingerprint: 0, step: PathStep(number: 0),
            chainCode: SecretBytes(Bytes32(unchecked: digest, at: 32)), secret: secret)
    }

    private init(
        depth: UInt8, parentFingerprint: UInt32, step: PathStep, chainCode: SecretBytes, secret: SecretKey
    ) {
        self.depth = depth
        self.parentFingerprint = parentFingerprint
        self.step = step
        self.chainCode = chainCode
        self.secret = secret
    }

    public var fingerprint: UInt32 {
        let hash = SHA256.hash(secret.compressedPublicKey).bytes.array
        var digest = [UInt8](repeating: 0, count: 20)
        let result = unsafe EVP_Digest(hash, hash.count, &digest, nil, EVP_ripemd160(), nil)
        precondition(result == 1, "libcrypto since 3.0.7 has RIPEMD-160 in its default provider")
        return digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// BIP-32's CKDpriv. Nil at depth 255, or where the step has no key (chance 2^-127: use the next one).
    public func child(_ step: PathStep) -> ExtendedKey? {
        guard depth < .max else { return nil }
        var data = step.isHardened ? [0] + secret.secretBytes.copy() : secret.compressedPublicKey
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            data.append(UInt8(truncatingIfNeeded: step.number >> shift))
        }
        var code = chainCode.copy()
        var digest = HMAC.sha512(key: code, data)
        var scalar = secret.secretBytes.copy()
        defer {
            Wipe.array(&data)
            Wipe.array(&code)
            Wipe.array(&digest)
            Wipe.array(&scalar)
        }
        let isValid = unsafe CurveContext.withSecretContext { context in
            unsafe secp256k1_ec_seckey_tweak_add(context, &scalar, digest) == 1
        }
        guard isValid, let key = SecretKey(Bytes32(unchecked: scalar, at: 0)) else { return nil }
        return ExtendedKey(
            depth: depth + 1, parentFingerprint: fingerprint, step: step,
            chainCode: SecretBytes(Bytes32(unchecked: digest, at: 32)), secret: key)
    }

    /// Nil where a step has no key (chance 2^-127).
    public func derived(_ path: DerivationPath) -> ExtendedKey? {
        var key = self
        for step in path.steps {
            guard let next = key.child(step) else { return nil }
            key = next
        }
        return key
    }

    public var description: String { "ExtendedKey(depth \(depth), of \(secret.address))" }
}

/// The text of extended keys. MedNexus exports none; it is read and written to prove the derivation against BIP-32.
extension ExtendedKey {
    static let privateVersion: [UInt8] = [0x04, 0x88, 0xad, 0xe4]
    static let publicVersion: [UInt8] = [0x04, 0x88, 0xb2, 0x1e]

    private func serialized(_ version: [UInt8], _ key: [UInt8]) -> String {
        func bytes(_ number: UInt32) -> [UInt8] {
            stride(from: UInt32(24), through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        return Base58Check.encode(
            version + [depth] + bytes(parentFingerprint) + bytes(step.number) + chainCode.copy() + key)
    }

    /// `xprv…`: gives away this key and all below it.
    public var privateText: String {
        serialized(ExtendedKey.privateVersion, [0] + secret.secretBytes.copy())
    }

    /// `xpub…`: gives away all public keys below it that are not hardened.
    public var publicText: String { serialized(ExtendedKey.publicVersion, secret.compressedPublicKey) }

    /// Nil unless `text` is a valid `xprv…`.
    public init?(privateText text: String) {
        guard let (header, key) = ExtendedKey.parse(text, version: ExtendedKey.privateVersion), key[0] == 0,
            let secret = SecretKey(Bytes32(unchecked: key, at: 1))
        else { return nil }
        self.init(
            depth: header.depth, parentFingerprint: header.parentFingerprint, step: header.step,
            chainCode: header.chainCode, secret: secret)
    }

    /// True if `text` is a valid `xpub…`.
    public static func isValid(publicText text: String) -> Bool {
        guard let (_, key) = parse(text, version: publicVersion) else { return false }
        return CurvePoint(compressed: key) != nil
    }

    private struct Header {
        let depth: UInt8
        let parentFingerprint: UInt32
        let step: PathStep
        let chainCode: SecretBytes
    }

    private static func parse(_ text: String, version: [UInt8]) -> (Header, key: [UInt8])? {
        guard let bytes = Base58Check.decode(text), bytes.count == 78, Array(bytes[..<4]) == version else { return nil }
        func number(_ start: Int) -> UInt32 { bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        let header = Header(
            depth: bytes[4], parentFingerprint: number(5), step: PathStep(number: number(9)),
            chainCode: SecretBytes(Bytes32(unchecked: bytes, at: 13)))
        // A master key has no parent and no number.
        guard header.depth > 0 || header.parentFingerprint == 0 && header.step.number == 0 else { return nil }
        return (header, Array(bytes[45...]))
    }
}
