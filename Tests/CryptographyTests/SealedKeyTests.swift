import Cryptography
import Encoding
import Fixtures
import Primitives
import Testing

/// Random parties, keys and one delivery between them.
struct SealedScene {
    var random: FixtureRandom
    let owner: SealingSecret
    let buyer: SealingSecret
    let content: ContentPoint
    let sealed: SealedKey
    /// r of `sealed`.
    let scalar: SecretKey
    let statement: SealingStatement
    let delivery: SealedDelivery

    init(seed: UInt64) throws {
        var random = FixtureRandom(seed: seed)
        owner = try #require(SealingSecret(random.bytes32()))
        buyer = try #require(SealingSecret(random.bytes32()))
        content = try #require(ContentPoint(randomness: random.bytes32()))
        (sealed, scalar) = try SealedKeys.seal(content, to: owner.key, randomness: random.bytes32())
        statement = SealingStatement(
            network: Hash(random.bytes32()), act: SealingAct.allCases[Int(seed % 9)], inft: random.bytes32(),
            version: seed % 3 + 1, subject: random.bytes32(), from: .organization(OrganizationID(random.bytes32())),
            to: .account(Address(random.bytes32())))
        delivery = try SealedKeys.deliver(
            sealed, from: owner, to: buyer.key, statement: statement, randomness: random.bytes32())
        self.random = random
    }

    /// Nil if it verifies.
    func failure(
        owner: CompressedPoint? = nil, sealed: SealedKey? = nil, buyer: CompressedPoint? = nil,
        delivered: SealedKey? = nil, proof: DeliveryProof? = nil, statement: SealingStatement? = nil
    ) -> SealedKeyFailure? {
        do {
            try SealedKeys.verifyDelivery(
                from: owner ?? self.owner.key, sealed: sealed ?? self.sealed, to: buyer ?? self.buyer.key,
                delivered: delivered ?? delivery.sealedKey, proof: proof ?? delivery.proof,
                statement: statement ?? self.statement)
            return nil
        } catch { return error }
    }
}

@Suite struct SealedKeyTests {
    @Test func whoIsDeliveredToOpensTheSameKeyAndNobodyElse() throws {
        for seed: UInt64 in 0..<100 {
            var scene = try SealedScene(seed: seed)
            #expect(scene.failure() == nil)
            let kept = try SealedKeys.open(scene.sealed, with: scene.owner)
            let given = try SealedKeys.open(scene.delivery.sealedKey, with: scene.buyer)
            #expect(kept == scene.content)
            #expect(given == scene.content)
            let other = try #require(SealingSecret(scene.random.bytes32()))
            let wrong = try SealedKeys.open(scene.delivery.sealedKey, with: other)
            #expect(!(wrong == scene.content))
        }
    }

    @Test func whatWasDeliveredIsDeliveredOnward() throws {
        var scene = try SealedScene(seed: 200)
        var sealed = scene.delivery.sealedKey
        var holder = scene.buyer
        for _ in 0..<5 {
            let next = try #require(SealingSecret(scene.random.bytes32()))
            let onward = try SealedKeys.deliver(
                sealed, from: holder, to: next.key, statement: scene.statement, randomness: scene.random.bytes32())
            try SealedKeys.verifyDelivery(
                from: holder.key, sealed: sealed, to: next.key, delivered: onward.sealedKey, proof: onward.proof,
                statement: scene.statement)
            (sealed, holder) = (onward.sealedKey, next)
        }
        #expect(try SealedKeys.open(sealed, with: holder) == scene.content)
    }

