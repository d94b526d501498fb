import Blocks
import Consents
import Cryptography
import Encoding
import Execution
import Governance
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions
import Votes

/// The rules of a block, over the real executor.
struct BlockTests {
    static func propose(
        _ candidates: [VerifiedTransaction], on ledger: Ledger, at time: Timestamp? = nil
    ) throws -> (executed: ExecutedBlock, refused: [(transaction: Hash, rejection: Rejection)]) {
        try BlockExecutor.propose(
            on: ledger.head, state: ledger.state, epoch: ledger.epoch, proposer: 0,
            time: time ?? ledger.time.adding(milliseconds: 1_000), candidates: candidates)
    }

    /// How a validator judges a block; nil: it is valid.
    static func defect(
        _ block: Block, _ transactions: [VerifiedTransaction], on ledger: Ledger, epoch: EpochContext? = nil
    ) throws -> BlockDefect? {
        do throws(BlockFailure) {
            _ = try BlockExecutor.execute(
                block, transactions: transactions, on: ledger.head, state: ledger.state, epoch: epoch ?? ledger.epoch)
            return nil
        } catch {
            guard case .invalid(let defect) = error else { throw error }
            return defect
        }
    }

    /// A block of these transactions, whose roots over the execution are not those it would have.
    static func handmade(_ transactions: [VerifiedTransaction], on ledger: Ledger) -> Block {
        change(
            Block(header: ledger.head, transactions: transactions.map(\.bytes), evidence: []),
            height: ledger.head.height.next,
            parent: ledger.head.hash, time: ledger.time.adding(milliseconds: 1_000))
    }

    static func change(
        _ block: Block, network: Hash? = nil, height: Height? = nil, parent: Hash? = nil, time: Timestamp? = nil,
        epoch: UInt64? = nil, validatorSet: Hash? = nil, transactions: [[UInt8]]? = nil, receiptsRoot: Hash? = nil,
        stateRoot: Hash? = nil
    ) -> Block {
        let header = block.header
        let transactions = transactions ?? block.transactions
        return Block(
            header: BlockHeader(
                network: network ?? header.network, height: height ?? header.height, parent: parent ?? header.parent,
                time: time ?? header.time, epoch: epoch ?? header.epoch, proposer: header.proposer,
                validatorSet: validatorSet ?? header.validatorSet,
                transactionsRoot: Block.transactionsRoot(of: transactions),
                receiptsRoot: receiptsRoot ?? header.receiptsRoot, evidenceRoot: Block.evidenceRoot(of: []),
                stateRoot: stateRoot ?? header.stateRoot), transactions: transactions, evidence: [])
    }

    @Test("The ledger's index knows where evidence is, so that nobody has to read the chain for it")
    func evidenceIndex() throws {
        let ledger = try Ledger()
        func evidence(_ view: UInt64) throws -> Evidence {
            func vote(_ number: UInt64) -> SignedVote {
                SignedVote(
                    vote: .finalize(
                        Epoch(0), View(view), parentView: View(0), blockHash: Hash(Bytes32(0, 0, 0, number))),
                    validator: 0, signature: Signature(noncePoint: .zero, scalar: .zero))
            }
            return try #require(Evidence(vote(1), vote(2)))
        }
        let (executed, _) = try BlockExecutor.propose(
            on: ledger.head, state: ledger.state, epoch: ledger.epoch, proposer: 0,
            time: ledger.time.adding(milliseconds: 1_000), candidates: [], evidence: [evidence(3), evidence(4)])
        let validated = try BlockExecutor.execute(
            try Block(decoding: executed.block.encoded), transactions: [], on: ledger.head, state: ledger.state,
            epoch: ledger.epoch)
        #expect(validated.layer.index == executed.layer.index)
        let height = ledger.head.height.next
        ledger.append(executed)
        let found = try ledger.state.scan(prefix: LedgerIndexes.evidence, after: nil, limit: 10, descending: true)
        let positions = found.compactMap { LedgerIndexes.position(in: $0.key.bytes) }
        #expect(positions.map(\.height) == [height, height])
        #expect(positions.map(\.index) == [1, 0])
        let accused = try GenesisExecutor.validatorSet(in: ledger.state)[0]?.key.bytes.array
        #expect(found.map(\.value) == [accused, accused])
    }

