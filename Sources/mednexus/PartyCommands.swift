import ArgumentParser
import Cryptography
import Identities
import Interface
import Primitives
import Transactions
import WalletKit

struct PartyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "party", abstract: "Who one deals with: names for parties, and what the ledger says of them.",
        discussion: example("party register stmary tmnxorg1…", "party show stmary"),
        subcommands: [PartyRegister.self, PartyShow.self, PartyList.self])
}

struct PartyRegister: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Gives a party a name in this wallet; with --kind, registers the account on the ledger, too.",
        discussion: example(
            "party register stmary tmnxorg1…",
            "party register clara tmnx1… --kind patient --from registrar --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "The name.") var name: String
    @Argument(help: "Address or organization.") var party: String
    @Option(help: ArgumentHelp("Registers it as: \(PartyKind.names.joined(separator: ", ")).")) var kind: String?

    func perform(_ session: Session) async throws {
        let found = try session.party(party)
        try session.requireFree(name, for: found)
        if let kind {
            let operation = SponsorAccount(
                account: try session.address(party), kind: try Codes.one(kind, PartyKind.self, "kind"))
            try await session.act([.identities(.sponsor(operation))])
        }
        try await session.name(found, name)
        guard kind == nil else { return }
        let value = JSONValue.object(["name": .string(name), "party": .string(session.text(found))])
        session.show(value) { Console.out("\(name) is \(session.text(found)) in this wallet.") }
    }
}

struct PartyList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The names of this wallet for parties.",
        discussion: example("party list", "party list --all"))
    @OptionGroup var globals: ReadGlobals
    @Flag(help: "Also what it calls INFTs, terms, offers, licenses and so on.") var all = false

    func perform(_ session: Session) async throws {
        var items: [JSONValue] = session.accounts.map {
            .object([
                "name": .string($0.name), "kind": "own account", "id": .string(session.text(.account($0.address))),
            ])
        }
        for entry in session.book.entries where entry.network == session.network.genesis {
            items.append(
                .object(["name": .string(entry.name), "kind": "party", "id": .string(session.text(entry.party))]))
        }
        for entry in session.things.entries where all && entry.network == session.network.genesis {
            items.append(
                .object([
                    "name": .string(entry.name), "kind": .string(SessionNames.word(entry.kind)),
                    "id": .string(TypedText.encode(entry.id.bytes, kind: entry.kind, network: session.network.kind)),
                ]))
        }
        session.list(items, ["NAME", "WHAT", "ID"], empty: "No names yet.") { item in
            [item["name"]?.string ?? "", item["kind"]?.string ?? "", item["id"]?.string ?? ""]
        }
    }
}

struct PartyShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Kind, sponsor, members and credentials of a party.",
        discussion: example("party show stmary"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "A name, address or organization; who acts if absent.") var party: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: party)
        let value = try await session.client.read(
            "identity_get", .object(["party": try session.client.encode(who)]), as: JSONValue.self)
        session.show(value) { PartyText.write(value, session) }
    }
}

enum PartyText {
    static func write(_ value: JSONValue, _ session: Session) {
        let names = session.plainNames
        let account = value["account"]
        let profile = value["organization"]?["profile"]
        Console.fields([
            ("Party", names.party(value["party"])), ("Id", value["party"]?.string),
            ("Name", profile?["name"]?.string), ("Kind", value["kind"]?.string),
            ("Jurisdiction", profile?["jurisdiction"]?.string),
            ("Enrolled", value["isEnrolled"]?.boolean.map { $0 ? "yes" : "no" }),
            ("Sponsor", account?["sponsor"].flatMap { $0.isNull ? nil : names.party($0) }),
            ("Accounts sponsored", value["sponsored"]?["accounts"]?.unsigned.map { "\($0)" }),
        ])
        for identifier in profile?["identifiers"]?.array ?? [] {
            Console.out("\((identifier["scheme"]?.string ?? "").uppercased()): \(identifier["value"]?.string ?? "")")
        }
        for member in profile?["members"]?.array ?? [] {
            Console.out("Member: \(names.party(member["account"])), \(member["role"]?.string ?? "")")
        }
        for policy in profile?["policies"]?.array ?? [] {
            let roles = (policy["roles"]?.array ?? []).compactMap(\.string)
            let who = roles.isEmpty ? "members" : roles.joined(separator: " or ")
            Console.out(
                "For \(policy["operationClass"]?.string ?? ""): \(policy["threshold"]?.unsigned ?? 0) of the \(who)")
        }
        for credential in value["credentials"]?.array ?? [] {
            let scope = (credential["scope"]?["jurisdictions"]?.array ?? []).compactMap(\.string)
            let place = scope.isEmpty ? "" : " in \(scope.joined(separator: ", "))"
            let end = names.time(credential["validUntil"]).map { " until \($0)" } ?? ""
            Console.out(
                "Credential: \(credential["credentialType"]?.string ?? "")\(place)\(end), by "
                    + names.party(credential["issuer"]))
        }
    }
}
