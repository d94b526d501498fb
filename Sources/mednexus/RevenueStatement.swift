import ArgumentParser
import INFTs
import Interface
import Primitives
import Revenue
import WalletKit

struct RevenueStatement: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Every movement of a balance in a period. It adds up to the unit, or exit code 6.",
        discussion: example(
            "revenue statement clara",
            "revenue statement clara --asset EURX --since 2026-01-01 --until 2026-04-01 --csv"))
    @OptionGroup var globals: Globals
    @Argument(help: "Whose; who acts if absent.") var party: String?
    @Option(help: "In one asset only; all that the party has if absent.") var asset: String?
    @Option(help: ArgumentHelp("From this time on: 2026-01-01 (UTC).", valueName: "time")) var since: String?
    @Option(help: ArgumentHelp("Before this time; until now if absent.", valueName: "time")) var until: String?
    @Flag(help: "Comma-separated values, for a spreadsheet.") var csv = false

    func validate() throws {
        if csv, globals.json { throw ValidationError("Either --csv or --json.") }
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let who = try session.party(orActor: party)
        let start = try Codes.time(since, now: now)
        // A fixed end, so that what happens while pages are read changes nothing.
        let end = try Codes.time(until, now: now) ?? now.adding(milliseconds: 1)
        if let start, start >= end { throw WalletFailure(.usage, "the period ends before it begins") }
        var statements: [Statement] = []
        for asset in try await assets(session, who) {
            statements.append(try await Statement(who, asset, start, end, session))
        }
        let names = try await session.names()
        if globals.json {
            Console.out(try json(statements, who, start, end, session).text)
        } else if csv {
            Console.out(Statement.csvHeader)
            for statement in statements { for line in statement.csv(session) { Console.out(line) } }
        } else {
            if statements.isEmpty { Console.out("\(names.party(who)) never had anything.") }
            for statement in statements { statement.show(names, since: start, until: end) }
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
        object.append("statements", .array(try statements.map { try $0.json(session) }))
        return .object(object)
    }
}

/// One balance over one period.
private struct Statement {
    let party: Party
    let asset: AssetRecord
    let summary: StatementSummary
    let entries: [StatementEntry]

    init(
        _ party: Party, _ asset: AssetRecord, _ start: Timestamp?, _ end: Timestamp, _ session: Session
    ) async throws(WalletFailure) {
        self.party = party
        self.asset = asset
        var params = parameters(["party": session.json(party), "asset": session.json(asset.id)])
        if let start { params.append("since", .unsigned(start.milliseconds)) }
        params.append("until", .unsigned(end.milliseconds))
        summary = try await session.client.read("revenue_statementSummary", .object(params))
        var entries: [StatementEntry] = []
        for item in try await session.client.items("revenue_statement", params, limit: 1_000_000) {
            entries.append(try session.decode(item))
        }
        self.entries = entries
    }

    private func sum(incoming: Bool) -> Amount {
        entries.filter { $0.isIncoming == incoming }
            .reduce(Amount.zero) { (sum, entry) in sum.adding(entry.amount) ?? Amount(.max) }
    }

    /// Opening + incoming − outgoing = closing, and each line's balance follows from the line before.
    func requireSum() throws(WalletFailure) {
        var balance = summary.opening
        var isSound = UInt64(entries.count) == summary.entries
        for entry in entries {
            let next = entry.isIncoming ? balance.adding(entry.amount) : balance.subtracting(entry.amount)
            if next != entry.balanceAfter { isSound = false }
            balance = entry.balanceAfter
        }
        guard isSound, balance == summary.closing else {
            throw WalletFailure(
                .proofInvalid, "the statement in \(asset.code) does not add up: the node left something out",
                hint: "Ask another node (--node), and tell this one's operator.")
        }
    }

    func show(_ names: SessionNames, since: Timestamp?, until: Timestamp) {
        let from = since.map { names.time($0) } ?? "the beginning"
        Console.out("\(names.party(party)), \(asset.code), from \(from) to \(names.time(until))")
        let style = asset.style
        var rows = [["", "opening balance", "", "", "", number(summary.opening)]]
        rows += entries.map { entry in
            [
                names.time(entry.time), entry.kind.name, Self.counterpart(entry.counterpart, names),
                entry.isIncoming ? number(entry.amount) : "", entry.isIncoming ? "" : number(entry.amount),
                number(entry.balanceAfter),
            ]
        }
        rows.append(
            [
                "", "closing balance", "", number(sum(incoming: true)), number(sum(incoming: false)),
                number(summary.closing),
            ])
        Console.table(["TIME", "WHAT", "WITH", "IN", "OUT", "BALANCE"], Self.aligned(rows))
        Console.out(
            "\(style.text(summary.opening)) + \(style.text(sum(incoming: true))) − "
                + "\(style.text(sum(incoming: false))) = \(style.text(summary.closing))")
    }

    /// Amounts stand below each other.
    private static func aligned(_ rows: [[String]]) -> [[String]] {
        var rows = rows
        for column in 3...5 {
            let width = rows.map { $0[column].count }.max() ?? 0
            for row in rows.indices {
                rows[row][column] = String(repeating: " ", count: width - rows[row][column].count) + rows[row][column]
            }
        }
        return rows
    }

    /// Without the code.
    private func number(_ amount: Amount) -> String { String(asset.style.text(amount).dropLast(asset.code.count + 1)) }

    private static func counterpart(_ counterpart: Counterpart, _ names: SessionNames) -> String {
        switch counterpart {
        case .party(let party): names.party(party)
        case .vault(let inft): "vault of \(names.id(inft))"
        case .reserve(let subject): "set aside for \(subject.description.prefix(16))…"
        }
    }

    static let csvHeader = "time,height,transaction,what,with,asset,in,out,balance,reference"

    /// Texts are ids, hashes and code names: nothing to quote.
    func csv(_ session: Session) -> [String] {
        var lines = [",,,opening,,\(asset.code),,,\(number(summary.opening)),"]
        lines += entries.map { entry in
            let with =
                switch entry.counterpart {
                case .party(let party): session.text(party)
                case .vault(let inft): session.text(inft)
                case .reserve(let subject): subject.description
                }
            return [
                dateText(entry.time), "\(entry.height)", entry.transaction.description, entry.kind.name, with,
                asset.code, entry.isIncoming ? number(entry.amount) : "", entry.isIncoming ? "" : number(entry.amount),
                number(entry.balanceAfter), entry.reference?.description ?? "",
            ].joined(separator: ",")
        }
        let totals = "\(number(sum(incoming: true))),\(number(sum(incoming: false)))"
        return lines + [",,,closing,,\(asset.code),\(totals),\(number(summary.closing)),"]
    }

    func json(_ session: Session) throws -> JSONValue {
        var object = parameters(["asset": session.json(asset.id), "code": .string(asset.code)])
        object.append("scale", .unsigned(UInt64(asset.scale)))
        object.append("opening", try session.client.encode(summary.opening))
        object.append("incoming", try session.client.encode(sum(incoming: true)))
        object.append("outgoing", try session.client.encode(sum(incoming: false)))
        object.append("closing", try session.client.encode(summary.closing))
        object.append("entries", try session.client.encode(entries))
        return .object(object)
    }
}
