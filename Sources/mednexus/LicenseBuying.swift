import ArgumentParser
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

extension Session {
    func quote(
        _ offer: OfferID, buyer: Party?, _ use: StatedUse
    ) async throws(WalletFailure) -> (quote: LicenseQuote, json: JSONValue) {
        var params = parameters(["offer": json(offer), "use": try client.encode(use)])
        if let buyer { params.append("buyer", json(buyer)) }
        let value = try await client.read("license_quote", .object(params), as: JSONValue.self)
        let quote = try decode(value, as: LicenseQuote.self)
        guard quote.terms.id == quote.termsID else {
            throw WalletFailure(.proofInvalid, "the node's terms are not those of the offer")
        }
        return (quote, value)
    }
}

extension QuotedSplit {
    /// Whom it reaches, to the unit.
    func lines(_ asset: AssetID, _ names: SessionNames) -> [String] {
        var lines: [String] = []
        for royalty in royalties {
            let diluted = royalty.isDiluted ? ", diluted from \(royalty.agreed.percentText)" : ""
            let ceiling = royalty.ceiling.map { ", at most \(names.amount($0, of: asset)) ever" } ?? ""
            lines.append(
                "  \(names.amount(royalty.amount, of: asset)) royalty (\(royalty.share.percentText)\(diluted)\(ceiling)) "
                    + "to \(names.id(royalty.ancestor)) of \(names.party(royalty.owner))")
        }
        for holder in holders {
            lines.append(
                "  \(names.amount(holder.amount, of: asset)) to \(names.party(holder.party)) "
                    + "(\(holder.share.percentText)\(royalties.isEmpty ? "" : " of the rest"))")
        }
        if rounding > .zero {
            lines.append("  \(names.amount(rounding, of: asset)) wait in the vault until they make a whole unit")
        }
        return lines
    }
}

extension LicenseQuote {
    /// What is paid, to the unit, to whom, under which terms.
    func lines(_ use: StatedUse, _ names: SessionNames, title: String?) -> [String] {
        var lines = ["License on \(title.map { "\($0), " } ?? "")\(names.id(inft)), sold by \(names.party(seller))"]
        if let asset, price > .zero {
            lines.append("Price: \(names.amount(price, of: asset)), of which")
            lines += QuotedSplit(amount: sale, royalties: royalties, holders: holders, rounding: rounding)
                .lines(asset, names)
            if let uses, uses.prepaid > 0 {
                lines.append(
                    "  \(names.amount(uses.prepaidAmount, of: asset)) are set aside for \(uses.prepaid) uses; what is not "
                        + "used comes back")
            }
        } else {
            lines.append("Price: free")
        }
        if let asset, let uses {
            lines.append("Each use: \(names.amount(uses.perUse.amount, of: asset)), of which")
            lines += uses.perUse.lines(asset, names)
        }
        if let asset, let outcome {
            lines.append(
                "Set aside for outcomes: \(names.amount(outcome.price.amount, of: asset)), which comes back or is paid after "
                    + "\(DurationText.exact(milliseconds: outcome.price.withinMilliseconds)):")
            lines += outcome.split.lines(asset, names)
            lines.append("In all you need \(names.amount(total, of: asset)).")
        }
        if !derivativeRoyalties.isEmpty {
            lines.append("A derivative made of it would owe of its revenue")
            for entry in derivativeRoyalties {
                let diluted = entry.isDiluted ? " (diluted from \(entry.agreed.percentText))" : ""
                let ceiling = entry.ceiling.map { ", at most \(names.ceiling($0, in: asset)) ever" } ?? ""
                lines.append("  \(entry.share.percentText)\(diluted) to \(names.id(entry.ancestor))\(ceiling)")
            }
        }
        if revenueShare > .zero, terms.grant.isSublicensable {
            lines.append("Of what you earn by sublicenses \(revenueShare.percentText) are shared.")
        }
        if terms.derivatives.isAllowed, terms.commercial.isAllowed, !use.isCommercial {
            lines.append(
                "You state no commercial use: a derivative of this license can't be sold. Add --commercial if it will be."
            )
        }
        lines.append(expiresAt.map { "It would end: \(names.time($0))" } ?? "It would not end.")
        if let renewalObstacle {
            lines.append(
                "It can't be renewed, although its terms allow it: \(renewalObstacle.words). Who needs it longer buys another "
                    + "before it ends.")
        }
        if let trialMilliseconds {
            lines.append(
                "It can be given back within \(DurationText.exact(milliseconds: trialMilliseconds)) for "
                    + (uses?.prepaid ?? 0 > 0
                        ? "the price less what was paid for uses until then" : "the whole price")
                    + ", which is held until then: license surrender.")
        } else if terms.grant.trialMilliseconds != nil {
            lines.append("No trial: the buyer had one of this work before.")
        }
        lines += deliveryLines
        lines.append("Terms:")
        return lines + terms.sentences(names).map { "  " + $0 }
    }

