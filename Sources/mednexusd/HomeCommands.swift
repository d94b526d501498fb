import ArgumentParser
import Blocks
import Cryptography
import FoundationEssentials
import Interface
import Node
import Primitives

struct Initialize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes a node's home: settings, validator key, genesis.")

    @OptionGroup var options: HomeAloneOptions
    @Option(help: "The network's genesis file.") var genesis: String
    @Option(help: "Refuse any other genesis than the one with this hash.") var genesisHash: String?
    @Option(help: "Take this validator key (a file with 64 hexadecimal digits) instead of drawing one.")
    var validatorKey: String?
    @Option(help: KeyHistory.help) var keyHistory: KeyHistory?
    @Flag(help: "No validator key: a node that serves reads and never votes.") var observer = false

    func run() async throws {
        try await reporting {
            let text = try GenesisInput.read(genesis, hash: genesisHash)
            let parsed = try GenesisFile.parse(text, name: genesis)
            let home = options.nodeHome
            try home.createAsked(genesis: text, observer: observer, validatorKeyFile: validatorKey, history: keyHistory)
            print("Home \(home.path) of network \(parsed.name), \(parsed.hash)")
            for line in try NodeIdentity.describe(home) { print(line) }
            print("Settings are explained in \(home.configurationFile). Start it: mednexusd start --home \(home.path)")
        }
    }
}

extension KeyHistory: ExpressibleByArgument {
    static let help: ArgumentHelp =
        "Of a validator key that was not drawn here: whether it may have signed on this network. One that was used watches an epoch before it votes."
}

extension NodeHome {
    /// As `init` and `join` make a home: with the key of a file, the key that is there, or a fresh one.
    func createAsked(
        genesis text: String, observer: Bool, validatorKeyFile file: String?, history: KeyHistory?,
        settings: [(key: String, value: Setting.Default)] = []
    ) throws {
        let present = try validatorKey()
        guard !observer || (present == nil && file == nil) else {
            throw NodeFailure(
                .usage, "\(path) has a validator key", hint: "Leave --observer out, or name another --home.")
        }
        let key: SecretKeyBytes? =
            if observer { nil } else if let file { try Self.keyBytes(file) } else if present != nil { nil } else {
                SecretKeyBytes(NodeRandom.bytes32())
            }
        let isFresh = !observer && file == nil && present == nil
        try create(genesis: text, validatorKey: key, history: isFresh ? .unused : history, settings: settings)
    }

    static func keyBytes(_ file: String) throws -> SecretKeyBytes {
        guard let data = FileManager.default.contents(atPath: file),
            let bytes = Hexadecimal.decode(
                String(decoding: data, as: UTF8.self).filter { $0 != "\n" }
            ).flatMap({ Bytes32($0) }), SecretKey(bytes) != nil
        else {
            throw NodeFailure(.configuration, "\(file) is not a key: 64 lower-case hexadecimal digits")
        }
        return SecretKeyBytes(bytes)
    }
}

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the node until it is told to stop.")

    @OptionGroup var options: HomeOptions
    @Option(help: "Write the ports it listens on, as JSON, to this file once it is ready.") var ready: String?
    @Flag(help: "Stop when the process that started this one ends.") var withParent = false

    func run() async throws {
        try await reporting {
            try await NodeProgram.run(
                home: options.nodeHome, configuration: try options.configuration(), readyFile: ready,
                withParent: withParent)
        }
    }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examines clock, disk, permissions, keys, peers, exposure, and whether an upgrade lies ahead.")

    @OptionGroup var options: HomeOptions

    func run() async throws {
        try await reporting {
            var findings = Doctor.examine(options.nodeHome, try options.configuration())
            let url = try options.url(nil)
            if let status = try? await NodeQuestions.value("node_status", of: url) {
                findings += Self.clock(status, options.nodeHome) + Self.upgrade(status)
            }
            for finding in findings {
                print("\(finding.grade.rawValue.padded(to: 8)) \(finding.subject.padded(to: 16)) \(finding.text)")
            }
            if findings.contains(where: { $0.grade == .problem }) { throw ArgumentParser.ExitCode(1) }
        }
    }

    /// By the blocks that a running node has: the machine's clock may agree with nobody.
    private static func clock(_ status: JSONValue, _ home: NodeHome) -> [DoctorFinding] {
        guard let behind = NodeQuestions.clockBehind(status, home.clockNow) else { return [] }
        return [DoctorFinding("clock", .problem, behind)]
    }

    /// What a running node knows of an upgrade that lies ahead.
    private static func upgrade(_ status: JSONValue) -> [DoctorFinding] {
        guard let upgrade = status["upgrade"], let height = upgrade["height"]?.unsigned,
            let release = upgrade["release"]?.string
        else { return [] }
        let isInstalled = upgrade["isInstalled"] == .boolean(true)
        return [
            DoctorFinding(
                "upgrade", isInstalled ? .good : .warning,
                "from block \(height) on release \(release) or newer makes blocks"
                    + (isInstalled ? "; this one will do" : ": install it before, or this node stops there"))
        ]
    }
}

struct ConfigurationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Settings.", subcommands: [Show.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every setting with its value and where it comes from.")

        @OptionGroup var options: HomeOptions

        func run() async throws {
            try await reporting { for line in try options.configuration().lines { print(line) } }
        }
    }
}

struct Version: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The version.")
    func run() async throws { print("mednexusd \(NodeVersion.text)") }
}

struct GenesisCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "genesis", abstract: "Makes and checks genesis files.", subcommands: [New.self, Check.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a genesis from a template: name, time, validators and accounts are filled in.",
            discussion: """
                mednexusd genesis new --template genesis/devnet.json --name ward-7 --validator node-a=KEY+TRANSPORT \\
                  --validator node-b=KEY+TRANSPORT --account hospital=ADDRESS … --out genesis.json

                For more validators than the template has, its last one is repeated, each with an institution and an \
                administrator's account of its own: hospital-2, hospital-3 …
                """)

        @Option(help: "An explained genesis file, such as genesis/devnet.json.") var template: String
        @Option(help: "The network's name.") var name: String
        @Option(help: "A validator: [NAME=]KEY[+TRANSPORT], as its `keys show` prints them. In the template's order.")
        var validator: [String]
        @Option(help: "Who an account of the template is: NAME=ADDRESS.") var account: [String] = []
        @Option(help: "Where to write it.") var out: String

        func run() async throws {
            try await reporting {
                var accounts: [String: Address] = [:]
                for entry in account {
                    let parts = entry.split(separator: "=").map { String($0) }
                    guard parts.count == 2, let bytes = TypedText.decode(parts[1], kind: "", network: nil) else {
                        throw NodeFailure(.usage, "--account takes NAME=ADDRESS, found \(entry)")
                    }
                    accounts[parts[0]] = Address(bytes)
                }
                let text = try GenesisTemplate.make(
                    from: template, name: name, validators: validator, accounts: accounts, time: NodeClock.now)
                try GenesisTemplate.write(text, to: out)
                let genesis = try GenesisFile.read(out)
                print("\(out): network \(genesis.name), hash \(genesis.hash)")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks a genesis file and prints its hash and the state it starts from.")

        @Argument(help: "The genesis file.") var file: String

        func run() async throws {
            try await reporting {
                for line in try GenesisTemplate.describe(file) { print(line) }
            }
        }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
