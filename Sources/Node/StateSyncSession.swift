internal import Blocks
internal import Cryptography
internal import Dispatch
internal import Encoding
internal import Logging
internal import Networking
internal import Primitives
internal import Proofs
internal import Replica
internal import StateModel
internal import Synchronization

/// One state sync: offers are gathered, one is chosen, its chunks are fetched, proven and taken in order.
///
/// Messages of peers come in on the network's threads; ``run()`` is the only one that acts on them.
final class StateSyncSession: PeerHandler {
    private enum Event: Sendable {
        case connected(TransportKey)
        case disconnected(TransportKey)
        /// What a peer has, verified; nil: nothing.
        case offer(Offer?, TransportKey)
        /// What it has begins elsewhere, or proves nothing.
        case refused(TransportKey)
        /// Asked for by the plan of that number.
        case chunk(ChunkPosition, [UInt8], Int, TransportKey)
        case tick
    }

    private let home: NodeHome
    private let trusted: Checkpoint
    private let mapGibibytes: UInt64
    private let peers: Set<TransportKey>
    private let logger: Logger
    private let notification: ServiceNotification?
    private let network = Mutex<PeerNetwork?>(nil)
    private let origin = ContinuousClock.now
    private let events: AsyncStream<Event>
    private let feed: AsyncStream<Event>.Continuation
    /// Hashing and LMDB are not for the threads of asynchronous code.
    private let work = DispatchQueue(label: "mednexus.state-sync")
    /// Nothing that was not asked for is taken.
    private let requests = Mutex(SnapshotRequests())

    /// How long someone who has a snapshot is waited for, where all have said that they have none, and at all.
    private static let gathering = Duration.seconds(3)
    private static let patience = Duration.seconds(60)
    private static let askingAgain = Duration.seconds(10)
    private static let told = Duration.seconds(2)

    init(
        home: NodeHome, trusted: Checkpoint, mapGibibytes: UInt64, peers: Set<TransportKey>, logger: Logger,
        notification: ServiceNotification?
    ) {
        self.home = home
        self.trusted = trusted
        self.mapGibibytes = mapGibibytes
        self.peers = peers
        self.logger = logger
        self.notification = notification
        (events, feed) = AsyncStream.makeStream()
    }

    func attach(_ network: PeerNetwork) { self.network.withLock { $0 = network } }

    // MARK: From the network

    func admission(of key: TransportKey, isInbound: Bool) -> PeerAdmission {
        peers.contains(key) ? .admit(.listed) : .refuse("this node takes a snapshot, and knows whom to ask")
    }

    func connected(_ key: TransportKey, address: PeerAddress, isInbound: Bool) { feed.yield(.connected(key)) }
    func disconnected(_ key: TransportKey) { feed.yield(.disconnected(key)) }

    func received(_ message: [UInt8], on channel: MessageChannel, from key: TransportKey) async {
        guard channel == .sync, let kind = PeerMessage.kind(of: message), kind == 18 || kind == 20 else { return }
        guard let decoded = try? PeerMessage(decoding: message) else {
            network.withLock { $0 }?.ban(key, because: "undecodable")
            return
        }
        switch decoded {
        case .snapshot(let manifest):
            guard requests.withLock({ $0.answeredManifest(by: key) }) else { return }
            // The peer's next message is read once this one is judged.
            await judge(manifest, of: key)
        case .chunk(let position, let bytes):
            guard let plan = requests.withLock({ $0.answered(position, by: key) }) else { return }
            feed.yield(.chunk(position, bytes, plan, key))
        default: break
        }
    }

    private func judge(_ manifest: SnapshotManifest?, of key: TransportKey) async {
        guard let manifest else {
            _ = feed.yield(.offer(nil, key))
            return
        }
        let trusted = trusted
        do {
            _ = try await onWork { try manifest.verify(trusting: trusted) }
            feed.yield(.offer(Offer(manifest), key))
        } catch {
            logger.warning("a peer's snapshot is refused", metadata: ["peer": "\(key)", "because": "\(error)"])
            feed.yield(.refused(key))
        }
    }

