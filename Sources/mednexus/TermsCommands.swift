import ArgumentParser
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct TermsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "terms", abstract: "What licenses allow and ask: immutable, named by their content.",
        discussion: example(
            "terms presets", "terms new --preset derivatives-allowed --fee 100 --asset EURX --as remix",
            "terms show remix"),
        subcommands: [TermsNew.self, TermsShow.self, TermsList.self, TermsPresetsCommand.self])
}

struct TermsNew: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Registers terms, from a preset or from nothing.",
        discussion: example(
            "terms new --preset clinical-use --fee 250.00 --asset EURX --territory DE,AT --as dach",
            "terms new --commercial --derivatives --revenue-share 12.5 --revenue-ceiling 5000 --asset EURX \\\n"
                + "    --purpose TREAT --field clinical --credential medicalLicense:DE --duration 1y --renewable"))
    @OptionGroup(title: "Terms") var options: TermsOptions
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let terms = try await options.terms(session)
        if try await session.isRegistered(terms.id) {
            try await session.nameTerms(terms.id)
            let text = session.text(terms.id)
            return session.show(.object(["id": .string(text), "isNew": false])) {
                let name = globals.named.map { ", called \($0) from now on" } ?? ""
                Console.out("These terms are registered already: \(text)\(name)")
            }
        }
        try await session.act([.licenses(.registerTerms(RegisterTerms(terms: terms)))])
    }
}

extension Session {
    fileprivate func nameTerms(_ id: TermsID) async throws(WalletFailure) {
        guard let name = globals.named else { return }
        let lock = try await takeLock()
        defer { withExtendedLifetime(lock) {} }
        things = try home.namedThings()
        try requireFree(name, for: id.bytes, kind: TermsKind.name)
        try things.add(name, id.bytes, kind: TermsKind.name, on: network.genesis, moves: globals.moveName)
        try home.save(things)
    }
}

struct TermsShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Terms in plain sentences.",
        discussion: example("terms show dach", "terms show clinical-use"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "An id, a name in this wallet, or a preset.") var terms: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let names = try await session.names()
        if let preset = TermsPreset.named(terms) {
            return session.show(try session.client.encode(preset)) {
                Console.fields([
                    ("Preset", preset.name), ("For", preset.summary),
                    ("Terms", preset.terms.sentences(names).joined(separator: "\n")),
                ])
            }
        }
        let id: TermsID = try session.id(terms)
        let view: TermsView = try await session.client.read("terms_get", .object(["terms": session.json(id)]))
        guard view.terms.id == id else {
            throw WalletFailure(.proofInvalid, "the node's terms do not have the id \(session.text(id))")
        }
        session.show(try session.client.encode(view)) {
            Console.fields([
                ("Terms", names.identifier(id.description)),
                ("Registered", "\(names.time(view.registeredAt)) by \(names.party(view.registeredBy))"),
                ("They say", view.terms.sentences(names).joined(separator: "\n")),
            ])
        }
    }
}

struct TermsList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Registered terms, newest first.", discussion: example("terms list"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.items("terms_list", limit: limit)
        let names = try await session.names()
        session.list(items, ["TERMS", "FEE", "REGISTERED", "BY", "ALLOW"], empty: "There are none.") { item in
            let terms = item["terms"]
            let payment = terms?["payment"]
            var rights: [String] = []
            if terms?["commercial"]?["isAllowed"]?.boolean == true { rights.append("commercial") }
            if terms?["derivatives"]?["isAllowed"]?.boolean == true { rights.append("derivatives") }
            if terms?["scope"]?["allowsTraining"]?.boolean == true { rights.append("training") }
            rights += (terms?["scope"]?["purposes"]?.array ?? []).compactMap(\.string)
            return [
                names.id(item["id"]), names.amount(payment?["fee"], of: payment?["asset"]),
                names.time(item["registeredAt"]) ?? "", names.party(item["registeredBy"]),
                SessionNames.clipped(rights.joined(separator: ", "), 48),
            ]
        }
    }
}

struct TermsPresetsCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "presets", abstract: "Terms for the common cases, to be priced.",
        discussion: example("terms presets", "terms show clinical-use"))
    @OptionGroup var globals: ReadGlobals

    func run() throws {
        if globals.json {
            let all = TermsPreset.all.map { preset in
                JSONValue.object(["name": .string(preset.name), "summary": .string(preset.summary)])
            }
            Console.out(JSONValue.array(all).text)
        } else {
            Console.table(["PRESET", "FOR"], TermsPreset.all.map { [$0.name, $0.summary] })
        }
    }

    func perform(_ session: Session) async throws { try await run() }
}
