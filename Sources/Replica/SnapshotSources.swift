public import Primitives

/// Which of the snapshots that peers offer a joining node takes, how fast it comes, and when another is tried [N13].
///
/// What is taken is proven, so peers can cost nothing but time. This is what keeps that finite: an offer is measured by the
/// bytes of proven chunks in windows of a minute, and given up for another one when it is slower than
/// ``minimumPace``. It is told what happens and when; it has no clock, and judges no chunk.
///
/// **Why it ends.** A peer whose offer was too slow is *marked* with the pace it had, until the round ends. An offer is
/// *untried* while a peer without a mark makes it. In a round an offer is given up only
///
/// 1. for an untried one, which leaves with a mark for its peers after a window, or as stuck. Each peer is marked once: as
///    many changes as there are peers;
/// 2. for one of at least twice the pace, and of those the fastest. That one is left by this rule only once it has half of
///    the pace that it was entered for, since no other was faster, and marks only fall in a round: nineteen times for each
///    peer, from the minimum to nothing;
/// 3. as stuck, which halves the marks of its peers too, and never brings that offer back.
///
/// So the changes of a round are bounded by the number of peers, and behind them one offer stays. A round ends when a
/// slow offer has stayed for the *patience* while there are others, which then are untried again: whoever had a bad minute
/// gets another one. The patience doubles with each round, so from some round on it is longer than half of what the best
/// offer needs, and then the state comes; whoever waits for a rest that takes no longer than it has stayed already has half
/// of it. What is not slow is never given up, and neither is the only offer, or one whose rest would be here within a
/// window.
public struct SnapshotSources: Sendable {
    public struct Offer: Hashable, Sendable {
        /// Of the block and of how its state is cut: who has the same has the same chunks. All nodes cut alike; who does
        /// not stands alone, and what becomes of its offer does not touch theirs.
        public let identity: Hash
        public let block: Hash
        public let height: Height

        public init(identity: Hash, block: Hash, height: Height) {
            self.identity = identity
            self.block = block
            self.height = height
        }
    }

    public enum Verdict: Hashable, Sendable {
        case goOn
        /// Nothing came for so long: who offered it has it no longer, or never had it.
        case stuck
        /// It comes, but slowly, and there is another to try.
        case slow
    }

    private struct Window {
        var began: Timestamp
        /// Who offers what is taken, since the window began.
        var peers: Set<TransportKey>
        var bytes: UInt64 = 0
        var chunks = 0
    }

    /// Bytes a second below which another offer is tried: a chunk of the usual size each second.
    public static let minimumPace: UInt64 = 512 * 1024
    /// How long a pace is measured.
    public static let windowMilliseconds: UInt64 = 60_000
    /// Longer between two judgements the node itself was busy, with its disk: nobody's pace is measured by that.
    static let busyMilliseconds: UInt64 = 5_000
    /// How long a slow offer stays before the others are tried again; twice as long each time.
    static let firstPatience: UInt64 = 600_000
    static let stuckMilliseconds: UInt64 = 90_000
    /// How long offers are waited for once one is there.
    static let gatheringMilliseconds: UInt64 = 3_000
    /// How long for the one that an interrupted import was of, and for anyone to have what is taken.
    static let waitingForBegunMilliseconds: UInt64 = 12_000

    private let known: Int
    public private(set) var offers: [TransportKey: Offer] = [:]
    public private(set) var chosen: Offer?
    /// Bytes a second by which a peer's offer was left in this round; of no more peers than the node knows.
    private var marks: [TransportKey: UInt64] = [:]
    /// How often what a peer offered got stuck.
    private var failures: [TransportKey: UInt64] = [:]
    private var patience = firstPatience
    private var givenUp: Set<Hash> = []
    private var firstOffer: Timestamp?
    /// The block whose state is in the import: what is here of it serves other cuts too.
    private var begun: Hash?

    private var window = Window(began: Timestamp(0), peers: [])
    /// What was chosen last, since when, and what of it came since.
    private var stay: (offer: Offer?, since: Timestamp, bytes: UInt64) = (nil, Timestamp(0), 0)
    private var lastTaken = Timestamp(0)
    private var lastJudged = Timestamp(0)
    /// Everyone who offered what is taken, since it was chosen.
    private var peers: Set<TransportKey> = []
    /// Bytes a second in the last whole window; nil before its end.
    public private(set) var pace: UInt64?

    /// - Parameter known: how many peers may make offers.
    public init(known: Int) { self.known = known }

    /// True if what is taken was below ``minimumPace`` in the last window.
    public var isSlow: Bool { pace.map { $0 < Self.minimumPace } ?? false }
    /// True if other snapshots, or others' cuts of this one, are offered.
    public var hasOthers: Bool { chosen.map { chosen in offers.values.contains { $0 != chosen } } ?? false }
    public var hasGivenUp: Bool { !givenUp.isEmpty }
    /// Who has what is taken.
    public var able: [TransportKey] {
        chosen.map { chosen in offers.filter { $0.value == chosen }.keys.sorted() } ?? []
    }

    // MARK: Offers

    /// What a peer has, verified.
    public mutating func offered(_ offer: Offer, by key: TransportKey, now: Timestamp) {
        guard !givenUp.contains(offer.identity) else { return }
        offers[key] = offer
        firstOffer = firstOffer ?? now
        if offer == chosen { peers.insert(key) }
    }

    /// The peer is gone, or has what it offered no longer.
    public mutating func withdrawn(by key: TransportKey) { offers[key] = nil }

