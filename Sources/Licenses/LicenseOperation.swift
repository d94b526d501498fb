public import Encoding
public import Primitives
public import StateModel

/// The operations of the licenses domain. Bytes `[kind, body]`; JSON a flat object told by its `type`.
public enum LicenseOperation: CBORCodable, Codable, Hashable, Sendable {
    case registerTerms(RegisterTerms)
    case createOffer(CreateOffer)
    case updateOffer(UpdateOffer)
    case cancelOffer(CancelOffer)
    case purchase(PurchaseLicense)
    case link(LinkLicenses)
    case surrender(SurrenderLicense)
    case revoke(RevokeLicense)
    case renew(RenewLicense)
    case transfer(TransferLicense)
    case assignSeat(AssignSeat)
    case releaseSeat(ReleaseSeat)
    case begin(BeginDelivery)
    case complete(CompleteDelivery)
    case refund(RefundDelivery)
    case requestVersion(RequestVersion)
    case raiseDispute(RaiseDispute)
    case respondDispute(RespondDispute)
    case revealDisputeNonce(RevealDisputeNonce)
    case acceptDispute(AcceptDispute)
    case declineDispute(DeclineDispute)
    case beginShow(BeginShow)
    case completeShow(CompleteShow)
    case commitDisputeVote(CommitDisputeVote)
    case revealDisputeVote(RevealDisputeVote)
    case appealDispute(AppealDispute)
    case advanceDispute(AdvanceDispute)
    case enrollArbiter(EnrollArbiter)
    case leaveArbiter(LeaveArbiter)
    case createGroup(CreateGroup)
    case joinGroup(JoinGroup)
    case acknowledgeRecall(AcknowledgeRecall)
    case raiseClaim(RaiseClaim)
    case settleDispute(SettleDispute)
    case use(RecordUse)
    case topUp(TopUpQuota)
    case returnQuota(ReturnQuota)
    case nameAgent(NameAgent)
    case dismissAgent(DismissAgent)
    case reportOutcome(ReportOutcome)
    case sublicense(SublicenseLicense)
    case answerNeeds(AnswerNeeds)

    public static let names = [
        RegisterTerms.name, CreateOffer.name, UpdateOffer.name, CancelOffer.name, PurchaseLicense.name,
        LinkLicenses.name, SurrenderLicense.name, RevokeLicense.name, RenewLicense.name, TransferLicense.name,
        AssignSeat.name, ReleaseSeat.name, BeginDelivery.name, CompleteDelivery.name, RefundDelivery.name,
        RequestVersion.name, RaiseDispute.name, RespondDispute.name, RevealDisputeNonce.name, AcceptDispute.name,
        DeclineDispute.name, BeginShow.name, CompleteShow.name, CommitDisputeVote.name, RevealDisputeVote.name,
        AppealDispute.name, AdvanceDispute.name, EnrollArbiter.name, LeaveArbiter.name,
        AcknowledgeRecall.name, RaiseClaim.name, SettleDispute.name, RecordUse.name, TopUpQuota.name,
        ReturnQuota.name, NameAgent.name, DismissAgent.name, ReportOutcome.name, CreateGroup.name, JoinGroup.name,
        SublicenseLicense.name, AnswerNeeds.name,
    ]

    public var operation: any DomainOperation {
        switch self {
        case .registerTerms(let operation): operation
        case .createOffer(let operation): operation
        case .updateOffer(let operation): operation
        case .cancelOffer(let operation): operation
        case .purchase(let operation): operation
        case .link(let operation): operation
        case .surrender(let operation): operation
        case .revoke(let operation): operation
        case .renew(let operation): operation
        case .transfer(let operation): operation
        case .assignSeat(let operation): operation
        case .releaseSeat(let operation): operation
        case .begin(let operation): operation
        case .complete(let operation): operation
        case .refund(let operation): operation
        case .requestVersion(let operation): operation
        case .raiseDispute(let operation): operation
        case .respondDispute(let operation): operation
        case .revealDisputeNonce(let operation): operation
        case .acceptDispute(let operation): operation
        case .declineDispute(let operation): operation
        case .beginShow(let operation): operation
        case .completeShow(let operation): operation
        case .commitDisputeVote(let operation): operation
        case .revealDisputeVote(let operation): operation
        case .appealDispute(let operation): operation
        case .advanceDispute(let operation): operation
        case .enrollArbiter(let operation): operation
        case .leaveArbiter(let operation): operation
        case .createGroup(let operation): operation
        case .joinGroup(let operation): operation
        case .acknowledgeRecall(let operation): operation
        case .raiseClaim(let operation): operation
        case .settleDispute(let operation): operation
        case .use(let operation): operation
        case .topUp(let operation): operation
        case .returnQuota(let operation): operation
        case .nameAgent(let operation): operation
        case .dismissAgent(let operation): operation
        case .reportOutcome(let operation): operation
        case .sublicense(let operation): operation
        case .answerNeeds(let operation): operation
        }
    }

