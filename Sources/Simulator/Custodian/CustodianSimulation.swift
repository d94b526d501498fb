internal import Blocks
internal import Consents
internal import Cryptography
internal import Custodian
internal import INFTs
internal import Interface
internal import Licenses
internal import Primitives
internal import StateModel
internal import Transactions

/// One seed: custodians beside a real ledger over a simulated clock, network and disk, and people who use it meanwhile.
/// Faults stop at a time drawn from the seed; then everything that can still be delivered must be.
final class CustodianSimulation {
    /// How long a delivery may wait once everything works and nothing stands against it.
    static let patienceMilliseconds: UInt64 = 1_200_000
    /// After the faults: longer than the deadline of any purchase, and the hour and hundred blocks of a completion.
    static let quietMilliseconds: UInt64 = 18_000_000
    static let busyBlockMilliseconds: UInt64 = 2_000
    static let idleBlockMilliseconds: UInt64 = 60_000

    let world: CustodianWorld
    let scenario: CustodianScenario
    var ledger: CustodianLedger
    var watch: CustodianWatch
    var counts = CustodianCounts()
    private(set) var failure: String?
    var trace: Trace
    private var queue = EventQueue<() -> Void>()
    private(set) var now: UInt64
    private(set) var isHealed = false
    private var healedAt: UInt64 = 0
    private var isFinished = false
    private(set) var custodians: [SimulatedCustodian] = []
    var people: CustodianPeople
    private var network: SimulatorRandom
    private var faults: SimulatorRandom
    /// How many blocks the node beside the custodians has heard of.
    private var visible = 0
    private var parked: [(isOver: () -> Bool, retry: () -> Bool)] = []
    private var nextBlockAt: UInt64 = 0
    /// By sealing key, and since when the custodians' keystore has it.
    private var secrets: [CompressedPoint: (secret: SealingSecret, since: UInt64)] = [:]
    private var requestedSince: [DeliveryID: UInt64] = [:]
    private var clockSkew: [Int64] = []

    init(seed: UInt64, trace: Trace) throws {
        world = try CustodianWorld.shared.get()
        var random = SimulatorRandom(seed: seed)
        scenario = CustodianScenario(seed: seed, random: &random)
        self.trace = trace
        now = world.head.time.milliseconds - CustodianWorld.start.milliseconds
        ledger = CustodianLedger(network: world.network, head: world.head, state: world.state)
        watch = CustodianWatch(dataset: world.dataset)
        network = random.fork()
        faults = random.fork()
        people = CustodianPeople(random: random.fork())
        for secret in world.sealingSecrets { secrets[secret.key] = (secret, 0) }
        let policy = CustodianPolicy(
            owners: [.account(CustodianWorld.owner.address)],
            restrictions: scenario.answersRestrictions
                ? [.init(consentSet: world.consentSet, purposes: [.research])] : [],
            approvesEverything: scenario.approvesEverything, beginsPerHour: scenario.beginsPerHour)
        custodians = (0..<scenario.instances).map { index in
            SimulatedCustodian(index, self, policy: policy, random: random.fork())
        }
        clockSkew = custodians.map { _ in Int64(random.below(4_000 as UInt64)) - 2_000 }
        if scenario.instances > 1 { counts.note(.secondInstance) }
    }

    func run() {
        for custodian in custodians { after(faults.below(5_000 as UInt64)) { custodian.start() } }
        planBlock(in: Self.busyBlockMilliseconds)
        after(1 + faults.below(scenario.actMilliseconds)) { self.act() }
        planCrash()
        after(scenario.faultyMilliseconds) { self.heal() }
        while failure == nil, !isFinished, let (time, event) = queue.pop() {
            now = max(now, time)
            event()
        }
        // Closures hold the simulation; what is left of them must not keep it.
        queue = EventQueue()
        parked = []
        custodians = []
    }

    func fail(_ reason: String) {
        if failure == nil { failure = reason }
    }

    func note(_ node: Int, _ what: UInt64, _ detail: UInt64, _ text: @autoclosure () -> String) {
        trace.note(now, node: node, what, detail, text())
    }

    func after(_ milliseconds: UInt64, _ event: @escaping () -> Void) { queue.push(event, at: now + milliseconds) }

    func wallClock(of index: Int) -> Timestamp {
        CustodianWorld.start.adding(milliseconds: UInt64(Int64(now + 10_000) + clockSkew[index]))
    }

    // MARK: Chain

    private func planBlock(in milliseconds: UInt64) {
        let time = now + milliseconds
        guard nextBlockAt <= now || time < nextBlockAt else { return }
        nextBlockAt = time
        after(milliseconds) {
            if self.nextBlockAt == time { self.makeBlock() }
        }
    }

