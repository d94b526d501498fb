public import Primitives

/// Which chunks of a snapshot are asked of whom: in order, a window ahead, from every peer that has them; who does not
/// answer in time, or answers wrongly, is passed over for a while.
///
/// Who was late is asked for one chunk at a time, behind all others, and what comes late counts: a slow link is no
/// reason to ask for the same again. The chunk that all others wait for is asked of a second peer, so who is slow holds up
/// nobody. It judges no chunk.
public struct ChunkPlan: Sendable {
    public struct Request: Hashable, Sendable {
        public let position: ChunkPosition
        public let peer: TransportKey
        let asked: Timestamp

        public var index: Int { position.index }
    }

    private static let perPeer = 3
    /// Of half a mebibyte each.
    private static let window = 24
    private static let patienceMilliseconds: UInt64 = 20_000
    private static let restMilliseconds: UInt64 = 15_000
    /// So long after its last answer a late one is waited for, before the same is asked of the same peer again.
    private static let lateMilliseconds: UInt64 = 60_000
    /// So long, and while half a window is here behind it, only one peer is asked for the next chunk.
    private static let soleMilliseconds: UInt64 = 2_000

    /// Tells the snapshots that one node takes from each other: they may be of one block.
    public let number: Int
    private let height: Height
    private let count: Int
    /// The first that is not taken yet.
    public private(set) var next: Int
    private var requests: [Request] = []
    /// What was not answered in time.
    private var overdue: [Request] = []
    private var received: Set<Int> = []
    private var resting: [TransportKey: Timestamp] = [:]
    /// Who was late last.
    private var tardy: Set<TransportKey> = []
    private var lastAnswers: [TransportKey: Timestamp] = [:]

    /// - Parameters:
    ///   - number: not that of an earlier plan of the same node.
    ///   - height: of the snapshot's block.
    public init(number: Int, height: Height, chunks: Int, next: Int) {
        self.number = number
        self.height = height
        count = chunks
        self.next = next
    }

    public var isComplete: Bool { next >= count }
    /// How many chunks did not come yet.
    public var missing: Int { count - next - received.count }

    /// What to ask now. `peers` have the snapshot.
    public mutating func plan(peers: [TransportKey], now: Timestamp) -> [Request] {
        expire(peers, now)
        var new: [Request] = []
        for index in next..<min(count, next + Self.window) {
            guard !received.contains(index), !requests.contains(where: { $0.index == index }) else { continue }
            guard let peer = able(peers, for: index).min(by: { order($0) < order($1) }) else { continue }
            new.append(ask(index, of: peer, now))
        }
        if new.isEmpty, let peer = second(peers, now) { new.append(ask(next, of: peer, now)) }
        return new
    }

    private mutating func expire(_ peers: [TransportKey], _ now: Timestamp) {
        resting = resting.filter { $0.value > now }
        let late = Set(requests.filter { $0.asked.adding(milliseconds: Self.patienceMilliseconds) <= now }.map(\.peer))
        for peer in late {
            // The others of the same peer wait behind it.
            overdue += requests.filter { $0.peer == peer }
            rest(peer, now: now, keeping: overdue)
            tardy.insert(peer)
        }
        requests.removeAll { !peers.contains($0.peer) }
        overdue.removeAll { request in
            let last = max(request.asked, lastAnswers[request.peer] ?? request.asked)
            return !peers.contains(request.peer) || last.adding(milliseconds: Self.lateMilliseconds) <= now
        }
        lastAnswers = lastAnswers.filter { peers.contains($0.key) }
    }

    private func load(_ peer: TransportKey) -> Int {
        requests.filter { $0.peer == peer }.count + overdue.filter { $0.peer == peer }.count
    }

    private func able(_ peers: [TransportKey], for index: Int) -> [TransportKey] {
        peers.filter { peer in
            resting[peer] == nil && load(peer) < (tardy.contains(peer) ? 1 : Self.perPeer)
                && !overdue.contains { $0.peer == peer && $0.index == index }
        }
    }

    private func order(_ peer: TransportKey) -> (Int, Int) { (tardy.contains(peer) ? 1 : 0, load(peer)) }

