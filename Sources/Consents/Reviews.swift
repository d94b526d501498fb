internal import Primitives
internal import StateModel

/// The open reviews of each custodian, and the power that it loses while one of them is overdue.
enum Reviews {
    /// True if a review was left open past its deadline at `time`: until all that are overdue are answered, nobody
    /// breaks the glass there. Follows from the records alone, whether or not anybody was told.
    static func isSuspended(_ custodian: Party, at time: Timestamp, in state: any StateReader) throws(Refusal) -> Bool {
        guard let book = try state.record(ConsentsKeys.reviewBook(custodian)) else { return false }
        if let since = try lapseStart(book, in: state), time >= since { return true }
        var number = book.lapses
        while number > 0 {
            number -= 1
            guard let lapse = try state.record(ConsentsKeys.lapse(custodian, number)) else {
                throw .failed(StateFailure("lapse \(number) of \(custodian) is missing"))
            }
            if time >= lapse.until { return false }
            if time >= lapse.from { return true }
        }
        return false
    }

    static func record(_ id: DisclosureID, in state: any StateReader) throws(Refusal) -> ReviewRecord? {
        try state.record(ConsentsKeys.review(id))
    }

    /// When the lapse began, or will begin unless reviews are closed; nil if none is open.
    private static func lapseStart(_ book: ReviewBook, in state: any StateReader) throws(Refusal) -> Timestamp? {
        if let since = book.lapseSince { return since }
        guard let first = book.first else { return nil }
        return try require(first, in: state).deadline
    }

    private static func require(_ id: DisclosureID, in state: any StateReader) throws(Refusal) -> ReviewRecord {
        guard let review = try record(id, in: state) else {
            throw .failed(StateFailure("the review of \(id) is missing"))
        }
        return review
    }

    static func open(_ review: ReviewRecord, in context: OperationContext) throws(Refusal) {
        let state = context.state
        var review = review
        var book = try state.record(ConsentsKeys.reviewBook(review.custodian)) ?? ReviewBook()
        if let last = book.last {
            var before = try require(last, in: state)
            before.next = review.disclosure
            state.set(ConsentsKeys.review(last), before)
            review.previous = last
        } else {
            book.first = review.disclosure
        }
        book.last = review.disclosure
        book.open += 1
        state.set(ConsentsKeys.review(review.disclosure), review)
        state.set(ConsentsKeys.reviewBook(review.custodian), book)
        try DueQueue.schedule(
            DueItem(domain: .consents, kind: ConsentLife.reviewDue, subject: review.disclosure.bytes),
            at: review.deadline, in: state)
    }

    static func close(_ id: DisclosureID, _ closing: ReviewClosing, in context: OperationContext) throws(Refusal) {
        let state = context.state
        var review = try require(id, in: state)
        guard var book = try state.record(ConsentsKeys.reviewBook(review.custodian)),
            let since = try lapseStart(book, in: state)
        else { throw .failed(StateFailure("the open reviews of \(review.custodian) are missing")) }
        if let previous = review.previous {
            var before = try require(previous, in: state)
            before.next = review.next
            state.set(ConsentsKeys.review(previous), before)
        } else {
            book.first = review.next
        }
        if let next = review.next {
            var after = try require(next, in: state)
            after.previous = review.previous
            state.set(ConsentsKeys.review(next), after)
        } else {
            book.last = review.previous
        }
        book.open -= 1
        review.closing = closing
        review.previous = nil
        review.next = nil
        state.set(ConsentsKeys.review(id), review)
        if since <= closing.at { try settleLapse(&book, of: review.custodian, since: since, at: closing.at, in: state) }
        state.set(ConsentsKeys.reviewBook(review.custodian), book)
        context.emit(ConsentEvent.reviewed(ReviewFact(review)))
    }

    /// The lapse goes on as long as another review is overdue.
    private static func settleLapse(
        _ book: inout ReviewBook, of custodian: Party, since: Timestamp, at time: Timestamp, in state: StateOverlay
    ) throws(Refusal) {
        if let first = book.first, try require(first, in: state).deadline <= time {
            book.lapseSince = since
            return
        }
        book.lapseSince = nil
        state.set(ConsentsKeys.lapse(custodian, book.lapses), ReviewLapse(from: since, until: time))
        book.lapses += 1
    }

    /// Tells of a review that time has made overdue.
    static func tellOverdue(_ id: DisclosureID, in context: OperationContext) throws(Refusal) {
        guard let review = try record(id, in: context.state), review.closing == nil,
            review.deadline <= context.block.time
        else { return }
        context.emit(ConsentEvent.reviewOverdue(ReviewFact(review)))
    }
}
