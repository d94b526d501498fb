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

    static var operations: [INFTOperation] {
        let point = CompressedPoint(isOdd: false, abscissa: testHash("point").bytes)
        let key = SealedKey(first: point, second: point)
        let proof = KeyProof(challenge: testHash("e"), response: testHash("z"))
        let delivery = DeliveryProof(
            challenge: testHash("e"), ownerResponse: testHash("a"), deliveryResponse: testHash("s"))
        var operations: [INFTOperation] = [
            .mint(sampleMint("score", owner: alice, parents: [testIdentifier("a"), testIdentifier("b")])),
            .mint(
                sampleMint(
                    "", owner: alice, inftClass: .case_, content: sealedContent, metadata: INFTMetadata(title: ""),
                    hasHumanData: true, consentSet: testIdentifier("set"))),
            .revise(Revise(inft: inft, content: content("two"))),
            .setMetadata(SetMetadata(inft: inft, metadata: metadata("title"))), .freeze(Freeze(inft: inft)),
            .retire(Retire(inft: inft)), .transfer(TransferOffer(inft: inft, to: alice, expiresAt: testStart)),
            .reseal(
                Reseal(inft: inft, sealingKey: point, sealedKey: key, possession: proof, proof: delivery)),
        ]
        if case .sealed(let sealed) = sealedContent { operations.append(.clone(Clone(inft: inft, sealed: sealed))) }
        return operations
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
        #expect(exerciseDecoder(ContentVersion.self, samples: [sealedContent], count: count, seed: 2).mismatches == 0)
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
