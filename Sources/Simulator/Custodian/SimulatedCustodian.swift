internal import Blocks
internal import Consents
internal import Cryptography
internal import Custodian
internal import Encoding
internal import INFTs
internal import Interface
internal import Licenses
internal import Primitives
internal import StateModel
internal import Transactions

/// Performs a custodian's effects over the simulated network and disk, and dies where it is told to. What WalletKit does
/// with files and sockets is done here in the same order.
final class SimulatedCustodian {
    /// A transaction that was signed, durable before it is sent.
    struct Outgoing {
        let transaction: VerifiedTransaction
        var wasSent = false
        var isOpen = true
    }

    let index: Int
    private unowned let simulation: CustodianSimulation
    private let policy: CustodianPolicy
    private var random: SimulatorRandom

    // Durable
    private var journal: [UInt8]
    private(set) var outbox: [Hash: Outgoing] = [:]

    // Volatile
    private(set) var core: CustodianCore?
    /// Counts lives: what was asked in an earlier one is answered to nobody.
    private(set) var generation = 0
    private var inputs: [CustodianInput] = []
    private var isStepping = false
    private var verdicts: [DeliveryID: DeliveryVerdict] = [:]
    private var tickAt: Timestamp?
    /// How many effects are left until it dies.
    var dies: Int?

    init(_ index: Int, _ simulation: CustodianSimulation, policy: CustodianPolicy, random: SimulatorRandom) {
        self.index = index
        self.simulation = simulation
        self.policy = policy
        self.random = random
        journal = CustodianJournal.header(
            network: simulation.world.network, account: CustodianWorld.custodian.address)
    }

    var isUp: Bool { core != nil }

    // MARK: Life

    func start() {
        do {
            let (records, end) = try CustodianJournal.replay(
                journal, network: simulation.world.network, account: CustodianWorld.custodian.address)
            journal = Array(journal.prefix(end))
            let start = EventPosition(height: simulation.world.head.height.next, index: 0)
            core = CustodianCore(policy: policy, start: start, records: records)
            if random.chance(200) { compact() }
        } catch {
            return simulation.fail("custodian \(index): the journal can't be read: \(error)")
        }
        simulation.note(index, 1, UInt64(journal.count), "starts with a journal of \(journal.count) bytes")
        take(.started)
    }

    /// As at a start of the real one: the new file replaces the old one whole.
    private func compact() {
        guard let core else { return }
        var bytes = CustodianJournal.header(
            network: simulation.world.network, account: CustodianWorld.custodian.address)
        for record in core.compacted { bytes += CustodianJournal.frame([record], at: bytes.count) }
        journal = bytes
    }

    func die(_ fault: CustodianFault) {
        guard isUp else { return }
        simulation.note(index, 2, UInt64(fault.rawValue), "dies: \(fault)")
        simulation.counts.note(fault)
        core = nil
        generation += 1
        inputs = []
        verdicts = [:]
        tickAt = nil
        dies = nil
        simulation.restartLater(self)
    }

    // MARK: Steps

    func take(_ input: CustodianInput) {
        guard isUp else { return }
        inputs.append(input)
        guard !isStepping else { return }
        isStepping = true
        defer { isStepping = false }
        while isUp, !inputs.isEmpty {
            let input = inputs.removeFirst()
            let effects = core?.step(input, now: simulation.wallClock(of: index)) ?? []
            for effect in effects {
                perform(effect)
                if !isUp { return }
            }
        }
        scheduleTick()
    }

    private func scheduleTick() {
        guard let next = core?.nextTick, next != tickAt else { return }
        tickAt = next
        let generation = generation
        let now = simulation.wallClock(of: index)
        simulation.after(next.milliseconds > now.milliseconds ? next.milliseconds - now.milliseconds : 1) {
            guard self.generation == generation, self.tickAt == next else { return }
            self.tickAt = nil
            self.take(.tick)
        }
    }

    /// Whether it dies before this effect.
    private func isHit() -> Bool {
        guard let left = dies else { return false }
        dies = left == 0 ? nil : left - 1
        return left == 0
    }

    private func perform(_ effect: CustodianEffect) {
        switch effect {
        case .append(let records): append(records)
        case .follow(let position): follow(position)
        case .ask(let id, let height): isHit() ? die(.crashBeforeAsk) : ask(id, height)
        case .prepare(let id, let binding): isHit() ? die(.crashBeforePrepare) : prepare(id, binding)
        case .submit(let task, let act):
            if isHit() {
                if case .complete = act { die(.crashBeforeComplete) } else { die(.crashBeforeBegin) }
            } else {
                submit(task, act)
            }
        case .notify(let notice):
            simulation.note(
                index, 3, UInt64(notice.reason.kind.rawValue), "notice \(notice.reason.kind) \(notice.reason.detail)")
            if notice.reason.kind == .approval, case .delivery(let id) = notice.task {
                simulation.approve(id, at: self)
            }
        case .askDisclosure, .askErasure: simulation.fail("an effect that nothing here asks for")
        }
    }

