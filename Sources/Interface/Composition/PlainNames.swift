internal import Primitives
internal import Revenue
internal import StateModel

/// Words for a node, which knows nobody's names: ids as they are, amounts in units of the asset where the state tells.
struct PlainNames: NameResolver {
    let networkKind: NetworkKind
    let state: (any StateReader)?
    /// By ``PriceSource/id``.
    var prices: [Bytes32: AssetID] = [:]

    func party(_ party: Party) -> String {
        switch party {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: networkKind)
        case .organization(let id): TypedText.encode(id.bytes, kind: OrganizationKind.name, network: networkKind)
        }
    }

    func amount(_ amount: Amount, of asset: AssetID) -> String {
        if let state, let record = try? Assets.record(asset, in: state) {
            return record.text(amount)
        }
        return
            "\(amount.units) smallest units of \(TypedText.encode(asset.bytes, kind: AssetKind.name, network: networkKind))"
    }

    func asset(behind id: Bytes32) -> AssetID? { prices[id] }

    func identifier(_ text: String) -> String { text }

    func time(_ time: Timestamp) -> String { time.text }
}
