package import Primitives

/// Who waits for the pool's decision, by ticket. Used by the driver's thread alone.
package final class AdmissionTickets {
    private final class Batch {
        var results: [Result<Hash, Rejection>?]
        var open: Int
        let first: UInt64
        let answer: @Sendable ([Result<Hash, Rejection>]) -> Void

        init(_ count: Int, first: UInt64, _ answer: @escaping @Sendable ([Result<Hash, Rejection>]) -> Void) {
            results = Array(repeating: nil, count: count)
            open = count
            self.first = first
            self.answer = answer
        }
    }

    private var batches: [UInt64: Batch] = [:]
    private var last: UInt64 = 0

    package init() {}

    package func open(_ answer: @escaping @Sendable (Result<Hash, Rejection>) -> Void) -> UInt64 {
        open(1) { results in answer(results[0]) }
    }

    /// The first of `count` ≥ 1 tickets in a row, which are answered together.
    package func open(_ count: Int, _ answer: @escaping @Sendable ([Result<Hash, Rejection>]) -> Void) -> UInt64 {
        precondition(count > 0, "somebody waits")
        let first = last + 1
        last += UInt64(count)
        let batch = Batch(count, first: first, answer)
        for ticket in first...last { batches[ticket] = batch }
        return first
    }

    package func answer(_ ticket: UInt64, _ result: Result<Hash, Rejection>) {
        guard let batch = batches.removeValue(forKey: ticket) else { return }
        batch.results[Int(ticket - batch.first)] = result
        batch.open -= 1
        if batch.open == 0 { batch.answer(batch.results.compactMap { $0 }) }
    }

    /// Of everyone who still waits: the node stops.
    package func answerAll(_ result: Result<Hash, Rejection>) {
        for ticket in batches.keys.sorted() { answer(ticket, result) }
    }
}