    /// A transaction on its way into the next block.
    func enter(_ transaction: VerifiedTransaction) {
        if !isHealed, faults.chance(80) { return counts.note(.poolLost) }
        ledger.add(transaction)
        planBlock(in: Self.busyBlockMilliseconds)
    }

    private func makeBlock() {
        do {
            let final = try ledger.makeBlock(at: now)
            counts.blocks += 1
            note(-1, 6, final.height.value, "block \(final.height) with \(final.events.count) events")
            try observe(final)
            // The owner lets the custodian act again, and asks until the ledger has it.
            if isHealed, try CustodianPeople.mandate(in: final.state) == nil { _ = try people.grant(self) }
            try checkLiveness(final, hasMandate: try CustodianPeople.mandate(in: final.state) != nil)
        } catch {
            return fail("\(error)")
        }
        let delay: UInt64
        if isHealed {
            delay = 200
        } else {
            delay = network.delay(scenario.finalityMilliseconds)
            if delay > 5_000 { counts.note(.finalityDelayed) }
        }
        let count = ledger.blocks.count
        after(delay) { self.hear(count) }
        planBlock(in: ledger.pool.isEmpty ? Self.idleBlockMilliseconds : Self.busyBlockMilliseconds)
    }

    /// The node hears that blocks are final.
    private func hear(_ count: Int) {
        guard count > visible else { return }
        visible = count
        let waiting = parked
        parked = []
        for question in waiting where !question.isOver() && !question.retry() { parked.append(question) }
    }

    private func observe(_ final: CustodianLedger.Final) throws {
        for event in final.events {
            switch event {
            case ConsentEvent.withdrawn: watch.withdrawn()
            case ConsentEvent.disclosed(let fact): watch.disclosed(fact.reference)
            case LicenseEvent.deliveryBegun(let fact), INFTEvent.transferBegun(let fact):
                let record = try Deliveries.record(fact.delivery, in: final.state)
                guard let begun = record?.begun else { throw SimulatorFailure("begun without a record") }
                if let reason = watch.began(fact, begun.commitment) { fail(reason) }
            case LicenseEvent.deliveryCompleted(let fact), INFTEvent.transferred(let fact):
                if let reason = watch.completed(fact) { fail(reason) }
                let record = try Deliveries.record(fact.delivery, in: final.state)
                let isOwn = record?.begun.map { watch.isKnown($0.commitment) } ?? false
                if isOwn { counts.delivered += 1 } else { counts.byHand += 1 }
            case LicenseEvent.deliveryEnded, INFTEvent.transferEnded: counts.returned += 1
            case LicenseEvent.bought(let fact): people.opened(DeliveryID(fact.license.bytes), fact.license)
            case LicenseEvent.deliveryRequested(let fact): people.opened(fact.delivery, nil)
            case INFTEvent.transferAccepted(let fact): people.opened(fact.delivery, nil)
            case INFTEvent.transferOffered(let fact): people.offered(fact.delivery)
            default: break
            }
        }
    }

    // MARK: What must happen

    /// Once everything works, what can be delivered is, before long.
    private func checkLiveness(_ final: CustodianLedger.Final, hasMandate: Bool) throws {
        for id in people.open {
            guard let record = try Deliveries.record(id, in: final.state) else {
                throw SimulatorFailure("an open delivery without a record")
            }
            if record.ending != nil {
                people.ended(id)
                requestedSince[id] = nil
            } else if isHealed {
                let verdict = try DeliveryCheck.check(id, at: final.time, in: final.state)
                guard mustGoOn(verdict, hasMandate: hasMandate) else {
                    requestedSince[id] = nil
                    continue
                }
                let since = requestedSince[id] ?? now
                requestedSince[id] = since
                if now >= since + Self.patienceMilliseconds {
                    fail("the delivery \(id.short) is \(verdict.delivery.state), and nobody goes on with it")
                }
            }
        }
        if isHealed, people.open.isEmpty, now >= healedAt + 60_000 { isFinished = true }
        if isHealed, now >= healedAt + Self.quietMilliseconds { finish() }
    }

    /// What has not ended by then waits for something that a custodian names.
    private func finish() {
        isFinished = true
        for id in people.open {
            let isExplained = custodians.contains { custodian in
                custodian.core?.status.tasks.contains { $0.delivery == id && $0.waiting != nil } ?? false
            }
            if !isExplained { fail("the delivery \(id.short) has not ended, and nobody says why") }
            counts.waiting += 1
        }
    }

    private func mustGoOn(_ verdict: DeliveryVerdict, hasMandate: Bool) -> Bool {
        switch verdict.delivery.state {
        case .requested:
            guard verdict.obstacle == nil, let custody = verdict.custody, secret(of: custody.sealingKey) != nil,
                verdict.deliverer == .account(CustodianWorld.owner.address), hasMandate,
                scenario.beginsPerHour == nil
            else { return false }
            return verdict.needs.isEmpty || scenario.answersRestrictions
        case .begun: return verdict.delivery.delivery.begun.map { watch.isKnown($0.commitment) } ?? false
        case .offered, .completed, .failed: return false
        }
    }

