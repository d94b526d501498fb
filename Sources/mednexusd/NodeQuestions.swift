import ArgumentParser
import Blocks
import Foundation
import Interface
import Node
import Primitives
import WalletKit

/// What `mednexusd status` and `peers` ask a running node, and how they say the answer.
enum NodeQuestions {
    static func value(_ method: String, of url: String) async throws -> JSONValue {
        do {
            let client = NodeClient(url: url, networkKind: .main)
            let answer = try await client.call(method)
            return answer["value"] ?? answer
        } catch {
            throw NodeFailure(.failure, error.message, hint: error.hint)
        }
    }

    /// What is the matter with the node's clock; nil if it is not behind the chain. The node counts such blocks as final, as
    /// others decided them, but votes for nothing that its clock calls the future.
    static func clockBehind(_ status: JSONValue, _ clock: Timestamp) -> String? {
        guard let time = status["head"]?["time"]?.unsigned, time > clock.milliseconds + tolerableMilliseconds else {
            return nil
        }
        let text = DurationText.words(milliseconds: time - clock.milliseconds)
        return "this machine's is \(text) behind the chain: until it is right, a node here votes for nothing newer"
    }

    private static let tolerableMilliseconds: UInt64 = 10_000

    /// The epoch from which on the validators let `key` vote, where they have decided so and it does not vote yet.
    static func enrollment(of key: String?, in governance: JSONValue?) -> UInt64? {
        guard let key, let epoch = governance?["epoch"]?["number"]?.unsigned else { return nil }
        let isQueued = (governance?["queued"]?.array ?? []).contains { queued in
            let change = queued["change"]
            return ["enroll", "rotate"].contains(change?["type"]?.string) && change?["request"]?["key"]?.string == key
        }
        return isQueued ? epoch + 1 : nil
    }

    /// - Parameters:
    ///   - clock: the node's: this machine's, and what `devnet advance` put it ahead by.
    ///   - votesFrom: see ``enrollment(of:in:)``.
    static func describe(_ status: JSONValue, clock: Timestamp, votesFrom: UInt64?) -> [String] {
        func text(_ key: String) -> String { status[key].map { $0.string ?? $0.text } ?? "unknown" }
        let head = status["head"]
        let time = head?["time"]?.unsigned.map {
            Date(timeIntervalSince1970: Double($0) / 1000).formatted(.iso8601)
        }
        let isReady = status["isReady"] == .boolean(true)
        let height = head?["height"]?.unsigned.map { String($0) } ?? "unknown"
        let lag = status["lag"]?.unsigned ?? 0
        let behind = lag == 0 ? "" : ", \(lag) behind block \(text("targetHeight"))"
        var lines = [
            "version    \(text("version"))",
            "network    \(text("network")) (\(text("networkKind")))",
            "ready      \(isReady ? "yes" : "no: " + text("notReadyBecause"))",
            "height     \(height)\(behind), block time \(time ?? "unknown")",
            "consensus  epoch \(text("epoch")), view \(text("view")), \(text("quorum")) of \(text("validatorCount")) decide",
            "state root \(head?["stateRoot"]?.string ?? "unknown")",
            "validator  \(votesFrom.map(enrolled) ?? validator(status))",
            "peers      \(text("peerCount"))",
            "waiting    \(text("pendingCount")) transactions",
        ]
        if let lowest = status["lowestBlock"]?.unsigned, lowest > 0 {
            lines.insert("blocks     from \(lowest) on; of those before only headers and certificates", at: 4)
        }
        if let upgrade = status["upgrade"], upgrade.isNull == false {
            lines.append(Self.upgrade(upgrade))
        }
        if let behind = clockBehind(status, clock) {
            lines.insert("clock      \(behind)", at: 4)
        }
        if let reason = status["stalledBecause"]?.string { lines.insert("stalled    \(reason)", at: 3) }
        return lines
    }

    private static func upgrade(_ upgrade: JSONValue) -> String {
        let height = upgrade["height"]?.unsigned.map { "\($0)" } ?? "unknown"
        let release = upgrade["release"]?.string ?? "unknown"
        let isInstalled = upgrade["isInstalled"] == .boolean(true)
        return "upgrade    release \(release) from block \(height) on: "
            + (isInstalled ? "this one will do" : "this node stops before it; install that release")
    }

    private static func enrolled(from epoch: UInt64) -> String {
        "not yet: its enrollment was accepted, and it votes from epoch \(epoch) on"
    }

    private static func validator(_ status: JSONValue) -> String {
        guard status["isValidator"] == .boolean(true) else { return "no" }
        guard let last = status["watchesThroughEpoch"]?.unsigned else { return "yes" }
        guard let others = status["validatorCount"]?.unsigned, let quorum = status["quorum"]?.unsigned, others > quorum
        else {
            return "yes, but its key lost its guard and watches, and without its vote no epoch ends: "
                + "`mednexusd epoch restart` begins a new one"
        }
        return last < 1 << 62
            ? "yes, but its key lost its guard: it watches for another copy, and votes from epoch \(last + 1) on"
            : "yes, but its key lost its guard: it watches for another copy once it has caught up"
    }

