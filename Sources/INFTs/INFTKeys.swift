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
public enum INFTKeys {
    package enum Kind: UInt8 { case inft, version, ancestors, history, delivery, sealingKey }

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
}
