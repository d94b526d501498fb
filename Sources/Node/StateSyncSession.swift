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
        case chunk(ChunkPosition, [UInt8], TransportKey)
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
    private struct Asked {
        var manifest = false
        var chunks: Set<ChunkPosition> = []
    }

    /// What was asked for and is not here; nothing else is taken, so no peer fills the memory.
    private let asked = Mutex<[TransportKey: Asked]>([:])

    /// How long offers are waited for once one is there, and for one at all.
    private static let gathering = Duration.seconds(3)
    /// How long for the one that an interrupted import was of.
    private static let waitingForBegun = Duration.seconds(12)
    private static let patience = Duration.seconds(60)
    private static let stuckPatience = Duration.seconds(90)
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
            let isAsked = asked.withLock { asked in
                let isAsked = asked[key]?.manifest ?? false
                asked[key]?.manifest = false
                return isAsked
            }
            guard isAsked else { return }
            // The peer's next message is read once this one is judged.
            await judge(manifest, of: key)
        case .chunk(let position, let bytes):
            guard asked.withLock({ $0[key]?.chunks.remove(position) }) != nil else { return }
            feed.yield(.chunk(position, bytes, key))
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
            let header = try await onWork { try manifest.verify(trusting: trusted) }
            feed.yield(.offer(Offer(manifest: manifest, header: header), key))
        } catch {
            logger.warning("a peer's snapshot is refused", metadata: ["peer": "\(key)", "because": "\(error)"])
            feed.yield(.refused(key))
        }
    }

    private func askManifest(of key: TransportKey) {
        asked.withLock { $0[key, default: Asked()].manifest = true }
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
        let header: BlockHeader
        /// Of the block and of how its state is cut: who has the same has the same chunks. All nodes cut alike; who does
        /// not stands alone, and what becomes of its offer does not touch theirs.
        let identity: Hash

        init(manifest: SnapshotManifest, header: BlockHeader) {
            self.manifest = manifest
            self.header = header
            identity = SHA256.hash(header.hash.bytes.array + manifest.cuts.encoded)
        }
    }

    private struct Progress {
        var connected: Set<TransportKey> = []
        var answered: Set<TransportKey> = []
        var refused: Set<TransportKey> = []
        var offers: [TransportKey: Offer] = [:]
        var started = ContinuousClock.now
        var firstOffer: ContinuousClock.Instant?
        var askedAgain = ContinuousClock.now
        var toldAt = ContinuousClock.now
        var chosen: Offer?
        var plan: ChunkPlan?
        var held: [Int: ProvenChunk] = [:]
        var bytes = 0
        var taken = 0
        var began = ContinuousClock.now
        /// When the last chunk was taken, or the choice was made.
        var advanced = ContinuousClock.now
        /// Snapshots that could not be had to their end.
        var givenUp: Set<Hash> = []
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
        var progress = Progress()
        var importing: SnapshotImport?
        if let interrupted, let all = try await resumed(interrupted) {
            // Everything was here already.
            return try await finish(all)
        }
        var wanted = interrupted
        for await event in events {
            try Task.checkCancellation()
            handle(event, &progress)
            if case .chunk(let position, let bytes, let key) = event, let current = importing {
                try await take(position, bytes, from: key, into: current, &progress)
            }
            if let current = importing, isStuck(&progress) {
                try await giveUp(Handed(current), &progress)
                importing = nil
                wanted = nil
            }
            if progress.chosen == nil {
                guard try choose(wanted, &progress) else { continue }
                guard let chosen = progress.chosen else { return }
                let made = try await begin(chosen.manifest)
                importing = made.value
                progress.plan = ChunkPlan(chunks: chosen.manifest.chunks, next: made.value.next)
                (progress.began, progress.advanced) = (.now, .now)
                (progress.bytes, progress.taken) = (0, 0)
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
            progress.offers[key] = nil
            asked.withLock { $0[key] = nil }
        case .offer(let offer, let key):
            progress.answered.insert(key)
            guard let offer, !progress.givenUp.contains(offer.identity) else { return }
            progress.offers[key] = offer
            progress.firstOffer = progress.firstOffer ?? .now
        case .refused(let key):
            progress.answered.insert(key)
            progress.refused.insert(key)
        case .chunk: break
        case .tick:
            guard ContinuousClock.now - progress.askedAgain > Self.askingAgain else { return }
            progress.askedAgain = .now
            for key in progress.connected where progress.offers[key] == nil { askManifest(of: key) }
        }
    }

    /// Nobody has brought a chunk for so long: whoever offered this snapshot has it no longer, or never had it.
    private func isStuck(_ progress: inout Progress) -> Bool {
        guard let chosen = progress.chosen, !(progress.plan?.isComplete ?? false) else { return false }
        let hasSource = progress.offers.values.contains { $0.identity == chosen.identity }
        let patience = hasSource ? Self.stuckPatience : Self.waitingForBegun
        return ContinuousClock.now - progress.advanced > patience
    }

    private func giveUp(_ importing: Handed, _ progress: inout Progress) async throws {
        guard let chosen = progress.chosen else { return }
        logger.warning(
            "the snapshot does not come: another is looked for",
            metadata: ["height": "\(chosen.header.height)", "chunks": "\(importing.value.next)"])
        try await onWork { importing.value.close() }
        progress.givenUp.insert(chosen.identity)
        progress.offers = progress.offers.filter { $0.value.identity != chosen.identity }
        progress.chosen = nil
        progress.plan = nil
        progress.held = [:]
        progress.firstOffer = progress.offers.isEmpty ? nil : .now
        progress.started = .now
        asked.withLock { asked in
            for key in asked.keys { asked[key]?.chunks = [] }
        }
    }

    /// True once it is decided: an offer is chosen, or (none) the node begins with blocks.
    private func choose(_ interrupted: SnapshotManifest?, _ progress: inout Progress) throws -> Bool {
        let now = ContinuousClock.now
        if let first = progress.firstOffer {
            let isGathered = progress.offers.count == peers.count || now - first > Self.gathering
            if let interrupted {
                let same = progress.offers.values.filter { $0.header == interrupted.header }
                // The same state cut otherwise does as well, but not before the others have spoken.
                progress.chosen =
                    same.first { $0.manifest.cuts == interrupted.cuts } ?? (isGathered ? best(of: same) : nil)
                if progress.chosen != nil { return true }
            }
            // Who has what was begun may still come.
            guard isGathered, interrupted == nil || now - first > Self.waitingForBegun else { return false }
            progress.chosen = best(of: Array(progress.offers.values))
            if progress.chosen != nil { return true }
        }
        // Everyone whom this node knows said so, or long enough nobody came who has one.
        let isAnswered = progress.answered.isSuperset(of: peers) && now - progress.started > Self.gathering
        guard isAnswered || now - progress.started > Self.patience else { return false }
        guard interrupted == nil, progress.givenUp.isEmpty else {
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

    /// What most peers have, so that one alone can't make this node wait; of equals the highest.
    private func best(of offers: [Offer]) -> Offer? {
        func count(_ offer: Offer) -> Int { offers.filter { $0.identity == offer.identity }.count }
        return offers.max { (count($0), $0.header.height) < (count($1), $1.header.height) }
    }

    private func ask(_ progress: inout Progress) {
        guard let chosen = progress.chosen, var plan = progress.plan else { return }
        let able = progress.offers.filter { $0.value.identity == chosen.identity }.keys.sorted()
        progress.plan = nil
        for request in plan.plan(peers: able, now: elapsed) {
            let position = ChunkPosition(height: chosen.header.height, index: request.index)
            asked.withLock { _ = $0[request.peer, default: Asked()].chunks.insert(position) }
            send(.chunkRequest(position), to: request.peer)
        }
        progress.plan = plan
    }

    private func take(
        _ position: ChunkPosition, _ bytes: [UInt8], from key: TransportKey, into current: SnapshotImport,
        _ progress: inout Progress
    ) async throws {
        guard let chosen = progress.chosen, progress.plan?.answered(position.index, by: key) ?? false else { return }
        guard !bytes.isEmpty else {
            // It was replaced by a newer one there.
            progress.offers[key] = nil
            progress.plan?.rest(key, now: elapsed)
            return
        }
        let manifest = chosen.manifest
        do {
            progress.held[position.index] = try await onWork {
                try SnapshotImport.verified(bytes, index: position.index, of: manifest)
            }
        } catch {
            logger.warning("a peer's chunk proves nothing", metadata: ["peer": "\(key)", "because": "\(error)"])
            progress.offers[key] = nil
            progress.plan?.rest(key, now: elapsed)
            network.withLock { $0 }?.ban(key, because: "bad_chunk")
            return
        }
        progress.plan?.hold(position.index)
        progress.bytes += bytes.count
        let importing = Handed(current)
        while let next = progress.plan?.next, let chunk = progress.held.removeValue(forKey: next) {
            try await onWork { try importing.value.append(chunk) }
            progress.plan?.advance()
            progress.taken += 1
            progress.advanced = .now
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
        guard let chosen = progress.chosen, let plan = progress.plan else {
            logger.info(
                "looking for a snapshot of the state", metadata: ["peers": "\(progress.connected.count)"])
            return
        }
        // By chunks that came, since what a manifest says of its size is not proven.
        let seconds = (ContinuousClock.now - progress.began) / Duration.seconds(1)
        let rate = Int(min(Double(progress.bytes) / 1_048_576 / max(0.001, seconds), 1e6))
        let left =
            progress.taken > 0
            ? "about \(Int(min(seconds * Double(chosen.manifest.chunks - plan.next) / Double(progress.taken), 1e7))) s left"
            : "none came yet"
        let text =
            "snapshot of block \(chosen.header.height): chunk \(plan.next) of \(chosen.manifest.chunks),"
            + " \(rate) MiB a second, \(left)"
        logger.info("\(text)")
        notification?.status(text)
    }
}
