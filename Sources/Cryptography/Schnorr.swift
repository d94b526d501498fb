internal import CSecp256k1
public import Primitives

/// BIP-340 Schnorr signatures over secp256k1, by libsecp256k1.
public enum Schnorr {
    /// Blinds the computations on secrets against side channels. `seed` is fresh randomness; Node and WalletKit call
    /// this once at their start.
    public static func randomizeContext(seed: Bytes32) { CurveContext.randomize(seed: seed) }

    /// False also if the address is no point of the curve. About 40 µs, 35 if the signer's key verified lately; any
    /// number of threads at once.
    public static func verify(_ signature: Signature, message: Hash, by signer: Address) -> Bool {
        let known = ParsedKeys.shared[signer]
        guard var key = known ?? parse(signer) else { return false }
        var message = message.bytes.bigEndianWords
        let isValid = unsafe withUnsafeBytes(of: &message) { unsafe verify(signature, $0, &key) }
        if isValid, known == nil { ParsedKeys.shared.insert(signer, key) }
        return isValid
    }

    /// A message of any length, as BIP-340 allows. The ledger signs only hashes.
    public static func verify(_ signature: Signature, message: [UInt8], by signer: Address) -> Bool {
        guard var key = parse(signer) else { return false }
        return unsafe message.withUnsafeBytes { unsafe verify(signature, $0, &key) }
    }

    /// `auxiliary` is fresh randomness, which protects the secret against faults and side channels.
    public static func sign(message: Hash, secret: SecretKey, auxiliary: Bytes32) -> Signature {
        sign(message: message.bytes.array, secret: secret, auxiliary: auxiliary)
    }

    /// A message of any length, as BIP-340 allows. The ledger signs only hashes.
    public static func sign(message: [UInt8], secret: SecretKey, auxiliary: Bytes32) -> Signature {
        var signature = [UInt8](repeating: 0, count: Signature.count)
        var auxiliary = auxiliary.bigEndianWords
        let isSigned = unsafe CurveContext.withSecretContext { context in
            var pair = secp256k1_keypair()
            defer { unsafe withUnsafeMutableBytes(of: &pair) { unsafe Wipe.memory($0) } }
            guard unsafe secret.withBytes({ unsafe secp256k1_keypair_create(context, &pair, $0) }) == 1 else {
                return false
            }
            return unsafe withUnsafeMutableBytes(of: &auxiliary) { auxiliary in
                defer { unsafe Wipe.memory(auxiliary) }
                // The magic number by which libsecp256k1 knows the version of this structure (secp256k1_schnorrsig.h).
                var parameters = unsafe secp256k1_schnorrsig_extraparams(
                    magic: (0xda, 0x6f, 0xb3, 0x8c), noncefp: nil, ndata: auxiliary.baseAddress)
                return unsafe secp256k1_schnorrsig_sign_custom(
                    context, &signature, message, message.count, &pair, &parameters) == 1
            }
        }
        guard isSigned, let result = Signature(signature) else { preconditionFailure("a valid key signs any message") }
        // BIP-340: a signature made wrong by a fault may give the key away, so it never leaves this function.
        precondition(verify(result, message: message, by: secret.address), "a fresh signature verifies")
        return result
    }

    private static func parse(_ address: Address) -> secp256k1_xonly_pubkey? {
        var key = secp256k1_xonly_pubkey()
        var words = address.bytes.bigEndianWords
        let result = unsafe withUnsafeBytes(of: &words) { bytes in
            guard let address = bytes.baseAddress else { return Int32(0) }
            return unsafe secp256k1_xonly_pubkey_parse(CurveContext.verification.pointer, &key, address)
        }
        return result == 1 ? key : nil
    }

    private static func verify(
        _ signature: Signature, _ message: UnsafeRawBufferPointer, _ key: inout secp256k1_xonly_pubkey
    ) -> Bool {
        var words = (signature.noncePoint.bigEndianWords, signature.scalar.bigEndianWords)
        return unsafe withUnsafeBytes(of: &words) { bytes in
            guard let signature = bytes.baseAddress else { return false }
            return unsafe secp256k1_schnorrsig_verify(
                CurveContext.verification.pointer, signature, message.baseAddress, message.count, &key) == 1
        }
    }

    /// True if the address is the x coordinate of a point, so that a signature by it can exist.
    public static func isValidPublicKey(_ address: Address) -> Bool { parse(address) != nil }
}

/// True if the address is the x coordinate of a point of the curve.
public func isValidPublicKey(_ address: Address) -> Bool { Schnorr.isValidPublicKey(address) }
