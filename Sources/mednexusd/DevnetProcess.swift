import Cryptography
import Foundation
import Interface
import Node
import Primitives
import UnixSignals
import WalletKit

/// Runs the node of a local network as a child process, and says what to type next.
struct DevnetProcess {
    let folder: DevnetFolder
    let settings: [String]
    let rpcPort: Int

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let readyFile = folder.path + "/node-a/ready.json"
        try? FileManager.default.removeItem(atPath: readyFile)
        let child = try start(readyFile: readyFile)
        do {
            let ports = try await ready(child, readyFile)
            try describe(child, ports)
        } catch {
            child.terminate()
            child.waitUntilExit()
            throw error
        }
        let status = await wait(child, signals)
        try? FileManager.default.removeItem(atPath: folder.networkFile)
        if let status, status != 0 {
            throw NodeFailure(
                NodeExit(rawValue: status) ?? .failure, "node-a ended with \(status)",
                hint: "Its log is \(folder.path)/node-a/log.txt.")
        }
    }

    private func start(readyFile: String) throws -> Process {
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        var rpc = rpcPort
        if rpc != 0, !LocalPort.isFree(rpc) {
            print("Port \(rpc) is in use by another program; a free one is taken.")
            rpc = 0
        }
        child.arguments = [
            "start", "--home", folder.nodeHome.path, "--ready", readyFile, "--with-parent",
            "--set", "rpc.listen=127.0.0.1:\(rpc)", "--set", "operator.listen=127.0.0.1:0", "--set", "rpc.cors=*",
        ]
        for setting in settings { child.arguments? += ["--set", setting] }
        let log = folder.path + "/node-a/log.txt"
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
            throw NodeFailure(.failure, "the node can't be started: \(error.localizedDescription)")
        }
        return child
    }

    /// Waits, at most a minute, for the file that the node writes once it serves.
    private func ready(_ child: Process, _ file: String) async throws -> (rpc: UInt64, operator: UInt64) {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let data = FileManager.default.contents(atPath: file),
                let value = try? JSONParser.parse([UInt8](data)), let rpc = value["rpc"]?.unsigned,
                let operations = value["operator"]?.unsigned
            {
                return (rpc, operations)
            }
            guard child.isRunning else {
                let log = FileManager.default.contents(atPath: folder.path + "/node-a/log.txt") ?? Data()
                let lines = String(decoding: log, as: UTF8.self).split(separator: "\n").suffix(5)
                throw NodeFailure(
                    NodeExit(rawValue: child.terminationStatus) ?? .failure,
                    "node-a did not start:\n" + lines.joined(separator: "\n"))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NodeFailure(.failure, "node-a did not become ready within a minute")
    }

    private func describe(_ child: Process, _ ports: (rpc: UInt64, operator: UInt64)) throws {
        let genesis = try GenesisFile.hash(folder.nodeHome.genesisFile)
        let url = "http://127.0.0.1:\(ports.rpc)"
        let accounts: [(name: String, address: String)]
        do {
            try folder.pin(node: url, genesis: genesis, template: ["hospital", "clinic"])
            accounts = try folder.wallet.file().accounts.map {
                ($0.name, TypedText.encode($0.address.bytes, kind: "", network: .test))
            }
        } catch let failure as WalletFailure {
            throw NodeFailure(.failure, failure.message, hint: failure.hint)
        }
        let node = JSONValue.object([
            "name": "node-a", "pid": .integer(Int(child.processIdentifier)), "rpc": .string(url),
            "operator": .string("http://127.0.0.1:\(ports.operator)"), "home": .string(folder.nodeHome.path),
        ])
        let description = JSONValue.object([
            "network": .string(genesis.description), "nodes": .array([node]),
            "accounts": .array(
                accounts.map {
                    .object([
                        "name": .string($0.name), "address": .string($0.address),
                        "keystore": .string(folder.path + "/wallet/keystore.json"),
                    ])
                }),
        ])
        try GenesisTemplate.replace(description.text + "\n", at: folder.networkFile)
        print(
            """
            The local network is ready: \(url)
              accounts  \(accounts.map(\.name).joined(separator: ", "))
              wallet    export MEDNEXUS_WALLET_HOME=\(folder.path)/wallet MEDNEXUS_PASSPHRASE=\(DevnetFolder.passphrase)
              then      mednexus account show author
              stop      Ctrl-C (it can be started again on the same folder)
            """)
        fflush(nil)
    }

    /// The child's exit status; ends it in order when this process is told to stop.
    private func wait(_ child: Process, _ signals: UnixSignalsSequence) async -> Int32? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in signals { return }
            }
            group.addTask {
                while child.isRunning, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(100)) }
            }
            await group.next()
            group.cancelAll()
        }
        if child.isRunning { child.terminate() }
        child.waitUntilExit()
        return child.terminationReason == .exit ? child.terminationStatus : 1
    }
}
