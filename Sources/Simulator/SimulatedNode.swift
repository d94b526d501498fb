internal import Blocks
internal import Consensus
internal import Cryptography
internal import Governance
internal import Primitives
internal import Replica
internal import StateModel
internal import Storage
internal import Votes

/// One node: a real replica, a real journal and guard on a disk of its own, and what performs its effects.
final class SimulatedNode {
    let index: Int
    let transportKey: TransportKey
    /// Nil for observers.
    private(set) var key: SecretKey?
    let misbehavior: Misbehavior?
    private let world: World
    private let guardIsOff: Bool
    private let rotationBytes: Int

    let disk: SimulatedDisk
    private(set) var store: SimulatedStore
    var replica: Replica?
    var verifier: MessageVerifier
    private(set) var epoch: EpochInformation?
    private var journal: VoteJournal?
    private var signingGuard: SigningGuard?
    /// The guard was made, so that a missing one is damage.
    private var hasGuard = false
    private var didBeginWatch = false
    private var live = LiveJournalRecords([])
    private var copies = CopyWatch()
    private var answers: [ReplicaInput] = []

    /// Counts starts: what was asked for in an earlier life comes to nothing.
    private(set) var incarnation = 0
    var pausedUntil: UInt64 = 0
    /// Milliseconds that its clock is ahead.
    var clockSkew: Int64 = 0
    /// It has lost its disk once.
    private(set) var isWiped = false
    /// It stopped for good.
    var isStopped = false
    /// The highest height that was told to be final.
    private(set) var announcedHeight: UInt64 = 0

    var isUp: Bool { isRunning && !isStopped }
    private var isRunning = false
    var isHonest: Bool { misbehavior == nil }
    /// By the own index of the epoch's set.
    var validatorIndex: Int? { key.flatMap { key in epoch?.validators.index(of: key.address) } }

    init(
        index: Int, transportKey: TransportKey, key: SecretKey?, misbehavior: Misbehavior?, world: World,
        guardIsOff: Bool, rotationBytes: Int, random: SimulatorRandom
    ) {
        self.index = index
        self.transportKey = transportKey
        self.key = key
        self.misbehavior = misbehavior
        self.world = world
        self.guardIsOff = guardIsOff
        self.rotationBytes = rotationBytes
        disk = SimulatedDisk(random: random)
        store = SimulatedStore(genesis: world.genesisBlock, layer: world.genesisLayer)
        verifier = Self.verifier(world)
    }

    private static func verifier(_ world: World) -> MessageVerifier {
        let memory = world.memory
        return MessageVerifier(network: world.network) { memory.check($0, $1, $2) }
    }

    // MARK: Life

    /// Starts from what the disk holds, as the node does. ``ReplicaInput/start`` must follow.
    func open() throws {
        incarnation += 1
        answers = []
        didBeginWatch = false
        let opened = try VoteJournal.open(on: disk, network: world.network)
        journal = opened.journal
        live = LiveJournalRecords(opened.records)
        copies = CopyWatch()
        verifier = Self.verifier(world)
        if let key { signingGuard = try guardOf(key) }
        let held = guardIsOff ? nil : signingGuard?.record
        replica = try Replica(
            ReplicaConfiguration(network: world.network, networkKind: .test, ownKey: key?.address),
            recovery: ReplicaRecovery(
                head: store.head, finalization: store.finalization, state: store.snapshot, journal: opened.records,
                guardVotes: held?.votes ?? [], guardPosition: held?.position ?? EpochView(.genesis, .genesis),
                watching: held?.watching,
                recordedEvidence: store.evidence))
        isRunning = true
    }

    /// Made together with the key, at the first start. Any other time it must be there.
    private func guardOf(_ key: SecretKey) throws(StorageFailure) -> SigningGuard {
        if try disk.read("guard") == nil, !hasGuard {
            let new = try SigningGuard.create(on: disk, record: GuardRecord(network: world.network, key: key.address))
            hasGuard = true
            return new
        }
        hasGuard = true
        return try SigningGuard.open(on: disk, network: world.network, key: key.address)
    }

