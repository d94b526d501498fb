import Cryptography
import Node
import Primitives
import Synchronization
import Testing

@Suite struct AdmissionTicketsTests {
    private static func hash(_ number: UInt8) -> Hash { HashTag.wire.hash([number]) }
    private static let rejection = Rejection(
        code: 1040, reason: "pool_full", domain: "mempool", message: "full", hint: "", retryable: true)

    private final class Answers: Sendable {
        private let all = Mutex<[[Hash?]]>([])
        var told: [[Hash?]] { all.withLock { $0 } }
        func tell(_ results: [Result<Hash, Rejection>]) { all.withLock { $0.append(results.map { try? $0.get() }) } }
    }

    @Test("A call of many is answered once, in its order, when all are decided; and what is decided twice counts once")
    func together() {
        let tickets = AdmissionTickets()
        let answers = Answers()
        let first = tickets.open(3) { answers.tell($0) }
        let other = tickets.open { answers.tell([$0]) }
        tickets.answer(first + 2, .success(Self.hash(2)))
        tickets.answer(first, .success(Self.hash(0)))
        tickets.answer(first, .failure(Self.rejection))
        #expect(answers.told.isEmpty)
        tickets.answer(other, .success(Self.hash(9)))
        tickets.answer(first + 1, .failure(Self.rejection))
        #expect(answers.told == [[Self.hash(9)], [Self.hash(0), nil, Self.hash(2)]])
    }

    @Test("Where the node stops everyone is answered, and what was decided stays so")
    func stopping() {
        let tickets = AdmissionTickets()
        let answers = Answers()
        let first = tickets.open(2) { answers.tell($0) }
        tickets.answer(first, .success(Self.hash(1)))
        tickets.answerAll(.failure(Self.rejection))
        #expect(answers.told == [[Self.hash(1), nil]])
        tickets.answerAll(.failure(Self.rejection))
        #expect(answers.told.count == 1)
    }
}
