import Consents
import Encoding
import FoundationEssentials
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Random histories of metered licenses, beside a model that knows nothing of reserves: the quota and its reserve agree to
/// the unit in every state, nobody uses beyond what is paid, no outcome counts twice, and nothing is made or lost.
/// MEDNEXUS_USE_HISTORIES sets how many; a failure names its seed.
struct UseHistoryTests {
    #if DEBUG
        static let usual = 5
    #else
        static let usual = 60
    #endif
    static let count =
        ProcessInfo.processInfo.environment["MEDNEXUS_USE_HISTORIES"].flatMap { Int($0) } ?? usual

    struct Held {
        let id: LicenseID
        var holder: String
        let hasOutcome: Bool
        var quota: UInt64
        var isOver = false
        var batches: [Runs] = []
        var reported: Set<String> = []
    }

    final class History {
        static let fee: UInt64 = 7
        static let prepaid: UInt64 = 5
        var random: SeededRandom
        let sandbox: Sandbox
        let inft: INFTID
        let offers: [OfferID]
        var held: [Held] = []
        var outcomes: UInt64 = 0
        var agreeing: UInt64 = 0
        var uses: UInt64 = 0
        var recall: RecallID?
        var done: Set<String> = []

        init(seed: UInt64) throws {
            random = SeededRandom(seed: seed)
            sandbox = try Sandbox()
            sandbox.attest("hospital", .accreditation)
            inft = try sandbox.mint("score")
            let (box, work) = (sandbox, inft)
            offers = try [nil, OutcomeBasis.own, .others].map { basis in
                try box.offer(
                    work,
                    UseTests.metered(box) {
                        $0.payment.perUseFee = Amount(Self.fee)
                        $0.payment.prepaidUses = Self.prepaid
                        $0.payment.outcome = basis.map {
                            OutcomePrice(
                                measure: testHash("measure"), threshold: percent(60), amount: Amount(90), basis: $0,
                                minimumReports: 2, withinMilliseconds: 9 * millisecondsPerDay)
                        }
                    })
            }
        }

        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

        /// What was tried, and whether it passed.
        func note(_ what: String, _ body: () throws -> Void) throws -> Bool {
            let refused = try reason(body)
            done.insert(refused.map { "\(what) \($0)" } ?? what)
            return refused == nil
        }

        func step() throws {
            switch below(12) {
            case 0, 1: try buy()
            case 2, 3, 4, 5: try use()
            case 6: try topUp()
            case 7: try end()
            case 8, 9: try report()
            case 10: try suspend()
            default:
                sandbox.advance(days: UInt64(below(6)))
                try sandbox.drain()
                try noteExpiries()
            }
            try check()
        }

        func buy() throws {
            let name = ["bob", "hospital", "carol"][below(3)]
            let offer = below(3)
            var id: LicenseID?
            guard try note("buy", { id = try sandbox.buy(offers[offer], as: name) }), let id else { return }
            held.append(Held(id: id, holder: name, hasOutcome: offer > 0, quota: Self.prepaid))
        }

        func use() throws {
            guard !held.isEmpty else { return }
            let index = below(held.count)
            let one = held[index]
            let runs = Runs(license: one.id, bins: (0...below(3)).map { _ in below(2) == 0 ? nil : UInt8(below(10)) })
            let count = UInt64(runs.bins.count)
            let maximum = UInt64(below(3)) * Self.fee
            let before = try sandbox.balance(one.holder)
            let passed = try note("use") {
                try sandbox.execute(
                    RecordUse(
                        license: one.id, use: MeteredUse(), entries: runs.entries, maximumFee: Amount(maximum)),
                    as: one.holder)
            }
            let single = count - min(count, one.quota)
            let isInForce = try sandbox.verdict(one.id, LicenseUse(user: sandbox.party(one.holder))).isValid
            #expect(passed == (isInForce && single * Self.fee <= maximum))
            guard passed else { return }
            #expect(try sandbox.balance(one.holder) == before - single * Self.fee)
            held[index].quota -= count - single
            held[index].batches.append(runs)
            uses += count
        }

        func topUp() throws {
            guard !held.isEmpty else { return }
            let index = below(held.count)
            let count = UInt64(1 + below(4))
            let passed = try note("topUp") {
                try sandbox.execute(
                    TopUpQuota(license: held[index].id, uses: count, maximumPrice: Amount(count * Self.fee)),
                    as: held[index].holder)
            }
            if passed { held[index].quota += count }
        }

