import ArgumentParser
import Identities
import Interface
import Primitives
import Revenue
import Transactions
import WalletKit

struct MandateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mandate", abstract: "Lets an account act for you: certain acts, so many times, until then.",
        discussion: example(
            "mandate grant custodian --operation license.begin --until 90d --from owner", "mandate list --from owner")
            + "\n\nThe right to issue credentials is handed on by: mednexus delegation grant",
        subcommands: [MandateGrantCommand.self, MandateRevoke.self, MandateList.self], aliases: ["delegate"])
}

struct MandateGrantCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Lets an account do certain acts in your place, by its signature alone.",
        discussion: example(
            "mandate grant custodian --operation license.begin --until 90d --uses 100 --from owner --as custody",
            "mandate grant custodian --operation license.begin,inft.erase --until 1y --from anna --acting-for clinic",
            "mandate grant buyer --operation revenue.transfer,revenue.pay --limit 500.00 --asset EURX --until 30d --from owner"
        ))
    @OptionGroup var globals: Globals
    @Argument(help: "The account that may act.") var delegate: String
    @Option(
        help: ArgumentHelp(
            "What it may do (repeatable): \(MandatedAct.names.joined(separator: ", ")).", valueName: "operation"))
    var operation: [String]
    @Option(help: ArgumentHelp("How many times; any number if absent.", valueName: "number")) var uses: UInt64?
    @Option(
        help: ArgumentHelp("For operations that move money: how much it can spend in all: 500.00.", valueName: "amount")
    )
    var limit: String?
    @Option(help: "In which asset; the ledger's only one if absent.") var asset: String?
    @Option(
        name: [.customLong("until"), .customLong("valid-until")],
        help: ArgumentHelp("Until when, at most two years from now.", valueName: "time"))
    var until: String

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        if let offer = operation.first(where: { $0.contains("offer.") }) {
            throw WalletFailure(
                .usage, "No mandate is for \(offer): none of its limits bounds what an offer gives away",
                hint: "Sign the offers that others prepare (tx sign), or let an organization own the INFT.")
        }
        let operations = try Codes.many(operation, MandatedAct.self, "operation that a mandate can be for")
        var money: MandateLimit?
        if let limit {
            let asset = try await session.assetOrOnly(asset)
            money = MandateLimit(asset: asset.id, amount: try session.amount(limit, of: asset))
        } else if let one = operations.first(where: \.movesMoney) {
            throw WalletFailure(
                .usage, "\(one.name) moves money, so say how much at most",
                hint: "Add --limit 500.00, and --asset where the ledger has several.")
        }
        let grant = MandateGrant(
            delegate: try session.address(delegate), operations: operations, uses: uses,
            validUntil: try Codes.requiredTime(until, now: now), limit: money)
        try await session.act([.identities(.grantMandate(GrantMandate(grant: grant)))])
    }
}

struct MandateRevoke: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a mandate at once; the delegate gives it up so, too.",
        discussion: example("mandate revoke custody --from owner"))
    @OptionGroup var globals: Globals
    @Argument(help: "The mandate.") var mandate: String

    func perform(_ session: Session) async throws {
        try await session.act([.identities(.revokeMandate(RevokeMandate(mandate: try session.id(mandate))))])
    }
}

struct MandateList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Mandates of who acts, granted and held; or of another party.",
        discussion: example("mandate list", "mandate list --grantor clinic", "mandate list --delegate custodian"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: ArgumentHelp("Only what this party granted.", valueName: "party")) var grantor: String?
    @Option(help: ArgumentHelp("Only what this account holds.", valueName: "account")) var delegate: String?

    func validate() throws {
        if grantor != nil, delegate != nil { throw ValidationError("Either --grantor or --delegate.") }
    }

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var items: [JSONValue] = []
        if let delegate {
            items = try await held(by: try session.address(delegate), session)
        } else {
            let party = try session.party(orActor: grantor)
            items = try await session.client.items(
                "identity_mandates", parameters(["grantor": try session.client.encode(party)]))
            if grantor == nil, case .account(let address) = party {
                items += try await held(by: address, session)
            }
        }
        let names = try await session.names()
        session.list(
            items, ["MANDATE", "GRANTOR", "DELEGATE", "OPERATIONS", "USES LEFT", "MONEY LEFT", "UNTIL", "STATUS"],
            empty: "None."
        ) {
            item in
            let record = item["mandate"]
            let grant = record?["grant"]
            return [
                names.id(record?["id"]), names.party(record?["grantor"]), names.party(grant?["delegate"]),
                (grant?["operations"]?.array ?? []).compactMap(\.string).joined(separator: ", "),
                item["usesLeft"]?.unsigned.map { "\($0)" } ?? "any",
                item["limitLeft"].map { names.amount($0["amount"], of: $0["asset"]) } ?? "none",
                names.time(grant?["validUntil"]) ?? "",
                item["status"]?.string ?? "",
            ]
        }
    }

    private func held(by account: Address, _ session: Session) async throws -> [JSONValue] {
        try await session.client.items(
            "identity_mandates", parameters(["delegate": try session.client.encode(account)]))
    }
}
