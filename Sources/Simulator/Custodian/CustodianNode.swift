internal import Blocks
internal import Cryptography
internal import Custodian
internal import Execution
internal import Interface
internal import Licenses
internal import Primitives
internal import StateModel
internal import Transactions

/// What the node beside a custodian answers: of final blocks, as many as it has heard of, and sometimes of fewer.
struct CustodianNode {
    enum Submission {
        case accepted
        case refused(CustodianRefusal)
    }

    enum Status {
        case final(Height)
        case pending
        case gone
    }

    private unowned let simulation: CustodianSimulation
    /// How many of the run's blocks it answers from.
    private let blocks: Int

    init(_ simulation: CustodianSimulation, blocks: Int) {
        self.simulation = simulation
        self.blocks = blocks
    }

    private var last: CustodianLedger.Final? { blocks > 0 ? simulation.ledger.blocks[blocks - 1] : nil }
    private var height: Height { last?.height ?? simulation.world.head.height }
    private var time: Timestamp { last?.time ?? simulation.world.head.time }
    private var state: LayeredSnapshot { last?.state ?? simulation.world.state }

    /// Nil while there is nothing behind `position`: the question waits.
    func events(from position: EventPosition) -> CustodianPage? {
        guard position.height <= height else { return nil }
        let first = simulation.world.head.height.value + 1
        var entries: [CustodianPage.Entry] = []
        var next = position
        for block in simulation.ledger.blocks[Int(position.height.value - first)..<blocks] {
            for (index, event) in block.events.enumerated()
            where EventPosition(height: block.height, index: UInt64(index)) >= position {
                next = EventPosition(height: block.height, index: UInt64(index) + 1)
                entries += CustodianHint.of(event).map { .init(height: block.height, hint: $0) }
                // A page has an end, also in the middle of a block.
                if entries.count >= 3 { return CustodianPage(from: position, entries: entries, next: next) }
            }
            next = EventPosition(height: block.height.next, index: 0)
        }
        return CustodianPage(from: position, entries: entries, next: next)
    }

    func check(_ id: DeliveryID, minimumHeight: Height) -> (DeliveryVerdict?, Height)? {
        do throws(Refusal) {
            return (try DeliveryCheck.check(id, at: time, in: state), height)
        } catch {
            guard case .rejected = error else {
                simulation.fail("\(error)")
                return nil
            }
            return (nil, height)
        }
    }

    func sequence(of address: Address) -> (UInt64, Timestamp)? {
        (CustodianLedger.sequence(of: address, in: state), time)
    }

    /// As a pool admits: by executing on the final state.
    func submit(_ transaction: VerifiedTransaction) -> Submission? {
        if simulation.ledger.heights[transaction.hash] != nil { return .accepted }
        let block = BlockContext(
            network: simulation.world.network, networkKind: .test, height: height.next,
            time: time.adding(milliseconds: 1))
        do throws(Refusal) {
            _ = try BlockExecutor.simulate(transaction, on: state, in: block)
        } catch {
            guard case .rejected(let rejection) = error else {
                simulation.fail("\(error)")
                return nil
            }
            return .refused(
                CustodianRefusal(code: rejection.code, reason: rejection.reason, message: rejection.message))
        }
        simulation.enter(transaction)
        return .accepted
    }

    func status(of hash: Hash, validUntil: Timestamp?, sequence: UInt64) -> Status? {
        if let found = simulation.ledger.heights[hash], found <= height { return .final(found) }
        if let validUntil, time > validUntil { return .gone }
        // Another transaction took its place.
        if CustodianLedger.sequence(of: CustodianWorld.custodian.address, in: state) > sequence { return .gone }
        return .pending
    }
}
