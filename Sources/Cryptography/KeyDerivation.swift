internal import COpenSSL
public import Primitives

/// HMAC (RFC 2104).
public enum HMAC {
    public static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        unsafe compute(EVP_sha256(), count: 32, key: key, message)
    }

    public static func sha512(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        unsafe compute(EVP_sha512(), count: 64, key: key, message)
    }

    private static func compute(
        _ digest: OpaquePointer?, count: Int, key: [UInt8], _ message: [UInt8]
    ) -> [UInt8] {
        precondition(key.count <= Int(Int32.max), "libcrypto counts keys in int")
        var output = [UInt8](repeating: 0, count: count)
        var length: UInt32 = 0
        let result = unsafe COpenSSL.HMAC(
            digest, key, Int32(key.count), message, message.count, &output, &length)
        precondition(
            unsafe result != nil && length == UInt32(count), "HMAC of a known digest has no failure but memory")
        return output
    }
}

/// HKDF with SHA-256 (RFC 5869).
public enum HKDF {
    public static let hashCount = 32
    /// RFC 5869: the block counter is one byte.
    public static let maximumCount = 255 * hashCount

    public static func extract(salt: [UInt8], secret: [UInt8]) -> [UInt8] {
        // An absent salt is defined as a block of zeros, which HMAC's own padding makes of an empty one.
        HMAC.sha256(key: salt, secret)
    }

    /// `count` at most ``maximumCount``.
    public static func expand(
        pseudorandomKey: [UInt8], info: [UInt8], count: Int
    ) throws(CryptographyFailure) -> [UInt8] {
        guard count >= 0, count <= maximumCount else { throw .badParameter("\(count) bytes of HKDF") }
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 0
        while output.count < count {
            counter += 1
            block = HMAC.sha256(key: pseudorandomKey, block + info + [counter])
            output += block
        }
        return Array(output.prefix(count))
    }

    public static func derive(
        secret: [UInt8], salt: [UInt8], info: [UInt8], count: Int
    ) throws(CryptographyFailure) -> [UInt8] {
        try expand(pseudorandomKey: extract(salt: salt, secret: secret), info: info, count: count)
    }
}

/// PBKDF2 with HMAC-SHA-512 (RFC 8018), for BIP-39 only.
public enum PBKDF2 {
    static func sha512(
        passphrase: [UInt8], salt: [UInt8], iterations: Int32, count: Int
    ) throws(CryptographyFailure) -> SecretBytes {
        guard passphrase.count <= Int(Int32.max), salt.count <= Int(Int32.max) else { throw .badParameter("length") }
        var output = [UInt8](repeating: 0, count: count)
        defer { Wipe.array(&output) }
        let result = unsafe passphrase.withUnsafeBytes { passphrase in
            // Without a passphrase the address may be nil, which libcrypto takes for an empty one.
            unsafe PKCS5_PBKDF2_HMAC(
                passphrase.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(passphrase.count), salt,
                Int32(salt.count), iterations, EVP_sha512(), Int32(count), &output)
        }
        guard result == 1 else { throw .unavailable("PBKDF2") }
        return SecretBytes(output)
    }
}

/// scrypt (RFC 7914).
public enum Scrypt {
    /// 1 GiB and some: N = 2^20 with r = 8 is the most a keystore may ask of a machine.
    public static let maximumMemoryBytes: UInt64 = (1 << 30) + (1 << 22)

    /// - Parameters:
    ///   - n: cost, a power of two above 1 and below 2^(16 r).
    ///   - r: block size; memory is 128 × n × r bytes.
    ///   - p: parallelization.
    public static func derive(
        passphrase: SecretBytes, salt: [UInt8], n: UInt64, r: UInt64, p: UInt64, count: Int
    ) throws(CryptographyFailure) -> SecretBytes {
        // These bounds keep the product below 2^63.
        guard n >= 2, n.nonzeroBitCount == 1, n <= 1 << 24, r >= 1, r <= 64, p >= 1, p <= 16, count >= 1, count <= 1024
        else { throw .badParameter("scrypt N = \(n), r = \(r), p = \(p)") }
        guard 128 * n * r + 128 * r * p + 256 * r + 64 <= maximumMemoryBytes else {
            throw .badParameter("scrypt N = \(n), r = \(r): more than 1 GiB of memory")
        }
        var output = [UInt8](repeating: 0, count: count)
        defer { Wipe.array(&output) }
        let result = unsafe passphrase.withBytes { passphrase in
            unsafe EVP_PBE_scrypt(
                passphrase.baseAddress?.assumingMemoryBound(to: CChar.self), passphrase.count, salt, salt.count, n, r,
                p, maximumMemoryBytes, &output, count)
        }
        guard result == 1 else { throw .unavailable("scrypt N = \(n), r = \(r), p = \(p)") }
        return SecretBytes(output)
    }
}

/// Randomness of the operating system, by libcrypto's generator. Called by Node and WalletKit only: everywhere else
/// randomness is a parameter.
public enum OperatingSystemRandom {
    public static func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= 1 << 20)
        var output = [UInt8](repeating: 0, count: count)
        let result = unsafe RAND_priv_bytes(&output, Int32(count))
        precondition(result == 1, "without randomness no key may be made")
        return output
    }

    public static func bytes32() -> Bytes32 { Bytes32(unchecked: bytes(32), at: 0) }
}
