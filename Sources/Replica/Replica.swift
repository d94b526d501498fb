internal import Blocks
public import Consensus
internal import Execution
internal import Governance
public import Mempool
public import Primitives
internal import StateModel
public import Transactions
internal import Votes

/// Consensus, pool and execution as one step function with effects. The node and the simulator are its performers.
///
/// Pure: the time comes with each input; keys, disks and sockets are the performer's. One owner, one input at a time.
public struct Replica: Sendable {
    public let configuration: ReplicaConfiguration
    /// The current epoch's instance.
    public private(set) var consensus: ConsensusCore
    /// Serves validators that have not left the last epoch.
    private(set) var previous: ConsensusCore?
    /// That epoch's validators.
    private var previousInformation: EpochInformation?
    /// What journal and guard hold of epochs that the chain here has not reached: the database was lost, they were not.
    private var ahead: (journal: [JournalRecord], guardVotes: [Vote])
    private let guardPosition: EpochView
    private let watching: Epoch?
    /// The epoch was begun by a restart that the chain does not hold yet: the first block carries it.
    private(set) var restart: EpochRestart?
    /// What the state says as long as that block is not final.
    private(set) var epochBeforeRestart: Epoch
    /// The epoch's validators and how they are reached.
    public private(set) var epochInformation: EpochInformation
    public internal(set) var pool: TransactionPool<VerifiedTransaction>
    var tree: BlockTree
    var parameters: LedgerParameters
    var evidence: [Evidence] = []
    /// Blocks that consensus waits for.
    var awaited: [AwaitedBlock] = []
    /// Proposals that are not complete, by view.
    var partials: [View: PartialBlock] = [:]
    var knownEvidence: [Evidence] = []

    var peers = PeerTable()
    var gossip = TransactionGossip()
    var sync = BlockSync()
    var isSynchronizing = false
    var isSyncTimerSet = false
    /// Whom to ask next, counted on with each question.
    var askCount: UInt64 = 0

    var now = Timestamp(0)
    var effects: [ReplicaEffect] = []
    var isStopped = false
    private var didEpochEnd = false
    var isRestartDue = false
    private var work = Work.none
    private var readiness = Readiness()
    var isWorkOverdue = false
    /// Before which bucket of the due queue nothing is due after that block: a look each second need not begin anew.
    var clearBuckets: (tip: Hash, before: UInt64)?
    // The batch that fills: its timer's number, and whether it was waited for.
    private var batchNumber: UInt64 = 0
    private var isBatchWaiting = false
    private var isBatchReady = false

    /// Throws if the state can't be read. ``ReplicaInput/start`` must follow.
    public init(_ configuration: ReplicaConfiguration, recovery: ReplicaRecovery) throws(StateFailure) {
        self.configuration = configuration
        pool = TransactionPool(limits: configuration.pool)
        tree = BlockTree(head: recovery.head, state: recovery.state)
        parameters = try Self.parameters(in: recovery.state)
        let (epoch, restart) = try Self.restarted(
            try Self.epoch(in: recovery.state), by: configuration.restart, after: recovery.head, in: recovery.state,
            network: configuration.network, parameters: parameters)
        self.restart = restart
        epochBeforeRestart = try Self.epoch(in: recovery.state).number
        let height = recovery.head.height
        // The head belongs to the epoch that goes on, or it is the block that the epoch began with.
        let isInside = height >= epoch.firstHeight
        ahead = (recovery.journal.filter { $0.position.epoch > epoch.number }, recovery.guardVotes)
        guardPosition = recovery.guardPosition
        watching = recovery.watching
        consensus = try Self.instance(
            configuration, epoch: epoch, parameters: parameters, state: recovery.state,
            recovery: Recovery(
                finalized: Anchor(
                    view: isInside ? recovery.finalization?.view ?? .genesis : .genesis,
                    blockHash: recovery.head.hash, height: height),
                finalization: isInside ? recovery.finalization : nil, journal: recovery.journal,
                guardVotes: recovery.guardVotes, guardPosition: recovery.guardPosition,
                isGuardComplete: recovery.watching.map { epoch.number > $0 } ?? true))
        epochInformation = try Self.information(consensus.configuration, in: recovery.state)
        let recorded = Set(recovery.recordedEvidence)
        for case .evidence(let old) in recovery.journal
        where old.position.epoch == epoch.number && mayLearn(old) {
            knownEvidence.append(old)
            if evidence.count < ReplicaLimits.waitingEvidence, !recorded.contains(old) { evidence.append(old) }
        }
    }

