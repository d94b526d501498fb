import ArgumentParser
import Blocks
import Foundation
import Node
import Primitives

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "A node's keys, and the request to become a validator with them.",
        subcommands: [New.self, Show.self, Request.self, RecoverGuard.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the keys of a node before its network exists; never overwrites one.",
            discussion: """
                For the founders of a network: each makes keys, and hands what `mednexusd keys show` prints to whoever \
                writes the genesis. `mednexusd init` on the same --home takes these keys.
                """)

        @OptionGroup var options: HomeAloneOptions
        @Flag(help: "No validator key: only the one that names the node to its peers.") var observer = false

        func run() async throws {
            try await reporting {
                let home = options.nodeHome
                let made = try home.makeKeys(validator: !observer && !home.exists)
                print(made.isEmpty ? "All keys are there." : "Made \(made.joined(separator: ", ")).")
                for line in try NodeIdentity.describe(home) { print(line) }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "The public keys: the validator's address, and the transport key that names the node to its peers.")

        @OptionGroup var options: HomeAloneOptions

        func run() async throws {
            try await reporting { for line in try NodeIdentity.describe(options.nodeHome) { print(line) } }
        }
    }

    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a request to be enrolled as a validator, proved by both keys.",
            discussion: """
                mednexusd keys request --home HOME --name node-e --institution tmnxorg1… > enroll.cbor

                Hand the file to a validator's institution, which proposes it: \
                mednexus governance propose enroll --request enroll.cbor --acting-for INSTITUTION
                """)

        @OptionGroup var options: HomeAloneOptions
        @Option(help: "What people call the node; one name each in a network.") var name: String
        @Option(help: "The enrolled institution that runs it: an organization's id.") var institution: String
        @Option(help: "Where to write it. Default: standard output, if that is no terminal.") var out: String?

        func run() async throws {
            try await reporting {
                let bytes = try NodeIdentity.request(options.nodeHome, name: name, institution: institution)
                if let out {
                    guard FileManager.default.createFile(atPath: out, contents: Data(bytes)) else {
                        throw NodeFailure(.disk, "can't write \(out)")
                    }
                } else if isTerminal {
                    throw NodeFailure(.usage, "a request is bytes, not text", hint: "Add > enroll.cbor, or --out FILE.")
                } else {
                    FileHandle.standardOutput.write(Data(bytes))
                }
            }
        }
    }
}

extension KeysCommand {
    struct RecoverGuard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a guard for a validator key that lost its own. The key then watches before it votes.",
            discussion: """
                The guard remembers what the key signed last. Without it nobody knows, and a second copy of the key may \
                run elsewhere. The node catches up, watches the rest of the epoch and the whole next one, and votes from \
                then on if no vote by its key appeared; if one did, it stops. First make sure that no other machine has \
                this key.
                """)

        @OptionGroup var options: HomeAloneOptions
        @OptionGroup var otherCopy: NoOtherCopy

        func run() async throws {
            try await reporting {
                try otherCopy.require()
                try options.nodeHome.recoverGuard()
                print(
                    """
                    The key watches the rest of the epoch and the whole next one, then it votes. `mednexusd start` runs \
                    the node as before; `mednexusd status` says from which epoch on it votes.
                    If the network makes no blocks without this key (it is the only validator, or too many watch), that \
                    epoch never ends: begin a new one, mednexusd epoch restart --help
                    """)
            }
        }
    }
}

/// What only a person can know, for commands that give a key its voice back.
struct NoOtherCopy: ParsableArguments {
    @Flag(help: "I made sure that no other machine has this key.") var noOtherCopy = false

    func require() throws {
        guard noOtherCopy else {
            throw NodeFailure(
                .usage, "a key that votes on two machines harms its institution and the network",
                hint: "If no other machine has this key, say so: --no-other-copy.")
        }
    }
}

struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the home of a node that joins a running network.",
        discussion: """
            mednexusd join --home HOME --genesis genesis.json --genesis-hash HASH --peer KEY@HOST:PORT …

            The node follows the chain at once; it votes once the validators have enrolled its keys.
            """)

    @OptionGroup var options: HomeAloneOptions
    @Option(help: "The network's genesis file.") var genesis: String
    @Option(help: "Its hash, told by someone you trust. Any other file is refused.") var genesisHash: String
    @Option(help: "A node to connect to: KEY@HOST:PORT. Give several, of different institutions.") var peer: [String]
    @Flag(help: "No validator key: a node that serves reads and never votes.") var observer = false
    @Option(help: KeyHistory.help) var keyHistory: KeyHistory?
    @Option(help: "HOST:PORT where others reach this node.") var advertise: String?
    @Flag(help: "Listen for no one, only dial out: a node behind a firewall.") var outboundOnly = false

    func run() async throws {
        try await reporting {
            let text = try GenesisInput.read(genesis, hash: genesisHash)
            if let wrong = peer.first(where: { PeerContact($0) == nil }) {
                throw NodeFailure(
                    .usage, "\(wrong) is no KEY@HOST:PORT", hint: "Its operator's `mednexusd keys show` prints the key."
                )
            }
            if let advertise, PeerHost.parse(advertise) == nil {
                throw NodeFailure(.usage, "\(advertise) is no HOST:PORT")
            }
            guard advertise == nil || !outboundOnly else {
                throw NodeFailure(.usage, "--outbound-only listens for no one: leave --advertise out")
            }
            var settings: [(key: String, value: Setting.Default)] = [("p2p.peers", .list(peer))]
            if let advertise { settings.append(("p2p.advertise", .text(advertise))) }
            if outboundOnly { settings.append(("p2p.listen", .text(""))) }
            let home = options.nodeHome
            try home.createAsked(
                genesis: text, observer: observer, validatorKeyFile: nil, history: keyHistory, settings: settings)
            print("Home \(home.path) of network \(genesisHash)")
            for line in try NodeIdentity.describe(home) { print(line) }
            print("Start it; it catches up with the network:\n  mednexusd start --home \(home.path)")
            guard !observer else { return }
            if advertise == nil, !outboundOnly {
                print(
                    """
                    Others can't dial this node until they know its address: set p2p.advertise = "HOST:PORT" in \
                    \(home.configurationFile). Until then name every validator in p2p.peers.
                    """)
            }
            print(
                """
                To vote, ask to be enrolled, and hand the file to a validator's institution:
                  mednexusd keys request --home \(home.path) --name NAME --institution ORG > enroll.cbor
                  mednexus governance propose enroll --request enroll.cbor --acting-for INSTITUTION
                """)
        }
    }
}

/// A genesis file that a command was given, checked against the hash that was asked for.
enum GenesisInput {
    static func read(_ path: String, hash: String?) throws -> String {
        guard let text = FileManager.default.contents(atPath: path).map({ String(decoding: $0, as: UTF8.self) })
        else { throw NodeFailure(.configuration, "can't read \(path)") }
        let found = try GenesisFile.parse(text, name: path).hash.description
        if let hash, found != hash {
            throw NodeFailure(
                .configuration, "\(path) has the hash \(found)",
                hint: "You asked for \(hash): get the right file from the network's operators.")
        }
        return text
    }
}
