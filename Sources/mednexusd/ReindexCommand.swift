import ArgumentParser
import Node

struct Reindex: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the indexes anew from state and blocks. The node must be stopped.",
        discussion: """
            Lists (accounts' transactions, events, what a party holds) come from indexes; balances, consents and licenses \
            do not. An index that is damaged or behind is repaired in place; if this is interrupted, the node does not \
            start until it has run to its end.
            """)

    @OptionGroup var options: HomeAloneOptions
    @Flag(help: "Only tell whether the indexes are what state and blocks imply; exit with 4 if not.") var check = false

    func run() async throws {
        try await reporting {
            let report = try Reindexing.run(home: options.nodeHome, isRepairing: !check) { line in
                if isTerminal { print("\r\(line)\u{1B}[K", terminator: "") }
            }
            if isTerminal { print("\r\u{1B}[K", terminator: "") }
            for line in report.lines { print(line) }
            guard !report.isClean else {
                print("Nothing had to be changed.")
                return
            }
            if check {
                throw NodeFailure(
                    .corruption, "the indexes differ from what the state implies: \(report.found)",
                    hint: "Run `mednexusd reindex`; the ledger itself is not affected.")
            }
            print("Repaired: \(report.found).")
        }
    }
}
