public import Encoding
internal import Primitives
public import StateModel

/// The facts of the domain. In JSON an object with `type` (the event's name) and the fact's fields.
public enum ConsentEvent: LedgerEvent {
    case granted(ConsentFact)
    case countersigned(ConsentFact)
    case withdrawn(ConsentFact)
    case expired(ConsentFact)
    case setCreated(SetFact)
    case setExtended(SetFact)
    case setStale(SetStaleFact)
    case setSucceeded(SetSuccession)
    case disclosed(DisclosureFact)
    case reviewersNamed(ReviewersRecord)
    case narrowed(ConsentFact)
    case erasureRequested(ConsentFact)
    case glassBroken(ReviewFact)
    case reviewed(ReviewFact)
    case reviewOverdue(ReviewFact)
    /// By governance, at an epoch's end.
    case ontologySet(OntologyRoot)

    public static let domain = DomainNumber.consents

    public var name: String {
        switch self {
        case .granted: "consent.granted"
        case .countersigned: "consent.countersigned"
        case .withdrawn: "consent.withdrawn"
        case .expired: "consent.expired"
        case .setCreated: "consentSet.created"
        case .setExtended: "consentSet.extended"
        case .setStale: "consentSet.stale"
        case .setSucceeded: "consentSet.succeeded"
        case .disclosed: "consent.disclosed"
        case .reviewersNamed: "consent.reviewersNamed"
        case .narrowed: "consent.narrowed"
        case .erasureRequested: "consent.erasureRequested"
        case .glassBroken: "consent.glassBroken"
        case .reviewed: "consent.reviewed"
        case .reviewOverdue: "consent.reviewOverdue"
        case .ontologySet: "consent.ontologySet"
        }
    }

    public var topics: [Topic] {
        switch self {
        case .granted(let fact), .countersigned(let fact), .withdrawn(let fact), .expired(let fact),
            .narrowed(let fact), .erasureRequested(let fact):
            [.party(fact.subject), .party(fact.custodian), .consent(fact.consent)]
        case .setCreated(let fact), .setExtended(let fact): [.party(fact.custodian)]
        case .setStale(let fact): [.party(fact.custodian)]
        case .setSucceeded(let fact): [.party(fact.custodian)]
        case .disclosed(let fact): fact.topics
        case .reviewersNamed(let record):
            [.party(record.custodian)] + record.reviewers.elements.map { .party($0) }
        case .glassBroken(let fact), .reviewed(let fact), .reviewOverdue(let fact):
            [.party(fact.subject), .party(fact.custodian), .party(.account(fact.clinician)), .consent(fact.consent)]
        case .ontologySet: []
        }
    }

    private var kind: UInt64 {
        switch self {
        case .granted: 0
        case .countersigned: 1
        case .withdrawn: 2
        case .expired: 3
        case .setCreated: 4
        case .setExtended: 5
        case .setStale: 6
        case .setSucceeded: 7
        case .disclosed: 8
        case .reviewersNamed: 9
        case .narrowed: 10
        case .erasureRequested: 11
        case .glassBroken: 12
        case .reviewed: 13
        case .reviewOverdue: 14
        case .ontologySet: 15
        }
    }

    private var fact: any CBORCodable & Codable & Sendable {
        switch self {
        case .granted(let fact), .countersigned(let fact), .withdrawn(let fact), .expired(let fact): fact
        case .setCreated(let fact), .setExtended(let fact): fact
        case .setStale(let fact): fact
        case .setSucceeded(let fact): fact
        case .disclosed(let fact): fact
        case .reviewersNamed(let record): record
        case .narrowed(let fact), .erasureRequested(let fact): fact
        case .glassBroken(let fact), .reviewed(let fact), .reviewOverdue(let fact): fact
        case .ontologySet(let root): root
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        fact.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("event") { (reader, kind, count) throws(EncodingFailure) in
            guard count == 1 else { throw reader.failure(.wrongCount) }
            switch kind {
            case 0: return .granted(try reader.value())
            case 1: return .countersigned(try reader.value())
            case 2: return .withdrawn(try reader.value())
            case 3: return .expired(try reader.value())
            case 4: return .setCreated(try reader.value())
            case 5: return .setExtended(try reader.value())
            case 6: return .setStale(try reader.value())
            case 7: return .setSucceeded(try reader.value())
            case 8: return .disclosed(try reader.value())
            case 9: return .reviewersNamed(try reader.value())
            case 10: return .narrowed(try reader.value())
            case 11: return .erasureRequested(try reader.value())
            case 12: return .glassBroken(try reader.value())
            case 13: return .reviewed(try reader.value())
            case 14: return .reviewOverdue(try reader.value())
            case 15: return .ontologySet(try reader.value())
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
        try fact.encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        switch try container.decode(String.self, forKey: .type) {
        case "consent.granted": self = .granted(try ConsentFact(from: decoder))
        case "consent.countersigned": self = .countersigned(try ConsentFact(from: decoder))
        case "consent.withdrawn": self = .withdrawn(try ConsentFact(from: decoder))
        case "consent.expired": self = .expired(try ConsentFact(from: decoder))
        case "consentSet.created": self = .setCreated(try SetFact(from: decoder))
        case "consentSet.extended": self = .setExtended(try SetFact(from: decoder))
        case "consentSet.stale": self = .setStale(try SetStaleFact(from: decoder))
        case "consentSet.succeeded": self = .setSucceeded(try SetSuccession(from: decoder))
        case "consent.disclosed": self = .disclosed(try DisclosureFact(from: decoder))
        case "consent.reviewersNamed": self = .reviewersNamed(try ReviewersRecord(from: decoder))
        case "consent.narrowed": self = .narrowed(try ConsentFact(from: decoder))
        case "consent.erasureRequested": self = .erasureRequested(try ConsentFact(from: decoder))
        case "consent.glassBroken": self = .glassBroken(try ReviewFact(from: decoder))
        case "consent.reviewed": self = .reviewed(try ReviewFact(from: decoder))
        case "consent.reviewOverdue": self = .reviewOverdue(try ReviewFact(from: decoder))
        case "consent.ontologySet": self = .ontologySet(try OntologyRoot(from: decoder))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected an event of the domain consents")
        }
    }
}
