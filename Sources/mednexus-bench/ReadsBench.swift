import AsyncHTTPClient
import Cryptography
import Foundation
import Interface
import NIOCore
import NIOHTTP1
import Node
import Primitives

/// Reads over JSON-RPC from the real node ÷ a bare answer of the same size from the same HTTP stack, both loaded by wrk
/// with the same requests on kept-alive connections over loopback, turn by turn.
///
/// Each read is measured twice: the same question again and again, which the node remembers the answer of until the next
/// block, and (`.anew`) a question that was never asked before, for which it reads, decodes and writes everything. Those
/// differ in `checkpoint`, which means nothing without a proof.
struct ReadsBench {
    static let identifiers = ["reads.point", "reads.point.anew", "reads.page", "reads.page.anew"]
    static let connections = 32
    static let secondsPerRun = 2

    let setting: Setting

    private struct Read {
        let id: String
        let name: String
        let method: String
        /// Of the parameters, without the brace that ends them.
        let parameters: String
        var isNew: Bool { id.hasSuffix(".anew") }

        func request(checkpoint: String?) -> String {
            let last = checkpoint.map { #","checkpoint":\#($0)"# } ?? ""
            return #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)\#(last)}}"#
        }
    }

    private static func reads() -> [Read] {
        let workload = Workload()
        let account = TypedText.encode(workload.keys[17].address.bytes, kind: "", network: .test)
        func read(_ id: String, _ what: String, _ method: String, _ parameters: String) -> Read {
            Read(id: id, name: "\(what) ÷ bare answer", method: method, parameters: parameters)
        }
        let point = #"{"address":"\#(account)""#
        let page = #"{"limit":100"#
        return [
            read("reads.point", "account_get, remembered", "account_get", point),
            read("reads.point.anew", "account_get, never asked before", "account_get", point),
            read("reads.page", "asset_list of 100, remembered", "asset_list", page),
            read("reads.page.anew", "asset_list of 100, never asked before", "asset_list", page),
        ]
    }

    func run(_ ids: [String]) async throws -> [Figure] {
        let folder = try TemporaryFolder("reads")
        defer { folder.remove() }
        let node = try BenchNode(in: folder, programs: setting.programs)
        let child = try node.start()
        defer { child.stop() }
        let url = "http://127.0.0.1:\(try ReadyFile.port(node.readyFile))/"
        var figures: [Figure] = []
        for read in Self.reads() where ids.contains(read.id) {
            figures.append(try await measure(read, url, folder))
        }
        return figures
    }

    private func measure(_ read: Read, _ url: String, _ folder: TemporaryFolder) async throws -> Figure {
        let size = try await Self.answerSize(url, read.request(checkpoint: nil))
        let ready = folder.path + "/echo.json"
        TemporaryFolder.removeFile(ready)
        let echo = try ChildProcess(CommandLine.arguments[0], ["echo", "--bytes", "\(size)", "--ready", ready])
        defer { echo.stop() }
        try echo.waitFor(ready)
        let echoURL = "http://127.0.0.1:\(try ReadyFile.port(ready))/"
        let script = try folder.write(Self.script(read), to: "request.lua")
        var values: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let ceiling = try Self.load(echoURL, script)
            let value = try Self.load(url, script)
            guard run > 0 else { continue }
            ceilings.append(ceiling)
            values.append(value)
        }
        print("\(read.id): answers of \(size) bytes")
        return Figure(id: read.id, name: read.name, unit: "calls/s", values: values, ceilings: ceilings)
    }

    /// What wrk sends. Each new question is written by the load generator, for both servers alike.
    private static func script(_ read: Read) -> String {
        let headers = "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\n"
        guard read.isNew else {
            let body = read.request(checkpoint: nil).replacingOccurrences(of: "\"", with: "\\\"")
            return headers + "wrk.body = \"\(body)\"\n"
        }
        // Runs differ too: each begins at its own second.
        let parts = read.request(checkpoint: "#").split(separator: "#").map { "'\($0)'" }
        return headers + """
            local next = (os.time() % 1000000) * 1000000
            function request()
              next = next + 1
              return wrk.format(nil, "/", nil, \(parts[0]) .. string.format("%d", next) .. \(parts[1]))
            end

            """
    }

    /// The bytes of a right answer.
    private static func answerSize(_ url: String, _ request: String) async throws -> Int {
        var call = HTTPClientRequest(url: url)
        call.method = .POST
        call.headers.add(name: "Content-Type", value: "application/json")
        call.body = .bytes(ByteBuffer(string: request))
        let answer = try await HTTPClient.shared.execute(call, timeout: .seconds(10))
        let body = Array(try await answer.body.collect(upTo: 1 << 24).readableBytesView)
        guard try JSONParser.parse(body, limit: 1 << 24)["result"] != nil else {
            throw BenchFailure("\(request) answers \(String(decoding: body.prefix(300), as: UTF8.self))")
        }
        return body.count
    }

    /// Answers a second under wrk.
    private static func load(_ url: String, _ script: String) throws -> Double {
        let candidates = ["/usr/bin/wrk", "/usr/local/bin/wrk"]
        guard let wrk = candidates.first(where: { TemporaryFolder.exists($0) }) else {
            throw BenchFailure("wrk is not installed: apt-get install wrk")
        }
        let output = try ChildProcess.output(
            wrk, ["-t1", "-c\(connections)", "-d\(secondsPerRun)s", "-s", script, url])
        let lines = output.split(separator: "\n")
        guard !lines.contains(where: { $0.contains("Non-2xx") || $0.contains("Socket errors") }),
            let line = lines.first(where: { $0.hasPrefix("Requests/sec:") }),
            let rate = Double(line.dropFirst("Requests/sec:".count).trimmingCharacters(in: .whitespaces))
        else { throw BenchFailure("wrk against \(url):\n\(output)") }
        return rate
    }
}

/// The real node on a network of the workload's genesis.
struct BenchNode {
    let home: NodeHome
    let readyFile: String
    private let programs: String
    private let log: String

    init(in folder: TemporaryFolder, programs: String) throws {
        home = NodeHome(folder.path + "/node")
        readyFile = folder.path + "/ready.json"
        log = folder.path + "/node.log"
        self.programs = programs
        let text = try JSONValueEncoder.encode(Workload().genesis, networkKind: .test).text
        try home.create(genesis: text, validatorKey: SecretKeyBytes(Workload.validatorSeed), history: .unused)
    }

    /// Returns when the node serves.
    func start() throws -> ChildProcess {
        TemporaryFolder.removeFile(readyFile)
        let child = try ChildProcess(
            programs + "/mednexusd",
            [
                "start", "--home", home.path, "--ready", readyFile, "--with-parent",
                "--set", "rpc.listen=127.0.0.1:0", "--set", "operator.listen=127.0.0.1:0",
                "--set", "rpc.calls-per-second=1000000", "--set", "p2p.listen=",
            ], log: log)
        do {
            try child.waitFor(readyFile)
        } catch {
            let text = (try? TemporaryFolder.read(log)).map { String(decoding: $0.suffix(2000), as: UTF8.self) } ?? ""
            throw BenchFailure("\(error)\n\(text)")
        }
        return child
    }
}