    public var weight: UInt64 {
        switch self {
        case .registerTerms(let operation): operation.weight
        case .createOffer(let operation): operation.weight
        case .updateOffer(let operation): operation.weight
        case .cancelOffer(let operation): operation.weight
        case .purchase(let operation): operation.weight
        case .link(let operation): operation.weight
        case .surrender(let operation): operation.weight
        case .revoke(let operation): operation.weight
        case .renew(let operation): operation.weight
        case .transfer(let operation): operation.weight
        case .assignSeat(let operation): operation.weight
        case .releaseSeat(let operation): operation.weight
        case .begin(let operation): operation.weight
        case .complete(let operation): operation.weight
        case .refund(let operation): operation.weight
        case .requestVersion(let operation): operation.weight
        case .raiseDispute(let operation): operation.weight
        case .respondDispute(let operation): operation.weight
        case .revealDisputeNonce(let operation): operation.weight
        case .acceptDispute(let operation): operation.weight
        case .declineDispute(let operation): operation.weight
        case .beginShow(let operation): operation.weight
        case .completeShow(let operation): operation.weight
        case .commitDisputeVote(let operation): operation.weight
        case .revealDisputeVote(let operation): operation.weight
        case .appealDispute(let operation): operation.weight
        case .advanceDispute(let operation): operation.weight
        case .enrollArbiter(let operation): operation.weight
        case .leaveArbiter(let operation): operation.weight
        case .createGroup(let operation): operation.weight
        case .joinGroup(let operation): operation.weight
        case .acknowledgeRecall(let operation): operation.weight
        case .raiseClaim(let operation): operation.weight
        case .settleDispute(let operation): operation.weight
        case .use(let operation): operation.weight
        case .topUp(let operation): operation.weight
        case .returnQuota(let operation): operation.weight
        case .nameAgent(let operation): operation.weight
        case .dismissAgent(let operation): operation.weight
        case .reportOutcome(let operation): operation.weight
        case .sublicense(let operation): operation.weight
        case .answerNeeds(let operation): operation.weight
        }
    }

    /// True for what nobody can be kept from: it needs no sponsor, can't be paused, and has weight reserved for it.
    public var isReserved: Bool {
        switch self {
        case .complete, .refund, .completeShow: true
        default: false
        }
    }

    /// True for answers, votes and appeals in disputes, raising one before its window is over, answers to recalls, giving a
    /// license back within its trial, and outcomes that a price depends on.
    public var meetsDeadline: Bool {
        switch self {
        case .raiseDispute, .respondDispute, .revealDisputeNonce, .acceptDispute, .declineDispute, .beginShow,
            .commitDisputeVote, .revealDisputeVote, .appealDispute, .acknowledgeRecall, .surrender, .reportOutcome:
            true
        default: false
        }
    }