    private func askManifest(of key: TransportKey) {
        requests.withLock { $0.askedManifest(of: key) }
        send(.snapshotRequest(checkpoint: trusted.height), to: key)
    }

    private func send(_ message: PeerMessage, to key: TransportKey) {
        network.withLock { $0 }?.send(message.encoded, on: .sync, to: key)
    }

    // MARK: The loop

    /// A clock that nothing sets back, for the deadlines of requests.
    private var elapsed: Timestamp { Timestamp(UInt64((ContinuousClock.now - origin) / .milliseconds(1))) }

    private struct Offer: Sendable {
        let manifest: SnapshotManifest
        let offer: SnapshotSources.Offer

        init?(_ manifest: SnapshotManifest) {
            guard let header = manifest.header else { return nil }
            self.manifest = manifest
            offer = SnapshotSources.Offer(
                identity: SHA256.hash(header.hash.bytes.array + manifest.cuts.encoded), block: header.hash,
                height: header.height)
        }
    }

    private struct Progress {
        var sources: SnapshotSources
        var connected: Set<TransportKey> = []
        var answered: Set<TransportKey> = []
        var refused: Set<TransportKey> = []
        /// Of each offer, once.
        var manifests: [Hash: SnapshotManifest] = [:]
        var started = ContinuousClock.now
        var askedAgain = ContinuousClock.now
        var toldAt = ContinuousClock.now
        var plan: ChunkPlan?
        var plans = 0
        var held: [Int: ProvenChunk] = [:]
        var bytes = 0
        var taken = 0
        var began = ContinuousClock.now

        var manifest: SnapshotManifest? { sources.chosen.flatMap { manifests[$0.identity] } }
    }

