public import Encoding
public import Primitives

public enum ReviewOutcome: UInt8, NamedCode, CBORCodable {
    case justified = 0
    case unjustified = 1
}

/// How a review ended. Bytes: `[at, by, outcome, evidence]`.
public struct ReviewClosing: CBORCodable, Codable, Hashable, Sendable {
    public let at: Timestamp
    public let by: Party
    public let outcome: ReviewOutcome
    /// Salted commitment to the report.
    public let evidence: Hash?

    public init(at: Timestamp, by: Party, outcome: ReviewOutcome, evidence: Hash?) {
        self.at = at
        self.by = by
        self.outcome = outcome
        self.evidence = evidence
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(at)
        writer.write(by)
        writer.write(outcome)
        writer.write(evidence)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("closing", count: 4) { (reader) throws(EncodingFailure) in
            ReviewClosing(
                at: try reader.value("at"), by: try reader.value("by"), outcome: try reader.value("outcome"),
                evidence: try reader.optional("evidence"))
        }
    }
}

/// The review of a broken glass: opened by the act itself, closed by a reviewer. Open reviews of a custodian are linked
/// in the order of their deadlines, so that the oldest is known without a search.
public struct ReviewRecord: CBORCodable, Codable, Hashable, Sendable {
    public let disclosure: DisclosureID
    public let consent: ConsentID
    public let subject: Party
    public let custodian: Party
    public let clinician: Address
    /// As they were when it was opened.
    public let reviewers: SortedList<Party>
    public let openedAt: Timestamp
    /// Left open from here on, it takes the power to break the glass from the custodian's site.
    public let deadline: Timestamp
    public var closing: ReviewClosing?
    /// Neighbors among the open reviews of the custodian; nil once closed.
    public var previous: DisclosureID?
    public var next: DisclosureID?

    public init(
        disclosure: DisclosureID, consent: ConsentID, subject: Party, custodian: Party, clinician: Address,
        reviewers: SortedList<Party>, openedAt: Timestamp, deadline: Timestamp, closing: ReviewClosing? = nil,
        previous: DisclosureID? = nil, next: DisclosureID? = nil
    ) {
        self.disclosure = disclosure
        self.consent = consent
        self.subject = subject
        self.custodian = custodian
        self.clinician = clinician
        self.reviewers = reviewers
        self.openedAt = openedAt
        self.deadline = deadline
        self.closing = closing
        self.previous = previous
        self.next = next
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(11)
        writer.write(disclosure)
        writer.write(consent)
        writer.write(subject)
        writer.write(custodian)
        writer.write(clinician)
        writer.write(reviewers)
        writer.write(openedAt)
        writer.write(deadline)
        writer.write(closing)
        writer.write(previous)
        writer.write(next)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("review", count: 11) { (reader) throws(EncodingFailure) in
            ReviewRecord(
                disclosure: try reader.value("disclosure"), consent: try reader.value("consent"),
                subject: try reader.value("subject"), custodian: try reader.value("custodian"),
                clinician: try reader.value("clinician"),
                reviewers: try reader.sorted("reviewers", max: ConsentsLimits.reviewersPerCustodian),
                openedAt: try reader.value("openedAt"), deadline: try reader.value("deadline"),
                closing: try reader.optional("closing"), previous: try reader.optional("previous"),
                next: try reader.optional("next"))
        }
    }
}

/// The open reviews of a custodian, and since when it lacks the power to break the glass.
/// Bytes: `[first, last, open, lapses, lapseSince]`.
public struct ReviewBook: CBORCodable, Codable, Hashable, Sendable {
    /// The open review with the earliest deadline.
    public var first: DisclosureID?
    public var last: DisclosureID?
    public var open: UInt64
    /// How many lapses are over.
    public var lapses: UInt64
    /// When the lapse that goes on began, if the review that began it was closed and others are overdue.
    public var lapseSince: Timestamp?

    public init(
        first: DisclosureID? = nil, last: DisclosureID? = nil, open: UInt64 = 0, lapses: UInt64 = 0,
        lapseSince: Timestamp? = nil
    ) {
        self.first = first
        self.last = last
        self.open = open
        self.lapses = lapses
        self.lapseSince = lapseSince
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(first)
        writer.write(last)
        writer.write(open)
        writer.write(lapses)
        writer.write(lapseSince)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("reviewBook", count: 5) { (reader) throws(EncodingFailure) in
            ReviewBook(
                first: try reader.optional("first"), last: try reader.optional("last"),
                open: try reader.unsigned("open"), lapses: try reader.unsigned("lapses"),
                lapseSince: try reader.optional("lapseSince"))
        }
    }
}

/// A time in which a site lacked the power, because reviews were overdue. Bytes: `[from, until]`.
public struct ReviewLapse: CBORCodable, Codable, Hashable, Sendable {
    public let from: Timestamp
    public let until: Timestamp

    public init(from: Timestamp, until: Timestamp) {
        self.from = from
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(from)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("lapse", count: 2) { (reader) throws(EncodingFailure) in
            ReviewLapse(from: try reader.value("from"), until: try reader.value("until"))
        }
    }
}

/// What an event says of a review. Bytes: `[disclosure, consent, subject, custodian, clinician, deadline, closing]`.
public struct ReviewFact: CBORCodable, Codable, Hashable, Sendable {
    public let disclosure: DisclosureID
    public let consent: ConsentID
    public let subject: Party
    public let custodian: Party
    public let clinician: Address
    public let deadline: Timestamp
    public let closing: ReviewClosing?

    public init(
        disclosure: DisclosureID, consent: ConsentID, subject: Party, custodian: Party, clinician: Address,
        deadline: Timestamp, closing: ReviewClosing?
    ) {
        self.disclosure = disclosure
        self.consent = consent
        self.subject = subject
        self.custodian = custodian
        self.clinician = clinician
        self.deadline = deadline
        self.closing = closing
    }

    init(_ review: ReviewRecord) {
        self.init(
            disclosure: review.disclosure, consent: review.consent, subject: review.subject,
            custodian: review.custodian, clinician: review.clinician, deadline: review.deadline,
            closing: review.closing)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(disclosure)
        writer.write(consent)
        writer.write(subject)
        writer.write(custodian)
        writer.write(clinician)
        writer.write(deadline)
        writer.write(closing)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("review", count: 7) { (reader) throws(EncodingFailure) in
            ReviewFact(
                disclosure: try reader.value("disclosure"), consent: try reader.value("consent"),
                subject: try reader.value("subject"), custodian: try reader.value("custodian"),
                clinician: try reader.value("clinician"), deadline: try reader.value("deadline"),
                closing: try reader.optional("closing"))
        }
    }
}
