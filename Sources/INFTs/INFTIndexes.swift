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
/// | 8 | root, INFT, version number | versions of an encrypted content |
/// | 9 | consent set, INFT, version number | sealed versions under a set that are not erased |
/// | 10 | holder, erased at, receipt | erasures that a party signed |
/// | 11 | consent, erased at, receipt | erasures that a subject asked for |
/// | 12 | 0, since, recall | every recall |
/// | 12 | 1, INFT, since, recall | recalls of an INFT |
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
    static func contents(_ root: Hash) -> IndexKey { IndexKey(.infts, 8).appending(root.bytes) }
    static func versions(under set: ConsentSetID) -> IndexKey { IndexKey(.infts, 9).appending(set.bytes) }
    static func erasures(by holder: Party) -> IndexKey { IndexKey(.infts, 10).appending(holder) }
    static func erasures(for consent: ConsentID) -> IndexKey { IndexKey(.infts, 11).appending(consent.bytes) }
    static let recalls = IndexKey(.infts, 12).appending(byte: 0)
    static func recalls(of inft: INFTID) -> IndexKey {
        IndexKey(.infts, 12).appending(byte: 1).appending(inft.bytes)
    }
    static let versions = IndexKey(.infts, 14)
    static let history = IndexKey(.infts, 15)

    static func entries(kind: UInt8, key: StateKey, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        switch INFTKeys.Kind(rawValue: kind) {
        case .inft: try entries(of: INFTRecord(decoding: record))
        case .version: try entries(of: VersionRecord(decoding: record), key)
        case .delivery: try entries(of: DeliveryRecord(decoding: record))
        case .erasure: entries(of: try ErasureRecord(decoding: record))
        case .recall: entries(of: try RecallRecord(decoding: record))
        default: []
        }
    }

    private static func entries(of record: VersionRecord, _ key: StateKey) throws(EncodingFailure) -> [IndexEntry] {
        guard case .sealed(let content) = record.content else { return [] }
        let (inft, number) = try version(key)
        var prefixes = [contents(content.root)]
        if let set = record.consentSet, record.erasure == nil { prefixes.append(versions(under: set)) }
        return prefixes.map { IndexEntry($0.appending(inft.bytes).appending(number)) }
    }

    private static func entries(of record: ErasureRecord) -> [IndexEntry] {
        ([erasures(by: record.holder)] + record.consents.map { erasures(for: $0) }).map {
            IndexEntry($0.appending(record.at.milliseconds).appending(record.id.bytes))
        }
    }

    private static func entries(of record: RecallRecord) -> [IndexEntry] {
        [recalls, recalls(of: record.inft)].map {
            IndexEntry($0.appending(record.since.milliseconds).appending(record.id.bytes))
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

    /// The INFT and the number that a key `[4, 1, INFT, number]` is about.
    private static func version(_ key: StateKey) throws(EncodingFailure) -> (INFTID, UInt64) {
        var reader = CBORReader(key.bytes)
        return try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            _ = try reader.unsigned()
            _ = try reader.unsigned()
            return (INFTID(try reader.bytes32()), try reader.unsigned())
        }
    }

    /// The INFT and version number at the end of an entry of ``versions(under:)``.
    static func version(_ key: IndexKey) -> (inft: INFTID, number: UInt64)? {
        let tail = key.bytes.suffix(40)
        guard tail.count == 40, let inft = Bytes32(tail.prefix(32)) else { return nil }
        return (INFTID(inft), tail.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    static func erasure(_ key: IndexKey) -> ErasureID? { Bytes32(key.bytes.suffix(32)).map { ErasureID($0) } }
    static func delivery(_ key: IndexKey) -> DeliveryID? { Bytes32(key.bytes.suffix(32)).map { DeliveryID($0) } }

    /// The INFT and version number at the end of an entry of ``contents(_:)``; nil for another.
    static func naming(_ key: IndexKey) -> (inft: INFTID, version: UInt64)? {
        guard key.bytes.count == 1 + 32 + 32 + 8, let inft = Bytes32(key.bytes[33..<65]) else { return nil }
        return (INFTID(inft), key.bytes[65...].reduce(0) { $0 << 8 | UInt64($1) })
    }

    static func inft(_ key: IndexKey) -> INFTID? { Bytes32(key.bytes.suffix(32)).map { INFTID($0) } }
}
