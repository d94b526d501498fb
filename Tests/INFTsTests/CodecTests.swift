import Consents
import Cryptography
import Encoding
import Foundation
import INFTs
import Primitives
import StateModel
import TestSupport
import Testing

@Suite struct CodecTests {
    static let alice = Party.account(testAddress("alice"))
    static let inft: INFTID = testIdentifier("inft")

    static let point = CompressedPoint(isOdd: false, abscissa: testHash("point").bytes)
    static let key = SealedKey(first: point, second: point)
    static let proof = KeyProof(challenge: testHash("e"), response: testHash("z"))
    static let delivery = DeliveryProof(
        challenge: testHash("e"), ownerResponse: testHash("a"), deliveryResponse: testHash("s"))
    static let transfer: DeliveryID = testIdentifier("transfer")
    /// Well formed only: nothing in it proves anything.
    static let sealedContent = ContentVersion.sealed(
        SealedContent(
            root: testHash("root"), size: 65_552, mediaType: "application/dicom", cipherSuite: .aes256GCMStream,
            keyCommitment: testHash("commitment"), salt: testHash("salt"), sealingKey: point, sealedKey: key,
            possession: proof, origin: proof))

    static var operations: [INFTOperation] {
        let request = DeliveryRequest(sealingKey: point, possession: proof, fetchedRoot: testHash("root"))
        let seal = Resealing(sealingKey: point, sealedKey: key, possession: proof, proof: delivery)
        return [
            .mint(sampleMint("score", owner: alice, parents: [testIdentifier("a"), testIdentifier("b")])),
            .mint(
                sampleMint(
                    "", owner: alice, inftClass: .case_, content: sealedContent, metadata: INFTMetadata(title: ""),
                    hasHumanData: true, consentSet: testIdentifier("set"))),
            .revise(Revise(inft: inft, content: content("two"))),
            .setMetadata(SetMetadata(inft: inft, metadata: metadata("title"))), .freeze(Freeze(inft: inft)),
            .retire(Retire(inft: inft)), .transfer(TransferOffer(inft: inft, to: alice, expiresAt: testStart)),
            .reseal(Reseal(inft: inft, version: 2, seal: seal)), .clone(Clone(inft: inft, seal: seal)),
            .clone(Clone(inft: inft, seal: nil)),
            .acceptTransfer(TransferAccept(transfer: transfer, delivery: request)),
            .acceptTransfer(TransferAccept(transfer: transfer, fetchedHash: testHash("hash"))),
            .beginTransfer(TransferBegin(transfer: transfer, sealingKey: point, commitment: testHash("commitment"))),
            .completeTransfer(TransferComplete(transfer: transfer, sealedKey: key, proof: delivery)),
            .cancelTransfer(TransferCancel(transfer: transfer)),
            .setKeyCustodians(SetKeyCustodians(inft: inft, threshold: 1, custodians: [testAddress("bob")])),
            .erase(Erase(inft: inft, version: 2, sealingKey: point, consents: [testIdentifier("consent")])),
            .erase(Erase(inft: inft, version: 2, sealingKey: point)),
            .recall(Recall(inft: inft, reason: .legal, notice: testHash("notice"), answerBy: testStart)),
            .liftRecall(LiftRecall(recall: testIdentifier("recall"), reason: .unfounded)),
            .authorizeUse(
                AuthorizeUse(inft: inft, agent: alice, purposes: [.research, .treatment].sorted(), until: testStart)),
            .deauthorizeUse(DeauthorizeUse(inft: inft, agent: alice)),
        ]
    }

    /// A delivery in its last state, with every field that may be null present.
    static let record = DeliveryRecord(
        id: transfer, act: .license, inft: inft, version: 3, license: testIdentifier("license"), from: alice,
        to: .account(testAddress("bob")), sealingKey: point, requestedAt: testStart, beginBy: testStart,
        payment: DeliveryPayment(
            asset: testIdentifier("asset"), amount: Amount(5), windowMilliseconds: 9, heldUntil: testStart,
            settledAt: testStart),
        begun: DeliveryBegun(
            sealingKey: point, sealedKey: key, commitment: testHash("c"), at: testStart, height: Height(7)),
        ending: DeliveryEnding(outcome: .completed, at: testStart, sealedKey: key), dispute: testHash("dispute"))

