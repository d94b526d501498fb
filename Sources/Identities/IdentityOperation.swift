public import Encoding
public import Primitives
public import StateModel

/// Every operation of the domain. Bytes: `[kind, body]`; JSON: the body's fields beside `type`.
public enum IdentityOperation: CBORCodable, Codable, Hashable, Sendable {
    case sponsor(SponsorAccount)
    case changeSponsor(ChangeSponsor)
    case createOrganization(CreateOrganization)
    case updateOrganization(UpdateOrganization)
    case offerCredential(OfferCredential)
    case acceptCredential(AcceptCredential)
    case declineCredential(DeclineCredential)
    case revokeCredential(RevokeCredential)
    case grantDelegation(GrantDelegation)
    case revokeDelegation(RevokeDelegation)
    case grantMandate(GrantMandate)
    case revokeMandate(RevokeMandate)
    case arrangeRecovery(ArrangeRecovery)
    case startRecovery(StartRecovery)
    case approveRecovery(ApproveRecovery)
    case withdrawRecovery(WithdrawRecovery)
    case cancelRecovery(CancelRecovery)
    case rotateKey(RotateKey)

    public static let names = [
        SponsorAccount.name, ChangeSponsor.name, CreateOrganization.name, UpdateOrganization.name,
        OfferCredential.name, AcceptCredential.name, DeclineCredential.name, RevokeCredential.name,
        GrantDelegation.name, RevokeDelegation.name, GrantMandate.name, RevokeMandate.name,
        ArrangeRecovery.name, StartRecovery.name, ApproveRecovery.name, WithdrawRecovery.name, CancelRecovery.name,
        RotateKey.name,
    ]

    private var kind: UInt64 {
        switch self {
        case .sponsor: 0
        case .changeSponsor: 1
        case .createOrganization: 2
        case .updateOrganization: 3
        case .offerCredential: 4
        case .acceptCredential: 5
        case .declineCredential: 6
        case .revokeCredential: 7
        case .grantDelegation: 8
        case .revokeDelegation: 9
        case .grantMandate: 10
        case .revokeMandate: 11
        case .arrangeRecovery: 12
        case .startRecovery: 13
        case .approveRecovery: 14
        case .withdrawRecovery: 15
        case .cancelRecovery: 16
        case .rotateKey: 17
        }
    }

    public var operation: any DomainOperation {
        switch self {
        case .sponsor(let operation): operation
        case .changeSponsor(let operation): operation
        case .createOrganization(let operation): operation
        case .updateOrganization(let operation): operation
        case .offerCredential(let operation): operation
        case .acceptCredential(let operation): operation
        case .declineCredential(let operation): operation
        case .revokeCredential(let operation): operation
        case .grantDelegation(let operation): operation
        case .revokeDelegation(let operation): operation
        case .grantMandate(let operation): operation
        case .revokeMandate(let operation): operation
        case .arrangeRecovery(let operation): operation
        case .startRecovery(let operation): operation
        case .approveRecovery(let operation): operation
        case .withdrawRecovery(let operation): operation
        case .cancelRecovery(let operation): operation
        case .rotateKey(let operation): operation
        }
    }

    public var weight: UInt64 { operation.weight }

