import Cryptography
import Fixtures
import Primitives
import Testing

extension SealingStatement {
    fileprivate func with(
        network: Hash? = nil, act: SealingAct? = nil, inft: Bytes32? = nil, version: UInt64? = nil,
        subject: Bytes32? = nil, from: Party? = nil, to: Party? = nil
    ) -> SealingStatement {
        SealingStatement(
            network: network ?? self.network, act: act ?? self.act, inft: inft ?? self.inft,
            version: version ?? self.version, subject: subject ?? self.subject, from: from ?? self.from,
            to: to ?? self.to)
    }
}

extension Bytes32 {
    fileprivate func flipped(_ bit: Int) -> Bytes32 {
        Bytes32 { $0 == bit >> 3 ? self[$0] ^ (0x80 >> UInt8(bit & 7)) : self[$0] }
    }
}

extension CompressedPoint {
    fileprivate var negated: CompressedPoint { CompressedPoint(isOdd: !isOdd, abscissa: abscissa) }
    /// Bit 0 is the prefix's, the others are those of x.
    fileprivate func flipped(_ bit: Int) -> CompressedPoint {
        bit == 0 ? negated : CompressedPoint(isOdd: isOdd, abscissa: abscissa.flipped(bit - 1))
    }
}

private let forgery = SealedKeyFailure(.doesNotVerify, .proof)

