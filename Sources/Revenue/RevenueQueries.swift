public import Primitives
public import StateModel

/// An asset with its totals, as queries answer it.
public struct AssetView: Codable, Hashable, Sendable {
    public let asset: AssetRecord
    public let totals: AssetTotals
}

public struct BalanceView: Codable, Hashable, Sendable {
    public let asset: AssetID
    public let code: String
    public let scale: UInt8
    public let amount: Amount
    public let frozenAt: Timestamp?
    /// Lines of its statement.
    public let entries: UInt64
}

public struct BalancesView: Codable, Hashable, Sendable {
    public let party: Party
    /// By asset id.
    public let balances: [BalanceView]
}

public struct VaultAccountView: Codable, Hashable, Sendable {
    public let asset: AssetID
    public let code: String
    public let scale: UInt8
    /// Everything ever paid in.
    public let total: Amount
    public let royaltiesReceived: Amount
    /// What all ancestors are due of the total, and what they have taken.
    public let royaltiesDue: Amount
    public let royaltiesTaken: Amount
    /// What the holders have earned in all, and what they have claimed.
    public let net: Amount
    public let claimed: Amount
    /// What is in the vault now.
    public let held: Amount
    /// What descendants owe it and it has not taken; of the first 256 of them.
    public let royaltiesOwed: Amount
    /// Of the holder asked for.
    public let holder: HolderView?
}

public struct HolderView: Codable, Hashable, Sendable {
    public let party: Party
    public let share: PartsPerMillion
    /// What a claim would pay now that takes nothing from descendants.
    public let claimable: Amount
    /// What one would pay that first takes all that descendants owe.
    public let claimableWithRoyalties: Amount
    public let claimed: Amount
}

public struct VaultView: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let createdAt: Timestamp
    /// Sum of the royalty shares.
    public let royaltyShare: PartsPerMillion
    public let royalties: [RoyaltyEntry]
    public let holders: [ShareHolder]
    public let accounts: [VaultAccountView]
    /// True if there are more descendants than are looked at: what is owed, and claimable with it, is of a part of them.
    public let isOwedInPart: Bool
}

public struct HoldingView: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let share: PartsPerMillion
}

public struct RoyaltyView: Codable, Hashable, Sendable {
    public let descendant: INFTID
    public let due: Amount
    public let taken: Amount
    /// What a claim that names the descendant would bring.
    public let claimable: Amount
}

public struct StatementSummary: Codable, Hashable, Sendable {
    public let party: Party
    public let asset: AssetID
    public let code: String
    public let scale: UInt8
    /// Before the first line.
    public let opening: Amount
    /// After the last line; opening + incoming lines − outgoing lines.
    public let closing: Amount
    public let entries: UInt64
}

public struct AssetParameters: Codable, Sendable {
    public let asset: AssetID?
    public let code: String?

    public init(asset: AssetID? = nil, code: String? = nil) {
        self.asset = asset
        self.code = code
    }
}

public struct BalanceParameters: Codable, Sendable {
    public let party: Party
    public let asset: AssetID?

    public init(party: Party, asset: AssetID? = nil) {
        self.party = party
        self.asset = asset
    }
}

public struct VaultParameters: Codable, Sendable {
    public let inft: INFTID
    public let holder: Party?

    public init(inft: INFTID, holder: Party? = nil) {
        self.inft = inft
        self.holder = holder
    }
}

public struct PartyParameters: Codable, Sendable {
    public let party: Party

    public init(party: Party) {
        self.party = party
    }
}

public struct RoyaltiesParameters: Codable, Sendable {
    public let inft: INFTID
    public let asset: AssetID

    public init(inft: INFTID, asset: AssetID) {
        self.inft = inft
        self.asset = asset
    }
}

public struct StatementParameters: Codable, Sendable {
    public let party: Party
    public let asset: AssetID
    public let since: Timestamp?
    public let until: Timestamp?

    public init(party: Party, asset: AssetID, since: Timestamp? = nil, until: Timestamp? = nil) {
        self.party = party
        self.asset = asset
        self.since = since
        self.until = until
    }
}

public struct NoParameters: Codable, Sendable {
    public init() {}
}

/// The queries of the revenue domain.
public enum RevenueQueries {
    public static let all: [Query] = [
        assetGet, assetList, balance, vault, holdings, royalties, statement, statementSummary,
    ]

