import ArgumentParser
import Interface
import Primitives
import WalletKit

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "The node that this wallet asks.", discussion: example("node status"),
        subcommands: [NodeStatusCommand.self, NodeValidators.self, NodePeers.self])
}

struct NodeStatusCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Version, network, height, readiness.",
        discussion: example("node status", "node status --node http://127.0.0.1:7411 --json"))
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        // A node of another build is still to be looked at.
        let status = try await session.client.status()
        if status.ledgerVersion == ProgramVersion.ledger { try await session.verifyNetwork() }
        let names = session.plainNames
        session.show(try session.client.encode(status)) {
            Console.fields([
                ("Node", session.network.node),
                (
                    "Version",
                    status.version + " (ledger \(status.ledgerVersion.map { "\($0)" } ?? "older"))"
                        + (status.ledgerVersion == ProgramVersion.ledger
                            ? "" : "; this wallet reads ledger \(ProgramVersion.ledger), and can't use it")
                ),
                ("Network", "\(session.network.name), \(status.networkKind), \(status.network)"),
                ("Height", status.head.height.description), ("Block", status.head.blockHash.description),
                ("Block time", names.time(status.head.time)),
                ("Ready", status.isReady ? "yes" : "no: \(status.notReadyBecause ?? "")"),
                ("Behind", status.lag == 0 ? nil : "\(status.lag) blocks"), ("Peers", "\(status.peerCount)"),
                ("Waiting", "\(status.pendingCount) transactions"),
                ("Validator", status.isValidator ? "yes" : "no"),
                ("Running for", "\(status.uptimeMilliseconds / 1000) s"),
            ])
        }
    }
}

struct NodeValidators: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "validators", abstract: "Who decides on blocks.", discussion: example("node validators"))
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.read("node_validators", as: JSONValue.self).array ?? []
        let names = session.plainNames
        session.list(items, ["INDEX", "NAME", "KEY", "PARTY"], empty: "There is none.") { item in
            [
                "\(item["index"]?.unsigned ?? 0)", item["name"]?.string ?? "", item["key"]?.string ?? "",
                names.party(item["party"]),
            ]
        }
    }
}

struct NodePeers: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "The node's neighbors.", discussion: example("node peers"))
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.read("node_peers", as: JSONValue.self).array ?? []
        session.list(items, ["ADDRESS", "HEIGHT", "DIRECTION", "KEY"], empty: "It has no peers.") { item in
            [
                item["address"]?.string ?? "", "\(item["height"]?.unsigned ?? 0)",
                item["isInbound"]?.boolean == true ? "inbound" : "outbound", item["transportKey"]?.string ?? "",
            ]
        }
    }
}
