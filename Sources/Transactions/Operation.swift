public import Consents
public import Encoding
public import Governance
public import INFTs
public import Identities
public import Licenses
public import Primitives
public import Revenue
public import StateModel

/// One change of the ledger, of one domain. A new domain adds a case here and nowhere else in this room.
///
/// Bytes: `[domain, [kind, body]]`. JSON: the domain's flat object, told by its `type` (`inft.mint`).
public enum Operation: Hashable, Sendable {
    case identities(IdentityOperation)
    case consents(ConsentOperation)
    case revenue(RevenueOperation)
    case infts(INFTOperation)
    case licenses(LicenseOperation)
    case governance(GovernanceOperation)

    public var domain: DomainNumber {
        switch self {
        case .identities: .identities
        case .consents: .consents
        case .revenue: .revenue
        case .infts: .infts
        case .licenses: .licenses
        case .governance: .governance
        }
    }

    /// The operation itself: its name, its words.
    public var operation: any DomainOperation {
        switch self {
        case .identities(let operation): operation.operation
        case .consents(let operation): operation.operation
        case .revenue(let operation): operation.operation
        case .infts(let operation): operation.operation
        case .licenses(let operation): operation.operation
        case .governance(let operation): operation.operation
        }
    }

    /// `inft.mint`
    public var name: String { type(of: operation).name }

    /// Deterministic cost, see Specs/transactions.md.
    public var weight: UInt64 {
        switch self {
        case .identities(let operation): operation.weight
        case .consents(let operation): operation.weight
        case .revenue(let operation): operation.weight
        case .infts(let operation): operation.weight
        case .licenses(let operation): operation.weight
        case .governance(let operation): operation.weight
        }
    }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .identities(let operation): try operation.execute(in: context)
        case .consents(let operation): try operation.execute(in: context)
        case .revenue(let operation): try operation.execute(in: context)
        case .infts(let operation): try operation.execute(in: context)
        case .licenses(let operation): try operation.execute(in: context)
        case .governance(let operation): try operation.execute(in: context)
        }
    }

    /// True for acts that nobody can be kept from: they need no sponsor, cannot be paused, and own reserved weight.
    public var isReserved: Bool {
        switch self {
        case .identities(let operation): operation.isReserved
        case .consents(let operation): operation.isReserved
        case .revenue(let operation): operation.isReserved
        case .infts(let operation): operation.isReserved
        case .licenses(let operation): operation.isReserved
        case .governance: false
        }
    }

    /// True for acts by which a party meets a deadline of what runs already, and loses money, a right or its standing
    /// without: deadlines go on in a pause, so a pause stops none of these.
    public var meetsDeadline: Bool {
        switch self {
        case .licenses(let operation): operation.meetsDeadline
        case .consents(.review): true
        case .identities, .consents, .revenue, .infts, .governance: false
        }
    }

    /// True for the completion of a delivery that was begun: a reserved act without limit of number.
    public var isDelivery: Bool {
        switch self {
        case .infts(let operation): operation.isDelivery
        case .licenses(let operation): operation.isDelivery
        case .identities, .consents, .revenue, .governance: false
        }
    }

    /// Every operation's name, for the schema and for "unknown operation" hints.
    public static var names: [String] {
        IdentityOperation.names + ConsentOperation.names + RevenueOperation.names + INFTOperation.names
            + LicenseOperation.names + GovernanceOperation.names
    }
}

extension Operation: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(domain)
        switch self {
        case .identities(let operation): writer.write(operation)
        case .consents(let operation): writer.write(operation)
        case .revenue(let operation): writer.write(operation)
        case .infts(let operation): writer.write(operation)
        case .licenses(let operation): writer.write(operation)
        case .governance(let operation): writer.write(operation)
        }
    }

    /// The field of a failure that says: this domain, or this kind of its operations, does not exist.
    static let unknownField = "operation"

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let start = reader
        do {
            try self.init(reading: &reader)
        } catch {
            guard [.unknownCase, .outOfRange].contains(error.reason), !Self.isKnown(start) else { throw error }
            throw EncodingFailure(.unknownCase, at: start.offset, field: Self.unknownField)
        }
    }

    /// Whether domain and kind of the operation at `reader` exist. Asked only where it could not be read.
    private static func isKnown(_ reader: CBORReader) -> Bool {
        var reader = reader
        let count = try? reader.record(count: 2) { (reader) throws(EncodingFailure) -> Bool in
            let names = names(of: try reader.value("domain", as: DomainNumber.self))
            return try reader.record(count: 2) { (reader) throws(EncodingFailure) in
                try reader.unsigned("kind") < UInt64(names.count)
            }
        }
        return count ?? false
    }

    /// In the order of their kinds.
    private static func names(of domain: DomainNumber) -> [String] {
        switch domain {
        case .ledger: []
        case .identities: IdentityOperation.names
        case .consents: ConsentOperation.names
        case .revenue: RevenueOperation.names
        case .infts: INFTOperation.names
        case .licenses: LicenseOperation.names
        case .governance: GovernanceOperation.names
        }
    }

    private init(reading reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("operation", count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.value("domain", as: DomainNumber.self) {
            case .identities: .identities(try reader.value("identities"))
            case .consents: .consents(try reader.value("consents"))
            case .revenue: .revenue(try reader.value("revenue"))
            case .infts: .infts(try reader.value("infts"))
            case .licenses: .licenses(try reader.value("licenses"))
            case .governance: .governance(try reader.value("governance"))
            // The ledger itself never has an operation.
            case .ledger: throw reader.failure(.unknownCase, "domain")
            }
        }
    }
}

extension Operation: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let type = try container.decode(String.self, forKey: .type)
        if let operation = try IdentityOperation.decode(type: type, from: decoder) {
            self = .identities(operation)
        } else if let operation = try ConsentOperation.decode(type: type, from: decoder) {
            self = .consents(operation)
        } else if let operation = try RevenueOperation.decode(type: type, from: decoder) {
            self = .revenue(operation)
        } else if let operation = try INFTOperation.decode(type: type, from: decoder) {
            self = .infts(operation)
        } else if let operation = try LicenseOperation.decode(type: type, from: decoder) {
            self = .licenses(operation)
        } else if let operation = try GovernanceOperation.decode(type: type, from: decoder) {
            self = .governance(operation)
        } else {
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container,
                debugDescription: "expected one of \(Operation.names.joined(separator: ", "))")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .identities(let operation): try operation.encode(to: encoder)
        case .consents(let operation): try operation.encode(to: encoder)
        case .revenue(let operation): try operation.encode(to: encoder)
        case .infts(let operation): try operation.encode(to: encoder)
        case .licenses(let operation): try operation.encode(to: encoder)
        case .governance(let operation): try operation.encode(to: encoder)
        }
    }
}
