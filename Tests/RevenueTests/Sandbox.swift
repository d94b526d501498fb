import Identities
import Primitives
import Revenue
import StateModel
import TestSupport

/// A ledger with three accounts and one asset, whose issuer is `issuer`.
final class Sandbox {
    let state: StateOverlay
    let issuer = testAddress("issuer")
    let asset = Assets.genesisIdentifier(code: "USD")
    private var count = 0
    var time = testStart

    init(
        parties: [String] = ["alice", "bob", "carol"], funds: UInt64 = 1_000_000,
        freezePolicy: FreezePolicy = .balancesAndAsset
    ) throws {
        state = StateOverlay(over: MemoryState())
        for name in ["issuer"] + parties {
            state.set(
                IdentityKeys.account(testAddress(name)),
                AccountRecord(
                    kind: .researcher, sponsor: nil, createdAt: testStart, createdHeight: .genesis,
                    sponsoredAt: testStart))
        }
        let genesis = RevenueGenesis(
            issuers: [.account(issuer)],
            assets: [
                GenesisAsset(
                    code: "USD", title: "US dollar", scale: 2, issuer: .account(issuer), freezePolicy: freezePolicy,
                    issues: parties.map { GenesisIssue(to: party($0), amount: Amount(funds)) })
            ])
        try RevenueDomain.applyGenesis(genesis, in: makeContext(state, sender: issuer, height: .genesis))
    }

    func party(_ name: String) -> Party { .account(testAddress(name)) }

    /// The context of a transaction that `name` sends.
    func context(_ name: String, cosigners: [String] = [], over overlay: StateOverlay? = nil) -> OperationContext {
        count += 1
        return makeContext(
            overlay ?? state, sender: testAddress(name), cosigners: cosigners.map { testAddress($0) }, time: time,
            height: Height(UInt64(count)), transaction: "transaction \(count)")
    }

    /// Executes as a block would: all of it or nothing, and every unit accounted for afterwards.
    @discardableResult
    func execute(
        _ operation: some DomainOperation, as name: String, cosigners: [String] = []
    ) throws -> [any LedgerEvent] {
        try transaction(as: name, cosigners: cosigners) { (context) throws in try operation.execute(in: context) }
    }

    @discardableResult
    func transaction(
        as name: String, cosigners: [String] = [], _ body: (OperationContext) throws -> Void
    ) throws -> [any LedgerEvent] {
        let overlay = StateOverlay(over: state)
        let context = context(name, cosigners: cosigners, over: overlay)
        try body(context)
        if let rejection = context.openObligation { throw Refusal.rejected(rejection) }
        try Conservation.check(overlay.changes(of: state))
        overlay.commit(to: state)
        try Conservation.check(asset, in: state)
        return context.events
    }

    func statement(of name: String) throws -> [StatementEntry] {
        var statement = try Statement(of: party(name), asset, in: state)
        return try (0..<statement.balance.entries).map { try statement.entry($0) }
    }

    func balance(_ name: String) throws -> UInt64 { try Balances.balance(of: party(name), asset, in: state).units }

    /// A vault whose holders share equally, the first taking what does not divide.
    @discardableResult
    func vault(_ name: String, holders: [(String, UInt64)], royalties: [RoyaltyEntry]? = nil) throws -> INFTID {
        let inft: INFTID = testIdentifier(name)
        let list = holders.map { ShareHolder(party: party($0.0), share: share($0.1)) }.sorted { $0.party < $1.party }
        try transaction(as: "issuer") { (context) throws in
            try Vaults.create(inft, holders: list, in: context)
            if let royalties { try Vaults.setRoyalties(inft, royalties, in: context) }
        }
        return inft
    }

    func pay(_ amount: UInt64, into inft: INFTID, as name: String = "alice") throws {
        try execute(RevenuePay(inft: .id(inft), asset: asset, amount: Amount(amount)), as: name)
    }

    /// What a claim brings; zero where there is nothing to claim.
    func claim(_ inft: INFTID, as name: String, descendants: [INFTID] = []) throws -> UInt64 {
        let before = try balance(name)
        let refusal = try reason {
            try execute(RevenueClaim(inft: inft, asset: asset, descendants: descendants.sorted()), as: name)
        }
        guard refusal == nil || refusal == "nothing_to_claim" else { throw UnexpectedRefusal(reason: refusal ?? "") }
        return try balance(name) - before
    }

    /// Recomputes the sums of the whole state; the problems found.
    func problems() throws -> [String] {
        var records = state.changes.compactMap { change in change.value.map { (key: change.key, value: $0) } }
        return try Conservation.recompute { () throws(StateFailure) in records.popLast() }
            .map(\.problem).filter { !$0.isEmpty }
    }
}

struct UnexpectedRefusal: Error {
    let reason: String
}

/// Precondition: at most one million.
func share(_ parts: UInt64) -> PartsPerMillion {
    guard let share = PartsPerMillion(parts) else { preconditionFailure("a test's share exceeds a whole") }
    return share
}