/// A proof holds for exactly what it was made for. One test for each thing it is bound to.
@Suite struct SealedKeyBindingTests {
    /// All three proofs of some scenes, replayed under `change`d statements.
    private func refuses(_ change: (SealingStatement, inout FixtureRandom) -> SealingStatement) throws {
        for seed: UInt64 in 0..<18 {
            var scene = try SealedScene(seed: seed)
            let possession = SealedKeys.provePossession(
                scene.owner, statement: scene.statement, randomness: scene.random.bytes32())
            let origin = try SealedKeys.proveOrigin(
                scene.scalar, of: scene.sealed, to: scene.owner.key, statement: scene.statement,
                randomness: scene.random.bytes32())
            let changed = change(scene.statement, &scene.random)
            #expect(changed != scene.statement)
            #expect(scene.failure() == nil)
            #expect(scene.failure(statement: changed) == forgery)
            #expect(throws: forgery) {
                try SealedKeys.verifyPossession(of: scene.owner.key, possession, statement: changed)
            }
            #expect(throws: forgery) {
                try SealedKeys.verifyOrigin(of: scene.sealed, to: scene.owner.key, origin, statement: changed)
            }
        }
    }

    @Test func aProofHoldsOnItsNetworkOnly() throws { try refuses { $0.with(network: Hash($1.bytes32())) } }
    @Test func aProofHoldsForItsINFTOnly() throws { try refuses { $0.with(inft: $1.bytes32()) } }
    @Test func aProofHoldsForItsVersionOnly() throws { try refuses { one, _ in one.with(version: one.version + 1) } }
    @Test func aProofHoldsForItsLicenseOrTransferOnly() throws { try refuses { $0.with(subject: $1.bytes32()) } }
    @Test func aProofHoldsFromItsPartyOnly() throws {
        try refuses { $0.with(from: .organization(OrganizationID($1.bytes32()))) }
        // The same 32 bytes as an account are another party.
        try refuses { one, _ in
            guard case .organization(let id) = one.from else { return one }
            return one.with(from: .account(Address(id.bytes)))
        }
    }
    @Test func aProofHoldsToItsPartyOnly() throws {
        try refuses { $0.with(to: .account(Address($1.bytes32()))) }
        try refuses { one, _ in one.with(from: one.to, to: one.from) }
    }

    @Test func aProofHoldsForItsActOnly() throws {
        for act in SealingAct.allCases {
            try refuses { one, _ in
                one.act == act ? one.with(act: SealingAct(rawValue: (act.rawValue + 1) % 9)) : one.with(act: act)
            }
        }
    }

    @Test func aProofHoldsForItsOperationOnly() throws {
        try refuses { one, random in
            one.with(
                subject: SealingStatement.madeHere(
                    sender: Address(random.bytes32()), sequence: 4, operationIndex: 0))
        }
        // Made for sequence 4, replayed by the same account at sequence 5, and as another operation of the transaction.
        var random = FixtureRandom(seed: 3)
        let sender = Address(random.bytes32())
        let secret = try #require(SealingSecret(random.bytes32()))
        let scene = try SealedScene(seed: 3)
        func statement(_ sequence: UInt64, _ index: Int) -> SealingStatement {
            scene.statement.with(
                subject: SealingStatement.madeHere(sender: sender, sequence: sequence, operationIndex: index))
        }
        let proof = SealedKeys.provePossession(secret, statement: statement(4, 0), randomness: random.bytes32())
        try SealedKeys.verifyPossession(of: secret.key, proof, statement: statement(4, 0))
        for other in [statement(5, 0), statement(4, 1)] {
            #expect(throws: forgery) { try SealedKeys.verifyPossession(of: secret.key, proof, statement: other) }
        }
    }

    @Test func aDeliveryHoldsBetweenItsSealingKeysOnly() throws {
        for seed: UInt64 in 0..<20 {
            var scene = try SealedScene(seed: seed)
            let other = try #require(SealingSecret(scene.random.bytes32())).key
            #expect(scene.failure(owner: other) == forgery)
            #expect(scene.failure(owner: scene.owner.key.negated) == forgery)
            #expect(scene.failure(buyer: other) == forgery)
            #expect(scene.failure(buyer: scene.buyer.key.negated) == forgery)
            #expect(scene.failure(owner: scene.buyer.key, buyer: scene.owner.key) == forgery)
        }
    }

    @Test func aDeliveryHoldsForItsSealedKeysOnly() throws {
        for seed: UInt64 in 0..<20 {
            let scene = try SealedScene(seed: seed)
            let other = try SealedScene(seed: seed + 100)
            let (c, d) = (scene.sealed, scene.delivery.sealedKey)
            #expect(scene.failure(sealed: other.sealed) == forgery)
            #expect(scene.failure(delivered: other.delivery.sealedKey) == forgery)
            #expect(scene.failure(sealed: SealedKey(first: c.first.negated, second: c.second)) == forgery)
            #expect(scene.failure(sealed: SealedKey(first: c.first, second: c.second.negated)) == forgery)
            #expect(scene.failure(delivered: SealedKey(first: d.first.negated, second: d.second)) == forgery)
            #expect(scene.failure(delivered: SealedKey(first: d.first, second: d.second.negated)) == forgery)
            #expect(scene.failure(sealed: SealedKey(first: c.second, second: c.first)) == forgery)
            #expect(scene.failure(sealed: d, delivered: c) == forgery)
        }
    }

    @Test func anotherOnesSealedKeyIsNotPassedOffAsOnesOwn() throws {
        var scene = try SealedScene(seed: 30)
        let thief = try #require(SealingSecret(scene.random.bytes32()))
        let scalar = try #require(SecretKey(scene.random.bytes32()))
        // Without r there is nothing to prove with,
        #expect(throws: SealedKeyFailure(.doesNotVerify, .sealedKeyFirst)) {
            try SealedKeys.proveOrigin(
                scalar, of: scene.sealed, to: thief.key, statement: scene.statement, randomness: .zero)
        }
        // and the maker's own proof names the maker's sealing key.
        let origin = try SealedKeys.proveOrigin(
            scene.scalar, of: scene.sealed, to: scene.owner.key, statement: scene.statement, randomness: .zero)
        #expect(throws: forgery) {
            try SealedKeys.verifyOrigin(of: scene.sealed, to: thief.key, origin, statement: scene.statement)
        }
        // A delivery from it needs the owner's secret.
        let delivery = try SealedKeys.deliver(
            scene.sealed, from: thief, to: scene.buyer.key, statement: scene.statement, randomness: .zero)
        #expect(scene.failure(delivered: delivery.sealedKey, proof: delivery.proof) == forgery)
    }

    @Test func aProofOfOneRelationIsNoneOfAnother() throws {
        let scene = try SealedScene(seed: 31)
        let possession = SealedKeys.provePossession(scene.owner, statement: scene.statement, randomness: .zero)
        // A sealed key whose first point is the owner's sealing key itself: the same secret, another relation.
        let turned = SealedKey(first: scene.owner.key, second: scene.sealed.second)
        #expect(throws: forgery) {
            try SealedKeys.verifyOrigin(of: turned, to: scene.owner.key, possession, statement: scene.statement)
        }
    }
}

@Suite struct SealedKeyMutationTests {
    /// No bit of a delivery can change: neither of its points nor of its scalars.
    @Test func everyBitOfADeliveryCounts() throws {
        for seed: UInt64 in 0..<4 {
            let scene = try SealedScene(seed: seed)
            let (c, d) = (scene.sealed, scene.delivery.sealedKey)
            let proof = scene.delivery.proof
            let (e, za, zs) = (proof.challenge.bytes, proof.ownerResponse.bytes, proof.deliveryResponse.bytes)
            func changed(_ e: Bytes32, _ za: Bytes32, _ zs: Bytes32) -> SealedKeyFailure? {
                scene.failure(
                    proof: DeliveryProof(challenge: Hash(e), ownerResponse: Hash(za), deliveryResponse: Hash(zs)))
            }
            for bit in 0..<256 {
                #expect(changed(e.flipped(bit), za, zs) != nil)
                #expect(changed(e, za.flipped(bit), zs) != nil)
                #expect(changed(e, za, zs.flipped(bit)) != nil)
            }
            for bit in 0..<257 {
                #expect(scene.failure(owner: scene.owner.key.flipped(bit)) != nil)
                #expect(scene.failure(buyer: scene.buyer.key.flipped(bit)) != nil)
                #expect(scene.failure(sealed: SealedKey(first: c.first.flipped(bit), second: c.second)) != nil)
                #expect(scene.failure(sealed: SealedKey(first: c.first, second: c.second.flipped(bit))) != nil)
                #expect(scene.failure(delivered: SealedKey(first: d.first.flipped(bit), second: d.second)) != nil)
                #expect(scene.failure(delivered: SealedKey(first: d.first, second: d.second.flipped(bit))) != nil)
            }
        }
    }

