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
public enum INFTKeys {
    package enum Kind: UInt8 { case inft, version, ancestors, history }

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
}
