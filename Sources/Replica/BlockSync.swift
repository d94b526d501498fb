internal import Blocks
internal import Primitives

/// Which final blocks are asked of whom: pipelined ranges from several peers, those that stall or lie passed over.
///
/// It judges no block; what it holds is applied only up to a certificate.
struct BlockSync: Sendable {
    struct Request: Sendable {
        let range: BlockRange
        let peer: TransportKey
        let deadline: Timestamp
        /// Answered with what can't be judged here yet.
        var isUnknown = false
    }

    /// A peer that blocks may be had from.
    struct Source: Sendable {
        let key: TransportKey
        /// What it says it has.
        let height: Height
        let isValidator: Bool
    }

    private(set) var requests: [Request] = []
    /// By height, above the head.
    private var received: [UInt64: (block: SyncedBlock, peer: TransportKey, bytes: Int)] = [:]
    /// A peer that did not deliver what it said it has.
    private struct Rest: Sendable {
        /// Not asked before then, whoever else there is.
        let atLeast: Timestamp
        /// Nor before then while there is anyone else.
        let preferably: Timestamp
    }

    private var resting: [TransportKey: Rest] = [:]
    /// How often in a row it did not, which doubles the longer rest.
    private var failures: [TransportKey: Int] = [:]
    /// The first block that a peer was asked for in vain, until any comes.
    private(set) var lacking: Height?
    /// Counted on with each request, so that equal peers take turns.
    private var turn = 0
    /// Since when someone has more than this node, which is its head all that time.
    private var behind: (head: Height, since: Timestamp)?

    private static let pipelined = 4
    private static let blocksPerRequest = 16
    /// How far ahead of the head blocks are kept: beyond, one slow peer would make others fill the memory. Four ranges,
    /// at most 128 MiB of the largest blocks.
    private static let window: UInt64 = 64
    /// As long as what is kept is small, more: one finalization may cover any number of blocks, and a run without its end
    /// is of no use.
    private static let widestWindow: UInt64 = 4_096
    private static let windowBytes = 64 * 1024 * 1024
    private static let patienceMilliseconds: UInt64 = 5_000
    private static let restMilliseconds: UInt64 = 30_000
    private static let restDoublings = 5
    private static let rememberedFailures = 1_024
    /// A head this far behind is not caught up with by votes.
    private static let votedHeights: UInt64 = 2
    private static let waitMilliseconds: UInt64 = 2_000

    var isRunning: Bool { !requests.isEmpty || !received.isEmpty }

    /// What peers have, as far as they are believed now.
    func target(of peers: [Source], now: Timestamp) -> Height {
        peers.filter { !isResting($0.key, now: now) }.map(\.height).max() ?? .genesis
    }

    /// Whether blocks are to be fetched: at once if the node only follows or is far behind, else when consensus does
    /// not bring them by itself.
    mutating func isNeeded(head: Height, target: Height, isFollowing: Bool, now: Timestamp) -> Bool {
        guard target > head else {
            behind = nil
            return false
        }
        if isFollowing || target.value - head.value > Self.votedHeights { return true }
        guard let behind, behind.head == head else {
            self.behind = (head, now)
            return false
        }
        return now >= behind.since.adding(milliseconds: Self.waitMilliseconds)
    }

    /// Requests to send now, up to `last`.
    mutating func plan(
        head: Height, last: Height, peers: [Source], now: Timestamp
    ) -> [Request] {
        var new: [Request] = []
        var cursor = head.next.value
        let bytes = received.values.reduce(0) { $0 + $1.bytes }
        let window = bytes < Self.windowBytes ? Self.widestWindow : Self.window
        let end = min(last.value, target(of: peers, now: now).value, head.value + window)
        while requests.count < Self.pipelined, cursor <= end {
            if received[cursor] != nil {
                cursor += 1
            } else if let request = requests.first(where: {
                $0.range.first.value <= cursor && cursor <= $0.range.last.value
            }) {
                cursor = request.range.last.value + 1
            } else {
                guard let peer = source(of: cursor, peers: peers, now: now) else { break }
                var count: UInt64 = 1
                while count < UInt64(Self.blocksPerRequest), cursor + count <= min(end, peer.height.value),
                    received[cursor + count] == nil,
                    !requests.contains(where: { $0.range.first.value == cursor + count })
                { count += 1 }
                let request = Request(
                    range: BlockRange(first: Height(cursor), count: Int(count)), peer: peer.key,
                    deadline: now.adding(milliseconds: Self.patienceMilliseconds))
                requests.append(request)
                new.append(request)
                cursor += count
            }
        }
        return new
    }

