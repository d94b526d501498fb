import ArgumentParser
import Interface
import Primitives
import Proofs
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
            Learn the genesis from somewhere you trust, not from the node. With the network's genesis.json, which its \
            operators publish, the wallet knows what to prove answers from: the genesis block. With the hash alone it \
            believes the node, until --checkpoint names a final block; whoever trusts a node can ask it for one: \
            mednexus node status, or mednexusd status on its machine.

            \(example(
                "network add devnet --node http://127.0.0.1:7411 --genesis genesis.json",
                "network add devnet --node http://127.0.0.1:7411 --genesis 3f1c…",
                "network add main --node https://ledger.example.org --genesis 3f1c… --checkpoint 120000:9a0b…"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "What you call it.") var name: String
    @Option(
        help: ArgumentHelp(
            "The genesis hash, 64 hexadecimal digits; or the network's genesis.json, which also is what to prove answers from.",
            valueName: "hash or file"))
    var genesis: String?
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
        let (hash, first) = try Self.genesis(genesis)
        let named = checkpoint.flatMap { PinnedNetwork.Checkpoint($0) }
        guard checkpoint == nil || named != nil else {
            throw WalletFailure(.usage, "\(checkpoint ?? "") is no checkpoint", hint: "Write HEIGHT:HASH.")
        }
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        let network = PinnedNetwork(
            name: name, node: node, genesis: hash, kind: status.networkKind == "main" ? .main : .test,
            checkpoint: named ?? first)
        _ = try await NodeClient(url: node, networkKind: network.kind).verify(network)
        var list = try home.networks()
        try list.add(network)
        if standard { try list.setStandard(name) }
        try home.save(list)
        let pinned = try list.network(name).checkpoint
        if globals.json {
            Console.out(NetworkListCommand.json(network, isStandard: list.standard == name).text)
        } else {
            Console.out("Pinned \(name) (\(network.isTest ? "test" : "main") network) at height \(status.head.height).")
            if let pinned {
                return Console.out("Answers are proven from block \(pinned.height), \(pinned.blockHash).")
            }
            Console.err(
                "No block is trusted: answers are believed, not proven, revenue statement needs --no-proofs, and no content key"
                    + " can be delivered. Add the network again with --genesis genesis.json, or with --checkpoint"
                    + " HEIGHT:HASH of a final block, learned from somewhere you trust.")
        }
    }

    /// A hash, or a genesis document: its hash, and the block it makes.
    private static func genesis(
        _ text: String
    ) throws(WalletFailure) -> (hash: Hash, checkpoint: PinnedNetwork.Checkpoint?) {
        if let bytes = Hexadecimal.decode(text).flatMap({ Bytes32($0) }) { return (Hash(bytes), nil) }
        guard (try? ContentFile(path: text)) != nil else {
            throw WalletFailure(
                .usage, "\(text) is neither a hash nor a file",
                hint: "64 lower-case hexadecimal digits, or genesis.json.")
        }
        let found = try ProofFile.checkpoint(genesisFile: text)
        return (found.network, PinnedNetwork.Checkpoint(height: found.height, blockHash: found.blockHash))
    }
}

struct NetworkListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The pinned networks.", discussion: example("network list"))
    @OptionGroup var globals: ReadGlobals

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
