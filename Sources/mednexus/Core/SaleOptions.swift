import ArgumentParser
import INFTs
import Interface
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

/// Under which terms, for how much, to whom and how long.
struct SaleOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A preset (terms presets), or the id or name of registered terms.", valueName: "terms"))
    var terms: String?

    @Option(help: ArgumentHelp("What a license costs: 25.00. The fee of the terms if absent.", valueName: "amount"))
    var price: String?

    @Option(help: ArgumentHelp("In which asset; the ledger's only one if absent.", valueName: "asset"))
    var asset: String?

    @Option(
        help: ArgumentHelp(
            "With a preset: the least that terms let an offer ask; the price if absent.", valueName: "amount"))
    var fee: String?

    @Option(help: ArgumentHelp("How many licenses; any number if absent.", valueName: "count"))
    var supply: UInt64?

    @Option(help: ArgumentHelp("The only party that may buy.", valueName: "party"))
    var buyer: String?

    @Option(help: ArgumentHelp("When the offer ends: 2027-01-31, or 30d.", valueName: "time"))
    var offerUntil: String?

    @Option(
        help: ArgumentHelp(
            "Of sealed content: how long you take at most to begin a delivery; 3d if absent.", valueName: "duration"))
    var deliverWithin: String?

    @Option(
        help: ArgumentHelp(
            "Of sealed content: how long a payment is held for a dispute after delivery; 3d if absent, 0m: not at all.",
            valueName: "duration"))
    var disputeWindow: String?

    /// Nil of open content.
    private func delivery(isSealed: Bool) throws(WalletFailure) -> OfferDelivery? {
        guard isSealed else {
            guard deliverWithin == nil, disputeWindow == nil else {
                throw WalletFailure(
                    .usage, "open content is not delivered", hint: "Leave --deliver-within and --dispute-window out.")
            }
            return nil
        }
        func milliseconds(_ text: String?, _ usual: UInt64) throws(WalletFailure) -> UInt64 {
            guard let text else { return usual }
            guard let found = Inputs.duration(text) else {
                throw WalletFailure(.usage, "\(text) is no duration", hint: "Write 12h or 3d.")
            }
            return found
        }
        return OfferDelivery(
            beginWithinMilliseconds: try milliseconds(deliverWithin, OfferDelivery.usual.beginWithinMilliseconds),
            disputeWindowMilliseconds: try milliseconds(disputeWindow, OfferDelivery.usual.disputeWindowMilliseconds))
    }

    /// The operations that offer `inft`, which may register the terms first.
    func operations(
        for inft: Reference<INFTKind>, isSealed: Bool, _ session: Session
    ) async throws(WalletFailure) -> (operations: [LedgerOperation], notes: [String]) {
        guard let terms else {
            guard price == nil, asset == nil, fee == nil, supply == nil, buyer == nil, offerUntil == nil else {
                throw WalletFailure(
                    .usage, "an offer needs terms", hint: "Add --terms; mednexus terms presets shows the common ones.")
            }
            return ([], [])
        }
        let sale = try await resolve(terms, session)
        if let contradiction = sale.terms.inconsistency { throw .refused(contradiction) }
        if let asset = sale.terms.payment.asset, let price = sale.price, price < sale.terms.payment.fee {
            let names = try await session.names()
            throw WalletFailure(
                .usage,
                "\(names.amount(price, of: asset)) is below the fee of the terms, "
                    + names.amount(sale.terms.payment.fee, of: asset),
                hint: "Ask at least that, or offer under other terms.")
        }
        let buyer = try buyer.map { (text) throws(WalletFailure) in try session.party(text) }
        let until = try Codes.time(offerUntil, now: try await session.ledgerTime())
        var operations: [LedgerOperation] = []
        if !sale.isRegistered { operations.append(.licenses(.registerTerms(RegisterTerms(terms: sale.terms)))) }
        operations.append(
            .licenses(
                .createOffer(
                    CreateOffer(
                        inft: inft, terms: sale.terms.id, price: sale.price, supply: supply, buyer: buyer,
                        expiresAt: until, delivery: try delivery(isSealed: isSealed)))))
        let names = try await session.names()
        let cost = sale.price ?? sale.terms.payment.fee
        var notes = [
            sale.terms.payment.asset.map { "A license costs \(names.amount(cost, of: $0))." }
                ?? "A license costs nothing."
        ]
        if let times = try delivery(isSealed: isSealed), times.disputeWindowMilliseconds > 0, cost > .zero,
            let obstacle = try await session.disputeObstacle()
        {
            notes.append(
                "Payments are held \(DurationText.exact(milliseconds: times.disputeWindowMilliseconds)) for disputes, which "
                    + "nobody can raise as things are: \(obstacle).")
        }
        // Terms that are registered here speak for themselves.
        guard sale.isRegistered else { return (operations, notes) }
        return (operations, notes + ["Its terms:"] + sale.terms.sentences(names).map { "  " + $0 })
    }

    private struct Sale {
        let terms: Terms
        let isRegistered: Bool
        let price: Amount?
    }

    private func resolve(_ text: String, _ session: Session) async throws(WalletFailure) -> Sale {
        if let preset = TermsPreset.named(text) { return try await priced(preset, session) }
        let id: TermsID
        do throws(WalletFailure) {
            id = try session.id(text)
        } catch {
            throw WalletFailure(
                .usage, "\(text) is no preset of terms, no id of terms, and no name of any",
                hint: "Presets: \(TermsPreset.all.map(\.name).joined(separator: ", ")). "
                    + "Names: \(session.things.names(kind: TermsKind.name, on: session.network.genesis).joined(separator: ", "))."
            )
        }
        guard fee == nil else {
            throw WalletFailure(.usage, "registered terms have a fee already", hint: "Leave --fee out.")
        }
        let view: TermsView = try await session.client.read("terms_get", .object(["terms": session.json(id)]))
        guard view.terms.id == id else {
            throw WalletFailure(.proofInvalid, "the node's terms do not have the id \(session.text(id))")
        }
        guard let assetID = view.terms.payment.asset else {
            guard price == nil, asset == nil else {
                throw WalletFailure(
                    .usage, "the terms \(text) name no asset, so licenses cost nothing",
                    hint: "Leave --price and --asset out, or make terms with an asset: mednexus terms new.")
            }
            return Sale(terms: view.terms, isRegistered: true, price: nil)
        }
        let record = try await session.asset(session.text(assetID))
        if let asset, try await session.asset(asset).id != assetID {
            throw WalletFailure(.usage, "the terms \(text) are in \(record.code), not in \(asset)")
        }
        let amount = try price.map { (text) throws(WalletFailure) in try session.amount(text, of: record) }
        return Sale(terms: view.terms, isRegistered: true, price: amount)
    }

    private func priced(_ preset: TermsPreset, _ session: Session) async throws(WalletFailure) -> Sale {
        guard price != nil || fee != nil else {
            guard asset == nil else {
                throw WalletFailure(.usage, "an asset, but no price", hint: "Add --price, such as --price 25.00.")
            }
            return try await known(preset.terms, price: nil, session)
        }
        let record = try await session.assetOrOnly(asset)
        let amount = try price.map { (text) throws(WalletFailure) in try session.amount(text, of: record) }
        let least = try fee.map { (text) throws(WalletFailure) in try session.amount(text, of: record) }
        let terms = preset.terms(asset: record.id, fee: least ?? amount ?? .zero)
        return try await known(terms, price: amount, session)
    }

    private func known(_ terms: Terms, price: Amount?, _ session: Session) async throws(WalletFailure) -> Sale {
        Sale(terms: terms, isRegistered: try await session.isRegistered(terms.id), price: price)
    }
}

extension Session {
    func isRegistered(_ terms: TermsID) async throws(WalletFailure) -> Bool {
        do throws(WalletFailure) {
            _ = try await client.read("terms_get", .object(["terms": json(terms)]), as: JSONValue.self)
            return true
        } catch {
            guard error.answer?.code == LicenseRejection.unknownTerms.rawValue else { throw error }
            return false
        }
    }
}
