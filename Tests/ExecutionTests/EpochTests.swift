import Blocks
import Cryptography
import Encoding
import Execution
import Governance
import Identities
import Primitives
import StateModel
import TestSupport
import Testing
import Transactions
import Votes

/// The epoch's end as blocks see it: proposer, validator and replay alike.
struct EpochTests {
    private static func request(_ ledger: Ledger) -> EnrollmentRequest {
        EnrollmentRequest.signed(
            network: ledger.genesis.hash, name: "clinic", institution: .organization(Ledger.clinic),
            validatorSecret: Ledger.key("carol"), transportSecret: Ledger.key("bob"), auxiliary: .zero)
    }

    /// The hospital, the only validator's institution, proposes and accepts in one transaction.
    private static func accept(_ change: GovernanceChange, _ ledger: Ledger) throws {
        let hospital = Party.organization(Ledger.hospital)
        try ledger.act(
            .governance(
                .propose(
                    GovernancePropose(
                        institution: hospital, change: change, deadline: ledger.time.adding(milliseconds: 3_600_000),
                        rationale: testHash("reasons")))),
            .governance(.vote(GovernanceVote(proposal: .operation(0), institution: hospital, approves: true))),
            by: "registrar", actingFor: Ledger.hospital)
    }

    private static func ledger() throws -> Ledger { try Ledger(Ledger.genesis(epochLength: 10)) }

