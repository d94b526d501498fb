public import Encoding
public import INFTs
import Primitives
public import StateModel

/// What the licenses domain tells. `[kind, body]`
public enum LicenseEvent: LedgerEvent {
    case termsRegistered(TermsRegistered)
    case offerCreated(OfferChanged)
    case offerUpdated(OfferChanged)
    case offerClosed(OfferClosed)
    case sold(LicenseSold)
    case renewed(LicenseRenewed)
    case transferred(LicenseTransferred)
    case seatAssigned(SeatChanged)
    case seatReleased(SeatChanged)
    case surrendered(LicenseEnded)
    case revoked(LicenseEnded)
    case consumed(LicenseEnded)
    case expired(LicenseEnded)
    case suspended(LicensesSuspended)
    case linked(DerivativeLinked)
    case bought(LicenseSold)
    case deliveryRequested(DeliveryChanged)
    case deliveryBegun(DeliveryChanged)
    case deliveryCompleted(DeliveryChanged)
    case deliveryEnded(DeliveryChanged)
    case distributed(LicenseSettled)
    case refunded(LicenseSettled)
    case disputeRaised(DisputeChanged)
    case disputeAnswered(DisputeChanged)
    case disputeNonceRevealed(DisputeChanged)
    case disputeDrawn(DisputeChanged)
    case disputeChanged(DisputeChanged)
    case disputeDecided(DisputeChanged)
    case disputeAppealed(DisputeChanged)
    case disputeEnded(DisputeChanged)
    case disputeAccepted(DisputeSeatChanged)
    case disputeDeclined(DisputeSeatChanged)
    case disputeShowBegun(DisputeSeatChanged)
    case disputeShown(DisputeSeatChanged)
    case disputeVoteCommitted(DisputeSeatChanged)
    case disputeVoteRevealed(DisputeSeatChanged)
    case disputeAbsent(DisputeSeatChanged)
    case arbiterEnrolled(ArbiterChanged)
    case arbiterLeft(ArbiterChanged)
    case annulled(LicenseEnded)
    case groupCreated(GroupChanged)
    case groupJoined(GroupChanged)
    case groupFormed(GroupChanged)
    case groupChanged(GroupChanged)
    case recallAcknowledged(RecallAcknowledged)
    case disputeSettled(DisputeChanged)
    case used(LicenseUsed)
    case quotaToppedUp(QuotaChanged)
    case quotaReturned(QuotaChanged)
    case agentNamed(AgentChanged)
    case agentDismissed(AgentChanged)
    case outcomeReported(OutcomeReported)
    case outcomePriceSettled(OutcomePriceSettled)
    case sublicensed(LicenseSublicensed)

    public static let domain = DomainNumber.licenses

    private static let names = [
        "terms.registered", "offer.created", "offer.updated", "offer.closed", "license.sold", "license.renewed",
        "license.transferred", "license.seatAssigned", "license.seatReleased", "license.surrendered",
        "license.revoked", "license.consumed", "license.expired", "license.suspended", "license.linked",
        "license.bought", "license.deliveryRequested", "license.deliveryBegun", "license.deliveryCompleted",
        "license.deliveryEnded", "license.distributed", "license.refunded",
        "dispute.raised", "dispute.answered", "dispute.nonceRevealed", "dispute.panelDrawn", "dispute.stageEntered",
        "dispute.decided", "dispute.appealed", "dispute.ended", "dispute.accepted", "dispute.declined",
        "dispute.showBegun", "dispute.shown", "dispute.voteCommitted", "dispute.voteRevealed", "dispute.arbiterAbsent",
        "arbiter.enrolled", "arbiter.left", "license.annulled", "license.recallAcknowledged",
        "dispute.settled",
        "license.used", "license.quotaToppedUp", "license.quotaReturned", "license.agentNamed",
        "license.agentDismissed",
        "license.outcomeReported", "license.outcomePriceSettled", "group.created", "group.joined", "group.formed",
        "group.changed", "license.sublicensed",
    ]

