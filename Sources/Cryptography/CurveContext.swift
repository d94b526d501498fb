internal import CSecp256k1
internal import Primitives
internal import Synchronization

/// The contexts of libsecp256k1. Calls that touch a secret go through the randomized one, one at a time, since
/// randomizing changes it; verification needs no secret, so its context is never written and all threads share it.
///
/// Unchecked Sendable because the pointer is only handed out under the mutex (secrets), or points to memory that nothing
/// writes after creation (verification).
@safe struct CurveContext: @unchecked Sendable {
    let pointer: OpaquePointer

    private init() {
        guard let created = unsafe secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else {
            preconditionFailure("libsecp256k1 aborts before it returns no context")
        }
        unsafe pointer = created
    }

    static let verification = CurveContext()
    private static let secret = Mutex(CurveContext())

    static func withSecretContext<Result: Sendable>(_ body: (OpaquePointer) -> Result) -> Result {
        secret.withLock { context in unsafe body(context.pointer) }
    }

    static func randomize(seed: Bytes32) {
        let isDone = unsafe withSecretContext { context in
            var words = seed.bigEndianWords
            let result = unsafe withUnsafeMutableBytes(of: &words) { seed in
                let result = unsafe secp256k1_context_randomize(context, seed.baseAddress)
                unsafe Wipe.memory(seed)
                return result
            }
            return result == 1
        }
        precondition(isDone, "libsecp256k1 documents that randomizing a context of its own succeeds")
    }
}
