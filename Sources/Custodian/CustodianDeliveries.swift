import Consents
import Cryptography
import Primitives

// What is done about a delivery, and about a disclosure, once the state has been read.
extension CustodianCore {
    mutating func answered(_ id: DeliveryID, _ answer: DeliveryAnswer, _ now: Timestamp) {
        let task = CustodianTask.delivery(id)
        guard takeAnswer(of: task), var state = tasks[task] else { return }
        switch answer {
        case .lost: retry(task, now)
        case .unknown(let height):
            // A node that is behind does not know what events told; another time it will.
            guard height >= state.minimumHeight else { return retry(task, now) }
            wait(task, WaitReason(.unknown), now)
        case .found(let facts, let verdict):
            guard facts.delivery == id, facts.height >= state.minimumHeight else { return retry(task, now) }
            state.minimumHeight = facts.height
            state.isStale = false
            state.queued = nil
            state.facts = (facts, verdict)
            tasks[task] = state
            goOn(facts, verdict, now)
        }
    }

    private mutating func goOn(_ facts: DeliveryFacts, _ verdict: BeginVerdict, _ now: Timestamp) {
        let task = CustodianTask.delivery(facts.delivery)
        guard let state = tasks[task] else { return }
        switch facts.phase {
        case .completed(let commitment):
            let isOwn = state.preparations.contains { $0.commitment == commitment }
            close(task, isOwn ? .delivered : .deliveredElsewhere, now)
        case .returned: close(task, .returned, now)
        case .begun(let commitment, let until, let untilHeight):
            complete(facts, state, commitment, until: until, untilHeight: untilHeight, now)
        case .pending(let deadline): begin(facts, state, verdict, deadline: deadline, now)
        }
    }

    // MARK: Begin

    private mutating func begin(
        _ facts: DeliveryFacts, _ state: TaskState, _ verdict: BeginVerdict, deadline: Timestamp, _ now: Timestamp
    ) {
        let id = facts.delivery
        let task = CustodianTask.delivery(id)
        // What was counted once is not counted against itself.
        let others = begins.filter { $0.key != id }.map(\.value)
        if let objection = policy.objection(to: facts, decision: state.decision, begun: others, now: now) {
            return wait(task, objection, now)
        }
        let meeting: [Need]
        switch verdict {
        case .refused(let refusal):
            return wait(task, WaitReason(.refused, "\(refusal.reason): \(refusal.message)"), now)
        case .needs(let needs):
            let open = policy.unanswered(needs, of: facts)
            guard open.isEmpty else {
                let names = Set(open.map(\.name)).sorted().joined(separator: ", ")
                return wait(task, WaitReason(.signatures, "consent asks for: \(names)"), now)
            }
            meeting = needs
        case .accepted: meeting = []
        }
        guard let binding = facts.binding else { return wait(task, WaitReason(.unknown), now) }
        let hash = binding.hash
        guard let preparation = state.preparations.last(where: { $0.binding == hash }) else {
            tasks[task]?.isPreparing = true
            effects.append(.prepare(id, binding))
            return
        }
        submit(
            task, .begin(binding, commitment: preparation.commitment, meeting: meeting), urgency: deadline,
            records: state.beginsAt == nil ? [.begins(id, now)] : [], now)
    }

    mutating func prepared(_ id: DeliveryID, _ preparation: Preparation, _ now: Timestamp) {
        let task = CustodianTask.delivery(id)
        guard let state = tasks[task], state.isPreparing else { return }
        tasks[task]?.isPreparing = false
        remember(.prepared(id, preparation))
        effects.append(.append([.prepared(id, preparation)]))
        // The state was read a moment ago, and a block reads it again.
        guard let (facts, verdict) = state.facts else { return look(at: task, now) }
        goOn(facts, verdict, now)
    }

    mutating func unprepared(_ id: DeliveryID, _ refusal: CustodianRefusal, _ now: Timestamp) {
        let task = CustodianTask.delivery(id)
        guard tasks[task]?.isPreparing == true else { return }
        tasks[task]?.isPreparing = false
        wait(task, WaitReason(.keyMissing, refusal.message), now)
    }

    // MARK: Complete

    /// Only here is a key released: the state of a final block holds the commitment to it.
    private mutating func complete(
        _ facts: DeliveryFacts, _ state: TaskState, _ commitment: Hash, until: Timestamp, untilHeight: Height,
        _ now: Timestamp
    ) {
        let id = facts.delivery
        let task = CustodianTask.delivery(id)
        guard let preparation = state.preparations.first(where: { $0.commitment == commitment }) else {
            return wait(task, WaitReason(.begunElsewhere), now)
        }
        guard let binding = facts.binding, preparation.binding == binding.hash else {
            return wait(task, WaitReason(.begunForOtherKeys), now)
        }
        let hasTime =
            facts.time.adding(milliseconds: policy.releaseMarginMilliseconds) < until
            || facts.height.value + Self.releaseMarginBlocks < untilHeight.value
        guard state.isReleased || hasTime else { return wait(task, WaitReason(.tooLate), now) }
        // What is begun goes before what is not: its recipient has paid and is bound.
        submit(
            task, .complete(binding, preparation), urgency: Timestamp(0),
            records: state.isReleased ? [] : [.releases(id)], now)
    }

    static let releaseMarginBlocks: UInt64 = 10

    // MARK: People

    mutating func decided(_ id: DeliveryID, _ decision: HumanDecision, _ now: Timestamp) {
        let task = CustodianTask.delivery(id)
        guard let state = tasks[task], state.decision != decision else { return }
        remember(.decided(id, decision))
        effects.append(.append([.decided(id, decision)]))
        look(at: task, now)
    }

    // MARK: Disclosures

    mutating func requested(_ hash: Hash, _ request: ByteString, _ now: Timestamp) {
        let task = CustodianTask.disclosure(hash)
        guard tasks[task] == nil, !recordedDisclosures.contains(hash) else { return }
        tasks[task] = TaskState(request: request)
        effects.append(.append([.requested(hash, request)]))
        look(at: task, now)
    }

    mutating func answered(_ hash: Hash, _ answer: DisclosureAnswer, _ now: Timestamp) {
        let task = CustodianTask.disclosure(hash)
        guard takeAnswer(of: task), let request = tasks[task]?.request else { return }
        switch answer {
        case .lost: retry(task, now)
        case .recorded: close(task, .recorded, now)
        case .refused(let refusal):
            wait(task, WaitReason(.refused, "\(refusal.reason): \(refusal.message)"), now)
        case .accepted, .underWay: submit(task, .disclose(request), urgency: .maximum, records: [], now)
        }
    }
}
