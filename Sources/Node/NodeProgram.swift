internal import Blocks
internal import Consensus
internal import Content
internal import Cryptography
internal import Dispatch
internal import FoundationEssentials
internal import Glibc
internal import Governance
internal import Identities
internal import Interface
internal import Logging
internal import Mempool
internal import Metrics
internal import Networking
internal import Primitives
internal import RPC
internal import Replica
internal import ServiceLifecycle
internal import StateModel
internal import Storage
internal import Synchronization
internal import Transactions
internal import UnixSignals
internal import Votes

/// A node from start to stop: open, recover, serve, shut down in order.
package enum NodeProgram {
    /// Runs until SIGTERM or SIGINT, or until the node stops by itself; then it throws why.
    ///
    /// - Parameter readyFile: where to write, once it serves, which addresses it listens on.
    package static func run(
        home: NodeHome, configuration: Configuration, readyFile: String?, withParent: Bool = false
    ) async throws {
        Schnorr.randomizeContext(seed: NodeRandom.bytes32())
        LogSetup.start(configuration)
        var logger = Logger(label: "node")
        // Everything passes here; the handler asks for the level in force, which a reload may change.
        logger.logLevel = .trace
        do {
            try await StateSync.runIfAsked(home: home, configuration: configuration, logger: logger)
            let node = try await RunningNode(home: home, configuration: configuration, logger: logger)
            try await node.serve(readyFile: readyFile, withParent: withParent)
        } catch let failure as NodeFailure {
            throw failure
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        } catch let failure as RPCServerFailure {
            switch failure {
            case .portInUse, .cannotBind:
                throw NodeFailure(.port, "\(failure)", hint: "See rpc.listen and operator.listen in config.toml.")
            }
        } catch let failure as NetworkFailure {
            throw NodeFailure(.port, "\(failure)", hint: "See p2p.listen in config.toml.")
        } catch let failure as StateFailure {
            throw NodeFailure(.corruption, failure.message, hint: "Run `mednexusd verify`.")
        }
    }
}

/// The parts of a running node, wired.
private struct RunningNode {
    let home: NodeHome
    let configuration: Configuration
    let logger: Logger
    let ledger: Ledger
    let driver = Driver()
    let pipeline: Pipeline
    let backend: NodeBackend
    let registry = PrometheusRegistry()
    let measures: NodeMeasures
    let performer: Performer
    let replica: Replica
    let gateway: PeerGateway
    let transport: TransportSecret
    let snapshots: SnapshotKeeper
    /// Nil without a content store.
    let content: NodeContent?
    let clock = NodeClock()
    /// Whom to tell when it serves; nil unless a service manager asked for it.
    let notification = ServiceNotification(environment: ProcessInfo.processInfo.environment)