    /// Who is asked for the next chunk too: nothing else can be asked, and one peer keeps all others waiting.
    private func second(_ peers: [TransportKey], _ now: Timestamp) -> TransportKey? {
        let asked = requests.filter { $0.index == next }
        guard asked.count == 1, let first = asked.first,
            received.count >= min(Self.window / 2, count - next - Self.perPeer),
            first.asked.adding(milliseconds: Self.soleMilliseconds) <= now
        else { return nil }
        return able(peers, for: next).filter { $0 != first.peer && !tardy.contains($0) }.min { load($0) < load($1) }
    }

    private mutating func ask(_ index: Int, of peer: TransportKey, _ now: Timestamp) -> Request {
        let request = Request(position: ChunkPosition(height: height, index: index), peer: peer, asked: now)
        requests.append(request)
        return request
    }

    /// True if it was asked of that peer for this snapshot, and is not here yet; each answer counts once.
    ///
    /// - Parameter plan: ``number`` of the plan that it was asked for.
    public mutating func answered(
        _ position: ChunkPosition, for plan: Int, by peer: TransportKey, now: Timestamp
    ) -> Bool {
        guard plan == number, position.height == height else { return false }
        lastAnswers[peer] = now
        if let place = requests.firstIndex(where: { $0.position == position && $0.peer == peer }) {
            requests.remove(at: place)
            tardy.remove(peer)
        } else if let place = overdue.firstIndex(where: { $0.position == position && $0.peer == peer }) {
            overdue.remove(at: place)
            resting[peer] = nil
        } else {
            return false
        }
        return position.index >= next && !received.contains(position.index)
    }

    /// The chunk is here and proven.
    public mutating func hold(_ index: Int) { received.insert(index) }

    /// Chunk ``next`` was taken.
    public mutating func advance() {
        received.remove(next)
        next += 1
    }

    /// A peer that had not what it said it has.
    public mutating func rest(_ peer: TransportKey, now: Timestamp) {
        rest(peer, now: now, keeping: overdue.filter { $0.peer != peer })
    }

    private mutating func rest(_ peer: TransportKey, now: Timestamp, keeping overdue: [Request]) {
        requests.removeAll { $0.peer == peer }
        self.overdue = overdue
        resting[peer] = now.adding(milliseconds: Self.restMilliseconds)
    }
}

/// What a node that takes snapshots asked of its peers and has no answer to; nothing else is taken, so no peer fills its
/// memory, and an answer to what was asked for an earlier snapshot is known as that.
public struct SnapshotRequests: Sendable {
    private struct Chunk: Equatable, Sendable {
        let position: ChunkPosition
        let plan: Int
    }

    /// Of one peer; the oldest go. A plan asks for three at a time.
    private static let maximumChunks = 32

    private var manifests: Set<TransportKey> = []
    /// In the order in which they were asked for.
    private var chunks: [TransportKey: [Chunk]] = [:]

    public init() {}

    public mutating func askedManifest(of peer: TransportKey) { manifests.insert(peer) }

    /// True if it was asked for; each answer counts once.
    public mutating func answeredManifest(by peer: TransportKey) -> Bool { manifests.remove(peer) != nil }

    /// - Parameter plan: number of the plan that asks.
    public mutating func asked(_ position: ChunkPosition, for plan: Int, of peer: TransportKey) {
        chunks[peer, default: []].append(Chunk(position: position, plan: plan))
        if chunks[peer, default: []].count > Self.maximumChunks { chunks[peer]?.removeFirst() }
    }

    /// The plan that asked for it first, since a peer answers in order; nil if none did.
    public mutating func answered(_ position: ChunkPosition, by peer: TransportKey) -> Int? {
        guard let place = chunks[peer]?.firstIndex(where: { $0.position == position }) else { return nil }
        return chunks[peer]?.remove(at: place).plan
    }

    /// A new connection answers nothing of the old one.
    public mutating func forget(_ peer: TransportKey) {
        manifests.remove(peer)
        chunks[peer] = nil
    }
}
