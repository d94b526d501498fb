import ArgumentParser
import INFTs
import Interface
import Primitives
import Revenue
import Transactions
import WalletKit

struct RevenueClaimCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Takes the royalties that descendants owe, and pays you what has accrued.",
        discussion: example(
            "revenue claim score --from clara", "revenue claim --from clara",
            "revenue claim score --descendant local --asset EURX"))
    @Argument(help: "The INFT's id or name; all in which you have a share if absent.") var inft: String?
    @Option(help: "In one asset only.") var asset: String?
    @Option(help: ArgumentHelp("Whose royalties to take (repeatable); all that owe some if absent.", valueName: "inft"))
    var descendant: [String] = []
    @OptionGroup(title: "Signing") var globals: Globals

    /// Far below what a block takes.
    private static let operationsPerTransaction = 32

    func validate() throws {
        if inft == nil, !descendant.isEmpty {
            throw ValidationError("--descendant needs the INFT that they derive from.")
        }
    }

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let holder = try session.actor()
        let names = try await session.names()
        let only = try descendant.map { (text) throws(WalletFailure) -> INFTID in try session.id(text) }.sorted()
        var claims: [Claim] = []
        for inft in try await infts(session, holder) {
            for asset in try await session.assets(named: asset) {
                let claim = try await Claim(inft, asset.id, holder, only: only, session)
                if !claim.isEmpty { claims.append(claim) }
            }
        }
        guard !claims.isEmpty else {
            throw WalletFailure.foreseen(
                RevenueRejection.nothingToClaim.at(
                    "", "nothing has accrued to \(names.party(holder)) since the last claim",
                    hint: "mednexus revenue vault INFT shows who can claim what."))
        }
        // Nothing is told of what stays out of the transaction.
        var operations: [LedgerOperation] = []
        var notes: [String] = []
        for claim in claims where operations.count < Self.operationsPerTransaction {
            let part = claim.first(Self.operationsPerTransaction - operations.count)
            operations += part.operations.map { .revenue(.claim($0)) }
            notes.append(part.note(names))
        }
        if claims.reduce(0, { $0 + $1.operations.count }) > operations.count {
            notes.append("There is more than fits into one transaction: repeat the command for the rest.")
        }
        try await session.act(operations, notes: notes)
    }

    private func infts(_ session: Session, _ holder: Party) async throws(WalletFailure) -> [INFTID] {
        if let inft { return [try session.id(inft)] }
        var found: [INFTID] = []
        for item in try await session.client.items("revenue_holdings", ["party": session.json(holder)]) {
            found.append(try session.decode(item, as: HoldingView.self).inft)
        }
        return found
    }
}

/// What one holder can get out of one vault in one asset.
private struct Claim {
    private(set) var operations: [RevenueClaim]
    private let inft: INFTID
    private let asset: AssetID
    /// What each descendant owes.
    private let royalties: [INFTID: Amount]
    private let share: PartsPerMillion
    private let accrued: Amount
    /// All that the holder gets; nil where only some descendants are named, or taken from.
    private var whole: Amount?
    /// More descendants than the node looks at to tell `whole`: what the others owe comes on top.
    private let isMore: Bool

    /// Nothing would move.
    var isEmpty: Bool { operations.isEmpty }

    /// What comes up by the operations.
    private var owed: Amount {
        var sum = Amount.zero
        for descendant in operations.flatMap(\.descendants) {
            sum = sum.adding(royalties[descendant] ?? .zero) ?? sum
        }
        return sum
    }

    /// As many of its operations as there is room for.
    func first(_ count: Int) -> Claim {
        guard operations.count > count else { return self }
        var part = self
        part.operations = Array(operations.prefix(count))
        part.whole = nil
        return part
    }

    init(
        _ inft: INFTID, _ asset: AssetID, _ holder: Party, only: [INFTID], _ session: Session
    ) async throws(WalletFailure) {
        self.inft = inft
        self.asset = asset
        let vault: VaultView = try await session.client.read(
            "revenue_vault", .object(["inft": session.json(inft), "holder": session.json(holder)]))
        let account = vault.accounts.first { $0.asset == asset }
        accrued = account?.holder?.claimable ?? .zero
        whole = only.isEmpty ? account?.holder?.claimableWithRoyalties : nil
        share = vault.holders.first { $0.party == holder }?.share ?? .zero
        var descendants = only
        var royalties: [INFTID: Amount] = [:]
        let items = try await session.client.items(
            "revenue_royalties", ["inft": session.json(inft), "asset": session.json(asset)])
        for item in items {
            let royalty = try session.decode(item, as: RoyaltyView.self)
            guard royalty.claimable > .zero, only.isEmpty || only.contains(royalty.descendant) else { continue }
            royalties[royalty.descendant] = royalty.claimable
            if only.isEmpty { descendants.append(royalty.descendant) }
        }
        self.royalties = royalties
        isMore = items.count > RevenueLimits.descendantsRead
        guard accrued > .zero || !royalties.isEmpty else {
            operations = []
            return
        }
        descendants.sort()
        let size = RevenueLimits.descendantsPerClaim
        var claims: [RevenueClaim] = []
        for start in stride(from: 0, to: max(descendants.count, 1), by: size) {
            let part = Array(descendants[start..<min(start + size, descendants.count)])
            claims.append(RevenueClaim(inft: inft, asset: asset, descendants: part))
        }
        operations = claims
    }

    func note(_ names: SessionNames) -> String {
        var facts: [String] = []
        if accrued > .zero { facts.append("\(names.amount(accrued, of: asset)) have accrued to you") }
        if owed > .zero {
            facts.append(
                "\(names.amount(owed, of: asset)) of royalties come up from descendants, of which your share is "
                    + SessionNames.percent(UInt64(share.parts)))
        }
        let sum =
            owed > .zero
            ? whole.map { " You get \(isMore ? "at least " : "")\(names.amount($0, of: asset))." } ?? "" : ""
        return "\(names.id(inft)): \(facts.joined(separator: "; ")).\(sum)"
    }
}
