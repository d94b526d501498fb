internal import Blocks
internal import Consensus
internal import Cryptography
internal import Execution
internal import Glibc
internal import Interface
internal import Logging
internal import Mempool
internal import Primitives
internal import Replica
internal import StateModel
internal import Storage
internal import Synchronization
internal import Transactions
internal import Votes

/// The only loop: take an input, `step`, perform the effects in order. It runs on a thread of its own, since its effects
/// block (that is what makes them durable), and nothing else touches the replica.
final class Driver: Sendable {
    enum Message: Sendable {
        case input(ReplicaInput)
        case peer(VerifiedMessage, TransportKey, @Sendable () -> Void)
        case transaction(VerifiedTransaction, @Sendable (Result<Hash, Rejection>) -> Void)
        case transactions([VerifiedTransaction], @Sendable ([Result<Hash, Rejection>]) -> Void)
        case ask(@Sendable (borrowing Replica) -> Void)
        case stop
    }

    private let inbox = Inbox()
    private let failureBox = Mutex<NodeFailure?>(nil)

    /// Why the loop ended by itself, if it did.
    var failure: NodeFailure? { failureBox.withLock { $0 } }

    func post(_ message: Message) { inbox.post(message) }

    /// Admission as the pool decides it.
    func admit(_ transaction: VerifiedTransaction) async -> Result<Hash, Rejection> {
        await withCheckedContinuation { continuation in
            post(.transaction(transaction) { continuation.resume(returning: $0) })
        }
    }

    /// The same for several, in order.
    func admit(all transactions: [VerifiedTransaction]) async -> [Result<Hash, Rejection>] {
        await withCheckedContinuation { continuation in
            post(.transactions(transactions) { continuation.resume(returning: $0) })
        }
    }

    /// A message of a peer; returns when it was taken, so that the peer's next one waits so long.
    func deliver(_ message: VerifiedMessage, from key: TransportKey) async {
        await withCheckedContinuation { continuation in
            post(.peer(message, key) { continuation.resume() })
        }
    }