    private func append(_ records: [CustodianRecord]) {
        let frame = CustodianJournal.frame(records, at: journal.count)
        simulation.note(index, 4, Trace.digest(frame), "journal \(records)")
        guard isHit() else {
            journal += frame
            return
        }
        switch random.below(3) {
        case 0: die(.crashBeforeAppend)
        case 1:
            journal += frame.prefix(random.below(frame.count))
            if random.chance(300) { journal += random.bytes(random.below(24)) }
            die(.crashTornAppend)
        default:
            journal += frame
            die(.crashAfterAppend)
        }
    }

    // MARK: Questions

    private func follow(_ position: EventPosition) {
        simulation.request(
            self, bytes: Array("chain_events \(EventCursor.text(position))".utf8), waits: true, timeout: 40_000
        ) { node in
            node.events(from: position)
        } then: { page in
            if let page { self.take(.events(page)) } else { self.follow(position) }
        }
    }

    private func ask(_ id: DeliveryID, _ height: Height) {
        simulation.request(
            self, bytes: Array("delivery_check".utf8) + id.bytes.array, waits: false, timeout: 10_000
        ) { node in
            node.check(id, minimumHeight: height)
        } then: { answer in
            guard let (verdict, height) = answer else { return self.take(.delivery(id, .lost)) }
            guard let verdict else { return self.take(.delivery(id, .unknown(height: height))) }
            self.verdicts[id] = verdict
            let answer = DeliveryAnswer(verdict, network: self.simulation.world.network, height: height)
            self.take(.delivery(id, answer))
            // A second copy of it that nobody waits for.
            if self.random.chance(100) { self.take(.delivery(id, answer)) }
        }
    }

    private func prepare(_ id: DeliveryID, _ binding: DeliveryBinding) {
        let randomness = Bytes32(random.next(), random.next(), random.next(), random.next())
        guard let sealed = deliver(id, binding, randomness) else {
            return take(
                .unprepared(id, CustodianRefusal(code: 0, reason: "key_missing", message: "the secret is not here")))
        }
        take(
            .prepared(
                id, Preparation(binding: binding.hash, randomness: randomness, commitment: sealed.commitment)))
    }

    private func deliver(_ id: DeliveryID, _ binding: DeliveryBinding, _ randomness: Bytes32) -> SealedDelivery? {
        guard let secret = simulation.secret(of: binding.from) else { return nil }
        do {
            let sealed = try SealedKeys.deliver(
                binding.sealed, from: secret, to: binding.to, statement: binding.statement, randomness: randomness)
            simulation.watch.made(id, sealed)
            return sealed
        } catch {
            simulation.fail("a delivery can't be made: \(error)")
            return nil
        }
    }

    // MARK: Acts

    private func submit(_ task: CustodianTask, _ act: CustodianAct) {
        guard case .delivery(let id) = task else { return simulation.fail("nothing but deliveries is done here") }
        simulation.note(index, 5, Trace.digest(id.bytes.array), "\(act.name) \(id.short)")
        guard let operation = operation(id, act) else {
            return take(
                .outcome(
                    task, .refused(CustodianRefusal(code: 0, reason: "key_missing", message: "the secret is not here")))
            )
        }
        // The intent: what is said, whatever the number of the transaction that says it.
        var writer = CBORWriter()
        writer.write(operation)
        let intent = HashTag.identifier.hash(writer.bytes)
        if let known = outbox[intent], known.isOpen { return send(intent, task) }
        settle(outbox.keys.filter { outbox[$0]?.isOpen == true }.sorted()) { isSettled in
            if isSettled { self.sign(operation, intent, task) } else { self.take(.outcome(task, .unknown)) }
        }
    }

    private func operation(_ id: DeliveryID, _ act: CustodianAct) -> Operation? {
        switch act {
        case .begin(let binding, let commitment, let needs):
            let answers = needs.compactMap { answer($0, to: id) }
            return binding.statement.act == .transfer
                ? .infts(
                    .beginTransfer(
                        TransferBegin(
                            transfer: id, sealingKey: binding.from, commitment: commitment, answers: answers)))
                : .licenses(
                    .begin(
                        BeginDelivery(
                            delivery: id, sealingKey: binding.from, commitment: commitment, answers: answers)))
        case .complete(let binding, let preparation):
            guard let sealed = deliver(id, binding, preparation.randomness) else { return nil }
            if sealed.commitment != preparation.commitment { simulation.fail("\(id) is not the same after a crash") }
            return binding.statement.act == .transfer
                ? .infts(
                    .completeTransfer(
                        TransferComplete(transfer: id, sealedKey: sealed.sealedKey, proof: sealed.proof)))
                : .licenses(
                    .complete(CompleteDelivery(delivery: id, sealedKey: sealed.sealedKey, proof: sealed.proof)))
        case .disclose: return nil
        }
    }

