import ArgumentParser
import FoundationEssentials
import Node
import Primitives
import WalletKit

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "States of past epochs' ends, in proven chunks: for nodes that join.",
        discussion: """
            A running node takes one at an epoch's end (snapshots.keep, snapshots.minutes) and hands it to peers that start \
            with sync.mode = "snapshot". Here they are listed, copied to a disk, and taken from one.
            """, subcommands: [List.self, Export.self, Import.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The snapshots of a home.")
        @OptionGroup var options: HomeAloneOptions

        func run() async throws {
            try await reporting {
                let all = Snapshots.list(options.nodeHome)
                guard !all.isEmpty else {
                    print("There is none. One is taken at an epoch's end; see snapshots.keep and snapshots.minutes.")
                    return
                }
                for one in all { print(SnapshotCommand.line(one) + "  " + one.path) }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Copies a snapshot; the node may run.")
        @OptionGroup var options: HomeAloneOptions
        @Option(help: "Of which block; the newest if absent.") var height: UInt64?
        @Argument(help: "The folder to make.") var target: String

        func run() async throws {
            try await reporting {
                let made = try Snapshots.export(options.nodeHome, height: height, to: target) { done, all in
                    if isTerminal { print("\rchunk \(done) of \(all)\u{1B}[K", terminator: "") }
                }
                if isTerminal { print("\r\u{1B}[K", terminator: "") }
                print(SnapshotCommand.line(made))
                print("Copied to \(target). On another machine: mednexusd snapshot import --home HOME \(target)")
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the ledger of a home that never ran from a snapshot; each chunk is proven.",
            discussion: """
                The home is made before, with `mednexusd init` or `join`. What is interrupted goes on when it is repeated. \
                The evidence begins at genesis. Who has the snapshot's own block from operators that they trust says it with \
                --checkpoint: then it has to be that one.
                """)
        @OptionGroup var options: HomeOptions
        @Option(help: "HEIGHT:HASH of the snapshot's block, if you have it from somebody you trust.") var checkpoint:
            String?
        @Argument(help: "The folder of the snapshot.") var source: String

        func run() async throws {
            try await reporting {
                let configuration = try options.configuration()
                let made = try Snapshots.take(
                    from: source, into: options.nodeHome,
                    checkpoint: checkpoint ?? configuration.text("sync.checkpoint"),
                    mapGibibytes: configuration.number("storage.map-gibibytes"),
                    progress: { done, all in
                        if isTerminal { print("\rchunk \(done) of \(all)\u{1B}[K", terminator: "") }
                    },
                    finishing: { count in
                        if isTerminal { print("\rtrie and indexes: \(count) entries\u{1B}[K", terminator: "") }
                    })
                if isTerminal { print("\r\u{1B}[K", terminator: "") }
                print(SnapshotCommand.line(made))
                print("Taken. The node goes on behind this block: mednexusd start --home \(options.nodeHome.path)")
            }
        }
    }

    static func line(_ one: Snapshots.Listing) -> String {
        "block \(one.height) \(one.blockHash) of \(dateText(one.time)): \(one.entries) entries, \(one.chunks) chunks,"
            + " \(one.bytes) bytes"
    }
}
