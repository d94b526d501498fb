import ArgumentParser
import INFTs
import Interface
import Primitives
import Proofs
import Revenue
import WalletKit

struct RevenueStatement: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Every movement of a balance in a period. It adds up to the unit, or exit code 6.",
        discussion: example(
            "revenue statement clara",
            "revenue statement clara --asset EURX --since 2026-01-01 --until 2026-04-01 --csv",
            "revenue statement clara --no-proofs"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Whose; who acts if absent.") var party: String?
    @Option(help: "In one asset only; all that the party has if absent.") var asset: String?
    @Option(help: ArgumentHelp("From this time on: 2026-01-01 (UTC), or 30d ago as 30d.", valueName: "time")) var since:
        String?
    @Option(help: ArgumentHelp("Before this time; until now if absent.", valueName: "time")) var until: String?
    @Flag(help: "Comma-separated values, for a spreadsheet.") var csv = false
    @Flag(
        inversion: .prefixedNo,
        help: "Each line is proven from the block that this wallet trusts; without, the node is believed.")
    var proofs = true
    @OptionGroup var trust: TrustOptions

    func validate() throws {
        if csv, globals.json { throw ValidationError("Either --csv or --json.") }
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let who = try session.party(orActor: party)
        let start = try Codes.pastTime(since, now: now)
        // A fixed end, so that what happens while pages are read changes nothing; clocks run ahead of the last block, so
        // what began a moment ago does not end before it.
        let soon = now.adding(milliseconds: 600_000)
        let last = max(now, start.map { min($0, soon) } ?? now)
        let end = try Codes.time(until, now: now) ?? last.adding(milliseconds: 1)
        if let start, start >= end {
            throw WalletFailure(
                .usage, "the period ends (\(dateText(end))) before it begins (\(dateText(start)))",
                hint: "--since 30d is so long ago; --until \"1h ago\" too.")
        }
        let checkpoint = proofs ? try session.trusted(trust) : nil
        var statements: [Statement] = []
        for asset in try await assets(session, who) {
            statements.append(try await Statement(who, asset, start, end, checkpoint, session))
        }
        let names = try await session.names()
        if globals.json {
            Console.out(try json(statements, who, start, end, session).text)
        } else if csv {
            Console.out(Statement.csvHeader)
            for statement in statements {
                for line in statement.csv(session, since: start, until: end) { Console.out(line) }
            }
        } else {
            if statements.isEmpty {
                Console.out(
                    "\(names.party(who)) never had anything on an account; what waits in vaults: mednexus account inbox."
                )
            }
            for statement in statements { statement.show(names, since: start, until: end) }
            Console.out(
                checkpoint.map { "Every line is proven, from block \($0.height) on." }
                    ?? "Nothing of it is proven: the node is believed.")
        }
        for statement in statements { try statement.requireSum() }
    }

    private func assets(_ session: Session, _ who: Party) async throws(WalletFailure) -> [AssetRecord] {
        if let asset { return [try await session.asset(asset)] }
        let view: BalancesView = try await session.client.read(
            "revenue_balance", .object(["party": session.json(who)]))
        var records: [AssetRecord] = []
        for balance in view.balances { records.append(try await session.asset(session.text(balance.asset))) }
        return records
    }

    private func json(
        _ statements: [Statement], _ who: Party, _ start: Timestamp?, _ end: Timestamp, _ session: Session
    ) throws -> JSONValue {
        var object = parameters(["party": session.json(who)])
        object.append("since", start.map { .unsigned($0.milliseconds) } ?? .null)
        object.append("until", .unsigned(end.milliseconds))
        object.append("isProven", .boolean(proofs))
        object.append("statements", .array(try statements.map { try $0.json(session) }))
        return .object(object)
    }
}
