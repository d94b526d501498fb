internal import Blocks
internal import Consensus
internal import Cryptography
internal import Encoding
internal import Execution
internal import Primitives
internal import Replica
internal import Transactions
internal import Votes

/// One run of one seed, on one thread, until its rules are shown to hold or one is broken.
final class Simulation {
    enum Event {
        case tick(Int, life: Int)
        case timer(Int, life: Int, ReplicaTimer)
        case peer(Int, life: Int, TransportKey, isConnected: Bool)
        case arrival(from: Int, to: Int, connection: UInt64, Packet)
        case connect(Int, Int)
        case restart(Int)
        case thaw(Int)
        case work
        case fault
    }

    let scenario: Scenario
    let world: World
    let guardIsOff: Bool
    /// Milliseconds since the start.
    private(set) var now: UInt64 = 0
    private var queue = EventQueue<Event>()
    private(set) var nodes: [SimulatedNode] = []
    var network: SimulatedNetwork
    var observer: Observer
    var trace: Trace
    var workload: Workload
    var counts = FaultCounts()
    var faultRandom: SimulatorRandom
    private var connectRandom: SimulatorRandom
    private var misbehaviors: [TraitorVoice?] = []
    /// Until when a node refuses another, by (node, other).
    private var bans: [UInt64]
    /// What waits for a frozen node.
    private var deferred: [[Event]]
    /// Which twin each node talks to.
    var twinSides: [Int]
    private(set) var failure: String?
    /// When the faults stopped.
    private(set) var healed: (time: UInt64, views: UInt64, height: UInt64)?
    private(set) var isFinished = false

    private static let banMilliseconds: UInt64 = 30_000
    /// The latest time at which the faults stop, however slow the views are.
    private static let faultyMilliseconds: UInt64 = 1_800_000
    /// Within this time after the faults stopped everything must be final everywhere.
    static let quietMilliseconds: UInt64 = 300_000

    init(seed: UInt64, guardIsOff: Bool, trace: Trace) throws {
        var random = SimulatorRandom(seed: seed)
        scenario = Scenario(seed: seed, random: &random)
        self.guardIsOff = guardIsOff
        self.trace = trace
        world = try World(scenario)
        let twin = scenario.traitors.first { $0.value == .twins }?.key
        let count = scenario.validators + scenario.observers + (twin == nil ? 0 : 1)
        network = SimulatedNetwork(count: count, scenario: scenario, random: random.fork())
        observer = Observer(world)
        workload = Workload(random: random.fork())
        faultRandom = random.fork()
        connectRandom = random.fork()
        bans = Array(repeating: 0, count: count * count)
        deferred = Array(repeating: [], count: count)
        twinSides = Array(repeating: 0, count: count)
        for index in 0..<count {
            // The second twin comes last and shares everything but its disk with the first.
            let place = index == scenario.validators + scenario.observers ? twin ?? index : index
            let misbehavior = scenario.traitors[place]
            let node = SimulatedNode(
                index: index, transportKey: world.transportKeys[place],
                key: place < world.keys.count ? world.keys[place] : nil, misbehavior: misbehavior, world: world,
                guardIsOff: guardIsOff, rotationBytes: scenario.rotationBytes, random: random.fork())
            nodes.append(node)
            misbehaviors.append(misbehavior.map { TraitorVoice($0, node: node, world: world, random: random.fork()) })
            twinSides[index] = twin == nil ? 0 : random.below(2)
        }
    }

    // MARK: The loop

    func run() {
        for node in nodes { start(node) }
        push(.work, after: 50)
        if !scenario.faults.isEmpty { push(.fault, after: scenario.faultMilliseconds) }
        while failure == nil, !isFinished, let next = queue.pop() {
            now = max(now, next.time)
            handle(next.event)
            checkProgress()
        }
        if failure == nil, let reason = observer.checkMoney() { fail(reason) }
    }

    private func handle(_ event: Event) {
        switch event {
        case .tick(let node, let life):
            if postponed(node, event) || nodes[node].incarnation != life { return }
            push(.tick(node, life: life), after: 1_000)
            tick(nodes[node])
        case .timer(let node, let life, let timer):
            if postponed(node, event) || nodes[node].incarnation != life { return }
            trace.note(now, node: node, 2, 0, timer.summary)
            step(nodes[node], .timer(timer))
        case .peer(let node, let life, let key, let isConnected):
            if postponed(node, event) || nodes[node].incarnation != life { return }
            trace.note(
                now, node: node, 1, isConnected ? 1 : 0, "\(isConnected ? "connected with" : "lost") \(place(of: key))")
            step(nodes[node], isConnected ? .connected(key) : .disconnected(key))
        case .arrival(let from, let to, let connection, let packet):
            if postponed(to, event) { return }
            if network.connection(from, to) == connection { arrive(packet, from: from, at: nodes[to]) }
        case .connect(let one, let other): connect(one, other)
        case .restart(let node): restart(nodes[node])
        case .thaw(let node): thaw(nodes[node])
        case .work: work()
        case .fault: if healed == nil { injectFault() }
        }
    }