    @Test("What a proposer executed, every validator executes to the same roots, receipts and indexes")
    func agreement() throws {
        let ledger = try Ledger()
        let candidates = [
            try ledger.transaction([Ledger.mint("one", by: "alice")], by: "alice"),
            try ledger.transaction([Ledger.transfer(10, to: "carol")], by: "bob"),
            try ledger.transaction([Ledger.transfer(20, to: "carol")], by: "bob", ahead: 1),
        ]
        let (executed, refused) = try Self.propose(candidates, on: ledger)
        #expect(refused.isEmpty && executed.transactions.map(\.hash) == candidates.map(\.hash))
        let validated = try BlockExecutor.execute(
            executed.block, transactions: executed.transactions, on: ledger.head, state: ledger.state,
            epoch: ledger.epoch)
        #expect(validated.layer.root == executed.layer.root && validated.layer.root == executed.block.header.stateRoot)
        #expect(validated.receipts == executed.receipts && validated.layer.index == executed.layer.index)
        #expect(executed.block.header.receiptsRoot == executed.receipts.root)
        #expect(executed.receipts.transactions.map(\.weight) == candidates.map(\.weight))
        #expect(executed.block.header.time == ledger.time.adding(milliseconds: 1_000))
        // A clock that lags does not hold the chain up.
        let late = try Self.propose([], on: ledger, at: Timestamp(5)).executed
        #expect(late.block.header.time == Timestamp(ledger.head.time.milliseconds + 1))
    }