    /// An answer of the replica, between two steps.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable (borrowing Replica) -> Answer) async -> Answer {
        await withCheckedContinuation { continuation in
            post(.ask { continuation.resume(returning: question($0)) })
        }
    }

    func fail(_ failure: NodeFailure) {
        failureBox.withLock { $0 = $0 ?? failure }
    }

    /// After the loop: questions that were still posted are answered from the replica as it ended.
    ///
    /// Admissions that were begun and not answered are told that the node stops.
    func retire(_ replica: Replica, performer: Performer) {
        performer.answerOpenTickets(Self.stopping)
        inbox.close { message in
            switch message {
            case .ask(let question): question(replica)
            case .transaction(_, let answer): answer(.failure(Self.stopping))
            case .transactions(let all, let answer): answer(all.map { _ in .failure(Self.stopping) })
            case .peer(_, _, let done): done()
            case .input, .stop: break
            }
        }
    }

    private static let stopping = Rejection(
        code: MempoolRejection.poolFull.rawValue, reason: MempoolRejection.poolFull.reason, domain: "mempool",
        message: "the node is stopping", hint: "Send it to another node, or again in a while.", retryable: true)

    /// Runs until stopped or failed, then hands the replica back for what is to be kept. Blocks its thread.
    func run(_ replica: consuming Replica, performer: Performer) -> Replica {
        var replica = replica
        perform(replica.step(.start, now: performer.clock.now), performer)
        var nextTick = ContinuousClock.now
        while failure == nil {
            let deadline = min(nextTick, performer.nextTimer ?? nextTick)
            var messages = inbox.take(until: deadline)[...]
            // Before anything else: after a suspended machine wakes, the old snapshot has expired.
            refresh(&replica, performer)
            while failure == nil, let message = messages.popFirst() {
                if case .stop = message {
                    inbox.putBack(messages)
                    return replica
                }
                take(message, &replica, performer)
                refresh(&replica, performer)
            }
            inbox.putBack(messages)
            for timer in performer.dueTimers() where failure == nil {
                perform(replica.step(.timer(timer), now: performer.clock.now), performer)
                settle(&replica, performer)
            }
            if ContinuousClock.now >= nextTick, failure == nil {
                nextTick = .now + .seconds(1)
                performer.checkDisk(self)
                performer.checkUpgrade(self)
                performer.watch(replica, self)
                refresh(&replica, performer)
                perform(replica.step(.tick, now: performer.clock.now), performer)
                settle(&replica, performer)
            }
        }
        return replica
    }

    private func refresh(_ replica: inout Replica, _ performer: Performer) {
        guard failure == nil, let snapshot = performer.refreshedSnapshot(self) else { return }
        perform(replica.step(.finalState(snapshot), now: performer.clock.now), performer)
        settle(&replica, performer)
    }

    private func take(_ message: Message, _ replica: inout Replica, _ performer: Performer) {
        switch message {
        case .stop: break
        case .ask(let question): question(replica)
        case .input(let input):
            perform(replica.step(input, now: performer.clock.now), performer)
        case .peer(let message, let key, let done):
            performer.lookForCopies(in: message, self)
            perform(replica.step(.message(message, from: key), now: performer.clock.now), performer)
            done()
        case .transaction(let transaction, let answer):
            let ticket = performer.ticket(answer)
            perform(replica.step(.transaction(transaction, ticket: ticket), now: performer.clock.now), performer)
        case .transactions(let transactions, let answer):
            let ticket = performer.tickets(transactions.count, answer)
            perform(
                replica.step(.transactions(transactions, firstTicket: ticket), now: performer.clock.now), performer)
        }
        settle(&replica, performer)
    }

    /// Steps that the performer's own answers ask for (votes it signed, states it stored), until there are none.
    private func settle(_ replica: inout Replica, _ performer: Performer) {
        while failure == nil, let input = performer.takeAnswer() {
            perform(replica.step(input, now: performer.clock.now), performer)
        }
    }

    private func perform(_ effects: [ReplicaEffect], _ performer: Performer) {
        for effect in effects where failure == nil {
            do {
                try performer.perform(effect)
            } catch let failure as NodeFailure {
                fail(failure)
            } catch let failure as StorageFailure {
                fail(NodeFailure(failure))
            } catch {
                fail(NodeFailure(.failure, "\(error)"))
            }
        }
    }
}

/// Messages for the driver's thread; many post, one takes.
private final class Inbox: Sendable {
    private struct State {
        var messages: [Driver.Message] = []
        var afterwards: (@Sendable (Driver.Message) -> Void)?
    }

    private let state = Mutex(State())
    private let signal = Signal()

    func post(_ message: Driver.Message) {
        let afterwards = state.withLock { state in
            if state.afterwards == nil { state.messages.append(message) }
            return state.afterwards
        }
        if let afterwards { afterwards(message) } else { signal.raise() }
    }

    /// What was taken and not looked at, in front of what has come since.
    func putBack(_ messages: ArraySlice<Driver.Message>) {
        guard !messages.isEmpty else { return }
        state.withLock { $0.messages.insert(contentsOf: messages, at: 0) }
        signal.raise()
    }

    /// From now on nothing waits: what is left and what comes is handled at once.
    func close(_ handle: @escaping @Sendable (Driver.Message) -> Void) {
        let left = state.withLock { state in
            state.afterwards = handle
            defer { state.messages = [] }
            return state.messages
        }
        for message in left { handle(message) }
    }

    /// Everything that waits; waits itself until something does or the deadline has passed.
    func take(until deadline: ContinuousClock.Instant) -> [Driver.Message] {
        while true {
            let taken = state.withLock { state in
                defer { state.messages.removeAll(keepingCapacity: true) }
                return state.messages
            }
            let left = deadline - ContinuousClock.now
            if !taken.isEmpty || left <= .zero { return taken }
            signal.wait(left)
        }
    }
}
