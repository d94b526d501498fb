import Cryptography
import Primitives

/// One delivery of a content key verified, as every validator does, beside one BIP-340 signature: both on one core, both
/// from their bytes.
struct DeliveryBench {
    let setting: Setting
    private static let count = 500

    private struct Item {
        let owner: CompressedPoint
        let sealed: SealedKey
        let buyer: CompressedPoint
        let delivery: SealedDelivery
        let statement: SealingStatement
    }

    func run() throws -> Figure {
        var random = SystemRandomNumberGenerator()
        func bytes32() -> Bytes32 { Bytes32(random.next(), random.next(), random.next(), random.next()) }
        let items = try (0..<Self.count).map { index in
            guard let owner = SealingSecret(bytes32()), let buyer = SealingSecret(bytes32()),
                let content = ContentPoint(randomness: bytes32())
            else { throw BenchFailure("a random number is no scalar") }
            let sealed = try SealedKeys.seal(content, to: owner.key, randomness: bytes32()).sealedKey
            let statement = SealingStatement(
                network: Hash(bytes32()), act: .license, inft: bytes32(), version: UInt64(index + 1),
                subject: bytes32(), from: .account(Address(bytes32())), to: .account(Address(bytes32())))
            let delivery = try SealedKeys.deliver(
                sealed, from: owner, to: buyer.key, statement: statement, randomness: bytes32())
            return Item(
                owner: owner.key, sealed: sealed, buyer: buyer.key, delivery: delivery, statement: statement)
        }
        let signatures = try (0..<Self.count * 4).map { _ in
            guard let secret = SecretKey(bytes32()) else { throw BenchFailure("a random number is no scalar") }
            let message = Hash(bytes32())
            let signature = Schnorr.sign(message: message, secret: secret, auxiliary: bytes32())
            return (key: secret.address, message: message, signature: signature)
        }
        let ceiling = VerificationCeiling(signatures: signatures, cores: 1)
        var times: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let one = 1_000_000 / (try ceiling.run())
            let started = ContinuousClock.now
            for item in items {
                try SealedKeys.verifyDelivery(
                    from: item.owner, sealed: item.sealed, to: item.buyer, delivered: item.delivery.sealedKey,
                    proof: item.delivery.proof, statement: item.statement)
            }
            let time = (ContinuousClock.now - started) / .microseconds(Self.count)
            guard run > 0 else { continue }
            times.append(time)
            ceilings.append(one)
        }
        return Figure(
            id: "delivery.verify", name: "one delivery verified, beside one parse + verify", unit: "µs", values: times,
            ceilings: ceilings, isRate: false)
    }
}
