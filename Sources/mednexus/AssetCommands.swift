import ArgumentParser
import Interface
import Primitives
import Revenue
import Transactions
import WalletKit

struct AssetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "asset", abstract: "Settlement assets and their issuers.",
        discussion: example("asset list", "asset issue EURX 100.00 --to clinic --from issuer"),
        subcommands: [
            AssetCreateCommand.self, AssetIssueCommand.self, AssetRedeemCommand.self, AssetFreezeCommand.self,
            AssetShow.self, AssetList.self,
        ])
}

struct AssetCreateCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes an asset that you issue and redeem.",
        discussion: example(
            "asset create USDX --title \"Example dollar\" --scale 2 --freeze-policy balances --terms-file terms.pdf"))
    @Argument(help: "3 to 12 capital letters or digits.") var code: String
    @Option(help: "What it is called.") var title: String
    @Option(help: ArgumentHelp("How many decimals it has, at most 8.", valueName: "count")) var scale: UInt8 = 2
    @Option(
        help: ArgumentHelp("What you may freeze: \(FreezePolicy.names.joined(separator: ", ")).", valueName: "policy"))
    var freezePolicy = FreezePolicy.never.name
    @Option(help: ArgumentHelp("The terms of redemption: their hash goes on the ledger.", valueName: "path"))
    var termsFile: String?
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let create = AssetCreate(
            code: code, title: title, scale: scale,
            freezePolicy: try Codes.one(freezePolicy, FreezePolicy.self, "freeze policy"),
            terms: try termsFile.map { (path) throws(WalletFailure) in try ContentFile(path: path).hash })
        try await session.act([.revenue(.createAsset(create))])
    }
}

struct AssetIssueCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Makes new units of your asset.",
        discussion: example("asset issue EURX 100.00 --to clinic --from issuer"))
    @Argument(help: "The asset's code, id or name.") var asset: String
    @Argument(help: "How much: 100.00.") var amount: String
    @Option(help: "Who gets them.") var to: String
    @OptionGroup var reference: ReferenceOption
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let record = try await session.asset(asset)
        let issue = AssetIssue(
            asset: record.id, to: try session.party(to), amount: try session.amount(amount, of: record),
            reference: try reference.hash())
        try await session.act([.revenue(.issue(issue))])
    }
}

struct AssetRedeemCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "redeem", abstract: "Takes units of your asset back; the holder signs too.",
        discussion: example("asset redeem EURX 40.00 --holder clinic --from issuer --co-sign clinic"))
    @Argument(help: "The asset's code, id or name.") var asset: String
    @Argument(help: "How much: 40.00.") var amount: String
    @Option(help: "Whose units; the issuer's own if absent.") var holder: String?
    @OptionGroup var reference: ReferenceOption
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let record = try await session.asset(asset)
        let redeem = AssetRedeem(
            asset: record.id, holder: try holder.map { (text) throws(WalletFailure) in try session.party(text) },
            amount: try session.amount(amount, of: record), reference: try reference.hash())
        try await session.act([.revenue(.redeem(redeem))])
    }
}

struct AssetFreezeCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze", abstract: "Freezes a balance or the asset, as its policy allows; --undo thaws it.",
        discussion: example("asset freeze USDX --party clinic", "asset freeze USDX --party clinic --undo"))
    @OptionGroup var globals: Globals
    @Argument(help: "The asset's code, id or name.") var asset: String
    @Option(help: "Whose balance; the whole asset if absent.") var party: String?
    @Flag(help: "Thaw it.") var undo = false

    func perform(_ session: Session) async throws {
        let freeze = AssetFreeze(
            asset: try await session.asset(asset).id,
            party: try party.map { (text) throws(WalletFailure) in try session.party(text) }, isFrozen: !undo)
        try await session.act([.revenue(.freeze(freeze))])
    }
}

struct AssetShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An asset, and where its units are.", discussion: example("asset show EURX"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its code, id or name.") var asset: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let record = try await session.asset(asset)
        let value = try await session.client.read(
            "asset_get", .object(["asset": session.json(record.id)]), as: JSONValue.self)
        let names = try await session.names()
        session.show(value) {
            func total(_ key: String) -> String { names.amount(value["totals"]?[key], of: value["asset"]?["id"]) }
            Console.fields([
                ("Asset", "\(record.code), \(record.name)"), ("Id", session.text(record.id)),
                ("Issuer", names.party(record.issuer)), ("Decimals", "\(record.scale)"),
                ("Can be frozen", record.freezePolicy.name),
                ("Frozen", record.frozenAt.map { "since \(names.time($0))" }),
                ("Terms", record.terms.map { "SHA-256 \($0)" }), ("Since", names.time(record.createdAt)),
                ("Issued", total("issued")), ("In balances", total("balances")), ("In vaults", total("vaults")),
                ("In escrow", total("escrows")), ("Held", total("held")), ("In bonds", total("bonds")),
                ("Prepaid", total("prepaid")),
            ])
        }
    }
}

struct AssetList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All settlement assets.", discussion: example("asset list"))
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.items("asset_list")
        let names = try await session.names()
        session.list(items, ["CODE", "NAME", "ISSUED", "ISSUER", "ASSET"], empty: "There is none.") { item in
            let asset = item["asset"]
            return [
                asset?["code"]?.string ?? "", asset?["name"]?.string ?? "",
                names.amount(item["totals"]?["issued"], of: asset?["id"]), names.party(asset?["issuer"]),
                names.id(asset?["id"]),
            ]
        }
    }
}
