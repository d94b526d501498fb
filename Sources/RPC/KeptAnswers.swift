package import Interface
package import Primitives
import Synchronization

/// Answers of one state, the newest that answered: an identical question finds them until the next block is final.
///
/// Bounded in bytes, keys and bookkeeping counted: when full it begins anew, so that nothing is ever looked through.
package final class KeptAnswers: AnswerMemory {
    private struct State {
        var height = Height.genesis
        var answers: [AnswerKey: [UInt8]] = [:]
        var byteCount = 0
    }

    /// What a dictionary's entry and two arrays take beside their bytes, rounded up.
    private static let entryBytes = 160

    private let byteLimit: Int
    /// One answer takes at most a share of the memory, or a few large ones would drive out all the others.
    private let answerLimit: Int
    private let state = Mutex(State())
    /// Under a lock of its own: writing it takes tens of milliseconds.
    private let document = Mutex<[UInt8]?>(nil)

    package init(byteLimit: Int = 8 << 20) {
        self.byteLimit = byteLimit
        answerLimit = byteLimit / 32
    }

    /// Of what is kept now, for tests.
    package var byteCount: Int { state.withLock { $0.byteCount } }

    package func answer(to question: AnswerKey, at height: Height) -> [UInt8]? {
        let (answer, dropped) = state.withLock { state -> ([UInt8]?, [AnswerKey: [UInt8]]) in
            if state.height == height { return (state.answers[question], [:]) }
            guard state.height < height else { return (nil, [:]) }
            return (nil, Self.begin(&state, height))
        }
        _ = dropped
        return answer
    }

    package func keep(_ answer: [UInt8], to question: AnswerKey, at height: Height) {
        let bytes = answer.count + question.bytes.count + Self.entryBytes
        guard bytes <= answerLimit else { return }
        let dropped = state.withLock { state -> [AnswerKey: [UInt8]] in
            // A state that is no longer the newest has nothing to add.
            guard height >= state.height else { return [:] }
            let isFull = state.byteCount + bytes > byteLimit
            let dropped = height > state.height || isFull ? Self.begin(&state, height) : [:]
            if state.answers.updateValue(answer, forKey: question) == nil { state.byteCount += bytes }
            return dropped
        }
        _ = dropped
    }

    /// What was kept is handed out, so that it is freed where nobody waits for the lock.
    private static func begin(_ state: inout State, _ height: Height) -> [AnswerKey: [UInt8]] {
        let dropped = state.answers
        state.answers = [:]
        state.byteCount = 0
        state.height = height
        return dropped
    }

    package func document(_ write: () -> [UInt8]) -> [UInt8] {
        // Whoever asks meanwhile waits: a hundred callers would else write a hundred.
        document.withLock { document in
            if let document { return document }
            let new = write()
            document = new
            return new
        }
    }
}
