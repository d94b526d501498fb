internal import COpenSSL

/// AES-256-GCM for many messages under one key: the key is scheduled once, and bytes go from the caller's memory into the
/// caller's memory. For one task at a time.
@safe public struct KeyedAES256GCM: ~Copyable {
    public static let tagCount = AEAD.tagCount
    public static let nonceCount = AEAD.nonceCount
    private let context: OpaquePointer
    private let seals: Bool

    /// For sealing only, or for opening only: libcrypto's context has a direction. The key has 32 bytes.
    public init(key: SecretBytes, seals: Bool) throws(CryptographyFailure) {
        unsafe context = try AEAD.context(.aes256GCM, key: key, nonce: nil, seal: seals)
        self.seals = seals
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Writes ciphertext and tag, 16 bytes more than `plaintext`, into `output` from `offset` on. A nonce of 12 bytes must
    /// never meet the same key twice. Precondition: made for sealing, and `output` has room.
    public func seal(
        _ plaintext: Span<UInt8>, nonce: [UInt8], into output: inout [UInt8], at offset: Int
    ) throws(CryptographyFailure) {
        precondition(seals && offset >= 0 && output.count - offset >= plaintext.count + AEAD.tagCount)
        try begin(nonce, plaintext.count)
        let isDone = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe plaintext.withUnsafeBufferPointer { plaintext in
                guard let start = output.baseAddress else { return false }
                let address = unsafe start + offset
                var length: Int32 = 0
                return unsafe EVP_CipherUpdate(context, address, &length, plaintext.baseAddress, Int32(plaintext.count))
                    == 1
                    && EVP_CipherFinal_ex(context, address + plaintext.count, &length) == 1
                    && EVP_CIPHER_CTX_ctrl(
                        context, EVP_CTRL_AEAD_GET_TAG, Int32(AEAD.tagCount), address + plaintext.count) == 1
            }
        }
        guard isDone else { throw .unavailable("encryption") }
    }

    /// Writes the plaintext, 16 bytes less than `ciphertext`, into `output` from `offset` on; zeros where it is not
    /// authentic. Precondition: made for opening, and `output` has room.
    public func open(
        _ ciphertext: Span<UInt8>, nonce: [UInt8], into output: inout [UInt8], at offset: Int
    ) throws(CryptographyFailure) {
        guard ciphertext.count >= AEAD.tagCount else { throw .notAuthentic }
        let count = ciphertext.count - AEAD.tagCount
        precondition(!seals && offset >= 0 && output.count - offset >= count)
        try begin(nonce, count)
        // A buffer of its own, since libcrypto takes the tag to compare with as mutable memory.
        var tag = [UInt8](repeating: 0, count: AEAD.tagCount)
        for index in tag.indices { tag[index] = ciphertext[count + index] }
        let result = unsafe output.withUnsafeMutableBytes { output -> CryptographyFailure? in
            unsafe ciphertext.withUnsafeBufferPointer { ciphertext -> CryptographyFailure? in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: output[offset..<offset + count])
                // Nothing to write still needs an address that is none of null: null means associated data.
                var nothing: UInt8 = 0
                let address = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                var length: Int32 = 0
                let isReady =
                    unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(AEAD.tagCount), &tag) == 1
                    && (count == 0
                        || EVP_CipherUpdate(context, address, &length, ciphertext.baseAddress, Int32(count)) == 1)
                guard isReady else { return .unavailable("decryption") }
                guard unsafe EVP_CipherFinal_ex(context, &nothing, &length) == 1 else {
                    unsafe Wipe.memory(target)
                    return .notAuthentic
                }
                return nil
            }
        }
        if let result { throw result }
    }

    private func begin(_ nonce: [UInt8], _ count: Int) throws(CryptographyFailure) {
        guard nonce.count == AEAD.nonceCount else { throw .badParameter("a nonce of \(nonce.count) bytes") }
        guard count <= AEAD.maximumCount else { throw .badParameter("more than 1 GiB at once") }
        // Neither cipher nor key: those of the context stay.
        guard unsafe EVP_CipherInit_ex(context, nil, nil, nil, nonce, seals ? 1 : 0) == 1 else {
            throw .unavailable("encryption")
        }
    }
}
