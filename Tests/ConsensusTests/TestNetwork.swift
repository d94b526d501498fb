import Consensus
import Cryptography
import Primitives
import Votes

/// SplitMix64: everything of a run comes from one seed.
struct SeededGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
    mutating func happens(percent: UInt64) -> Bool { below(100) < percent }
}

func testSet(_ count: Int) -> ValidatorSet {
    let validators = (0..<count).map { index in
        Validator(
            key: Address(Bytes32(0, 0, 0, UInt64(index + 1))), institution: .account(Address(Bytes32(1, 0, 0, 0))))
    }
    guard let set = ValidatorSet(validators) else { preconditionFailure("distinct keys") }
    return set
}

let noSignature = Signature(noncePoint: .zero, scalar: .zero)
let testNetwork = Hash(Bytes32(7, 7, 7, 7))
let genesisAnchor = Anchor(view: .genesis, blockHash: Hash(Bytes32(9, 0, 0, 0)), height: .genesis)

/// One node as it would be on a machine: a core, and the disk that survives it.
struct TestNode {
    var core: ConsensusCore
    var isUp = true
    var lives = 0
    // The disk.
    var journal: [JournalRecord] = []
    var guardRecord: GuardRecord
    var finalized = genesisAnchor
    var finalization: Certificate?
    /// What it called final, by height.
    var chain: [UInt64: Hash] = [:]
    var halts: [String] = []
    var evidence: [Evidence] = []
}

/// A binary heap by time, then by order of scheduling.
struct EventQueue {
    struct Entry {
        let time: UInt64
        let number: UInt64
        let event: TestCluster.Event

        func isBefore(_ other: Entry) -> Bool { time != other.time ? time < other.time : number < other.number }
    }

    private var heap: [Entry] = []

    mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop(notAfter end: UInt64) -> Entry? {
        guard let first = heap.first, first.time <= end else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while 2 * parent + 1 < heap.count {
            var child = 2 * parent + 1
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            parent = child
        }
        return first
    }
}

/// n nodes on one simulated clock; messages are late, lost, or reordered by the seed.
struct TestCluster {
    enum Event {
        case input(node: Int, lives: Int, ConsensusInput)
    }

    var nodes: [TestNode] = []
    let set: ValidatorSet
    var random: SeededGenerator
    var now: UInt64 = 0
    var lossPercent: UInt64 = 0
    var maximumDelay: UInt64 = 100
    var minimumDelay: UInt64 = 0
    /// Nodes cut off: nothing reaches them or comes from them.
    var isolated: Set<Int> = []
    var blocks: [Hash: Proposal] = [:]
    private var queue = EventQueue()
    private var counter: UInt64 = 0
    let lastHeight: Height

    init(_ count: Int, seed: UInt64, lastHeight: UInt64 = 1_000_000) {
        set = testSet(count)
        random = SeededGenerator(state: seed)
        self.lastHeight = Height(lastHeight)
        for index in 0..<count {
            let core = ConsensusCore(configuration(index), recovery: Self.fresh)
            let record = GuardRecord(network: testNetwork, key: Address(Bytes32(0, 0, 0, UInt64(index + 1))))
            nodes.append(TestNode(core: core, guardRecord: record))
        }
    }

    static let fresh = Recovery(finalized: genesisAnchor, finalization: nil, journal: [], guardVotes: [])

    func configuration(_ index: Int) -> ConsensusConfiguration {
        ConsensusConfiguration(
            network: testNetwork, epoch: .genesis, validators: set, ownIndex: index, deltaMilliseconds: 500,
            heartbeatMilliseconds: 30_000, lastHeight: lastHeight)
    }

    mutating func schedule(_ event: Event, after delay: UInt64) {
        counter += 1
        queue.push(EventQueue.Entry(time: now + delay, number: counter, event: event))
    }

    mutating func input(_ node: Int, _ input: ConsensusInput, after delay: UInt64 = 0) {
        schedule(.input(node: node, lives: nodes[node].lives, input), after: delay)
    }

    mutating func start(work: Bool = true) {
        for index in nodes.indices {
            input(index, .start)
            if work { input(index, .work(Work(isProposable: true, isAwaited: true))) }
        }
    }

    /// Runs until nothing is left to do or `milliseconds` have passed.
    mutating func run(milliseconds: UInt64) {
        let end = now + milliseconds
        while let next = queue.pop(notAfter: end) {
            now = next.time
            switch next.event {
            case .input(let node, let lives, let input): if lives == nodes[node].lives { step(node, input) }
            }
        }
        now = end
    }

