internal import COpenSSL

/// Why a cryptographic call had no result. Says nothing about secrets.
public enum CryptographyFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The ciphertext, its associated data, nonce or key is not the one that was sealed. Which one can't be told.
    case notAuthentic
    /// A parameter outside what the algorithm allows.
    case badParameter(String)
    /// libcrypto refused: no memory, or an algorithm that this build of it lacks.
    case unavailable(String)

    public var description: String {
        switch self {
        case .notAuthentic: "the data is damaged, or the key is another"
        case .badParameter(let name): "not allowed: \(name)"
        case .unavailable(let name): "libcrypto could not do \(name)"
        }
    }
}

/// AES-256 in Galois/counter mode (NIST SP 800-38D): 32-byte key, 12-byte nonce, 16-byte tag behind the ciphertext.
public enum AES256GCM {
    /// A nonce must never meet the same key twice.
    public static func seal(
        _ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8] = []
    ) throws(CryptographyFailure) -> [UInt8] {
        try AEAD.seal(.aes256GCM, plaintext, key: key, nonce: nonce, associatedData: associatedData)
    }

    public static func open(
        _ ciphertext: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8] = []
    ) throws(CryptographyFailure) -> [UInt8] {
        try AEAD.open(.aes256GCM, ciphertext, key: key, nonce: nonce, associatedData: associatedData)
    }
}

/// ChaCha20-Poly1305 (RFC 8439): 32-byte key, 12-byte nonce, 16-byte tag behind the ciphertext.
public enum ChaCha20Poly1305 {
    /// A nonce must never meet the same key twice.
    public static func seal(
        _ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8] = []
    ) throws(CryptographyFailure) -> [UInt8] {
        try AEAD.seal(.chaCha20Poly1305, plaintext, key: key, nonce: nonce, associatedData: associatedData)
    }

    public static func open(
        _ ciphertext: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8] = []
    ) throws(CryptographyFailure) -> [UInt8] {
        try AEAD.open(.chaCha20Poly1305, ciphertext, key: key, nonce: nonce, associatedData: associatedData)
    }
}

/// The two ciphers share libcrypto's calls, the sizes of keys, nonces and tags, and these functions.
enum AEAD {
    static let keyCount = 32
    static let nonceCount = 12
    static let tagCount = 16
    /// libcrypto counts in `int`.
    static let maximumCount = 1 << 30

    enum Algorithm {
        case aes256GCM, chaCha20Poly1305

        var cipher: OpaquePointer? {
            switch self {
            case .aes256GCM: unsafe EVP_aes_256_gcm()
            case .chaCha20Poly1305: unsafe EVP_chacha20_poly1305()
            }
        }
    }

    private static func check(nonce: [UInt8], counts: Int...) throws(CryptographyFailure) {
        guard nonce.count == nonceCount else { throw .badParameter("a nonce of \(nonce.count) bytes") }
        guard counts.allSatisfy({ $0 <= maximumCount }) else { throw .badParameter("more than 1 GiB at once") }
    }

    /// A context with cipher, key and nonce set; the caller frees it, which wipes it.
    /// Without a nonce, one must be set before each message.
    static func context(
        _ algorithm: Algorithm, key: SecretBytes, nonce: [UInt8]?, seal: Bool
    ) throws(CryptographyFailure) -> OpaquePointer {
        guard key.count == keyCount else { throw .badParameter("a key of \(key.count) bytes") }
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .unavailable("encryption") }
        let result = unsafe key.withBytes { key in
            let key = unsafe key.baseAddress?.assumingMemoryBound(to: UInt8.self)
            return unsafe EVP_CipherInit_ex(context, algorithm.cipher, nil, key, nonce, seal ? 1 : 0)
        }
        guard result == 1 else {
            unsafe EVP_CIPHER_CTX_free(context)
            throw .unavailable("encryption")
        }
        return unsafe context
    }

    static func seal(
        _ algorithm: Algorithm, _ plaintext: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8]
    ) throws(CryptographyFailure) -> [UInt8] {
        try check(nonce: nonce, counts: plaintext.count, associatedData.count)
        let context = unsafe try context(algorithm, key: key, nonce: nonce, seal: true)
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: tagCount)
        var length: Int32 = 0
        var tail: [UInt8] = [UInt8](repeating: 0, count: tagCount)
        let isDone =
            unsafe EVP_CipherUpdate(context, nil, &length, associatedData, Int32(associatedData.count)) == 1
            && EVP_CipherUpdate(context, &output, &length, plaintext, Int32(plaintext.count)) == 1
            && EVP_CipherFinal_ex(context, &tail, &length) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagCount), &tag) == 1
        guard isDone else { throw .unavailable("encryption") }
        return output + tag
    }

    static func open(
        _ algorithm: Algorithm, _ ciphertext: [UInt8], key: SecretBytes, nonce: [UInt8], associatedData: [UInt8]
    ) throws(CryptographyFailure) -> [UInt8] {
        try check(nonce: nonce, counts: ciphertext.count, associatedData.count)
        guard ciphertext.count >= tagCount else { throw .notAuthentic }
        let context = unsafe try context(algorithm, key: key, nonce: nonce, seal: false)
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        let body = Array(ciphertext.dropLast(tagCount))
        var tag = Array(ciphertext.suffix(tagCount))
        var output = [UInt8](repeating: 0, count: body.count)
        var length: Int32 = 0
        var tail: [UInt8] = [UInt8](repeating: 0, count: tagCount)
        let isReady =
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagCount), &tag) == 1
            && EVP_CipherUpdate(context, nil, &length, associatedData, Int32(associatedData.count)) == 1
            && EVP_CipherUpdate(context, &output, &length, body, Int32(body.count)) == 1
        guard isReady else { throw .unavailable("decryption") }
        guard unsafe EVP_CipherFinal_ex(context, &tail, &length) == 1 else {
            Wipe.array(&output)
            throw .notAuthentic
        }
        return output
    }
}
