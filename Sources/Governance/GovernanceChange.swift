public import Encoding
public import Primitives
public import StateModel

/// What a proposal would change. Bytes: `[kind, body]`; in JSON an object told by its `type`.
public enum GovernanceChange: CBORCodable, Codable, Hashable, Sendable {
    /// A new validator, at the end of the set.
    case enroll(EnrollmentRequest)
    /// The institution's validator leaves the set.
    case remove(Party)
    /// The institution's validator goes on with another key, another transport key, or both.
    case rotate(EnrollmentRequest)
    /// Ascending by parameter; those that are not named stay as they are.
    case parameters([ParameterChange])
    /// The disease ontology that descents are proved against, from then on: root and count of its edges' Merkle tree.
    case ontology(root: Hash, count: UInt64)
    /// A party may attest, or attests other things from now on.
    case accredit(Accreditation)
    /// It attests no more, for good, and nothing that hangs from it holds any longer.
    case revokeAccreditor(Party)
    /// A party may create assets without holding an issuer's credential.
    case admitIssuer(Party)
    /// It creates no more; what it issued stays.
    case dismissIssuer(Party)
    /// From a height on only a newer program makes blocks.
    case upgrade(UpgradePlan)
    /// The upgrade that lies ahead does not take place.
    case cancelUpgrade
    /// An emergency: no operations of a domain for a while.
    case pause(PauseOrder)
    /// The pause of a domain ends now.
    case liftPause(PausableDomain)
    /// An INFT was found harmful.
    case recall(RecallPlan)
    /// A recall ends, whoever made it.
    case liftRecall(RecallLift)
    /// What a panel found stands against an INFT no longer.
    case liftVerdict(DisputeID)

    /// Every value of `type` in JSON, in the order of the kinds.
    public static let names = [
        "enroll", "remove", "rotate", "parameters", "ontology", "accredit", "revokeAccreditor", "admitIssuer",
        "dismissIssuer", "upgrade", "cancelUpgrade", "pause", "liftPause", "recall", "liftRecall",
        "liftVerdict",
    ]

    private var kind: Int {
        switch self {
        case .enroll: 0
        case .remove: 1
        case .rotate: 2
        case .parameters: 3
        case .ontology: 4
        case .accredit: 5
        case .revokeAccreditor: 6
        case .admitIssuer: 7
        case .dismissIssuer: 8
        case .upgrade: 9
        case .cancelUpgrade: 10
        case .pause: 11
        case .liftPause: 12
        case .recall: 13
        case .liftRecall: 14
        case .liftVerdict: 15
        }
    }

    /// Whether it takes effect in the block that accepts it. What blocks themselves are judged by waits for the epoch's end.
    public var isImmediate: Bool {
        switch self {
        case .enroll, .remove, .rotate, .parameters, .ontology: false
        default: true
        }
    }

    /// The institution or party that it is about; nil of what is about none.
    public var institution: Party? {
        switch self {
        case .enroll(let request), .rotate(let request): request.institution
        case .remove(let institution): institution
        case .accredit(let accreditation): accreditation.party
        case .revokeAccreditor(let party), .admitIssuer(let party), .dismissIssuer(let party): party
        case .parameters, .ontology, .upgrade, .cancelUpgrade, .pause, .liftPause, .recall, .liftRecall,
            .liftVerdict:
            nil
        }
    }

    /// What it is, one line per fact.
    public func words(_ names: any NameResolver) -> [String] {
        switch self {
        case .enroll(let request):
            ["Enroll the validator “\(request.name)” of \(names.party(request.institution))"] + keys(of: request, names)
        case .remove(let institution): ["Remove the validator of \(names.party(institution))"]
        case .rotate(let request):
            ["Change the keys of the validator “\(request.name)” of \(names.party(request.institution))"]
                + keys(of: request, names)
        case .parameters(let changes): changes.map { "Set \($0.parameter.name) to \($0.value)" }
        case .ontology(let root, let count):
            ["Prove descents of diseases against the ontology of \(count) edges with the root \(root)"]
        default: actWords(names)
        }
    }