    private static func information(
        _ configuration: ConsensusConfiguration, in state: LayeredSnapshot
    ) throws(StateFailure) -> EpochInformation {
        do throws(Refusal) {
            let records = try Validators.records(in: state)
            return EpochInformation(
                epoch: configuration.epoch, validators: configuration.validators,
                transportKeys: records.map { $0.transportKey.flatMap { TransportKey($0.bytes) } },
                names: records.map(\.name))
        } catch {
            throw error.asDamage(of: "the validators")
        }
    }

    private static func parameters(in state: LayeredSnapshot) throws(StateFailure) -> LedgerParameters {
        do throws(Refusal) {
            return try Parameters.current(in: state)
        } catch {
            throw error.asDamage(of: "the ledger's parameters")
        }
    }

    /// The epoch that goes on after `head`: the state's, or the one that a restart begins there.
    private static func restarted(
        _ current: EpochRecord, by restart: EpochRestart?, after head: BlockHeader, in state: LayeredSnapshot,
        network: Hash, parameters: LedgerParameters
    ) throws(StateFailure) -> (EpochRecord, EpochRestart?) {
        guard let restart, restart.lastBlock == head.hash, restart.epoch > current.number,
            restart.isValid(network: network, by: try GenesisExecutor.validatorSet(in: state))
        else { return (current, nil) }
        return (.restarting(restart.epoch, at: head.height.next, length: parameters.epochLength), restart)
    }

    private static func epoch(in state: LayeredSnapshot) throws(StateFailure) -> EpochRecord {
        do throws(Refusal) {
            return try Epochs.current(in: state)
        } catch {
            throw error.asDamage(of: "the epoch")
        }
    }

    private static func instance(
        _ configuration: ReplicaConfiguration, epoch: EpochRecord, parameters: LedgerParameters, state: LayeredSnapshot,
        recovery: Recovery
    ) throws(StateFailure) -> ConsensusCore {
        let set = try GenesisExecutor.validatorSet(in: state)
        return ConsensusCore(
            ConsensusConfiguration(
                network: configuration.network, epoch: epoch.number, validators: set,
                ownIndex: configuration.ownKey.flatMap { set.index(of: $0) },
                deltaMilliseconds: parameters.deltaMilliseconds,
                heartbeatMilliseconds: parameters.heartbeatMilliseconds,
                lastHeight: epoch.lastHeight),
            recovery: recovery)
    }

    // MARK: The step

    /// Takes in one input at `now` (the performer's clock) and returns what is to be done, in order.
    public mutating func step(_ input: ReplicaInput, now: Timestamp) -> [ReplicaEffect] {
        guard !isStopped else { return [] }
        self.now = max(now, self.now)
        defer { effects = [] }
        switch input {
        case .start:
            effects.append(.epochBegan(epochInformation))
            run(.start)
            lookForUpgrade()
        case .tick: tick()
        case .transaction(let transaction, let ticket): admit([transaction], firstTicket: ticket)
        case .transactions(let transactions, let ticket): admit(transactions, firstTicket: ticket)
        case .connected(let key): connect(key)
        case .disconnected(let key): disconnect(key)
        case .message(let message, let key): receive(message, from: key)
        case .signed(let vote): signed(vote)
        case .loaded(let hash, let block): loaded(hash, block)
        case .timer(.consensus(let timer)): if timer.epoch == consensus.configuration.epoch { run(.timer(timer)) }
        case .timer(.batch(let number)): if number == batchNumber, isBatchWaiting { isBatchReady = true }
        case .timer(.announcement): announcementTimerFired()
        case .timer(.sync):
            isSyncTimerSet = false
            synchronize()
        case .finalState(let snapshot):
            if !tree.rebase(on: snapshot) { stop("the store's state is not the one that became final") }
            lookForUpgrade()
        }
        updateWork()
        return effects
    }

