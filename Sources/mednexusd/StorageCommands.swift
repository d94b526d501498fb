import ArgumentParser
import Foundation
import Node
import Primitives

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies the ledger, settings and genesis of a home into a new folder; the node may run meanwhile.",
        discussion: """
            mednexusd backup --home HOME /backups/2026-03-01

            Keys are in no backup, and neither is the signing guard: keep the keys apart. `mednexusd restore` makes a \
            home of it.
            """)

    @OptionGroup var options: HomeOptions
    @Argument(help: "Where to make it: a folder that is not there yet.") var folder: String

    func run() async throws {
        try await reporting {
            try options.refuseSettings()
            let line = ProgressLine("copied")
            let manifest = try Backup.make(of: options.nodeHome, in: folder, progress: line.bytes)
            line.end()
            let bytes = manifest.files.reduce(0) { $0 + $1.bytes }
            print("\(folder): blocks \(manifest.lowestBlock) to \(manifest.height) of network \(manifest.network),")
            print(
                "the state of block \(manifest.checkpoint ?? .genesis), \(Table.bytes(bytes)) in all. No keys, no guard."
            )
        }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Makes a new home of a backup.",
        discussion: """
            mednexusd restore --from /backups/2026-03-01 --home NEW --validator-key FILE --transport-key FILE

            Without a validator key the home is an observer's. A key that is put into it, now or later, may have signed \
            after the backup was made: it watches the rest of the epoch and the whole next one before it votes, and if \
            another machine votes with it meanwhile, the node stops.
            """)

    @OptionGroup var options: HomeOptions
    @Option(help: "The backup's folder.") var from: String
    @Option(help: "The validator key (a file with 64 hexadecimal digits). It watches an epoch before it votes.")
    var validatorKey: String?
    @Option(help: "The transport key (likewise); an enrolled validator needs the one it enrolled with. Default: drawn.")
    var transportKey: String?

    func run() async throws {
        try await reporting {
            try options.refuseSettings()
            let home = options.nodeHome
            let line = ProgressLine("copied")
            let manifest = try Backup.restore(
                from: from, to: home, validatorKey: try validatorKey.map { try NodeHome.keyBytes($0) },
                transportKey: try transportKey.map { try NodeHome.keyBytes($0) }, progress: line.bytes)
            line.end()
            print("Home \(home.path) of network \(manifest.network), at block \(manifest.height)")
            for line in try NodeIdentity.describe(home) { print(line) }
            print("Check it: mednexusd verify --home \(home.path)")
            print("Start it: mednexusd start --home \(home.path)")
        }
    }
}

/// One line that is drawn again and again while something takes long; only on a terminal.
final class ProgressLine {
    private let verb: String
    private let started = ContinuousClock.now
    private var drawn = ContinuousClock.now

    init(_ verb: String) { self.verb = verb }

    /// At most five times a second.
    func bytes(_ done: UInt64, of total: UInt64) {
        let now = ContinuousClock.now
        guard isTerminal, now - drawn > .milliseconds(200) else { return }
        drawn = now
        let perSecond = Double(done) / max(0.001, (now - started) / .seconds(1))
        draw("\(verb) \(Table.bytes(done)) of \(Table.bytes(max(done, total))), \(Table.bytes(UInt64(perSecond)))/s")
    }

    func draw(_ text: String) {
        FileHandle.standardOutput.write(Data("\r\(text)\u{1B}[K".utf8))
    }

    /// Clears the line for what is printed next.
    func end() {
        if isTerminal { FileHandle.standardOutput.write(Data("\r\u{1B}[K".utf8)) }
    }
}
