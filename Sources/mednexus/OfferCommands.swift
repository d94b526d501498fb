import ArgumentParser
import INFTs
import Interface
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

struct OfferCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offer", abstract: "Licenses for sale: terms, price, supply.",
        discussion: example(
            "offer create score --terms clinical-use --price 25.00 --asset EURX --as score", "offer list --inft score"),
        subcommands: [OfferCreate.self, OfferList.self, OfferShow.self, OfferUpdate.self, OfferCancel.self])
}

enum OfferTable {
    static let headers = ["OFFER", "INFT", "TITLE", "PRICE", "SOLD", "FOR", "UNTIL", "STATE", "SELLER"]

    /// - Parameter title: what the INFT is called.
    static func row(_ item: JSONValue, _ names: SessionNames, title: String = "") -> [String] {
        let offer = item["offer"]
        let supply = offer?["supply"]?.unsigned.map { " of \($0)" } ?? ""
        let closing = offer?["closing"]?["reason"]?.string
        let buyer = names.party(offer?["buyer"])
        return [
            names.id(offer?["id"]), names.id(offer?["inft"]), title, names.amount(offer?["price"], of: offer?["asset"]),
            "\(offer?["sold"]?.unsigned ?? 0)\(supply)", buyer.isEmpty ? "anyone" : buyer,
            names.time(offer?["expiresAt"]) ?? "no end",
            item["isOpen"]?.boolean == true
                ? "open" : closing ?? (item["obstacle"]?["reason"]?.string).map(obstacle) ?? "closed",
            names.party(offer?["seller"]),
        ]
    }

    /// `inft_not_active` as people read it.
    private static func obstacle(_ reason: String) -> String {
        "closed: " + reason.replacing("inft", with: "INFT").replacing("_", with: " ")
    }
}

extension Session {
    func offer(_ id: OfferID) async throws(WalletFailure) -> OfferView {
        try await client.read("offer_get", .object(["offer": json(id)]))
    }

    /// An offer by id or name; or the only open one on an INFT that `buyer` may take.
    func offer(_ text: String, buyer: Party?) async throws(WalletFailure) -> OfferID {
        if let id: OfferID = try? id(text) { return id }
        guard let inft: INFTID = try? id(text) else {
            throw WalletFailure(
                .usage, "\(text) is no offer and no INFT that this wallet knows by name, and no id of one",
                hint: "mednexus offer list shows what is offered.")
        }
        let open = try await openOffers(on: inft).filter { $0.buyer == nil || $0.buyer == buyer }
        if open.count == 1 { return open[0].id }
        if open.isEmpty, let last = try await closedOffer(on: inft) {
            throw WalletFailure(
                .usage, "nothing can be bought on \(text): \(last.obstacle?.message ?? "the offer is closed")",
                hint: "mednexus offer list --inft \(text) --all")
        }
        throw WalletFailure(
            .usage, open.isEmpty ? "nothing is offered on \(text)" : "there are \(open.count) offers on \(text)",
            hint: open.isEmpty
                ? ""
                : "Name one: \(open.map { self.text($0.id) }.joined(separator: ", ")); mednexus offer list --inft \(text)"
        )
    }

    /// The newest of those on an INFT by which nobody can buy.
    private func closedOffer(on inft: INFTID) async throws(WalletFailure) -> OfferView? {
        var params = parameters(["inft": json(inft)])
        params.append("onlyOpen", false)
        return try await client.items("offer_list", params, limit: 1).first.map { (item) throws(WalletFailure) in
            try decode(item, as: OfferView.self)
        }
    }

    func openOffers(on inft: INFTID) async throws(WalletFailure) -> [OfferRecord] {
        var offers: [OfferRecord] = []
        for item in try await client.items("offer_list", ["inft": json(inft)], limit: 100) {
            offers.append(try decode(item, as: OfferView.self).offer)
        }
        return offers
    }
}

struct OfferCreate: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Offers licenses on an INFT that you own.",
        discussion: example(
            "offer create score --terms clinical-use --price 25.00 --asset EURX --as score",
            "offer create score --terms dach --price 250 --supply 10 --buyer clinic --offer-until 30d"))
    @Argument(help: "The INFT's id or name.") var inft: String
    @OptionGroup(title: "Offer") var sale: SaleOptions
    @OptionGroup(title: "Signing") var globals: Globals

    func validate() throws {
        if sale.terms == nil {
            throw ValidationError("Under which terms? Add --terms; terms presets shows common ones.")
        }
    }

    func perform(_ session: Session) async throws {
        let id: INFTID = try session.id(inft)
        let isSealed = try await session.inft(inft).latest.isSealed
        let made = try await sale.operations(for: .id(id), isSealed: isSealed, session)
        try await session.act(made.operations, notes: made.notes)
    }
}

