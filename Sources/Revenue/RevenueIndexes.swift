internal import Encoding
internal import Primitives
internal import StateModel

/// The index tables of the revenue domain.
///
/// | table | key | from |
/// |---|---|---|
/// | 0 | created at, asset | every asset |
/// | 1 | party, asset | balances of a party |
/// | 2 | party, INFT → share | vaults in which a party has a share |
/// | 3 | ancestor, descendant | who owes an INFT royalties |
/// | 15 | index | cursor of a statement; nothing is stored |
enum RevenueIndexes {
    static let assets = IndexKey(.revenue, 0)
    static func balances(_ party: Party) -> IndexKey { IndexKey(.revenue, 1).appending(party) }
    static func holdings(_ party: Party) -> IndexKey { IndexKey(.revenue, 2).appending(party) }
    static func descendants(_ ancestor: INFTID) -> IndexKey { IndexKey(.revenue, 3).appending(ancestor.bytes) }
    static let statement = IndexKey(.revenue, 15)

    /// The last 32 bytes of a key, which end it as the id of what is listed.
    static func lastIdentifier(_ key: IndexKey) -> Bytes32? { Bytes32(key.bytes.suffix(32)) }

    /// True if the entries of such a record, or that it has none, follow from its key: a change leaves them as they are.
    static func followKey(kind: UInt8) -> Bool {
        switch RevenueKeys.Kind(rawValue: kind) {
        case .asset, .holders, .royalties: false
        case .code, .totals, .issuer, .balance, .statement, .vault, .account, .holder, .taken, .reserve, nil: true
        }
    }

    static func entries(kind: UInt8, key: StateKey, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        switch RevenueKeys.Kind(rawValue: kind) {
        case .asset:
            let asset = try AssetRecord(decoding: record)
            return [
                IndexEntry(assets.appending(asset.createdAt.milliseconds).appending(asset.id.bytes))
            ]
        case .balance:
            let (party, asset) = try RevenueKeys.balanceComponents(key)
            return [IndexEntry(balances(party).appending(asset.bytes))]
        case .holders:
            let inft: INFTID = try RevenueKeys.firstComponent(key)
            return try HoldersRecord(decoding: record).holders.map {
                IndexEntry(holdings($0.party).appending(inft.bytes), value: $0.share.encoded)
            }
        case .royalties:
            let descendant: INFTID = try RevenueKeys.firstComponent(key)
            // One entry per ancestor, however many links reach it.
            let ancestors = Set(try RoyaltiesRecord(decoding: record).entries.map(\.ancestor)).sorted()
            return ancestors.map { IndexEntry(descendants($0).appending(descendant.bytes)) }
        default:
            return []
        }
    }
}

extension RevenueKeys {
    /// Reads the components of a stored key, after its domain and kind.
    static func components<Value>(
        _ key: StateKey, count: Int, _ body: (inout CBORReader) throws(EncodingFailure) -> Value
    ) throws(EncodingFailure) -> Value {
        var reader = CBORReader(key.bytes)
        let value = try reader.record(count: 2 + count) { (reader) throws(EncodingFailure) in
            _ = try reader.unsigned("domain")
            _ = try reader.unsigned("kind")
            return try body(&reader)
        }
        try reader.finish()
        return value
    }

    static func firstComponent<Value: CBORDecodable>(_ key: StateKey) throws(EncodingFailure) -> Value {
        try components(key, count: 1) { (reader) throws(EncodingFailure) in try reader.value() }
    }

    static func balanceComponents(_ key: StateKey) throws(EncodingFailure) -> (party: Party, asset: AssetID) {
        try components(key, count: 2) { (reader) throws(EncodingFailure) in
            (party: try reader.value(), asset: try reader.value())
        }
    }
}