    /// A change of sponsor, and an objection to a recovery: they need no sponsor and cannot be paused.
    public var isReserved: Bool {
        switch self {
        case .changeSponsor, .cancelRecovery: true
        default: false
        }
    }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .sponsor(let operation): try operation.execute(in: context)
        case .changeSponsor(let operation): try operation.execute(in: context)
        case .createOrganization(let operation): try operation.execute(in: context)
        case .updateOrganization(let operation): try operation.execute(in: context)
        case .offerCredential(let operation): try operation.execute(in: context)
        case .acceptCredential(let operation): try operation.execute(in: context)
        case .declineCredential(let operation): try operation.execute(in: context)
        case .revokeCredential(let operation): try operation.execute(in: context)
        case .grantDelegation(let operation): try operation.execute(in: context)
        case .revokeDelegation(let operation): try operation.execute(in: context)
        case .grantMandate(let operation): try operation.execute(in: context)
        case .revokeMandate(let operation): try operation.execute(in: context)
        case .arrangeRecovery(let operation): try operation.execute(in: context)
        case .startRecovery(let operation): try operation.execute(in: context)
        case .approveRecovery(let operation): try operation.execute(in: context)
        case .withdrawRecovery(let operation): try operation.execute(in: context)
        case .cancelRecovery(let operation): try operation.execute(in: context)
        case .rotateKey(let operation): try operation.execute(in: context)
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        operation.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .sponsor(try reader.value(SponsorAccount.name))
            case 1: .changeSponsor(try reader.value(ChangeSponsor.name))
            case 2: .createOrganization(try reader.value(CreateOrganization.name))
            case 3: .updateOrganization(try reader.value(UpdateOrganization.name))
            case 4: .offerCredential(try reader.value(OfferCredential.name))
            case 5: .acceptCredential(try reader.value(AcceptCredential.name))
            case 6: .declineCredential(try reader.value(DeclineCredential.name))
            case 7: .revokeCredential(try reader.value(RevokeCredential.name))
            case 8: .grantDelegation(try reader.value(GrantDelegation.name))
            case 9: .revokeDelegation(try reader.value(RevokeDelegation.name))
            case 10: .grantMandate(try reader.value(GrantMandate.name))
            case 11: .revokeMandate(try reader.value(RevokeMandate.name))
            case 12: .arrangeRecovery(try reader.value(ArrangeRecovery.name))
            case 13: .startRecovery(try reader.value(StartRecovery.name))
            case 14: .approveRecovery(try reader.value(ApproveRecovery.name))
            case 15: .withdrawRecovery(try reader.value(WithdrawRecovery.name))
            case 16: .cancelRecovery(try reader.value(CancelRecovery.name))
            case 17: .rotateKey(try reader.value(RotateKey.name))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    /// Nil if `type` names no operation of this domain.
    public static func decode(type: String, from decoder: any Decoder) throws -> IdentityOperation? {
        switch type {
        case SponsorAccount.name: .sponsor(try SponsorAccount(from: decoder))
        case ChangeSponsor.name: .changeSponsor(try ChangeSponsor(from: decoder))
        case CreateOrganization.name: .createOrganization(try CreateOrganization(from: decoder))
        case UpdateOrganization.name: .updateOrganization(try UpdateOrganization(from: decoder))
        case OfferCredential.name: .offerCredential(try OfferCredential(from: decoder))
        case AcceptCredential.name: .acceptCredential(try AcceptCredential(from: decoder))
        case DeclineCredential.name: .declineCredential(try DeclineCredential(from: decoder))
        case RevokeCredential.name: .revokeCredential(try RevokeCredential(from: decoder))
        case GrantDelegation.name: .grantDelegation(try GrantDelegation(from: decoder))
        case RevokeDelegation.name: .revokeDelegation(try RevokeDelegation(from: decoder))
        case GrantMandate.name: .grantMandate(try GrantMandate(from: decoder))
        case RevokeMandate.name: .revokeMandate(try RevokeMandate(from: decoder))
        case ArrangeRecovery.name: .arrangeRecovery(try ArrangeRecovery(from: decoder))
        case StartRecovery.name: .startRecovery(try StartRecovery(from: decoder))
        case ApproveRecovery.name: .approveRecovery(try ApproveRecovery(from: decoder))
        case WithdrawRecovery.name: .withdrawRecovery(try WithdrawRecovery(from: decoder))
        case CancelRecovery.name: .cancelRecovery(try CancelRecovery(from: decoder))
        case RotateKey.name: .rotateKey(try RotateKey(from: decoder))
        default: nil
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        guard let operation = try Self.decode(type: try container.decode(String.self, forKey: .type), from: decoder)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container,
                debugDescription: "expected one of \(Self.names.joined(separator: ", "))")
        }
        self = operation
    }

    public func encode(to encoder: any Encoder) throws {
        try operation.encode(to: encoder)
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(type(of: operation).name, forKey: .type)
    }
}