    /// How sealed content is delivered, and what becomes of the price then; empty of open content.
    private var deliveryLines: [String] {
        guard let delivery else { return [] }
        let within = DurationText.exact(milliseconds: delivery.beginWithinMilliseconds)
        let held: String
        if delivery.heldMilliseconds > 0 {
            held =
                "After delivery the price is held for \(DurationText.exact(milliseconds: delivery.heldMilliseconds))"
                + Self.disputes(delivery)
        } else {
            held =
                isDisputable
                ? "After delivery the price is paid out at once."
                : "Not disputable: consent does not let arbiters see it, so the price is paid out at delivery."
        }
        return [
            "Sealed content, version \(delivery.version), \(delivery.size) bytes: its key must begin to be delivered within "
                + "\(within), else the price comes back.", held,
        ]
    }

    private static func disputes(_ delivery: QuotedDelivery) -> String {
        guard delivery.disputableMilliseconds > 0 else { return "." }
        guard let obstacle = DisputeWords.obstacle(arbiters: delivery.arbiters) else {
            return ", in which you can dispute bad content."
        }
        return ". Bad content can be disputed in that time, but not as things are: \(obstacle)."
    }

    /// The node's answer to whether the purchase would pass, as the ledger's refusal: `reason (code) at field: message`.
    var refusal: WalletFailure? {
        guard let obstacle else { return nil }
        guard let open = obstacle.firstIndex(of: "("), let close = obstacle[open...].firstIndex(of: ")"),
            let code = Int(obstacle[obstacle.index(after: open)..<close]),
            let colon = obstacle[close...].firstIndex(of: ":")
        else { return WalletFailure(.refused, obstacle) }
        let reason = obstacle[..<open].filter { $0 != " " }
        var field = ""
        let place = obstacle[close..<colon]
        if place.hasPrefix(") at ") { field = String(place.dropFirst(5)) }
        // The hint follows the message without a mark; only hints begin with a capital word.
        let words = obstacle[obstacle.index(after: colon)...].split(separator: " ")
        let hintStart = words.firstIndex { word in
            word.first?.isUppercase == true && word.dropFirst().first?.isLowercase == true
        }
        let message = words[..<(hintStart ?? words.endIndex)].joined(separator: " ")
        let hint = words[(hintStart ?? words.endIndex)...].joined(separator: " ")
        return WalletFailure(
            .refused, message, hint: hint,
            answer: WalletFailure.Answer(
                code: code, reason: reason, domain: "", operation: nil, field: field, message: message, hint: hint,
                retryable: false))
    }
}

struct LicenseQuoteCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "quote",
        abstract: "What a license costs, and whom the money reaches. Exit code 1: the ledger would refuse to sell it.",
        discussion: example("license quote score", "license quote score --purpose TREAT --territory DE --from clinic"))
    @Argument(help: "An offer, or an INFT with one open offer: id or name.") var offer: String
    @OptionGroup(title: "Use") var use: StatedUseOptions
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        // A price may be asked for without having an account.
        let buyer = try? session.actor()
        let id = try await session.offer(offer, buyer: buyer)
        let stated = try use.use().use
        let (quote, json) = try await session.quote(id, buyer: buyer, stated)
        let names = try await session.names()
        let title = try await session.title(of: quote.inft)
        session.show(json) {
            for line in quote.lines(stated, names, title: title) { Console.out(line) }
        }
        if let refusal = quote.refusal { throw refusal }
    }
}

