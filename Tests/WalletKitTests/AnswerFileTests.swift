import Consents
import Cryptography
import INFTs
import Licenses
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
        _ subject: String = "one", revision: UInt64 = 1, delivery: String? = nil, to recipient: String = "reader"
    ) -> AnswerFile.Question {
        AnswerFile.Question(
            basis: .set(ConsentSetID(testHash("set").bytes)), revision: revision,
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

    private static func signature(_ signer: String) throws -> AnswerSignature {
        let secret = try #require(SecretKey(testHash("secret").bytes))
        return AnswerSignature(
            signer: address(signer),
            signature: Schnorr.sign(message: testHash(signer), secret: secret, auxiliary: testHash("a").bytes))
    }

    @Test("A file goes on for its own question, begins anew for a delivery's next one, and is another's otherwise")
    func continuation() {
        let file = AnswerFile(Self.question(delivery: "d"))
        #expect(file.continuation(by: Self.question(delivery: "d")) == .goesOn)
        #expect(file.continuation(by: Self.question(revision: 2, delivery: "d")) == .isOver)
        #expect(file.continuation(by: Self.question("other", delivery: "d")) == .isOver)
        #expect(file.continuation(by: Self.question(revision: 0, delivery: "d")) == .isForeign)
        #expect(file.continuation(by: Self.question(delivery: "e")) == .isForeign)
        #expect(file.continuation(by: Self.question()) == .isForeign)
        // Of what the ledger does not ask, nobody knows what is over.
        let typed = AnswerFile(Self.question())
        #expect(typed.continuation(by: Self.question(revision: 2)) == .isForeign)
        #expect(typed.continuation(by: Self.question(to: "other")) == .isForeign)
    }

    @Test("Signatures of several add up for one time; another time takes their place")
    func signatures() throws {
        var file = AnswerFile(Self.question())
        let early = Self.statement(.review, by: "org", until: testStart)
        file.add(try Self.signature("a"), to: early)
        file.add(try Self.signature("b"), to: early)
        file.add(try Self.signature("a"), to: early)
        guard case .signed(_, testStart, let both) = try #require(file.answers.first).evidence else {
            Issue.record("no signed answer")
            return
        }
        #expect(both.map(\.signer) == [Self.address("a"), Self.address("b")].sorted() && file.answers.count == 1)
        #expect(file.end(of: .review, by: Self.party("org"), besides: Self.address("c")) == testStart)
        #expect(file.end(of: .review, by: Self.party("other"), besides: Self.address("c")) == nil)
        #expect(file.end(of: .ethicsApproval, by: Self.party("org"), besides: Self.address("c")) == nil)
        let later = testStart.adding(milliseconds: 5)
        file.add(try Self.signature("a"), to: Self.statement(.review, by: "org", until: later))
        guard case .signed(_, later, let one) = try #require(file.answers.first).evidence else {
            Issue.record("no signed answer")
            return
        }
        #expect(one.map(\.signer) == [Self.address("a")])
        // Who signed alone may sign for another time.
        #expect(file.end(of: .review, by: Self.party("org"), besides: Self.address("a")) == nil)
    }

    @Test("Unless somebody says it, answers for uses last as long as the uses, and a year where they have no end")
    func ends() {
        let week = testStart.adding(milliseconds: 7 * millisecondsPerDay)
        #expect(AnswerFile.end(of: Self.requests, for: nil, now: testStart) == week)
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