    @Test("The last block of an epoch is of the old one; its state holds the next set, epoch and parameters")
    func boundary() throws {
        let ledger = try Self.ledger()
        try Self.accept(.enroll(Self.request(ledger)), ledger)
        try Self.accept(
            .parameters([ParameterChange(.epochLength, 20), ParameterChange(.blockWeight, 20_000)]), ledger)
        let first = ledger.epoch
        while ledger.head.height < Height(9) { try ledger.block([]) }
        #expect(ledger.epoch == first)
        let last = try ledger.block([try ledger.transaction([Ledger.transfer(1, to: "bob")], by: "alice")])
        #expect(last.block.header.height == Height(10) && last.block.header.epoch == 0)
        #expect(last.block.header.validatorSet == first.validatorSet)
        let names = try last.receipts.due.events.map { try DomainDispatch.event($0).name }
        #expect(names == ["governance.parametersChanged", "governance.validatorSetChanged"])
        #expect(ledger.epoch.epoch == 1 && ledger.epoch.validatorSet != first.validatorSet)
        #expect(
            try Epochs.current(in: ledger.state)
                == EpochRecord(number: Epoch(1), firstHeight: Height(11), lastHeight: Height(30)))
        #expect(try Validators.records(in: ledger.state).map(\.name) == ["node", "clinic"])
        #expect(try Parameters.current(in: ledger.state).blockWeight == 20_000)
        let next = try ledger.block([])
        #expect(next.block.header.epoch == 1 && next.block.header.validatorSet == ledger.epoch.validatorSet)
        #expect(try ledger.replayDifference() == nil)
    }

    @Test("A block past the epoch's end that names the old epoch or the old set is refused")
    func headers() throws {
        let ledger = try Self.ledger()
        try Self.accept(.enroll(Self.request(ledger)), ledger)
        let old = ledger.epoch
        while ledger.head.height < Height(10) { try ledger.block([]) }
        func defect(_ epoch: EpochContext) throws -> BlockDefect? {
            let proposed = try BlockExecutor.propose(
                on: ledger.head, state: ledger.state, epoch: epoch, proposer: 0,
                time: ledger.time.adding(milliseconds: 1), candidates: [])
            do throws(BlockFailure) {
                _ = try BlockExecutor.execute(
                    proposed.executed.block, transactions: [], on: ledger.head, state: ledger.state,
                    epoch: ledger.epoch)
                return nil
            } catch .invalid(let defect) {
                return defect
            }
        }
        #expect(try defect(old) == .wrongEpoch)
        let oldSet = EpochContext(
            network: old.network, networkKind: old.networkKind, epoch: 1, validatorSet: old.validatorSet)
        #expect(try defect(oldSet) == .wrongValidatorSet)
        #expect(try defect(ledger.epoch) == nil)
    }

    @Test("[C19] A block begins a new epoch if a quorum signed it on its parent; nothing else of the kind is a block")
    func restart() throws {
        let ledger = try Self.ledger()
        try ledger.block([])
        let parent = ledger.head
        func signed(_ epoch: UInt64, on block: Hash, by name: String) -> EpochRestart {
            let message = EpochRestart.message(network: ledger.genesis.hash, epoch: Epoch(epoch), lastBlock: block)
            return EpochRestart(
                epoch: Epoch(epoch), lastBlock: block,
                signatures: [
                    EpochRestart.Signed(
                        validator: 0,
                        signature: Schnorr.sign(message: message, secret: Ledger.key(name), auxiliary: .zero))
                ])
        }
        func executed(_ restart: EpochRestart) throws -> (ExecutedBlock?, BlockDefect?) {
            let proposed = try BlockExecutor.propose(
                on: parent, state: ledger.state, epoch: ledger.epoch, proposer: 0,
                time: ledger.time.adding(milliseconds: 5_000), candidates: [], restart: restart
            ).executed
            let block = try Block(decoding: proposed.block.encoded)
            do throws(BlockFailure) {
                let again = try BlockExecutor.execute(
                    block, transactions: [], on: parent, state: ledger.state, epoch: ledger.epoch)
                return (again, nil)
            } catch .invalid(let defect) {
                return (nil, defect)
            }
        }
        #expect(try executed(signed(1, on: parent.hash, by: "alice")).1 == .badRestart)
        #expect(try executed(signed(1, on: .zero, by: "registrar")).1 == .badRestart)
        #expect(try executed(signed(0, on: parent.hash, by: "registrar")).1 == .wrongEpoch)
        #expect(try executed(signed(7, on: parent.hash, by: "registrar")).1 == nil, "a number may be passed over")
        let unsigned = EpochRestart(epoch: Epoch(1), lastBlock: parent.hash, signatures: [])
        #expect(try executed(unsigned).1 == .badRestart)
        let (good, defect) = try executed(signed(1, on: parent.hash, by: "registrar"))
        #expect(defect == nil)
        let block = try #require(good)
        // The header commits to it.
        let stripped = Block(header: block.block.header, transactions: [], evidence: [])
        #expect(BlockExecutor.headerDefect(of: stripped, on: parent, epoch: ledger.epoch) == .wrongEpoch)
        #expect(!stripped.bodyMatchesHeader)
        ledger.append(block)
        let record = try Epochs.current(in: ledger.state)
        #expect(record.number == Epoch(1))
        #expect(record.firstHeight == parent.height.next)
        #expect(record.lastHeight.value == parent.height.value + 10)
        #expect(try ledger.replayDifference() == nil)
    }

    @Test("A change that no longer fits fails no block: the institution lost its accreditation in the last one")
    func superseded() throws {
        let ledger = try Self.ledger()
        try Self.accept(.enroll(Self.request(ledger)), ledger)
        while ledger.head.height < Height(9) { try ledger.block([]) }
        let accreditation = try #require(
            try ledger.state.record(
                IdentityKeys.accepted(.organization(Ledger.clinic), CredentialType.accreditation))?.ids.first)
        try ledger.act(
            .identities(.revokeCredential(RevokeCredential(credential: accreditation, reason: .error))), by: "board")
        #expect(ledger.head.height == Height(10))
        let events = try #require(ledger.blocks.last).receipts.due.events.map { try DomainDispatch.event($0) }
        #expect(events.map(\.name) == ["governance.superseded"])
        #expect(try Validators.records(in: ledger.state).count == 1 && ledger.epoch.epoch == 1)
        #expect(try ledger.replayDifference() == nil)
    }

    @Test("Proposals expire by due work, in a block without transactions")
    func deadline() throws {
        let ledger = try Self.ledger()
        let hospital = Party.organization(Ledger.hospital)
        try ledger.act(
            .governance(
                .propose(
                    GovernancePropose(
                        institution: hospital, change: .parameters([ParameterChange(.blockWeight, 30_000)]),
                        deadline: ledger.time.adding(milliseconds: 120_000), rationale: testHash("reasons")))),
            by: "registrar", actingFor: Ledger.hospital)
        try ledger.block([], after: 100_000)
        #expect(try DueTests.names(ledger) == [])
        try ledger.block([], after: 100_000)
        #expect(try DueTests.names(ledger) == ["governance.expired"])
    }

    @Test("Events of the epoch's end stand behind those of due work and before the transactions'")
    func ordinals() throws {
        let ledger = try Self.ledger()
        try Self.accept(.enroll(Self.request(ledger)), ledger)
        while ledger.head.height < Height(9) { try ledger.block([]) }
        let last = try ledger.block([try ledger.transaction([Ledger.transfer(1, to: "bob")], by: "alice")])
        let all = last.receipts.due.events + last.receipts.transactions.flatMap(\.events)
        let names = try all.map { try DomainDispatch.event($0).name }
        let place = try #require(names.firstIndex(of: "governance.validatorSetChanged"))
        #expect(place == last.receipts.due.events.count - 1 && names.count > place + 1)
        let clinic = Topic.party(.organization(Ledger.clinic))
        #expect(try DomainDispatch.event(all[place]).topics.contains(clinic))
    }
}