    static func validators(_ validators: JSONValue) -> [String] {
        Table.lines(
            ["VALIDATOR", "CONNECTED", "LAST VOTE", "HEIGHT", "BEHIND", "KEY"],
            (validators.array ?? []).map { validator in
                let isOwn = validator["isOwn"] == .boolean(true)
                let connected = validator["isConnected"] == .boolean(true) ? "yes" : "no"
                return [
                    validator["name"]?.string ?? "", isOwn ? "this node" : connected,
                    validator["lastVoteView"]?.unsigned.map { "view \($0)" } ?? "none seen",
                    validator["height"]?.unsigned.map { "\($0)" } ?? "unknown",
                    validator["lag"]?.unsigned.map { "\($0)" } ?? "unknown",
                    validator["key"]?.string ?? "",
                ]
            })
    }

    static func peers(_ peers: JSONValue) -> [String] {
        let all = peers.array ?? []
        guard !all.isEmpty else { return ["No peer is connected."] }
        return Table.lines(
            ["PEER", "ADDRESS", "DIRECTION", "HEIGHT", "VIEW", "ROUND TRIP", "RECEIVED", "SENT", "KEY"],
            all.map { peer in
                let trip = peer["roundTripMicroseconds"]?.unsigned
                return [
                    peer["validator"]?.string ?? peer["role"]?.string ?? "", peer["address"]?.string ?? "",
                    peer["isInbound"] == .boolean(true) ? "in" : "out",
                    peer["height"]?.unsigned.map { "\($0)" } ?? "", peer["view"]?.unsigned.map { "\($0)" } ?? "",
                    trip.map { "\($0 / 1000).\($0 % 1000 / 100) ms" } ?? "",
                    Table.bytes(peer["bytesReceived"]?.unsigned ?? 0), Table.bytes(peer["bytesSent"]?.unsigned ?? 0),
                    String((peer["transportKey"]?.string ?? "").prefix(12)),
                ]
            })
    }
}

/// Columns as wide as their widest entry.
enum Table {
    static func lines(_ header: [String], _ rows: [[String]]) -> [String] {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    static func bytes(_ count: UInt64) -> String {
        count < 10_240 ? "\(count) B" : count < 10_485_760 ? "\(count / 1024) KiB" : "\(count / 1_048_576) MiB"
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a running node knows of itself, of each validator, and why the chain stalls if it does.")

    @OptionGroup var options: HomeOptions
    @Option(help: "The node's RPC. Default: rpc.listen of the settings.") var node: String?
    @Flag(help: "The node's answers as JSON: {\"status\", \"validators\"}.") var json = false

    func run() async throws {
        try await reporting {
            let url = try options.url(node)
            let status = try await NodeQuestions.value("node_status", of: url)
            let validators = try await NodeQuestions.value("node_validators", of: url)
            try options.warnIfAnother(status, validators, at: url)
            if json {
                print(JSONValue.object(["status": status, "validators": validators]).text)
            } else {
                // Of a home that is none, or whose key is not readable, nothing is told that needs it.
                let key = try? NodeIdentity.validatorText(options.nodeHome)
                let governance = try? await NodeQuestions.value("governance_get", of: url)
                let lines = NodeQuestions.describe(
                    status, clock: options.nodeHome.clockNow,
                    votesFrom: NodeQuestions.enrollment(of: key, in: governance))
                for line in lines + [""] + NodeQuestions.validators(validators) { print(line) }
            }
        }
    }
}

struct Peers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the peers that a running node is connected to.")

    @OptionGroup var options: HomeOptions
    @Option(help: "The node's RPC. Default: rpc.listen of the settings.") var node: String?
    @Flag(help: "The node's answer as JSON.") var json = false

    func run() async throws {
        try await reporting {
            let peers = try await NodeQuestions.value("node_peers", of: try options.url(node))
            if json {
                print(peers.text)
            } else {
                for line in NodeQuestions.peers(peers) { print(line) }
            }
        }
    }
}

extension HomeOptions {
    func url(_ node: String?) throws -> String {
        if let node { return node }
        if home != nil, !nodeHome.exists {
            throw NodeFailure(.configuration, "\(nodeHome.path) is no node's home")
        }
        return "http://\(try configuration().address("rpc.listen"))"
    }

    /// Whoever listens there may be another node: of another network, or with another key.
    func warnIfAnother(_ status: JSONValue, _ validators: JSONValue, at url: String) throws {
        guard home != nil, nodeHome.exists else { return }
        let network = try nodeHome.genesis().hash.description
        let own = validators.array?.first { $0["isOwn"] == .boolean(true) }?["key"]?.string
        let key = try NodeIdentity.validatorText(nodeHome)
        guard status["network"]?.string != network || (own != nil && own != key) else { return }
        printError("warning: the node at \(url) is not the one of \(nodeHome.path); name it with --node URL")
    }
}

/// Whether standard output is a terminal: progress is only drawn there.
var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
