import Cryptography
import Encoding
import Fixtures
import Primitives
import Testing

/// Specs/vectors/sealed-keys.json, written by the Python implementation in Tests/Python.
private struct SealedKeyVectors: Decodable {
    struct Here: Decodable {
        let sender: Hash
        let sequence: UInt64
        let index: Int
        let here: Hash
    }

    struct Opening: Decodable {
        let secret: Hash
        let sealedKey: [CompressedPoint]
        let contentPoint: CompressedPoint?
        let reason: String?
        let field: String?
    }

    struct Delivery: Decodable {
        let statement: WrittenStatement
        let encodedStatement: String
        let ownerSecret, contentScalar, buyerSecret, sealScalar: Hash
        let ownerKey, contentPoint, buyerKey: CompressedPoint
        let sealedKey, delivered: [CompressedPoint]
        let sealRandomness, possessionRandomness, originRandomness, deliveryRandomness: Hash
        let possession, origin, delivery: [Hash]
        let commitment: Hash
    }

    struct Chain: Decodable {
        let length: Int
        let digest: Hash
    }

    /// What a verifier is given.
    struct Case: Decodable {
        let relation: String
        let statement: WrittenStatement
        let sealingKey: CompressedPoint
        let sealedKey: [CompressedPoint]?
        let recipientKey: CompressedPoint?
        let delivered: [CompressedPoint]?
        let proof: [Hash]
        let name: String?
        let reason: String?
        let field: String?
    }

    let heres: [Here]
    let openings: [Opening]
    let deliveries: [Delivery]
    let chain: Chain
    let foreign: [Case]
    let refused: [Case]

    static func load() throws -> SealedKeyVectors { try Fixture.load("sealed-keys") }
}

private struct WrittenStatement: Decodable {
    struct WrittenParty: Decodable {
        let kind: String
        let id: Hash

        var party: Party {
            kind == "account" ? .account(Address(id.bytes)) : .organization(OrganizationID(id.bytes))
        }
    }

    let network: Hash
    let act: SealingAct
    let inft: Hash
    let version: UInt64
    let subject: Hash
    let from: WrittenParty
    let to: WrittenParty

    var statement: SealingStatement {
        SealingStatement(
            network: network, act: act, inft: inft.bytes, version: version, subject: subject.bytes, from: from.party,
            to: to.party)
    }
}

private func sealed(_ points: [CompressedPoint]?) throws -> SealedKey {
    let points = try #require(points)
    try #require(points.count == 2)
    return SealedKey(first: points[0], second: points[1])
}

private func keyProof(_ scalars: [Hash]) throws -> KeyProof {
    try #require(scalars.count == 2)
    return KeyProof(challenge: scalars[0], response: scalars[1])
}

private func deliveryProof(_ scalars: [Hash]) throws -> DeliveryProof {
    try #require(scalars.count == 3)
    return DeliveryProof(challenge: scalars[0], ownerResponse: scalars[1], deliveryResponse: scalars[2])
}

/// Nil if it verifies.
private func failure(_ one: SealedKeyVectors.Case) throws -> SealedKeyFailure? {
    let statement = one.statement.statement
    do {
        switch one.relation {
        case "possession":
            try SealedKeys.verifyPossession(of: one.sealingKey, keyProof(one.proof), statement: statement)
        case "origin":
            try SealedKeys.verifyOrigin(
                of: sealed(one.sealedKey), to: one.sealingKey, keyProof(one.proof), statement: statement)
        default:
            try #require(one.relation == "delivery")
            try SealedKeys.verifyDelivery(
                from: one.sealingKey, sealed: sealed(one.sealedKey), to: #require(one.recipientKey),
                delivered: sealed(one.delivered), proof: deliveryProof(one.proof), statement: statement)
        }
        return nil
    } catch let failure as SealedKeyFailure { return failure }
}

@Suite struct SealedKeyVectorTests {
    @Test func vectorsAreReproducedToTheLastBit() throws {
        let cases = try SealedKeyVectors.load().deliveries
        #expect(Set(cases.map(\.statement.act)).count == SealingAct.allCases.count)
        for one in cases {
            let statement = one.statement.statement
            #expect(Hexadecimal.encode(statement.encoded) == one.encodedStatement)
            let owner = try #require(SealingSecret(one.ownerSecret.bytes))
            let buyer = try #require(SealingSecret(one.buyerSecret.bytes))
            #expect(owner.key == one.ownerKey && buyer.key == one.buyerKey)
            let content = try #require(ContentPoint(randomness: one.contentScalar.bytes))
            #expect(content.compressed.copy() == one.contentPoint.bytes)
            let (key, scalar) = try SealedKeys.seal(content, to: owner.key, randomness: one.sealRandomness.bytes)
            #expect(try key == sealed(one.sealedKey))
            #expect(scalar.secretBytes == SecretBytes(one.sealScalar.bytes))
            let possession = SealedKeys.provePossession(
                owner, statement: statement, randomness: one.possessionRandomness.bytes)
            #expect(try possession == keyProof(one.possession))
            let origin = try SealedKeys.proveOrigin(
                scalar, of: key, to: owner.key, statement: statement, randomness: one.originRandomness.bytes)
            #expect(try origin == keyProof(one.origin))
            let delivery = try SealedKeys.deliver(
                key, from: owner, to: buyer.key, statement: statement, randomness: one.deliveryRandomness.bytes)
            #expect(try delivery.sealedKey == sealed(one.delivered))
            #expect(try delivery.proof == deliveryProof(one.delivery))
            #expect(delivery.commitment == one.commitment)
            #expect(try SealedKeys.open(delivery.sealedKey, with: buyer) == content)
        }
    }

