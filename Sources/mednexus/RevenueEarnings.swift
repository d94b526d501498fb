import ArgumentParser
import INFTs
import Interface
import Licenses
import Primitives
import Revenue
import StateModel
import WalletKit

struct RevenueEarnings: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "earnings",
        abstract: "What each sale, use, renewal and royalty brought into an INFT's vault, oldest first.",
        discussion: """
            A statement shows what you claimed; this shows what it was earned by. Of a royalty it names the descendant, once it \
            was taken. The node tells it from the events of the blocks \
            that it keeps; what is paid and taken before those stands in the sums of revenue vault.

            \(example("revenue earnings score --from clara", "revenue earnings --from clara --since 90d --csv"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The INFT's id or name; all in which you have a share if absent.") var inft: String?
    @Option(help: ArgumentHelp("From this time on: 2026-01-01 (UTC), or 30d ago as 30d.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Before this time; until now if absent.", valueName: "time")) var until: String?
    @Flag(help: "Comma-separated values, for a spreadsheet.") var csv = false

    func validate() throws {
        if csv, globals.json { throw ValidationError("Either --csv or --json.") }
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let start = try Codes.pastTime(since, now: now) ?? Timestamp(0)
        let end = try Codes.time(until, now: now) ?? .maximum
        var found: [Earning] = []
        for inft in try await infts(session) { found += try await Earning.all(of: inft, session) }
        found = found.filter { start <= $0.time && $0.time < end }
        // In the order of the ledger, whatever of an INFT they are.
        found.sort { $0.order < $1.order }
        let names = try await session.names()
        if csv {
            Console.out("time,height,transaction,inft,what,from,asset,amount,license")
            for earning in found { Console.out(earning.csv(session, names)) }
            return
        }
        session.list(
            found.map { $0.json(session) }, ["TIME", "INFT", "WHAT", "FROM", "AMOUNT", "LICENSE"],
            empty: "Nothing was earned."
        ) { item in
            [
                names.time(item["time"]) ?? "", names.id(item["inft"]), item["what"]?.string ?? "",
                item["payer"].map { names.party($0) } ?? names.id(item["descendant"]),
                names.amount(item["amount"], of: item["asset"]), names.id(item["license"]),
            ]
        }
    }

    private func infts(_ session: Session) async throws(WalletFailure) -> [INFTID] {
        if let inft { return [try session.id(inft)] }
        var found: [INFTID] = []
        for item in try await session.client.items("revenue_holdings", ["party": session.json(try session.actor())]) {
            found.append(try session.decode(item, as: HoldingView.self).inft)
        }
        return found
    }
}

/// One amount that came into a vault.
private struct Earning {
    let time: Timestamp
    let height: UInt64
    let index: UInt64
    let transaction: String?
    let inft: INFTID
    /// A reason of payments, or royalty.
    let what: String
    let payer: Party?
    let descendant: INFTID?
    let asset: AssetID
    let amount: Amount
    let license: LicenseID?

    var order: (UInt64, UInt64) { (height, index) }

    /// Page by page through the events that the node keeps.
    static func all(of inft: INFTID, _ session: Session) async throws(WalletFailure) -> [Earning] {
        var found: [Earning] = []
        var cursor: String?
        while true {
            var params = parameters([
                "filter": .object(["domain": .string(DomainNumber.revenue.name), "inft": session.json(inft)]),
                "limit": .integer(100),
            ])
            if let cursor { params.append("cursor", .string(cursor)) }
            let page = try await session.client.call("chain_events", .object(params))
            for item in page["items"]?.array ?? [] {
                if let earning = try Earning(item, of: inft, session) { found.append(earning) }
            }
            guard let next = page["next"]?.string, next != cursor else { return found }
            cursor = next
        }
    }

    /// Nil of what brought the INFT nothing.
    private init?(_ item: JSONValue, of inft: INFTID, _ session: Session) throws(WalletFailure) {
        guard let time = item["time"]?.unsigned, let height = item["height"]?.unsigned,
            let index = item["index"]?.unsigned, let body = item["event"]
        else { throw WalletFailure(.unreachable, "the node tells of an event without its place") }
        switch try session.decode(body, as: RevenueEvent.self) {
        case .paid(let paid):
            (what, payer, descendant, asset, amount) = (paid.reason.name, paid.payer, nil, paid.asset, paid.amount)
            // A payment of somebody's own has a reference of their own.
            license = paid.reason == .payment ? nil : paid.reference.map { LicenseID($0.bytes) }
        case .royaltyTaken(let taken) where taken.ancestor == inft:
            (what, payer, descendant) = ("royalty", nil, taken.descendant)
            (asset, amount, license) = (taken.asset, taken.amount, nil)
        default: return nil
        }
        self.time = Timestamp(time)
        self.height = height
        self.index = index
        self.inft = inft
        transaction = item["transaction"]?.string
    }

    func json(_ session: Session) -> JSONValue {
        var object = parameters([
            "time": .unsigned(time.milliseconds), "height": .unsigned(height), "index": .unsigned(index),
            "transaction": transaction.map { .string($0) } ?? .null, "inft": session.json(inft), "what": .string(what),
            "asset": session.json(asset), "amount": .string("\(amount)"),
        ])
        if let payer { object.append("payer", session.json(payer)) }
        if let descendant { object.append("descendant", session.json(descendant)) }
        if let license { object.append("license", session.json(license)) }
        return .object(object)
    }

    func csv(_ session: Session, _ names: SessionNames) -> String {
        let style = names.assets.first { $0.id == asset }?.style
        let from = payer.map { session.text($0) } ?? descendant.map { session.text($0) } ?? ""
        return [
            Statement.iso(time), "\(height)", transaction ?? "", session.text(inft), what, from,
            style?.code ?? session.text(asset),
            style.map { String($0.text(amount).dropLast($0.code.count + 1)) } ?? "\(amount)",
            license.map { session.text($0) } ?? "",
        ].joined(separator: ",")
    }
}
