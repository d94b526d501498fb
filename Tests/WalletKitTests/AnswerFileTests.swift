import Consents
import Cryptography
import INFTs
import Primitives
import TestSupport
import Testing
import WalletKit

/// Answers for one release are never taken for those for another, and what others signed is not lost.
@Suite struct AnswerFileTests {
    private static let requests = [UseRequest(actor: party("reader"), action: .access, purposes: [.research])]

    private static func party(_ name: String) -> Party { .account(address(name)) }
    private static func address(_ name: String) -> Address { Address(testHash(name).bytes) }

    private static func question(
        _ subject: String = "one", revision: UInt64 = 1, requests: [UseRequest] = requests, delivery: String? = nil,
        set: String = "set", to recipient: String = "reader"
    ) -> AnswerFile.Question {
        AnswerFile.Question(
            basis: .set(ConsentSetID(testHash(set).bytes)), revision: revision,
            requests: UseRequest.hash(of: requests), subject: testHash(subject), recipient: party(recipient),
            delivery: delivery.map { DeliveryID(testHash($0).bytes) })
    }

    private static func statement(_ need: Need, by name: String, until: Timestamp) -> NeedStatement {
        let question = question()
        return NeedStatement(
            network: testHash("network"), basis: question.basis, revision: 1, requests: question.requests,
            subject: question.subject.bytes, recipient: question.recipient, need: need, by: party(name),
            validUntil: until)
    }

    private static func secret(_ name: String) throws -> SecretKey {
        try #require(SecretKey(testHash("secret \(name)").bytes))
    }

    /// Whose key is the first one of the account.
    private static func account(_ name: String) -> Address { (try? secret(name).address) ?? Address(.zero) }

    private static func signature(_ signer: String, over message: Hash) throws -> AnswerSignature {
        AnswerSignature(
            signer: account(signer),
            signature: Schnorr.sign(message: message, secret: try secret(signer), auxiliary: testHash("a").bytes))
    }

    @Test("A file goes on for its own question, begins anew for a delivery's next one, and is another's otherwise")
    func continuation() {
        func next(_ file: AnswerFile, _ question: AnswerFile.Question) -> AnswerFile.Continuation {
            file.continuation(by: question, at: testStart)
        }
        let file = AnswerFile(Self.question(delivery: "d"), since: testStart)
        #expect(next(file, Self.question(delivery: "d")) == .goesOn)
        #expect(next(file, Self.question(revision: 2, delivery: "d")) == .isOver)
        #expect(next(file, Self.question(requests: [], delivery: "d")) == .isOver)
        #expect(next(file, Self.question(revision: 0, delivery: "d")) == .isForeign)
        // Revisions of two sets are not compared.
        #expect(next(file, Self.question(revision: 0, delivery: "d", set: "successor")) == .isOver)
        #expect(next(file, Self.question(delivery: "e")) == .isForeign)
        #expect(next(file, Self.question()) == .isForeign)
        // Of what the ledger does not ask, nobody knows what is over.
        let typed = AnswerFile(Self.question(), since: testStart)
        #expect(next(typed, Self.question(revision: 2)) == .isForeign)
        #expect(next(typed, Self.question(to: "other")) == .isForeign)
    }

    @Test("Who renews answers whose time is half over begins anew; who adds a signature before does not")
    func renewal() throws {
        func at(_ days: UInt64) -> Timestamp { testStart.adding(milliseconds: days * millisecondsPerDay) }
        var file = AnswerFile(Self.question(), since: testStart)
        file.add(try Self.signature("a", over: testHash("a")), to: Self.statement(.review, by: "org", until: at(90)))
        for (day, next) in [(0, .goesOn), (45, .goesOn), (46, .isOver), (91, .isOver)]
            as [(UInt64, AnswerFile.Continuation)]
        {
            #expect(file.continuation(by: Self.question(), at: at(day)) == next, "day \(day)")
        }
    }