    @Test("A refused transaction leaves no trace, and says which operation and why")
    func noTrace() throws {
        let ledger = try Ledger()
        let good = try ledger.transaction([Ledger.transfer(10, to: "carol")], by: "bob")
        let bad = try ledger.transaction(
            [Ledger.transfer(1, to: "bob"), Ledger.mint("x", by: "alice"), Ledger.transfer(.max, to: "bob")],
            by: "alice")
        let without = try Self.propose([good], on: ledger).executed
        let (with, refused) = try Self.propose([bad, good], on: ledger)
        #expect(with.block == without.block && with.layer.root == without.layer.root)
        #expect(refused.map(\.transaction) == [bad.hash] && refused.first?.rejection.operation == 2)
        #expect(refused.first?.rejection.reason == "insufficient_balance")
        #expect(
            try Self.defect(Self.handmade([bad], on: ledger), [bad], on: ledger).map { "\($0)".contains("refused") }
                == true)
    }

    @Test("Operations apply in order and see each other; all of them or none")
    func atomicity() throws {
        let ledger = try Ledger()
        // carol can pass on only what the first operation brought her.
        let before = try ledger.balance("carol")
        let (hash, _) = try ledger.act(
            Ledger.mint("thing", by: "alice"),
            .revenue(.pay(RevenuePay(inft: .operation(0), asset: Ledger.euro, amount: Amount(5)))), by: "alice")
        #expect(try Vaults.record(of: hash.made(), in: ledger.state) != nil)
        let forward = Operation.revenue(
            .pay(RevenuePay(inft: .operation(1), asset: Ledger.euro, amount: Amount(5))))
        let refusal = try rejection { try ledger.act(forward, Ledger.mint("later", by: "alice"), by: "alice") }
        #expect(refusal?.code == 1003 && refusal?.operation == 0)
        #expect(try ledger.balance("carol") == before)
    }

    @Test("A sequence is used once, in order; the same transaction can't be in a chain twice")
    func sequences() throws {
        let ledger = try Ledger()
        let first = try ledger.transaction([Ledger.transfer(1, to: "bob")], by: "alice")
        let third = try ledger.transaction([Ledger.transfer(3, to: "bob")], by: "alice", ahead: 2)
        try ledger.block([first, first, third])
        #expect(ledger.refused.map(\.rejection.reason) == ["wrong_sequence", "wrong_sequence"])
        try ledger.block([first])
        #expect(ledger.refused.map(\.transaction) == [first.hash])
        #expect(try ledger.sequence("alice") == 1)
        let twice = Self.handmade([first, first], on: ledger)
        guard case .transaction(index: 0, let rejection) = try Self.defect(twice, [first, first], on: ledger) else {
            Issue.record("a block with a used sequence passed")
            return
        }
        #expect(rejection.reason == "wrong_sequence")
    }

    @Test("A block with a wrong header, body or root is refused, each by its own rule")
    func defects() throws {
        let ledger = try Ledger()
        let transaction = try ledger.transaction([Ledger.transfer(10, to: "carol")], by: "bob")
        let block = try Self.propose([transaction], on: ledger).executed.block
        func check(_ changed: Block, _ expected: BlockDefect) throws {
            #expect(try Self.defect(changed, [transaction], on: ledger) == expected)
        }
        #expect(try Self.defect(block, [transaction], on: ledger) == nil)
        try check(Self.change(block, network: testHash("x")), .wrongNetwork)
        try check(Self.change(block, height: Height(2)), .wrongHeight)
        try check(Self.change(block, parent: testHash("x")), .wrongParent)
        try check(Self.change(block, epoch: 1), .wrongEpoch)
        try check(Self.change(block, validatorSet: testHash("x")), .wrongValidatorSet)
        try check(Self.change(block, time: ledger.head.time), .timeNotAfterParent)
        try check(Self.change(block, receiptsRoot: testHash("x")), .wrongReceipts)
        try check(Self.change(block, stateRoot: testHash("x")), .wrongStateRoot)
        try check(
            Block(header: Self.change(block, transactions: []).header, transactions: [transaction.bytes], evidence: []),
            .bodyDoesNotMatchHeader)
        let padding = [UInt8](repeating: 0, count: WireLimits.transactionBytes)
        let large = Self.change(block, transactions: [[UInt8]](repeating: padding, count: 33))
        #expect(BlockExecutor.headerDefect(of: large, on: ledger.head, epoch: ledger.epoch) == .tooLarge)
        let many = Self.change(block, transactions: [[UInt8]](repeating: [], count: 10_001))
        #expect(BlockExecutor.headerDefect(of: many, on: ledger.head, epoch: ledger.epoch) == .tooLarge)
    }

    @Test("1005: a transaction carries exactly the signatures that its rules ask for")
    func unneededSignature() throws {
        let ledger = try Ledger()
        let refusal = try rejection {
            try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice", cosigners: ["carol"])
        }
        #expect(refusal?.code == 1005)
        let other = Operation.revenue(
            .transfer(
                RevenueTransfer(
                    from: Ledger.party("carol"), to: Ledger.party("bob"), asset: Ledger.euro, amount: Amount(7))))
        #expect(try reason { try ledger.act(other, by: "alice") } == "not_authorized")
        try ledger.act(other, by: "alice", cosigners: ["carol"])
        #expect(try ledger.balance("carol") == 999_993)
    }

    @Test("1009: a paused domain refuses its operations, but no reserved act")
    func pause() throws {
        let ledger = try Ledger()
        let (hash, _) = try ledger.act(Ledger.mint("one", by: "alice"), by: "alice")
        try ledger.act(
            .revenue(.pay(RevenuePay(inft: .id(hash.made()), asset: Ledger.euro, amount: Amount(50)))), by: "bob")
        let paused = StateOverlay(over: ledger.state)
        let until = ledger.time.adding(milliseconds: 60_000)
        paused.set(
            RecordKey<DomainControl>(StateKey(.governance, 2, DomainNumber.revenue)),
            DomainControl(since: testStart, until: until))
        func reason(_ operation: Operation, at time: Timestamp) throws -> String? {
            let transaction = try ledger.transaction([operation], by: "alice")
            let block = BlockContext(
                network: ledger.epoch.network, networkKind: .test, height: ledger.head.height.next, time: time)
            return try TestSupport.reason { _ = try BlockExecutor.simulate(transaction, on: paused, in: block) }
        }
        let transfer = Ledger.transfer(1, to: "bob")
        #expect(try reason(transfer, at: ledger.time) == "domain_paused")
        #expect(try reason(transfer, at: until) == nil)
        #expect(try reason(Ledger.mint("two", by: "alice"), at: ledger.time) == nil)
        #expect(
            try reason(.revenue(.claim(RevenueClaim(inft: hash.made(), asset: Ledger.euro))), at: ledger.time) == nil)
    }

    @Test("A pause keeps nobody from meeting a deadline; all else of the domain it does")
    func deadlinesInPause() throws {
        let ledger = try Ledger()
        let paused = StateOverlay(over: ledger.state)
        for domain in [DomainNumber.licenses, .consents] {
            paused.set(
                RecordKey<DomainControl>(StateKey(.governance, 2, domain)),
                DomainControl(since: testStart, until: ledger.time.adding(milliseconds: 60_000)))
        }
        func reason(_ operation: Operation) throws -> String? {
            let transaction = try ledger.transaction([operation], by: "alice")
            let block = BlockContext(
                network: ledger.epoch.network, networkKind: .test, height: ledger.head.height.next, time: ledger.time)
            return try TestSupport.reason { _ = try BlockExecutor.simulate(transaction, on: paused, in: block) }
        }
        let license: LicenseID = testIdentifier("license")
        let dispute: DisputeID = testIdentifier("dispute")
        let hash = testHash("commitment")
        let timely: [LicenseOperation] = [
            .raiseDispute(RaiseDispute(license: license, ground: .content, evidence: hash, nonceCommitment: hash)),
            .respondDispute(RespondDispute(dispute: dispute, nonceCommitment: hash)),
            .revealDisputeNonce(RevealDisputeNonce(dispute: dispute, nonce: hash)),
            .acceptDispute(AcceptDispute(dispute: dispute)),
            .declineDispute(DeclineDispute(dispute: dispute)),
            .commitDisputeVote(CommitDisputeVote(dispute: dispute, commitment: hash)),
            .revealDisputeVote(RevealDisputeVote(dispute: dispute, vote: .uphold, salt: hash)),
            .appealDispute(AppealDispute(dispute: dispute, nonceCommitment: hash)),
            .acknowledgeRecall(
                AcknowledgeRecall(license: license, recall: testIdentifier("recall"), answer: .stopped)),
            .surrender(SurrenderLicense(license: license)),
        ]
        for operation in timely {
            let refusal = try reason(.licenses(operation))
            #expect(refusal?.hasPrefix("unknown_") == true, "\(operation): \(refusal ?? "")")
        }
        let untimely: [LicenseOperation] = [
            .advanceDispute(AdvanceDispute(dispute: dispute)), .settleDispute(SettleDispute(dispute: dispute)),
            .registerTerms(RegisterTerms(terms: TermsPreset.openAccess.terms)),
        ]
        for operation in untimely { #expect(try reason(.licenses(operation)) == "domain_paused") }
    }

    @Test("Simulation answers what execution would do, signed or not, and changes nothing")
    func simulation() throws {
        let ledger = try Ledger()
        let transaction = try ledger.transaction([Ledger.mint("one", by: "alice")], by: "alice")
        let block = BlockContext(
            network: ledger.epoch.network, networkKind: .test, height: ledger.head.height.next,
            time: ledger.time.adding(milliseconds: 1_000))
        let root = ledger.state.root
        let events = try BlockExecutor.simulate(transaction, on: ledger.state, in: block)
        let unsigned = try SimulatedTransaction(transaction.body.signed([]).bytes, network: ledger.epoch.network)
        let again = try BlockExecutor.simulate(unsigned, on: ledger.state, in: block)
        #expect(ledger.state.root == root)
        let executed = try ledger.block([transaction])
        let real = executed.receipts.transactions[0].events
        #expect(events.map { EventRecord($0) } == real && again.map { EventRecord($0) } == real)
        #expect(
            try reason { _ = try BlockExecutor.simulate(transaction, on: ledger.state, in: block) } == "wrong_sequence")
    }

    @Test("Units that appear or vanish stop the block: damage, never a vote")
    func conservation() throws {
        let ledger = try Ledger()
        let pay = Operation.revenue(
            .pay(RevenuePay(inft: .operation(0), asset: Ledger.euro, amount: Amount(50))))
        let transaction = try ledger.transaction([Ledger.mint("one", by: "alice"), pay], by: "alice")
        let key = RevenueKeys.totals(Ledger.euro)
        var totals = try Assets.totals(Ledger.euro, in: ledger.state)
        totals.issued = Amount(totals.issued.units + 1)
        let layer = try StateLayer.make(
            height: ledger.head.height, over: ledger.state, changes: [(key.key, totals.encoded)], index: [])
        let damaged = ledger.state.adding(layer)
        #expect(throws: StateFailure.self) {
            _ = try BlockExecutor.propose(
                on: ledger.head, state: damaged, epoch: ledger.epoch, proposer: 0, time: ledger.time,
                candidates: [transaction])
        }
        // A balance that changed without its total.
        let balance = RevenueKeys.balance(Ledger.party("bob"), Ledger.euro)
        var record = try #require(try ledger.state.record(balance))
        record.amount = Amount(record.amount.units + 1)
        #expect(throws: Refusal.self) {
            try Conservation.check([
                StateChange(
                    path: StateTrie.path(of: balance.key), key: balance.key, before: try ledger.state.read(balance.key),
                    after: record.encoded)
            ])
        }
    }
}
