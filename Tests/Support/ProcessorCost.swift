internal import Cryptography
internal import Glibc
internal import Primitives

/// What work takes of the processor, in units of weight: a signature's verification has 45.
///
/// By the thread's own clock, so that waiting for a core counts nothing. What else runs on the core slows both, and now
/// this and now that: so both are tried in turn, and the least of each is what they take.
public enum ProcessorCost {
    /// Microseconds of this thread.
    public static func microseconds(_ work: () throws -> Void) rethrows -> Double {
        let start = now()
        try work()
        return now() - start
    }

    /// - Parameters:
    ///   - bound: what is enough to know: no more tries are made below it.
    ///   - attempt: what one try takes, in microseconds, without what it prepares.
    public static func units(
        below bound: Double, tries: Int = 400, _ attempt: () throws -> Double
    ) rethrows -> Double {
        var (verifying, taken) = (Double.infinity, Double.infinity)
        for number in 1...tries {
            var isValid = false
            let one = microseconds { isValid = Schnorr.verify(signature, message: message, by: secret.address) }
            precondition(isValid, "the signature is that of the message")
            verifying = min(verifying, one)
            taken = min(taken, try attempt())
            if number >= 10, taken < bound * verifying / 45 { break }
        }
        return taken / (verifying / 45)
    }

    private static func now() -> Double {
        var time = timespec()
        // A clock that every Linux has, and a value of this function's own.
        precondition(unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0, "a thread has a clock")
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    private static let message = testHash("message")
    private static let secret: SecretKey = {
        guard let secret = SecretKey(testHash("secret signer").bytes) else { preconditionFailure("a hash is a key") }
        return secret
    }()
    private static let signature = Schnorr.sign(
        message: message, secret: secret, auxiliary: testHash("fresh").bytes)
}
