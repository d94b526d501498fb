internal import Blocks
internal import Consensus
internal import Cryptography
internal import Encoding
internal import Execution
internal import Governance
internal import Interface
internal import Logging
internal import Primitives
internal import Replica
internal import StateModel
internal import Storage
internal import Transactions
internal import Votes

/// Does what the replica wants done: journal, guard, signatures, log, state, timers. Used by the driver's thread alone.
final class Performer {
    let ledger: Ledger
    let clock: NodeClock
    private let key: SecretKey?
    private let signingGuard: SigningGuard?
    private let journal: VoteJournal
    private let board: HeadBoard
    private let measures: NodeMeasures
    private let gateway: PeerGateway
    private let trace: ConsensusTrace?
    private let logger: Logger
    private let reserveBytes: UInt64
    private let watch: KeyWatch
    private let snapshots: SnapshotKeeper
    private var lastReason: GuardRecord.Reason?

    private var validators: ValidatorSet
    private var copies = CopyWatch()
    /// The epoch that went on here last.
    private var observed: Epoch?
    private var timers: [(deadline: ContinuousClock.Instant, timer: ReplicaTimer)] = []
    /// What the clock was ahead by when the timers were looked at last.
    private var aheadMilliseconds: UInt64 = 0
    private var answers: [ReplicaInput] = []
    private let tickets = AdmissionTickets()
    private var lastSnapshot = ContinuousClock.now
    private var lastDiskCheck = ContinuousClock.now
    /// Records that must survive a rotation of the journal, and where they stand.
    private var live: LiveJournalRecords
    private var didBeginWatch = false
    private var upgrade: (plan: UpgradePlan, stopAt: ContinuousClock.Instant)?
    private var didFinalize = false

    init(
        ledger: Ledger, clock: NodeClock, key: SecretKey?, signingGuard: SigningGuard?, journal: VoteJournal,
        records: [JournalRecord], validators: ValidatorSet, board: HeadBoard, measures: NodeMeasures,
        gateway: PeerGateway, trace: ConsensusTrace?, logger: Logger, reserveBytes: UInt64,
        watch: KeyWatch, snapshots: SnapshotKeeper
    ) {
        self.ledger = ledger
        self.clock = clock
        aheadMilliseconds = clock.aheadMilliseconds
        self.key = key
        self.signingGuard = signingGuard
        self.journal = journal
        self.validators = validators
        self.board = board
        self.measures = measures
        self.gateway = gateway
        self.trace = trace
        self.logger = logger
        self.reserveBytes = reserveBytes
        self.watch = watch
        self.snapshots = snapshots
        live = LiveJournalRecords(records)
    }

    // MARK: Timers and answers

    var nextTimer: ContinuousClock.Instant? { timers.first?.deadline }

    func dueTimers() -> [ReplicaTimer] {
        let now = ContinuousClock.now
        let ahead = clock.aheadMilliseconds
        if ahead > aheadMilliseconds {
            // By the clock that was put ahead, no block has kept block time fresh: it is due at once.
            aheadMilliseconds = ahead
            for index in timers.indices where timers[index].timer.isHeartbeat {
                timers[index].deadline = min(now, timers[index].deadline)
            }
            timers.sort { $0.deadline < $1.deadline }
        }
        let due = timers.prefix { $0.deadline <= now }
        timers.removeFirst(due.count)
        return due.map(\.timer)
    }

    func takeAnswer() -> ReplicaInput? { answers.isEmpty ? nil : answers.removeFirst() }

    func ticket(_ answer: @escaping @Sendable (Result<Hash, Rejection>) -> Void) -> UInt64 {
        tickets.open(answer)
    }

    /// Of the first of several that are answered together; the others' follow it.
    func tickets(_ count: Int, _ answer: @escaping @Sendable ([Result<Hash, Rejection>]) -> Void) -> UInt64 {
        tickets.open(count, answer)
    }

    func answerOpenTickets(_ rejection: Rejection) { tickets.answerAll(.failure(rejection)) }