    private var kind: Int {
        switch self {
        case .termsRegistered: 0
        case .offerCreated: 1
        case .offerUpdated: 2
        case .offerClosed: 3
        case .sold: 4
        case .renewed: 5
        case .transferred: 6
        case .seatAssigned: 7
        case .seatReleased: 8
        case .surrendered: 9
        case .revoked: 10
        case .consumed: 11
        case .expired: 12
        case .suspended: 13
        case .linked: 14
        case .bought: 15
        case .deliveryRequested: 16
        case .deliveryBegun: 17
        case .deliveryCompleted: 18
        case .deliveryEnded: 19
        case .distributed: 20
        case .refunded: 21
        case .disputeRaised: 22
        case .disputeAnswered: 23
        case .disputeNonceRevealed: 24
        case .disputeDrawn: 25
        case .disputeChanged: 26
        case .disputeDecided: 27
        case .disputeAppealed: 28
        case .disputeEnded: 29
        case .disputeAccepted: 30
        case .disputeDeclined: 31
        case .disputeShowBegun: 32
        case .disputeShown: 33
        case .disputeVoteCommitted: 34
        case .disputeVoteRevealed: 35
        case .disputeAbsent: 36
        case .arbiterEnrolled: 37
        case .arbiterLeft: 38
        case .annulled: 39
        case .groupCreated: 49
        case .groupJoined: 50
        case .groupFormed: 51
        case .groupChanged: 52
        case .recallAcknowledged: 40
        case .disputeSettled: 41
        case .used: 42
        case .quotaToppedUp: 43
        case .quotaReturned: 44
        case .agentNamed: 45
        case .agentDismissed: 46
        case .outcomeReported: 47
        case .outcomePriceSettled: 48
        case .sublicensed: 53
        }
    }

    private var body: any CBOREncodable & Encodable {
        switch self {
        case .termsRegistered(let body): body
        case .offerCreated(let body), .offerUpdated(let body): body
        case .offerClosed(let body): body
        case .sold(let body), .bought(let body): body
        case .renewed(let body): body
        case .transferred(let body): body
        case .seatAssigned(let body), .seatReleased(let body): body
        case .surrendered(let body), .revoked(let body), .consumed(let body), .expired(let body): body
        case .suspended(let body): body
        case .linked(let body): body
        case .deliveryRequested(let body), .deliveryBegun(let body), .deliveryCompleted(let body),
            .deliveryEnded(let body):
            body
        case .distributed(let body), .refunded(let body): body
        case .disputeRaised(let body), .disputeAnswered(let body), .disputeNonceRevealed(let body),
            .disputeDrawn(let body), .disputeChanged(let body), .disputeDecided(let body), .disputeAppealed(let body),
            .disputeEnded(let body), .disputeSettled(let body):
            body
        case .disputeAccepted(let body), .disputeDeclined(let body), .disputeShowBegun(let body),
            .disputeShown(let body), .disputeVoteCommitted(let body), .disputeVoteRevealed(let body),
            .disputeAbsent(let body):
            body
        case .arbiterEnrolled(let body), .arbiterLeft(let body): body
        case .annulled(let body): body
        case .groupCreated(let body), .groupJoined(let body), .groupFormed(let body), .groupChanged(let body): body
        case .recallAcknowledged(let body): body
        case .used(let body): body
        case .quotaToppedUp(let body), .quotaReturned(let body): body
        case .agentNamed(let body), .agentDismissed(let body): body
        case .outcomeReported(let body): body
        case .outcomePriceSettled(let body): body
        case .sublicensed(let body): body
        }
    }

    public var name: String { Self.names[kind] }