    // MARK: Network

    /// Asks the node. `waits`: until there is an answer, as a long poll does.
    func request<Answer>(
        _ custodian: SimulatedCustodian, bytes: [UInt8], waits: Bool, timeout: UInt64,
        _ answer: @escaping (CustodianNode) -> Answer?, then: @escaping (Answer?) -> Void
    ) {
        if let reason = watch.sent(bytes) { return fail(reason) }
        counts.messages += 1
        let generation = custodian.generation
        var isOver = false
        let finish: (Answer?) -> Void = { answer in
            guard !isOver, custodian.generation == generation else { return }
            isOver = true
            then(answer)
        }
        after(timeout) { finish(nil) }
        let arrive: () -> Bool = {
            let isStale = !self.isHealed && !waits && self.network.chance(self.scenario.staleThousandths)
            if isStale { self.counts.note(.staleAnswer) }
            let blocks = isStale ? self.visible - self.network.below(min(self.visible, 12) + 1) : self.visible
            guard let found = answer(CustodianNode(self, blocks: blocks)) else { return false }
            if self.isLost() {
                return {
                    self.counts.note(.answerLost)
                    return true
                }()
            }
            self.after(self.delay()) { finish(found) }
            return true
        }
        let copies = !isHealed && network.chance(scenario.duplicateThousandths) ? 2 : 1
        if copies == 2 { counts.note(.duplicated) }
        for _ in 0..<copies {
            if isLost() {
                counts.note(.requestLost)
                continue
            }
            after(delay()) {
                if !arrive(), waits {
                    self.parked.append((isOver: { isOver || custodian.generation != generation }, retry: arrive))
                }
            }
        }
    }

    private func isLost() -> Bool { !isHealed && network.chance(scenario.lossThousandths) }
    private func delay() -> UInt64 { isHealed ? 20 : network.delay(scenario.delayMilliseconds) }

    // MARK: Faults

    private func planCrash() {
        guard let mean = scenario.crashMilliseconds else { return }
        after(1 + faults.below(2 * mean)) {
            guard !self.isHealed else { return }
            let custodian = self.faults.pick(self.custodians)
            if self.faults.chance(150) {
                custodian.die(.crashAtOnce)
            } else {
                custodian.dies = self.faults.below(8)
            }
            self.planCrash()
        }
    }

    func restartLater(_ custodian: SimulatedCustodian) {
        let delay =
            isHealed ? 1_000 : faults.chance(100) ? faults.below(1_800_000 as UInt64) : faults.delay(500...120_000)
        after(delay) {
            guard !custodian.isUp else { return }
            self.counts.restarts += 1
            custodian.start()
        }
    }

    private func heal() {
        note(-1, 7, 0, "faults stop")
        isHealed = true
        healedAt = now
        hear(ledger.blocks.count)
        for custodian in custodians {
            custodian.dies = nil
            if !custodian.isUp {
                counts.restarts += 1
                custodian.start()
            }
        }
    }

    // MARK: People

    private func act() {
        guard !isHealed else { return }
        after(1 + faults.below(2 * scenario.actMilliseconds)) { self.act() }
        let kind = faults.pick(scenario.acts)
        if kind == .clockJump {
            // A chain that stood still: its time goes on in a leap.
            counts.note(.clockJump)
            now += faults.pick([60_000, 600_000, 4_000_000])
            return
        }
        do {
            if try people.act(kind, self) { counts.note(kind) }
        } catch {
            fail("\(kind): \(error)")
        }
    }

    func approve(_ id: DeliveryID, at custodian: SimulatedCustodian) {
        after(faults.delay(1_000...300_000)) { self.tell(.decided(id, .approve), custodian) }
    }

    /// What is in the inbox stays there until it is in the journal.
    private func tell(_ input: CustodianInput, _ custodian: SimulatedCustodian) {
        custodian.take(input)
        if custodian.isUp { counts.note(.approval) } else { after(10_000) { self.tell(input, custodian) } }
    }

    // MARK: Keys

    /// A secret of the owner's; the custodians' keystore may get it later than the chain its key.
    func keep(_ secret: SealingSecret) {
        let isLate = faults.chance(300)
        if isLate { counts.note(.keyLate) }
        secrets[secret.key] = (secret, isLate && !isHealed ? now + faults.below(1_200_000 as UInt64) : now)
    }

    /// As the custodians have it.
    func secret(of key: CompressedPoint) -> SealingSecret? {
        secrets[key].flatMap { $0.since <= now ? $0.secret : nil }
    }

    /// As the owner has it.
    func ownersSecret(of key: CompressedPoint) -> SealingSecret? { secrets[key]?.secret }
}
