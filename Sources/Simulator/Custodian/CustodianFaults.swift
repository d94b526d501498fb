/// What goes wrong around a custodian, and what people do meanwhile.
enum CustodianFault: UInt8, CaseIterable, Sendable {
    /// The custodian dies before an effect, by kind of effect.
    case crashBeforeAppend
    case crashTornAppend
    case crashAfterAppend
    case crashBeforeAsk
    case crashBeforePrepare
    case crashBeforeBegin
    case crashBeforeComplete
    case crashAroundOutbox
    case crashAtOnce
    case requestLost
    case answerLost
    case duplicated
    case staleAnswer
    case poolLost
    case finalityDelayed
    case clockJump
    case secondInstance
    case keyLate
    // What people do.
    case purchase
    case versionRequest
    case withdrawal
    case revision
    case reseal
    case transfer
    case refund
    case mandateRevoked
    case byHand
    case approval
}

package struct CustodianCounts: SeedCounts {
    var faults = [Int](repeating: 0, count: CustodianFault.allCases.count)
    var delivered = 0
    var byHand = 0
    var returned = 0
    /// With a reason, at the end of the run.
    var waiting = 0
    var restarts = 0
    var messages = 0
    var blocks = 0

    mutating func note(_ fault: CustodianFault) { faults[Int(fault.rawValue)] += 1 }

    package init() {}

    package mutating func add(_ other: CustodianCounts) {
        for index in faults.indices { faults[index] += other.faults[index] }
        delivered += other.delivered
        byHand += other.byHand
        returned += other.returned
        waiting += other.waiting
        restarts += other.restarts
        messages += other.messages
        blocks += other.blocks
    }

    /// Lines for people, in a fixed order.
    package var lines: [String] {
        let all = CustodianFault.allCases.map { "\($0) \(faults[Int($0.rawValue)])" }
        let split = CustodianFault.allCases.firstIndex(of: .purchase) ?? all.count
        return [
            "faults: " + all[..<split].joined(separator: ", "), "people: " + all[split...].joined(separator: ", "),
            "deliveries: \(delivered) by custodians, \(byHand) by hand, \(returned) returned, \(waiting) waiting with a reason;"
                + " \(restarts) restarts,"
                + " \(messages) messages, \(blocks) blocks",
        ]
    }
}

/// What is drawn from the seed before a run begins.
struct CustodianScenario {
    let seed: UInt64
    /// Of one account, with one keystore and a journal each.
    let instances: Int
    /// How long things go wrong.
    let faultyMilliseconds: UInt64
    let lossThousandths: UInt64
    let duplicateThousandths: UInt64
    let staleThousandths: UInt64
    let delayMilliseconds: ClosedRange<UInt64>
    let finalityMilliseconds: ClosedRange<UInt64>
    /// Mean time between crashes; nil: none.
    let crashMilliseconds: UInt64?
    let actMilliseconds: UInt64
    let acts: [CustodianFault]
    let answersRestrictions: Bool
    let approvesEverything: Bool
    let beginsPerHour: Int?

    init(seed: UInt64, random: inout SimulatorRandom) {
        self.seed = seed
        instances = random.chance(400) ? 2 : 1
        faultyMilliseconds = random.between(900_000...5_400_000)
        lossThousandths = random.chance(300) ? 0 : random.below(400)
        duplicateThousandths = random.chance(300) ? 0 : random.below(200)
        staleThousandths = random.chance(300) ? 0 : random.below(500)
        delayMilliseconds = random.pick([1...50, 20...500, 100...3_000])
        finalityMilliseconds = random.pick([200...1_000, 500...5_000, 1_000...60_000])
        crashMilliseconds = random.chance(150) ? nil : random.between(5_000...240_000)
        actMilliseconds = random.between(30_000...300_000)
        // Some kinds of acts only: what needs peace to be seen would otherwise never be.
        acts =
            [.purchase, .purchase, .purchase]
            + [
                .versionRequest, .withdrawal, .revision, .reseal, .transfer, .refund, .mandateRevoked, .byHand,
                .clockJump,
            ]
            .filter { _ in random.chance(400) }
        answersRestrictions = random.chance(850)
        approvesEverything = random.chance(100)
        beginsPerHour = random.chance(100) ? 2 : nil
    }
}
