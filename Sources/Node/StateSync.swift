internal import Blocks
internal import Cryptography
internal import Dispatch
internal import Encoding
internal import FoundationEssentials
internal import Logging
internal import Metrics
internal import Networking
internal import Primitives
internal import Proofs
internal import Replica
internal import StateModel

/// Before a node without a ledger runs: takes a peer's snapshot of the state, chunk by chunk from all that have it, each
/// proven. What a stop interrupts goes on at the next start. Then the node runs, and syncs the blocks behind it [N11].
enum StateSync {
    /// Does nothing unless `sync.mode` asks for it and the home has no ledger.
    static func runIfAsked(home: NodeHome, configuration: Configuration, logger: Logger) async throws {
        guard configuration.text("sync.mode") == "snapshot", try SnapshotImport.isPossible(in: home) else { return }
        let trusted = try trusted(home, configuration.text("sync.checkpoint"))
        // A key that may not vote is told before hours of work, not behind them.
        let key = try home.validatorKey()
        try home.requireKeyOfGuard(key)
        _ = try key.map { try home.openGuard(network: trusted.network, key: $0.address) }
        let network = try TransportSecret(home: home, network: trusted.network)
        let contacts = configuration.list("p2p.peers").compactMap { PeerContact($0) } + home.learnedPeers()
        guard !contacts.isEmpty else {
            logger.warning("sync.mode is snapshot, and no peer is known: blocks are synced from genesis")
            return
        }
        let session = StateSyncSession(
            home: home, trusted: trusted, mapGibibytes: configuration.number("storage.map-gibibytes"),
            peers: Set(contacts.map(\.key)), logger: logger,
            notification: ServiceNotification(environment: ProcessInfo.processInfo.environment))
        let peers = PeerNetwork(
            network.configuration(listening: nil, maximumInbound: 0), handler: session,
            metrics: NOOPMetricsHandler.instance,
            logger: logger)
        session.attach(peers)
        var targets: [TransportKey: [PeerAddress]] = [:]
        for contact in contacts {
            targets[contact.key, default: []].append(PeerAddress(host: contact.host, port: contact.port))
        }
        peers.setTargets(targets)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peers.run() }
            defer { group.cancelAll() }
            try await session.run()
        }
    }

    /// Where evidence must begin: the block that the operator names, `HEIGHT:HASH`, or the genesis block if none is.
    static func trusted(_ home: NodeHome, _ text: String) throws -> Checkpoint {
        let genesis = try home.genesis()
        guard !text.isEmpty else {
            let block = try Ledger.genesisBlock(genesis).block
            return Checkpoint(network: genesis.hash, height: .genesis, blockHash: block.hash)
        }
        guard let (height, hash) = Checkpoint.parse(text) else {
            throw NodeFailure(.usage, "\(text) is no checkpoint", hint: "Write HEIGHT:HASH.")
        }
        return Checkpoint(network: genesis.hash, height: height, blockHash: hash)
    }
}
