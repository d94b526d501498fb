import AsyncHTTPClient
import Blocks
import Cryptography
import Foundation
import Interface
import NIOCore
import NIOHTTP1
import Node
import Primitives

/// Transactions from a client to final, over JSON-RPC: `tx_submitMany` of a hundred that were signed before, four calls at
/// a time, the generator on the same cores; until every one of them is final. Beside what the machine can verify, which
/// each of several validators on it has to do again.
struct ThroughputBench {
    static let transactionsPerRun = 10_000
    static let batch = 100
    static let calls = 4

    let setting: Setting
    let validators: Int

    private var id: String { validators == 1 ? "rpc.one" : "rpc.four" }

    func run() async throws -> Figure {
        let folder = try TemporaryFolder(id)
        defer { folder.remove() }
        var workload = Workload(validators: validators)
        let network = try BenchNetwork(workload, in: folder, programs: setting.programs)
        let children = try network.start()
        defer { for child in children { child.stop() } }
        let client = RPCClient(url: "http://127.0.0.1:\(try ReadyFile.port(network.readyFile(0)))/")
        let genesis = workload.genesis.hash
        // All of it is one account's, of which only a window of sequences may wait.
        let funding = await workload.sign(workload.funding(network: genesis))
        for start in stride(from: 0, to: funding.count, by: 32) {
            try await client.finalize(Array(funding[start..<min(start + 32, funding.count)]))
        }
        var rates: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let transactions = await workload.sign(
                workload.spreadTransfers(Self.transactionsPerRun, network: genesis))
            let ceiling = try VerificationCeiling(transactions, cores: setting.cores).run() / Double(validators)
            let started = ContinuousClock.now
            try await client.finalize(transactions)
            let rate = Double(transactions.count) / ((ContinuousClock.now - started) / .seconds(1))
            guard run > 0 else { continue }
            rates.append(rate)
            ceilings.append(ceiling)
        }
        return Figure(
            id: id, name: "tx_submitMany to final, \(validators) node\(validators == 1 ? "" : "s") ÷ parse + verify",
            unit: "tx/s", values: rates, ceilings: ceilings)
    }
}

/// Calls of one node.
private struct RPCClient {
    let url: String

    func call(_ method: String, _ parameters: String) async throws -> JSONValue {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(
            ByteBuffer(string: #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#))
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = Array(try await answer.body.collect(upTo: 1 << 24).readableBytesView)
        let value = try JSONParser.parse(body, limit: 1 << 24)
        guard let result = value["result"] else {
            throw BenchFailure("\(method) answers \(String(decoding: body.prefix(300), as: UTF8.self))")
        }
        return result
    }

    /// Submits all, in order, and returns when all are final.
    func finalize(_ transactions: [[UInt8]]) async throws {
        // A body holds at most 1 MiB, and each byte is two digits.
        let size = min(ThroughputBench.batch, 400_000 / (transactions.map(\.count).max() ?? 1))
        let batches = stride(from: 0, to: transactions.count, by: size).map { start in
            transactions[start..<min(start + size, transactions.count)].map {
                "\"" + Hexadecimal.encode($0) + "\""
            }
            .joined(separator: ",")
        }
        var last: String?
        for start in stride(from: 0, to: batches.count, by: ThroughputBench.calls) {
            last = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
                for index in start..<min(start + ThroughputBench.calls, batches.count) {
                    group.addTask { (index, try await submit(batches[index])) }
                }
                var hashes: [(Int, String?)] = []
                for try await one in group { hashes.append(one) }
                return hashes.max { $0.0 < $1.0 }?.1
            }
        }
        guard let last else { return }
        let deadline = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < deadline {
            let pending = try await call("node_status", "{}")["value"]?["pendingCount"]?.unsigned
            if pending == 0 {
                let state = try await call("tx_status", "{\"hash\":\"\(last)\"}")["value"]?["state"]?.string
                guard state == "final" else { throw BenchFailure("the last transaction is \(state ?? "unknown")") }
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw BenchFailure("not all transactions were final within two minutes")
    }

    /// The hash of the last one.
    private func submit(_ batch: String) async throws -> String? {
        let answer = try await call("tx_submitMany", "{\"transactions\":[\(batch)]}")
        let results = answer.array ?? answer["value"]?.array ?? answer["results"]?.array ?? []
        for one in results where one["error"] != nil {
            throw BenchFailure("refused: \(one.text.prefix(300))")
        }
        return results.last.flatMap { ($0["submission"] ?? $0["value"] ?? $0)["hash"]?.string }
    }
}

/// Real nodes on loopback, each validator in a home of its own.
struct BenchNetwork {
    private let homes: [NodeHome]
    private let folder: TemporaryFolder
    private let programs: String
    private let keys: [TransportKey]
    private let ports: [Int]

    init(_ workload: Workload, in folder: TemporaryFolder, programs: String) throws {
        self.folder = folder
        self.programs = programs
        homes = workload.validators.indices.map { NodeHome(folder.path + "/node-\($0)") }
        keys = workload.validators.compactMap { TransportKey($0.compressedPublicKey) }
        ports = workload.validators.indices.map { _ in Self.freePort() }
        let text = try JSONValueEncoder.encode(workload.genesis, networkKind: .test).text
        for (index, home) in homes.enumerated() {
            let seed = SecretKeyBytes(Workload.seed(ofValidator: index))
            try home.create(genesis: text, validatorKey: seed, history: .unused, transportKey: seed)
        }
    }

    func readyFile(_ index: Int) -> String { folder.path + "/ready-\(index).json" }

    /// Returns when every node serves.
    func start() throws -> [ChildProcess] {
        let children = try homes.indices.map { index in
            let peers = homes.indices.filter { $0 != index }.map { "\(keys[$0])@127.0.0.1:\(ports[$0])" }
            return try ChildProcess(
                programs + "/mednexusd",
                [
                    "start", "--home", homes[index].path, "--ready", readyFile(index), "--with-parent",
                    "--set", "rpc.listen=127.0.0.1:0", "--set", "operator.listen=127.0.0.1:0",
                    "--set", "p2p.listen=127.0.0.1:\(ports[index])", "--set",
                    "p2p.peers=" + peers.joined(separator: ","),
                    "--set", "rpc.calls-per-second=1000000",
                ], log: folder.path + "/node-\(index).log")
        }
        for (index, child) in children.enumerated() { try child.waitFor(readyFile(index)) }
        return children
    }

    private static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe bind(descriptor, generic, length)
                return unsafe getsockname(descriptor, generic, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
