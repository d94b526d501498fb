public import Encoding
internal import Primitives
public import StateModel

/// The facts of the domain. In JSON an object with `type` (the event's name) and the fact's fields.
public enum GovernanceEvent: LedgerEvent {
    case proposed(ProposalMade)
    case voted(ProposalVoted)
    case accepted(ProposalDecision)
    case rejected(ProposalDecision)
    case expired(ProposalDecision)
    case superseded(ProposalSuperseded)
    case validatorSetChanged(ValidatorSetChanged)
    case parametersChanged(ParametersChanged)
    case applied(ProposalApplied)

    public static let domain = DomainNumber.governance

    public var name: String {
        switch self {
        case .proposed: "governance.proposed"
        case .voted: "governance.voted"
        case .accepted: "governance.accepted"
        case .rejected: "governance.rejected"
        case .expired: "governance.expired"
        case .superseded: "governance.superseded"
        case .validatorSetChanged: "governance.validatorSetChanged"
        case .parametersChanged: "governance.parametersChanged"
        case .applied: "governance.applied"
        }
    }

    public var topics: [Topic] {
        func parties(_ proposer: Party, _ institution: Party?) -> [Topic] {
            [.party(proposer)] + (institution.map { $0 == proposer ? [] : [.party($0)] } ?? [])
        }
        switch self {
        case .proposed(let fact): return parties(fact.proposer, fact.institution)
        case .voted(let fact): return [.party(fact.institution)]
        case .accepted(let fact), .rejected(let fact), .expired(let fact):
            return parties(fact.proposer, fact.institution)
        case .superseded(let fact): return parties(fact.proposer, fact.institution)
        case .validatorSetChanged(let fact): return (fact.joined + fact.left + fact.rotated).map { .party($0) }
        case .parametersChanged: return []
        case .applied(let fact): return parties(fact.proposer, fact.institution)
        }
    }

    private var kind: UInt64 {
        switch self {
        case .proposed: 0
        case .voted: 1
        case .accepted: 2
        case .rejected: 3
        case .expired: 4
        case .superseded: 5
        case .validatorSetChanged: 6
        case .parametersChanged: 7
        case .applied: 8
        }
    }

    private var fact: any CBORCodable & Codable & Sendable {
        switch self {
        case .proposed(let fact): fact
        case .voted(let fact): fact
        case .accepted(let fact), .rejected(let fact), .expired(let fact): fact
        case .superseded(let fact): fact
        case .validatorSetChanged(let fact): fact
        case .parametersChanged(let fact): fact
        case .applied(let fact): fact
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
            case 0: return .proposed(try reader.value())
            case 1: return .voted(try reader.value())
            case 2: return .accepted(try reader.value())
            case 3: return .rejected(try reader.value())
            case 4: return .expired(try reader.value())
            case 5: return .superseded(try reader.value())
            case 6: return .validatorSetChanged(try reader.value())
            case 7: return .parametersChanged(try reader.value())
            case 8: return .applied(try reader.value())
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
        case "governance.proposed": self = .proposed(try ProposalMade(from: decoder))
        case "governance.voted": self = .voted(try ProposalVoted(from: decoder))
        case "governance.accepted": self = .accepted(try ProposalDecision(from: decoder))
        case "governance.rejected": self = .rejected(try ProposalDecision(from: decoder))
        case "governance.expired": self = .expired(try ProposalDecision(from: decoder))
        case "governance.superseded": self = .superseded(try ProposalSuperseded(from: decoder))
        case "governance.validatorSetChanged": self = .validatorSetChanged(try ValidatorSetChanged(from: decoder))
        case "governance.parametersChanged": self = .parametersChanged(try ParametersChanged(from: decoder))
        case "governance.applied": self = .applied(try ProposalApplied(from: decoder))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected an event of the domain governance")
        }
    }
}
