import Cryptography
import Foundation
import Interface
import Node
import Primitives
import UnixSignals
import WalletKit

/// Runs the nodes of a local network as child processes. A node that ends is reported, not restarted: whoever ended it
/// wants to see what the others do. `devnet start NAME` asks for it.
actor DevnetSupervisor {
    private struct Member {
        let name: String
        let home: NodeHome
        var child: Process?
        var rpc: UInt64 = 0
        var operations: UInt64 = 0
    }

    private let folder: DevnetFolder
    private let settings: [String]
    private let genesis: Hash
    private var members: [Member]

    init(folder: DevnetFolder, settings: [String]) throws {
        self.folder = folder
        self.settings = settings
        genesis = try GenesisFile.hash(folder.genesisFile)
        members = folder.nodeNames.map { Member(name: $0, home: folder.home($0)) }
    }

    /// Until SIGTERM or SIGINT, or until the only node has ended.
    static func run(folder: DevnetFolder, settings: [String]) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let supervisor = try DevnetSupervisor(folder: folder, settings: settings)
        let statuses = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                for await _ in signals { return nil }
                return nil
            }
            group.addTask {
                do {
                    try await supervisor.start()
                    try await supervisor.supervise()
                    return nil
                } catch is CancellationError {
                    return nil
                } catch {
                    return error
                }
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return (failure: first, ended: await supervisor.stop())
        }
        if let failure = statuses.failure { throw failure }
        if let (name, status) = statuses.ended.first(where: { $0.status != 0 }) {
            throw NodeFailure(
                NodeExit(rawValue: status) ?? .failure, "\(name) ended with \(status)",
                hint: "Its log is \(folder.path)/\(name)/log.txt.")
        }
    }

    private func start() async throws {
        for index in members.indices { try launch(index) }
        for index in members.indices { try await waitForPorts(index) }
        try await waitUntilAllAreReady()
        let accounts: [String]
        do {
            try folder.pin(node: url(members[0]), genesis: genesis)
            accounts = try folder.wallet.file().accounts.map(\.name)
        } catch let failure as WalletFailure {
            throw NodeFailure(.failure, failure.message, hint: failure.hint)
        }
        try describe()
        print("The local network is ready: \(members.count) \(members.count == 1 ? "validator" : "validators")")
        let rows = members.map { [$0.name, "\($0.child?.processIdentifier ?? 0)", url($0), $0.home.path] }
        for line in Table.lines(["NODE", "PROCESS", "RPC", "HOME"], rows) { print("  " + line) }
        print(
            """
              accounts  \(accounts.joined(separator: ", "))
              wallet    export MEDNEXUS_WALLET_HOME=\(folder.path)/wallet MEDNEXUS_PASSPHRASE=\(DevnetFolder.passphrase)
              then      mednexus account show author
              stop      Ctrl-C (it can be started again on the same folder)
            """)
        fflush(nil)
    }

    private func launch(_ index: Int) throws {
        let home = members[index].home
        try? FileManager.default.removeItem(atPath: readyFile(home))
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = [
            "start", "--home", home.path, "--ready", readyFile(home), "--with-parent", "--set", "rpc.cors=*",
        ]
        for setting in settings { child.arguments? += ["--set", setting] }
        let log = home.path + "/log.txt"
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let handle = FileHandle(forWritingAtPath: log)
        handle?.seekToEndOfFile()
        child.standardError = handle
        child.standardInput = FileHandle.nullDevice
        do {
            try child.run()
        } catch {
            throw NodeFailure(.failure, "\(members[index].name) can't be started: \(error.localizedDescription)")
        }
        members[index].child = child
    }

    private func readyFile(_ home: NodeHome) -> String { home.path + "/ready.json" }
    private func url(_ member: Member) -> String { "http://127.0.0.1:\(member.rpc)" }

    /// Waits, at most a minute, for the file that the node writes once it serves.
    private func waitForPorts(_ index: Int) async throws {
        let name = members[index].name
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let data = FileManager.default.contents(atPath: readyFile(members[index].home)),
                let value = try? JSONParser.parse([UInt8](data)), let rpc = value["rpc"]?.unsigned,
                let operations = value["operator"]?.unsigned
            {
                members[index].rpc = rpc
                members[index].operations = operations
                return
            }
            guard let child = members[index].child, child.isRunning else {
                let log = FileManager.default.contents(atPath: members[index].home.path + "/log.txt") ?? Data()
                let lines = String(decoding: log, as: UTF8.self).split(separator: "\n").suffix(5)
                throw NodeFailure(
                    NodeExit(rawValue: members[index].child?.terminationStatus ?? 1) ?? .failure,
                    "\(name) did not start:\n" + lines.joined(separator: "\n"))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NodeFailure(.failure, "\(name) did not serve within a minute")
    }

    /// Ready is more than serving: a validator of several needs a quorum of the others.
    private func waitUntilAllAreReady() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        for member in members {
            while true {
                let health = try await NodeQuestions.value("node_health", of: url(member))
                if health["ready"] == .boolean(true) { break }
                guard ContinuousClock.now < deadline else {
                    throw NodeFailure(
                        .failure, "\(member.name) is not ready: \(health["reason"]?.string ?? "it does not say why")",
                        hint: "Its log is \(member.home.path)/log.txt.")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// `network.json`, renamed into place: who runs, and where. A node that has ended has no process.
    private func describe() throws {
        let nodes = try members.map { member in
            JSONValue.object([
                "name": .string(member.name),
                "pid": member.child.map { .integer(Int($0.processIdentifier)) } ?? .null,
                "rpc": .string(url(member)), "operator": .string("http://127.0.0.1:\(member.operations)"),
                "p2p": .string(try contact(member)), "home": .string(member.home.path),
            ])
        }
        let accounts: [JSONValue]
        do {
            accounts = try folder.wallet.file().accounts.map {
                .object([
                    "name": .string($0.name),
                    "address": .string(TypedText.encode($0.address.bytes, kind: "", network: .test)),
                    "keystore": .string(folder.path + "/wallet/keystore.json"),
                ])
            }
        } catch {
            throw NodeFailure(.failure, error.message, hint: error.hint)
        }
        let description = JSONValue.object([
            "network": .string(genesis.description), "nodes": .array(nodes), "accounts": .array(accounts),
        ])
        try GenesisTemplate.replace(description.text + "\n", at: folder.networkFile)
    }

    /// `KEY@127.0.0.1:PORT`, as `mednexusd join --peer` takes it.
    private func contact(_ member: Member) throws -> String {
        let configuration = try member.home.configuration(environment: [:], flags: [])
        let port = configuration.optionalAddress("p2p.listen")?.port ?? 0
        return PeerContact(key: try NodeIdentity.contactKey(member.home), host: "127.0.0.1", port: port).description
    }

    /// Reports children that ended and answers requests to start one, until it is canceled.
    private func supervise() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(100))
            for index in members.indices {
                if let child = members[index].child, !child.isRunning {
                    if members.count == 1 { return }
                    try report(index, child)
                }
                let request = folder.requestFile(members[index].name)
                if FileManager.default.fileExists(atPath: request) {
                    try? FileManager.default.removeItem(atPath: request)
                    let answer = await answer(index)
                    try GenesisTemplate.replace(answer + "\n", at: folder.answerFile(members[index].name))
                }
            }
        }
    }

    private func report(_ index: Int, _ child: Process) throws {
        let name = members[index].name
        members[index].child = nil
        try describe()
        let how = child.terminationReason == .exit ? "ended with" : "was ended by signal"
        print(
            "\(name) \(how) \(child.terminationStatus). "
                + "Start it again: mednexusd devnet start \(name) --home \(folder.path)")
        fflush(nil)
    }

    /// Starts a node that is down: an empty text, or why it can't be.
    private func answer(_ index: Int) async -> String {
        let name = members[index].name
        if let child = members[index].child, child.isRunning { return "\(name) runs already" }
        do {
            try launch(index)
            try await waitForPorts(index)
            try describe()
            print("\(name) was started again, process \(members[index].child?.processIdentifier ?? 0)")
            fflush(nil)
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// Ends all that run, and says how each ended that ran until now.
    private func stop() -> [(name: String, status: Int32)] {
        try? FileManager.default.removeItem(atPath: folder.networkFile)
        for member in members { member.child?.terminate() }
        return members.compactMap { member in
            guard let child = member.child else { return nil }
            child.waitUntilExit()
            return (member.name, child.terminationReason == .exit ? child.terminationStatus : 1)
        }
    }
}
