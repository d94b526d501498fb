public import Primitives
public import StateModel

/// In whose asset the amounts of an operation are, where it names none: words need it to say `25.00 EURX`.
public enum PriceSource: Hashable, Sendable {
    case terms(TermsID)
    case offer(OfferID)
    case license(LicenseID)

    /// What words ask names for.
    public var id: Bytes32 {
        switch self {
        case .terms(let id): id.bytes
        case .offer(let id): id.bytes
        case .license(let id): id.bytes
        }
    }

    /// By the state; nil of what is unknown there, or free.
    public func asset(in state: any StateReader) throws(Refusal) -> AssetID? {
        switch self {
        case .terms(let id): try LicenseLedger.terms(id, in: state)?.terms.payment.asset
        case .offer(let id): try LicenseLedger.offer(id, in: state)?.asset
        case .license(let id): try LicenseLedger.license(id, in: state)?.asset
        }
    }
}

extension LicenseOperation {
    public var priceSource: PriceSource? {
        switch self {
        case .createOffer(let operation): .terms(operation.terms)
        case .updateOffer(let operation): .offer(operation.offer)
        case .purchase(let operation): if case .id(let id) = operation.offer { .offer(id) } else { nil }
        case .renew(let operation): .offer(operation.offer)
        case .use(let operation): .license(operation.license)
        case .topUp(let operation): .license(operation.license)
        case .sublicense(let operation): .license(operation.license)
        case .raiseDispute(let operation): .license(operation.license)
        default: nil
        }
    }

    /// Terms that it registers, which other operations of its transaction may name before the state knows them.
    public var registered: (terms: TermsID, asset: AssetID)? {
        guard case .registerTerms(let operation) = self, let asset = operation.terms.payment.asset else { return nil }
        return (operation.terms.id, asset)
    }
}
