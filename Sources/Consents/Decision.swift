public import Encoding
public import Primitives

/// What must be shown before a use that is otherwise permitted.
public enum Need: CBORCodable, Codable, Hashable, Sendable {
    /// The custodian's signature that the request keeps within committed restriction `index` of a consent.
    case restriction(index: UInt8, commitment: Hash)
    /// The custodian's signature that the request keeps within the committed restrictions of the set's members.
    case memberRestrictions
    /// A reviewer's signature: the purpose is one that no rule decides.
    case review
    /// A reviewer's signature that an ethics board has approved the study.
    case ethicsApproval
    /// A proof, against the ontology's root, that `disease` descends from `ancestor`.
    case ontologyPath(disease: CodedTerm, ancestor: CodedTerm)

    private enum CodingKeys: String, CodingKey { case type, index, commitment, disease, ancestor }

    /// That a request keeps within what is only committed to: the custodian's to answer.
    public var isRestriction: Bool {
        switch self {
        case .restriction, .memberRestrictions: true
        case .review, .ethicsApproval, .ontologyPath: false
        }
    }

    public var name: String {
        switch self {
        case .restriction: "restriction"
        case .memberRestrictions: "memberRestrictions"
        case .review: "review"
        case .ethicsApproval: "ethicsApproval"
        case .ontologyPath: "ontologyPath"
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .type)
        switch self {
        case .restriction(let index, let commitment):
            try container.encode(index, forKey: .index)
            try container.encode(commitment, forKey: .commitment)
        case .ontologyPath(let disease, let ancestor):
            try container.encode(disease, forKey: .disease)
            try container.encode(ancestor, forKey: .ancestor)
        case .memberRestrictions, .review, .ethicsApproval: break
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "restriction":
            self = .restriction(
                index: try container.decode(UInt8.self, forKey: .index),
                commitment: try container.decode(Hash.self, forKey: .commitment))
        case "memberRestrictions": self = .memberRestrictions
        case "review": self = .review
        case "ethicsApproval": self = .ethicsApproval
        case "ontologyPath":
            self = .ontologyPath(
                disease: try container.decode(CodedTerm.self, forKey: .disease),
                ancestor: try container.decode(CodedTerm.self, forKey: .ancestor))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected a need that Specs/domains/consents.md lists")
        }
    }

    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .restriction(let index, let commitment):
            writer.array(3)
            writer.write(UInt64(0))
            writer.write(UInt64(index))
            writer.write(commitment)
        case .memberRestrictions:
            writer.array(1)
            writer.write(UInt64(1))
        case .review:
            writer.array(1)
            writer.write(UInt64(2))
        case .ethicsApproval:
            writer.array(1)
            writer.write(UInt64(3))
        case .ontologyPath(let disease, let ancestor):
            writer.array(3)
            writer.write(UInt64(4))
            writer.write(disease)
            writer.write(ancestor)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 2): .restriction(index: try reader.integer("index"), commitment: try reader.value("commitment"))
            case (1, 0): .memberRestrictions
            case (2, 0): .review
            case (3, 0): .ethicsApproval
            case (4, 2): .ontologyPath(disease: try reader.value("disease"), ancestor: try reader.value("ancestor"))
            default: throw reader.failure(.unknownCase)
            }
        }
    }
}