        /// Surrendered, or handed on.
        func end() throws {
            guard !held.isEmpty else { return }
            let index = below(held.count)
            let one = held[index]
            let before = try sandbox.balance(one.holder)
            if below(2) == 0 {
                guard
                    try note(
                        "surrender", { try sandbox.execute(SurrenderLicense(license: one.id), as: one.holder) })
                else { return }
                held[index].isOver = true
            } else {
                let next = one.holder == "carol" ? "bob" : "carol"
                guard
                    try note(
                        "transfer",
                        {
                            try sandbox.execute(
                                TransferLicense(license: one.id, to: sandbox.party(next)), as: one.holder,
                                cosigners: [next])
                        })
                else { return }
                held[index].holder = next
            }
            #expect(try sandbox.balance(one.holder) == before + one.quota * Self.fee)
            held[index].quota = 0
        }

        func suspend() throws {
            if let recall {
                try sandbox.lift(recall)
                self.recall = nil
                return
            }
            // The ledger keeps so many recalls by one owner, and no more.
            guard try note("recall", { recall = try sandbox.recall(inft) }), !held.isEmpty else { return }
            let index = below(held.count)
            let passed = try note("returnQuota") {
                try sandbox.execute(ReturnQuota(license: held[index].id), as: held[index].holder)
            }
            if passed { held[index].quota = 0 }
        }

        func report() throws {
            guard !held.isEmpty else { return }
            let index = below(held.count)
            guard !held[index].batches.isEmpty else { return }
            let receipt = below(held[index].batches.count)
            let runs = held[index].batches[receipt]
            let entry = below(runs.bins.count)
            let agrees = below(2) == 0
            let key = "\(receipt) \(entry)"
            let passed = try note("report") {
                try sandbox.execute(
                    runs.report(
                        UInt64(receipt), entry, agrees: agrees, nullifier: "\(held[index].id) \(key)"), as: "hospital")
            }
            guard passed else { return }
            #expect(!held[index].reported.contains(key))
            held[index].reported.insert(key)
            outcomes += 1
            if agrees { agreeing += 1 }
        }

        /// Due work has ended what expired.
        func noteExpiries() throws {
            for index in held.indices where !held[index].isOver {
                guard try !sandbox.license(held[index].id).isLive else { continue }
                held[index].isOver = true
                held[index].quota = 0
            }
        }

        func check() throws {
            for one in held {
                let meter = try sandbox.state.record(LicenseKeys.meter(one.id))
                let reserve = try Reserves.record(.prepaid, one.id.bytes, in: sandbox.state)
                #expect(meter?.quota == one.quota && reserve?.amount.units ?? 0 == one.quota * Self.fee)
            }
            let totals = try sandbox.state.record(LicenseKeys.outcomeTotals(inft, 1, testHash("measure")))
            #expect(totals?.reports ?? 0 == outcomes && totals?.agreeing ?? 0 == agreeing)
            #expect(try sandbox.state.record(LicenseKeys.versionUses(inft, 1))?.uses ?? 0 == uses)
            try Conservation.check(sandbox.asset, in: sandbox.state)
        }
    }

    @Test("Quota and reserve agree, no use goes unpaid, no outcome counts twice, whatever happens in whatever order")
    func histories() throws {
        var done: Set<String> = []
        for seed in 0..<UInt64(Self.count) {
            let history = try History(seed: seed)
            for _ in 0..<120 { try history.step() }
            // At the end of all licenses and deadlines nothing is set aside any more.
            history.sandbox.advance(days: 400)
            try history.sandbox.drain()
            try history.noteExpiries()
            try history.check()
            let totals = try history.sandbox.totals()
            #expect(totals.prepaid == .zero && totals.held == .zero, "seed \(seed)")
            #expect(try history.sandbox.isConserved(), "seed \(seed)")
            done.formUnion(history.done)
        }
        // They would show nothing if these did not happen.
        let needed = [
            "buy", "use", "use fee_above_maximum", "use use_not_covered", "topUp", "surrender", "transfer",
            "returnQuota", "report", "report outcome_reported", "report not_licensee",
        ]
        #expect(Set(needed).subtracting(done).isEmpty)
    }
}
