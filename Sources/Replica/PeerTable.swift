internal import Primitives
internal import Votes

/// Who is connected, and what each said of itself last.
struct PeerTable: Sendable {
    struct Peer: Sendable {
        /// Its place in ``PeerSlots``; nil for peers beyond them, which are told everything.
        let slot: Int?
        var status: PeerStatus?
        /// The most that it ever said it has.
        var highest = Height.genesis

        /// It says that it has less than it said before: it is no source of blocks until it has as much again, or
        /// connects anew. (What it said may also have come in another order.)
        var didLowerHeight: Bool { status.map { $0.height < highest } ?? false }
    }

    private(set) var peers: [TransportKey: Peer] = [:]
    /// Ascending, so that whoever goes through them does so in the same order everywhere.
    private(set) var keys: [TransportKey] = []
    private var freeSlots: [Int] = Array((0..<PeerSlots.count).reversed())

    subscript(key: TransportKey) -> Peer? { peers[key] }

    func isConnected(_ key: TransportKey) -> Bool { peers[key] != nil }

    mutating func connect(_ key: TransportKey) {
        guard peers[key] == nil else { return }
        peers[key] = Peer(slot: freeSlots.popLast())
        let index = keys.firstIndex { key < $0 } ?? keys.count
        keys.insert(key, at: index)
    }

    /// The slot that is free again.
    mutating func disconnect(_ key: TransportKey) -> Int? {
        guard let peer = peers.removeValue(forKey: key) else { return nil }
        keys.removeAll { $0 == key }
        if let slot = peer.slot { freeSlots.append(slot) }
        return peer.slot
    }

    mutating func note(_ status: PeerStatus, of key: TransportKey) {
        guard var peer = peers[key] else { return }
        peer.highest = max(peer.highest, status.height)
        peer.status = status
        peers[key] = peer
    }
}

/// A set of connected peers, by their slots.
struct PeerSlots: Hashable, Sendable {
    static let count = 128
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    var isEmpty: Bool { low == 0 && high == 0 }

    func contains(_ slot: Int) -> Bool { (slot < 64 ? low >> UInt64(slot) : high >> UInt64(slot - 64)) & 1 == 1 }

    mutating func insert(_ slot: Int) {
        if slot < 64 { low |= 1 << UInt64(slot) } else { high |= 1 << UInt64(slot - 64) }
    }

    mutating func remove(_ slot: Int) {
        if slot < 64 { low &= ~(1 << UInt64(slot)) } else { high &= ~(1 << UInt64(slot - 64)) }
    }

    func isSuperset(of other: PeerSlots) -> Bool { other.low & ~low == 0 && other.high & ~high == 0 }
}