    init(home: NodeHome, configuration: Configuration, logger: Logger) async throws {
        self.home = home
        self.configuration = configuration
        self.logger = logger
        measures = NodeMeasures(registry)
        let key = try home.validatorKey()
        try home.requireKeyOfGuard(key)
        var options = StateStoreOptions()
        options.checkpointInterval = .seconds(Int64(configuration.number("storage.checkpoint-seconds")))
        options.checkpointBytes = Int(configuration.number("storage.checkpoint-mebibytes")) << 20
        options.maximumLayerBytes = max(options.maximumLayerBytes, 5 * options.checkpointBytes / 2)
        let started = ContinuousClock.now
        let notification = self.notification
        ledger = try Ledger.open(
            home, mapGibibytes: configuration.number("storage.map-gibibytes"), options: options,
            notice: { logger.warning("\($0)") },
            progress: { height, tip in
                if height.value.isMultiple(of: 1000) {
                    logger.info("executing again", metadata: ["height": "\(height)", "of": "\(tip)"])
                    notification?.status("executing block \(height) of \(tip) again")
                }
            })
        if let plan = try NodeRelease.missing(after: ledger) { throw NodeRelease.failure(plan) }
        if let offset = home.clockOffset, ledger.networkKind == .test { clock.setOffset(milliseconds: offset) }
        let state = try ledger.state.snapshot()
        let (header, certificate) = try ledger.header(at: state.height ?? .genesis)
        let now = clock.now.milliseconds
        if header.time.milliseconds > now + StallReport.tolerableClockMilliseconds {
            logger.warning(
                "this machine's clock is behind the last block: until it is right, nothing newer is voted for",
                metadata: ["seconds": "\((header.time.milliseconds - now) / 1000)"])
        }
        let network = ledger.network
        let signingGuard = try key.map { try home.openGuard(network: network, key: $0.address) }
        let watch = KeyWatch(signingGuard?.record.watching)
        let (journal, records) = try VoteJournal.open(
            on: FileDisk.making(home.storageDirectory + "/journal"), network: ledger.network)
        let validators = try Validators.currentSet(in: state)
        var pool = MempoolLimits()
        pool.bytes = Int(configuration.number("mempool.mebibytes")) << 20
        pool.transactions = Int(configuration.number("mempool.transactions"))
        pool.transactionWeight = try Parameters.current(in: state).blockWeight * 19 / 20 - Sponsorship.admissionWeight
        replica = try Replica(
            ReplicaConfiguration(
                network: ledger.network, networkKind: ledger.networkKind,
                ownKey: key?.address, pool: pool,
                batchMilliseconds: configuration.number("consensus.batch-milliseconds"),
                restart: try home.pendingRestart(in: try Epochs.current(in: state).number),
                release: NodeRelease.own(ledger.networkKind)),
            recovery: ReplicaRecovery(
                head: header, finalization: certificate, state: state, journal: records,
                guardVotes: signingGuard?.record.votes ?? [],
                guardPosition: signingGuard?.record.position ?? EpochView(.genesis, .genesis),
                watching: signingGuard?.record.watching,
                recordedEvidence: try ledger.evidence(since: try Epochs.current(in: state).firstHeight)))
        let board = HeadBoard(
            ChainHead(height: header.height, blockHash: header.hash, time: header.time, stateRoot: header.stateRoot))
        pipeline = Pipeline(network: ledger.network, threads: Int(configuration.number("verify.threads")))
        transport = try TransportSecret(home: home, network: ledger.network)
        snapshots = SnapshotKeeper(
            ledger: ledger, home: home, count: Int(configuration.number("snapshots.keep")),
            minutes: configuration.number("snapshots.minutes"),
            reserveBytes: configuration.number("storage.reserve-mebibytes") << 20, logger: logger)
        gateway = PeerGateway(
            driver: driver, pipeline: pipeline, ledger: ledger, snapshots: snapshots,
            addresses: AddressBook(configured: configuration.list("p2p.peers"), learned: home.learnedPeers()),
            observers: Set(configuration.list("p2p.observers").compactMap { TransportKey(hexadecimal: $0) }),
            ownRecord: transport.record(advertising: configuration.text("p2p.advertise"), time: clock.now),
            saveAddresses: { contacts in
                // Losing them costs a dial by hand at most: peers tell them again.
                do { try home.writeLearnedPeers(contacts) } catch {
                    logger.warning("the file of peers can't be written")
                }
            }, logger: logger)
        content = try await NodeContent.open(home: home, configuration: configuration, ledger: ledger, logger: logger)
        if let content { gateway.attach(content.peers) }
        performer = Performer(
            ledger: ledger, clock: clock, key: key, signingGuard: signingGuard, journal: journal, records: records,
            validators: validators, board: board, measures: measures, gateway: gateway,
            trace: try ConsensusTrace(file: configuration.text("consensus.trace-file")), logger: logger,
            reserveBytes: configuration.number("storage.reserve-mebibytes") << 20,
            watch: watch, snapshots: snapshots)
        backend = NodeBackend(
            ledger: ledger, driver: driver, pipeline: pipeline, board: board, clock: clock, gateway: gateway,
            ownKey: key?.address, content: content, watch: watch, logger: logger)
        logger.info(
            "opened",
            metadata: [
                "network": "\(ledger.network)", "height": "\(header.height)",
                "validator": "\(key.map { validators.index(of: $0.address) != nil } ?? false)",
                "seconds": "\((ContinuousClock.now - started) / Duration.seconds(1))",
            ])
    }