struct OfferList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Open offers, newest first.",
        discussion: example("offer list", "offer list --inft score", "offer list --seller clara --all"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "On this INFT.") var inft: String?
    @Option(help: "Of this party.") var seller: String?
    @Flag(help: "Closed ones too, of an INFT or a seller.") var all = false
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        guard !all || inft != nil || seller != nil else {
            throw WalletFailure(.usage, "closed offers are listed by INFT or seller", hint: "Add --inft or --seller.")
        }
        try await session.verifyNetwork()
        var params = JSONObject()
        if let inft {
            let id: INFTID = try session.id(inft)
            params.append("inft", session.json(id))
        }
        if let seller { params.append("seller", session.json(try session.party(seller))) }
        if all { params.append("onlyOpen", false) }
        let items = try await session.client.items("offer_list", params, limit: limit)
        let names = try await session.names()
        let titles = try await globals.json ? [:] : self.titles(of: items, session)
        session.list(items, OfferTable.headers, empty: "Nothing is offered.") { item in
            OfferTable.row(item, names, title: titles[item["offer"]?["inft"]?.string ?? ""] ?? "")
        }
    }

    /// What is offered, by its id as the node writes it.
    private func titles(of items: [JSONValue], _ session: Session) async throws(WalletFailure) -> [String: String] {
        var titles: [String: String] = [:]
        for item in items {
            guard let text = item["offer"]?["inft"]?.string, titles[text] == nil else { continue }
            let id: INFTID = try session.id(text)
            titles[text] = try await session.title(of: id).map { SessionNames.clipped($0, 40) } ?? ""
        }
        return titles
    }
}

struct OfferShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An offer and its terms.",
        discussion: example("offer show score"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var offer: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.offer(try session.id(offer))
        let record = view.offer
        let terms: TermsView = try await session.client.read(
            "terms_get", .object(["terms": session.json(record.terms)]))
        let names = try await session.names()
        let disputes = try await globals.json ? nil : self.disputes(record, session)
        session.show(try session.client.encode(view)) {
            let supply = record.supply.map { " of \($0)" } ?? ""
            let closing = record.closing.map { "\($0.reason.name) since \(names.time($0.at))" }
            Console.fields([
                ("Offer", names.identifier(record.id.description)), ("On", names.identifier(record.inft.description)),
                ("Seller", names.party(record.seller)),
                ("Price", record.asset.map { names.amount(record.price, of: $0) } ?? "free"),
                (
                    "State",
                    view.isOpen ? "open" : closing ?? view.obstacle.map { "nobody can buy: \($0.message)" } ?? "closed"
                ),
                ("Sold", "\(record.sold)\(supply)"),
                ("For", record.buyer.map { names.party($0) } ?? "anyone whom the terms admit"),
                ("Until", record.expiresAt.map { names.time($0) } ?? "it is canceled"),
                ("Disputes", disputes),
                ("Terms", names.identifier(record.terms.description)),
                ("They say", terms.terms.sentences(names).joined(separator: "\n")),
            ])
        }
    }
}

extension OfferShow {
    /// Until when bad content can be disputed, and whether anybody could judge it; nil of open content.
    private func disputes(_ offer: OfferRecord, _ session: Session) async throws(WalletFailure) -> String? {
        guard let delivery = offer.delivery else { return nil }
        guard delivery.disputeWindowMilliseconds > 0, offer.price > .zero else {
            return "none: nothing is held after delivery"
        }
        let window = "within \(DurationText.exact(milliseconds: delivery.disputeWindowMilliseconds)) after delivery"
        return try await session.disputeObstacle().map { "\(window), but not as things are: \($0)" } ?? window
    }
}

struct OfferUpdate: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes price, supply or end; what was sold stays as it is.",
        discussion: example("offer update score --price 30.00", "offer update score --unlimited --until 2027-12-31"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var offer: String
    @Option(help: ArgumentHelp("From now on.", valueName: "amount")) var price: String?
    @Option(help: ArgumentHelp("How many in all, those sold included.", valueName: "count")) var supply: UInt64?
    @Flag(help: "Any number of licenses.") var unlimited = false
    @Option(help: ArgumentHelp("2027-01-31, or 30d.", valueName: "time")) var until: String?
    @Flag(help: "Until it is canceled.") var noEnd = false

    func validate() throws {
        if supply != nil, unlimited { throw ValidationError("Either --supply or --unlimited.") }
        if until != nil, noEnd { throw ValidationError("Either --until or --no-end.") }
        if price == nil, supply == nil, !unlimited, until == nil, !noEnd {
            throw ValidationError("Nothing to change: give --price, --supply, --unlimited, --until or --no-end.")
        }
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let record = try await session.offer(try session.id(offer)).offer
        let names = try await session.names()
        var amount = record.price
        var notes: [String] = []
        if let price {
            guard let asset = record.asset else {
                throw WalletFailure(.usage, "the terms of this offer name no asset, so it has no price")
            }
            amount = try session.amount(price, of: try await session.asset(session.text(asset)))
            notes.append("Price: \(names.amount(record.price, of: asset)) becomes \(names.amount(amount, of: asset)).")
        }
        let end = try Codes.time(until, now: now) ?? (noEnd ? nil : record.expiresAt)
        let update = UpdateOffer(
            offer: record.id, price: amount, supply: supply ?? (unlimited ? nil : record.supply), expiresAt: end)
        try await session.act([.licenses(.updateOffer(update))], notes: notes)
    }
}

struct OfferCancel: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends an offer; what was sold stays.",
        discussion: example("offer cancel score"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var offer: String

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.cancelOffer(CancelOffer(offer: try session.id(offer))))])
    }
}
