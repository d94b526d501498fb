internal import Primitives
internal import Transactions
internal import Votes

/// Three hundred transfers, and votes on the set, spread over the run, each sent again to another node until it is final,
/// as a wallet does.
struct Workload {
    private struct Sent {
        let transaction: VerifiedTransaction
        var time: UInt64
        var isFinal = false
    }

    private var random: SimulatorRandom
    private var sent: [Sent] = []
    /// How many votes on the set were asked for.
    private(set) var decisions: UInt64 = 0
    private var sequences = [UInt64](repeating: 0, count: World.senders)

    /// A wallet asks again after so long.
    private static let patienceMilliseconds: UInt64 = 5_000
    /// Of each sender at most so many wait, well within the pool's window.
    private static let waitingPerSender = 16

    var count: Int { sent.count }

    init(random: SimulatorRandom) { self.random = random }

    /// What is to be sent now.
    mutating func due(
        _ world: World, views: UInt64, now: UInt64, isFinal: (Hash) -> Bool
    ) throws -> [VerifiedTransaction] {
        var due: [VerifiedTransaction] = []
        var waiting = 0
        for index in sent.indices where !sent[index].isFinal {
            if isFinal(sent[index].transaction.hash) {
                sent[index].isFinal = true
            } else {
                waiting += 1
                if sent[index].time + Self.patienceMilliseconds <= now {
                    sent[index].time = now
                    due.append(sent[index].transaction)
                }
            }
        }
        // Four a view, so that they last until shortly before the end.
        let target = min(UInt64(Scenario.transactions), views * 4 + 1) + decisions
        while UInt64(sent.count) < target, waiting < Self.waitingPerSender * World.senders / 2 {
            let sender = random.below(World.senders)
            let receiver = (sender + 1 + random.below(World.senders - 1)) % World.senders
            let transaction = try world.transfer(
                sender, sequence: sequences[sender], to: receiver, amount: 1 + random.below(50 as UInt64))
            sequences[sender] += 1
            sent.append(Sent(transaction: transaction, time: now))
            due.append(transaction)
            waiting += 1
        }
        return due
    }

    /// Sends what changes the set, and again until it is final.
    mutating func decide(
        _ change: SetChange, _ world: World, voters: ValidatorSet, now: UInt64
    ) throws -> VerifiedTransaction {
        let transaction = try world.decision(
            change, sequence: decisions, at: World.start.adding(milliseconds: now), voters: voters)
        decisions += 1
        sent.append(Sent(transaction: transaction, time: now))
        return transaction
    }

    mutating func choose(_ nodes: [SimulatedNode]) -> SimulatedNode { random.pick(nodes) }
}
