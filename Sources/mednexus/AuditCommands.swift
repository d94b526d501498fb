import ArgumentParser
import Consents
import HealthRecords
import Interface
import Primitives
import WalletKit

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "What an institution must be able to show.",
        discussion: example("audit disclosures --institution stmary --from 2026-01-01 --to 2027-01-01 --csv"),
        subcommands: [AuditDisclosures.self])
}

/// Here `--from` is a time, so the command takes its own few options in the place of those of all commands.
struct AuditDisclosures: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disclosures",
        abstract: "Every release of data that an institution made or received in a period, with this wallet's names.",
        discussion: example(
            "audit disclosures --institution stmary --from 2026-01-01 --to 2027-01-01 --csv",
            "audit disclosures --institution stmary --received --fhir"))
    @Option(help: "Whose.") var institution: String
    @Flag(help: "What it received, in the place of what it released.") var received = false
    @Option(help: ArgumentHelp("From this time on: 2026-01-01 (UTC).", valueName: "time")) var from: String?
    @Option(help: ArgumentHelp("Before this time; until now if absent.", valueName: "time")) var to: String?
    @Flag(help: "Comma-separated values, for a spreadsheet.") var csv = false
    @Flag(help: "A FHIR R4 Bundle of AuditEvent resources, with this wallet's names.") var fhir = false
    @Flag(help: "Write JSON, and nothing else, to standard output.") var json = false
    @Option(help: ArgumentHelp("The pinned network; the standard one if absent.", valueName: "name"))
    var network: String?
    @Option(help: ArgumentHelp("The node to speak to, instead of the pinned one (or MEDNEXUS_NODE).", valueName: "url"))
    var node: String?
    @Option(help: ArgumentHelp("The wallet's folder (or MEDNEXUS_WALLET_HOME).", valueName: "folder"))
    var home: String?

    func validate() throws {
        if [csv, fhir, json].filter({ $0 }).count > 1 {
            throw ValidationError("One of --csv, --fhir and --json.")
        }
    }

    func run() async throws {
        var arguments = json ? ["--json"] : []
        for (name, value) in [("--network", network), ("--node", node), ("--home", home)] {
            if let value { arguments += [name, value] }
        }
        let session = try await Session.open(try Globals.parse(arguments))
        do {
            try await perform(session)
        } catch let failure as WalletFailure {
            throw session.plainNames.translated(failure)
        }
    }

    private func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let start = try Codes.pastTime(from, now: now)
        // A fixed end, so that what happens while pages are read changes nothing.
        let end = try Codes.time(to, now: now) ?? now.adding(milliseconds: 1)
        if let start, start >= end { throw WalletFailure(.usage, "the period ends before it begins") }
        var params = parameters([
            received ? "recipient" : "custodian": try session.client.encode(try session.party(institution))
        ])
        if let start { params.append("from", .unsigned(start.milliseconds)) }
        params.append("to", .unsigned(end.milliseconds))
        let items = try await session.client.items("consent_audit", params, limit: 1_000_000)
        let names = session.plainNames
        if fhir { return try bundle(items, session) }
        guard csv else {
            return session.list(items, DisclosureText.headers, empty: "Nothing was released.") {
                DisclosureText.row($0, names)
            }
        }
        let more = ["inft", "subject", "consent", "disclosure", "reference", "occasion"]
        Console.out(DisclosureText.csv(DisclosureText.headers.map { $0.lowercased() } + more))
        for item in items {
            let record = item["disclosure"]
            let basis = record?["basis"]
            let ids = [
                record?["inft"], record?["subject"], basis?["consent"] ?? basis?["set"], record?["id"],
                record?["reference"], record?["occasion"],
            ].map { $0?.string ?? "" }
            Console.out(DisclosureText.csv(DisclosureText.row(item, names) + ids))
        }
    }

    private func bundle(_ items: [JSONValue], _ session: Session) throws {
        var statements: [DisclosureStatement] = []
        var known: [Party: String] = [:]
        for item in items {
            let record = try session.decode(item["disclosure"] ?? item, as: DisclosureRecord.self)
            for party in [record.custodian, record.recipient] + (record.subject.map { [$0] } ?? []) {
                known[party] = session.plainNames.party(party)
            }
            let basis =
                switch record.basis {
                case .consent(let id): session.text(id)
                case .set(let id): session.text(id)
                }
            statements.append(
                DisclosureStatement(
                    id: session.text(record.id), recordedAt: record.at, custodian: record.custodian,
                    recipient: record.recipient, subject: record.subject,
                    actions: SortedList(record.requests.map(\.action)),
                    purposes: SortedList(record.requests.flatMap(\.purposes)), consent: basis,
                    content: record.inft.map { session.text($0) }, isEmergency: record.occasion == .breakGlass,
                    isWithoutCopy: record.occasion == .uses))
        }
        Console.out(Console.pretty(FHIRAuditEvent.bundle(statements, networkKind: session.network.kind, names: known)))
    }
}