    /// Memory is lost; the disk keeps what was synchronized.
    func losePower() {
        replica = nil
        isRunning = false
        journal = nil
        signingGuard = nil
        answers = []
        pausedUntil = 0
        incarnation += 1
        disk.restorePower()
    }

    /// What its disk held is lost, or some of it.
    func lose(_ loss: Loss) throws {
        losePower()
        store = SimulatedStore(genesis: world.genesisBlock, layer: world.genesisLayer)
        announcedHeight = 0
        isWiped = true
        guard loss != .databaseLost else { return }
        disk.wipe()
        if loss == .guardLost, let key {
            _ = try SigningGuard.createWatching(on: disk, network: world.network, key: key.address)
        } else {
            key = nil
        }
    }

    /// Once the node has caught up its key watches the rest of the epoch and the next one before it signs.
    func watch() throws {
        guard !didBeginWatch, let signingGuard, let replica, replica.isSynchronized else { return }
        didBeginWatch = true
        try signingGuard.beginWatching(epoch: replica.consensus.configuration.epoch)
    }

    /// Whether a message proves that another copy of a watching key runs.
    func provesCopy(_ message: VerifiedMessage) -> Bool {
        signingGuard.map { copies.isProven(by: message, for: $0.record) } ?? false
    }

    func takeAnswers() -> [ReplicaInput] {
        defer { answers = [] }
        return answers
    }

    // MARK: Effects

    /// Performs what concerns the disk; the run does the rest.
    func perform(_ effect: ReplicaEffect, in run: Simulation) throws {
        switch effect {
        case .persistJournal(let records):
            try journal?.append(records)
            live.append(records)
        case .trimJournal(let position): try trimJournal(before: position)
        case .storeBody(let block): try disk.commit(.blockBody) { store.store(block) }
        case .sign(let vote): try sign(vote, in: run)
        case .send(let message, let keys): run.send(message, from: self, to: keys)
        case .loadBlock(let hash): answers.append(.loaded(hash, try loaded(hash)))
        case .sendBlock(let hash, let key):
            if let block = store.block(hash) { run.send(.block(block), from: self, to: [key]) }
        case .sendBlocks(let range, let key): run.send(.blocks(store.blocks(range)), from: self, to: [key])
        case .setTimer(let timer, let delay): run.setTimer(timer, of: self, after: delay)
        case .finalize(let blocks):
            run.becameFinal(blocks, at: self)
            try disk.commit(.finalBlocks) { store.append(blocks) }
            announcedHeight = max(announcedHeight, store.height)
            answers.append(.finalState(store.snapshot))
        case .offense(let key, let offense): run.offense(offense, by: key, at: self)
        case .epochBegan(let information):
            epoch = information
            copies.begin(information)
            verifier.begin(information.epoch, information.validators)
            run.epochBegan(information, at: self)
        case .upgradeDue(let plan): run.stopped(self, "the network asks for release \(plan.release)")
        case .anotherCopy(let position): run.stopped(self, "another copy voted in view \(position)")
        case .stop(let reason): run.stopped(self, reason)
        case .report(let evidence): run.reported(evidence, at: self)
        case .admitted, .refused, .learned: break
        }
    }

    private func trimJournal(before position: EpochView) throws {
        live.trim(before: position)
        if let journal, journal.byteCount > rotationBytes { try journal.rotate(keeping: live.records) }
    }

    /// The guard is durable before the signature exists.
    private func sign(_ vote: Vote, in run: Simulation) throws {
        guard let key, let index = validatorIndex else { return }
        if !guardIsOff {
            guard let signingGuard else { return }
            if case .refuse = try signingGuard.approve(vote) { return }
        }
        let signed = world.sign(vote, validator: index, key: key)
        run.signed(signed, by: self)
        answers.append(.signed(signed))
    }

    private func loaded(_ hash: Hash) throws -> LoadedBlock? {
        guard let block = store.block(hash) else { return nil }
        return LoadedBlock(block, try block.transactions.map { try world.verified($0) })
    }
}
