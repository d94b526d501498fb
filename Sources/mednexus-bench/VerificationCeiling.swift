import CSecp256k1
import Cryptography
import Dispatch
import Primitives
import Transactions

/// What the machine can verify at most: parse a 32-byte key and check a BIP-340 signature, by libsecp256k1 itself, on all
/// cores, with nothing around it.
struct VerificationCeiling {
    private struct Item {
        let key: [UInt8]
        let message: [UInt8]
        let signature: [UInt8]
    }

    private let items: [Item]
    private let cores: Int

    /// Takes the signatures of `transactions`, so that both sides of a ratio check the very same ones.
    init(_ transactions: [[UInt8]], cores: Int) throws {
        self.cores = cores
        items = try transactions.map { bytes in
            let signed = try SignedTransaction(try RawTransaction(bytes))
            let one = signed.signatures[0]
            return Item(
                key: one.account.bytes.array, message: signed.hash.bytes.array, signature: one.signature.array)
        }
    }

    init(signatures: [(key: Address, message: Hash, signature: Signature)], cores: Int) {
        self.cores = cores
        items = signatures.map {
            Item(key: $0.key.bytes.array, message: $0.message.bytes.array, signature: $0.signature.array)
        }
    }

    /// Verifications a second.
    func run() throws -> Double {
        let started = ContinuousClock.now
        let cores = cores
        let items = items
        let failures = FailureCount()
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            failures.add(Self.failures(items, from: core, by: cores))
        }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        guard failures.count == 0 else { throw BenchFailure("\(failures.count) signatures do not verify") }
        return Double(items.count) / seconds
    }

    private static func failures(_ items: [Item], from first: Int, by step: Int) -> Int {
        guard let context = unsafe secp256k1_context_create(UInt32(SECP256K1_CONTEXT_NONE)) else { return items.count }
        defer { unsafe secp256k1_context_destroy(context) }
        var failures = 0
        for index in stride(from: first, to: items.count, by: step) {
            let item = items[index]
            var key = secp256k1_xonly_pubkey()
            let isValid =
                unsafe secp256k1_xonly_pubkey_parse(context, &key, item.key) == 1
                && secp256k1_schnorrsig_verify(context, item.signature, item.message, 32, &key) == 1
            if !isValid { failures += 1 }
        }
        return failures
    }
}
