import ArgumentParser
import Consents
import Interface
import Primitives
import WalletKit

/// A release as people read it: the same in the patient's accounting and in the institution's.
enum DisclosureText {
    static let headers = ["WHEN", "FROM", "TO", "WHAT", "WHY", "UNDER", "HOW"]

    static func row(_ item: JSONValue, _ names: SessionNames) -> [String] {
        let record = item["disclosure"]
        let uses = record?["requests"]?.array ?? []
        let basis = record?["basis"]
        return [
            names.time(record?["at"]) ?? "", names.party(record?["custodian"]), names.party(record?["recipient"]),
            joined(uses.compactMap { $0["action"]?.string })
                + (record?["inft"]?.string.map { " of \(names.short($0))" } ?? ""),
            joined(uses.flatMap { $0["purposes"]?.array ?? [] }.compactMap(\.string)),
            names.id(basis?["consent"] ?? basis?["set"]) + provision(record), how(item),
        ]
    }

    /// Each once, in the order in which they came.
    private static func joined(_ texts: [String]) -> String {
        var seen: [String] = []
        for text in texts where !seen.contains(text) { seen.append(text) }
        return seen.joined(separator: ", ")
    }

    /// The provision of the first use, as people count: ` (2.1)`.
    private static func provision(_ record: JSONValue?) -> String {
        let path = record?["decisions"]?.array?.first?["path"]?.array ?? []
        guard !path.isEmpty else { return "" }
        return " (\(path.compactMap { $0.unsigned.map { "\($0 + 1)" } }.joined(separator: ".")))"
    }

    private static func how(_ item: JSONValue) -> String {
        let occasion = item["disclosure"]?["occasion"]?.string ?? ""
        if occasion == DisclosureOccasion.uses.name { return "uses answered anew, no copy" }
        guard occasion == DisclosureOccasion.breakGlass.name else { return occasion }
        let outcome = item["review"]?["closing"]?["outcome"]?.string
        return "emergency, \(outcome ?? "review open")"
    }

    /// As RFC 4180 quotes it, and never a formula to a spreadsheet.
    static func csv(_ cells: [String]) -> String {
        cells.map { cell in
            let text = cell.first.map { "=+-@".contains($0) } ?? false ? "'" + cell : cell
            guard text.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" }) else { return text }
            return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }.joined(separator: ",")
    }
}

struct ConsentDisclosures: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "disclosures",
        abstract: "Every release of data under a consent, or under all of a subject's: who, what, why, when.",
        discussion: """
            More than HIPAA 164.528 asks for: releases that the subject authorized are in it too, and each look in an \
            emergency with its review.

            \(example("consent disclosures my-consent", "consent disclosures --subject patient --since 2026-01-01"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The consent.") var consent: String?
    @Option(help: "Whose; who acts if neither is given.") var subject: String?
    @Option(help: ArgumentHelp("From this time on.", valueName: "time")) var since: String?
    @Option(help: ArgumentHelp("Before this time.", valueName: "time")) var until: String?

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let params = try ConsentHistory.parameters(consent, subject, since, until, now, session)
        let items = try await session.client.items("consent_disclosures", params, limit: 1_000_000)
        let names = session.plainNames
        session.list(items, DisclosureText.headers, empty: "Nothing was released.") {
            DisclosureText.row($0, names)
        }
    }
}

struct ConsentExport: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "All that the ledger holds on a subject's consents, as JSON.",
        discussion: """
            The copy that GDPR Art. 20 speaks of: consents, what they said before, the sets they joined, every release.

            \(example("consent export --subject patient --out consents.json"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The consent.") var consent: String?
    @Option(help: "Whose; who acts if neither is given.") var subject: String?
    @Option(help: ArgumentHelp("Where it is written; to standard output if absent.", valueName: "file")) var out:
        String?

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let params = try ConsentHistory.parameters(consent, subject, nil, nil, now, session)
        let items = try await session.client.items("consent_export", params, limit: 1_000_000)
        let value = JSONValue.object([
            "network": .string(session.network.genesis.description), "at": .unsigned(now.milliseconds),
            "items": .array(items),
        ])
        guard let out else { return Console.out(globals.json ? value.text : Console.pretty(value)) }
        try ContentFile.writePrivate(Console.pretty(value) + "\n", to: out)
        Console.out("Written to \(out): \(items.count) items.")
    }
}

private enum ConsentHistory {
    static func parameters(
        _ consent: String?, _ subject: String?, _ since: String?, _ until: String?, _ now: Timestamp,
        _ session: Session
    ) throws -> JSONObject {
        var params = JSONObject()
        if let consent, subject == nil {
            let id: ConsentID = try session.id(consent)
            params.append("consent", try session.client.encode(id))
        } else if consent == nil {
            params.append("subject", try session.client.encode(try session.party(orActor: subject)))
        } else {
            throw WalletFailure(.usage, "name either a consent or a subject")
        }
        if let from = try Codes.pastTime(since, now: now) { params.append("from", .unsigned(from.milliseconds)) }
        if let to = try Codes.time(until, now: now) { params.append("to", .unsigned(to.milliseconds)) }
        return params
    }
}
