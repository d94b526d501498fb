import Encoding
import Foundation
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct CodecTests {
    static let alice = Party.account(testAddress("alice"))
    static let org = Party.organization(testIdentifier("org"))
    static let asset: AssetID = testIdentifier("asset")
    static let inft: INFTID = testIdentifier("inft")

    static let operations: [RevenueOperation] = [
        .createAsset(
            AssetCreate(code: "USD", title: "US dollar", scale: 2, freezePolicy: .balances, terms: testHash("t"))),
        .issue(AssetIssue(asset: asset, to: alice, amount: Amount(.max), reference: testHash("r"))),
        .redeem(AssetRedeem(asset: asset, holder: org, amount: Amount(1))),
        .freeze(AssetFreeze(asset: asset, party: nil, isFrozen: true)),
        .transfer(RevenueTransfer(from: org, to: alice, asset: asset, amount: Amount(1 << 53))),
        .pay(RevenuePay(inft: .operation(3), asset: asset, amount: Amount(70_000))),
        .transferShare(RevenueTransferShare(inft: inft, to: org, share: share(123_456))),
        .transferShare(
            RevenueTransferShare(
                inft: inft, from: org, to: alice, share: share(1), price: SharePrice(asset: asset, amount: Amount(7)))),
        .claim(
            RevenueClaim(inft: inft, asset: asset, descendants: [testIdentifier("a"), testIdentifier("b")].sorted())),
    ]

    static let events: [RevenueEvent] = {
        guard let sandbox = try? Sandbox() else { return [] }
        var events: [RevenueEvent] = []
        func keep(_ emitted: [any LedgerEvent]?) { events += (emitted ?? []).compactMap { $0 as? RevenueEvent } }
        keep(
            try? sandbox.execute(
                AssetCreate(code: "EUR", title: "Euro", scale: 2, freezePolicy: .never, terms: nil), as: "issuer"))
        keep(
            try? sandbox.execute(
                AssetIssue(asset: sandbox.asset, to: sandbox.party("bob"), amount: Amount(9)), as: "issuer"))
        keep(
            try? sandbox.execute(
                RevenueTransfer(to: sandbox.party("bob"), asset: sandbox.asset, amount: Amount(9)), as: "alice"))
        keep(try? sandbox.execute(AssetFreeze(asset: sandbox.asset, party: nil, isFrozen: true), as: "issuer"))
        return events
    }()

    static let account = VaultAccount(
        total: Amount(1_000), received: Amount(5), boundCount: 1, activeShare: share(250_000),
        boundCeilings: Amount(10), nextBinding: Amount(4_000), royaltiesTaken: Amount(3), claimed: Amount(2))

    /// With two open lines.
    static let balance: BalanceRecord? = {
        guard let sandbox = try? Sandbox() else { return nil }
        _ = try? sandbox.execute(
            RevenueTransfer(to: sandbox.party("bob"), asset: sandbox.asset, amount: Amount(9)), as: "alice")
        return try? Balances.record(of: sandbox.party("alice"), sandbox.asset, in: sandbox.state)
    }()

    private func json<Value: Codable & Equatable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: try JSONEncoder().encode(value))
    }

    @Test func everyOperationAndEventSurvivesBytesAndJSON() throws {
        for operation in Self.operations {
            #expect(try RevenueOperation(decoding: operation.encoded) == operation)
            #expect(try json(operation) == operation)
            #expect(!operation.operation.words(PlainNames()).isEmpty && operation.weight > 0)
        }
        #expect(Set(Self.operations.map(\.name)).count == RevenueOperation.names.count)
        #expect(Self.events.count == 4)
        for event in Self.events {
            #expect(try RevenueEvent(decoding: event.encoded) == event)
            #expect(try json(event) == event)
        }
    }

    @Test func aClientsShortestJSONIsEnough() throws {
        let text = """
            {"type": "revenue.claim", "inft": "\(Self.inft)", "asset": "\(Self.asset)"}
            """
        let operation = try JSONDecoder().decode(RevenueOperation.self, from: Data(text.utf8))
        #expect(operation == .claim(RevenueClaim(inft: Self.inft, asset: Self.asset)))
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(RevenueOperation.self, from: Data(#"{"type": "revenue.mint"}"#.utf8))
        }
    }

    @Test func hostileBytesOnlyThrow() throws {
        #if DEBUG
            let count = 1_000
        #else
            let count = 20_000
        #endif
        #expect(exerciseDecoder(RevenueOperation.self, samples: Self.operations, count: count, seed: 1).mismatches == 0)
        #expect(exerciseDecoder(RevenueEvent.self, samples: Self.events, count: count, seed: 2).mismatches == 0)
        #expect(exerciseDecoder(VaultAccount.self, samples: [Self.account], count: count, seed: 3).mismatches == 0)
        let holders = HoldersRecord(
            holders: [ShareHolder(party: Self.alice, share: share(1)), ShareHolder(party: Self.org, share: share(2))])
        #expect(exerciseDecoder(HoldersRecord.self, samples: [holders], count: count, seed: 4).mismatches == 0)
        let entry = StatementEntry(
            time: testStart, height: Height(3), transaction: testHash("t"), kind: .claim, isIncoming: true,
            amount: Amount(1), balanceAfter: Amount(2), counterpart: .vault(Self.inft), reference: nil)
        #expect(exerciseDecoder(StatementEntry.self, samples: [entry], count: count, seed: 5).mismatches == 0)
        let page = StatementPage(Array(repeating: entry, count: StatementPage.lineCount))
        #expect(exerciseDecoder(StatementPage.self, samples: [page], count: count, seed: 7).mismatches == 0)
        let balance = try #require(Self.balance)
        #expect(balance.entries == 2)
        #expect(exerciseDecoder(BalanceRecord.self, samples: [balance], count: count, seed: 8).mismatches == 0)
        let genesis = RevenueGenesis(
            issuers: [Self.org],
            assets: [
                GenesisAsset(
                    code: "USD", title: "US dollar", scale: 2, issuer: Self.org, freezePolicy: .never,
                    issues: [GenesisIssue(to: Self.alice, amount: Amount(5))])
            ])
        #expect(exerciseDecoder(RevenueGenesis.self, samples: [genesis], count: count, seed: 6).mismatches == 0)
    }

    @Test func everyRejectionHasItsOwnReasonWithinTheDomainsHundred() {
        let rejections = RevenueDomain.rejections
        #expect(Set(rejections.map(\.reason)).count == rejections.count)
        #expect(rejections.allSatisfy { (1300..<1400).contains($0.code) })
    }
}
