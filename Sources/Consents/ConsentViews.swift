public import Primitives

/// A consent as a query shows it: the record, and what it is at the time asked about.
public struct ConsentView: Codable, Hashable, Sendable {
    public let consent: ConsentRecord
    public let at: Timestamp
    public let status: ConsentStatus

    public init(consent: ConsentRecord, at: Timestamp) {
        self.consent = consent
        self.at = at
        status = consent.status(at: at)
    }
}

/// A set as a query shows it.
public struct ConsentSetView: Codable, Hashable, Sendable {
    public let set: ConsentSetRecord
    public let at: Timestamp
    public let isStale: Bool

    public init(set: ConsentSetRecord, at: Timestamp) {
        self.set = set
        self.at = at
        isStale = set.isStale(at: at)
    }
}

/// The answer of `consent_check`.
public struct ConsentAnswer: Codable, Hashable, Sendable {
    /// The time the answer is about.
    public let at: Timestamp
    public let decision: Decision

    public init(at: Timestamp, decision: Decision) {
        self.at = at
        self.decision = decision
    }
}

public struct ConsentGetParameters: Codable, Sendable {
    public let consent: ConsentID
    public let at: Timestamp?
}

public struct ConsentSetParameters: Codable, Sendable {
    public let set: ConsentSetID
    public let at: Timestamp?
}

public struct ConsentListParameters: Codable, Sendable {
    public let subject: Party?
    public let custodian: Party?
}

public struct ConsentSetsParameters: Codable, Sendable {
    public let custodian: Party
}

public struct ConsentCheckParameters: Codable, Sendable {
    public let request: UseRequest
    public let consent: ConsentID?
    public let set: ConsentSetID?
    public let at: Timestamp?
}
