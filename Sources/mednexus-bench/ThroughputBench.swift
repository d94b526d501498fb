import AsyncHTTPClient
import Blocks
import Cryptography
import Foundation
import Interface
import NIOCore
import NIOHTTP1
import Node
import Primitives

/// Transactions from clients to final, over JSON-RPC: `tx_submitMany` of a hundred that were signed and written down
/// before, on 64 connections, the generator on the same cores; until every one of them is final. Beside what the machine can
/// verify, which each of several validators on it has to do again.
struct ThroughputBench {
    /// Of one validator; several, which share the cores, get as many fewer.
    static let transactionsPerRun = 40_000
    static let batch = 100
    static let connections = 64

    let setting: Setting
    let validators: Int

    private var id: String { validators == 1 ? "rpc.one" : "rpc.four" }

    func run() async throws -> Figure {
        let folder = try TemporaryFolder(id)
        defer { folder.remove() }
        let now = Timestamp(UInt64(Date().timeIntervalSince1970 * 1000))
        var workload = Workload(validators: validators, time: now)
        let network = try BenchNetwork(workload, in: folder, programs: setting.programs)
        let children = try network.start()
        defer { for child in children { child.stop() } }
        let client = RPCClient(url: "http://127.0.0.1:\(try ReadyFile.port(network.readyFile(0)))/")
        let genesis = workload.genesis.hash
        // All of it is one account's, of which only a window of sequences may wait.
        let funding = await workload.sign(workload.funding(network: genesis))
        for start in stride(from: 0, to: funding.count, by: 32) {
            try await client.finalize(RPCClient.bodies(funding[start..<min(start + 32, funding.count)]), connections: 1)
        }
        var rates: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let transactions = await workload.sign(
                workload.spreadTransfers(Self.transactionsPerRun / validators, network: genesis))
            let bodies = RPCClient.bodies(transactions[...])
            let ceiling = try VerificationCeiling(transactions, cores: setting.cores).run() / Double(validators)
            let started = ContinuousClock.now
            try await client.finalize(bodies, connections: Self.connections)
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
private final class RPCClient: Sendable {
    private let url: String
    /// As long as the process runs.
    private static let client = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = ThroughputBench.connections
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    init(url: String) { self.url = url }

    private func post(_ body: ByteBuffer) async throws -> ByteBuffer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(body)
        let answer = try await Self.client.execute(request, timeout: .seconds(60))
        return try await answer.body.collect(upTo: 1 << 24)
    }

    func call(_ method: String, _ parameters: String) async throws -> JSONValue {
        let body = Array(try await post(Self.body(method, parameters)).readableBytesView)
        let value = try JSONParser.parse(body, limit: 1 << 24)
        guard let result = value["result"] else {
            throw BenchFailure("\(method) answers \(String(decoding: body.prefix(300), as: UTF8.self))")
        }
        return result
    }

    private static func body(_ method: String, _ parameters: String) -> ByteBuffer {
        ByteBuffer(string: #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#)
    }

    /// What is sent to submit them all, in order.
    static func bodies(_ transactions: ArraySlice<[UInt8]>) -> [ByteBuffer] {
        // A body holds at most 1 MiB, and each byte is two digits.
        let size = min(ThroughputBench.batch, 400_000 / (transactions.map(\.count).max() ?? 1))
        return stride(from: transactions.startIndex, to: transactions.endIndex, by: size).map { start in
            let texts = transactions[start..<min(start + size, transactions.endIndex)].map {
                "\"" + Hexadecimal.encode($0) + "\""
            }
            return body("tx_submitMany", "{\"transactions\":[\(texts.joined(separator: ","))]}")
        }
    }

    /// Submits all, in order, on so many connections, and returns when all are final.
    func finalize(_ bodies: [ByteBuffer], connections: Int) async throws {
        let last = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for index in bodies.indices.prefix(connections) { group.addTask { try await self.submit(bodies, index) } }
            var next = connections
            var last: String?
            while let (index, hash) = try await group.next() {
                if index == bodies.count - 1 { last = hash }
                let following = next
                guard following < bodies.count else { continue }
                next += 1
                group.addTask { try await self.submit(bodies, following) }
            }
            return last
        }
        guard let last else { throw BenchFailure("tx_submitMany does not tell the last one's hash") }
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

    private static let refusal = Array("\"error\":{".utf8)

    private static func contains(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
        guard bytes.count >= text.count else { return false }
        for start in 0...bytes.count - text.count where bytes[start] == text[0] && bytes[start + 1] == text[1] {
            if bytes[start..<start + text.count].elementsEqual(text) { return true }
        }
        return false
    }

    /// The hash of the last one, where it is the last call; the others' answers are looked through for refusals alone.
    private func submit(_ bodies: [ByteBuffer], _ index: Int) async throws -> (Int, String?) {
        let answer = try await post(bodies[index])
        let bytes = Array(answer.readableBytesView)
        if index < bodies.count - 1 {
            // `"error":null` or none; a refusal's is an object.
            guard !Self.contains(bytes, Self.refusal) else {
                throw BenchFailure("refused: \(String(decoding: bytes.prefix(600), as: UTF8.self))")
            }
            return (index, nil)
        }
        let value = try JSONParser.parse(bytes, limit: 1 << 24)
        let results = value["result"]?.array ?? []
        for one in results where one["error"].map({ $0 != .null }) ?? false {
            throw BenchFailure("refused: \(one.text.prefix(300))")
        }
        return (index, results.last?["submission"]?["hash"]?.string)
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