    /// A fresh snapshot before the last one expires.
    func refreshedSnapshot(_ driver: Driver) -> LayeredSnapshot? {
        guard ContinuousClock.now - lastSnapshot > .seconds(10) else { return nil }
        do {
            lastSnapshot = .now
            return try ledger.state.snapshot()
        } catch {
            driver.fail(NodeFailure(error))
            return nil
        }
    }

    /// A full disk is met with a clean stop, not with a failed write.
    func checkDisk(_ driver: Driver) {
        guard ContinuousClock.now - lastDiskCheck > .seconds(5) else { return }
        lastDiskCheck = .now
        guard let free = Doctor.freeBytes(ledger.home.path), free < reserveBytes else { return }
        driver.fail(
            NodeFailure(
                .disk,
                "\(free / 1_048_576) MiB are free on the disk of \(ledger.home.path), and the node keeps"
                    + " \(reserveBytes / 1_048_576) MiB", hint: "Free space or move the home, then start again."))
    }

    // MARK: Upgrades

    /// For so long a node that has made its last block serves peers that have not.
    private static let upgradeGrace: Duration = .seconds(10)

    private func noteUpgrade(_ plan: UpgradePlan) {
        guard upgrade == nil else { return }
        // A node that is started there stops at once.
        upgrade = (plan, .now + (didFinalize ? Self.upgradeGrace : .zero))
        logger.notice(
            "the network goes on with a newer release: this node stops",
            metadata: ["height": "\(plan.height)", "release": "\(plan.release)"])
    }

    func checkUpgrade(_ driver: Driver) {
        guard let upgrade, ContinuousClock.now >= upgrade.stopAt else { return }
        driver.fail(NodeRelease.failure(upgrade.plan))
    }

    // MARK: A key that came without its guard

    /// Once the node has caught up its key watches the rest of the epoch and the next one before it signs.
    func watch(_ replica: borrowing Replica, _ driver: Driver) {
        guard !didBeginWatch, let signingGuard, replica.isSynchronized else { return }
        didBeginWatch = true
        do {
            let epoch = replica.consensus.configuration.epoch
            try signingGuard.beginWatching(epoch: epoch)
            watch.lastEpoch = signingGuard.record.watching
            guard let last = watch.lastEpoch(in: epoch) else { return }
            logger.warning(
                "the validator key came without its guard: it watches for another copy of itself",
                metadata: ["epoch": "\(epoch)", "votesFromEpoch": "\(last.next)"])
        } catch {
            driver.fail(NodeFailure(error))
        }
    }

    /// A restart may pass epochs over [C19]: the one to be watched did not come, so nothing was watched.
    private func watchAnew(_ epoch: Epoch) throws {
        guard let signingGuard, let watching = signingGuard.record.watching, watching < epoch, let observed,
            observed < watching
        else { return }
        try signingGuard.beginWatching(epoch: epoch)
        watch.lastEpoch = signingGuard.record.watching
    }

    /// A vote of the watched epoch by this node's key is another machine's.
    func lookForCopies(in message: VerifiedMessage, _ driver: Driver) {
        guard let record = signingGuard?.record, copies.isProven(by: message, for: record) else { return }
        driver.fail(Self.anotherCopy("it votes in an epoch in which this node only watches"))
    }

    private static func anotherCopy(_ proof: String) -> NodeFailure {
        NodeFailure(
            .signingGuard, "another machine votes with this node's validator key: \(proof)",
            hint:
                "Stop one of the two, and rotate the key if it may have been stolen. If this is the one that stays: stop the"
                + " other, move the guard's folder away, and let the key watch anew with `mednexusd keys recover-guard`."
        )
    }

    // MARK: Effects

