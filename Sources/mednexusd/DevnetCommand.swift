import ArgumentParser
import Foundation
import Interface
import Node
import Primitives

struct Devnet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A local network: fresh keys, funded accounts, real node processes.",
        discussion: """
            mednexusd devnet --home /tmp/devnet        starts it, or takes an earlier one up again
            mednexusd devnet --validators 4 --home /tmp/devnet
            mednexusd devnet start node-b --home /tmp/devnet      after it ended
            mednexusd devnet advance 30d --home /tmp/devnet

            When it is ready it writes HOME/network.json and a wallet in HOME/wallet (passphrase: devnet).
            """,
        subcommands: [Run.self, StartNode.self, Advance.self], defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Starts the network and stays until it is stopped.")

        @Option(help: "Where the network lives. Default: a temporary folder, removed at the end.") var home: String?
        @Flag(help: "Keep a temporary folder.") var keep = false
        @Option(help: "How many validators, 1 to 100. Default: 1, or as many as the folder has.") var validators: Int?
        @Flag(help: "Only make keys, genesis, homes and wallet, for nodes that something else starts.")
        var prepare = false
        @Option(help: "The genesis template. Default: genesis/devnet.json, as it was when this program was built.")
        var template: String?
        @Option(help: "The first node's RPC port. Default: the one it had, else 7411; a free one if it is taken.")
        var rpcPort: Int?
        @Option(name: .customLong("set"), help: "A setting for every node: KEY=VALUE.") var settings: [String] = []

        func run() async throws {
            try await reporting {
                let folder = home ?? NSTemporaryDirectory() + "mednexus-devnet-\(getpid())"
                let network = DevnetFolder(path: URL(filePath: folder).standardizedFileURL.path)
                try await network.prepare(template: template, validators: validators, rpcPort: rpcPort)
                if prepare { return print("\(network.path) is prepared.") }
                defer { if home == nil, !keep { try? FileManager.default.removeItem(atPath: network.path) } }
                try await DevnetSupervisor.run(folder: network, settings: settings)
            }
        }
    }

    struct StartNode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "start", abstract: "Starts a node of a running local network that has ended.")

        @Argument(help: "The node: node-b.") var name: String
        @Option(help: "The network's folder.") var home: String

        func run() async throws {
            try await reporting {
                let folder = DevnetFolder(path: URL(filePath: home).standardizedFileURL.path)
                _ = try folder.network()
                if let descriptor = try folder.lock() {
                    close(descriptor)
                    throw NodeFailure(
                        .usage, "no devnet runs in \(folder.path)",
                        hint: "Start it: mednexusd devnet --home \(folder.path)")
                }
                guard folder.nodeNames.contains(name) else {
                    throw NodeFailure(
                        .usage, "there is no \(name)", hint: "There are: \(folder.nodeNames.joined(separator: ", ")).")
                }
                let answer = folder.answerFile(name)
                try? FileManager.default.removeItem(atPath: answer)
                try GenesisTemplate.replace("start\n", at: folder.requestFile(name))
                let deadline = ContinuousClock.now + .seconds(70)
                while ContinuousClock.now < deadline {
                    if let data = FileManager.default.contents(atPath: answer) {
                        let text = String(decoding: data.dropLast(), as: UTF8.self)
                        guard text.isEmpty else { throw NodeFailure(.failure, text) }
                        print("\(name) runs.")
                        return
                    }
                    try await Task.sleep(for: .milliseconds(50))
                }
                throw NodeFailure(.failure, "the devnet did not answer within a minute")
            }
        }
    }

    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts the clocks of a local network ahead, to see what expires, and waits for a block of then.")

        @Argument(help: "How far: 90s, 15m, 12h, 30d.") var duration: String
        @Option(help: "The network's folder.") var home: String

        func run() async throws {
            try await reporting {
                guard let milliseconds = Self.milliseconds(duration) else {
                    throw NodeFailure(.usage, "\(duration) is no duration: 90s, 15m, 12h or 30d")
                }
                let folder = DevnetFolder(path: home)
                _ = try folder.network()
                try await folder.putWalletAhead(milliseconds: milliseconds)
                let description = try folder.network()
                var running: [(url: String, time: UInt64)] = []
                for node in description["nodes"]?.array ?? [] {
                    guard let path = node["home"]?.string else { continue }
                    let nodeHome = NodeHome(path)
                    let offset = (nodeHome.clockOffset ?? 0) + milliseconds
                    // One that is down reads it when it starts.
                    try nodeHome.setClockOffset(milliseconds: offset)
                    if let pid = node["pid"]?.unsigned, kill(pid_t(pid), SIGHUP) == 0, let rpc = node["rpc"]?.string {
                        running.append((rpc, NodeClock.now.adding(milliseconds: offset).milliseconds))
                    }
                }
                guard !running.isEmpty else {
                    throw NodeFailure(.failure, "no node is running", hint: "Start the devnet first.")
                }
                guard await Self.waitForBlocks(on: running) else {
                    throw NodeFailure(
                        .failure, "clocks are \(duration) further ahead, but no block has come since",
                        hint: "mednexusd status tells why the chain stalls.")
                }
                print("Clocks are \(duration) further ahead, and so is block time.")
            }
        }

        /// By block time wallets say until when a transaction is valid: one that is signed before a block has the new time
        /// has expired when it comes.
        private static func waitForBlocks(on nodes: [(url: String, time: UInt64)]) async -> Bool {
            let deadline = ContinuousClock.now + .seconds(45)
            var open = nodes
            while ContinuousClock.now < deadline {
                var behind: [(url: String, time: UInt64)] = []
                for node in open {
                    let head = try? await NodeQuestions.value("chain_head", of: node.url)
                    if head?["time"]?.unsigned ?? 0 < node.time { behind.append(node) }
                }
                if behind.isEmpty { return true }
                open = behind
                try? await Task.sleep(for: .milliseconds(100))
            }
            return false
        }

        static func milliseconds(_ text: String) -> UInt64? {
            let units: [Character: UInt64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
            guard let unit = text.last.flatMap({ units[$0] }), let count = UInt64(text.dropLast()) else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: unit)
            return overflow || product > 100 * 365 * 86_400_000 ? nil : product
        }
    }
}