    private func place(of key: TransportKey) -> Int { world.transportKeys.firstIndex(of: key) ?? -1 }

    /// Whatever a frozen node should do it does when it thaws, in the same order.
    private func postponed(_ node: Int, _ event: Event) -> Bool {
        guard nodes[node].pausedUntil > now || !deferred[node].isEmpty else { return false }
        deferred[node].append(event)
        return true
    }

    func pause(_ node: SimulatedNode, until time: UInt64) {
        node.pausedUntil = time
        queue.push(.thaw(node.index), at: time)
    }

    private func thaw(_ node: SimulatedNode) {
        guard node.pausedUntil <= now else { return }
        let waiting = deferred[node.index]
        deferred[node.index] = []
        for event in waiting { handle(event) }
    }

    func push(_ event: Event, after milliseconds: UInt64) { queue.push(event, at: now + milliseconds) }

    func fail(_ reason: String) {
        guard failure == nil else { return }
        failure = reason
        trace.note(now, node: -1, 99, 0, "FAILED: \(reason)")
    }

    // MARK: Nodes

    private func clock(_ node: SimulatedNode) -> Timestamp {
        Timestamp(UInt64(max(0, Int64(World.start.milliseconds + now) + node.clockSkew)))
    }

    /// Gives a node an input, performs what it wants done, and hands it the answers.
    func step(_ node: SimulatedNode, _ input: ReplicaInput) {
        var inputs = [input][...]
        while let next = inputs.popFirst(), failure == nil, node.isUp {
            let effects = node.replica?.step(next, now: clock(node)) ?? []
            for effect in effects {
                guard node.isUp, failure == nil else { break }
                do {
                    try node.perform(effect, in: self)
                } catch {
                    met(error, at: node)
                }
            }
            inputs += node.takeAnswers()
        }
    }

    private func start(_ node: SimulatedNode) {
        do {
            try node.open()
        } catch {
            return met(error, at: node)
        }
        guard let head = node.replica?.head else { return }
        trace.note(now, node: node.index, 3, head.height.value, "starts at height \(head.height)")
        if head.height.value < node.announcedHeight {
            return fail("node \(node.index) told of height \(node.announcedHeight) and restarts at \(head.height)")
        }
        step(node, .start)
        push(.tick(node.index, life: node.incarnation), after: 1 + UInt64(node.index * 37))
        for other in nodes where other.index != node.index { retry(node.index, other.index, after: 1) }
    }

    private func restart(_ node: SimulatedNode) {
        guard !node.isUp, !node.isStopped else { return }
        if healed == nil, scenario.faults.contains(.crashAtStart), faultRandom.chance(300) {
            counts.injected[Int(FaultKind.crashAtStart.rawValue)] += 1
            node.disk.failPower(atPoint: faultRandom.below(4), faultRandom.pick(CrashPoint.allCases))
        }
        start(node)
    }

    /// Either the power failed, or the disk's side is wrong.
    private func met(_ error: any Error, at node: SimulatedNode) {
        guard let crash = node.disk.crash else {
            return fail("node \(node.index): \(error)")
        }
        counts.crashes[Int(crash.kind.rawValue)][Int(crash.point.rawValue)] += 1
        trace.note(
            now, node: node.index, 4, UInt64(crash.kind.rawValue), "power fails \(crash.point) \(crash.kind)")
        losePower(node, for: faultRandom.delay(10...10_000))
    }

    /// The node is gone at once, and comes back.
    func losePower(_ node: SimulatedNode, for milliseconds: UInt64) {
        guard !node.isStopped else { return }
        node.losePower()
        deferred[node.index] = []
        for other in nodes { separate(node.index, other.index) }
        push(.restart(node.index), after: milliseconds)
    }

    func stopped(_ node: SimulatedNode, _ reason: String) {
        trace.note(now, node: node.index, 5, 0, "stops: \(reason)")
        node.isStopped = true
        if node.isHonest { fail("honest node \(node.index) stops: \(reason)") }
        for other in nodes { separate(node.index, other.index) }
    }