    /// A peer that has the height: a validator if one does, of these whoever is asked for least, of equals one after the
    /// other. Whoever can make keys at will can choose the lowest, so no order of keys decides.
    private mutating func source(of height: UInt64, peers: [Source], now: Timestamp) -> Source? {
        let able = peers.filter { $0.height.value >= height && !isResting($0.key, now: now) }
        let rested = able.filter { (resting[$0.key]?.preferably ?? now) <= now }
        let candidates = rested.isEmpty ? able : rested
        let validators = candidates.filter(\.isValidator)
        let preferred = validators.isEmpty ? candidates : validators
        let least = preferred.map { load($0.key) }.min() ?? 0
        let equal = preferred.filter { load($0.key) == least }
        guard !equal.isEmpty else { return nil }
        turn = (turn + 1) % (1 << 30)
        return equal[turn % equal.count]
    }

    private func isResting(_ key: TransportKey, now: Timestamp) -> Bool {
        resting[key].map { $0.atLeast > now } ?? false
    }

    private func load(_ key: TransportKey) -> Int { requests.filter { $0.peer == key }.count }

    mutating func receive(_ blocks: [SyncedBlock], isCut: Bool, from peer: TransportKey, now: Timestamp) {
        guard
            let index = requests.firstIndex(where: { request in
                request.peer == peer && (blocks.first.map { $0.header.height == request.range.first } ?? true)
            })
        else { return }
        if blocks.isEmpty, isCut {
            // Of an epoch that this node is not in yet: not asked again before the time is over, and nobody's fault.
            requests[index].isUnknown = true
            return
        }
        let request = requests.remove(at: index)
        guard !blocks.isEmpty else {
            // It may keep later blocks only: nobody's fault, and others are asked.
            lacking = request.range.first
            rest(peer, now: now)
            return
        }
        lacking = nil
        for block in blocks where block.header.height <= request.range.last {
            let bytes = block.loaded.block.transactions.reduce(1_024) { $0 + $1.count }
            received[block.header.height.value] = (block, peer, bytes)
        }
    }

    /// What follows the head up to the first certificate, linked; nil while a part is missing. Blocks that do not link
    /// are forgotten, and whoever sent them rests.
    mutating func takeCertified(above head: Height, hash: Hash, now: Timestamp) -> [SyncedBlock]? {
        received = received.filter { $0.key > head.value }
        var run: [SyncedBlock] = []
        var (height, parent) = (head.value + 1, hash)
        while let (block, peer, _) = received[height] {
            guard block.header.parent == parent else {
                // Without a certificate nobody knows which of the two peers is wrong; both are passed over.
                if let (_, before, _) = received[height - 1] { rest(before, now: now) }
                rest(peer, now: now)
                for one in run { received[one.header.height.value] = nil }
                received[height] = nil
                return nil
            }
            run.append(block)
            if block.certificate != nil {
                for one in run {
                    if let (_, peer, _) = received.removeValue(forKey: one.header.height.value) { failures[peer] = nil }
                }
                return run
            }
            (height, parent) = (height + 1, block.loaded.block.hash)
        }
        return nil
    }

    mutating func disconnected(_ peer: TransportKey) { requests.removeAll { $0.peer == peer } }

    /// Who did not answer in time rests, and others are asked.
    mutating func expire(now: Timestamp) {
        for request in requests where request.deadline <= now && !request.isUnknown { rest(request.peer, now: now) }
        requests.removeAll { $0.deadline <= now }
        resting = resting.filter { $0.value.preferably > now }
    }

    mutating func rest(_ peer: TransportKey, now: Timestamp) {
        requests.removeAll { $0.peer == peer }
        // Of several ranges that fail together it is one failure.
        guard !isResting(peer, now: now) else { return }
        let before = failures[peer] ?? 0
        resting[peer] = Rest(
            atLeast: now.adding(milliseconds: Self.restMilliseconds),
            preferably: now.adding(milliseconds: Self.restMilliseconds << UInt64(min(before, Self.restDoublings))))
        if failures.count >= Self.rememberedFailures, before == 0 { failures = [:] }
        failures[peer] = before + 1
    }

    /// Everything asked for came, and no certificate closes it: whoever sent it rests, and others are asked.
    mutating func dropUncertified(now: Timestamp) {
        guard requests.isEmpty, !received.isEmpty else { return }
        for height in received.keys.sorted() { if let (_, peer, _) = received[height] { rest(peer, now: now) } }
        received = [:]
    }

    mutating func forget() {
        requests = []
        received = [:]
        behind = nil
    }
}
