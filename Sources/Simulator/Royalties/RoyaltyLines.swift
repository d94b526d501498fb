internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import Revenue
internal import StateModel

/// JSON text, made by hand: millions of lines are written, and all there is are numbers, codes and lists.
enum JSONText {
    static func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }
    static func list(_ items: [Int]) -> String { list(items.map { String($0) }) }
    static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
    /// Precondition: a code, with nothing to escape.
    static func code(_ text: String) -> String { "\"\(text)\"" }
    static func amount(_ amount: Amount?) -> String { amount.map { String($0.units) } ?? "null" }
}

/// Small numbers for what the ledger names by ids.
struct RoyaltyNumbers {
    private(set) var infts: [INFTID: Int] = [:]
    private static let parties = Dictionary(
        uniqueKeysWithValues: (0..<RoyaltyWorld.parties).map { (RoyaltyWorld.party($0), $0) })
    private static let assets = Dictionary(
        uniqueKeysWithValues: RoyaltyWorld.assets.enumerated().map { ($1, $0) })

    mutating func add(_ inft: INFTID) { infts[inft] = infts.count }

    func of(_ inft: INFTID) -> Int { infts[inft] ?? -1 }
    func of(_ party: Party) -> Int { Self.parties[party] ?? -1 }
    func of(_ asset: AssetID) -> Int { Self.assets[asset] ?? -1 }

    /// What money did, in the order in which it did it; nil of an event that moves none.
    func line(_ event: any LedgerEvent) -> String? {
        guard let event = event as? RevenueEvent else { return nil }
        switch event {
        case .paid(let body):
            return JSONText.list([
                JSONText.code("paid"), "\(of(body.inft))", "\(of(body.asset))", "\(of(body.payer))",
                "\(body.amount.units)", JSONText.code(body.reason.name),
            ])
        case .royaltyTaken(let body):
            return JSONText.list([
                JSONText.code("taken"), "\(of(body.ancestor))", "\(of(body.descendant))", "\(of(body.asset))",
                "\(body.amount.units)",
            ])
        case .claimed(let body):
            return JSONText.list([
                JSONText.code("claimed"), "\(of(body.inft))", "\(of(body.asset))", "\(of(body.holder))",
                "\(body.amount.units)",
            ])
        case .shareTransferred(let body):
            return JSONText.list([
                JSONText.code("share"), "\(of(body.inft))", "\(of(body.from))", "\(of(body.to))", "\(body.share.parts)",
            ])
        case .reserved(let body), .released(let body):
            let isReserved = if case .reserved = event { true } else { false }
            return JSONText.list([
                JSONText.code(isReserved ? "reserved" : "released"), JSONText.code(body.kind.name), "\(of(body.asset))",
                "\(of(body.party))", "\(body.amount.units)",
            ])
        default:
            return nil
        }
    }

    func lines(_ events: [any LedgerEvent]) -> String { JSONText.list(events.compactMap { line($0) }) }

    /// The royalty vector in its order: ancestor, agreed, share, ceiling, policy.
    func vector(_ entries: [RoyaltyEntry]) -> String {
        JSONText.list(
            entries.map { entry in
                JSONText.list([
                    "\(of(entry.ancestor))", "\(entry.agreed.parts)", "\(entry.share.parts)",
                    JSONText.amount(entry.ceiling), JSONText.code(entry.policy.name),
                ])
            })
    }

    /// Everything that money left behind: balances, vaults and their holders, and the totals.
    func end(_ infts: [INFTID], in state: any StateReader) throws -> String {
        var balances: [String] = []
        var totals: [String] = []
        var vaults: [String] = []
        for (number, asset) in RoyaltyWorld.assets.enumerated() {
            for party in 0..<RoyaltyWorld.parties {
                let amount = try Balances.balance(of: RoyaltyWorld.party(party), asset, in: state)
                balances.append(JSONText.list(["\(party)", "\(number)", "\(amount.units)"]))
            }
            let sums = try Assets.totals(asset, in: state)
            totals.append(
                JSONText.list(
                    [sums.issued, sums.balances, sums.vaults, sums.escrows, sums.held, sums.bonds, sums.prepaid]
                        .map { "\($0.units)" }))
            for inft in infts {
                guard let account = try state.record(RevenueKeys.account(inft, asset)) else { continue }
                let shares = HoldersRecord(holders: try Vaults.holders(of: inft, in: state))
                let holders = try (0..<RoyaltyWorld.parties).map { party in
                    let who = RoyaltyWorld.party(party)
                    return try Vaults.settled(who, in: inft, asset, share: shares.share(of: who), state: state).accrued
                }
                vaults.append(
                    JSONText.object([
                        ("inft", "\(of(inft))"), ("asset", "\(number)"), ("total", "\(account.total.units)"),
                        ("received", "\(account.received.units)"), ("net", "\(VaultArithmetic.net(account).units)"),
                        ("taken", "\(account.royaltiesTaken.units)"), ("claimed", "\(account.claimed.units)"),
                        ("claimable", JSONText.list(holders.map { "\($0.units)" })),
                    ]))
            }
        }
        return JSONText.object([
            ("balances", JSONText.list(balances)), ("totals", JSONText.list(totals)), ("vaults", JSONText.list(vaults)),
        ])
    }
}
