public import Primitives

/// A release as a query shows it.
public struct DisclosureView: Codable, Hashable, Sendable {
    public let disclosure: DisclosureRecord
    /// The consent by which it concerns the one who asks; nil where nobody's consents were asked for.
    public let consent: ConsentID?
    /// Of broken glass.
    public let review: ReviewRecord?

    public init(disclosure: DisclosureRecord, consent: ConsentID?, review: ReviewRecord?) {
        self.disclosure = disclosure
        self.consent = consent
        self.review = review
    }
}

/// One piece of what the ledger holds about someone's consents: a consent, a policy that it had, a membership with its
/// set, or a release. Exactly one of the first three and `disclosure` is there.
public struct ExportItem: Codable, Hashable, Sendable {
    public let consent: ConsentView?
    public let earlierPolicy: EarlierPolicy?
    public let membership: SetMember?
    /// Of a membership.
    public let set: ConsentSetView?
    public let disclosure: DisclosureView?

    public init(
        consent: ConsentView? = nil, earlierPolicy: EarlierPolicy? = nil, membership: SetMember? = nil,
        set: ConsentSetView? = nil, disclosure: DisclosureView? = nil
    ) {
        self.consent = consent
        self.earlierPolicy = earlierPolicy
        self.membership = membership
        self.set = set
        self.disclosure = disclosure
    }
}

/// Who reviews for a custodian.
public struct ReviewersView: Codable, Hashable, Sendable {
    public let reviewers: SortedList<Party>
    public let openReviews: UInt64
    public let at: Timestamp
    /// True if nobody can break the glass of its consents, since reviews are overdue.
    public let isSuspended: Bool

    public init(reviewers: SortedList<Party>, openReviews: UInt64, at: Timestamp, isSuspended: Bool) {
        self.reviewers = reviewers
        self.openReviews = openReviews
        self.at = at
        self.isSuspended = isSuspended
    }
}

public struct OntologyView: Codable, Hashable, Sendable {
    /// Nil as long as governance set none.
    public let ontology: OntologyRoot?

    public init(ontology: OntologyRoot?) { self.ontology = ontology }
}

public struct ConsentHistoryParameters: Codable, Sendable {
    public let consent: ConsentID?
    public let subject: Party?
    public let from: Timestamp?
    public let to: Timestamp?
}

public struct ConsentAuditParameters: Codable, Sendable {
    public let custodian: Party?
    public let recipient: Party?
    public let from: Timestamp?
    public let to: Timestamp?

    public init(custodian: Party?, recipient: Party?, from: Timestamp?, to: Timestamp?) {
        self.custodian = custodian
        self.recipient = recipient
        self.from = from
        self.to = to
    }
}

public struct ConsentReviewsParameters: Codable, Sendable {
    public let party: Party
}

public struct ConsentReviewersParameters: Codable, Sendable {
    public let custodian: Party
    public let at: Timestamp?
}

public struct ConsentOntologyParameters: Codable, Sendable {}