    private func actWords(_ names: any NameResolver) -> [String] {
        switch self {
        case .accredit(let accreditation):
            return [
                "Let \(names.party(accreditation.party)) attest, and pass on, credentials of the types "
                    + accreditation.types.map(\.name).joined(separator: ", "),
                accreditation.jurisdictions.isEmpty
                    ? "Everywhere" : "For \(accreditation.jurisdictions.joined(separator: ", ")) alone",
            ]
        case .revokeAccreditor(let party):
            return [
                "Let \(names.party(party)) attest no more, for good",
                "From then on no credential holds that it, or who it delegated to, has issued",
            ]
        case .admitIssuer(let party): return ["Let \(names.party(party)) create settlement assets"]
        case .dismissIssuer(let party):
            return ["Let \(names.party(party)) create no more settlement assets; those that it issued stay"]
        case .upgrade(let plan):
            return [
                "From height \(plan.height) on only release \(plan.release) or newer makes blocks",
                "Nodes of older releases stop by themselves before it",
            ]
        case .cancelUpgrade: return ["Cancel the upgrade that lies ahead"]
        case .pause(let order):
            return [
                "Pause \(order.domain.name) for \(DurationText.exact(milliseconds: order.milliseconds)): nothing new of it",
                "Reserved acts go on, and acts that meet a deadline of what runs already",
                "The pause ends by itself",
            ]
        case .liftPause(let domain): return ["End the pause of \(domain.name)"]
        case .recall(let plan):
            return [
                "Recall \(names.identifier(plan.inft.description)): \(plan.reason.name)",
                "Nothing of it, its clones and what derives from them is sold or used any more; holders of licenses have "
                    + "\(DurationText.exact(milliseconds: plan.answerMilliseconds)) to answer",
                "Notice: the document with SHA-256 \(plan.notice)",
            ]
        case .liftRecall(let lift):
            return ["Lift the recall \(names.identifier(lift.recall.description)): \(lift.reason.name)"]
        case .liftVerdict(let dispute):
            return ["Take the verdict of the dispute \(names.identifier(dispute.description)) off its INFT"]
        case .enroll, .remove, .rotate, .parameters, .ontology: return []
        }
    }

