internal import Primitives
public import Votes

/// Simplex consensus of one epoch as a pure step function: no clock, no input or output, no randomness.
///
/// Blocks are opaque: it sees hash, parent, height and view. The rules `[C1]`…`[C18]`, why they are safe and live, and
/// where they differ from the paper stand in Specs/consensus.md. An input changes what is known; ``settle()`` then
/// applies the rules until none of them has anything to do.
public struct ConsensusCore: Sendable {
    public let configuration: ConsensusConfiguration
    /// The view this node is in.
    public internal(set) var view: View
    /// The last final block.
    public internal(set) var finalized: Anchor
    /// The certificate that made it final; nil at the epoch's beginning.
    public internal(set) var finalization: Certificate?
    /// True once the boundary block is final: nothing is voted on any more, stragglers are served.
    public internal(set) var isOver = false

    /// Every view from the last finalized one on, of which anything is known.
    var records: [View: ViewRecord] = [:]
    /// Views whose agreed block is not yet certified or not executed since the start, ascending.
    var openViews: [View] = []
    /// Finalizations whose blocks are not here yet, ascending.
    var pendingFinalizations: [Certificate] = []
    var highestOwnVote = View.genesis
    /// From this view on every own vote is remembered: where the guard stood at the start [C11].
    var ownVotesKnownFrom = View.genesis

    /// For each validator the highest view in which a vote of it was seen, nil before the first.
    public internal(set) var lastVotes: [View?]
    /// Nullifications seen in this epoch since the start.
    public internal(set) var nullifiedTotal: UInt64 = 0
    /// Evidence reported in this epoch since the start.
    public internal(set) var equivocations: UInt64 = 0
    /// Validators that evidence was found against [C15].
    var equivocators: Set<Int> = []

    // The current view's timers [C1].
    var isArmed = false
    var isAwaitedHere = false
    var didLeaderTimerFire = false
    var isProposing = false
    var isRebroadcastArmed = false
    var areCertificatesRequested = false
    var timerNumber: UInt64 = 0
    var heartbeatNumber: UInt64 = 0

    var work = Work.none
    var isHeartbeatDue = false
    /// Consecutive nullified views [C14].
    var nullifiedViews = 0
    /// Turns with work that each validator missed since its last proposal [C13].
    var missedTurns: [Int]

    /// What the step so far wants journaled, and done.
    var journal: [JournalRecord] = []
    var effects: [ConsensusEffect] = []
    var isHalted = false

    /// Resumes from what the disk holds; a new node passes an empty journal [C17]. ``ConsensusInput/start`` must follow.
    public init(_ configuration: ConsensusConfiguration, recovery: Recovery) {
        self.configuration = configuration
        view = recovery.finalized.view.next
        finalized = recovery.finalized
        finalization = recovery.finalization
        missedTurns = Array(repeating: 0, count: configuration.validators.count)
        lastVotes = Array(repeating: nil, count: configuration.validators.count)
        recover(recovery)
    }

    /// Takes in one input and returns what is to be done, in order.
    public mutating func step(_ input: ConsensusInput) -> [ConsensusEffect] {
        precondition(journal.isEmpty && effects.isEmpty, "a step leaves nothing behind")
        guard !isHalted else { return [] }
        switch input {
        case .start: start()
        case .proposal(let proposal, let notarize): receive(proposal, notarize)
        case .obtained(let proposal): obtain(proposal)
        case .vote(let vote): receive(vote)
        case .certificate(let certificate): receive(certificate)
        case .built(let view, let proposal): built(view, proposal)
        case .verified(let view, let blockHash, let verdict): verified(view, blockHash, verdict)
        case .timer(let timer): fired(timer)
        case .work(let work): self.work = work
        case .synchronized(let anchor, let certificate): synchronize(anchor, certificate)
        }
        settle()
        return flush()
    }

    /// [C10] All records of the step in one append, before anything that others could see.
    private mutating func flush() -> [ConsensusEffect] {
        defer {
            journal = []
            effects = []
        }
        return journal.isEmpty ? effects : [.persist(journal)] + effects
    }

    /// Applies the rules until nothing changes. Each round either moves the view or the finalized view up, or records a
    /// result of certifying, so it ends.
    mutating func settle() {
        var isChanged = true
        while isChanged, !isHalted {
            isChanged = certifyOpenViews()
            isChanged = finalizePending() || isChanged
        }
        guard !isHalted, !isOver else { return }
        followLeaderGivingUp()
        armIfNeeded()
        verifyOffered()
        notarizeOffered()
        proposeIfLeader()
        if needsRebroadcast { armRebroadcast() }
    }

    // MARK: What is known

    /// The answer to a request for certificates: the last finalization if it is above, then those of the views strictly
    /// between, from the top, at most `limit` (≥ 1).
    public func certificates(above: View, below: View, limit: Int) -> [Certificate] {
        var found = [finalization].compactMap(\.self).filter { $0.view > above }
        for known in records.keys.filter({ $0 > above && $0 < below }).sorted(by: >) where found.count < limit {
            let record = record(known)
            for certificate in [record.finalization, record.notarization, record.nullification].compactMap(\.self)
            where !found.contains(certificate) { found.append(certificate) }
        }
        return Array(found.prefix(max(limit, 1)))
    }

    var epoch: Epoch { configuration.epoch }
    var validators: ValidatorSet { configuration.validators }
    var ownIndex: Int? { configuration.ownIndex }
    func leader(of view: View) -> Int { validators.leader(of: view) }
    var isLeader: Bool { ownIndex == leader(of: view) }

    func record(_ view: View) -> ViewRecord { records[view] ?? ViewRecord() }

    mutating func update(_ view: View, _ change: (inout ViewRecord) -> Void) {
        change(&records[view, default: ViewRecord()])
    }

    mutating func halt(_ reason: String) {
        isHalted = true
        effects.append(.halt(reason))
    }

    /// Casts a vote unless the view's exclusions forbid it [C9]. It counts only when it comes back signed [C10].
    mutating func cast(_ vote: Vote) -> Bool {
        guard ownIndex != nil, !isOver else { return false }
        let record = record(vote.view)
        if vote.kind == .notarize {
            guard record.ownNotarize == nil, record.ownTerminal == nil else { return false }
        } else {
            guard record.ownTerminal == nil else { return false }
        }
        // Once anything is signed in a later view the guard refuses, so it is not even journaled [C11].
        guard vote.view >= highestOwnVote else { return false }
        update(vote.view) { record in
            if vote.kind == .notarize { record.ownNotarize = vote } else { record.ownTerminal = vote }
        }
        highestOwnVote = vote.view
        journal.append(.vote(vote))
        effects.append(.cast(vote))
        return true
    }
}
