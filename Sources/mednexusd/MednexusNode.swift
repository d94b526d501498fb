import ArgumentParser
import Foundation
import Node

@main
struct MednexusNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mednexusd",
        abstract: "A validator or observer of a MedNexus ledger.",
        discussion: """
            A first network on this machine:
              mednexusd devnet --home /tmp/devnet
            A node of your own:
              mednexusd init --home HOME --genesis genesis.json
              mednexusd start --home HOME
            Exit codes: 0 done, 1 failure, 2 usage, 3 configuration, 4 corruption, 5 signing guard, 6 disk, 7 port, \
            8 home in use, 9 newer schema.
            """,
        version: NodeVersion.description,
        subcommands: [
            Initialize.self, Join.self, KeysCommand.self, Start.self, Devnet.self, GenesisCommand.self, Status.self,
            Peers.self, DoctorCommand.self, EpochCommand.self,
            ConfigurationCommand.self, BackupCommand.self, RestoreCommand.self, CompactCommand.self, Verify.self,
            Reindex.self, SnapshotCommand.self, ContentCommand.self, Version.self,
        ])
}

extension MednexusNode {
    /// As the parser does it, but errors of usage end with 2.
    static func main() async {
        ProcessMemory.keepFreed()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Foundation.exit(0)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            printError(fullMessage(for: error))
            Foundation.exit(NodeExit.usage.rawValue)
        }
    }
}

/// Where a node lives and what is set, however a command takes it.
protocol NodeHomeOptions: ParsableArguments {
    var home: String? { get }
    var settings: [String] { get }
}

extension NodeHomeOptions {
    var environment: [String: String] { ProcessInfo.processInfo.environment }

    var nodeHome: NodeHome { home.map { NodeHome($0) } ?? .standard(environment: environment) }

    func configuration() throws -> Configuration {
        let flags = try settings.map { text -> (key: String, text: String) in
            guard let equals = text.firstIndex(of: "=") else {
                throw NodeFailure(.usage, "--set takes KEY=VALUE, found \(text)")
            }
            return (String(text[..<equals]), String(text[text.index(after: equals)...]))
        }
        return try nodeHome.configuration(environment: environment, flags: flags)
    }
}

/// Of commands that run by the settings, or read them.
struct HomeOptions: NodeHomeOptions {
    @Option(help: .home)
    var home: String?

    @Option(name: .customLong("set"), help: "A setting for this run: KEY=VALUE, such as rpc.listen=127.0.0.1:9000.")
    var settings: [String] = []
}

/// Of commands for which no setting matters that holds for one run: they would forget it.
struct HomeAloneOptions: NodeHomeOptions {
    @Option(help: .home)
    var home: String?

    /// Taken to be refused with what to do instead.
    @Option(name: .customLong("set"), help: .hidden)
    var settings: [String] = []

    func validate() throws {
        guard settings.isEmpty else {
            throw ValidationError(
                "--set holds for one run, and this command runs no node. Write settings into HOME/config.toml.")
        }
    }
}

extension ArgumentHelp {
    fileprivate static let home: ArgumentHelp =
        "The node's folder. Default: $MEDNEXUS_HOME, else ~/.local/share/mednexusd."
}

/// Runs a command's body, and turns what it throws into a message and a documented exit code.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let failure as NodeFailure {
        printError("error: \(failure.message)")
        if !failure.hint.isEmpty { printError("  \(failure.hint)") }
        throw ArgumentParser.ExitCode(failure.exit.rawValue)
    }
}

func printError(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}
