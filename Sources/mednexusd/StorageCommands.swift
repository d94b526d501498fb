import ArgumentParser
import Foundation
import Node
import Primitives
import Synchronization

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies the ledger, settings and genesis of a home into a new folder; the node may run meanwhile.",
        discussion: """
            mednexusd backup --home HOME /backups/2026-03-01

            Keys are in no backup, and neither are the signing guard and encrypted content: keep the keys apart, and copy \
            the content with the tools of its storage. `mednexusd restore` makes a home of it.
            """)

    @OptionGroup var options: HomeAloneOptions
    @Argument(help: "Where to make it: a folder that is not there yet.") var folder: String

    func run() async throws {
        try await reporting {
            let line = ProgressLine("copied")
            let manifest = try Backup.make(of: options.nodeHome, in: folder, progress: line.bytes)
            line.end()
            let bytes = manifest.files.reduce(0) { $0 + $1.bytes }
            print("\(folder): blocks \(manifest.lowestBlock) to \(manifest.height) of network \(manifest.network),")
            print(
                "the state of block \(manifest.checkpoint ?? .genesis), \(Table.bytes(bytes)) in all. No keys, no guard."
            )
            // The backup is made: settings that are wrong since are for others to tell.
            if let settings = try? options.configuration(), let held = ContentTools.holding(options.nodeHome, settings)
            {
                let what = held.blobs.map { "\($0) blobs, \(Table.bytes(held.bytes)), of " } ?? "what is in "
                print("Nor the encrypted content: \(what)\(held.place). Copy that with the tools of its storage.")
            }
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

    @OptionGroup var options: HomeAloneOptions
    @Option(help: "The backup's folder.") var from: String
    @Option(help: "The validator key (a file with 64 hexadecimal digits). It watches an epoch before it votes.")
    var validatorKey: String?
    @Option(help: "The transport key (likewise); an enrolled validator needs the one it enrolled with. Default: drawn.")
    var transportKey: String?

    func run() async throws {
        try await reporting {
            let home = options.nodeHome
            let line = ProgressLine("copied")
            let manifest = try Backup.restore(
                from: from, to: home, validatorKey: try validatorKey.map { try NodeHome.keyBytes($0) },
                transportKey: try transportKey.map { try NodeHome.keyBytes($0) }, progress: line.bytes)
            line.end()
            print("Home \(home.path) of network \(manifest.network), at block \(manifest.height)")
            for line in try NodeIdentity.describe(home) { print(line) }
            if let settings = try? options.configuration(), let held = ContentTools.holding(home, settings) {
                let has = held.blobs.map { " has \($0) blobs" } ?? " is where it was, if it is still there"
                print(
                    "Encrypted content: \(held.place)\(has), and no backup has any. Copy the old node's there before you "
                        + "start; what is missing is fetched only where a peer has it.")
            }
            print("Check it: mednexusd verify --home \(home.path)")
            print("Start it: mednexusd start --home \(home.path)")
        }
    }
}

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Gives disk back that the stores no longer need. The node must be stopped.",
        discussion: """
            Each store is copied without its free pages, and the copy takes its place. It takes as much free space as the \
            larger store will have, and may be stopped at any moment.
            """)

    @OptionGroup var options: HomeAloneOptions

    func run() async throws {
        try await reporting {
            let savings = try LedgerCompaction.run(options.nodeHome) { name, bytes in
                print("\(name): copying \(Table.bytes(bytes))")
            }
            for saving in savings {
                print("\(saving.name): \(Table.bytes(saving.before)), now \(Table.bytes(saving.after))")
            }
            print("\(Table.bytes(savings.reduce(0) { $0 + $1.before - min($1.before, $1.after) })) came back.")
        }
    }
}

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Replays the whole chain: hashes, certificates, signatures, roots, conservation. The node must be stopped.",
        discussion: """
            The replayed state is held in memory: about as much as HOME/ledger/state/data.mdb has. Ctrl-C ends it and \
            changes nothing. Of a home that keeps the last blocks only (storage.keep-blocks) it checks what is left, and \
            says what it could not.
            """)

    @OptionGroup var options: HomeAloneOptions

    func run() async throws {
        try await reporting {
            let line = ProgressLine("verified")
            let interrupt = Interrupt()
            do {
                let report = try await ChainVerification.run(home: options.nodeHome) { height, tip in
                    try interrupt.check()
                    line.blocks(height, of: tip)
                }
                line.end()
                for line in report.lines { print(line) }
            } catch is CancellationError {
                line.end()
                printError("Interrupted. Nothing was changed; nothing is said of the blocks that were not reached.")
                throw ArgumentParser.ExitCode(128 + SIGINT)
            }
        }
    }
}

/// Ctrl-C, where work is to end in order.
struct Interrupt: Sendable {
    private static let isRaised = Atomic(false)

    /// From now on Ctrl-C is noted instead of ending the process.
    init() { signal(SIGINT) { _ in Interrupt.isRaised.store(true, ordering: .relaxed) } }

    func check() throws(CancellationError) {
        if Self.isRaised.load(ordering: .relaxed) { throw CancellationError() }
    }
}

/// One line that is drawn again and again while something takes long; only on a terminal.
final class ProgressLine: Sendable {
    private let verb: String
    private let started = ContinuousClock.now
    private let drawn = Mutex(ContinuousClock.now)

    init(_ verb: String) { self.verb = verb }

    /// At most five times a second.
    private var isDue: Bool {
        let now = ContinuousClock.now
        return isTerminal
            && drawn.withLock { drawn in
                guard now - drawn > .milliseconds(200) else { return false }
                drawn = now
                return true
            }
    }

    private var seconds: Double { max(0.001, (ContinuousClock.now - started) / .seconds(1)) }

    func bytes(_ done: UInt64, of total: UInt64) {
        guard isDue else { return }
        let perSecond = UInt64(Double(done) / seconds)
        draw("\(verb) \(Table.bytes(done)) of \(Table.bytes(max(done, total))), \(Table.bytes(perSecond))/s")
    }

    func blocks(_ height: Height, of tip: Height) {
        guard isDue else { return }
        let perSecond = Double(height.value) / seconds
        let left = ProgressText.duration(Double(tip.value - height.value) / max(0.001, perSecond))
        draw("\(verb) block \(height) of \(tip), \(Int(perSecond)) blocks/s, about \(left) left")
    }

    private func draw(_ text: String) {
        FileHandle.standardOutput.write(Data("\r\(text)\u{1B}[K".utf8))
    }

    /// Clears the line for what is printed next.
    func end() {
        if isTerminal { FileHandle.standardOutput.write(Data("\r\u{1B}[K".utf8)) }
    }
}