    @Test func vectorsOfStandInsForIdsAreReproduced() throws {
        for one in try SealedKeyVectors.load().heres {
            let here = SealingStatement.madeHere(
                sender: Address(one.sender.bytes), sequence: one.sequence, operationIndex: one.index)
            #expect(here == one.here.bytes)
        }
    }

    @Test func vectorsMadeWithOtherScalarsVerify() throws {
        let cases = try SealedKeyVectors.load().foreign
        #expect(cases.count == 90)
        for one in cases { #expect(try failure(one) == nil) }
    }

    @Test func vectorsWithOneThingWrongAreRefusedForIt() throws {
        let cases = try SealedKeyVectors.load().refused
        #expect(Set(cases.compactMap(\.reason)).count == 5)
        for one in cases {
            let refusal = try failure(one)
            #expect(refusal.map { "\($0.reason)" } == one.reason, "\(one.relation): \(one.name ?? "")")
            #expect(refusal?.field.rawValue == one.field, "\(one.relation): \(one.name ?? "")")
        }
    }

    @Test func vectorsOfOpeningsOpenOrAreRefused() throws {
        for one in try SealedKeyVectors.load().openings {
            let secret = try #require(SealingSecret(one.secret.bytes))
            do {
                let point = try SealedKeys.open(try sealed(one.sealedKey), with: secret)
                #expect(point.compressed.copy() == one.contentPoint?.bytes)
            } catch let refusal as SealedKeyFailure {
                #expect("\(refusal.reason)" == one.reason && refusal.field.rawValue == one.field)
            }
        }
    }

    /// A thousand random deliveries with all their proofs, equal in every bit to those of the other implementation: so
    /// each implementation verifies what the other proves.
    @Test func vectorsOfTheChainHashToTheSame() throws {
        let chain = try SealedKeyVectors.load().chain
        var count: UInt64 = 0
        func draw() -> Bytes32 {
            defer { count += 1 }
            let position = (0..<8).map { UInt8(truncatingIfNeeded: count >> UInt64(56 - 8 * $0)) }
            return SHA256.hash(Array("mednexus/sealed/chain".utf8) + position).bytes
        }
        var results = SHA256()
        for _ in 0..<chain.length {
            let owner = try #require(SealingSecret(draw()))
            let buyer = try #require(SealingSecret(draw()))
            let content = try #require(ContentPoint(randomness: draw()))
            let (key, scalar) = try SealedKeys.seal(content, to: owner.key, randomness: draw())
            let network = Hash(draw())
            let act = try #require(SealingAct(rawValue: draw()[0] % 9))
            let statement = SealingStatement(
                network: network, act: act, inft: draw(), version: UInt64(draw()[0]) + 1, subject: draw(),
                from: .organization(OrganizationID(draw())), to: .account(Address(draw())))
            let possession = SealedKeys.provePossession(owner, statement: statement, randomness: draw())
            let origin = try SealedKeys.proveOrigin(
                scalar, of: key, to: owner.key, statement: statement, randomness: draw())
            let buyers = SealedKeys.provePossession(buyer, statement: statement, randomness: draw())
            let delivery = try SealedKeys.deliver(
                key, from: owner, to: buyer.key, statement: statement, randomness: draw())
            results.update(statement.encoded)
            for point in [owner.key, key.first, key.second] { results.update(point.bytes) }
            for proof in [possession, origin] {
                results.update(proof.challenge.bytes)
                results.update(proof.response.bytes)
            }
            results.update(buyer.key.bytes)
            results.update(buyers.challenge.bytes)
            results.update(buyers.response.bytes)
            results.update(delivery.sealedKey.first.bytes)
            results.update(delivery.sealedKey.second.bytes)
            let proof = delivery.proof
            for scalar in [proof.challenge, proof.ownerResponse, proof.deliveryResponse, delivery.commitment] {
                results.update(scalar.bytes)
            }
        }
        #expect(results.finalize() == chain.digest)
    }
}