    func perform(_ effect: ReplicaEffect) throws {
        trace?.note(effect)
        switch effect {
        case .persistJournal(let records):
            try journal.append(records)
            live.append(records)
        case .trimJournal(let position): try trimJournal(before: position)
        case .storeBody(let block):
            try ledger.log.storeBody(hash: block.hash, height: block.header.height, block: block.encoded)
        case .sign(let vote): try sign(vote)
        case .loadBlock(let hash): answers.append(.loaded(hash, try storedBlock(hash)))
        case .send(let message, let receivers): gateway.send(message, to: receivers)
        case .sendBlock(let hash, let key): gateway.sendBlock(hash, to: key)
        case .sendBlocks(let range, let key): gateway.sendBlocks(range, to: key)
        case .offense(let key, let offense): gateway.ban(key, because: offense)
        case .learned(let addresses): gateway.learned(addresses, now: clock.now)
        case .setTimer(let timer, let delay):
            let deadline = ContinuousClock.now + .milliseconds(Int64(clamping: delay))
            let index = timers.firstIndex { $0.deadline > deadline } ?? timers.count
            timers.insert((deadline, timer), at: index)
        case .finalize(let blocks): try finalize(blocks)
        case .admitted(let ticket, let hash, _): tickets.answer(ticket, .success(hash))
        case .refused(let ticket, let rejection):
            measures.refused(rejection.reason)
            tickets.answer(ticket, .failure(rejection))
        case .report(let evidence):
            logger.warning("a validator broke the rules of voting", metadata: ["validator": "\(evidence.validator)"])
        case .epochBegan(let information):
            validators = information.validators
            copies.begin(information)
            try watchAnew(information.epoch)
            observed = information.epoch
            gateway.begin(information)
            logger.info(
                "epoch began",
                metadata: ["epoch": "\(information.epoch)", "validators": "\(information.validators.count)"])
        case .upgradeDue(let plan): noteUpgrade(plan)
        case .anotherCopy(let position): throw Self.anotherCopy("it voted in view \(position)")
        case .stop(let reason):
            throw NodeFailure(.corruption, reason, hint: "Run `mednexusd verify` on this home before anything else.")
        }
    }

    private func trimJournal(before position: EpochView) throws {
        live.trim(before: position)
        if journal.byteCount > VoteJournal.rotationBytes { try journal.rotate(keeping: live.records) }
    }

    /// The guard is durable before the signature exists.
    private func sign(_ vote: Vote) throws {
        guard let key, let signingGuard, let index = validators.index(of: key.address) else { return }
        switch try signingGuard.approve(vote) {
        case .refuse(let reason):
            // Once for each reason: a watch refuses every vote of it.
            logger.log(
                level: reason == lastReason ? .debug : .notice, "not signed",
                metadata: ["view": "\(vote.position)", "because": "\(reason.rawValue)"])
            lastReason = reason
        case .sign, .signAgain:
            if lastReason == .watching { logger.notice("the watch is over: the validator key votes") }
            lastReason = nil
            let signature = Schnorr.sign(
                message: vote.message(network: ledger.network), secret: key, auxiliary: NodeRandom.bytes32())
            answers.append(.signed(SignedVote(vote: vote, validator: index, signature: signature)))
        }
    }

    /// What is stored of a block, final or not.
    private func storedBlock(_ hash: Hash) throws -> LoadedBlock? {
        guard let block = try ledger.storedBlock(hash) else { return nil }
        let transactions = try block.transactions.map {
            try VerifiedTransaction(try SignedTransaction(try RawTransaction($0)), network: ledger.network)
        }
        return LoadedBlock(block, transactions)
    }

    /// Durable in the log, then readable in the state, and only then told.
    private func finalize(_ blocks: [FinalExecution]) throws {
        let started = ContinuousClock.now
        didFinalize = true
        try ledger.append(blocks)
        measures.logSeconds(ContinuousClock.now - started)
        for block in blocks {
            try ledger.state.push(block.executed.layer)
            snapshots.finalized(block.executed.block.header)
        }
        answers.append(.finalState(try ledger.state.snapshot()))
        lastSnapshot = .now
        for block in blocks {
            let header = block.executed.block.header
            board.publish(
                ChainHead(
                    height: header.height, blockHash: block.executed.block.hash, time: header.time,
                    stateRoot: header.stateRoot))
            measures.finalized(header, transactions: block.executed.transactions.count)
            logger.debug(
                "final",
                metadata: [
                    "height": "\(header.height)", "transactions": "\(block.executed.transactions.count)",
                    "hash": "\(block.executed.block.hash)",
                ])
        }
    }
}

extension ReplicaTimer {
    fileprivate var isHeartbeat: Bool {
        if case .consensus(let timer) = self { timer.kind == .heartbeat } else { false }
    }
}
