internal import Encoding
internal import Primitives
internal import StateModel

/// The index tables of the INFT domain; each list is read from its end, newest first.
///
/// | table | key | from |
/// |---|---|---|
/// | 0 | created at height, INFT | every INFT |
/// | 1 | owner, created at height, INFT | INFTs of a party |
/// | 2 | class, created at height, INFT | INFTs of a class |
/// | 3 | parent, created at height, INFT | children |
/// | 4 | creator, created at height, INFT | INFTs a party contributed to |
/// | 5 | deliverer, asked for at, delivery | deliveries that a party is to begin or complete |
/// | 6 | receiver, asked for at, delivery | deliveries to a party |
/// | 7 | INFT, asked for at, delivery | deliveries of an INFT |
/// | 14 | version number | cursor of a list of versions; nothing is stored |
/// | 15 | index | cursor of a history; nothing is stored |
enum INFTIndexes {
    static let all = IndexKey(.infts, 0)
    static func owner(_ party: Party) -> IndexKey { IndexKey(.infts, 1).appending(party) }
    static func inftClass(_ inftClass: INFTClass) -> IndexKey {
        IndexKey(.infts, 2).appending(byte: inftClass.rawValue)
    }
    static func children(_ parent: INFTID) -> IndexKey { IndexKey(.infts, 3).appending(parent.bytes) }
    static func creator(_ party: Party) -> IndexKey { IndexKey(.infts, 4).appending(party) }
    static func deliveries(by party: Party) -> IndexKey { IndexKey(.infts, 5).appending(party) }
    static func deliveries(to party: Party) -> IndexKey { IndexKey(.infts, 6).appending(party) }
    static func deliveries(of inft: INFTID) -> IndexKey { IndexKey(.infts, 7).appending(inft.bytes) }
    static let versions = IndexKey(.infts, 14)
    static let history = IndexKey(.infts, 15)

    static func entries(kind: UInt8, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        switch INFTKeys.Kind(rawValue: kind) {
        case .inft: try entries(of: INFTRecord(decoding: record))
        case .delivery: try entries(of: DeliveryRecord(decoding: record))
        default: []
        }
    }

    private static func entries(of record: DeliveryRecord) -> [IndexEntry] {
        let open = record.ending == nil ? [deliveries(by: record.from)] : []
        return (open + [deliveries(to: record.to), deliveries(of: record.inft)]).map {
            IndexEntry($0.appending(record.requestedAt.milliseconds).appending(record.id.bytes))
        }
    }

    private static func entries(of record: INFTRecord) -> [IndexEntry] {
        let prefixes =
            [all, owner(record.owner), inftClass(record.inftClass)] + record.parents.map { children($0) }
            + record.creators.map { creator($0.party) }
        return prefixes.map {
            IndexEntry($0.appending(record.createdHeight.value).appending(record.id.bytes))
        }
    }

    static func delivery(_ key: IndexKey) -> DeliveryID? { Bytes32(key.bytes.suffix(32)).map { DeliveryID($0) } }
    static func inft(_ key: IndexKey) -> INFTID? { Bytes32(key.bytes.suffix(32)).map { INFTID($0) } }
}
