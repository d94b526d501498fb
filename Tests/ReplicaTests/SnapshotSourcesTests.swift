import Primitives
import Replica
import TestSupport
import Testing

/// A node that takes a snapshot from made-up peers, by a clock of its own: chunks come when the test says so.
private struct Joining {
    struct Peer {
        let key: TransportKey
        var offer: SnapshotSources.Offer
        /// How long a chunk takes that is begun at this second; nil: it never comes.
        let secondsPerChunk: (Int) -> Double?
        var isHere: (Int) -> Bool = { _ in true }
        /// What it offers once that got stuck; nil: the same, which is not taken again.
        var next: ((Int) -> SnapshotSources.Offer)?
        var queue: [ChunkPlan.Request] = []
        /// How much of the first is sent.
        var done = 0.0
    }

    static let chunkBytes = 512 * 1024

    var peers: [Peer]
    let chunks: Int
    var sources: SnapshotSources
    var requests = SnapshotRequests()
    var plan: ChunkPlan?
    var plans = 0
    /// Every offer that was begun, with the chunk that came next then.
    var begun: [(offer: SnapshotSources.Offer, next: Int, second: Int)] = []
    private var held: Set<Int> = []
    private var second = 0

    init(_ peers: [Peer], chunks: Int) {
        self.peers = peers
        self.chunks = chunks
        sources = SnapshotSources(known: peers.count)
    }

    private var now: Timestamp { Timestamp(UInt64(second) * 1_000) }

    /// Seconds until everything is here; nil if it is not after so many.
    mutating func run(atMost limit: Int) -> Int? {
        while second < limit {
            announce()
            deliver()
            if let plan, plan.isComplete { return second }
            if let plan {
                let verdict = sources.judge(left: plan.missing, now: now)
                if verdict != .goOn { leave(verdict) }
            }
            if sources.chosen == nil, let offer = sources.choose(nil, now: now) { begin(offer) }
            ask()
            second += 1
        }
        return nil
    }

    private mutating func announce() {
        for peer in peers {
            if !peer.isHere(second) {
                sources.withdrawn(by: peer.key)
                requests.forget(peer.key)
            } else if sources.offers[peer.key] == nil {
                sources.offered(peer.offer, by: peer.key, now: now)
            }
        }
    }

    private mutating func begin(_ offer: SnapshotSources.Offer) {
        // The same state goes on where it was, another begins anew.
        let next = begun.last.map { $0.offer.block == offer.block ? plan?.next ?? 0 : 0 } ?? 0
        plans += 1
        plan = ChunkPlan(number: plans, height: offer.height, chunks: chunks, next: next)
        held = []
        begun.append((offer, next, second))
        sources.started(now)
    }

    private mutating func leave(_ verdict: SnapshotSources.Verdict) {
        let left = sources.chosen
        sources.leave(verdict, now: now)
        guard verdict == .stuck else { return }
        for index in peers.indices where peers[index].offer == left {
            if let next = peers[index].next { peers[index].offer = next(plans) }
        }
    }

    private mutating func ask() {
        guard sources.chosen != nil else { return }
        let (able, now) = (sources.able, now)
        for request in plan?.plan(peers: able, now: now) ?? [] {
            requests.asked(request.position, for: plans, of: request.peer)
            guard let index = peers.firstIndex(where: { $0.key == request.peer }) else { continue }
            peers[index].queue.append(request)
        }
    }

    /// One after another, as a link does.
    private mutating func deliver() {
        for index in peers.indices {
            guard peers[index].isHere(second), !peers[index].queue.isEmpty else {
                (peers[index].queue, peers[index].done) = ([], 0)
                continue
            }
            guard let takes = peers[index].secondsPerChunk(second) else { continue }
            peers[index].done += 1 / takes
            while peers[index].done >= 1, !peers[index].queue.isEmpty {
                peers[index].done -= 1
                take(peers[index].queue.removeFirst().position, by: peers[index].key)
            }
        }
    }

    private mutating func take(_ position: ChunkPosition, by key: TransportKey) {
        let now = now
        // Known as answered also while nothing is chosen.
        guard let number = requests.answered(position, by: key), sources.chosen != nil,
            plan?.answered(position, for: number, by: key, now: now) ?? false
        else { return }
        plan?.hold(position.index)
        held.insert(position.index)
        sources.proved(bytes: Self.chunkBytes)
        while let next = plan?.next, held.remove(next) != nil {
            plan?.advance()
            sources.progressed(now)
        }
    }
}

