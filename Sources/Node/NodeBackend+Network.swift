internal import Blocks
internal import Consensus
internal import Governance
internal import Interface
internal import Mempool
internal import Networking
internal import Primitives
internal import Replica
internal import StateModel
internal import Storage
internal import Votes

/// What the replica says of itself and the network between two steps.
struct ReplicaSummary: Sendable {
    let epoch: EpochInformation
    let ownIndex: Int?
    let view: View
    let height: Height
    let deltaMilliseconds: UInt64
    let heartbeatMilliseconds: UInt64
    let lastVoteViews: [View?]
    let peers: [TransportKey: PeerStatus]
    let syncTarget: Height?
    /// The height that the network is believed to have: the own one if nothing is ahead.
    let targetHeight: Height
    /// A block that is needed next and that no peer keeps.
    let lackedBlock: Height?
    let poolCount: Int

    init(_ replica: borrowing Replica) {
        epoch = replica.epochInformation
        let configuration = replica.consensus.configuration
        ownIndex = configuration.ownIndex
        view = replica.consensus.view
        height = replica.head.height
        deltaMilliseconds = configuration.deltaMilliseconds
        heartbeatMilliseconds = configuration.heartbeatMilliseconds
        lastVoteViews = replica.lastVoteViews
        var statuses: [TransportKey: PeerStatus] = [:]
        for (key, status) in replica.peerStatuses { statuses[key] = status }
        peers = statuses
        syncTarget = replica.syncTarget
        targetHeight = replica.believedHeight
        lackedBlock = replica.lackedBlock
        poolCount = replica.pool.count
    }

    func isConnected(_ index: Int) -> Bool {
        index == ownIndex || epoch.transportKeys[index].map { peers[$0] != nil } ?? false
    }

    /// After a heartbeat, or twenty delays where transactions wait, a block is overdue.
    private var expectedMilliseconds: UInt64 {
        20 * deltaMilliseconds + (poolCount > 0 ? 0 : heartbeatMilliseconds)
    }

    func stall(
        millisecondsSinceBlock: UInt64, clockBehindMilliseconds: UInt64, watch: KeyWatch
    ) -> StallReport {
        StallReport(
            validators: epoch.validators.validators.indices.map { index in
                StallReport.Validator(
                    name: epoch.names[index], isConnected: isConnected(index),
                    lastVoteView: lastVoteViews[index]?.value)
            },
            quorum: epoch.validators.quorum, isValidator: ownIndex != nil, peerCount: peers.count, view: view.value,
            height: height.value, targetHeight: (syncTarget ?? height).value, lackedBlock: lackedBlock?.value,
            clockBehindMilliseconds: clockBehindMilliseconds,
            millisecondsSinceBlock: millisecondsSinceBlock, expectedMilliseconds: expectedMilliseconds,
            watchesThroughEpoch: watch.lastEpoch(in: epoch.epoch)?.value)
    }
}

// What the node says of itself and of others.
extension NodeBackend {
    /// What `status`, `/readyz` and the log say of the chain now.
    func stallReport() async -> StallReport {
        await summary().stall(
            millisecondsSinceBlock: millisecondsSinceBlock, clockBehindMilliseconds: clockBehindMilliseconds,
            watch: watch)
    }

    private func summary() async -> ReplicaSummary { await driver.ask { ReplicaSummary($0) } }

    private var clockBehindMilliseconds: UInt64 {
        let (head, now) = (board.head.time.milliseconds, clock.now.milliseconds)
        return head > now ? head - now : 0
    }

    private var millisecondsSinceBlock: UInt64 { UInt64((ContinuousClock.now - board.changed) / .milliseconds(1)) }

    /// Nil if ready.
    func notReadyBecause() async -> String? {
        if let failure = driver.failure { return failure.message }
        return await stallReport().notReadyBecause
    }

    func nodeStatus() async throws -> NodeStatus {
        let summary = await summary()
        let report = summary.stall(
            millisecondsSinceBlock: millisecondsSinceBlock, clockBehindMilliseconds: clockBehindMilliseconds,
            watch: watch)
        let reason = driver.failure?.message ?? report.notReadyBecause
        return NodeStatus(
            version: NodeVersion.text, network: network, networkKind: networkKind == .test ? "test" : "main",
            head: board.head, lowestBlock: try ledger.log.lowestBlock() ?? .genesis, epoch: summary.epoch.epoch.value,
            view: summary.view.value,
            targetHeight: summary.targetHeight, isSyncing: summary.syncTarget != nil, isReady: reason == nil,
            notReadyBecause: reason, stalledBecause: report.stalledBecause, isValidator: summary.ownIndex != nil,
            watchesThroughEpoch: summary.ownIndex == nil ? nil : watch.lastEpoch(in: summary.epoch.epoch)?.value,
            validatorCount: UInt64(summary.epoch.validators.count), quorum: UInt64(summary.epoch.validators.quorum),
            peerCount: UInt64(summary.peers.count), pendingCount: UInt64(summary.poolCount),
            uptimeMilliseconds: UInt64((ContinuousClock.now - started) / .milliseconds(1)), upgrade: try upgrade())
    }

    private func upgrade() throws -> UpgradeStatus? {
        guard let plan = try Upgrades.current(in: try ledger.state.snapshot())?.plan else { return nil }
        return UpgradeStatus(
            height: plan.height, release: plan.release,
            isInstalled: NodeRelease.own(ledger.networkKind) >= plan.release)
    }

    func peers() async throws -> [PeerView] {
        let summary = await summary()
        return gateway.connections.sorted { $0.key < $1.key }.map { connection in
            let index = summary.epoch.transportKeys.firstIndex { $0 == connection.key }
            let status = summary.peers[connection.key]
            let bytesIn = MessageChannel.allCases.reduce(UInt64(0)) { $0 + connection.bytesIn[$1] }
            let bytesOut = MessageChannel.allCases.reduce(UInt64(0)) { $0 + connection.bytesOut[$1] }
            return PeerView(
                transportKey: connection.key, address: connection.address.description,
                isInbound: connection.isInbound, role: index == nil ? "observer" : "validator",
                validator: index.map { summary.epoch.names[$0] }, height: status?.height ?? .genesis,
                view: status?.view.value ?? 0,
                roundTripMicroseconds: connection.roundTrip.map { UInt64(max(0, $0 / .microseconds(1))) },
                bytesReceived: bytesIn, bytesSent: bytesOut,
                connectedMilliseconds: UInt64(max(0, (ContinuousClock.now - connection.since) / .milliseconds(1))))
        }
    }

    func validators() async throws -> [ValidatorView] {
        let summary = await summary()
        func height(_ index: Int) -> Height? {
            index == summary.ownIndex
                ? summary.height : summary.epoch.transportKeys[index].flatMap { summary.peers[$0]?.height }
        }
        let set = summary.epoch.validators
        let highest = set.validators.indices.compactMap(height).max() ?? summary.height
        return set.validators.enumerated().map { index, validator in
            let own = height(index)
            return ValidatorView(
                index: UInt64(index), name: summary.epoch.names[index], key: validator.key,
                party: validator.institution, transportKey: summary.epoch.transportKeys[index],
                isOwn: index == summary.ownIndex, isConnected: summary.isConnected(index),
                lastVoteView: summary.lastVoteViews[index]?.value, height: own,
                lag: own.map { highest.value - $0.value })
        }
    }
}