    func serve(readyFile: String?, withParent: Bool) async throws {
        let addresses = Mutex<[String: Int]>([:])
        let listensToPeers = !configuration.text("p2p.listen").isEmpty
        let announce: @Sendable (String, Int) async -> Void = { [home, ledger, logger, notification] name, port in
            let all = addresses.withLock {
                $0[name] = port
                return $0
            }
            logger.info("listening", metadata: ["what": "\(name)", "port": "\(port)"])
            guard all.count == (listensToPeers ? 3 : 2) else { return }
            notification?.ready(status: "serving network \(ledger.network)")
            guard let readyFile else { return }
            try? home.writeReady(readyFile, network: ledger.network, ports: all)
        }
        let rpc = rpcConfiguration
        let server = RPCServer(
            configuration: rpc,
            table: .standard(
                networkKind: ledger.networkKind, version: NodeVersion.text,
                admissionRejections: MempoolRejection.descriptions),
            backend: backend, metrics: registry, logger: logger
        ) { await announce("rpc", $0) }
        let operatorServer = OperatorServer(
            configuration: rpc, probes: probes, registry: registry, logger: logger
        ) { await announce("operator", $0) }
        let network = PeerNetwork(
            transport.configuration(
                listening: listensToPeers ? configuration.address("p2p.listen") : nil,
                maximumInbound: Int(configuration.number("p2p.max-inbound"))),
            handler: gateway, metrics: registry, logger: logger
        ) { port in Task { await announce("p2p", port) } }
        gateway.attach(network)
        let loop = DriverService(
            driver: driver, parts: UncheckedBox((replica, performer)), home: home, backend: backend, logger: logger)
        let reload = ReloadService(
            home: home, flags: configuration.flags, server: server, clock: clock, kind: ledger.networkKind,
            logger: logger)
        var quiet = logger
        quiet.logLevel = .warning
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: loop, successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: reload), .init(service: server), .init(service: operatorServer),
            .init(service: network),
            .init(
                service: LogPruning(ledger: ledger, keep: configuration.number("storage.keep-blocks"), logger: logger)),
            .init(service: ProgressLog(backend: backend, notification: notification, logger: logger)),
            // Services are shut down from the last to the first: who waits for a block is let go before the servers
            // wait for their connections to end.
            .init(service: WaiterRelease(board: backend.board)),
        ]
        if let content { services.append(.init(service: ContentUpkeep(content: content, logger: logger))) }
        if let notification { services.append(.init(service: StopNotification(notification: notification))) }
        if withParent {
            services.append(.init(service: ParentWatch(), successTerminationBehavior: .gracefullyShutdownGroup))
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch {
            // The driver's own failure is the reason, also where it came while a signal shut the others down.
            throw driver.failure ?? error
        }
        try await pipeline.stop()
        snapshots.stop()
        if let failure = driver.failure { throw failure }
        logger.info("stopped")
    }

    private var rpcConfiguration: RPCConfiguration {
        var rpc = RPCConfiguration()
        (rpc.host, rpc.port) = (configuration.address("rpc.listen").host, configuration.address("rpc.listen").port)
        let operations = configuration.address("operator.listen")
        (rpc.operatorHost, rpc.operatorPort) = (operations.host, operations.port)
        rpc.allowedOrigins = configuration.list("rpc.cors")
        rpc.trustedProxies = configuration.list("rpc.trusted-proxies")
        rpc.limits.connections = Int(configuration.number("rpc.connections"))
        rpc.limits.subscriptions = Int(configuration.number("rpc.subscriptions"))
        rpc.limits.callsPerSecond = Double(configuration.number("rpc.calls-per-second"))
        rpc.limits.callBurst = Double(configuration.number("rpc.calls-per-second") * 10)
        rpc.limits.callMilliseconds = Int(configuration.number("rpc.call-seconds")) * 1000
        return rpc
    }

    private var probes: OperatorProbes {
        let backend = self.backend
        let measures = self.measures
        let consensusMeasures = ConsensusMeasures(registry)
        let contentMeasures = content.map { (store: $0.store, measures: ContentStoreMeasures(registry)) }
        return OperatorProbes(
            notReadyBecause: { await backend.notReadyBecause() },
            refreshMetrics: {
                let (count, bytes) = await backend.driver.ask { ($0.pool.count, $0.pool.byteCount) }
                consensusMeasures.record(await backend.driver.ask { ConsensusMeasures.Reading($0) })
                contentMeasures.map { $0.measures.record($0.store.totals) }
                measures.poolTransactions.record(count)
                measures.poolBytes.record(bytes)
                measures.layerBytes.record(backend.ledger.state.layerBytes)
                measures.diskFree.record(Double(Doctor.freeBytes(backend.ledger.home.path) ?? 0))
            })
    }
}

