internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum ConsentTasks {
    static let all = [countersigned, reviews]

    /// Consents that their custodian is to countersign.
    private static let countersigned = TaskSource(
        ConsentQueries.list, { ConsentListParameters(subject: nil, custodian: $0) },
        tasks: { (view: ConsentView, _, context) throws(Refusal) in
            let consent = view.consent
            guard consent.effectiveAt == nil, consent.withdrawnAt == nil,
                consent.expiresAt.map({ $0 > context.block.time }) ?? true
            else { return [] }
            return [
                PartyTask(
                    ConsentCountersign.name, from: consent.subject, since: consent.grantedAt,
                    deadline: consent.expiresAt
                ) { $0.consent = consent.id }
            ]
        })

    /// Broken glass to review.
    private static let reviews = TaskSource(
        AccountingQueries.reviews, { ConsentReviewsParameters(party: $0) },
        tasks: { (review: ReviewRecord, _, _) throws(Refusal) in
            [
                PartyTask(ConsentReview.name, from: review.subject, since: review.openedAt, deadline: review.deadline) {
                    $0.consent = review.consent
                    $0.disclosure = review.disclosure
                }
            ]
        })
}
