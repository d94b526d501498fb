public import Primitives

/// Which chunks of a snapshot are asked of whom: in order, a window ahead, from every peer that has them; who does not
/// answer in time, or answers wrongly, is passed over for a while.
///
/// It judges no chunk.
public struct ChunkPlan: Sendable {
    public struct Request: Hashable, Sendable {
        public let index: Int
        public let peer: TransportKey
        let deadline: Timestamp
    }

    private static let perPeer = 3
    /// Of half a mebibyte each.
    private static let window = 24
    private static let patienceMilliseconds: UInt64 = 20_000
    private static let restMilliseconds: UInt64 = 15_000

    private let count: Int
    /// The first that is not taken yet.
    public private(set) var next: Int
    private var requests: [Request] = []
    private var received: Set<Int> = []
    private var resting: [TransportKey: Timestamp] = [:]

    public init(chunks: Int, next: Int) {
        count = chunks
        self.next = next
    }

    public var isComplete: Bool { next >= count }

    /// What to ask now. `peers` have the snapshot.
    public mutating func plan(peers: [TransportKey], now: Timestamp) -> [Request] {
        for request in requests where request.deadline <= now { rest(request.peer, now: now) }
        requests.removeAll { $0.deadline <= now || !peers.contains($0.peer) }
        resting = resting.filter { $0.value > now }
        var new: [Request] = []
        for index in next..<min(count, next + Self.window) {
            guard !received.contains(index), !requests.contains(where: { $0.index == index }) else { continue }
            let able = peers.filter { peer in resting[peer] == nil && load(peer) < Self.perPeer }
            guard let peer = able.min(by: { load($0) < load($1) }) else { break }
            let request = Request(
                index: index, peer: peer, deadline: now.adding(milliseconds: Self.patienceMilliseconds))
            requests.append(request)
            new.append(request)
        }
        return new
    }

    private func load(_ peer: TransportKey) -> Int { requests.filter { $0.peer == peer }.count }

    /// True if it was asked of that peer; each answer counts once.
    public mutating func answered(_ index: Int, by peer: TransportKey) -> Bool {
        guard let position = requests.firstIndex(where: { $0.index == index && $0.peer == peer }) else { return false }
        requests.remove(at: position)
        return true
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
        requests.removeAll { $0.peer == peer }
        resting[peer] = now.adding(milliseconds: Self.restMilliseconds)
    }
}
