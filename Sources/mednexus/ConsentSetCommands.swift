import ArgumentParser
import Consents
import Interface
import Licenses
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
        try await session.verifyNetwork()
        let id: ConsentSetID = try session.id(set)
        let members = try consents.map { (text) throws(WalletFailure) -> ConsentID in try session.id(text) }
        let operation = ConsentSetAdd(set: .id(id), members: members.map { .id($0) })
        let notes = try await preview(id, members, session)
        try await session.act([.consents(.addToSet(operation))], notes: notes)
    }

    /// What the members bring that who answered so far could not know.
    private func preview(_ id: ConsentSetID, _ members: [ConsentID], _ session: Session) async throws -> [String] {
        let view: ConsentSetView = try await session.client.read("consent_set", .object(["set": session.json(id)]))
        guard view.set.memberCount > 0 else { return [] }
        let names = session.plainNames
        var brings: [String] = []
        for member in members {
            let consent: ConsentView = try await session.client.read(
                "consent_get", .object(["consent": session.json(member)]))
            let isOther = !view.set.policies.contains(consent.consent.policy)
            let hasRestrictions = !consent.consent.commitments.isEmpty
            guard isOther || hasRestrictions else { continue }
            let what = [
                isOther ? "another policy" : nil, hasRestrictions ? "restrictions that only commitments tell of" : nil,
            ].compactMap { $0 }.joined(separator: " and ")
            brings.append("\(names.identifier(session.text(member))) brings \(what).")
        }
        guard !brings.isEmpty else {
            return ["The members bring nothing new: what was answered for deliveries and uses so far stays answered."]
        }
        return brings + [
            "So what was answered so far under the set ends with it. Deliveries that are not begun are answered anew, and so "
                + "are the uses of licenses that were delivered (\(try await licenses(under: id, view, session))): consent "
                + "answer --delivery LICENSE, then license answer. Your inbox names them."
        ]
    }

    /// How many may be concerned.
    private func licenses(
        under id: ConsentSetID, _ view: ConsentSetView, _ session: Session
    ) async throws -> String {
        let first = try await session.client.items("consent_members", ["set": session.json(id)], limit: 1)
        guard let member = first.first else { return "none" }
        let consent: ConsentView = try session.decode(member)
        let impact: ConsentImpactView = try await session.client.read(
            "consent_impact", .object(["consent": session.json(consent.consent.id)]))
        let count = impact.sets.first { $0.set == id }?.infts.reduce(0) { $0 + $1.licenses } ?? 0
        return "\(count) \(count == 1 ? "license" : "licenses") of what was offered under it"
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