struct SnapshotSourcesTests {
    private func key(_ number: Int) throws -> TransportKey {
        try #require(TransportKey([2] + [UInt8](repeating: UInt8(number), count: 32)))
    }

    /// Of the block of that height, cut in the way of that name.
    private func offer(_ height: UInt64, _ cuts: String = "as all cut") -> SnapshotSources.Offer {
        SnapshotSources.Offer(
            identity: testHash("\(height) \(cuts)"), block: testHash("block \(height)"), height: Height(height))
    }

    private func peer(
        _ number: Int, _ offer: SnapshotSources.Offer, every seconds: Double
    ) throws -> Joining.Peer {
        Joining.Peer(key: try key(number), offer: offer) { _ in seconds }
    }

    private func heights(_ joining: Joining) -> [UInt64] { joining.begun.map(\.offer.height.value) }

    /// Mutating calls can't stand in an expectation.
    private func run(_ joining: inout Joining, atMost seconds: Int) throws -> Int {
        let done = joining.run(atMost: seconds)
        return try #require(done, "\(joining.begun.count) offers begun")
    }

    @Test("hostile: who sends a chunk now and then, with the highest block, holds a node for a minute")
    func slowLiar() throws {
        var joining = Joining(
            [try peer(1, offer(80), every: 80), try peer(2, offer(40), every: 0.1)], chunks: 600)
        let seconds = try run(&joining, atMost: 1_000)
        #expect(heights(joining) == [80, 40])
        #expect(seconds < 60 + 240, "\(seconds) s")
    }

    @Test("hostile: any number of such peers cost a minute each, whatever they agree on")
    func manySlowLiars() throws {
        // The first three have the majority, the others stand alone.
        var peers = try (1...3).map { try peer($0, offer(90), every: 80) }
        peers += try (4...9).map { try peer($0, offer(100 + UInt64($0)), every: 70) }
        peers.append(try peer(10, offer(40), every: 0.1))
        var joining = Joining(peers, chunks: 600)
        let seconds = try run(&joining, atMost: 2_000)
        #expect(joining.begun.count == 8 && joining.begun.last?.offer == offer(40))
        #expect(seconds < 7 * 60 + 240, "\(seconds) s")
    }

    @Test("What is proven already stays if the other offer is of the same state")
    func sameState() throws {
        let liar = Joining.Peer(key: try key(1), offer: offer(40, "cut otherwise")) { $0 < 23 ? 1 : 80 }
        // The other one comes when the choice was made.
        var honest = try peer(2, offer(40), every: 0.1)
        honest.isHere = { $0 > 10 }
        var joining = Joining([liar, honest], chunks: 300)
        let seconds = try run(&joining, atMost: 1_000)
        #expect(joining.begun.count == 2 && joining.begun[1].offer == offer(40))
        #expect(joining.begun[1].next >= 10, "\(joining.begun[1].next)")
        #expect(seconds < 200, "\(seconds) s")
    }

    @Test("The only offer is never given up for being slow, of however many peers it is")
    func onlySlow() throws {
        for count in [1, 5] {
            let peers = try (1...count).map { try peer($0, offer(40), every: 50) }
            var joining = Joining(peers, chunks: 100)
            let seconds = try run(&joining, atMost: 20_000)
            #expect(joining.begun.count == 1 && joining.sources.isSlow && !joining.sources.hasOthers)
            #expect(seconds < 5_400 / count + 600, "\(seconds) s")
        }
    }

    @Test("Where all are slow the fastest is found, and stays: each round is twice as long as the one before")
    func allSlow() throws {
        // Six hours by the best, eight by the others.
        var peers = try (1...3).map { try peer($0, offer(90 + UInt64($0)), every: 8) }
        peers.append(try peer(4, offer(40), every: 3))
        var joining = Joining(peers, chunks: 7_200)
        let seconds = try run(&joining, atMost: 200_000)
        #expect(joining.begun.last?.offer == offer(40))
        // 10 + 20 + … + 160 minutes were not enough for half of it.
        #expect(seconds < 2 * 7_200 * 3 + 7 * 240, "\(seconds) s")
        #expect(joining.begun.count <= 7 * 5 + 4, "\(joining.begun.count) changes")
        let stays = zip(joining.begun, joining.begun.dropFirst()).filter { $0.0.offer == offer(40) }
            .map { $1.second - $0.second }.filter { $0 >= 600 }
        #expect(zip(stays, stays.dropFirst()).allSatisfy { $1 >= 2 * $0 - 120 }, "\(stays)")
    }