    @Test func anyBitOfManyDeliveriesCounts() throws {
        for seed: UInt64 in 1000..<1300 {
            var scene = try SealedScene(seed: seed)
            let proof = scene.delivery.proof
            let bit = Int(scene.random.next() % 768)
            let scalars = [proof.challenge, proof.ownerResponse, proof.deliveryResponse].enumerated().map {
                $0.offset == bit / 256 ? Hash($0.element.bytes.flipped(bit % 256)) : $0.element
            }
            let changed = DeliveryProof(
                challenge: scalars[0], ownerResponse: scalars[1], deliveryResponse: scalars[2])
            #expect(scene.failure(proof: changed) != nil && scene.failure() == nil)
        }
    }

    @Test func everyBitOfAKeyProofCounts() throws {
        let scene = try SealedScene(seed: 40)
        let possession = SealedKeys.provePossession(scene.owner, statement: scene.statement, randomness: .zero)
        let origin = try SealedKeys.proveOrigin(
            scene.scalar, of: scene.sealed, to: scene.owner.key, statement: scene.statement, randomness: .zero)
        for bit in 0..<512 {
            func changed(_ proof: KeyProof) -> KeyProof {
                bit < 256
                    ? KeyProof(challenge: Hash(proof.challenge.bytes.flipped(bit)), response: proof.response)
                    : KeyProof(challenge: proof.challenge, response: Hash(proof.response.bytes.flipped(bit - 256)))
            }
            #expect(throws: SealedKeyFailure.self) {
                try SealedKeys.verifyPossession(
                    of: scene.owner.key, changed(possession), statement: scene.statement)
            }
            #expect(throws: SealedKeyFailure.self) {
                try SealedKeys.verifyOrigin(
                    of: scene.sealed, to: scene.owner.key, changed(origin), statement: scene.statement)
            }
        }
    }

    @Test func nothingIsDeliveredToWhatIsNoPointOrFromWhatHoldsNoKey() throws {
        let scene = try SealedScene(seed: 41)
        let noPoint = CompressedPoint(isOdd: false, abscissa: Bytes32(0, 0, 0, 5))
        func deliver(_ sealed: SealedKey, _ key: CompressedPoint) throws {
            _ = try SealedKeys.deliver(
                sealed, from: scene.owner, to: key, statement: scene.statement, randomness: .zero)
        }
        #expect(throws: SealedKeyFailure(.invalidPoint, .recipientKey)) { try deliver(scene.sealed, noPoint) }
        #expect(throws: SealedKeyFailure(.invalidPoint, .sealedKeyFirst)) {
            try deliver(SealedKey(first: noPoint, second: scene.sealed.second), scene.buyer.key)
        }
        #expect(throws: SealedKeyFailure(.invalidPoint, .sealedKeySecond)) {
            try deliver(SealedKey(first: scene.sealed.first, second: noPoint), scene.buyer.key)
        }
        #expect(throws: SealedKeyFailure(.invalidPoint, .sealingKey)) {
            _ = try SealedKeys.seal(scene.content, to: noPoint, randomness: .zero)
        }
        // With a = 1, C2 = C1 is K = infinity.
        let one = try #require(SealingSecret(Bytes32(0, 0, 0, 1)))
        let empty = SealedKey(first: scene.sealed.first, second: scene.sealed.first)
        #expect(throws: SealedKeyFailure(.infinity, .contentPoint)) {
            _ = try SealedKeys.deliver(
                empty, from: one, to: scene.buyer.key, statement: scene.statement, randomness: .zero)
        }
    }

    @Test func refusalsSayWhatIsWrong() {
        #expect(
            SealedKeyFailure(.invalidPoint, .recipientKey).description
                == "recipientKey is not a compressed point of secp256k1")
        #expect(SealedKeyFailure(.zeroScalar, .challenge).description == "challenge is zero")
        #expect(forgery.description == "proof does not verify for these points and this statement")
    }
}
