import Consents
import Cryptography
import Custodian
import Encoding
import Interface
import Primitives

/// A core with its journal, and the world around it said by hand.
struct Bench {
    static let noon = Timestamp(1_700_000_000_000 - 1_700_000_000_000 % 86_400_000 + 43_200_000)
    static let owner = Party.account(Address(Bytes32(1, 1, 1, 1)))
    static let buyer = Party.account(Address(Bytes32(2, 2, 2, 2)))
    static let set = ConsentSetID(Bytes32(4, 2, 0, 0))
    static let one = DeliveryID(Bytes32(7, 0, 0, 1))
    static let two = DeliveryID(Bytes32(7, 0, 0, 2))

    var core: CustodianCore
    var journal: [CustodianRecord] = []
    var now = Bench.noon
    let policy: CustodianPolicy

    init(_ policy: CustodianPolicy = CustodianPolicy(owners: [Bench.owner])) {
        self.policy = policy
        core = CustodianCore(policy: policy, start: EventPosition(height: .genesis, index: 0), records: [])
        _ = step(.started)
    }

    /// A crash: what was appended is all that is left.
    mutating func restart() -> [CustodianEffect] {
        core = CustodianCore(policy: policy, start: EventPosition(height: .genesis, index: 0), records: journal)
        return step(.started)
    }

    mutating func step(_ input: CustodianInput) -> [CustodianEffect] {
        let effects = core.step(input, now: now)
        for case .append(let records) in effects { journal += records }
        return effects
    }

    mutating func pass(_ milliseconds: UInt64) -> [CustodianEffect] {
        now = now.adding(milliseconds: milliseconds)
        return step(.tick)
    }

    /// A page from the cursor on, with what it opens at `height`.
    mutating func page(_ height: UInt64, opens tasks: [CustodianTask] = [], touches: [CustodianTask] = [])
        -> [CustodianEffect]
    {
        let hints = tasks.map { CustodianHint.opens($0) } + touches.map { .touches($0) }
        return step(
            .events(
                CustodianPage(
                    from: core.cursor,
                    entries: hints.map { CustodianPage.Entry(height: Height(height), hint: $0) },
                    next: EventPosition(height: Height(height + 1), index: 0))))
    }

    mutating func page(_ height: UInt64, hint: CustodianHint) -> [CustodianEffect] {
        step(
            .events(
                CustodianPage(
                    from: core.cursor, entries: [CustodianPage.Entry(height: Height(height), hint: hint)],
                    next: EventPosition(height: Height(height + 1), index: 0))))
    }

    static func point(_ number: UInt64) -> CompressedPoint {
        CompressedPoint(isOdd: false, abscissa: Bytes32(5, 5, 5, number))
    }

    static func binding(_ id: DeliveryID, from key: UInt64 = 1) -> DeliveryBinding {
        DeliveryBinding(
            statement: SealingStatement(
                network: .zero, act: .license, inft: Bytes32(3, 3, 3, 3), version: 1, subject: id.bytes, from: owner,
                to: buyer),
            from: point(key), sealed: SealedKey(first: point(key + 100), second: point(key + 200)), to: point(50))
    }

    static func facts(
        _ id: DeliveryID, _ height: UInt64, _ phase: DeliveryPhase, key: UInt64 = 1,
        purposes: [PurposeOfUse] = [], time: Timestamp = Bench.noon, use: ResearchUse? = nil
    ) -> DeliveryFacts {
        DeliveryFacts(
            delivery: id, height: Height(height), time: time, act: .license, inft: INFTID(Bytes32(3, 3, 3, 3)),
            owner: owner, purposes: purposes, consentSet: set,
            requests: [UseRequest(actor: buyer, action: .access, purposes: purposes, dataUse: use)],
            binding: binding(id, from: key), phase: phase)
    }

    static let pending = DeliveryPhase.pending(deadline: noon.adding(milliseconds: 86_400_000))

    static func begun(_ commitment: Hash) -> DeliveryPhase {
        .begun(commitment: commitment, until: noon.adding(milliseconds: 3_600_000), untilHeight: Height(200))
    }

    static func preparation(_ id: DeliveryID, key: UInt64 = 1, _ number: UInt64 = 1) -> Preparation {
        Preparation(
            binding: binding(id, from: key).hash, randomness: Bytes32(8, 8, 8, number),
            commitment: Hash(Bytes32(6, 6, key, number)))
    }

    mutating func found(
        _ id: DeliveryID, _ height: UInt64, _ phase: DeliveryPhase, key: UInt64 = 1,
        verdict: BeginVerdict = .accepted, purposes: [PurposeOfUse] = [], time: Timestamp = Bench.noon,
        use: ResearchUse? = nil
    ) -> [CustodianEffect] {
        step(
            .delivery(
                id,
                .found(
                    Self.facts(id, height, phase, key: key, purposes: purposes, time: time, use: use), verdict: verdict)
            ))
    }

    /// Up to the `begin` that is on its way.
    mutating func toBegin(_ id: DeliveryID, height: UInt64 = 10) -> [CustodianEffect] {
        _ = page(height, opens: [.delivery(id)])
        _ = found(id, height, Bench.pending)
        return step(.prepared(id, Bench.preparation(id)))
    }
}

extension [CustodianEffect] {
    var submits: [CustodianAct] { compactMap { if case .submit(_, let act) = $0 { act } else { nil } } }
    var asks: [DeliveryID] { compactMap { if case .ask(let id, _) = $0 { id } else { nil } } }
    var notices: [WaitKind] { compactMap { if case .notify(let notice) = $0 { notice.reason.kind } else { nil } } }
    var details: [String] { compactMap { if case .notify(let notice) = $0 { notice.reason.detail } else { nil } } }
    var erasuresAsked: [Height] {
        compactMap { if case .askErasure(_, let minimumHeight) = $0 { minimumHeight } else { nil } }
    }
    var records: [CustodianRecord] {
        flatMap { (effect) -> [CustodianRecord] in if case .append(let records) = effect { records } else { [] } }
    }
}
