import ArgumentParser
import Interface
import Primitives
import WalletKit

struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "The networks that this wallet trusts, by their genesis.",
        discussion: example("network list"), subcommands: [NetworkAdd.self, NetworkListCommand.self])
}

struct NetworkAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Pins a network: its genesis hash, and a node to ask.",
        discussion: """
            Learn the genesis hash from somewhere you trust, not from the node.

            \(example(
                "network add devnet --node http://127.0.0.1:7411 --genesis 3f1c…",
                "network add main --node https://ledger.example.org --genesis 3f1c… --checkpoint 120000:9a0b…"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "What you call it.") var name: String
    @Option(help: ArgumentHelp("The genesis hash, 64 hexadecimal digits.", valueName: "hash")) var genesis: String?
    @Option(help: ArgumentHelp("HEIGHT:HASH of a final block that you trust.", valueName: "height:hash"))
    var checkpoint: String?
    @Flag(help: "Use it where no --network is given.") var standard = false

    func run() async throws {
        let home = try globals.walletHome
        let lock = try home.lock()
        defer { withExtendedLifetime(lock) {} }
        guard let node = globals.nodeOverride else {
            throw WalletFailure(.usage, "which node?", hint: "Name it: --node http://127.0.0.1:7411")
        }
        let client = NodeClient(url: node, networkKind: .test)
        let status = try await client.status()
        guard let genesis else {
            throw WalletFailure(
                .usage, "--genesis is needed: what the network is",
                hint: "This node says \(status.network). Compare it with what the network's operators publish.")
        }
        guard let bytes = Hexadecimal.decode(genesis).flatMap({ Bytes32($0) }) else {
            throw WalletFailure(.usage, "\(genesis) is no hash", hint: "64 lower-case hexadecimal digits.")
        }
        let pinned = checkpoint.flatMap { PinnedNetwork.Checkpoint($0) }
        guard checkpoint == nil || pinned != nil else {
            throw WalletFailure(.usage, "\(checkpoint ?? "") is no checkpoint", hint: "Write HEIGHT:HASH.")
        }
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        let network = PinnedNetwork(
            name: name, node: node, genesis: Hash(bytes), kind: status.networkKind == "main" ? .main : .test,
            checkpoint: pinned)
        _ = try await NodeClient(url: node, networkKind: network.kind).verify(network)
        var list = try home.networks()
        try list.add(network)
        if standard { try list.setStandard(name) }
        try home.save(list)
        if globals.json {
            Console.out(NetworkListCommand.json(network, isStandard: list.standard == name).text)
        } else {
            Console.out("Pinned \(name) (\(network.isTest ? "test" : "main") network) at height \(status.head.height).")
            if pinned == nil {
                Console.err(
                    "Without --checkpoint HEIGHT:HASH answers are believed, not proven, and no content key can be delivered."
                )
            }
        }
    }
}

struct NetworkListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The pinned networks.", discussion: example("network list"))
    @OptionGroup var globals: Globals

    static func json(_ network: PinnedNetwork, isStandard: Bool) -> JSONValue {
        var object = JSONObject()
        object.append("name", .string(network.name))
        object.append("node", .string(network.node))
        object.append("genesis", .string(network.genesis.description))
        object.append("kind", .string(network.isTest ? "test" : "main"))
        object.append("isStandard", .boolean(isStandard))
        if let checkpoint = network.checkpoint {
            object.append("checkpoint", .string("\(checkpoint.height):\(checkpoint.blockHash)"))
        }
        return .object(object)
    }

    func run() async throws {
        let list = try globals.walletHome.networks()
        if globals.json {
            let items = list.networks.map { Self.json($0, isStandard: $0.name == list.standard) }
            return Console.out(JSONValue.array(items).text)
        }
        guard !list.networks.isEmpty else {
            return Console.out("None is pinned. Add one: mednexus network add NAME --node URL --genesis HASH")
        }
        Console.table(
            ["NAME", "KIND", "NODE", "GENESIS", "CHECKPOINT"],
            list.networks.map {
                [
                    $0.name + ($0.name == list.standard ? " *" : ""), $0.isTest ? "test" : "main", $0.node,
                    $0.genesis.description,
                    $0.checkpoint.map { "\($0.height):\($0.blockHash)" } ?? "none",
                ]
            })
    }
}