    @Test("A delivery survives its bytes and JSON; mutated bytes only throw")
    func deliveries() throws {
        #expect(try DeliveryRecord(decoding: Self.record.encoded) == Self.record)
        let json = try JSONEncoder().encode(Self.record)
        #expect(try JSONDecoder().decode(DeliveryRecord.self, from: json) == Self.record)
        #expect(exerciseDecoder(DeliveryRecord.self, samples: [Self.record], count: 2_000, seed: 5).mismatches == 0)
        let use = SealingKeyUse(inft: Self.inft, version: 1, holder: Self.alice, at: testStart)
        #expect(try SealingKeyUse(decoding: use.encoded) == use)
    }

    @Test("What an erasure leaves survives its bytes and JSON; mutated bytes only throw")
    func erasures() throws {
        let record = ErasureRecord(
            id: testIdentifier("erasure"), inft: Self.inft, version: 2, root: testHash("root"), sealingKey: Self.point,
            holder: Self.alice, consents: [testIdentifier("consent")], requestedAt: testStart,
            custodians: [testAddress("bob"), testAddress("carol")].sorted(), threshold: 2,
            mandate: testIdentifier("mandate"), delivered: 7, at: testStart, height: Height(9),
            transaction: testHash("transaction"))
        #expect(try ErasureRecord(decoding: record.encoded) == record)
        let json = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(ErasureRecord.self, from: json) == record)
        #expect(exerciseDecoder(ErasureRecord.self, samples: [record], count: 2_000, seed: 6).mismatches == 0)
        let use = VersionUse(begun: 1, delivered: 2)
        #expect(try VersionUse(decoding: use.encoded) == use)
        let claim = RootClaim(inft: Self.inft, versions: 3, erased: 1, erasure: record.id)
        #expect(try RootClaim(decoding: claim.encoded) == claim)
    }

    @Test func everyOperationAndRecordSurvivesBytesAndJSON() throws {
        for operation in Self.operations {
            #expect(try INFTOperation(decoding: operation.encoded) == operation)
            let json = try JSONEncoder().encode(operation)
            #expect(try JSONDecoder().decode(INFTOperation.self, from: json) == operation)
            #expect(!operation.operation.words(PlainNames()).isEmpty && operation.weight > 0)
        }
        #expect(Set(Self.operations.map(\.name)).count == INFTOperation.names.count)
        let sandbox = Sandbox()
        let parent = try sandbox.mint("parent")
        let context = try sandbox.execute(Revise(inft: parent, content: content("two")))
        let record = try sandbox.record(parent)
        #expect(try INFTRecord(decoding: record.encoded) == record)
        #expect(try JSONDecoder().decode(INFTRecord.self, from: try JSONEncoder().encode(record)) == record)
        for event in context.events.compactMap({ $0 as? INFTEvent }) {
            #expect(try INFTEvent(decoding: event.encoded) == event)
            #expect(try JSONDecoder().decode(INFTEvent.self, from: try JSONEncoder().encode(event)) == event)
        }
    }

    @Test func hostileBytesOnlyThrow() throws {
        #if DEBUG
            let count = 500
        #else
            let count = 10_000
        #endif
        #expect(exerciseDecoder(INFTOperation.self, samples: Self.operations, count: count, seed: 1).mismatches == 0)
        #expect(
            exerciseDecoder(ContentVersion.self, samples: [Self.sealedContent], count: count, seed: 2).mismatches == 0)
        let sandbox = Sandbox()
        let record = try sandbox.record(try sandbox.mint("score"))
        #expect(exerciseDecoder(INFTRecord.self, samples: [record], count: count, seed: 3).mismatches == 0)
        #expect(exerciseDecoder(INFTEvent.self, samples: [], count: count, seed: 4).mismatches == 0)
    }

    @Test func aPointHasAPrefixOfTwoOrThree() {
        #expect(CompressedPoint([4] + testHash("x").bytes.array) == nil)
        #expect(CompressedPoint([2] + testHash("x").bytes.array)?.bytes.count == 33)
        #expect(CompressedPoint([2]) == nil)
    }

    @Test func everyRejectionHasItsOwnReasonWithinTheDomainsHundred() {
        let rejections = INFTsDomain.rejections
        #expect(Set(rejections.map(\.reason)).count == rejections.count)
        #expect(rejections.allSatisfy { (1400..<1500).contains($0.code) })
    }
}