    /// Chooses an offer, once enough time was left for others; nil until then.
    ///
    /// - Parameter interrupted: what an import that was interrupted was of. The same state cut otherwise does as well.
    public mutating func choose(_ interrupted: Offer?, now: Timestamp) -> Offer? {
        guard let firstOffer else { return nil }
        let waited = now.milliseconds - firstOffer.milliseconds
        let isGathered = offers.count >= known || waited > Self.gatheringMilliseconds
        if let interrupted {
            let same = offers.filter { $0.value.block == interrupted.block }
            if let exact = same.values.first(where: { $0 == interrupted }) ?? (isGathered ? best(of: same) : nil) {
                return take(exact, now)
            }
        }
        // Who has what was begun may still come.
        guard isGathered, interrupted == nil || waited > Self.waitingForBegunMilliseconds,
            let best = best(of: offers)
        else { return nil }
        return take(best, now)
    }

    private mutating func take(_ offer: Offer, _ now: Timestamp) -> Offer {
        // Who would be another, and vanishes before it is chosen, does not make a stay shorter.
        if stay.offer != offer { stay = (offer, now, 0) }
        (chosen, begun) = (offer, offer.block)
        peers = Set(able)
        started(now)
        return offer
    }

    /// The import of what was chosen is open, which may have taken long.
    public mutating func started(_ now: Timestamp) {
        (lastTaken, lastJudged, pace) = (now, now, nil)
        window = Window(began: now, peers: Set(able))
    }

    /// What most peers have who were not too slow, so that one alone can't make this node wait; then what was fastest; of
    /// equals what got stuck less often, what most have at all, what this node has a part of, the highest.
    private func best(of offers: [TransportKey: Offer]) -> Offer? {
        func rank(_ offer: Offer) -> [UInt64] {
            let keys = offers.filter { $0.value == offer }.keys
            return [
                UInt64(keys.filter { marks[$0] == nil }.count), mark(of: offer),
                .max - (keys.map { failures[$0] ?? 0 }.min() ?? 0), UInt64(keys.count), offer.block == begun ? 1 : 0,
                offer.height.value,
            ]
        }
        return Set(offers.values).max { rank($0).lexicographicallyPrecedes(rank($1)) }
    }

    /// The best pace that a marked peer of this offer had.
    private func mark(of offer: Offer) -> UInt64 {
        offers.filter { $0.value == offer }.keys.compactMap { marks[$0] }.max() ?? 0
    }

    private func isUntried(_ offer: Offer) -> Bool {
        offers.contains { $0.value == offer && marks[$0.key] == nil }
    }

    // MARK: What is taken

    /// A chunk came and is proven.
    public mutating func proved(bytes count: Int) {
        stay.bytes += UInt64(count)
        window.bytes += UInt64(count)
        window.chunks += 1
    }

    /// A chunk was taken, in its turn.
    public mutating func progressed(_ now: Timestamp) { lastTaken = now }

    /// Whether what is taken still is the one to take. If not, ``leave(_:now:)`` must follow. To be called about each second.
    ///
    /// - Parameter left: how many chunks are not here yet.
    public mutating func judge(left: Int, now: Timestamp) -> Verdict {
        let pause = now.milliseconds - lastJudged.milliseconds
        lastJudged = now
        if pause > Self.busyMilliseconds {
            window.began = window.began.adding(milliseconds: pause)
            lastTaken = lastTaken.adding(milliseconds: pause)
        }
        guard let chosen, left > 0 else { return .goOn }
        let silent = now.milliseconds - lastTaken.milliseconds
        guard silent <= (able.isEmpty ? Self.waitingForBegunMilliseconds : Self.stuckMilliseconds) else {
            return .stuck
        }
        let length = now.milliseconds - window.began.milliseconds
        guard length >= Self.windowMilliseconds else { return .goOn }
        let ended = window
        window = Window(began: now, peers: Set(able))
        let measured = ended.bytes * 1_000 / length
        pace = measured
        // What a window brings once more, and then all is here, is waited for.
        guard measured < Self.minimumPace, left > ended.chunks else { return .goOn }
        for key in ended.peers { marks[key] = min(marks[key] ?? measured, measured) }
        // Someone joined them meanwhile.
        guard !isUntried(chosen) else { return .goOn }
        let others = Set(offers.values).subtracting([chosen])
        guard !others.isEmpty else { return .goOn }
        let stayed = now.milliseconds - stay.since.milliseconds
        if stayed >= patience, UInt64(left) * length > stayed * UInt64(ended.chunks) {
            // A new round: the others are untried again.
            patience *= 2
            marks = marks.filter { ended.peers.contains($0.key) }
        }
        let isBetter = others.contains { isUntried($0) || mark(of: $0) >= max(1, 2 * measured) }
        return isBetter ? .slow : .goOn
    }

    /// Gives up what is taken, as ``judge(left:now:)`` said; then another is chosen.
    public mutating func leave(_ verdict: Verdict, now: Timestamp) {
        guard let chosen else { return }
        if verdict == .stuck {
            let length = max(1, now.milliseconds - stay.since.milliseconds)
            for key in peers {
                marks[key] = min((marks[key] ?? Self.minimumPace) / 2, stay.bytes * 1_000 / length)
                failures[key, default: 0] += 1
            }
            givenUp.insert(chosen.identity)
            offers = offers.filter { $0.value != chosen }
        }
        self.chosen = nil
        peers = []
        pace = nil
        firstOffer = offers.isEmpty ? nil : now
    }
}