struct LicenseBuy: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "buy", abstract: "Buys a license: shows where the money goes, then signs.",
        discussion: example(
            "license buy score --purpose TREAT --territory DE --from clinic --as score-license",
            "license buy score --max-price 25.00 --max-share 10 --commercial --yes",
            "license buy cohort --purpose HRESCH --research-aim disease --disease mondo:0005148 --from developer",
            "license buy case --purpose HRESCH --research-aim disease --disease mondo:0005148 --opening disease.json --from developer"
        ))
    @Argument(help: "An offer, or an INFT with one open offer: id or name.") var offer: String
    @OptionGroup(title: "Use") var use: StatedUseOptions
    @Option(help: ArgumentHelp("The most you pay; the price shown if absent.", valueName: "amount"))
    var maxPrice: String?
    @Option(
        help: ArgumentHelp(
            "The most a derivative may have to share; what the terms ask if absent.", valueName: "percent"))
    var maxShare: String?
    @Option(
        help: ArgumentHelp(
            "Who buys and pays, if not who acts: with its mandate for license.purchase.", valueName: "party"))
    var payer: String?
    /// The older name.
    @Option(help: .hidden) var buyer: String?
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let (use, opening) = try use.use()
        guard payer == nil || self.buyer == nil else { throw WalletFailure(.usage, "name the payer once") }
        let named = payer ?? self.buyer
        let buyer = try session.party(orActor: named)
        let other = named == nil ? nil : buyer
        let id = try await session.offer(offer, buyer: buyer)
        let (quote, _) = try await session.quote(id, buyer: buyer, use)
        let names = try await session.names()
        let price = try await LicensePrice(quote.total, quote.asset, maximum: maxPrice, session)
        let share = try maxShare.map { (text) throws(WalletFailure) in try Codes.percent(text) } ?? quote.revenueShare
        guard quote.revenueShare <= share else {
            throw WalletFailure.foreseen(
                LicenseRejection.shareAboveMaximum.at(
                    "maximumRevenueShare",
                    "the terms ask \(quote.revenueShare.percentText) of a derivative's revenue, your maximum is "
                        + share.percentText, hint: "Nothing was signed."))
        }
        if let refusal = quote.refusal { throw refusal }
        func purchase(_ delivery: DeliveryRequest?) -> [LedgerOperation] {
            let purchase = PurchaseLicense(
                offer: .id(id), maximumPrice: price.maximum, maximumRevenueShare: share, use: use,
                delivery: delivery, buyer: other)
            return [.licenses(.purchase(purchase))]
        }
        try self.use.requireKeepable(opening)
        // Others are to sign what a file holds, so nobody is asked here.
        if globals.buildOnly != nil { try self.use.keep(opening) }
        func keep(_: SignedTransaction) throws(WalletFailure) { try self.use.keep(opening) }
        let notes = quote.lines(use, names, title: try await session.title(of: quote.inft))
        guard let delivery = quote.delivery else {
            return try await session.act(purchase(nil), notes: notes, before: keep)
        }
        // What one pays for is on this machine, whole and proven, before one pays.
        let (content, _) = try await session.sealedVersion(delivery.version, of: quote.inft)
        guard content.root == delivery.root else {
            throw WalletFailure(.proofInvalid, "the node's quote names another content than the INFT's version")
        }
        _ = try await session.ciphertext(of: content)
        let keyring = try session.keyring()
        try await session.act(notes: notes, before: keep) { (place) throws(WalletFailure) in
            let request = try keyring.request(
                .license, inft: quote.inft, version: delivery.version, root: content.root, receiver: buyer,
                at: place, operation: 0)
            return purchase(request)
        }
    }
}

/// The price of now against the buyer's maximum.
struct LicensePrice {
    let maximum: Amount

    init(_ price: Amount, _ asset: AssetID?, maximum text: String?, _ session: Session) async throws(WalletFailure) {
        guard let text else {
            maximum = price
            return
        }
        guard let asset else {
            maximum = .zero
            return
        }
        let record = try await session.asset(session.text(asset))
        maximum = try session.amount(text, of: record)
        guard price <= maximum else {
            throw WalletFailure.foreseen(
                LicenseRejection.priceAboveMaximum.at(
                    "maximumPrice",
                    "the price is \(record.style.text(price)), your maximum \(record.style.text(maximum))",
                    hint: "Nothing was signed. mednexus license quote shows where the price goes."))
        }
    }
}

struct LicenseRenewCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Prolongs a license by the duration of its terms, at the price of an open offer.",
        discussion: example("license renew score-license", "license renew score-license --max-price 25.00"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String
    @Option(help: "The offer; the only open one on the same INFT and terms if absent.") var offer: String?
    @Option(help: ArgumentHelp("The most you pay; the price shown if absent.", valueName: "amount"))
    var maxPrice: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        if let obstacle = view.renewalObstacle {
            throw WalletFailure(
                .refused, "the license can't be renewed: \(obstacle.words)",
                hint: "Buy another one, if it is offered: mednexus license quote "
                    + "\(session.plainNames.short(view.license.inft.description)).")
        }
        let record = try await found(view, session)
        let price = try await LicensePrice(record.price, record.asset, maximum: maxPrice, session)
        let names = try await session.names()
        let amount = record.asset.map { names.amount(record.price, of: $0) } ?? "nothing"
        let end = view.license.expiresAt.map { " beyond \(names.time($0))" } ?? ""
        let renew = RenewLicense(license: view.license.id, offer: record.id, maximumPrice: price.maximum)
        try await session.act(
            [.licenses(.renew(renew))], notes: ["Price: \(amount), for the duration of the terms\(end)."])
    }

    private func found(_ view: LicenseView, _ session: Session) async throws(WalletFailure) -> OfferRecord {
        if let offer { return try await session.offer(try session.id(offer)).offer }
        let offers = try await session.openOffers(on: view.license.inft).filter { offer in
            offer.terms == view.license.terms && (offer.buyer.map { $0 == view.licensee } ?? true)
        }
        if offers.count == 1 { return offers[0] }
        throw WalletFailure(
            .usage,
            offers.isEmpty ? "no open offer has the terms of this license" : "there are \(offers.count) such offers",
            hint: offers.isEmpty
                ? "Ask the licensor to offer them."
                : "Name one: \(offers.map { session.text($0.id) }.joined(separator: ", ")).")
    }
}
