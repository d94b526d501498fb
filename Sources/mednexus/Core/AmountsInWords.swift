import Interface
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

extension Session {
    /// Names for what a person is about to sign: amounts in units of their asset too, where the operation names none and it
    /// is known for certain. A node that says another asset would have somebody agree to another price.
    func names(for operations: [LedgerOperation]) async throws(WalletFailure) -> SessionNames {
        var behind: [Bytes32: AssetID] = [:]
        for case .licenses(let operation) in operations {
            // Terms that the same transaction registers are in the signer's own hands.
            if let (terms, asset) = operation.registered { behind[terms.bytes] = asset }
            guard let source = operation.priceSource, behind[source.id] == nil else { continue }
            behind[source.id] = try? await asset(of: source)
        }
        let listed = try await assets()
        var proven: Set<AssetID> = []
        for asset in Set(behind.values) {
            guard let record = listed.first(where: { $0.id == asset }), let style = try? await provenStyle(of: asset)
            else { continue }
            if record.style == style { proven.insert(asset) }
        }
        return SessionNames(session: self, assets: listed, behind: behind.filter { proven.contains($0.value) })
    }

    /// Another scale is another price as much as another asset is, and the list of assets is a node's word.
    private func provenStyle(of asset: AssetID) async throws(WalletFailure) -> AssetStyle? {
        let answer = try await client.provenAnswer(
            "asset_get", parameters(["asset": json(asset)]), trusting: try pinnedCheckpoint())
        let view: AssetView = try decode(answer.value)
        return view.asset.id == asset ? view.asset.style : nil
    }

    /// Terms are named by their content; of offers and licenses it takes a proof.
    private func asset(of source: PriceSource) async throws -> AssetID? {
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
