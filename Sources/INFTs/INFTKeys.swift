public import Cryptography
internal import Encoding
public import Primitives
public import StateModel

/// Every state key of the INFT domain.
///
/// | kind | key after `[4, kind]` | record |
/// |---|---|---|
/// | 0 | INFT | ``INFTRecord`` |
/// | 1 | INFT, version number | ``VersionRecord`` |
/// | 2 | INFT | ``AncestorsRecord`` |
/// | 3 | INFT, index | ``HistoryEntry`` |
/// | 4 | delivery | ``DeliveryRecord`` |
/// | 5 | sealing key | ``SealingKeyUse`` |
/// | 6 | INFT | ``UseAgents`` |
/// | 7 | INFT, agent | ``UseAuthorization`` |
/// | 10 | INFT, holder of its keys | ``KeyCustodians`` |
/// | 11 | erasure receipt | ``ErasureRecord`` |
/// | 12 | INFT, version number | ``VersionUse`` |
/// | 13 | root of a ciphertext | ``RootClaim`` |
/// | 20 | INFT | ``TagsRecord`` |
/// | 21 | recall | ``RecallRecord`` |
public enum INFTKeys {
    package enum Kind: UInt8 {
        case inft, version, ancestors, history, delivery, sealingKey, useAgents, useAuthorization
        case keyCustodians = 10
        case erasure, versionUse, root
        case tags = 20
        case recall
    }

    public static func inft(_ id: INFTID) -> RecordKey<INFTRecord> {
        RecordKey(StateKey(.infts, Kind.inft.rawValue, id))
    }

    public static func version(_ id: INFTID, _ number: UInt64) -> RecordKey<VersionRecord> {
        RecordKey(StateKey(.infts, Kind.version.rawValue, id, number))
    }

    public static func ancestors(_ id: INFTID) -> RecordKey<AncestorsRecord> {
        RecordKey(StateKey(.infts, Kind.ancestors.rawValue, id))
    }

    public static func history(_ id: INFTID, _ index: UInt64) -> RecordKey<HistoryEntry> {
        RecordKey(StateKey(.infts, Kind.history.rawValue, id, index))
    }

    public static func delivery(_ id: DeliveryID) -> RecordKey<DeliveryRecord> {
        RecordKey(StateKey(.infts, Kind.delivery.rawValue, id))
    }

    public static func sealingKey(_ key: CompressedPoint) -> RecordKey<SealingKeyUse> {
        RecordKey(StateKey(.infts, Kind.sealingKey.rawValue, key))
    }

    public static func useAgents(_ id: INFTID) -> RecordKey<UseAgents> {
        RecordKey(StateKey(.infts, Kind.useAgents.rawValue, id))
    }

    public static func useAuthorization(_ id: INFTID, _ agent: Party) -> RecordKey<UseAuthorization> {
        RecordKey(StateKey(.infts, Kind.useAuthorization.rawValue, id, agent))
    }

    public static func keyCustodians(_ id: INFTID, of holder: Party) -> RecordKey<KeyCustodians> {
        RecordKey(StateKey(.infts, Kind.keyCustodians.rawValue, id, holder))
    }

    public static func erasure(_ id: ErasureID) -> RecordKey<ErasureRecord> {
        RecordKey(StateKey(.infts, Kind.erasure.rawValue, id))
    }

    public static func versionUse(_ id: INFTID, _ number: UInt64) -> RecordKey<VersionUse> {
        RecordKey(StateKey(.infts, Kind.versionUse.rawValue, id, number))
    }

    public static func root(_ root: Hash) -> RecordKey<RootClaim> {
        RecordKey(StateKey(.infts, Kind.root.rawValue, root))
    }

    public static func tags(_ id: INFTID) -> RecordKey<TagsRecord> {
        RecordKey(StateKey(.infts, Kind.tags.rawValue, id))
    }

    public static func recall(_ id: RecallID) -> RecordKey<RecallRecord> {
        RecordKey(StateKey(.infts, Kind.recall.rawValue, id))
    }
}
