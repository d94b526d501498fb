import ArgumentParser
import Interface
import Primitives
import Transactions
import WalletKit

struct AccountHistory: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Final transactions that a party signed or that concern it, newest first, in words.",
        discussion: """
            What the ledger does by itself when a time has come (refunds, expiries, the end of a recovery) is no \
            transaction: mednexus account inbox tells of it before, license show and the like afterwards.

            \(example(
                "account history author --limit 20", "account history --act license --since 2026-01-01",
                "account history stmary --all --csv > stmary.csv"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "A name, address or organization; who acts if absent.") var party: String?
    @Option(help: "At most so many.") var limit = 20
    @Flag(help: "As many as there are.") var all = false
    @Option(
        help: ArgumentHelp(
            "Only transactions with such an operation: license.purchase, or license for all of these (repeatable).",
            valueName: "operation")) var act: [String] = []
    @Option(help: ArgumentHelp("Only those that this party signed as sender.", valueName: "party")) var sender: String?
    @Option(help: ArgumentHelp("From this time on: 2026-01-01 (UTC), or 30d ago as 30d.", valueName: "time")) var since:
        String?
    @Option(help: ArgumentHelp("Before this time.", valueName: "time")) var until: String?
    @Flag(help: "Comma-separated values, one line for each operation, for a spreadsheet.") var csv = false

    func validate() throws {
        if csv, globals.json { throw ValidationError("Either --csv or --json.") }
        if limit < 1 { throw ValidationError("--limit is at least 1.") }
        for one in act where !Self.isKnown(one) {
            throw ValidationError("\(one) is no operation. Write license.purchase, or license.")
        }
    }

    private static func isKnown(_ text: String) -> Bool {
        LedgerOperation.names.contains { $0 == text || $0.hasPrefix(text + ".") }
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let who = try session.party(orActor: party)
        let filter = HistoryFilter(
            acts: act, sender: try sender.map { (text) throws(WalletFailure) in try session.address(text) },
            since: try Codes.pastTime(since, now: now), until: try Codes.time(until, now: now))
        let (items, hasMore) = try await read(who, filter, session)
        let names = try await session.names()
        if csv {
            Console.out(DisclosureText.csv(["time", "height", "transaction", "sender", "for", "operation", "words"]))
            for item in items {
                for row in try rows(item, names, session) { Console.out(DisclosureText.csv(row)) }
            }
        } else {
            try session.show(.array(items)) { try write(items, names, session) }
        }
        if hasMore, !globals.json { Console.err("There is more: --all, or a larger --limit.") }
    }

    /// Below a line of when, who and which: what it did, each operation on a line of its own.
    private func write(_ items: [JSONValue], _ names: SessionNames, _ session: Session) throws {
        if items.isEmpty { Console.out("Nothing yet.") }
        for item in items {
            let body = try HistoryFilter.body(item, session)
            let organization = body.actingFor.map { ", for \(names.party(.organization($0)))" } ?? ""
            Console.out(
                "\(names.time(item["time"]) ?? "")  \(names.party(.account(body.sender)))\(organization)  "
                    + "tx \(item["hash"]?.string ?? "")")
            for words in TransactionDraft(body: body, names: names).words { Console.out("  " + Self.sentence(words)) }
        }
    }

    /// Page by page, until there are enough, or none is left that could be meant.
    private func read(
        _ who: Party, _ filter: HistoryFilter, _ session: Session
    ) async throws -> (items: [JSONValue], hasMore: Bool) {
        var params = parameters(["party": try session.client.encode(who), "limit": .integer(100)])
        var found: [JSONValue] = []
        while true {
            let page = try await session.client.call("account_transactions", .object(params))
            for item in page["items"]?.array ?? [] {
                if filter.isPast(item) { return (found, false) }
                guard try filter.admits(item, session) else { continue }
                if !all, found.count == limit { return (found, true) }
                found.append(item)
            }
            guard let next = page["next"], !next.isNull else { return (found, false) }
            params.set("cursor", next)
        }
    }

    /// Where the first sentence only announces what follows, that belongs to it.
    private static func sentence(_ words: [String]) -> String {
        guard let first = words.first else { return "" }
        guard first.hasSuffix(":"), words.count > 1 else { return first }
        return "\(first) \(words[1])"
    }

    /// One row for each operation: time, height, transaction, sender, organization, operation, first sentence. Times and
    /// ids are as in the CSV of a statement, so that both can be joined.
    private func rows(_ item: JSONValue, _ names: SessionNames, _ session: Session) throws -> [[String]] {
        let body = try HistoryFilter.body(item, session)
        let draft = TransactionDraft(body: body, names: names)
        return zip(body.operations, draft.words).map { operation, words in
            [
                item["time"]?.unsigned.map { Statement.iso(Timestamp($0)) } ?? "", "\(item["height"]?.unsigned ?? 0)",
                item["hash"]?.string ?? "",
                session.text(.account(body.sender)), body.actingFor.map { session.text($0) } ?? "", operation.name,
                Self.sentence(words),
            ]
        }
    }
}

/// Which transactions of a history are meant.
private struct HistoryFilter {
    let acts: [String]
    let sender: Address?
    let since: Timestamp?
    let until: Timestamp?

    /// True of what is older than all that is meant; the list is newest first.
    func isPast(_ item: JSONValue) -> Bool {
        guard let since, let time = item["time"]?.unsigned else { return false }
        return time < since.milliseconds
    }

    func admits(_ item: JSONValue, _ session: Session) throws -> Bool {
        if let until, let time = item["time"]?.unsigned, time >= until.milliseconds { return false }
        let body = try Self.body(item, session)
        if let sender, body.sender != sender { return false }
        guard !acts.isEmpty else { return true }
        return body.operations.contains { operation in
            acts.contains { operation.name == $0 || operation.name.hasPrefix($0 + ".") }
        }
    }

    static func body(_ item: JSONValue, _ session: Session) throws -> TransactionBody {
        guard let json = item["transaction"]?["transaction"] else {
            throw WalletFailure(.unreachable, "the node describes a transaction without its body")
        }
        return try JSONValueDecoder.decode(TransactionBody.self, from: json, networkKind: session.network.kind)
    }
}
