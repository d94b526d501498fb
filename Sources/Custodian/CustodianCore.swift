public import Interface
public import Primitives

/// A custodian as one step function: what it learns goes in, what is to be done comes out. It knows no clock, no key, no
/// file and no socket; ``step(_:now:)`` with the same inputs gives the same effects.
///
/// Events only say where to look: what is done follows from the state of final blocks, read anew before each act. The
/// journal keeps what the ledger can't tell: how far events were read, which deliveries are open, and the randomness of
/// each delivery that was prepared. So a delivery is the same after any crash, a second instance with the same keys can
/// at worst be refused, and nothing is released that the ledger has not bound.
public struct CustodianCore: Sendable {
    /// How many questions wait for answers at a time.
    public static let questionsAtOnce = 16
    /// Where nothing worth keeping happens, the cursor is journaled every so many blocks.
    static let cursorBlocks: UInt64 = 256
    static let firstPauseMilliseconds: UInt64 = 1_000
    static let longestPauseMilliseconds: UInt64 = 300_000

    public let policy: CustodianPolicy
    /// Everything before this position was seen.
    public private(set) var cursor: EventPosition
    private var journaledCursor: EventPosition
    var tasks: [CustodianTask: TaskState] = [:]
    /// The only act that may be under way: the ledger counts an account's transactions, so that a second one would wait
    /// for the first anyway.
    var lane: CustodianTask?
    /// Its outcome is waited for; nothing is sent meanwhile, not even again.
    private var isSubmitted = false
    /// The one of those that wait for the lane that is looked at again, to have it next.
    private var candidate: CustodianTask?
    /// When deliveries were begun, as far back as the policy counts.
    var begins: [DeliveryID: Timestamp] = [:]
    /// Requests that came to their end; the same one counts once.
    var recordedDisclosures: Set<Hash> = []
    private var questions = 0
    /// Of the step that is being made.
    var effects: [CustodianEffect] = []

    /// - Parameters:
    ///   - start: where events are read from if the journal has no cursor.
    ///   - records: the whole journal.
    public init(policy: CustodianPolicy, start: EventPosition, records: [CustodianRecord]) {
        self.policy = policy
        cursor = start
        journaledCursor = start
        for record in records { recall(record) }
        journaledCursor = cursor
    }

    /// When the next ``CustodianInput/tick`` has something to do; nil: nothing waits for the time.
    public var nextTick: Timestamp? { tasks.values.compactMap(\.nextAt).min() }

    // MARK: Stepping

    public mutating func step(_ input: CustodianInput, now: Timestamp) -> [CustodianEffect] {
        effects = []
        switch input {
        case .started: start(now)
        case .events(let page): read(page, now)
        case .delivery(let id, let answer): answered(id, answer, now)
        case .disclosure(let hash, let answer): answered(hash, answer, now)
        case .prepared(let id, let preparation): prepared(id, preparation, now)
        case .unprepared(let id, let refusal): unprepared(id, refusal, now)
        case .outcome(let task, let outcome): settled(task, outcome, now)
        case .decided(let id, let decision): decided(id, decision, now)
        case .disclosureRequested(let hash, let request): requested(hash, request, now)
        case .erasure(let consent, let answer): answered(consent, answer, now)
        case .erased(let consent): erased(consent, now)
        case .tick: tick(now)
        }
        offerLane(now)
        let performed = effects
        effects = []
        return performed
    }

    private mutating func start(_ now: Timestamp) {
        effects.append(.follow(cursor))
        for task in tasks.keys.sorted() { look(at: task, now) }
    }

    private mutating func tick(_ now: Timestamp) {
        begins = begins.filter { $0.value.adding(milliseconds: CustodianPolicy.hour) > now }
        // Without a name of their own, tasks are taken in the order of their ids, so that a run can be repeated.
        for task in tasks.filter({ ($0.value.nextAt ?? .maximum) <= now }).keys.sorted() { look(at: task, now) }
    }

    private mutating func read(_ page: CustodianPage, _ now: Timestamp) {
        // An answer to an earlier question, come late or twice.
        guard page.from == cursor, page.next >= page.from else { return }
        var records: [CustodianRecord] = []
        var touched: Set<CustodianTask> = []
        for entry in page.entries {
            let task: CustodianTask
            switch entry.hint {
            case .opens(let new): task = new
            case .touches(let known) where tasks[known] != nil: task = known
            case .erasureRequested(let consent, let parties)
            where parties.contains(where: { policy.consentCustodians.contains($0) }):
                task = .erasure(consent)
            case .moves(let inft):
                for (task, state) in tasks where state.isUnserved(of: inft) {
                    touched.insert(task)
                    tasks[task]?.require(entry.height)
                }
                continue
            case .touches, .erasureRequested: continue
            }
            if tasks[task] == nil {
                tasks[task] = TaskState(openedAt: entry.height)
                records.append(.opened(task, entry.height))
            }
            touched.insert(task)
            tasks[task]?.require(entry.height)
        }
        for task in touched { tasks[task]?.attempts = 0 }
        cursor = page.next
        if !records.isEmpty || cursor.height.value >= journaledCursor.height.value + Self.cursorBlocks {
            // In one frame: no cursor is durable without the work that lies before it.
            records.append(.cursor(cursor))
            journaledCursor = cursor
            effects.append(.append(records))
        }
        for task in touched.sorted() { look(at: task, now) }
        effects.append(.follow(cursor))
    }

