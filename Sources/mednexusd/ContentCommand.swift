import ArgumentParser
import Foundation
import Node
import Primitives

struct ContentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content", abstract: "The encrypted content that a node keeps (content.backend).",
        discussion: """
            mednexusd content list --home HOME
            mednexusd content verify --home HOME
            mednexusd content log verify --home HOME --known LINE:HASH
            """, subcommands: [List.self, Check.self, Collect.self, Log.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is stored, and what was erased; the node may run.")
        @OptionGroup var options: HomeOptions

        func run() async throws {
            try await reporting {
                let listing = try await ContentTools.list(options.nodeHome, try options.configuration())
                for line in Table.lines(
                    ["ROOT", "SIZE", "STORED", "OF"],
                    listing.blobs.map { blob in
                        [
                            "\(blob.root)", Table.bytes(blob.size), ContentCommand.time(blob.storedAt),
                            blob.party ?? "copy",
                        ]
                    })
                { print(line) }
                for one in listing.erased {
                    print("\(one.root)  erased \(ContentCommand.time(one.time)), receipt \(one.receipt)")
                }
                let bytes = listing.blobs.reduce(0) { $0 + $1.size }
                print("\(listing.blobs.count) blobs, \(Table.bytes(bytes)), \(listing.erased.count) erased.")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Reads every byte and compares it with the roots; the node may run.")
        @OptionGroup var options: HomeOptions
        @Option(help: "Only this content.") var root: String?

        func run() async throws {
            try await reporting {
                let wanted = try root.map { try ContentCommand.hash($0) }
                let line = ProgressLine("verified")
                let interrupt = Interrupt()
                do {
                    let report = try await ContentTools.verify(
                        options.nodeHome, try options.configuration(), root: wanted
                    ) { done, all in
                        try interrupt.check()
                        line.bytes(done, of: all)
                    }
                    line.end()
                    for one in report.damaged { print("\(one.root): \(one.damage)") }
                    guard report.damaged.isEmpty else {
                        throw NodeFailure(
                            .corruption, "\(report.damaged.count) of \(report.count) blobs are damaged",
                            hint:
                                "Check the disk. Remove their folders while the node is stopped; it fetches them from peers."
                        )
                    }
                    print("\(report.count) blobs are whole.")
                } catch is CancellationError {
                    line.end()
                    printError("Interrupted. Nothing was changed.")
                    throw ArgumentParser.ExitCode(128 + SIGINT)
                }
            }
        }
    }

    struct Collect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Removes what no version on the ledger names (content.grace-hours). The node must be stopped.",
            discussion: "A running node does it by itself, every ten minutes.")
        @OptionGroup var options: HomeOptions

        func run() async throws {
            try await reporting {
                let report = try await ContentTools.collect(options.nodeHome, try options.configuration())
                for root in report.removed { print("\(root)  removed: no version names it") }
                for root in report.erased { print("\(root)  erased") }
                print(
                    "\(report.removed.count) removed, \(report.erased.count) erased, "
                        + "\(report.abandonedUploads) unfinished uploads given up.")
            }
        }
    }

    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Who did what with which content.", subcommands: [Show.self, Verify.self])

        struct Show: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "The lines that are kept, oldest first; the node may run.",
                discussion: "LINE TIME ACT WHO ROOT OFFSET LENGTH HASH; times are Unix milliseconds.")
            @OptionGroup var options: HomeOptions
            @Option(help: "Only of this content.") var root: String?

            func run() async throws {
                try await reporting {
                    let wanted = try root.map { try ContentCommand.hash($0).description }
                    _ = try ContentTools.verifyLog(options.nodeHome, try options.configuration(), known: nil) { line in
                        if wanted.map({ line.contains(" \($0) ") }) ?? true { print(line) }
                    }
                }
            }
        }

        struct Verify: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Checks that no line was changed or taken out; the node may run.",
                discussion: """
                    Lines that are missing at the end show only to who noted how it ended: keep what this prints, and give \
                    it the next time.
                    """)
            @OptionGroup var options: HomeOptions
            @Option(help: "LINE:HASH that was printed before.") var known: String?

            func run() async throws {
                try await reporting {
                    let known = try known.map { text -> (line: UInt64, hash: Hash) in
                        let parts = text.split(separator: ":")
                        guard parts.count == 2, let line = UInt64(parts[0]) else {
                            throw NodeFailure(.usage, "--known takes LINE:HASH, found \(text)")
                        }
                        return (line, try ContentCommand.hash(String(parts[1])))
                    }
                    let report = try ContentTools.verifyLog(
                        options.nodeHome, try options.configuration(), known: known
                    ) { _ in }
                    print(
                        "\(report.lines) lines in \(report.files) files of \(report.folder), from line \(report.firstLine) on,"
                    )
                    print(
                        "each follows from the one before it. The log ends with \(report.lastLine):\(report.lastHash)")
                    if report.isTorn { print("A last line is half written: the node is at it, or was stopped in it.") }
                }
            }
        }
    }

    private static func hash(_ text: String) throws -> Hash {
        guard let bytes = Hexadecimal.decode(text).flatMap({ Bytes32($0) }) else {
            throw NodeFailure(.usage, "\(text) is no root: 64 lower-case hexadecimal digits")
        }
        return Hash(bytes)
    }

    private static func time(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.milliseconds) / 1000).formatted(.iso8601)
    }
}
