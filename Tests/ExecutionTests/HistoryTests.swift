import Blocks
import Encoding
import Execution
import FoundationEssentials
import Primitives
import StateModel
import TestSupport
import Testing
import Transactions

/// Properties over random histories of the whole ledger: the real executor, transactions of every domain, valid and
/// invalid mixed. MEDNEXUS_HISTORIES sets how many; each is one seed, and a failure names it.
struct HistoryTests {
    #if DEBUG
        static let usual = 20
    #else
        static let usual = 1_500
    #endif
    static let count =
        ProcessInfo.processInfo.environment["MEDNEXUS_HISTORIES"].flatMap { Int($0) } ?? usual
    /// One past the shortest epoch's end.
    static let blocks: UInt64 = 11

    struct Outcome: Sendable {
        var accepted = 0
        var refused = 0
        var problems: [String] = []
        var seen: Set<String> = []

        mutating func add(_ other: Outcome) {
            accepted += other.accepted
            refused += other.refused
            problems += other.problems
            seen.formUnion(other.seen)
        }
    }

    /// What these histories do not try. Disputes and recoveries have their own (DisputeHistoryTests,
    /// RecoveryHistoryTests).
    static let untried: Set<String> = [
        "asset.create", "license.revoke", "organization.create", "organization.update", "mandate.grant",
        "mandate.revoke", "recovery.arrange", "recovery.start", "recovery.approve", "recovery.withdraw",
        "recovery.cancel", "key.rotate", "consent.nameReviewers", "inft.setKeyCustodians", "inft.erase",
        "inft.authorizeUse", "inft.deauthorizeUse", "license.reportOutcome", "license.use", "license.topUp",
        "license.returnQuota", "license.nameAgent", "license.dismissAgent", "license.answerNeeds",
        "dispute.raise", "dispute.respond", "dispute.revealNonce", "dispute.accept", "dispute.decline",
        "dispute.beginShow", "dispute.completeShow", "dispute.commitVote", "dispute.revealVote", "dispute.appeal",
        "dispute.advance", "dispute.claim", "dispute.settle", "arbiter.enroll", "arbiter.leave",
        "inft.recall", "inft.liftRecall", "license.acknowledgeRecall", "group.create", "group.join",
    ]
    static let due: Set<String> = [
        "due offer.closed", "due license.expired", "due license.refunded", "due license.distributed",
        "due inft.transferEnded", "due consent.expired", "due consentSet.stale",
        "due governance.expired", "due governance.parametersChanged", "due governance.validatorSetChanged",
    ]

    static func run(seed: UInt64) -> Outcome {
        var outcome = Outcome()
        do {
            var history = History(seed: seed, genesis: try Ledger(Ledger.genesis(epochLength: 10)))
            let blocks = blocks
            for _ in 0..<blocks { try history.block() }
            outcome.accepted = history.accepted
            outcome.refused = history.refused
            outcome.seen = history.seen
            outcome.problems = try (problems(of: history.ledger, seed: seed) + history.exchangeProblems()).map {
                "seed \(seed): \($0)"
            }
        } catch {
            outcome.problems = ["seed \(seed): \(error)"]
        }
        return outcome
    }

    static func problems(of ledger: Ledger, seed: UInt64) throws -> [String] {
        var problems = try ledger.moneyProblems()
        if let difference = try ledger.replayDifference() { problems.append(difference) }
        let records = try ledger.records()
        // The same records, written at once and in another order, have the same root.
        var random = SeededRandom(seed: seed)
        let shuffled = records.shuffled(using: &random).map { (key: $0.key, value: Optional($0.value)) }
        let rebuilt = try StateLayer.make(
            height: .genesis, over: LayeredSnapshot(EmptySnapshot()), changes: shuffled, index: [])
        if rebuilt.root != ledger.state.root { problems.append("the root depends on the order of writes") }
        // Indexes that grew block by block are those that the records alone give.
        var expected: [IndexKey: [UInt8]] = [:]
        for record in records {
            for entry in try DomainDispatch.indexEntries(key: record.key, record: record.value) {
                expected[entry.key] = entry.value
            }
        }
        var found: [IndexKey: [UInt8]] = [:]
        for write in ledger.state.layers.first?.index ?? []
        where write.key.bytes[0] >> 4 != DomainNumber.ledger.rawValue {
            if let value = write.value { found[write.key] = value }
        }
        if found != expected {
            problems.append("\(found.count) index entries, where the records give \(expected.count)")
        }
        problems += try blockIndexProblems(of: ledger)
        return problems
    }

    /// The ledger's own index entries are those that blocks and receipts give, read back from their bytes.
    private static func blockIndexProblems(of ledger: Ledger) throws -> [String] {
        var expected: [IndexKey: [UInt8]] = [:]
        for executed in ledger.blocks {
            let block = try Block(decoding: executed.block.encoded)
            let receipts = try BlockReceipts(decoding: executed.receipts.encoded)
            for entry in try LedgerIndexes.entries(of: block, receipts: receipts, accused: []) {
                guard LedgerIndexes.height(of: entry) == block.header.height else { return ["an entry of no height"] }
                expected[entry.key] = entry.value
            }
        }
        var found: [IndexKey: [UInt8]] = [:]
        for write in ledger.state.layers.first?.index ?? []
        where write.key.bytes[0] >> 4 == DomainNumber.ledger.rawValue {
            if let value = write.value { found[write.key] = value }
        }
        return found == expected
            ? [] : ["\(found.count) entries of blocks, where the log gives \(expected.count)"]
    }

    @Test(
        "Random histories conserve every asset, replay to every root, leave indexes that fit their records, and deliver keys right"
    )
    func histories() async {
        let workers = max(ProcessInfo.processInfo.activeProcessorCount, 1)
        let clock = ContinuousClock()
        let start = clock.now
        let total = await withTaskGroup(of: Outcome.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    stride(from: worker, to: Self.count, by: workers).reduce(into: Outcome()) {
                        $0.add(Self.run(seed: UInt64($1)))
                    }
                }
            }
            return await group.reduce(into: Outcome()) { $0.add($1) }
        }
        #expect(total.problems.prefix(10) == [])
        // Histories of refusals alone, or of a few types, would prove nothing.
        #expect(total.accepted > total.refused / 2 && total.refused > 0)
        let expected = Set(Operation.names).subtracting(Self.untried).union(Self.due)
        // The rarest come about once in some hundred histories.
        #expect(
            Self.count < 1_500 || total.seen.isSuperset(of: expected),
            "missing: \(expected.subtracting(total.seen).sorted())")
        print(
            "\(Self.count) histories, \(total.accepted) transactions applied and \(total.refused) refused, "
                + "in \(start.duration(to: clock.now))")
    }

    @Test("A seed gives the same chain twice")
    func determinism() throws {
        func head(_ seed: UInt64) throws -> Hash {
            var history = History(seed: seed, genesis: try Ledger())
            for _ in 0..<4 { try history.block() }
            return history.ledger.head.hash
        }
        for seed in UInt64(0)..<5 { #expect(try head(seed) == head(seed)) }
        #expect(try head(1) != head(2))
    }
}