    @Test func possessionAndOriginHoldForTheirSecrets() throws {
        for seed: UInt64 in 0..<50 {
            var scene = try SealedScene(seed: seed)
            let possession = SealedKeys.provePossession(
                scene.owner, statement: scene.statement, randomness: scene.random.bytes32())
            try SealedKeys.verifyPossession(of: scene.owner.key, possession, statement: scene.statement)
            let origin = try SealedKeys.proveOrigin(
                scene.scalar, of: scene.sealed, to: scene.owner.key, statement: scene.statement,
                randomness: scene.random.bytes32())
            try SealedKeys.verifyOrigin(of: scene.sealed, to: scene.owner.key, origin, statement: scene.statement)
        }
    }

    @Test func theSameRandomnessNeverGivesTheSameNonceForAnotherStatement() throws {
        let scene = try SealedScene(seed: 7)
        var other = scene.statement
        other = SealingStatement(
            network: other.network, act: other.act, inft: other.inft, version: other.version + 1,
            subject: other.subject, from: other.from, to: other.to)
        // With poor randomness: all zero, twice.
        let one = try SealedKeys.deliver(
            scene.sealed, from: scene.owner, to: scene.buyer.key, statement: scene.statement, randomness: .zero)
        let two = try SealedKeys.deliver(
            scene.sealed, from: scene.owner, to: scene.buyer.key, statement: other, randomness: .zero)
        let again = try SealedKeys.deliver(
            scene.sealed, from: scene.owner, to: scene.buyer.key, statement: scene.statement, randomness: .zero)
        #expect(one.sealedKey.first != two.sealedKey.first)
        #expect(one == again)
    }

    @Test func commitmentsCoverDeliveredKeyAndProof() throws {
        let scene = try SealedScene(seed: 8)
        let delivered = scene.delivery.sealedKey
        let proof = scene.delivery.proof
        let swapped = DeliveryProof(
            challenge: proof.challenge, ownerResponse: proof.deliveryResponse, deliveryResponse: proof.ownerResponse)
        let turned = SealedKey(first: delivered.second, second: delivered.first)
        let all: Set = [
            SealedKeys.deliveryCommitment(delivered, proof), SealedKeys.deliveryCommitment(delivered, swapped),
            SealedKeys.deliveryCommitment(turned, proof),
        ]
        #expect(all.count == 3)
        #expect(all.contains(scene.delivery.commitment))
    }

    @Test func secretsAreInNoDescription() throws {
        let secret = try #require(SealingSecret(Bytes32(0, 0, 0, 7)))
        let point = try #require(ContentPoint(randomness: Bytes32(0, 0, 0, 7)))
        let compressed = Hexadecimal.encode(point.compressed.copy())
        #expect(compressed == Hexadecimal.encode(secret.key.bytes))
        var dumped = ""
        dump(secret, to: &dumped)
        dump(point, to: &dumped)
        #expect(!dumped.contains("00000007") && "\(point)" == "ContentPoint")
        #expect(SealingSecret(.zero) == nil && ContentPoint(randomness: .zero) == nil)
        #expect(SealingSecret(Bytes32(.max, .max, .max, .max)) == nil)
        #expect(ContentPoint(randomness: Bytes32(.max, .max, .max, .max)) == nil)
    }

    @Test func theStatementsBytesAreThoseOfItsRule() throws {
        let scene = try SealedScene(seed: 9)
        let bytes = scene.statement.encoded
        #expect(try SealingStatement(decoding: bytes) == scene.statement)
        #expect(bytes.prefix(3) == [0x87, 0x58, 0x20])
        #expect(throws: EncodingFailure.self) { try SealingStatement(decoding: bytes + [0]) }
        var sender = FixtureRandom(seed: 1)
        let one = Address(sender.bytes32())
        let made: Set = [
            SealingStatement.madeHere(sender: one, sequence: 1, operationIndex: 0),
            SealingStatement.madeHere(sender: one, sequence: 1, operationIndex: 1),
            SealingStatement.madeHere(sender: one, sequence: 2, operationIndex: 0),
            SealingStatement.madeHere(sender: Address(.zero), sequence: 1, operationIndex: 0),
        ]
        #expect(made.count == 4)
    }
}