    static let assetGet = Query(
        "asset_get", "A settlement asset and where its units are, by id or by code.",
        [
            QueryParameter("asset", "The asset's id.", required: false),
            QueryParameter("code", "Its code, such as USD.", required: false),
        ],
        from: AssetParameters.self, to: AssetView.self
    ) { (parameters, context) throws(Refusal) in
        var id = parameters.asset
        if id == nil, let code = parameters.code { id = try context.state.record(RevenueKeys.code(code)) }
        guard let id else {
            throw RevenueRejection.unknownAsset.at("code", "no asset has this code", hint: "asset_list names them all.")
        }
        return AssetView(
            asset: try Assets.requireKnown(id, field: "asset", in: context.state),
            totals: try Assets.totals(id, in: context.state))
    }

    static let assetList = Query(
        list: "asset_list", "Every settlement asset, oldest first.", [], from: NoParameters.self, of: AssetView.self
    ) { (_, request, context) throws(Refusal) in
        try context.page(RevenueIndexes.assets, request) { (entry) throws(Refusal) in
            guard let bytes = RevenueIndexes.lastIdentifier(entry.key) else { return nil }
            let id = AssetID(bytes)
            guard let asset = try Assets.record(id, in: context.state) else { return nil }
            return AssetView(asset: asset, totals: try Assets.totals(id, in: context.state))
        }
    }

    static let balance = Query(
        "revenue_balance", "What a party has, in one asset or in the first hundred.",
        [
            QueryParameter("party", "Account or organization."),
            QueryParameter("asset", "One asset only.", required: false),
        ],
        from: BalanceParameters.self, to: BalancesView.self
    ) { (parameters, context) throws(Refusal) in
        var assets: [AssetID] = []
        if let asset = parameters.asset {
            assets = [asset]
        } else {
            let request = PageRequest(after: nil, limit: RevenueLimits.balancesShown)
            assets = try context.page(RevenueIndexes.balances(parameters.party), request) { (entry) throws(Refusal) in
                RevenueIndexes.lastIdentifier(entry.key).map { AssetID($0) }
            }.items
        }
        var views: [BalanceView] = []
        for id in assets {
            let asset = try Assets.requireKnown(id, field: "asset", in: context.state)
            let record = try Balances.record(of: parameters.party, id, in: context.state)
            views.append(
                BalanceView(
                    asset: id, code: asset.code, scale: asset.scale, amount: record.amount, frozenAt: record.frozenAt,
                    entries: record.entries))
        }
        return BalancesView(party: parameters.party, balances: views)
    }

    static let vault = Query(
        "revenue_vault",
        "An INFT's vault: holders, royalties, accounts, what descendants owe it, and what a holder can claim.",
        [
            QueryParameter("inft", "The INFT."),
            QueryParameter("holder", "Also what this party can claim.", required: false),
        ],
        from: VaultParameters.self, to: VaultView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try Vaults.requireRecord(of: parameters.inft, field: "inft", in: context.state)
        let holders = HoldersRecord(holders: try Vaults.holders(of: parameters.inft, in: context.state))
        let royalties = try Vaults.royalties(of: parameters.inft, in: context.state)
        let owed = try OwedRoyalties.to(parameters.inft, in: context)
        var accounts: [VaultAccountView] = []
        for asset in record.assets + owed.assets.filter({ !record.assets.contains($0) }) {
            accounts.append(
                try view(
                    asset, of: parameters.inft, royalties: royalties, owed: owed[asset], holders: holders,
                    holder: parameters.holder, in: context.state))
        }
        return VaultView(
            inft: parameters.inft, createdAt: record.createdAt,
            royaltyShare: record.royaltyShare, royalties: royalties, holders: holders.holders, accounts: accounts,
            isOwedInPart: owed.isPart)
    }

