import ArgumentParser
import INFTs
import Interface
import Primitives
import Revenue
import Transactions
import WalletKit

struct RevenueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revenue", abstract: "Balances, payments, vaults, royalties, claims, statements.",
        discussion: example(
            "revenue balance clara", "revenue claim score --from clara",
            "revenue statement clara --since 2026-01-01 --csv"),
        subcommands: [
            RevenueBalance.self, RevenueTransferCommand.self, RevenuePayCommand.self, RevenueVault.self,
            RevenueClaimCommand.self, RevenueShare.self, RevenueStatement.self, RevenueEarnings.self,
        ])
}

struct RevenueBalance: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "What a party has.",
        discussion: example("revenue balance", "revenue balance clara"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Whose; who acts if absent.") var party: String?
    @Option(help: "In one asset only.") var asset: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: party)
        var params = parameters(["party": session.json(who)])
        if let asset { params.append("asset", session.json(try await session.asset(asset).id)) }
        let value = try await session.client.read("revenue_balance", .object(params), as: JSONValue.self)
        let names = try await session.names()
        session.show(value) {
            let balances = value["balances"]?.array ?? []
            guard !balances.isEmpty else { return Console.out("\(names.party(who)) has nothing.") }
            Console.table(
                ["ASSET", "BALANCE", "FROZEN"],
                balances.map { balance in
                    [
                        balance["code"]?.string ?? "", names.amount(balance["amount"], of: balance["asset"]),
                        names.time(balance["frozenAt"]).map { "since \($0)" } ?? "no",
                    ]
                })
        }
    }
}

/// `--reference`: a commitment that goes with a payment, never text.
struct ReferenceOption: ParsableArguments {
    @Option(help: ArgumentHelp("A 32-byte commitment to what it is for, such as an invoice's hash.", valueName: "hash"))
    var reference: String?

    @Option(help: ArgumentHelp("The document whose hash is that reference.", valueName: "path"))
    var referenceFile: String?

    func hash() throws(WalletFailure) -> Hash? {
        if let referenceFile { return try ContentFile(path: referenceFile).hash }
        return try reference.map { (text) throws(WalletFailure) in try Codes.hash(text) }
    }
}

enum PayerHelp {
    static let text = ArgumentHelp(
        "Whose money; who acts if absent. Another's with its mandate: mednexus mandate grant.", valueName: "party")
}

struct RevenueTransferCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Pays a party.",
        discussion: example(
            "revenue transfer 25.00 --asset EURX --to ben",
            "revenue transfer 9.99 --to ben --reference-file invoice.pdf"))
    @Argument(help: "How much: 25.00.") var amount: String
    @Option(help: "To whom.") var to: String
    @Option(help: PayerHelp.text) var payer: String?
    @Option(help: "In which asset; the ledger's only one if absent.") var asset: String?
    @OptionGroup var reference: ReferenceOption
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let asset = try await session.assetOrOnly(asset)
        let transfer = RevenueTransfer(
            from: try payer.map { (text) throws(WalletFailure) in try session.party(text) }, to: try session.party(to),
            asset: asset.id, amount: try session.amount(amount, of: asset),
            reference: try reference.hash())
        try await session.act([.revenue(.transfer(transfer))])
    }
}

struct RevenuePayCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "pay", abstract: "Pays into an INFT's vault: royalties and shares follow from it.",
        discussion: example("revenue pay score 25.00 --asset EURX --from clinic"))
    @Argument(help: "The INFT's id or name.") var inft: String
    @Argument(help: "How much: 25.00.") var amount: String
    @Option(help: "In which asset; the ledger's only one if absent.") var asset: String?
    @Option(help: PayerHelp.text) var payer: String?
    @OptionGroup var reference: ReferenceOption
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let asset = try await session.assetOrOnly(asset)
        let pay = RevenuePay(
            from: try payer.map { (text) throws(WalletFailure) in try session.party(text) },
            inft: .id(try session.id(inft)), asset: asset.id, amount: try session.amount(amount, of: asset),
            reference: try reference.hash())
        try await session.act([.revenue(.pay(pay))])
    }
}

struct RevenueVault: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "An INFT's vault: who shares in it, whom it owes, what can be claimed.",
        discussion: example("revenue vault score", "revenue vault score --holder clara"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The INFT's id or name.") var inft: String
    @Option(help: "Also what this party can claim; you, if you hold a share.") var holder: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: INFTID = try session.id(inft)
        let who = try holder.map { try session.party($0) } ?? (try? session.actor())
        var params = parameters(["inft": session.json(id)])
        if let who { params.append("holder", session.json(who)) }
        let value = try await session.client.read("revenue_vault", .object(params), as: JSONValue.self)
        let names = try await session.names()
        session.show(value) { Self.show(value, id, names) }
    }

    private static func show(_ value: JSONValue, _ id: INFTID, _ names: SessionNames) {
        Console.out("Vault of \(names.identifier(id.description))")
        Console.out("Holders:")
        Console.table(
            ["  HOLDER", "SHARE"],
            (value["holders"]?.array ?? []).map { ["  " + names.party($0["party"]), names.share($0["share"])] })
        let royalties = value["royalties"]?.array ?? []
        if !royalties.isEmpty {
            Console.out("Royalties (\(names.share(value["royaltyShare"])) in all):")
            Console.table(
                ["  TO", "SHARE", "CEILING"],
                royalties.map { royalty in
                    let ceiling = royalty["ceiling"]?.string.flatMap { UInt64($0) }
                    return [
                        "  " + names.id(royalty["ancestor"]), names.share(royalty["share"]),
                        ceiling.map { names.ceiling(Amount($0)) } ?? "none",
                    ]
                })
        }
        let accounts = value["accounts"]?.array ?? []
        if accounts.isEmpty { Console.out("Nothing was ever paid in.") }
        if value["isOwedInPart"]?.boolean == true {
            Console.out("There are more descendants than are looked at: what they owe, and is claimable, is at least:")
        }
        for account in accounts {
            func amount(_ key: String) -> String { names.amount(account[key], of: account["asset"]) }
            let holder = account["holder"]
            Console.out("In \(account["code"]?.string ?? ""):")
            Console.fields([
                ("  Paid in", amount("total")), ("  Royalties received", amount("royaltiesReceived")),
                ("  Owed by descendants", amount("royaltiesOwed")),
                ("  Owed to ancestors", "\(amount("royaltiesDue")), taken \(amount("royaltiesTaken"))"),
                ("  Earned by holders", "\(amount("net")), claimed \(amount("claimed"))"),
                ("  In the vault", amount("held")),
                (
                    "  \(names.party(holder?["party"])) can claim",
                    holder.map { holder in
                        let whole = names.amount(holder["claimableWithRoyalties"], of: account["asset"])
                        let own = names.amount(holder["claimable"], of: account["asset"])
                        return whole == own ? whole : "\(whole), of which \(own) without what descendants owe"
                    }
                ),
            ])
        }
    }
}