    private func keys(of request: EnrollmentRequest, _ names: any NameResolver) -> [String] {
        ["Validator key: \(names.identifier(request.key.description))", "Transport key: \(request.transportKey)"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        switch self {
        case .enroll(let request), .rotate(let request): writer.write(request)
        case .remove(let party), .revokeAccreditor(let party), .admitIssuer(let party), .dismissIssuer(let party):
            writer.write(party)
        case .parameters(let changes): writer.write(changes)
        case .ontology(let root, let count): writer.write(OntologyChange(root: root, count: count))
        case .accredit(let accreditation): writer.write(accreditation)
        case .upgrade(let plan): writer.write(plan)
        case .cancelUpgrade: writer.array(0)
        case .pause(let order): writer.write(order)
        case .liftPause(let domain): writer.write(domain)
        case .recall(let plan): writer.write(plan)
        case .liftRecall(let lift): writer.write(lift)
        case .liftVerdict(let dispute): writer.write(dispute)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("change") { (reader, kind, count) throws(EncodingFailure) in
            guard count == 1 else { throw reader.failure(.wrongCount) }
            switch kind {
            case 0: return .enroll(try reader.value())
            case 1: return .remove(try reader.value("institution"))
            case 2: return .rotate(try reader.value())
            case 3: return .parameters(try Self.changes(&reader))
            case 4:
                let change: OntologyChange = try reader.value("ontology")
                return .ontology(root: change.root, count: change.count)
            case 5: return .accredit(try reader.value())
            case 6: return .revokeAccreditor(try reader.value("party"))
            case 7: return .admitIssuer(try reader.value("party"))
            case 8: return .dismissIssuer(try reader.value("party"))
            case 9: return .upgrade(try reader.value())
            case 10:
                return try reader.record("cancelUpgrade", count: 0) { (_) throws(EncodingFailure) in .cancelUpgrade }
            case 11: return .pause(try reader.value())
            case 12: return .liftPause(try reader.value("domain"))
            case 13: return .recall(try reader.value())
            case 14: return .liftRecall(try reader.value())
            case 15: return .liftVerdict(try reader.value("dispute"))
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    private static func changes(_ reader: inout CBORReader) throws(EncodingFailure) -> [ParameterChange] {
        let changes: [ParameterChange] = try reader.sortedList(
            "changes", max: LedgerParameter.allCases.count,
            by: { (change: ParameterChange) in change.parameter.rawValue })
        guard !changes.isEmpty else { throw reader.failure(.outOfRange, "changes") }
        return changes
    }

    private enum CodingKeys: String, CodingKey {
        case type, request, institution, changes, root, count
        case accreditation, party, upgrade, pause, domain, recall, lift, dispute
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.names[kind], forKey: .type)
        switch self {
        case .enroll(let request), .rotate(let request): try container.encode(request, forKey: .request)
        case .remove(let institution): try container.encode(institution, forKey: .institution)
        case .parameters(let changes): try container.encode(changes, forKey: .changes)
        case .ontology(let root, let count):
            try container.encode(root, forKey: .root)
            try container.encode(count, forKey: .count)
        case .accredit(let accreditation): try container.encode(accreditation, forKey: .accreditation)
        case .revokeAccreditor(let party), .admitIssuer(let party), .dismissIssuer(let party):
            try container.encode(party, forKey: .party)
        case .upgrade(let plan): try container.encode(plan, forKey: .upgrade)
        case .cancelUpgrade: break
        case .pause(let order): try container.encode(order, forKey: .pause)
        case .liftPause(let domain): try container.encode(domain, forKey: .domain)
        case .recall(let plan): try container.encode(plan, forKey: .recall)
        case .liftRecall(let lift): try container.encode(lift, forKey: .lift)
        case .liftVerdict(let dispute): try container.encode(dispute, forKey: .dispute)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func party() throws -> Party { try container.decode(Party.self, forKey: .party) }
        switch Self.names.firstIndex(of: try container.decode(String.self, forKey: .type)) {
        case 0: self = .enroll(try container.decode(EnrollmentRequest.self, forKey: .request))
        case 1: self = .remove(try container.decode(Party.self, forKey: .institution))
        case 2: self = .rotate(try container.decode(EnrollmentRequest.self, forKey: .request))
        case 3: self = .parameters(try Self.changes(container))
        case 4:
            self = .ontology(
                root: try container.decode(Hash.self, forKey: .root),
                count: try container.decode(UInt64.self, forKey: .count))
        case 5: self = .accredit(try container.decode(Accreditation.self, forKey: .accreditation))
        case 6: self = .revokeAccreditor(try party())
        case 7: self = .admitIssuer(try party())
        case 8: self = .dismissIssuer(try party())
        case 9: self = .upgrade(try container.decode(UpgradePlan.self, forKey: .upgrade))
        case 10: self = .cancelUpgrade
        case 11: self = .pause(try container.decode(PauseOrder.self, forKey: .pause))
        case 12: self = .liftPause(try container.decode(PausableDomain.self, forKey: .domain))
        case 13: self = .recall(try container.decode(RecallPlan.self, forKey: .recall))
        case 14: self = .liftRecall(try container.decode(RecallLift.self, forKey: .lift))
        case 15: self = .liftVerdict(try container.decode(DisputeID.self, forKey: .dispute))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container,
                debugDescription: "expected one of " + Self.names.joined(separator: ", "))
        }
    }

    private static func changes(_ container: KeyedDecodingContainer<CodingKeys>) throws -> [ParameterChange] {
        let changes = try container.decode([ParameterChange].self, forKey: .changes)
        let numbers = changes.map(\.parameter.rawValue)
        guard !changes.isEmpty, zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .changes, in: container,
                debugDescription: "expected at least one change, in the order of the parameters, each once")
        }
        return changes
    }
}

/// Bytes: `[root, count]`.
private struct OntologyChange: CBORCodable {
    let root: Hash
    let count: UInt64

    init(root: Hash, count: UInt64) {
        self.root = root
        self.count = count
    }

    func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(root)
        writer.write(count)
    }

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("ontology", count: 2) { (reader) throws(EncodingFailure) in
            OntologyChange(root: try reader.value("root"), count: try reader.unsigned("count"))
        }
    }
}
