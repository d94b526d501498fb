import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

extension LedgerOperation {
    /// What tells the asset of the amounts that it names, without naming the asset.
    fileprivate var assetSource: AssetSource? {
        guard case .licenses(let operation) = self else { return nil }
        switch operation {
        case .createOffer(let create): return .terms(create.terms)
        case .updateOffer(let update): return .offer(update.offer)
        case .purchase(let purchase):
            guard case .id(let offer) = purchase.offer else { return nil }
            return .offer(offer)
        case .renew(let renew): return .offer(renew.offer)
        case .sublicense(let sublicense): return .license(sublicense.license)
        case .use(let use): return .license(use.license)
        case .topUp(let topUp): return .license(topUp.license)
        default: return nil
        }
    }
}

private enum AssetSource {
    case terms(TermsID)
    case offer(OfferID)
    case license(LicenseID)

    var bytes: Bytes32 {
        switch self {
        case .terms(let id): id.bytes
        case .offer(let id): id.bytes
        case .license(let id): id.bytes
        }
    }
}

extension Session {
    /// Names for what a person is about to sign: amounts in units of their asset too, where the operation names none and it
    /// is known for certain. A node that says another asset would have somebody agree to another price.
    func names(for operations: [LedgerOperation]) async throws(WalletFailure) -> SessionNames {
        var behind: [Bytes32: AssetID] = [:]
        for source in operations.compactMap(\.assetSource) where behind[source.bytes] == nil {
            behind[source.bytes] = try? await asset(of: source)
        }
        return SessionNames(session: self, assets: try await assets(), behind: behind)
    }

    /// Terms are named by their content; of offers and licenses it takes a proof.
    private func asset(of source: AssetSource) async throws -> AssetID? {
        switch source {
        case .terms(let id):
            let view: TermsView = try await client.read("terms_get", .object(["terms": json(id)]))
            return view.terms.id == id ? view.terms.payment.asset : nil
        case .offer(let id):
            let answer = try await client.provenAnswer(
                "offer_get", parameters(["offer": json(id)]), trusting: try pinnedCheckpoint())
            let view: OfferView = try decode(answer.value)
            return view.offer.id == id ? view.offer.asset : nil
        case .license(let id):
            let answer = try await client.provenAnswer(
                "license_get", parameters(["license": json(id)]), trusting: try pinnedCheckpoint())
            let view: LicenseView = try decode(answer.value)
            return view.license.id == id ? view.license.asset : nil
        }
    }
}