    /// Until the state is there, or no peer has one.
    func run() async throws {
        let ticking = Task { [feed] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(200))
                feed.yield(.tick)
            }
        }
        defer { ticking.cancel() }
        let interrupted = try SnapshotImport.interrupted(in: home)
        var progress = Progress(sources: SnapshotSources(known: peers.count))
        var importing: SnapshotImport?
        if let interrupted, let all = try await resumed(interrupted) {
            // Everything was here already.
            return try await finish(all)
        }
        var wanted = interrupted
        for await event in events {
            try Task.checkCancellation()
            handle(event, &progress)
            if case .chunk(let position, let bytes, let plan, let key) = event, let current = importing {
                try await take(position, bytes, of: plan, from: key, into: current, &progress)
            }
            if let current = importing, let missing = progress.plan?.missing {
                let verdict = progress.sources.judge(left: missing, now: elapsed)
                if verdict != .goOn {
                    try await giveUp(Handed(current), verdict, &progress)
                    importing = nil
                    wanted = nil
                }
            }
            if progress.sources.chosen == nil {
                guard try choose(wanted, &progress) else { continue }
                guard let manifest = progress.manifest, let chosen = progress.sources.chosen else { return }
                let made = try await begin(manifest)
                importing = made.value
                progress.plans += 1
                progress.plan = ChunkPlan(
                    number: progress.plans, height: chosen.height, chunks: manifest.chunks, next: made.value.next)
                (progress.began, progress.bytes, progress.taken) = (.now, 0, 0)
                progress.sources.started(elapsed)
            }
            ask(&progress)
            tell(&progress)
            if let current = importing, progress.plan?.isComplete ?? false {
                return try await finish(Handed(current))
            }
        }
    }

    private func handle(_ event: Event, _ progress: inout Progress) {
        switch event {
        case .connected(let key):
            progress.connected.insert(key)
            askManifest(of: key)
        case .disconnected(let key):
            progress.connected.remove(key)
            progress.sources.withdrawn(by: key)
            requests.withLock { $0.forget(key) }
        case .offer(let offer, let key):
            progress.answered.insert(key)
            guard let offer else { return }
            progress.sources.offered(offer.offer, by: key, now: elapsed)
            progress.manifests[offer.offer.identity] = offer.manifest
            let present = Set(progress.sources.offers.values.map(\.identity))
            let chosen = progress.sources.chosen?.identity
            progress.manifests = progress.manifests.filter { present.contains($0.key) || $0.key == chosen }
        case .refused(let key):
            progress.answered.insert(key)
            progress.refused.insert(key)
        case .chunk: break
        case .tick:
            guard ContinuousClock.now - progress.askedAgain > Self.askingAgain else { return }
            progress.askedAgain = .now
            for key in progress.connected where progress.sources.offers[key] == nil { askManifest(of: key) }
        }
    }

    private func giveUp(
        _ importing: Handed, _ verdict: SnapshotSources.Verdict, _ progress: inout Progress
    ) async throws {
        guard let chosen = progress.sources.chosen else { return }
        logger.warning(
            verdict == .stuck
                ? "the snapshot does not come: another is looked for"
                : "the snapshot comes slowly: another that is offered is tried",
            metadata: [
                "height": "\(chosen.height)", "chunks": "\(importing.value.next)", "pace": "\(pace(progress))",
                "peers": "\(progress.sources.able.map { "\($0)" }.joined(separator: " "))",
            ])
        try await onWork { importing.value.close() }
        progress.sources.leave(verdict, now: elapsed)
        progress.plan = nil
        progress.held = [:]
        progress.started = .now
    }

    /// True once it is decided: an offer is chosen, or (none) the node begins with blocks.
    private func choose(_ interrupted: SnapshotManifest?, _ progress: inout Progress) throws -> Bool {
        let begun = interrupted.flatMap { Offer($0)?.offer }
        if progress.sources.choose(begun, now: elapsed) != nil { return true }
        guard progress.sources.offers.isEmpty else { return false }
        // Everyone whom this node knows said so, or long enough nobody came who has one.
        let now = ContinuousClock.now
        let isAnswered = progress.answered.isSuperset(of: peers) && now - progress.started > Self.gathering
        guard isAnswered || now - progress.started > Self.patience else { return false }
        guard interrupted == nil, !progress.sources.hasGivenUp else {
            throw NodeFailure(
                .failure, "no peer has the snapshot that this home was being made of, or another one",
                hint: "Start again when peers are there; or empty the folder ledger, and set sync.mode to blocks.")
        }
        // Blocks would be taken on genesis's word, which is not what was asked for.
        guard trusted.height == .genesis, progress.refused.isEmpty else {
            throw NodeFailure(
                .failure,
                "no peer has a snapshot that follows from block \(trusted.height) \(trusted.blockHash), which"
                    + " sync.checkpoint trusts (\(progress.refused.count) have others)",
                hint:
                    "Check that block with operators you trust; wait for the next snapshot; or set sync.mode to blocks."
            )
        }
        logger.warning(
            "no peer has a snapshot: blocks are synced from genesis",
            metadata: ["peers": "\(progress.connected.count)", "answered": "\(progress.answered.count)"])
        return true
    }

    private func ask(_ progress: inout Progress) {
        for request in progress.plan?.plan(peers: progress.sources.able, now: elapsed) ?? [] {
            let plan = progress.plans
            requests.withLock { $0.asked(request.position, for: plan, of: request.peer) }
            send(.chunkRequest(request.position), to: request.peer)
        }
    }

    private func take(
        _ position: ChunkPosition, _ bytes: [UInt8], of plan: Int, from key: TransportKey,
        into current: SnapshotImport, _ progress: inout Progress
    ) async throws {
        guard let manifest = progress.manifest,
            progress.plan?.answered(position, for: plan, by: key, now: elapsed) ?? false
        else { return }
        guard !bytes.isEmpty else {
            // It was replaced by a newer one there.
            progress.sources.withdrawn(by: key)
            progress.plan?.rest(key, now: elapsed)
            return
        }
        do {
            progress.held[position.index] = try await onWork {
                try SnapshotImport.verified(bytes, index: position.index, of: manifest)
            }
        } catch {
            logger.warning("a peer's chunk proves nothing", metadata: ["peer": "\(key)", "because": "\(error)"])
            progress.sources.withdrawn(by: key)
            progress.plan?.rest(key, now: elapsed)
            network.withLock { $0 }?.ban(key, because: "bad_chunk")
            return
        }
        progress.plan?.hold(position.index)
        progress.bytes += bytes.count
        progress.sources.proved(bytes: bytes.count)
        let importing = Handed(current)
        while let next = progress.plan?.next, let chunk = progress.held.removeValue(forKey: next) {
            try await onWork { try importing.value.append(chunk) }
            progress.plan?.advance()
            progress.taken += 1
            progress.sources.progressed(elapsed)
        }
    }

    // MARK: The import, on its queue

    /// Moves the import to the queue and back: one of both uses it at a time.
    ///
    /// `@unchecked Sendable`: ``run()`` waits for the queue.
    private struct Handed: @unchecked Sendable {
        let value: SnapshotImport
        init(_ value: SnapshotImport) { self.value = value }
    }

    private func onWork<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            work.async { continuation.resume(with: Result { try body() }) }
        }
    }

    private func begin(_ manifest: SnapshotManifest) async throws -> Handed {
        let (home, trusted, map) = (home, trusted, mapGibibytes)
        let made = try await onWork {
            Handed(try SnapshotImport(manifest, trusting: trusted, in: home, mapGibibytes: map))
        }
        logger.info(
            "a snapshot is taken from peers",
            metadata: [
                "height": "\(manifest.header?.height ?? .genesis)", "entries": "\(manifest.entries)",
                "chunks": "\(manifest.chunks)", "from": "\(made.value.next)", "bytes": "\(manifest.bytes)",
            ])
        return made
    }

    /// An import of which only the end is missing.
    private func resumed(_ manifest: SnapshotManifest) async throws -> Handed? {
        guard (try? manifest.verify(trusting: trusted)) != nil else {
            logger.warning("an interrupted import does not begin at the block that is trusted now: it is begun anew")
            return nil
        }
        let made = try await begin(manifest)
        if made.value.isComplete { return made }
        try await onWork { made.value.close() }
        return nil
    }

    private func finish(_ importing: Handed) async throws {
        let logger = logger
        logger.info("the snapshot is here: its trie and indexes are made")
        notification?.status("making the trie and indexes of a snapshot")
        try await onWork {
            try importing.value.finish { count in
                if count.isMultiple(of: 1_000_000) { logger.info("entries done", metadata: ["count": "\(count)"]) }
            }
        }
        logger.info("the state is taken; blocks behind it come next")
    }

    private func tell(_ progress: inout Progress) {
        guard ContinuousClock.now - progress.toldAt > Self.told else { return }
        progress.toldAt = .now
        guard let manifest = progress.manifest, let chosen = progress.sources.chosen, let plan = progress.plan else {
            logger.info(
                "looking for a snapshot of the state", metadata: ["peers": "\(progress.connected.count)"])
            return
        }
        // By chunks that came, since what a manifest says of its size is not proven.
        let seconds = (ContinuousClock.now - progress.began) / Duration.seconds(1)
        let left =
            progress.taken > 0
            ? "about "
                + ProgressText.duration(
                    min(seconds * Double(manifest.chunks - plan.next) / Double(progress.taken), 1e9)) + " left"
            : "none came yet"
        var text =
            "snapshot of block \(chosen.height): chunk \(plan.next) of \(manifest.chunks),"
            + " \(pace(progress)), \(left)"
        if progress.sources.isSlow {
            text += "; this is slow, "
            text +=
                progress.sources.hasOthers
                ? "others that are offered were not faster" : "and no peer offers another snapshot: it goes on"
        }
        logger.info("\(text)")
        notification?.status(text)
    }

    /// Of the last minute, or since the beginning.
    private func pace(_ progress: Progress) -> String {
        let seconds = (ContinuousClock.now - progress.began) / Duration.seconds(1)
        let pace = progress.sources.pace ?? UInt64(min(Double(progress.bytes) / max(0.001, seconds), 1e12))
        return ProgressText.pace(pace)
    }
}