    private static func view(
        _ id: AssetID, of inft: INFTID, royalties: [RoyaltyEntry], owed: Amount, holders: HoldersRecord,
        holder: Party?, in state: any StateReader
    ) throws(Refusal) -> VaultAccountView {
        let asset = try Assets.requireKnown(id, field: "asset", in: state)
        let account = try Vaults.account(of: inft, id, in: state)
        var due: UInt64 = 0
        // Shares are at most a whole, so what is due is at most the total.
        for entry in royalties { due += VaultArithmetic.due(entry, of: account.total).units }
        var holderView: HolderView?
        if let holder {
            let share = holders.share(of: holder)
            let settled = try Vaults.settled(holder, in: inft, id, share: share, state: state)
            let raised = try Vaults.settled(holder, in: inft, id, share: share, after: owed, state: state)
            holderView = HolderView(
                party: holder, share: share, claimable: settled.accrued, claimableWithRoyalties: raised.accrued,
                claimed: settled.claimed)
        }
        return VaultAccountView(
            asset: id, code: asset.code, scale: asset.scale, total: account.total,
            royaltiesReceived: account.received, royaltiesDue: Amount(due), royaltiesTaken: account.royaltiesTaken,
            net: VaultArithmetic.net(account), claimed: account.claimed, held: account.held ?? .zero,
            royaltiesOwed: owed, holder: holderView)
    }

    static let holdings = Query(
        list: "revenue_holdings", "The vaults in which a party has a share.",
        [QueryParameter("party", "Account or organization.")],
        from: PartyParameters.self, of: HoldingView.self
    ) { (parameters, request, context) throws(Refusal) in
        try context.page(RevenueIndexes.holdings(parameters.party), request) { (entry) throws(Refusal) in
            guard let bytes = RevenueIndexes.lastIdentifier(entry.key) else { return nil }
            let inft = INFTID(bytes)
            let holders = HoldersRecord(holders: try Vaults.holders(of: inft, in: context.state))
            return HoldingView(inft: inft, share: holders.share(of: parameters.party))
        }
    }

    static let royalties = Query(
        list: "revenue_royalties", "The descendants that owe an INFT royalties, and what a claim would bring.",
        [QueryParameter("inft", "The ancestor."), QueryParameter("asset", "In this asset.")],
        from: RoyaltiesParameters.self, of: RoyaltyView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix = RevenueIndexes.descendants(parameters.inft)
        return try context.page(prefix, request) { (entry) throws(Refusal) in
            guard let bytes = RevenueIndexes.lastIdentifier(entry.key) else { return nil }
            let descendant = INFTID(bytes)
            let (due, taken) = try Vaults.claimable(
                by: parameters.inft, from: descendant, parameters.asset, in: context.state)
            return RoyaltyView(
                descendant: descendant, due: due, taken: taken, claimable: due.subtracting(taken) ?? .zero)
        }
    }

    private static let statementParameters = [
        QueryParameter("party", "Account or organization."),
        QueryParameter("asset", "In this asset."),
        QueryParameter("since", "From this time on (Unix milliseconds).", required: false),
        QueryParameter("until", "Before this time.", required: false),
    ]

    static let statement = Query(
        list: "revenue_statement",
        "Every movement of a balance in a period, oldest first, each with the balance after it.",
        statementParameters, from: StatementParameters.self, of: StatementEntry.self
    ) { (parameters, request, context) throws(Refusal) in
        var statement = try Statement(of: parameters.party, parameters.asset, in: context.state)
        let range = try statement.range(since: parameters.since, until: parameters.until)
        var index = range.lowerBound
        if let after = request.after, let last = after.lastNumber { index = max(index, last &+ 1) }
        var items: [StatementEntry] = []
        while index < range.upperBound, items.count < request.limit {
            items.append(try statement.entry(index))
            index += 1
        }
        let hasMore = index < range.upperBound && !items.isEmpty
        return Page(items: items, next: hasMore ? RevenueIndexes.statement.appending(index - 1) : nil)
    }

    static let statementSummary = Query(
        "revenue_statementSummary", "Opening and closing balance of a period, and how many movements lie between.",
        statementParameters, from: StatementParameters.self, to: StatementSummary.self
    ) { (parameters, context) throws(Refusal) in
        let asset = try Assets.requireKnown(parameters.asset, field: "asset", in: context.state)
        var statement = try Statement(of: parameters.party, parameters.asset, in: context.state)
        let range = try statement.range(since: parameters.since, until: parameters.until)
        let opening = try statement.balance(before: range.lowerBound)
        let closing = try statement.balance(before: range.upperBound)
        return StatementSummary(
            party: parameters.party, asset: parameters.asset, code: asset.code, scale: asset.scale, opening: opening,
            closing: closing, entries: range.upperBound - range.lowerBound)
    }
}

extension IndexKey {
    /// The number that ends a statement's cursor; nil for any other key.
    fileprivate var lastNumber: UInt64? {
        guard bytes.count == 9, bytes[0] == RevenueIndexes.statement.bytes[0] else { return nil }
        return bytes[1...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