    public var topics: [Topic] {
        switch self {
        case .termsRegistered(let body): [.party(body.by)]
        case .offerCreated(let body), .offerUpdated(let body):
            [.offer(body.offer), .inft(body.inft), .party(body.seller)] + (body.buyer.map { [.party($0)] } ?? [])
        case .offerClosed(let body): [.offer(body.offer), .inft(body.inft), .party(body.seller)]
        case .sold(let body), .bought(let body):
            [
                .license(body.license), .offer(body.offer), .inft(body.inft), .party(body.licensor),
                .party(body.licensee),
            ]
        case .renewed(let body): [.license(body.license), .inft(body.inft), .party(body.licensee)]
        case .transferred(let body):
            [.license(body.license), .inft(body.inft), .party(body.from), .party(body.to)]
        case .seatAssigned(let body), .seatReleased(let body):
            [.license(body.license), .party(body.licensee), .party(.account(body.account))]
        case .surrendered(let body), .revoked(let body), .consumed(let body), .expired(let body), .annulled(let body):
            [.license(body.license), .inft(body.inft), .party(body.licensor), .party(body.licensee)]
        case .recallAcknowledged(let body): [.license(body.license), .inft(body.inft), .party(body.party)]
        case .suspended(let body): [.inft(body.inft)]
        case .groupCreated(let body), .groupJoined(let body), .groupFormed(let body), .groupChanged(let body):
            [.inft(body.group)] + (body.member.map { [.inft($0)] } ?? [])
        case .sublicensed(let body):
            [
                .license(body.license), .license(body.above), .inft(body.inft), .party(body.licensor),
                .party(body.licensee),
            ]
        case .linked(let body):
            [.inft(body.derivative)] + body.parents.map { .inft($0) } + body.licenses.map { .license($0) }
        case .deliveryRequested(let body), .deliveryBegun(let body), .deliveryCompleted(let body),
            .deliveryEnded(let body):
            body.topics
        case .distributed(let body), .refunded(let body):
            [.license(body.license), .inft(body.inft), .party(body.licensor), .party(body.buyer)]
        case .disputeRaised(let body), .disputeAnswered(let body), .disputeNonceRevealed(let body),
            .disputeDrawn(let body), .disputeChanged(let body), .disputeDecided(let body), .disputeAppealed(let body),
            .disputeEnded(let body), .disputeSettled(let body):
            body.topics
        case .disputeAccepted(let body), .disputeDeclined(let body), .disputeShowBegun(let body),
            .disputeShown(let body), .disputeVoteCommitted(let body), .disputeVoteRevealed(let body),
            .disputeAbsent(let body):
            body.topics
        case .arbiterEnrolled(let body), .arbiterLeft(let body): [.party(.account(body.arbiter))]
        case .used(let body): body.topics
        case .quotaToppedUp(let body), .quotaReturned(let body):
            [.license(body.license), .inft(body.inft), .party(body.party)]
        case .agentNamed(let body), .agentDismissed(let body): body.topics
        case .outcomeReported(let body): body.topics
        case .outcomePriceSettled(let body): body.topics
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        body.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("event", count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .termsRegistered(try reader.value("termsRegistered"))
            case 1: .offerCreated(try reader.value("offerCreated"))
            case 2: .offerUpdated(try reader.value("offerUpdated"))
            case 3: .offerClosed(try reader.value("offerClosed"))
            case 4: .sold(try reader.value("sold"))
            case 5: .renewed(try reader.value("renewed"))
            case 6: .transferred(try reader.value("transferred"))
            case 7: .seatAssigned(try reader.value("seatAssigned"))
            case 8: .seatReleased(try reader.value("seatReleased"))
            case 9: .surrendered(try reader.value("surrendered"))
            case 10: .revoked(try reader.value("revoked"))
            case 11: .consumed(try reader.value("consumed"))
            case 12: .expired(try reader.value("expired"))
            case 13: .suspended(try reader.value("suspended"))
            case 14: .linked(try reader.value("linked"))
            case 15: .bought(try reader.value("bought"))
            case 16: .deliveryRequested(try reader.value("deliveryRequested"))
            case 17: .deliveryBegun(try reader.value("deliveryBegun"))
            case 18: .deliveryCompleted(try reader.value("deliveryCompleted"))
            case 19: .deliveryEnded(try reader.value("deliveryEnded"))
            case 20: .distributed(try reader.value("distributed"))
            case 21: .refunded(try reader.value("refunded"))
            case 22: .disputeRaised(try reader.value("disputeRaised"))
            case 23: .disputeAnswered(try reader.value("disputeAnswered"))
            case 24: .disputeNonceRevealed(try reader.value("disputeNonceRevealed"))
            case 25: .disputeDrawn(try reader.value("disputeDrawn"))
            case 26: .disputeChanged(try reader.value("disputeChanged"))
            case 27: .disputeDecided(try reader.value("disputeDecided"))
            case 28: .disputeAppealed(try reader.value("disputeAppealed"))
            case 29: .disputeEnded(try reader.value("disputeEnded"))
            case 30: .disputeAccepted(try reader.value("disputeAccepted"))
            case 31: .disputeDeclined(try reader.value("disputeDeclined"))
            case 32: .disputeShowBegun(try reader.value("disputeShowBegun"))
            case 33: .disputeShown(try reader.value("disputeShown"))
            case 34: .disputeVoteCommitted(try reader.value("disputeVoteCommitted"))
            case 35: .disputeVoteRevealed(try reader.value("disputeVoteRevealed"))
            case 36: .disputeAbsent(try reader.value("disputeAbsent"))
            case 37: .arbiterEnrolled(try reader.value("arbiterEnrolled"))
            case 38: .arbiterLeft(try reader.value("arbiterLeft"))
            case 39: .annulled(try reader.value("annulled"))
            case 49: .groupCreated(try reader.value("groupCreated"))
            case 50: .groupJoined(try reader.value("groupJoined"))
            case 51: .groupFormed(try reader.value("groupFormed"))
            case 52: .groupChanged(try reader.value("groupChanged"))
            case 40: .recallAcknowledged(try reader.value("recallAcknowledged"))
            case 41: .disputeSettled(try reader.value("disputeSettled"))
            case 42: .used(try reader.value("used"))
            case 43: .quotaToppedUp(try reader.value("quotaToppedUp"))
            case 44: .quotaReturned(try reader.value("quotaReturned"))
            case 45: .agentNamed(try reader.value("agentNamed"))
            case 46: .agentDismissed(try reader.value("agentDismissed"))
            case 47: .outcomeReported(try reader.value("outcomeReported"))
            case 48: .outcomePriceSettled(try reader.value("outcomePriceSettled"))
            case 53: .sublicensed(try reader.value("sublicensed"))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let name = try container.decode(String.self, forKey: .type)
        self =
            switch Self.names.firstIndex(of: name) {
            case 0: .termsRegistered(try TermsRegistered(from: decoder))
            case 1: .offerCreated(try OfferChanged(from: decoder))
            case 2: .offerUpdated(try OfferChanged(from: decoder))
            case 3: .offerClosed(try OfferClosed(from: decoder))
            case 4: .sold(try LicenseSold(from: decoder))
            case 5: .renewed(try LicenseRenewed(from: decoder))
            case 6: .transferred(try LicenseTransferred(from: decoder))
            case 7: .seatAssigned(try SeatChanged(from: decoder))
            case 8: .seatReleased(try SeatChanged(from: decoder))
            case 9: .surrendered(try LicenseEnded(from: decoder))
            case 10: .revoked(try LicenseEnded(from: decoder))
            case 11: .consumed(try LicenseEnded(from: decoder))
            case 12: .expired(try LicenseEnded(from: decoder))
            case 13: .suspended(try LicensesSuspended(from: decoder))
            case 14: .linked(try DerivativeLinked(from: decoder))
            case 15: .bought(try LicenseSold(from: decoder))
            case 16: .deliveryRequested(try DeliveryChanged(from: decoder))
            case 17: .deliveryBegun(try DeliveryChanged(from: decoder))
            case 18: .deliveryCompleted(try DeliveryChanged(from: decoder))
            case 19: .deliveryEnded(try DeliveryChanged(from: decoder))
            case 20: .distributed(try LicenseSettled(from: decoder))
            case 21: .refunded(try LicenseSettled(from: decoder))
            case 22: .disputeRaised(try DisputeChanged(from: decoder))
            case 23: .disputeAnswered(try DisputeChanged(from: decoder))
            case 24: .disputeNonceRevealed(try DisputeChanged(from: decoder))
            case 25: .disputeDrawn(try DisputeChanged(from: decoder))
            case 26: .disputeChanged(try DisputeChanged(from: decoder))
            case 27: .disputeDecided(try DisputeChanged(from: decoder))
            case 28: .disputeAppealed(try DisputeChanged(from: decoder))
            case 29: .disputeEnded(try DisputeChanged(from: decoder))
            case 30: .disputeAccepted(try DisputeSeatChanged(from: decoder))
            case 31: .disputeDeclined(try DisputeSeatChanged(from: decoder))
            case 32: .disputeShowBegun(try DisputeSeatChanged(from: decoder))
            case 33: .disputeShown(try DisputeSeatChanged(from: decoder))
            case 34: .disputeVoteCommitted(try DisputeSeatChanged(from: decoder))
            case 35: .disputeVoteRevealed(try DisputeSeatChanged(from: decoder))
            case 36: .disputeAbsent(try DisputeSeatChanged(from: decoder))
            case 37: .arbiterEnrolled(try ArbiterChanged(from: decoder))
            case 38: .arbiterLeft(try ArbiterChanged(from: decoder))
            case 39: .annulled(try LicenseEnded(from: decoder))
            case 49: .groupCreated(try GroupChanged(from: decoder))
            case 50: .groupJoined(try GroupChanged(from: decoder))
            case 51: .groupFormed(try GroupChanged(from: decoder))
            case 52: .groupChanged(try GroupChanged(from: decoder))
            case 40: .recallAcknowledged(try RecallAcknowledged(from: decoder))
            case 41: .disputeSettled(try DisputeChanged(from: decoder))
            case 42: .used(try LicenseUsed(from: decoder))
            case 43: .quotaToppedUp(try QuotaChanged(from: decoder))
            case 44: .quotaReturned(try QuotaChanged(from: decoder))
            case 45: .agentNamed(try AgentChanged(from: decoder))
            case 46: .agentDismissed(try AgentChanged(from: decoder))
            case 47: .outcomeReported(try OutcomeReported(from: decoder))
            case 48: .outcomePriceSettled(try OutcomePriceSettled(from: decoder))
            case 53: .sublicensed(try LicenseSublicensed(from: decoder))
            default:
                throw DecodingError.dataCorruptedError(
                    forKey: .type, in: container, debugDescription: "no event of the licenses domain is called \(name)")
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
        try body.encode(to: encoder)
    }
}