    /// True for the completion of a delivery that was begun.
    public var isDelivery: Bool {
        switch self {
        case .complete, .completeShow: true
        default: false
        }
    }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .registerTerms(let operation): try operation.execute(in: context)
        case .createOffer(let operation): try operation.execute(in: context)
        case .updateOffer(let operation): try operation.execute(in: context)
        case .cancelOffer(let operation): try operation.execute(in: context)
        case .purchase(let operation): try operation.execute(in: context)
        case .link(let operation): try operation.execute(in: context)
        case .surrender(let operation): try operation.execute(in: context)
        case .revoke(let operation): try operation.execute(in: context)
        case .renew(let operation): try operation.execute(in: context)
        case .transfer(let operation): try operation.execute(in: context)
        case .assignSeat(let operation): try operation.execute(in: context)
        case .releaseSeat(let operation): try operation.execute(in: context)
        case .begin(let operation): try operation.execute(in: context)
        case .complete(let operation): try operation.execute(in: context)
        case .refund(let operation): try operation.execute(in: context)
        case .requestVersion(let operation): try operation.execute(in: context)
        case .raiseDispute(let operation): try operation.execute(in: context)
        case .respondDispute(let operation): try operation.execute(in: context)
        case .revealDisputeNonce(let operation): try operation.execute(in: context)
        case .acceptDispute(let operation): try operation.execute(in: context)
        case .declineDispute(let operation): try operation.execute(in: context)
        case .beginShow(let operation): try operation.execute(in: context)
        case .completeShow(let operation): try operation.execute(in: context)
        case .commitDisputeVote(let operation): try operation.execute(in: context)
        case .revealDisputeVote(let operation): try operation.execute(in: context)
        case .appealDispute(let operation): try operation.execute(in: context)
        case .advanceDispute(let operation): try operation.execute(in: context)
        case .enrollArbiter(let operation): try operation.execute(in: context)
        case .leaveArbiter(let operation): try operation.execute(in: context)
        case .createGroup(let operation): try operation.execute(in: context)
        case .joinGroup(let operation): try operation.execute(in: context)
        case .acknowledgeRecall(let operation): try operation.execute(in: context)
        case .raiseClaim(let operation): try operation.execute(in: context)
        case .settleDispute(let operation): try operation.execute(in: context)
        case .use(let operation): try operation.execute(in: context)
        case .topUp(let operation): try operation.execute(in: context)
        case .returnQuota(let operation): try operation.execute(in: context)
        case .nameAgent(let operation): try operation.execute(in: context)
        case .dismissAgent(let operation): try operation.execute(in: context)
        case .reportOutcome(let operation): try operation.execute(in: context)
        case .sublicense(let operation): try operation.execute(in: context)
        case .answerNeeds(let operation): try operation.execute(in: context)
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .registerTerms(let operation):
            writer.write(UInt64(0))
            writer.write(operation)
        case .createOffer(let operation):
            writer.write(UInt64(1))
            writer.write(operation)
        case .updateOffer(let operation):
            writer.write(UInt64(2))
            writer.write(operation)
        case .cancelOffer(let operation):
            writer.write(UInt64(3))
            writer.write(operation)
        case .purchase(let operation):
            writer.write(UInt64(4))
            writer.write(operation)
        case .link(let operation):
            writer.write(UInt64(5))
            writer.write(operation)
        case .surrender(let operation):
            writer.write(UInt64(6))
            writer.write(operation)
        case .revoke(let operation):
            writer.write(UInt64(7))
            writer.write(operation)
        case .renew(let operation):
            writer.write(UInt64(8))
            writer.write(operation)
        case .transfer(let operation):
            writer.write(UInt64(9))
            writer.write(operation)
        case .assignSeat(let operation):
            writer.write(UInt64(10))
            writer.write(operation)
        case .releaseSeat(let operation):
            writer.write(UInt64(11))
            writer.write(operation)
        case .begin(let operation):
            writer.write(UInt64(12))
            writer.write(operation)
        case .complete(let operation):
            writer.write(UInt64(13))
            writer.write(operation)
        case .refund(let operation):
            writer.write(UInt64(14))
            writer.write(operation)
        case .requestVersion(let operation):
            writer.write(UInt64(15))
            writer.write(operation)
        case .raiseDispute(let operation):
            writer.write(UInt64(16))
            writer.write(operation)
        case .respondDispute(let operation):
            writer.write(UInt64(17))
            writer.write(operation)
        case .revealDisputeNonce(let operation):
            writer.write(UInt64(18))
            writer.write(operation)
        case .acceptDispute(let operation):
            writer.write(UInt64(19))
            writer.write(operation)
        case .declineDispute(let operation):
            writer.write(UInt64(20))
            writer.write(operation)
        case .beginShow(let operation):
            writer.write(UInt64(21))
            writer.write(operation)
        case .completeShow(let operation):
            writer.write(UInt64(22))
            writer.write(operation)
        case .commitDisputeVote(let operation):
            writer.write(UInt64(23))
            writer.write(operation)
        case .revealDisputeVote(let operation):
            writer.write(UInt64(24))
            writer.write(operation)
        case .appealDispute(let operation):
            writer.write(UInt64(25))
            writer.write(operation)
        case .advanceDispute(let operation):
            writer.write(UInt64(26))
            writer.write(operation)
        case .enrollArbiter(let operation):
            writer.write(UInt64(27))
            writer.write(operation)
        case .leaveArbiter(let operation):
            writer.write(UInt64(28))
            writer.write(operation)
        case .createGroup(let operation):
            writer.write(UInt64(38))
            writer.write(operation)
        case .joinGroup(let operation):
            writer.write(UInt64(39))
            writer.write(operation)
        case .acknowledgeRecall(let operation):
            writer.write(UInt64(29))
            writer.write(operation)
        case .raiseClaim(let operation):
            writer.write(UInt64(30))
            writer.write(operation)
        case .settleDispute(let operation):
            writer.write(UInt64(31))
            writer.write(operation)
        case .use(let operation):
            writer.write(UInt64(32))
            writer.write(operation)
        case .topUp(let operation):
            writer.write(UInt64(33))
            writer.write(operation)
        case .returnQuota(let operation):
            writer.write(UInt64(34))
            writer.write(operation)
        case .nameAgent(let operation):
            writer.write(UInt64(35))
            writer.write(operation)
        case .dismissAgent(let operation):
            writer.write(UInt64(36))
            writer.write(operation)
        case .reportOutcome(let operation):
            writer.write(UInt64(37))
            writer.write(operation)
        case .sublicense(let operation):
            writer.write(UInt64(40))
            writer.write(operation)
        case .answerNeeds(let operation):
            writer.write(UInt64(41))
            writer.write(operation)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("operation", count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .registerTerms(try reader.value(RegisterTerms.name))
            case 1: .createOffer(try reader.value(CreateOffer.name))
            case 2: .updateOffer(try reader.value(UpdateOffer.name))
            case 3: .cancelOffer(try reader.value(CancelOffer.name))
            case 4: .purchase(try reader.value(PurchaseLicense.name))
            case 5: .link(try reader.value(LinkLicenses.name))
            case 6: .surrender(try reader.value(SurrenderLicense.name))
            case 7: .revoke(try reader.value(RevokeLicense.name))
            case 8: .renew(try reader.value(RenewLicense.name))
            case 9: .transfer(try reader.value(TransferLicense.name))
            case 10: .assignSeat(try reader.value(AssignSeat.name))
            case 11: .releaseSeat(try reader.value(ReleaseSeat.name))
            case 12: .begin(try reader.value(BeginDelivery.name))
            case 13: .complete(try reader.value(CompleteDelivery.name))
            case 14: .refund(try reader.value(RefundDelivery.name))
            case 15: .requestVersion(try reader.value(RequestVersion.name))
            case 16: .raiseDispute(try reader.value(RaiseDispute.name))
            case 17: .respondDispute(try reader.value(RespondDispute.name))
            case 18: .revealDisputeNonce(try reader.value(RevealDisputeNonce.name))
            case 19: .acceptDispute(try reader.value(AcceptDispute.name))
            case 20: .declineDispute(try reader.value(DeclineDispute.name))
            case 21: .beginShow(try reader.value(BeginShow.name))
            case 22: .completeShow(try reader.value(CompleteShow.name))
            case 23: .commitDisputeVote(try reader.value(CommitDisputeVote.name))
            case 24: .revealDisputeVote(try reader.value(RevealDisputeVote.name))
            case 25: .appealDispute(try reader.value(AppealDispute.name))
            case 26: .advanceDispute(try reader.value(AdvanceDispute.name))
            case 27: .enrollArbiter(try reader.value(EnrollArbiter.name))
            case 28: .leaveArbiter(try reader.value(LeaveArbiter.name))
            case 38: .createGroup(try reader.value(CreateGroup.name))
            case 39: .joinGroup(try reader.value(JoinGroup.name))
            case 29: .acknowledgeRecall(try reader.value(AcknowledgeRecall.name))
            case 30: .raiseClaim(try reader.value(RaiseClaim.name))
            case 31: .settleDispute(try reader.value(SettleDispute.name))
            case 32: .use(try reader.value(RecordUse.name))
            case 33: .topUp(try reader.value(TopUpQuota.name))
            case 34: .returnQuota(try reader.value(ReturnQuota.name))
            case 35: .nameAgent(try reader.value(NameAgent.name))
            case 36: .dismissAgent(try reader.value(DismissAgent.name))
            case 37: .reportOutcome(try reader.value(ReportOutcome.name))
            case 40: .sublicense(try reader.value(SublicenseLicense.name))
            case 41: .answerNeeds(try reader.value(AnswerNeeds.name))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    /// Nil if `type` names no operation of this domain.
    public static func decode(type: String, from decoder: any Decoder) throws -> LicenseOperation? {
        switch type {
        case RegisterTerms.name: .registerTerms(try RegisterTerms(from: decoder))
        case CreateOffer.name: .createOffer(try CreateOffer(from: decoder))
        case UpdateOffer.name: .updateOffer(try UpdateOffer(from: decoder))
        case CancelOffer.name: .cancelOffer(try CancelOffer(from: decoder))
        case PurchaseLicense.name: .purchase(try PurchaseLicense(from: decoder))
        case LinkLicenses.name: .link(try LinkLicenses(from: decoder))
        case SurrenderLicense.name: .surrender(try SurrenderLicense(from: decoder))
        case RevokeLicense.name: .revoke(try RevokeLicense(from: decoder))
        case RenewLicense.name: .renew(try RenewLicense(from: decoder))
        case TransferLicense.name: .transfer(try TransferLicense(from: decoder))
        case AssignSeat.name: .assignSeat(try AssignSeat(from: decoder))
        case ReleaseSeat.name: .releaseSeat(try ReleaseSeat(from: decoder))
        case BeginDelivery.name: .begin(try BeginDelivery(from: decoder))
        case CompleteDelivery.name: .complete(try CompleteDelivery(from: decoder))
        case RefundDelivery.name: .refund(try RefundDelivery(from: decoder))
        case RequestVersion.name: .requestVersion(try RequestVersion(from: decoder))
        case RaiseDispute.name: .raiseDispute(try RaiseDispute(from: decoder))
        case RespondDispute.name: .respondDispute(try RespondDispute(from: decoder))
        case RevealDisputeNonce.name: .revealDisputeNonce(try RevealDisputeNonce(from: decoder))
        case AcceptDispute.name: .acceptDispute(try AcceptDispute(from: decoder))
        case DeclineDispute.name: .declineDispute(try DeclineDispute(from: decoder))
        case BeginShow.name: .beginShow(try BeginShow(from: decoder))
        case CompleteShow.name: .completeShow(try CompleteShow(from: decoder))
        case CommitDisputeVote.name: .commitDisputeVote(try CommitDisputeVote(from: decoder))
        case RevealDisputeVote.name: .revealDisputeVote(try RevealDisputeVote(from: decoder))
        case AppealDispute.name: .appealDispute(try AppealDispute(from: decoder))
        case AdvanceDispute.name: .advanceDispute(try AdvanceDispute(from: decoder))
        case EnrollArbiter.name: .enrollArbiter(try EnrollArbiter(from: decoder))
        case LeaveArbiter.name: .leaveArbiter(try LeaveArbiter(from: decoder))
        case CreateGroup.name: .createGroup(try CreateGroup(from: decoder))
        case JoinGroup.name: .joinGroup(try JoinGroup(from: decoder))
        case AcknowledgeRecall.name: .acknowledgeRecall(try AcknowledgeRecall(from: decoder))
        case RaiseClaim.name: .raiseClaim(try RaiseClaim(from: decoder))
        case SettleDispute.name: .settleDispute(try SettleDispute(from: decoder))
        case RecordUse.name: .use(try RecordUse(from: decoder))
        case TopUpQuota.name: .topUp(try TopUpQuota(from: decoder))
        case ReturnQuota.name: .returnQuota(try ReturnQuota(from: decoder))
        case NameAgent.name: .nameAgent(try NameAgent(from: decoder))
        case DismissAgent.name: .dismissAgent(try DismissAgent(from: decoder))
        case ReportOutcome.name: .reportOutcome(try ReportOutcome(from: decoder))
        case SublicenseLicense.name: .sublicense(try SublicenseLicense(from: decoder))
        case AnswerNeeds.name: .answerNeeds(try AnswerNeeds(from: decoder))
        default: nil
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let type = try container.decode(String.self, forKey: .type)
        guard let operation = try Self.decode(type: type, from: decoder) else {
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected one of \(Self.names.joined(separator: ", "))")
        }
        self = operation
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(type(of: operation).name, forKey: .type)
        try operation.encode(to: encoder)
    }
}