    /// The service signs for the hospital, which holds the consent.
    private func answer(_ need: Need, to id: DeliveryID) -> NeedAnswer? {
        guard let verdict = verdicts[id], let set = verdict.consentSet, let revision = verdict.consentRevision,
            let custodian = verdict.consentCustodian
        else { return nil }
        let record = verdict.delivery.delivery
        let statement = NeedStatement(
            network: simulation.world.network, basis: .set(set), revision: revision,
            requests: UseRequest.hash(of: verdict.requests), subject: id.bytes, recipient: record.to, need: need,
            by: custodian, validUntil: record.beginBy)
        let key = CustodianWorld.custodian
        let signature = Schnorr.sign(message: statement.hash, secret: key, auxiliary: .zero)
        return NeedAnswer(statement, signer: key.address, signature: signature)
    }

    /// Asks what became of what is under way; false if something still is.
    private func settle(_ open: [Hash], then: @escaping (Bool) -> Void) {
        guard let intent = open.first, let outgoing = outbox[intent] else { return then(true) }
        let hash = outgoing.transaction.hash
        let validUntil = outgoing.transaction.body.validUntil
        simulation.request(self, bytes: Array("tx_status".utf8) + hash.bytes.array, waits: false, timeout: 5_000) {
            $0.status(of: hash, validUntil: validUntil, sequence: outgoing.transaction.body.sequence)
        } then: { status in
            switch status {
            case .final?, .gone?:
                self.outbox[intent]?.isOpen = false
                self.settle(Array(open.dropFirst()), then: then)
            default: then(false)
            }
        }
    }

    private func sign(_ operation: Operation, _ intent: Hash, _ task: CustodianTask) {
        simulation.request(self, bytes: Array("account_sequence".utf8), waits: false, timeout: 5_000) { node in
            node.sequence(of: CustodianWorld.custodian.address)
        } then: { answer in
            guard let (sequence, time) = answer else { return self.take(.outcome(task, .gone)) }
            do {
                let transaction = try CustodianLedger.sign(
                    [operation], by: [CustodianWorld.custodian], sequence: sequence,
                    validUntil: time.adding(milliseconds: 60_000), network: self.simulation.world.network)
                if self.isHit(), self.random.chance(500) { return self.die(.crashAroundOutbox) }
                self.outbox[intent] = Outgoing(transaction: transaction)
                if self.isHit() { return self.die(.crashAroundOutbox) }
                self.send(intent, task)
            } catch {
                self.simulation.fail("custodian \(self.index) can't sign: \(error)")
            }
        }
    }

    private func send(_ intent: Hash, _ task: CustodianTask) {
        guard var outgoing = outbox[intent] else { return }
        let isFirst = !outgoing.wasSent
        outgoing.wasSent = true
        outbox[intent] = outgoing
        let transaction = outgoing.transaction
        simulation.request(self, bytes: transaction.bytes, waits: false, timeout: 5_000) { node in
            node.submit(transaction)
        } then: { answer in
            if case .refused(let refusal)? = answer, isFirst {
                self.outbox[intent]?.isOpen = false
                return self.take(.outcome(task, .refused(refusal)))
            }
            self.poll(intent, task, tries: 8)
        }
    }

    private func poll(_ intent: Hash, _ task: CustodianTask, tries: Int) {
        guard let outgoing = outbox[intent] else { return }
        let hash = outgoing.transaction.hash
        let validUntil = outgoing.transaction.body.validUntil
        simulation.request(self, bytes: Array("tx_status".utf8) + hash.bytes.array, waits: false, timeout: 5_000) {
            $0.status(of: hash, validUntil: validUntil, sequence: outgoing.transaction.body.sequence)
        } then: { status in
            switch status {
            case .final(let height)?:
                self.outbox[intent]?.isOpen = false
                self.take(.outcome(task, .final(height)))
            case .gone?:
                self.outbox[intent]?.isOpen = false
                self.take(.outcome(task, .gone))
            case .pending?, nil:
                guard tries > 0 else { return self.take(.outcome(task, .unknown)) }
                let generation = self.generation
                self.simulation.after(2_000) {
                    if self.generation == generation { self.poll(intent, task, tries: tries - 1) }
                }
            }
        }
    }
}

extension DeliveryID {
    var short: String { String(Hexadecimal.encode(bytes.array).prefix(8)) }
}