    private func tick(_ node: SimulatedNode) {
        do {
            try node.watch()
        } catch {
            met(error, at: node)
        }
        step(node, .tick)
    }

    func setTimer(_ timer: ReplicaTimer, of node: SimulatedNode, after milliseconds: UInt64) {
        push(.timer(node.index, life: node.incarnation, timer), after: milliseconds)
    }

    // MARK: Connections

    /// Ends a connection; both ends hear of it and try again.
    func separate(_ one: Int, _ other: Int) {
        guard one != other, network.disconnect(one, other) else { return }
        for (node, peer) in [(one, other), (other, one)] where nodes[node].isUp {
            push(
                .peer(node, life: nodes[node].incarnation, nodes[peer].transportKey, isConnected: false), after: 0)
        }
        retry(one, other, after: 50 + connectRandom.below(2_000 as UInt64))
    }

    func retry(_ one: Int, _ other: Int, after milliseconds: UInt64) {
        if network.beginConnecting(one, other) { push(.connect(one, other), after: milliseconds) }
    }

    private func connect(_ one: Int, _ other: Int) {
        network.endConnecting(one, other)
        guard nodes[one].isUp, nodes[other].isUp, network.connection(one, other) == nil,
            mayTalk(one, other), mayTalk(other, one)
        else { return }
        let count = nodes.count
        let banned = max(bans[one * count + other], bans[other * count + one])
        let isBlocked = network[one, other].blockedUntil > now || network[other, one].blockedUntil > now
        if banned > now || isBlocked { return retry(one, other, after: 500) }
        network.connect(one, other)
        for (node, peer) in [(one, other), (other, one)] {
            push(.peer(node, life: nodes[node].incarnation, nodes[peer].transportKey, isConnected: true), after: 0)
        }
    }

    /// Twins share a key: each node is connected to one of them.
    private func mayTalk(_ node: Int, _ other: Int) -> Bool {
        guard nodes[other].misbehavior == .twins else { return true }
        if nodes[node].misbehavior == .twins { return false }
        let isSecond = other >= scenario.validators
        return isSecond == (twinSides[node] == 1)
    }

    func offense(_ offense: PeerOffense, by key: TransportKey, at node: SimulatedNode) {
        for other in nodes where other.transportKey == key && network.connection(node.index, other.index) != nil {
            trace.note(now, node: node.index, 6, UInt64(other.index), "bans \(other.index): \(offense)")
            counts.bans += 1
            if node.isHonest, other.isHonest {
                fail("honest node \(node.index) bans honest node \(other.index): \(offense)")
            }
            bans[node.index * nodes.count + other.index] = now + Self.banMilliseconds
            separate(node.index, other.index)
        }
    }

    // MARK: Messages

    func send(_ message: PeerMessage, from node: SimulatedNode, to keys: [TransportKey]) {
        let receivers = keys.compactMap { key in
            nodes.first { $0.transportKey == key && network.connection(node.index, $0.index) != nil }?.index
        }
        guard let voice = misbehaviors[node.index] else {
            return transmit(Packet(message.encoded), from: node.index, to: receivers)
        }
        for (packet, some) in voice.says(message, to: receivers) { transmit(packet, from: node.index, to: some) }
    }

    private func transmit(_ packet: Packet, from: Int, to receivers: [Int]) {
        for receiver in receivers {
            guard let connection = network.connection(from, receiver) else { continue }
            for time in network.arrivals(from: from, to: receiver, now: now) {
                queue.push(.arrival(from: from, to: receiver, connection: connection, packet), at: time)
            }
        }
    }

    private func arrive(_ packet: Packet, from: Int, at node: SimulatedNode) {
        guard node.isUp else { return }
        let key = nodes[from].transportKey
        do throws(PeerOffense) {
            let (message, transactions) = try packet.open(world)
            trace.note(now, node: node.index, 7, packet.digest, "from \(from): \(message.summary)")
            if misbehaviors[node.index]?.ignores(message) == true { return }
            guard let verified = try node.verifier.verify(message, transactions: transactions) else { return }
            counts.messages += 1
            if node.provesCopy(verified) { return stopped(node, "another copy of the watching key runs") }
            step(node, .message(verified, from: key))
        } catch {
            offense(error, by: key, at: node)
        }
    }

    // MARK: What is watched

    func signed(_ vote: SignedVote, by node: SimulatedNode) {
        trace.note(now, node: node.index, 8, Trace.digest(vote.encoded), "signs \(vote.vote.summary)")
        guard node.isHonest, let key = node.key else { return }
        observer.entered(vote.vote.view, of: vote.vote.epoch)
        if let reason = observer.check(vote.vote, by: key.address) { fail(reason) }
    }

