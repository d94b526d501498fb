import ArgumentParser
import FoundationEssentials
import WalletKit

/// What every command takes: which wallet, which network, who acts, and how to answer.
struct ReadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The pinned network; the standard one if absent.", valueName: "name"))
    var network: String?

    @Option(help: ArgumentHelp("The node to speak to, instead of the pinned one (or MEDNEXUS_NODE).", valueName: "url"))
    var node: String?

    @Option(help: ArgumentHelp("The wallet's folder (or MEDNEXUS_WALLET_HOME).", valueName: "folder"))
    var home: String?

    @Option(help: ArgumentHelp("The account that acts; needed if the wallet has several.", valueName: "name"))
    var from: String?

    @Option(help: ArgumentHelp("The organization that the account acts for.", valueName: "org"))
    var actingFor: String?

    @Flag(help: "Write JSON, and nothing else, to standard output.")
    var json = false
}

/// What commands take that sign.
struct SignOptions: ParsableArguments {
    @Flag(name: [.customLong("yes"), .customShort("y")], help: "Sign without asking.")
    var yes = false

    @Flag(inversion: .prefixedNo, help: "Wait until what was sent is final.")
    var wait = true

    @Option(
        name: .customLong("as"), help: ArgumentHelp("Calls what the command makes so, from now on.", valueName: "name"))
    var named: String?

    @Flag(help: "Lets --as take a name from what it means until now.")
    var moveName = false

    @Option(help: ArgumentHelp("Another account of this wallet that also signs (repeatable).", valueName: "name"))
    var coSign: [String] = []

    @Option(help: ArgumentHelp("Write the unsigned transaction into a file, for tx sign.", valueName: "file"))
    var buildOnly: String?

    @Option(help: ArgumentHelp("How long it may wait for a block: 10m; 12h with --build-only.", valueName: "duration"))
    var validFor: String?
}

/// The options that commands share, whichever of them their help shows.
protocol GlobalOptions {
    var reading: ReadOptions { get }
    var signing: SignOptions { get }
    /// True of commands that sign nothing.
    var isReading: Bool { get }
}

/// Of commands that sign.
struct Globals: ParsableArguments, GlobalOptions {
    @OptionGroup var reading: ReadOptions
    @OptionGroup var signing: SignOptions
    var isReading: Bool { false }
}

/// Of commands that only read: what is for signing is taken, since a script may give all commands the same options, and not
/// shown.
struct ReadGlobals: ParsableArguments, GlobalOptions {
    @OptionGroup var reading: ReadOptions
    @OptionGroup(visibility: .hidden) var signing: SignOptions
    var isReading: Bool { true }
}

extension GlobalOptions {
    var network: String? { reading.network }
    var node: String? { reading.node }
    var home: String? { reading.home }
    var from: String? { reading.from }
    var actingFor: String? { reading.actingFor }
    var json: Bool { reading.json }
    var yes: Bool { signing.yes }
    var wait: Bool { signing.wait }
    var named: String? { signing.named }
    var moveName: Bool { signing.moveName }
    var coSign: [String] { signing.coSign }
    var buildOnly: String? { signing.buildOnly }
    var validFor: String? { signing.validFor }

    var walletHome: WalletHome {
        get throws(WalletFailure) { try WalletHome.resolve(explicit: home) }
    }

    var nodeOverride: String? {
        node ?? ProcessInfo.processInfo.environment["MEDNEXUS_NODE"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A command of the wallet. Whatever it throws becomes a message and an exit code in ``Mednexus/main()``.
protocol WalletCommand: AsyncParsableCommand {
    associatedtype Options: GlobalOptions
    var globals: Options { get }
    func perform(_ session: Session) async throws
}

extension WalletCommand {
    func run() async throws {
        let session = try await Session.open(globals)
        do {
            try await perform(session)
        } catch let failure as WalletFailure {
            throw session.plainNames.translated(failure)
        }
    }
}

/// What a command group's help shows below: how it is typed.
func example(_ lines: String...) -> String {
    (lines.count == 1 ? "EXAMPLE:\n" : "EXAMPLES:\n") + lines.map { "  mednexus " + $0 }.joined(separator: "\n")
}
