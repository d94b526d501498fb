import ArgumentParser
import Consents
import Interface
import Primitives
import Transactions
import WalletKit

struct ConsentSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Consent sets: what INFTs about people cite.",
        discussion: example("consent set show cohort"),
        subcommands: [
            ConsentSetCreateCommand.self, ConsentSetAddCommand.self, ConsentSetShow.self, ConsentSetList.self,
        ])
}

struct ConsentSetCreateCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a set of consents that the custodian keeps.",
        discussion: example("consent set create my-consent --from registrar --acting-for stmary --as cohort"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its first members.") var consents: [String] = []
    @Option(help: "Who keeps them; who acts if absent.") var custodian: String?
    @Option(help: ArgumentHelp("The set that it takes the place of.", valueName: "set")) var succeeds: String?

    func perform(_ session: Session) async throws {
        let operation = ConsentSetCreate(
            custodian: try session.party(orActor: custodian),
            members: try consents.map { (text) throws(WalletFailure) in .id(try session.id(text)) },
            succeeds: try succeeds.map { (text) throws(WalletFailure) in try session.id(text) })
        try await session.act([.consents(.createSet(operation))])
    }
}

struct ConsentSetAddCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Adds consents to a set.",
        discussion: example("consent set add cohort other-consent --from registrar --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "The set.") var set: String
    @Argument(help: "The consents.") var consents: [String]

    func perform(_ session: Session) async throws {
        let operation = ConsentSetAdd(
            set: .id(try session.id(set)),
            members: try consents.map { (text) throws(WalletFailure) in .id(try session.id(text)) })
        try await session.act([.consents(.addToSet(operation))])
    }
}

struct ConsentSetShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A set and its members.", discussion: example("consent set show cohort"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The set.") var set: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: ConsentSetID = try session.id(set)
        let params = parameters(["set": try session.client.encode(id)])
        let value = try await session.client.read("consent_set", .object(params), as: JSONValue.self)
        let members = try await session.client.items("consent_members", params, limit: 1000)
        var both = JSONObject()
        both.append("set", value)
        both.append("members", .array(members))
        let names = session.plainNames
        session.show(.object(both)) {
            let record = value["set"]
            Console.fields([
                ("Set", names.identifier(session.text(id))), ("Custodian", names.party(record?["custodian"])),
                ("Members", record?["memberCount"]?.unsigned.map { "\($0)" }),
                ("Made", names.time(record?["createdAt"])),
                ("Expires", names.time(record?["earliestExpiry"])),
                (
                    "Stale",
                    value["isStale"]?.boolean == true
                        ? "yes, since \(names.time(record?["stale"]?["since"]) ?? "?")" : "no"
                ),
                ("Succeeded by", record?["successor"].flatMap { $0.isNull ? nil : names.id($0) }),
            ])
            guard !members.isEmpty else { return }
            Console.table(
                ["CONSENT", "SUBJECT", "STATUS"],
                members.map {
                    let consent = $0["consent"]
                    return [names.id(consent?["id"]), names.party(consent?["subject"]), $0["status"]?.string ?? ""]
                })
        }
    }
}

struct ConsentSetList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The sets of a custodian.",
        discussion: example("consent set list --custodian stmary"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Whose; who acts if absent.") var custodian: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: custodian)
        let items = try await session.client.items(
            "consent_sets", parameters(["custodian": try session.client.encode(who)]))
        let names = session.plainNames
        session.list(items, ["SET", "MEMBERS", "STALE", "MADE"], empty: "None.") { item in
            let record = item["set"]
            return [
                names.id(record?["id"]), "\(record?["memberCount"]?.unsigned ?? 0)",
                item["isStale"]?.boolean == true ? "yes" : "no", names.time(record?["createdAt"]) ?? "",
            ]
        }
    }
}
