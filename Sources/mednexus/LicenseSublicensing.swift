import ArgumentParser
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

extension Session {
    /// Nil `price`: the least that can be asked.
    fileprivate func quote(
        sublicenseOf license: LicenseID, price: Amount?
    ) async throws(WalletFailure) -> SublicenseQuote {
        var params = parameters(["license": json(license)])
        if let price { params.append("price", .string("\(price.units)")) }
        return try await client.read("license_quoteSublicense", .object(params))
    }
}

extension SublicenseQuote {
    /// To the unit, to whom.
    fileprivate func lines(_ to: Party, seats: UInt64?, until: Timestamp?, _ names: SessionNames) -> [String] {
        var lines = ["Sublicense of \(names.id(license)), granted by \(names.party(licensee)) to \(names.party(to))"]
        if let asset, price > .zero {
            lines.append("\(names.party(to)) pays \(names.amount(price, of: asset)), of which")
            if margin > .zero {
                lines.append("  \(names.amount(margin, of: asset)) to \(names.party(licensee)), who grants it")
            }
            for royalty in royalties {
                lines.append(
                    "  \(names.amount(royalty.amount, of: asset)) royalty to \(names.id(royalty.ancestor)) of "
                        + names.party(royalty.owner))
            }
            for holder in holders {
                lines.append(
                    "  \(names.amount(holder.amount, of: asset)) to \(names.party(holder.party)) "
                        + "(\(holder.share.percentText) of the rest)")
            }
            if rounding > .zero {
                lines.append("  \(names.amount(rounding, of: asset)) wait in the vault until they make a whole unit")
            }
        } else {
            lines.append("Price: free")
        }
        if let seats {
            lines.append(
                "It has \(DurationText.counted(seats, "seat")) of the license; \(names.party(to)) needs one too.")
        }
        if asset != nil, price == fee {
            lines.append(
                freeSeats == nil
                    ? "That is the least: what the license cost, less its prepaid uses, which stay its own."
                    : "That is the least: the seats of the license are paid for.")
        }
        lines.append((until ?? expiresAt).map { "It ends: \(names.time($0))" } ?? "It does not end by itself.")
        lines.append("If the license above ends, it ends, and nothing is paid back.")
        return lines
    }
}

struct LicenseSublicense: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "sublicense",
        abstract: "Lets another use a part of what a license gives you; who gets it signs and pays.",
        discussion: """
            The price is at least what the license cost less its prepaid uses, which stay yours; the INFT's vault gets that as \
            by a sale. What you ask beyond, less the share of the terms, is yours. Of a license with seats a sublicense has \
            some, which are paid for: it costs nothing unless you ask something.

            \(example(
                "license sublicense score-license --to ben --purpose TREAT --price 300.00 --from clara --co-sign ben",
                "license sublicense ward --to clinic --seats 5 --until 90d --from hospital --co-sign clinic"))
            """)
    @Argument(help: "The license's id or name.") var license: String
    @Option(help: "Who gets it.") var to: String
    @OptionGroup(title: "Use (that of the license if nothing is said)") var use: StatedUseOptions
    @Option(help: ArgumentHelp("How many seats of the license it has.", valueName: "count")) var seats: UInt64?
    @Option(help: ArgumentHelp("Until when: 2027-01-31, or 30d; as long as the license if absent.", valueName: "time"))
    var until: String?
    @Option(help: ArgumentHelp("What they pay in all; the least that can be asked if absent.", valueName: "amount"))
    var price: String?
    @Option(
        help: ArgumentHelp(
            "Of sealed content, if the key of who gets it is in another wallet: what license receive --sublicense wrote.",
            valueName: "path"))
    var request: String?
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let above = try await session.license(license).license
        let to = try session.party(to)
        let (stated, opening) = try use.use()
        let until = try Codes.time(until, now: try await session.ledgerTime())
        var asked: Amount?
        if let price {
            guard let asset = above.asset else {
                throw WalletFailure(.usage, "the license's terms name no asset, so a sublicense has no price")
            }
            asked = try session.amount(price, of: try await session.asset(session.text(asset)))
        }
        let quote = try await session.quote(sublicenseOf: above.id, price: asked)
        let names = try await session.names()
        let notes = quote.lines(to, seats: seats, until: until, names)
        try use.requireKeepable(opening)
        if globals.buildOnly != nil { try use.keep(opening) }
        func keep(_: SignedTransaction) throws(WalletFailure) { try use.keep(opening) }
        func operation(_ delivery: DeliveryRequest?) -> [LedgerOperation] {
            let sublicense = SublicenseLicense(
                license: above.id, to: to, use: stated == StatedUse() ? above.use : stated, seats: seats,
                expiresAt: until, price: quote.price, delivery: delivery)
            return [.licenses(.sublicense(sublicense))]
        }
        guard let held = above.delivery else {
            return try await session.act(operation(nil), notes: notes, before: keep)
        }
        if let request {
            let known = try ReceiverRequest.load(request, session)
            return try await session.act(notes: notes, before: keep) { (place) throws(WalletFailure) in
                try known.require(place, request)
                return operation(known.delivery)
            }
        }
        let (version, content) = try await session.delivered(held)
        _ = try await session.ciphertext(of: content)
        let keyring = try session.keyring()
        try await session.act(notes: notes, before: keep) { (place) throws(WalletFailure) in
            operation(
                try keyring.request(
                    .license, inft: above.inft, version: version, root: content.root, receiver: to, at: place,
                    operation: 0))
        }
    }
}
