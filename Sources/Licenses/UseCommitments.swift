import Cryptography
import Encoding
public import Primitives

/// How users commit to what went in and what came out. The ledger sees 32 bytes that say nothing; whoever holds the salt
/// can show later what was committed to.
///
/// ```
/// input  = H(mednexus/use-input,  salt ‖ SHA-256(input))
/// inner  = H(mednexus/use-inner,  salt ‖ SHA-256(output))
/// output = H(mednexus/use-output, salt′ ‖ bin ‖ inner)        bin: one byte, 0…9 a predicted probability, 255 none
/// ```
///
/// The output is committed to in two steps, so that a later report can open the predicted bin, which was fixed before
/// anybody knew how the case ended, and nothing else.
public enum UseCommitments {
    private static let inputTag = HashTag("mednexus/use-input")
    private static let innerTag = HashTag("mednexus/use-inner")
    private static let outputTag = HashTag("mednexus/use-output")
    private static let nullifierTag = HashTag("mednexus/outcome-case")
    private static let noPrediction: UInt8 = 255

    public static func input(salt: Hash, digest: Hash) -> Hash {
        inputTag.hash(salt.bytes.array + digest.bytes.array)
    }

    public static func inner(salt: Hash, digest: Hash) -> Hash {
        innerTag.hash(salt.bytes.array + digest.bytes.array)
    }

    public static func output(salt: Hash, bin: UInt8?, inner: Hash) -> Hash {
        outputTag.hash(salt.bytes.array + [bin ?? noPrediction] + inner.bytes.array)
    }

    /// The nullifier of a case: the same for the same case of the same institution under the same version and measure, and
    /// without the institution's secret nothing. `caseName` is what the institution itself calls the case.
    public static func nullifier(
        secret: Hash, inft: INFTID, version: UInt64, measure: Hash, caseName: [UInt8]
    ) -> Hash {
        var number: [UInt8] = []
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            number.append(UInt8(truncatingIfNeeded: version >> shift))
        }
        return nullifierTag.hash(
            secret.bytes.array + inft.bytes.array + number + measure.bytes.array + SHA256.hash(caseName).bytes.array)
    }
}
