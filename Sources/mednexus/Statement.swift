import INFTs
import Interface
import Licenses
import Primitives
import Proofs
import Revenue
import WalletKit

/// One balance over one period.
struct Statement {
    let party: Party
    let asset: AssetRecord
    let summary: StatementSummary
    let entries: [StatementEntry]
    /// By what their bonds are set aside under.
    private let disputes: [Bytes32: DisputeID]

    init(
        _ party: Party, _ asset: AssetRecord, _ start: Timestamp?, _ end: Timestamp, _ checkpoint: Checkpoint?,
        _ session: Session
    ) async throws(WalletFailure) {
        self.party = party
        self.asset = asset
        var params = parameters(["party": session.json(party), "asset": session.json(asset.id)])
        if let start { params.append("since", .unsigned(start.milliseconds)) }
        params.append("until", .unsigned(end.milliseconds))
        let client = session.client
        let items: [JSONValue]
        if let checkpoint {
            let answer = try await client.provenAnswer("revenue_statementSummary", params, trusting: checkpoint)
            summary = try session.decode(answer.value)
            items = try await client.provenItems(
                "revenue_statement", params, limit: Self.limit, trusting: checkpoint)
        } else {
            summary = try await client.read("revenue_statementSummary", .object(params))
            items = try await client.items("revenue_statement", params, limit: Self.limit)
        }
        var entries: [StatementEntry] = []
        for item in items { entries.append(try session.decode(item)) }
        self.entries = entries
        disputes = try await Self.disputes(behind: entries, of: party, session)
    }

    /// Only the first round's bond is set aside under the dispute's own id.
    private static func disputes(
        behind entries: [StatementEntry], of party: Party, _ session: Session
    ) async throws(WalletFailure) -> [Bytes32: DisputeID] {
        let hasBonds = entries.contains { if case .reserve(.bond, _) = $0.counterpart { true } else { false } }
        guard hasBonds else { return [:] }
        var found: [Bytes32: DisputeID] = [:]
        for item in try await session.client.items("dispute_list", ["party": session.json(party)], limit: limit) {
            let dispute = try session.decode(item, as: DisputeView.self).dispute
            for round in 0..<DisputeLimits.rounds { found[dispute.bondSubject(round: round)] = dispute.id }
        }
        return found
    }

    private static let limit = 1_000_000

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
                names.time(entry.time), entry.label, counterpart(entry.counterpart, names),
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
        let sources = subtotals
        guard sources.count > 1 else { return }
        Console.out("")
        let subtotalRows = sources.map { one in
            [
                "", one.outgoing > .zero && one.incoming == .zero ? one.kind.label(isIncoming: false) : one.kind.name,
                counterpart(one.counterpart, names), number(one.incoming), number(one.outgoing), "",
            ]
        }
        Console.table(["", "WHAT", "WITH", "IN", "OUT", ""], Self.aligned(subtotalRows))
    }

    struct Subtotal {
        let kind: MovementKind
        let counterpart: Counterpart
        var incoming = Amount.zero
        var outgoing = Amount.zero
    }

    /// What came and went for each reason and counterpart, in the order of their first line: what each INFT brought, what
    /// each license cost, what was set aside and came back. They sum to the period's incoming and outgoing.
    var subtotals: [Subtotal] {
        var found: [Subtotal] = []
        for entry in entries {
            let index =
                found.firstIndex { $0.kind == entry.kind && $0.counterpart == entry.counterpart } ?? found.endIndex
            if index == found.endIndex {
                found.append(Subtotal(kind: entry.kind, counterpart: entry.counterpart))
            }
            let path = entry.isIncoming ? \Subtotal.incoming : \Subtotal.outgoing
            // At most the sum of the period, which was checked.
            found[index][keyPath: path] = found[index][keyPath: path].adding(entry.amount) ?? Amount(.max)
        }
        return found
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

    private func counterpart(_ counterpart: Counterpart, _ names: SessionNames) -> String {
        switch counterpart {
        case .party(let party): names.party(party)
        case .vault(let inft): "vault of \(names.id(inft))"
        case .reserve(.bond, let subject): "bond in the dispute \(names.id(dispute(subject)))"
        case .reserve(let kind, let subject): "\(kind.name) for \(names.id(LicenseID(subject.bytes)))"
        }
    }

    private func dispute(_ subject: Hash) -> DisputeID { disputes[subject.bytes] ?? DisputeID(subject.bytes) }

    static let csvHeader = "time,height,transaction,what,with,asset,in,out,balance,reference"

    /// Times are ISO 8601. Texts are ids, hashes and code names: nothing to quote, and nothing that a spreadsheet takes for
    /// a formula.
    func csv(_ session: Session, since: Timestamp?, until: Timestamp) -> [String] {
        let from = since.map { Self.iso($0) } ?? ""
        var lines = ["\(from),,,opening,,\(asset.code),,,\(number(summary.opening)),"]
        lines += entries.map { entry in
            let with =
                switch entry.counterpart {
                case .party(let party): session.text(party)
                case .vault(let inft): session.text(inft)
                case .reserve(.bond, let subject): "bond:\(session.text(dispute(subject)))"
                case .reserve(let kind, let subject): "\(kind.name):\(session.text(LicenseID(subject.bytes)))"
                }
            return [
                Self.iso(entry.time), "\(entry.height)", entry.transaction.description, entry.label, with,
                asset.code, entry.isIncoming ? number(entry.amount) : "", entry.isIncoming ? "" : number(entry.amount),
                number(entry.balanceAfter), entry.reference?.description ?? "",
            ].joined(separator: ",")
        }
        let totals = "\(number(sum(incoming: true))),\(number(sum(incoming: false)))"
        return lines + ["\(Self.iso(until)),,,closing,,\(asset.code),\(totals),\(number(summary.closing)),"]
    }

    /// `2026-01-01T12:00:00Z`
    static func iso(_ time: Timestamp) -> String {
        let parts = dateText(time).split(separator: " ")
        return "\(parts[0])T\(parts[1])Z"
    }

    func json(_ session: Session) throws -> JSONValue {
        var object = parameters(["asset": session.json(asset.id), "code": .string(asset.code)])
        object.append("scale", .unsigned(UInt64(asset.scale)))
        object.append("opening", try session.client.encode(summary.opening))
        object.append("incoming", try session.client.encode(sum(incoming: true)))
        object.append("outgoing", try session.client.encode(sum(incoming: false)))
        object.append("closing", try session.client.encode(summary.closing))
        object.append("entries", try session.client.encode(entries))
        object.append(
            "subtotals",
            .array(
                try subtotals.map { one in
                    .object([
                        "kind": .string(one.kind.name), "counterpart": try session.client.encode(one.counterpart),
                        "incoming": try session.client.encode(one.incoming),
                        "outgoing": try session.client.encode(one.outgoing),
                    ])
                }))
        return .object(object)
    }
}

extension MovementKind {
    /// What it is to whom the line belongs: a sale is the buyer's purchase.
    func label(isIncoming: Bool) -> String {
        switch self {
        case .sale where !isIncoming: "purchase"
        case .shareSale where !isIncoming: "sharePurchase"
        default: name
        }
    }
}

extension StatementEntry {
    fileprivate var label: String { kind.label(isIncoming: isIncoming) }
}