    // MARK: Asking

    /// Asks what the state says of a task.
    mutating func look(at task: CustodianTask, _ now: Timestamp) {
        guard var state = tasks[task] else { return }
        guard !state.isAsked else {
            state.isStale = true
            tasks[task] = state
            return
        }
        guard questions < Self.questionsAtOnce else {
            state.nextAt = now
            tasks[task] = state
            return
        }
        questions += 1
        state.isAsked = true
        state.isStale = false
        state.nextAt = nil
        tasks[task] = state
        switch task {
        case .delivery(let id): effects.append(.ask(id, minimumHeight: state.minimumHeight))
        case .disclosure(let hash):
            guard let request = state.request else { preconditionFailure("a disclosure is opened by its request") }
            effects.append(.askDisclosure(hash, request: request))
        case .erasure(let consent): effects.append(.askErasure(consent, minimumHeight: state.minimumHeight))
        }
    }

    /// True if an answer was waited for, which then is no more.
    mutating func takeAnswer(of task: CustodianTask) -> Bool {
        if candidate == task { candidate = nil }
        guard tasks[task]?.isAsked == true else { return false }
        questions -= 1
        tasks[task]?.isAsked = false
        return true
    }

    /// Looks again after a pause, which doubles from time to time.
    mutating func retry(_ task: CustodianTask, _ now: Timestamp) {
        guard var state = tasks[task] else { return }
        state.nextAt = now.adding(milliseconds: state.isStale ? 0 : Self.pause(state.attempts))
        state.attempts += 1
        tasks[task] = state
    }

    static func pause(_ attempts: Int) -> UInt64 {
        min(longestPauseMilliseconds, firstPauseMilliseconds << UInt64(min(attempts, 16)))
    }

    // MARK: Acting, waiting, ending

    /// Sends an act, or queues its task behind the one that is under way. `records` are durable before it leaves.
    mutating func submit(
        _ task: CustodianTask, _ act: CustodianAct, urgency: Timestamp, records: [CustodianRecord], _ now: Timestamp
    ) {
        guard var state = tasks[task] else { return }
        guard lane == nil || lane == task else {
            state.queued = urgency
            tasks[task] = state
            return
        }
        guard !isSubmitted else { return }
        lane = task
        isSubmitted = true
        var records = records
        if state.reason != nil {
            state.reason = nil
            records.append(.waits(task, nil))
        }
        tasks[task] = state
        for record in records { remember(record) }
        if !records.isEmpty { effects.append(.append(records)) }
        effects.append(.submit(task, act))
    }

    mutating func freeLane(of task: CustodianTask) {
        if lane == task, !isSubmitted { lane = nil }
    }

    /// Lets the most urgent of those that wait for the lane look again: what it saw before is old by now. If it then does
    /// not go on, the next one does.
    private mutating func offerLane(_ now: Timestamp) {
        guard lane == nil, candidate == nil, questions < Self.questionsAtOnce else { return }
        let waiting = tasks.compactMap { task, state in state.queued.map { (urgency: $0, task: task) } }
        guard let next = waiting.min(by: { ($0.urgency, $0.task) < ($1.urgency, $1.task) }) else { return }
        tasks[next.task]?.queued = nil
        candidate = next.task
        look(at: next.task, now)
    }

    mutating func wait(_ task: CustodianTask, _ reason: WaitReason, _ now: Timestamp) {
        guard var state = tasks[task] else { return }
        if state.reason != reason {
            state.reason = reason
            effects.append(.append([.waits(task, reason)]))
        }
        if reason.kind.isForPeople, !state.told.contains(reason) {
            state.told = state.told.suffix(7) + [reason]
            effects.append(.notify(CustodianNotice(task, reason)))
        }
        tasks[task] = state
        // Whom it concerns changes by events alone; and what people have to do, they tell.
        if reason.kind != .erasure, reason.kind != .notServed { retry(task, now) }
        if let until = reason.until, let next = tasks[task]?.nextAt { tasks[task]?.nextAt = min(next, max(until, now)) }
        freeLane(of: task)
    }

    mutating func close(_ task: CustodianTask, _ end: TaskEnd, _ now: Timestamp) {
        guard let state = tasks.removeValue(forKey: task) else { return }
        if state.isAsked { questions -= 1 }
        if candidate == task { candidate = nil }
        if case .disclosure(let hash) = task { recordedDisclosures.insert(hash) }
        effects.append(.append([.closed(task, end)]))
        freeLane(of: task)
    }