    mutating func step(_ index: Int, _ input: ConsensusInput) {
        guard nodes[index].isUp else { return }
        for effect in nodes[index].core.step(input) { perform(effect, of: index) }
    }

    private mutating func deliver(_ message: ConsensusMessage, from: Int, to: Int) {
        guard to != from, !isolated.contains(to), !isolated.contains(from) else { return }
        guard !random.happens(percent: lossPercent) else { return }
        let received: ConsensusInput =
            switch message {
            case .proposal(let proposal, let notarize): .proposal(proposal, notarize: notarize)
            case .vote(let vote): .vote(vote)
            case .certificate(let certificate): .certificate(certificate)
            }
        input(to, received, after: minimumDelay + 1 + random.below(maximumDelay))
    }

    mutating func perform(_ effect: ConsensusEffect, of index: Int) {
        switch effect {
        case .persist(let records): nodes[index].journal += records
        case .cast(let vote): cast(vote, by: index)
        case .broadcast(let message): for other in nodes.indices { deliver(message, from: index, to: other) }
        case .send(let message, let other): deliver(message, from: index, to: other)
        case .propose(let view, let parentView, let parentHash, let height):
            let hash = Hash(Bytes32(view.value, UInt64(index), height.value + 1, random.next()))
            let proposal = Proposal(
                epoch: .genesis, view: view, parentView: parentView, blockHash: hash, parentHash: parentHash,
                height: height.next)
            blocks[hash] = proposal
            input(index, .built(view: view, proposal), after: 1)
        case .verify(let proposal):
            input(index, .verified(view: proposal.view, blockHash: proposal.blockHash, .valid), after: 1)
        case .obtain(let certificate):
            guard let block = blocks[certificate.blockHash], !isolated.contains(index) else { return }
            let obtained = Proposal(
                epoch: .genesis, view: certificate.view, parentView: certificate.parentView,
                blockHash: block.blockHash, parentHash: block.parentHash, height: block.height)
            input(index, .obtained(obtained), after: 5)
        case .fetchCertificates(let above, let below):
            for other in nodes.indices where other != index && nodes[other].isUp {
                for case .certificate(let certificate) in nodes[other].journal
                where certificate.view > above && certificate.view < below {
                    deliver(.certificate(certificate), from: other, to: index)
                }
            }
        case .finalize(let certificate, let height):
            nodes[index].chain[height.value] = certificate.blockHash
            nodes[index].finalized = Anchor(
                view: certificate.view, blockHash: certificate.blockHash, height: height)
            nodes[index].finalization = certificate
        case .setTimer(let timer, let delay): input(index, .timer(timer), after: delay)
        case .report(let evidence): nodes[index].evidence.append(evidence)
        case .halt(let reason): nodes[index].halts.append(reason)
        case .foreignVoteByOwnKey: nodes[index].halts.append("foreign vote")
        case .trimJournal, .epochEnded: break
        }
    }

    private mutating func cast(_ vote: Vote, by index: Int) {
        switch nodes[index].guardRecord.decide(vote) {
        case .sign(let record): nodes[index].guardRecord = record
        case .signAgain: break
        case .refuse: return
        }
        let signed = SignedVote(vote: vote, validator: index, signature: noSignature)
        let isOwnProposal = vote.kind == .notarize && set.leader(of: vote.view) == index
        if !isOwnProposal {
            for other in nodes.indices { deliver(.vote(signed), from: index, to: other) }
        }
        input(index, .vote(signed), after: 0)
    }

    mutating func crash(_ index: Int) {
        nodes[index].isUp = false
        // What was on its way to the old life is lost.
        nodes[index].lives += 1
    }

    mutating func restart(_ index: Int, work: Bool = true) {
        let node = nodes[index]
        nodes[index].core = ConsensusCore(
            configuration(index),
            recovery: Recovery(
                finalized: node.finalized, finalization: node.finalization, journal: node.journal,
                guardVotes: node.guardRecord.votes))
        nodes[index].isUp = true
        input(index, .start)
        if work { input(index, .work(Work(isProposable: true, isAwaited: true))) }
    }

    /// Two nodes that call different blocks final at one height.
    var disagreement: UInt64? {
        var agreed: [UInt64: Hash] = [:]
        for node in nodes {
            for (height, hash) in node.chain {
                if let other = agreed[height], other != hash { return height }
                agreed[height] = hash
            }
        }
        return nil
    }

    var lowestHeight: UInt64 { nodes.map(\.finalized.height.value).min() ?? 0 }
    var halts: [String] { nodes.flatMap(\.halts) }
}