    @Test("Who had a bad minute is tried again")
    func badMinute() throws {
        let honest = Joining.Peer(key: try key(1), offer: offer(80)) { $0 < 200 ? 55 : 0.1 }
        // By the other one alone it would be 33 hours.
        var joining = Joining([honest, try peer(2, offer(40), every: 20)], chunks: 6_000)
        let seconds = try run(&joining, atMost: 20_000)
        #expect(joining.begun.last?.offer == offer(80))
        #expect(seconds < 600 + 300 + 2_100, "\(seconds) s")
    }

    @Test("hostile: who is fast while it is measured, and slow then, is left for who is slow but steady")
    func pretending() throws {
        // Just too slow in each window that decides, then a chunk every 80 seconds, in turns.
        let liars = try (1...3).map { number in
            Joining.Peer(key: try key(number), offer: offer(90 + UInt64(number))) { $0 % 600 < 120 ? 1.1 : 80 }
        }
        var joining = Joining(liars + [try peer(4, offer(40), every: 4)], chunks: 2_000)
        let seconds = try run(&joining, atMost: 200_000)
        #expect(seconds < 3 * 8_000, "\(seconds) s")
    }

    @Test("hostile: who offers another snapshot each time that the last got stuck comes behind the others")
    func endlessOffers() throws {
        for honestSeconds in [0.1, 5] {
            let honest = try peer(2, offer(40), every: honestSeconds)
            var liar = Joining.Peer(key: try key(1), offer: offer(1_000)) { _ in nil }
            var quick = Joining.Peer(key: try key(3), offer: offer(500)) { $0 % 95 < 5 ? 0.1 : nil }
            liar.next = { offer(1_001 + UInt64($0)) }
            quick.next = { offer(501 + UInt64($0)) }
            var joining = Joining([liar, quick, honest], chunks: 2_000)
            let seconds = try run(&joining, atMost: 200_000)
            #expect(joining.begun.last?.offer == offer(40))
            #expect(Double(seconds) < 8 * 2_000 * honestSeconds + 40 * 95, "\(seconds) s, \(heights(joining))")
        }
    }

    @Test("hostile: endless offers do not keep the node from who had a bad start and a newer snapshot since")
    func endlessOffersAndBadStart() throws {
        var honest = Joining.Peer(key: try key(2), offer: offer(40)) { $0 < 400 ? nil : 0.1 }
        var liar = Joining.Peer(key: try key(1), offer: offer(1_000)) { _ in nil }
        honest.next = { offer(41 + UInt64($0)) }
        liar.next = { offer(1_001 + UInt64($0)) }
        var joining = Joining([liar, honest], chunks: 600)
        let seconds = try run(&joining, atMost: 10_000)
        #expect(heights(joining).last.map { $0 < 500 } ?? false)
        #expect(seconds < 1_000, "\(seconds) s, \(heights(joining))")
    }

    @Test("hostile: who vanishes when it would be chosen neither gets the node nor keeps others from their turn")
    func flapping() throws {
        // It is there in the second in which a window ends, and gone in the next; a third peer is waited for.
        var liar = try peer(2, offer(90), every: 80)
        liar.isHere = { $0 > 0 && $0 % 64 == 0 }
        var absent = try peer(3, offer(40), every: 1)
        absent.isHere = { _ in false }
        var joining = Joining([try peer(1, offer(40), every: 3), liar, absent], chunks: 2_000)
        let seconds = try run(&joining, atMost: 50_000)
        #expect(joining.begun.count > 50 && joining.begun.allSatisfy { $0.offer == offer(40) })
        #expect(zip(joining.begun, joining.begun.dropFirst()).allSatisfy { $0.next < $1.next })
        #expect(seconds < 7_000, "\(seconds) s")
    }

    @Test("hostile: nor does that keep who had a bad minute from another one")
    func flappingBesideBadMinute() throws {
        let good = Joining.Peer(key: try key(1), offer: offer(50)) { $0 < 300 ? 55 : 0.1 }
        var liar = try peer(2, offer(90), every: 80)
        liar.isHere = { $0 > 0 && $0 % 64 == 0 }
        var absent = try peer(3, offer(40), every: 1)
        absent.isHere = { _ in false }
        var joining = Joining([good, liar, absent, try peer(4, offer(40), every: 20)], chunks: 3_000)
        let seconds = try run(&joining, atMost: 20_000)
        #expect(joining.begun.last?.offer == offer(50))
        #expect(seconds < 600 + 300 + 1_100, "\(seconds) s")
    }

