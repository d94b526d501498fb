import Cryptography
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Random histories of one account's recoveries beside a model that knows nothing but lists: who approved what when, and
/// which delay has passed without an objection.
struct RecoveryHistoryTests {
    private static let guardians = [World.bert, World.cleo, World.dora, World.emil].sorted()
    private static let threshold = 2
    private static let delay: UInt64 = 3

    private struct Model {
        struct Attempt {
            let id: RecoveryID
            let key: Address
            let startedAt: UInt64
            let startedBy: Address
            var approvals: Set<Address>
            /// Since when enough approve without interruption.
            var readySince: UInt64?
            var isOpen = true
        }

        var attempts: [Attempt] = []
        var keys: [Address] = [World.anna]

        var open: [Int] { attempts.indices.filter { attempts[$0].isOpen } }

        mutating func count(_ index: Int, day: UInt64) {
            let isReady = attempts[index].approvals.count >= threshold
            if isReady, attempts[index].readySince == nil { attempts[index].readySince = day }
            if !isReady { attempts[index].readySince = nil }
        }

        mutating func replace(by key: Address) {
            keys.append(key)
            for index in attempts.indices { attempts[index].isOpen = false }
        }
    }

    @Test("No history gives a key before its delay, after an objection, or twice", arguments: UInt64(0)..<300)
    func histories(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = try World()
        try RecoveryTests.arrange(
            world,
            GuardianPolicy(
                guardians: Self.guardians.map { .account($0) }, threshold: UInt64(Self.threshold),
                delayMilliseconds: Self.delay * millisecondsPerDay))
        var model = Model()
        var number: UInt64 = 1
        for day in UInt64(1)...40 {
            try step(world, &model, day: day, &number, &random)
            // Every attempt falls due every day, also those that are long over.
            for index in model.attempts.indices {
                let attempt = model.attempts[index]
                _ = try RecoveryTests.due(world, attempt.id, day: day)
                guard model.attempts[index].isOpen else { continue }
                if let since = attempt.readySince {
                    if since + Self.delay <= day { model.replace(by: attempt.key) }
                } else if attempt.startedAt + 30 <= day {
                    model.attempts[index].isOpen = false
                }
            }
            #expect(try AccountKeys.key(of: World.anna, in: world.state) == model.keys.last)
            let open = try Recoveries.guardians(of: World.anna, in: world.state)?.open ?? []
            #expect(Set(open) == Set(model.open.map { model.attempts[$0].id }), "day \(day)")
            for key in model.keys.dropLast() { #expect(try AccountKeys.account(of: key, in: world.state) == nil) }
        }
        #expect(Set(model.keys).count == model.keys.count)
    }

    private func step(
        _ world: World, _ model: inout Model, day: UInt64, _ number: inout UInt64, _ random: inout SeededRandom
    ) throws {
        let guardian = Self.guardians[Int.random(in: 0..<Self.guardians.count, using: &random)]
        let context = world.context(guardian, day: day)
        let chosen = model.attempts.indices.randomElement(using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2:
            let isBusy = model.open.contains { model.attempts[$0].startedBy == guardian }
            let changes = UInt64(model.keys.count - 1)
            let refusal = try reason {
                let id = try RecoveryTests.start(world, by: guardian, number, changes: changes, day: day)
                model.attempts.append(
                    Model.Attempt(
                        id: id, key: try RecoveryTests.secret(number).address, startedAt: day, startedBy: guardian,
                        approvals: [guardian]))
                number += 1
            }
            #expect(refusal == (isBusy ? "recovery_open" : nil))
        case 3, 4, 5, 6:
            guard let chosen else { return }
            let attempt = model.attempts[chosen]
            let refusal = try reason {
                try ApproveRecovery(recovery: attempt.id, account: World.anna, key: attempt.key).execute(in: context)
            }
            #expect((refusal == "recovery_ended") == !attempt.isOpen)
            guard attempt.isOpen else { return }
            #expect((refusal == "nothing_changed") == attempt.approvals.contains(guardian))
            model.attempts[chosen].approvals.insert(guardian)
            model.count(chosen, day: day)
        case 7:
            guard let chosen, model.attempts[chosen].isOpen, model.attempts[chosen].approvals.contains(guardian) else {
                return
            }
            try WithdrawRecovery(recovery: model.attempts[chosen].id).execute(in: context)
            model.attempts[chosen].approvals.remove(guardian)
            model.count(chosen, day: day)
            if model.attempts[chosen].approvals.isEmpty { model.attempts[chosen].isOpen = false }
        case 8:
            guard let chosen, model.attempts[chosen].isOpen else { return }
            try CancelRecovery(recovery: model.attempts[chosen].id).execute(in: world.context(World.anna, day: day))
            model.attempts[chosen].isOpen = false
        default:
            guard UInt64.random(in: 0..<4, using: &random) == 0 else { return }
            let secret = try RecoveryTests.secret(number)
            number += 1
            let proof = RecoveryTests.proof(secret, changes: UInt64(model.keys.count - 1))
            try RotateKey(key: secret.address, proof: proof).execute(in: world.context(World.anna, day: day))
            model.replace(by: secret.address)
        }
    }
}
