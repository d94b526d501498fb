import ArgumentParser
import Cryptography
import Foundation
import Interface
import Node
import Primitives
import UnixSignals
import WalletKit

struct Devnet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A local network: fresh keys, funded accounts, one real node process.",
        discussion: """
            mednexusd devnet --home /tmp/devnet        starts it, or takes an earlier one up again
            mednexusd devnet advance 30d --home /tmp/devnet

            When it is ready it writes HOME/network.json and a wallet in HOME/wallet (passphrase: devnet).
            """,
        subcommands: [Run.self, Advance.self], defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Starts the network and stays until it is stopped.")

        @Option(help: "Where the network lives. Default: a temporary folder, removed at the end.") var home: String?
        @Flag(help: "Keep a temporary folder.") var keep = false
        @Flag(help: "Make keys, genesis and homes in --home, and start nothing.") var prepare = false
        @Option(help: "How many validators. This version runs one.") var validators = 1
        @Option(help: "The genesis template.") var template: String?
        @Option(help: "The RPC port that is tried first.") var rpcPort = 7411
        @Option(name: .customLong("set"), help: "A setting for the node: KEY=VALUE.") var settings: [String] = []

        func run() async throws {
            try await reporting {
                guard validators == 1 else {
                    throw NodeFailure(
                        .usage, "this version runs a network of one validator",
                        hint: "Leave --validators out, or say --validators 1.")
                }
                guard !prepare || home != nil else { throw NodeFailure(.usage, "--prepare needs --home") }
                let folder = home ?? NSTemporaryDirectory() + "mednexus-devnet-\(getpid())"
                let network = DevnetFolder(path: URL(filePath: folder).standardizedFileURL.path)
                try await network.prepare(template: template)
                if prepare {
                    print("The homes of a local network are in \(network.path)")
                    return
                }
                defer { if home == nil, !keep { try? FileManager.default.removeItem(atPath: network.path) } }
                try await DevnetProcess(folder: network, settings: settings, rpcPort: rpcPort).run()
            }
        }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts the clocks of a local network ahead, to see what expires.")

        @Argument(help: "How far: 90s, 15m, 12h, 30d.") var duration: String
        @Option(help: "The network's folder.") var home: String

        func run() async throws {
            try await reporting {
                guard let milliseconds = Self.milliseconds(duration) else {
                    throw NodeFailure(.usage, "\(duration) is no duration: 90s, 15m, 12h or 30d")
                }
                let folder = DevnetFolder(path: home)
                let description = try folder.network()
                for node in description["nodes"]?.array ?? [] {
                    guard let path = node["home"]?.string, let pid = node["pid"]?.unsigned else { continue }
                    let nodeHome = NodeHome(path)
                    let offset = (nodeHome.clockOffset ?? 0) + milliseconds
                    try nodeHome.setClockOffset(milliseconds: offset)
                    guard kill(pid_t(pid), SIGHUP) == 0 else {
                        throw NodeFailure(.failure, "node \(pid) is not running", hint: "Start the devnet first.")
                    }
                }
                print("Clocks are \(duration) further ahead; the next block carries the new time.")
            }
        }

        static func milliseconds(_ text: String) -> UInt64? {
            let units: [Character: UInt64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            guard let unit = text.last.flatMap({ units[$0] }), let count = UInt64(text.dropLast()) else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: unit)
            return overflow || product > 100 * 365 * 86_400_000 ? nil : product
        }
    }
}

/// The folder of a local network: `genesis.json`, `network.json`, `node-a/`, `wallet/`.
struct DevnetFolder {
    static let passphrase = "devnet"
    let path: String

    var nodeHome: NodeHome { NodeHome(path + "/node-a") }
    var wallet: Wallet { Wallet(home: WalletHome(path: path + "/wallet")) }
    var networkFile: String { path + "/network.json" }

    func network() throws -> JSONValue {
        guard let data = FileManager.default.contents(atPath: networkFile),
            let value = try? JSONParser.parse([UInt8](data))
        else {
            throw NodeFailure(.usage, "no devnet runs in \(path)", hint: "Start it: mednexusd devnet --home \(path)")
        }
        return value
    }

    /// Makes keys, genesis and node home the first time.
    func prepare(template: String?) async throws {
        if let running = try? network(), let pid = running["nodes"]?.array?.first?["pid"]?.unsigned,
            kill(pid_t(pid), 0) == 0
        {
            throw NodeFailure(
                .homeInUse, "a devnet runs in \(path) already (node \(pid))", hint: "Use it, or name another --home.")
        }
        try? FileManager.default.removeItem(atPath: networkFile)
        guard !nodeHome.exists else { return }
        let template = try template ?? Self.standardTemplate()
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let accounts = try makeWallet(names: GenesisTemplate.accountNames(template))
            let key = NodeRandom.bytes32()
            let text = try GenesisTemplate.fill(
                template, name: nil,
                accounts: { name in
                    guard let address = accounts[name] else { preconditionFailure("the template named \(name) before") }
                    return address
                }, validators: [try NodeHome.address(of: key)], time: NodeClock.now)
            try GenesisTemplate.replace(text, at: path + "/genesis.json")
            try nodeHome.create(genesis: text, validatorKey: SecretKeyBytes(key))
        } catch let failure as WalletFailure {
            throw NodeFailure(.failure, failure.message, hint: failure.hint)
        } catch let failure as NodeFailure {
            throw failure
        } catch {
            throw NodeFailure(.disk, "can't write \(path): \(error.localizedDescription)")
        }
    }

    /// Beside the program's sources, or beside the program.
    private static func standardTemplate() throws -> String {
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var folders = [URL(filePath: FileManager.default.currentDirectoryPath), program]
        var parent = program
        for _ in 0..<5 {
            parent.deleteLastPathComponent()
            folders.append(parent)
        }
        folders.append(URL(filePath: "/usr/share/mednexus"))
        for folder in folders {
            let file = folder.appending(path: "genesis/devnet.json").path
            if FileManager.default.fileExists(atPath: file) { return file }
        }
        throw NodeFailure(.configuration, "genesis/devnet.json is not found", hint: "Name it with --template.")
    }

    private func makeWallet(names: [String]) throws -> [String: Address] {
        Wallet.start()
        var keystore = try wallet.create(passphrase: SecretBytes(Array(Self.passphrase.utf8)))
        var accounts: [String: Address] = [:]
        for name in names {
            accounts[name] = try wallet.addAccount(name, network: .test, to: &keystore).address
        }
        return accounts
    }

    /// Pins the network in the wallet and names its organizations.
    func pin(node url: String, genesis: Hash, template names: [String]) throws {
        var networks = try wallet.home.networks()
        try networks.add(PinnedNetwork(name: "devnet", node: url, genesis: genesis, kind: .test))
        try wallet.home.save(networks)
        var book = try wallet.home.addressBook()
        for name in names {
            try book.add(name + "-org", .organization(GenesisTemplate.organization(name)), on: genesis)
        }
        try wallet.home.save(book)
    }
}
