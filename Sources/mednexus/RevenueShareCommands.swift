import ArgumentParser
import INFTs
import Interface
import Primitives
import Revenue
import Transactions
import WalletKit

struct RevenueShare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "share", abstract: "Shares in vaults.",
        discussion: example(
            "revenue share list clara", "revenue share transfer score --to ben --share 10 --from clara",
            "revenue share sell score --to ben --share 10 --price 500.00 --from clara --co-sign ben"),
        subcommands: [RevenueShareList.self, RevenueShareTransferCommand.self, RevenueShareSellCommand.self])
}

struct RevenueShareList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The vaults in which a party has a share.",
        discussion: example("revenue share list clara"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Whose; who acts if absent.") var party: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: party)
        let items = try await session.client.items("revenue_holdings", ["party": session.json(who)])
        let names = session.plainNames
        session.list(items, ["INFT", "SHARE"], empty: "\(names.party(who)) has a share in none.") { item in
            [names.id(item["inft"]), names.share(item["share"])]
        }
    }
}

struct RevenueShareTransferCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Gives some of your share of a vault away, for good.",
        discussion: example("revenue share transfer score --to ben --share 10 --from clara"))
    @Argument(help: "The INFT's id or name.") var inft: String
    @Option(help: "To whom.") var to: String
    @Option(help: ArgumentHelp("How much of the whole vault: 10, or 12.5.", valueName: "percent")) var share: String
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let transfer = RevenueTransferShare(
            inft: try session.id(inft), to: try session.party(to), share: try Codes.percent(share))
        try await session.act([.revenue(.transferShare(transfer))])
    }
}

struct RevenueShareSellCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "sell", abstract: "Sells some of your share of a vault: share and money in one step, or neither.",
        discussion: example(
            "revenue share sell score --to ben --share 10 --price 500.00 --from clara --co-sign ben",
            "revenue share sell score --to ben --share 10 --price 500.00 --from clara --build-only sale.tx"))
    @Argument(help: "The INFT's id or name.") var inft: String
    @Option(help: "To whom. The buyer signs, too: --co-sign, or --build-only and tx sign.") var to: String
    @Option(help: ArgumentHelp("How much of the whole vault: 10, or 12.5.", valueName: "percent")) var share: String
    @Option(help: ArgumentHelp("What the buyer pays for it: 500.00.", valueName: "amount")) var price: String
    @Option(help: "In which asset; the ledger's only one if absent.") var asset: String?
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let asset = try await session.assetOrOnly(asset)
        let amount = try session.amount(price, of: asset)
        let transfer = RevenueTransferShare(
            inft: try session.id(inft), to: try session.party(to), share: try Codes.percent(share),
            price: SharePrice(asset: asset.id, amount: amount))
        try await session.act([.revenue(.transferShare(transfer))])
    }
}