    @Test("Signatures of several add up for one time; another time takes their place")
    func signatures() throws {
        var file = AnswerFile(Self.question(), since: testStart)
        func reviewed(_ end: Timestamp) -> NeedStatement { Self.statement(.review, by: "org", until: end) }
        let early = reviewed(testStart)
        let (one, two) = (Self.account("one"), Self.account("two"))
        file.add(try Self.signature("one", over: early.hash), to: early)
        file.add(try Self.signature("two", over: early.hash), to: early)
        file.add(try Self.signature("one", over: early.hash), to: early)
        guard case .signed(_, testStart, let both) = try #require(file.answers.first).evidence else {
            Issue.record("no signed answer")
            return
        }
        #expect(both.map(\.signer) == [one, two].sorted() && file.answers.count == 1)
        #expect(file.others(who: reviewed, besides: one) == AnswerFile.Others(end: testStart, isVerified: true))
        #expect(file.others(who: { Self.statement(.review, by: "x", until: $0) }, besides: one) == nil)
        #expect(file.others(who: { Self.statement(.ethicsApproval, by: "org", until: $0) }, besides: one) == nil)
        // By the key that an account has now.
        #expect(
            file.others(who: reviewed, besides: one, key: { $0 == two ? one : $0 })
                == AnswerFile.Others(end: testStart, isVerified: false))
        #expect(file.signatures(of: .review) == 2 && file.signatures(of: .ethicsApproval) == 0)
        var kept = file
        #expect(kept.keep(signersOf: Self.party("other"), [one]).isEmpty && kept == file)
        #expect(kept.keep(signersOf: Self.party("org"), [one]) == [two] && kept.signatures(of: .review) == 1)
        #expect(kept.keep(signersOf: Self.party("org"), []) == [one] && kept.answers.isEmpty)
        let later = testStart.adding(milliseconds: 5)
        file.add(try Self.signature("one", over: testHash("else")), to: reviewed(later))
        guard case .signed(_, later, let alone) = try #require(file.answers.first).evidence else {
            Issue.record("no signed answer")
            return
        }
        #expect(alone.map(\.signer) == [one])
        // Who signed alone may sign for another time; what others signed for something else shows no time.
        #expect(file.others(who: reviewed, besides: one) == nil)
        #expect(file.others(who: reviewed, besides: two) == AnswerFile.Others(end: later, isVerified: false))
    }

    @Test("Unless somebody says it, answers for uses last as long as the uses, and a year where they have no end")
    func ends() {
        func after(_ days: UInt64) -> Timestamp { testStart.adding(milliseconds: days * millisecondsPerDay) }
        func delivery(_ act: SealingAct) -> DeliveryRecord {
            DeliveryRecord(
                id: DeliveryID(testHash("d").bytes), act: act, inft: INFTID(testHash("i").bytes), version: 1,
                license: nil, from: Self.party("a"), to: Self.party("reader"), sealingKey: nil, requestedAt: testStart,
                beginBy: testStart)
        }
        func end(_ days: [UInt64?], _ act: SealingAct?) -> Timestamp {
            let requests = days.map { days in
                UseRequest(
                    actor: Self.party("reader"), action: .access, purposes: [.research],
                    usePeriod: days.map { Period(from: testStart, until: after($0)) })
            }
            return AnswerFile.end(of: requests, for: act.map(delivery), now: testStart)
        }
        #expect(end([90], nil) == after(7) && end([90], .transfer) == after(7))
        #expect(end([90], .license) == after(90) && end([90, 120], .licenseRevision) == after(120))
        #expect(end([nil], .license) == after(365) && end([2], .license) == after(7))
    }

    @Test("Diseases that an opened restriction does not name are told, unless the ontology leads there")
    func outside() {
        func term(_ code: String) -> CodedTerm { CodedTerm(system: .mondo, code: code) }
        let given = CommitmentOpening(.restriction(.disease), salt: testHash("salt"), terms: [term("0005015")])
        let tree = OntologyTree([OntologyTree.Edge(child: term("0005148"), parent: "0005015")])
        #expect(given.outside([term("0005015")], ontology: nil).isEmpty)
        #expect(given.outside([term("0005148")], ontology: nil) == [term("0005148")])
        #expect(given.outside([term("0005148")], ontology: tree).isEmpty)
        #expect(given.outside([term("0004992"), term("0005148")], ontology: tree) == [term("0004992")])
    }
}
