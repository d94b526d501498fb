/// What goes wrong in a run.
enum FaultKind: UInt8, CaseIterable, Sendable {
    case crashAtSync
    case powerFailure
    case restartOfAll
    case pause
    case clog
    case oneWayPartition
    case isolation
    case disconnection
    case clockSkew
    case lossyNetwork
    case wipe
    case twinSwitch
    /// The power fails again while a node starts.
    case crashAtStart
}

/// What a traitor does with the messages of the replica behind it.
enum Misbehavior: UInt8, CaseIterable, Sendable {
    /// Two blocks in a view, each to one half; two votes where one is allowed.
    case equivocator
    /// Votes nullify where others notarize or finalize.
    case nuller
    /// Says nothing in its turn, or not to everyone.
    case silentLeader
    /// Two nodes with one key.
    case twins
    /// Random bytes, mutated and stale messages, false status.
    case garbage
    /// Offers blocks on the last final one and passes over what is certified since.
    case usurper
}

/// What a validator that lost its disk comes back with.
enum Loss: UInt8, CaseIterable, Sendable {
    /// Its key, and a guard that watches an epoch.
    case guardLost
    /// Nothing: an observer.
    case keyLost
    /// All but the database: journal and guard are ahead of the chain.
    case databaseLost
}

/// What is drawn from the seed before a run begins.
struct Scenario {
    static let transactions = 300
    static let views: UInt64 = 80
    /// Of them after the faults have stopped.
    static let quietViews: UInt64 = 20

    let seed: UInt64
    let validators: Int
    let observers: Int
    let epochLength: UInt64
    let deltaMilliseconds: UInt64
    let heartbeatMilliseconds: UInt64
    /// By validator: who is a traitor.
    let traitors: [Int: Misbehavior]
    /// A validator that loses its disk, if one does; with the traitors it is among the f that may fail.
    let wiped: Int?
    let loss: Loss
    /// The node behind the first set is voted into it, and once it is in, ``leaver`` out of it.
    let changesSet: Bool
    let leaver: Int
    let faults: [FaultKind]
    /// Mean time between faults.
    let faultMilliseconds: UInt64
    let lossThousandths: UInt64
    let duplicateThousandths: UInt64
    let delayMilliseconds: ClosedRange<UInt64>
    /// Where journals are rotated: small, so that it happens often.
    let rotationBytes: Int

    init(seed: UInt64, random: inout SimulatorRandom) {
        self.seed = seed
        // Messages grow with the square, and four validators show what seven do but for two traitors at once.
        validators = random.pick([4, 4, 4, 4, 5, 5, 6, 7])
        changesSet = random.chance(250)
        leaver = random.below(validators)
        observers = changesSet || random.chance(300) ? 1 : 0
        epochLength = random.between(changesSet ? 10...15 : 10...40)
        deltaMilliseconds = random.pick([100, 200, 500])
        heartbeatMilliseconds = random.between(1_000...4_000)
        let faulty = (validators - 1) / 3
        var traitors: [Int: Misbehavior] = [:]
        var budget = faulty
        var places = random.shuffled(Array(0..<validators))
        wiped = random.chance(200) ? places.removeLast() : nil
        loss = random.pick(Loss.allCases)
        if wiped != nil { budget -= 1 }
        while budget > 0, random.chance(700) {
            let kind = Misbehavior.allCases[random.below(Misbehavior.allCases.count)]
            if kind == .twins, traitors.values.contains(.twins) { continue }
            traitors[places.removeLast()] = kind
            budget -= 1
        }
        self.traitors = traitors
        // Some kinds of faults only: what needs peace to be seen would otherwise never be.
        var faults = FaultKind.allCases.filter { kind in
            switch kind {
            case .wipe, .twinSwitch: false
            case .crashAtSync: random.chance(700)
            case .crashAtStart: random.chance(300)
            // Every node executes again what was not final: dear, and soon the only thing that happens.
            case .restartOfAll: random.chance(200)
            default: random.chance(400)
            }
        }
        if wiped != nil { faults.append(.wipe) }
        if traitors.values.contains(.twins) { faults.append(.twinSwitch) }
        self.faults = faults
        faultMilliseconds = random.between(500...4_000)
        lossThousandths = random.chance(500) ? 0 : random.below(300)
        duplicateThousandths = random.chance(500) ? 0 : random.below(100)
        delayMilliseconds = random.pick([1...20, 1...100, 5...50, 20...400])
        rotationBytes = Int(random.between(8_000...60_000))
    }
}