    private mutating func tick() {
        lookForOverdueWork()
        lookAfterGossip()
        tellStatus()
        lookAfterSync()
    }

    /// An own vote goes to the network and to the own collector; a leader's notarize goes out with its proposal [C2].
    private mutating func signed(_ vote: SignedVote) {
        if !isOwnProposal(vote.vote) { broadcast(.vote(vote)) }
        run(.vote(vote), of: vote.vote.epoch)
    }

    mutating func stop(_ reason: String) {
        isStopped = true
        effects.append(.stop(reason))
    }

    /// Steps consensus, performs here what is about blocks, and passes the rest on, until consensus is content.
    mutating func run(_ input: ConsensusInput) {
        var inputs = [input]
        while let next = inputs.first, !isStopped {
            inputs.removeFirst()
            for effect in consensus.step(next) where !isStopped { perform(effect, answers: &inputs) }
        }
        if didEpochEnd { beginEpoch() }
        if isRestartDue {
            isRestartDue = false
            begin(restart: configuration.restart)
        }
    }

    mutating func run(_ input: ConsensusInput, of epoch: Epoch) {
        if epoch == consensus.configuration.epoch { return run(input) }
        guard epoch == previous?.configuration.epoch, let answers = previous?.step(input) else { return }
        // An instance that is over only helps stragglers.
        for case .send(.certificate(let certificate), let validator) in answers {
            send(.certificate(certificate), toValidator: validator, of: previousInformation)
        }
    }

    private mutating func perform(_ effect: ConsensusEffect, answers: inout [ConsensusInput]) {
        switch effect {
        case .persist(let records): effects.append(.persistJournal(records))
        case .cast(let vote): effects.append(.sign(vote))
        case .broadcast(let message): if let message = outgoing(message) { broadcast(message) }
        case .send(let message, let validator):
            if let message = outgoing(message) { send(message, toValidator: validator) }
        case .propose(let view, let parentView, let parentHash, _):
            let proposal = build(view: view, parentView: parentView, on: parentHash)
            if let proposal { answers.append(noteWork(after: proposal.blockHash)) }
            answers.append(.built(view: view, proposal))
        case .verify(let proposal): verify(proposal, answers: &answers)
        case .obtain(let certificate): obtain(certificate, answers: &answers)
        case .fetchCertificates(let above, let below):
            ask(
                .certificatesRequest(
                    CertificatesRequest(epoch: consensus.configuration.epoch, above: above, below: below)))
        case .finalize(let certificate, _): finalize(certificate)
        case .setTimer(let timer, let delay):
            effects.append(.setTimer(.consensus(timer), delayMilliseconds: delay))
        case .trimJournal(let position): effects.append(.trimJournal(before: position))
        case .report(let evidence): report(evidence)
        case .foreignVoteByOwnKey(let vote):
            isStopped = true
            effects.append(.anotherCopy(vote.vote.position))
        case .epochEnded: didEpochEnd = true
        case .halt(let reason): stop(reason)
        }
    }

    /// The leader's notarize goes out with its proposal.
    private func isOwnProposal(_ vote: Vote) -> Bool {
        let set = consensus.configuration.validators
        return vote.kind == .notarize && set.leader(of: vote.view) == consensus.configuration.ownIndex
    }

    private mutating func outgoing(_ message: ConsensusMessage) -> PeerMessage? {
        switch message {
        case .vote(let vote): .vote(vote)
        case .certificate(let certificate): .certificate(certificate)
        case .proposal(let proposal, let notarize): compact(proposal, notarize).map { .proposal($0) }
        }
    }

