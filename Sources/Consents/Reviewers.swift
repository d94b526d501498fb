public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// Whom a custodian named to review: purposes that no rule decides, and broken glass. Bytes: `[custodian, reviewers]`.
public struct ReviewersRecord: CBORCodable, Codable, Hashable, Sendable {
    public let custodian: Party
    /// Ascending.
    public let reviewers: SortedList<Party>
    public let since: Timestamp

    public init(custodian: Party, reviewers: SortedList<Party>, since: Timestamp) {
        self.custodian = custodian
        self.reviewers = reviewers
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(custodian)
        writer.write(reviewers)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("reviewers", count: 3) { (reader) throws(EncodingFailure) in
            ReviewersRecord(
                custodian: try reader.value("custodian"),
                reviewers: try reader.sorted("reviewers", max: ConsentsLimits.reviewersPerCustodian),
                since: try reader.value("since"))
        }
    }
}

enum Reviewers {
    static func named(by custodian: Party, in state: any StateReader) throws(Refusal) -> SortedList<Party> {
        try state.record(ConsentsKeys.reviewers(custodian))?.reviewers ?? []
    }

    /// True if the custodian named `party`, or it holds the credential of an ethics board.
    static func mayReview(
        _ party: Party, for custodian: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        if try named(by: custodian, in: state).contains(party) { return true }
        return try Credentials.holds(party, .ethicsBoard, jurisdiction: nil, at: time, in: state)
    }
}

/// `consent.nameReviewers`: a custodian names who reviews for it, in the place of those it named before.
public struct ConsentNameReviewers: DomainOperation {
    public static let name = "consent.nameReviewers"

    public let custodian: Party
    /// None: ethics boards alone.
    public let reviewers: SortedList<Party>

    public init(custodian: Party, reviewers: SortedList<Party>) {
        self.custodian = custodian
        self.reviewers = reviewers
    }

    public var weight: UInt64 { 10 + 4 * (4 + UInt64(reviewers.count)) }

    public func check(in context: OperationContext) throws(Refusal) -> ReviewersRecord {
        let kind = try Parties.requireKnown(custodian, field: "custodian", in: context.state)
        guard kind != .patient else {
            throw ConsentRejection.custodianIsPatient.at("custodian", "\(custodian) is a patient's account")
        }
        try Authority.require(custodian, for: .consent, in: context, field: "custodian")
        guard reviewers.count <= ConsentsLimits.reviewersPerCustodian else {
            throw ConsentRejection.tooManyElements.at(
                "reviewers", "\(reviewers.count); at most \(ConsentsLimits.reviewersPerCustodian) are kept")
        }
        for (index, reviewer) in reviewers.elements.enumerated() {
            try Parties.requireKnown(reviewer, field: "reviewers[\(index)]", in: context.state)
        }
        return ReviewersRecord(custodian: custodian, reviewers: reviewers, since: context.block.time)
    }

    public func apply(_ record: ReviewersRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(ConsentsKeys.reviewers(custodian), record)
        context.emit(ConsentEvent.reviewersNamed(record))
    }

    public func words(_ names: any NameResolver) -> [String] {
        guard !reviewers.isEmpty else { return ["\(names.party(custodian)) names no reviewers any more."] }
        let list = reviewers.elements.map { names.party($0) }.joined(separator: ", ")
        return ["\(names.party(custodian)) lets review what no rule decides: \(list)."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(custodian)
        writer.write(reviewers)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            ConsentNameReviewers(
                custodian: try reader.value("custodian"),
                reviewers: try reader.sorted("reviewers", max: ConsentsLimits.reviewersPerCustodian))
        }
    }
}