    @Test("hostile: who is chosen and leaves, again and again, costs who is slow one stay a round")
    func leaving() throws {
        var liar = Joining.Peer(key: try key(1), offer: offer(1_000)) { _ in 0.1 }
        liar.isHere = { $0 % 25 < 10 }
        liar.next = { offer(1_001 + UInt64($0)) }
        var joining = Joining([liar, try peer(2, offer(40), every: 3)], chunks: 600)
        let seconds = try run(&joining, atMost: 20_000)
        #expect(seconds < 4_000, "\(seconds) s, \(heights(joining))")
    }

    @Test("A fast peer that joins slow ones amid a window is measured before they are left")
    func joined() throws {
        var fast = try peer(1, offer(80), every: 0.1)
        fast.isHere = { $0 >= 58 }
        var joining = Joining(
            [fast, try peer(2, offer(80), every: 80), try peer(3, offer(40), every: 5)], chunks: 600)
        let seconds = try run(&joining, atMost: 1_000)
        #expect(joining.begun.count == 1 && seconds < 300, "\(seconds) s, \(heights(joining))")
    }

    @Test("A node that was busy itself blames nobody")
    func busyNode() throws {
        func verdict(busy: UInt64) throws -> SnapshotSources.Verdict {
            var sources = SnapshotSources(known: 2)
            sources.offered(offer(80), by: try key(1), now: Timestamp(0))
            sources.offered(offer(40), by: try key(2), now: Timestamp(0))
            #expect(sources.choose(nil, now: Timestamp(0)) == offer(80))
            var now: UInt64 = 0
            func wait(_ seconds: UInt64, bytes: Int) {
                for _ in 0..<seconds {
                    now += 1_000
                    if bytes > 0 { sources.proved(bytes: bytes) }
                    if bytes > 0 { sources.progressed(Timestamp(now)) }
                    let verdict = sources.judge(left: 1_000, now: Timestamp(now))
                    #expect(verdict == .goOn)
                }
            }
            wait(30, bytes: 1 << 20)
            now += busy * 1_000
            let verdict = sources.judge(left: 1_000, now: Timestamp(now))
            if verdict == .goOn { wait(40, bytes: 1 << 20) }
            #expect(sources.pace.map { $0 > 900_000 } ?? true)
            return verdict
        }
        #expect(try verdict(busy: 100) == .goOn)
        #expect(try verdict(busy: 1) == .goOn)
    }

    @Test("What is nearly here is waited for")
    func nearlyDone() throws {
        let first = Joining.Peer(key: try key(1), offer: offer(80)) { _ in 2 }
        var joining = Joining([first, try peer(2, offer(40), every: 2)], chunks: 55)
        let seconds = try run(&joining, atMost: 1_000)
        #expect(joining.begun.count == 1 && seconds < 130, "\(seconds) s")
    }

    @Test("Whoever the peers are: the state comes, within some times of what the best needs, by few changes")
    func randomPeers() throws {
        for seed in 0..<200 {
            var random = SeededRandom(seed: UInt64(seed))
            let best = [0.2, 2, 6][Int(random.next() % 3)]
            var peers = [try peer(1, offer(40), every: best)]
            for number in 2...Int(3 + random.next() % 6) {
                let (slow, phase, lie) = (10 + Double(random.next() % 100), Int(random.next() % 600), random.next() % 3)
                var liar = Joining.Peer(key: try key(number), offer: offer(50 + random.next() % 5)) { second in
                    switch lie {
                    case 0: slow
                    case 1: (second + phase) % 600 < 90 ? 1.2 : slow
                    default: (second + phase) % 400 < 50 ? nil : slow
                    }
                }
                liar.next = { offer(100 + UInt64($0)) }
                peers.append(liar)
            }
            var joining = Joining(peers, chunks: 1_000)
            let needed = 1_000 * best
            let seconds = try run(&joining, atMost: 400_000)
            let bound = 8 * needed + Double(peers.count) * 20 * 95
            #expect(Double(seconds) < bound, "seed \(seed): \(seconds) s of \(needed)")
            #expect(joining.begun.count < peers.count * 20, "seed \(seed): \(joining.begun.count)")
        }
    }
}