/// Why a decision is what it is. Stable names.
public enum DecisionReason: UInt8, NamedCode, CBORCodable, Comparable {
    /// No provision permits it; the base decision is to deny.
    case notPermitted = 0
    case permittedByProvision = 1
    case deniedByProvision = 2
    case notYetGranted = 3
    case notCountersigned = 4
    case withdrawn = 5
    case expired = 6
    case setEmpty = 7
    case setStale = 8
    case purposeMissing = 9
    /// A provision asks for a research purpose, and the request names none.
    case researchPurposeMissing = 10
    case generalResearchNotPermitted = 11
    case biomedicalResearchNotPermitted = 12
    case populationOriginsNotPermitted = 13
    case methodsResearchNotPermitted = 14
    case diseaseNotPermitted = 15
    case nonprofitOnly = 16
    case nonCommercialOnly = 17
    case geneticStudiesOnly = 18
    case publicationNotUndertaken = 19
    case collaborationNotUndertaken = 20
    case returnNotUndertaken = 21
    case beyondTimeLimit = 22
    case beforeMoratoriumEnds = 23
    case outsideRegions = 24
    case userNotNamed = 25
    case projectNotNamed = 26
    case institutionNotNamed = 27
    case restrictionCommitted = 28
    case reviewNeeded = 29
    case ethicsApprovalNeeded = 30
    case ontologyPathUnproven = 31
    /// The custodian left reviews of broken glass open past their deadline.
    case reviewsOverdue = 32

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// On what a decision rests.
public struct DecisionBasis: CBORCodable, Codable, Hashable, Sendable {
    /// Of a set: which of its policies decided. Nil for a consent, or if no policy was reached.
    public let policy: UInt8?
    /// Positions of provisions from the top down to the one that decided; empty: the base decision.
    public let path: [UInt8]
    /// Ascending by number.
    public let reasons: SortedList<DecisionReason>

    public init(policy: UInt8? = nil, path: [UInt8] = [], reasons: SortedList<DecisionReason>) {
        self.policy = policy
        self.path = path
        self.reasons = reasons
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        if let policy { writer.write(UInt64(policy)) } else { writer.writeNull() }
        writer.array(path.count)
        for step in path { writer.write(UInt64(step)) }
        writer.write(reasons)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DecisionBasis(
                policy: reader.null() ? nil : try reader.integer("policy"),
                path: try reader.list("path", max: ConsentsLimits.provisionDepth) {
                    (reader) throws(EncodingFailure) in try reader.integer("path")
                },
                reasons: try reader.sorted("reasons", max: DecisionReason.allCases.count))
        }
    }
}

/// The answer of a consent, or of a set, to a request. In JSON `{"outcome", "needs", "policy", "path", "reasons"}`.
public enum Decision: Codable, Hashable, Sendable {
    case permit(DecisionBasis)
    case deny(DecisionBasis)
    /// Permitted once each need is met; without that, denied.
    case needs([Need], DecisionBasis)

    public var basis: DecisionBasis {
        switch self {
        case .permit(let basis), .deny(let basis), .needs(_, let basis): basis
        }
    }

    public var isPermit: Bool { if case .permit = self { true } else { false } }
    public var isDeny: Bool { if case .deny = self { true } else { false } }

    public var outcome: String {
        switch self {
        case .permit: "permit"
        case .deny: "deny"
        case .needs: "needs"
        }
    }

    private enum CodingKeys: String, CodingKey { case outcome, needs, policy, path, reasons }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(outcome, forKey: .outcome)
        if case .needs(let needs, _) = self {
            try container.encode(needs, forKey: .needs)
        } else {
            try container.encode([Need](), forKey: .needs)
        }
        try container.encodeIfPresent(basis.policy, forKey: .policy)
        try container.encode(basis.path.map { UInt64($0) }, forKey: .path)
        try container.encode(basis.reasons, forKey: .reasons)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let basis = DecisionBasis(
            policy: try container.decodeIfPresent(UInt8.self, forKey: .policy),
            path: try container.decode([UInt8].self, forKey: .path),
            reasons: try container.decode(SortedList<DecisionReason>.self, forKey: .reasons))
        switch try container.decode(String.self, forKey: .outcome) {
        case "permit": self = .permit(basis)
        case "deny": self = .deny(basis)
        case "needs": self = .needs(try container.decode([Need].self, forKey: .needs), basis)
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .outcome, in: container, debugDescription: "expected permit, deny or needs")
        }
    }
}