    private mutating func settled(_ task: CustodianTask, _ outcome: ActOutcome, _ now: Timestamp) {
        guard lane == task, isSubmitted else { return }
        isSubmitted = false
        // What it was for may have come to its end meanwhile.
        guard tasks[task] != nil else { return freeLane(of: task) }
        switch outcome {
        case .final(let height):
            if case .disclosure = task { return close(task, .recorded, now) }
            tasks[task]?.require(height)
            tasks[task]?.attempts = 0
            look(at: task, now)
            freeLane(of: task)
        case .refused(let refusal):
            // Whether it stays so the next look tells: another may have begun it.
            wait(task, WaitReason(.refused, "\(refusal.reason): \(refusal.message)"), now)
        case .gone:
            retry(task, now)
            freeLane(of: task)
        case .unknown:
            // It keeps the lane: only the same act is sent again until its outcome is known.
            retry(task, now)
        }
    }

    // MARK: Memory

    /// What a durable record changes, when it is written and when it is read again.
    mutating func remember(_ record: CustodianRecord) {
        switch record {
        case .begins(let id, let time):
            begins[id] = time
            tasks[.delivery(id)]?.beginsAt = time
        case .releases(let id): tasks[.delivery(id)]?.isReleased = true
        case .prepared(let id, let preparation): tasks[.delivery(id)]?.preparations.append(preparation)
        case .decided(let id, let decision): tasks[.delivery(id)]?.decision = decision
        case .waits(let task, let reason): tasks[task]?.reason = reason
        case .cursor, .opened, .requested, .closed: break
        }
    }

    private mutating func recall(_ record: CustodianRecord) {
        switch record {
        case .cursor(let position): cursor = position
        case .opened(let task, let height):
            if tasks[task] == nil { tasks[task] = TaskState(openedAt: height) }
        case .requested(let hash, let request):
            if tasks[.disclosure(hash)] == nil { tasks[.disclosure(hash)] = TaskState(request: request) }
        case .closed(let task, _):
            tasks[task] = nil
            if case .disclosure(let hash) = task { recordedDisclosures.insert(hash) }
        case .begins, .releases, .prepared, .decided, .waits: remember(record)
        }
    }

    /// A journal that says the same as all that was written so far, and no more.
    public var compacted: [CustodianRecord] {
        var records: [CustodianRecord] = [.cursor(journaledCursor)]
        for hash in recordedDisclosures.sorted() { records.append(.closed(.disclosure(hash), .recorded)) }
        for task in tasks.keys.sorted() {
            guard let state = tasks[task] else { continue }
            records += state.records(of: task)
        }
        for id in begins.keys.sorted() {
            if let time = begins[id] { records.append(.begins(id, time)) }
        }
        return records
    }
}

/// What a custodian knows of one task.
struct TaskState: Sendable {
    let openedAt: Height
    /// Answers about an earlier block are old.
    var minimumHeight: Height
    var isAsked = false
    /// Something happened since the question was asked.
    var isStale = false
    /// When to look again by itself; nil: when something happens.
    var nextAt: Timestamp?
    /// Looks since something was new.
    var attempts = 0
    /// Waits for the lane; what is due first goes first.
    var queued: Timestamp?
    var isPreparing = false
    /// The last that the state said.
    var facts: (DeliveryFacts, BeginVerdict)?
    var reason: WaitReason?
    /// What people were told in this life, so that they hear nothing twice.
    var told: [WaitReason] = []

    var preparations: [Preparation] = []
    var beginsAt: Timestamp?
    var isReleased = false
    var decision: HumanDecision?
    var request: ByteString?

    init(openedAt: Height) {
        self.openedAt = openedAt
        minimumHeight = openedAt
    }

    init(request: ByteString) {
        self.init(openedAt: .genesis)
        self.request = request
    }

    func isUnserved(of inft: INFTID) -> Bool { reason?.kind == .notServed && facts?.0.inft == inft }

    mutating func require(_ height: Height) { minimumHeight = max(minimumHeight, height) }

    func records(of task: CustodianTask) -> [CustodianRecord] {
        var records: [CustodianRecord] = []
        switch task {
        case .delivery(let id):
            records.append(.opened(task, openedAt))
            records += preparations.map { .prepared(id, $0) }
            if let beginsAt { records.append(.begins(id, beginsAt)) }
            if isReleased { records.append(.releases(id)) }
            if let decision { records.append(.decided(id, decision)) }
        case .disclosure(let hash):
            if let request { records.append(.requested(hash, request)) }
        case .erasure: records.append(.opened(task, openedAt))
        }
        if let reason { records.append(.waits(task, reason)) }
        return records
    }
}