    func becameFinal(_ blocks: [FinalExecution], at node: SimulatedNode) {
        guard let last = blocks.last?.executed.block else { return }
        trace.note(
            now, node: node.index, 9, Trace.digest(last.hash.bytes.array),
            "final \(last.header.height) \(last.hash.bytes.description.prefix(8)) (\(last.transactions.count) tx)")
        guard node.isHonest else { return }
        if let reason = observer.check(blocks, above: node.store.head, node.store.headHash) {
            fail("node \(node.index): \(reason)")
        }
    }

    func epochBegan(_ information: EpochInformation, at node: SimulatedNode) {
        trace.note(now, node: node.index, 10, information.epoch.value, "epoch \(information.epoch)")
        if node.isHonest, let reason = observer.epochBegan(information) { fail(reason) }
    }

    func reported(_ evidence: Evidence, at node: SimulatedNode) {
        trace.note(now, node: node.index, 11, Trace.digest(evidence.encoded), "evidence \(evidence.kind)")
        guard node.isHonest else { return }
        observer.reported()
        let key = observer.validator(evidence.validator, of: evidence.position.epoch)
        if let place = world.keys.firstIndex(where: { $0.address == key }), scenario.traitors[place] == nil {
            fail("evidence against honest validator \(evidence.validator): \(evidence.kind) at \(evidence.position)")
        }
    }

    // MARK: Progress

    private func work() {
        push(.work, after: 100)
        let live = nodes.filter { $0.isUp && $0.isHonest && $0.pausedUntil <= now }
        guard !live.isEmpty else { return }
        do {
            var due = try workload.due(
                world, views: observer.views, now: now, isFinal: { observer.finalTransactions.contains($0) })
            if let change = nextSetChange(), let set = observer.currentSet {
                due.append(try workload.decide(change, world, voters: set, now: now))
            }
            for transaction in due {
                let node = workload.choose(live)
                trace.note(now, node: node.index, 12, transaction.body.sequence, "transaction \(transaction.summary)")
                step(node, .transaction(transaction, ticket: 0))
            }
        } catch {
            fail("\(error)")
        }
    }

    /// The second once the first took effect.
    private func nextSetChange() -> SetChange? {
        guard scenario.changesSet, healed == nil else { return nil }
        switch workload.decisions {
        case 0 where observer.views >= 4: return .join(scenario.validators)
        case 1 where observer.currentSet?.count == scenario.validators + 1: return .leave(scenario.leaver)
        default: return nil
        }
    }

    private func checkProgress() {
        if healed == nil {
            guard observer.views >= Scenario.views - Scenario.quietViews || now >= Self.faultyMilliseconds else {
                return
            }
            heal()
            healed = (now, observer.views, observer.height)
            return
        }
        guard let healed else { return }
        if observer.views >= healed.views + Scenario.quietViews, observer.height > healed.height,
            observer.finalTransactions.count >= Scenario.transactions + Int(workload.decisions), isLevel
        {
            isFinished = true
        } else if now > healed.time + Self.quietMilliseconds {
            fail(stalled(healed))
        }
    }

    /// Every honest node has everything.
    private var isLevel: Bool {
        nodes.allSatisfy { node in
            guard node.isHonest, !node.isStopped else { return true }
            return node.isUp && node.store.headHash == observer.hashes[observer.hashes.count - 1]
        }
    }

    private func stalled(_ healed: (time: UInt64, views: UInt64, height: UInt64)) -> String {
        let heights = nodes.map { node in
            "\(node.index)\(node.isHonest ? "" : "!"):\(node.isUp ? String(node.store.height) : "down")"
        }
        return
            "no liveness \(Self.quietMilliseconds / 1_000) s after the faults stopped: \(observer.views - healed.views)"
            + " views, height \(healed.height) to \(observer.height), \(observer.finalTransactions.count) of"
            + " \(workload.count) transactions final; heights \(heights.joined(separator: " "))"
    }

    /// The faults stop; traitors stay what they are.
    private func heal() {
        trace.note(now, node: -1, 13, 0, "faults stop at height \(observer.height) after \(observer.views) views")
        network.heal()
        for node in nodes {
            node.disk.disarm()
            if node.pausedUntil > now { pause(node, until: now) }
            node.clockSkew = Int64(faultRandom.below(200 as UInt64)) - 100
            if !node.isUp { restart(node) }
        }
    }
}
