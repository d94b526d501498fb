internal import Encoding
package import Primitives
package import StateModel

/// A statement, read straight from the state: lines are numbered, and their times never fall.
package struct Statement {
    private let party: Party
    private let asset: AssetID
    private let state: any StateReader
    package let balance: BalanceRecord
    /// The page that was read last, and its number.
    private var page: (number: UInt64, lines: [StatementEntry])?

    package init(of party: Party, _ asset: AssetID, in state: any StateReader) throws(Refusal) {
        self.party = party
        self.asset = asset
        self.state = state
        balance = try Balances.record(of: party, asset, in: state)
    }

    /// Line `index`. Precondition: it is below the balance's `entries`.
    package mutating func entry(_ index: UInt64) throws(Refusal) -> StatementEntry {
        let number = index / UInt64(StatementPage.lineCount)
        let line = Int(index % UInt64(StatementPage.lineCount))
        let lines: [StatementEntry]
        if let page, page.number == number {
            lines = page.lines
        } else {
            lines = try self.lines(ofPage: number)
            page = (number, lines)
        }
        guard line < lines.count else {
            throw .failed(StateFailure("line \(index) of the statement of \(party) is missing"))
        }
        return lines[line]
    }

    private func lines(ofPage number: UInt64) throws(Refusal) -> [StatementEntry] {
        let page = number < balance.pages ? try state.record(RevenueKeys.statement(party, asset, page: number)) : nil
        do throws(EncodingFailure) {
            return try number < balance.pages ? page?.lines() ?? [] : balance.lines()
        } catch {
            throw .failed(StateFailure("page \(number) of the statement of \(party) is damaged: \(error)"))
        }
    }

    /// The lines of the period, by binary search.
    mutating func range(since: Timestamp?, until: Timestamp?) throws(Refusal) -> Range<UInt64> {
        var start: UInt64 = 0
        var end = balance.entries
        if let since { start = try first(notBefore: since) }
        if let until { end = try first(notBefore: until) }
        return start..<max(start, end)
    }

    private mutating func first(notBefore time: Timestamp) throws(Refusal) -> UInt64 {
        var low: UInt64 = 0
        var high = balance.entries
        while low < high {
            let middle = low + (high - low) / 2
            if try entry(middle).time < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func balance(before index: UInt64) throws(Refusal) -> Amount {
        index == 0 ? .zero : try entry(index - 1).balanceAfter
    }
}