/// Runs the driver on its thread; on shutdown stops it, writes the pool, and checkpoints.
private struct DriverService: Service {
    let driver: Driver
    /// Read once, on the driver's thread.
    let parts: UncheckedBox<(replica: Replica, performer: Performer)>
    let home: NodeHome
    let backend: NodeBackend
    let logger: Logger

    func run() async throws {
        let driver = self.driver
        let restoring = Task { await restorePool() }
        let parts = self.parts
        let board = backend.board
        // A listener that can't listen cancels the group; a signal shuts it down gracefully. Either ends the loop.
        let last = await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    DispatchQueue(label: "mednexus.driver").async {
                        let (replica, performer) = parts.value
                        let last = driver.run(replica, performer: performer)
                        continuation.resume(returning: (replica: last, performer: UncheckedBox(performer)))
                    }
                }
            } onCancel: {
                board.close()
                driver.post(.stop)
            }
        } onGracefulShutdown: {
            driver.post(.stop)
        }
        // First of all nobody may wait for the driver any more: neither callers nor the restoring of the pool.
        restoring.cancel()
        driver.retire(last.replica, performer: last.performer.value)
        let left = await restoring.value
        home.writeMempool(TransactionPool<VerifiedTransaction>.encode(last.replica.pool.allBytes + left))
        if driver.failure == nil || driver.failure?.exit == .upgrade { try await backend.ledger.state.checkpoint() }
    }

    /// What waited at the last stop is verified and admitted like any other. The file goes once all of it was looked
    /// at; what a stop interrupts is handed back to be kept.
    private func restorePool() async -> [[UInt8]] {
        guard let bytes = home.readMempool(), !bytes.isEmpty else { return [] }
        let limits = parts.value.replica.configuration.pool
        guard let transactions = try? TransactionPool<VerifiedTransaction>.decodeAll(bytes, limits: limits) else {
            logger.warning("the file of waiting transactions is damaged and was left out")
            return []
        }
        var admitted = 0
        for start in stride(from: 0, to: transactions.count, by: 256) {
            if Task.isCancelled { return Array(transactions[start...]) }
            let part = Array(transactions[start..<min(start + 256, transactions.count)])
            let results = (try? await backend.submit(all: part)) ?? []
            admitted += results.count { (try? $0.get()) != nil }
        }
        home.removeMempool()
        logger.info("waiting transactions taken up", metadata: ["count": "\(admitted)", "of": "\(transactions.count)"])
        return []
    }
}

/// Hands the performer to the one thread that uses it from then on.
///
/// `@unchecked Sendable`: the box is read once, on the driver's queue, and nobody keeps another reference that is used.
private final class UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// On shutdown nobody waits for the next block any longer.
private struct WaiterRelease: Service {
    let board: HeadBoard

    func run() async throws {
        try? await gracefulShutdown()
        board.close()
    }
}

/// Ends the node when the process that started it has ended: a local network leaves nothing behind.
private struct ParentWatch: Service {
    func run() async throws {
        let parent = getppid()
        while getppid() == parent {
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(500)) }
            } catch {
                return
            }
        }
    }
}

/// SIGHUP: levels of the log, origins, and on test networks the clock's offset are read anew.
private struct ReloadService: Service {
    let home: NodeHome
    /// What the command line said stays in force.
    let flags: [(key: String, text: String)]
    let server: RPCServer
    let clock: NodeClock
    let kind: NetworkKind
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            if kind == .test, let offset = home.clockOffset { clock.setOffset(milliseconds: offset) }
            do {
                let configuration = try home.configuration(
                    environment: ProcessInfo.processInfo.environment, flags: flags)
                server.setAllowedOrigins(configuration.list("rpc.cors"))
                LogSetup.reload(configuration)
                logger.notice("configuration reloaded: log levels, origins")
            } catch {
                logger.error("configuration not reloaded", metadata: ["because": "\(error)"])
            }
        }
    }
}
