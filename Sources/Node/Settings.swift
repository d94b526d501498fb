internal import Primitives
internal import Proofs

/// Every setting of a node: its key in the file, its default, what is allowed and why one would change it.
///
/// The commented configuration file that `init` writes, `config show`, the environment names and the check for unknown
/// keys all come from this table, so none can differ from the others.
package struct Setting: Sendable {
    package enum Default: Sendable, Equatable {
        case text(String)
        case number(UInt64)
        case list([String])
    }

    /// `rpc.listen`: table and key of the TOML file.
    package let key: String
    package let standard: Default
    /// What is allowed, in words: it appears in refusals.
    package let allowed: String
    package let explanation: String
    let isAllowed: @Sendable (Default) -> Bool

    /// `MEDNEXUS_RPC_LISTEN`
    package var environmentName: String {
        "MEDNEXUS_" + key.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    static func number(
        _ key: String, _ standard: UInt64, in range: ClosedRange<UInt64>, _ explanation: String
    ) -> Setting {
        Setting(
            key: key, standard: .number(standard),
            allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)", explanation: explanation
        ) { if case .number(let value) = $0 { range.contains(value) } else { false } }
    }

    static func choice(_ key: String, _ standard: String, of choices: [String], _ explanation: String) -> Setting {
        Setting(
            key: key, standard: .text(standard), allowed: "one of " + choices.joined(separator: ", "),
            explanation: explanation
        ) { if case .text(let value) = $0 { choices.contains(value) } else { false } }
    }

    static func address(_ key: String, _ standard: String, _ explanation: String) -> Setting {
        Setting(
            key: key, standard: .text(standard),
            allowed: "ADDRESS:PORT, the address numeric; port 0 takes a free one", explanation: explanation
        ) { if case .text(let value) = $0 { ListenAddress(value) != nil } else { false } }
    }

    static func optionalAddress(_ key: String, _ standard: String, _ explanation: String) -> Setting {
        Setting(
            key: key, standard: .text(standard),
            allowed: "ADDRESS:PORT, the address numeric and port 0 for a free one; or \"\" for none",
            explanation: explanation
        ) { if case .text(let value) = $0 { value.isEmpty || ListenAddress(value) != nil } else { false } }
    }

    static func list(
        _ key: String, _ explanation: String, allowed: String,
        _ isAllowed: @escaping @Sendable (String) -> Bool
    ) -> Setting {
        Setting(key: key, standard: .list([]), allowed: allowed, explanation: explanation) {
            if case .list(let values) = $0 { values.allSatisfy(isAllowed) } else { false }
        }
    }

    /// Of `storage.keep-blocks`.
    package static let leastKeptBlocks: UInt64 = 1_000

    package static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    package static let all: [Setting] =
        [
            .address("rpc.listen", "127.0.0.1:7411", "Where JSON-RPC answers. TLS ends at a reverse proxy before it."),
            .list(
                "rpc.cors", "Origins of web pages that may call this node; \"*\" for every origin.",
                allowed: "a list of origins such as \"https://market.example\", or \"*\""
            ) { $0 == "*" || $0.hasPrefix("https://") || $0.hasPrefix("http://") },
            .list(
                "rpc.trusted-proxies", "Addresses of reverse proxies whose X-Forwarded-For names the caller.",
                allowed: "a list of numeric addresses"
            ) { !$0.isEmpty && $0.utf8.allSatisfy { "0123456789abcdef.:".utf8.contains($0) } },
            .number("rpc.connections", 1024, in: 1...65_536, "Connections held at once; one more gets 503."),
            .number("rpc.subscriptions", 256, in: 0...65_536, "Live event subscriptions held at once."),
            .number(
                "rpc.calls-per-second", 2000, in: 1...1_000_000,
                "Calls a second of one address, after a burst of ten seconds' worth; more get 429."),
            .number("rpc.call-seconds", 30, in: 1...600, "The longest a call may take, waiting for events included."),
            .optionalAddress(
                "p2p.listen", "0.0.0.0:7410",
                "Where other nodes connect. Empty: nothing listens, this node only dials out (behind a firewall)."),
            Setting(
                key: "p2p.advertise", standard: .text(""), allowed: "HOST:PORT, or \"\" for none",
                explanation: "Where other nodes reach this one, told to its peers; empty if they can't."
            ) { if case .text(let value) = $0 { value.isEmpty || PeerHost.isAddress(value) } else { false } },
            .list(
                "p2p.peers", "Nodes to stay connected with. Their transport keys are shown by `mednexusd keys show`.",
                allowed: "a list of KEY@HOST:PORT, KEY being 66 hexadecimal digits"
            ) { PeerContact($0) != nil },
            .list(
                "p2p.observers",
                "Transport keys of observers that may connect; empty: every observer. Validators always may.",
                allowed: "a list of transport keys, 66 hexadecimal digits each"
            ) { TransportKey(hexadecimal: $0) != nil },
            .number(
                "p2p.max-inbound", 128, in: 0...4096,
                "Connections of observers accepted at once; validators are never counted."),
            .address("operator.listen", "127.0.0.1:7412", "Where /livez, /readyz and /metrics answer."),
            .choice("log.level", "info", of: levels, "The least severe line that is written."),
            .choice("log.format", "text", of: ["text", "json"], "One line per event, for people or for a collector."),
            .list(
                "log.modules", "Levels of single modules, stronger than log.level.",
                allowed: "a list of MODULE=LEVEL, such as \"rpc=debug\""
            ) { entry in
                let parts = entry.split(separator: "=")
                return parts.count == 2 && levels.contains(String(parts[1]))
            },
            .choice(
                "sync.mode", "blocks", of: ["blocks", "snapshot"],
                "How a node without a ledger begins: all blocks from genesis, or a peer's snapshot of the state."),
            Setting(
                key: "sync.checkpoint", standard: .text(""),
                allowed: "HEIGHT:HASH of a final block, or \"\" for genesis",
                explanation: "With snapshot: where the evidence must begin. Take a recent block that you trust."
            ) { if case .text(let value) = $0 { value.isEmpty || Checkpoint.parse(value) != nil } else { false } },
            .number(
                "snapshots.keep", 2, in: 0...16, "Snapshots of the state kept for peers that join; 0 for none."),
            .number(
                "snapshots.minutes", 1_440, in: 0...1_000_000,
                "One is taken at the first epoch's end so long after the last."),
            .number(
                "storage.map-gibibytes", 64, in: 1...4096,
                "Address space reserved for each store; disk is used as it fills."),
            .number("storage.checkpoint-seconds", 7, in: 1...300, "The longest finalized state stays in memory only."),
            .number(
                "storage.checkpoint-mebibytes", 192, in: 1...4096,
                "How much of it may be in memory before a checkpoint."),
            .number(
                "storage.reserve-mebibytes", 256, in: 1...1_048_576, "Stop cleanly when less than this is free on disk."
            ),
            Setting(
                key: "storage.keep-blocks", standard: .number(0),
                allowed:
                    "0 for the whole log, or a whole number from \(leastKeptBlocks) on: peers that were away for a while,"
                    + " and clients that read events, need the last blocks",
                explanation:
                    "How many of the last blocks keep their transactions and receipts; 0 keeps all. Headers and"
                    + " certificates stay, and so do the blocks of the running epoch."
            ) { if case .number(let value) = $0 { value == 0 || value >= leastKeptBlocks } else { false } },
            .number("mempool.mebibytes", 64, in: 1...1024, "Bytes of transactions that may wait."),
            .number("mempool.transactions", 100_000, in: 1...10_000_000, "How many transactions may wait."),
            .number(
                "consensus.batch-milliseconds", 10, in: 0...60_000,
                "How long a leader waits for company after a transaction."),
            Setting(
                key: "consensus.trace-file", standard: .text(""), allowed: "a file, or \"\" for none",
                explanation: "Where times of proposals and finality are written, a line of JSON each, for measurements."
            ) { if case .text = $0 { true } else { false } },
            .number("verify.threads", 0, in: 0...256, "Threads that check signatures; 0 takes one per core."),
        ] + content

    package static func named(_ key: String) -> Setting? { all.first { $0.key == key } }
}

/// A numeric address and a port: `127.0.0.1:7411`, `[::1]:7411`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let allowed = Set("0123456789abcdef.:".utf8)
        guard !host.isEmpty, host.utf8.allSatisfy({ allowed.contains($0) }) else { return nil }
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