    private mutating func beginEpoch() {
        didEpochEnd = false
        begin(restart: nil)
    }

    /// [C19] A restart names the head, and a quorum signed it: what goes on is the epoch that it begins.
    mutating func begin(restart given: EpochRestart?) {
        guard let state = tree.state(after: tree.headHash) else {
            stop("the state after the epoch's last block is not here")
            return
        }
        do {
            parameters = try Self.parameters(in: state)
            let (epoch, restart) = try Self.restarted(
                try Self.epoch(in: state), by: given ?? configuration.restart, after: tree.head, in: state,
                network: configuration.network, parameters: parameters)
            guard given == nil || restart != nil else { return }
            self.restart = restart
            epochBeforeRestart = try Self.epoch(in: state).number
            // What the epoch that was given up offered on the head is of no epoch any more.
            if restart != nil { tree.dropUnfinal() }
            // [C17] They may be ahead of the chain by whole epochs: own votes of them are not another copy's, and bind.
            let next = try Self.instance(
                configuration, epoch: epoch, parameters: parameters, state: state,
                recovery: Recovery(
                    finalized: Anchor(view: .genesis, blockHash: tree.headHash, height: tree.head.height),
                    finalization: nil, journal: ahead.journal, guardVotes: ahead.guardVotes,
                    guardPosition: guardPosition, isGuardComplete: watching.map { epoch.number > $0 } ?? true))
            ahead.journal.removeAll { $0.position.epoch <= epoch.number }
            // One that was given up helps nobody: it might still vote.
            previous = restart == nil ? consensus : nil
            previousInformation = epochInformation
            awaited = []
            partials = [:]
            knownEvidence = []
            evidence = []
            consensus = next
            epochInformation = try Self.information(next.configuration, in: state)
            effects.append(.epochBegan(epochInformation))
            work = .none
            run(.start)
        } catch {
            stop(error.message)
        }
    }

    // MARK: Work

    /// Tells consensus whether there is something to put into a block on top of what is underway.
    mutating func updateWork() {
        guard !isStopped else { return }
        let current = currentWork()
        guard current != work else { return }
        work = current
        run(.work(current))
    }

    /// What a block that was just executed leaves to do; called before consensus hears of it, so that it does not ask
    /// for another block at once.
    mutating func noteWork(after tip: Hash) -> ConsensusInput {
        isBatchReady = false
        isBatchWaiting = false
        isWorkOverdue = isOverdue(after: tip)
        work = Work(isProposable: isWorkOverdue, isAwaited: isWorkOverdue)
        return .work(work)
    }

    private mutating func currentWork() -> Work {
        let tip = consensus.expectedTip
        if readiness.isAnyReady(pool, after: tip, tree) {
            if !isBatchReady, !isBatchWaiting { waitForBatch() }
        } else {
            isBatchReady = false
            isBatchWaiting = false
        }
        // [C12] Others can't be waiting for what only this node has.
        let isAwaited =
            isWorkOverdue
            || isBatchReady && readiness.isSharedReady(pool, after: tip, tree, gossip)
        return Work(isProposable: isWorkOverdue || isBatchReady || hasEvidence(after: tip), isAwaited: isAwaited)
    }

    /// Something to convict a validator by, that no block below `tip` carries already.
    private func hasEvidence(after tip: Hash?) -> Bool {
        guard !evidence.isEmpty else { return false }
        let carried = tip.map { tree.evidence(upTo: $0) } ?? []
        return !evidence.allSatisfy { carried.contains($0) }
    }

    private mutating func waitForBatch() {
        guard configuration.batchMilliseconds > 0 else {
            isBatchReady = true
            return
        }
        batchNumber += 1
        isBatchWaiting = true
        effects.append(.setTimer(.batch(batchNumber), delayMilliseconds: configuration.batchMilliseconds))
    }

    // MARK: What others ask

    /// The last final block's height and hash.
    public var head: (height: Height, hash: Hash) { (tree.head.height, tree.headHash) }
}
