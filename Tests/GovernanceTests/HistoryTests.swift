import Governance
import Primitives
import StateModel
import TestSupport
import Testing
import Votes

/// Random proposals and votes over many epochs, and after every step what must always hold.
struct HistoryTests {
    private struct History {
        let world: World
        var random: SeededRandom
        var keys = 0
        var largest = 1
        var superseded = 0
        var usedKeys: Set<Address> = []
        var lastSet: [ValidatorRecord]

        init(seed: UInt64) throws {
            world = try World(["one"])
            random = SeededRandom(seed: seed)
            lastSet = try Validators.records(in: world.state)
            usedKeys = Set(lastSet.map(\.key))
        }

        mutating func freshKey() -> String {
            keys += 1
            // Some of them twice, so that conflicts come up.
            return "key \(Bool.random(using: &random) ? keys : max(keys - 1, 1))"
        }

        mutating func change(towards size: Int) throws -> GovernanceChange {
            let set = try world.validators
            let name = World.names.randomElement(using: &random) ?? "one"
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                if set.count < size { return .enroll(world.request(name, key: freshKey())) }
                if set.count > size { return .remove(World.institution(set.randomElement(using: &random) ?? name)) }
                return .rotate(
                    world.request(
                        name, key: freshKey(),
                        transportKey: name + (Bool.random(using: &random) ? " transport" : " other transport")))
            case 6: return .remove(World.institution(name))
            case 7: return .enroll(world.request(name, key: freshKey()))
            default:
                let parameter = LedgerParameter.allCases.randomElement(using: &random) ?? .epochLength
                let bound = parameter == .epochLength ? 10...14 : parameter.allowed
                return .parameters([ParameterChange(parameter, UInt64.random(in: bound, using: &random))])
            }
        }

        mutating func step(towards size: Int) throws {
            let set = try world.validators
            let actor = set.randomElement(using: &random) ?? "one"
            let open = try world.overview().open
            if open.isEmpty || Int.random(in: 0..<4, using: &random) == 0 {
                let change = try change(towards: size)
                _ = try rejection {
                    try world.propose(change, by: actor, for: Bool.random(using: &random) ? 60_000 : World.hour)
                }
            } else if let proposal = open.randomElement(using: &random) {
                let approves = Int.random(in: 0..<5, using: &random) > 0
                _ = try rejection { try world.vote(approves, on: proposal, by: actor) }
            }
        }

        /// Ends a block; the set and the parameters change only where the epoch does.
        mutating func endBlock() throws {
            let before = try Epochs.current(in: world.state)
            let parameters = try Parameters.current(in: world.state)
            let height = world.height
            let events = try world.endBlock(after: UInt64.random(in: 1...20_000, using: &random))
            let after = try Epochs.current(in: world.state)
            if height < before.lastHeight {
                #expect(after == before)
                #expect(try Validators.records(in: world.state) == lastSet)
                #expect(try Parameters.current(in: world.state) == parameters)
                return
            }
            #expect(after.number == before.number.next && after.firstHeight == before.lastHeight.next)
            let length = try Parameters.current(in: world.state).epochLength
            #expect(after.lastHeight.value - before.lastHeight.value == length)
            superseded += events.count { $0.name == "governance.superseded" }
            try checkSet()
        }

        private mutating func checkSet() throws {
            let set = try Validators.records(in: world.state)
            #expect((1...WireLimits.validators).contains(set.count))
            #expect(Set(set.map(\.key)).count == set.count && Set(set.map(\.name)).count == set.count)
            #expect(Set(set.map(\.institution)).count == set.count)
            #expect(Set(set.map(\.transportKey)).count == set.count)
            let old = Set(lastSet.map(\.key))
            for validator in set where !old.contains(validator.key) {
                #expect(usedKeys.insert(validator.key).inserted, "a key came back")
            }
            largest = max(largest, set.count)
            lastSet = set
        }

        /// Open proposals are undecided by the votes that count; decided ones are as their votes say.
        func checkProposals() throws {
            let institutions = Set(try Validators.records(in: world.state).map(\.institution))
            let quorum = institutions.count - (institutions.count - 1) / 3
            let overview = try world.overview()
            let open = Set(overview.open)
            let queued = Set(overview.queued.map(\.proposal))
            for view in try world.list().items {
                let record = view.proposal
                #expect(open.contains(record.id) == (record.state == .open))
                #expect(queued.contains(record.id) == (record.state == .accepted))
                // Past its deadline nothing but expiry is left of it.
                guard record.state == .open, record.deadline > world.time else { continue }
                let counted = record.ballots.filter { institutions.contains($0.institution) }
                let yes = counted.count { $0.approves }
                #expect(yes < quorum && counted.count - yes <= institutions.count - quorum)
                #expect(view.yes == UInt64(yes) && view.needed == UInt64(quorum))
            }
        }
    }

    @Test("Histories from one validator to four and back to three keep every rule of the set", arguments: 1...12)
    func histories(seed: Int) throws {
        var history = try History(seed: UInt64(seed))
        for block in 0..<240 {
            let size = block < 120 ? 4 : 3
            for _ in 0..<3 { try history.step(towards: size) }
            try history.checkProposals()
            try history.endBlock()
            try history.checkProposals()
        }
        #expect(try Epochs.current(in: history.world.state).number > Epoch(14))
        #expect(history.largest >= 4, "seed \(seed) never had four validators")
    }

    @Test("One validator becomes four, and four become three, by votes alone")
    func growth() throws {
        let world = try World(["one"])
        for name in ["two", "three", "four"] {
            try world.vote(on: try world.propose(.enroll(world.request(name)), by: "one"), by: "one")
        }
        try world.endEpoch()
        #expect(try world.validators == ["one", "two", "three", "four"])
        let removal = try world.propose(.remove(World.institution("one")), by: "two")
        for name in ["two", "three"] { try world.vote(on: removal, by: name) }
        #expect(try world.record(removal).state == .open, "two of four are no quorum")
        try world.vote(on: removal, by: "four")
        try world.endEpoch()
        #expect(try world.validators == ["two", "three", "four"])
        #expect(try Validators.currentSet(in: world.state).quorum == 3)
    }
}
