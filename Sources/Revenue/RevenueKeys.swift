public import Encoding
public import Primitives
public import StateModel

/// Every state key of the revenue domain.
///
/// | kind | key after `[3, kind]` | record |
/// |---|---|---|
/// | 0 | asset | ``AssetRecord`` |
/// | 1 | code (text) | id of the asset with that code |
/// | 2 | asset | ``AssetTotals`` |
/// | 3 | party | time at which an issuer was admitted |
/// | 4 | party, asset | ``BalanceRecord`` |
/// | 5 | party, asset, page | ``StatementPage`` |
/// | 6 | INFT | ``VaultRecord`` |
/// | 7 | INFT | ``HoldersRecord`` |
/// | 8 | INFT | ``RoyaltiesRecord`` |
/// | 9 | INFT, asset | ``VaultAccount`` |
/// | 10 | INFT, asset, party | ``HolderAccount`` |
/// | 11 | descendant, ancestor, asset | amount the ancestor has taken |
/// | 12 | reserve kind, 32 bytes of what it is for | ``ReserveRecord`` |
public enum RevenueKeys {
    package enum Kind: UInt8 {
        case asset, code, totals, issuer, balance, statement, vault, holders, royalties, account, holder, taken, reserve
    }

    public static func asset(_ id: AssetID) -> RecordKey<AssetRecord> {
        RecordKey(StateKey(.revenue, Kind.asset.rawValue, id))
    }

    public static func code(_ code: String) -> RecordKey<AssetID> {
        RecordKey(StateKey(.revenue, Kind.code.rawValue, count: 1) { $0.write(code) })
    }

    public static func totals(_ asset: AssetID) -> RecordKey<AssetTotals> {
        RecordKey(StateKey(.revenue, Kind.totals.rawValue, asset))
    }

    public static func issuer(_ party: Party) -> RecordKey<Timestamp> {
        RecordKey(StateKey(.revenue, Kind.issuer.rawValue, party))
    }

    public static func balance(_ party: Party, _ asset: AssetID) -> RecordKey<BalanceRecord> {
        RecordKey(StateKey(.revenue, Kind.balance.rawValue, party, asset))
    }

    /// Page `page` of a statement: the lines from number `page` × ``StatementPage/lineCount`` on.
    public static func statement(_ party: Party, _ asset: AssetID, page: UInt64) -> RecordKey<StatementPage> {
        RecordKey(
            StateKey(.revenue, Kind.statement.rawValue, count: 3) {
                $0.write(party)
                $0.write(asset)
                $0.write(page)
            })
    }

    public static func vault(_ inft: INFTID) -> RecordKey<VaultRecord> {
        RecordKey(StateKey(.revenue, Kind.vault.rawValue, inft))
    }

    public static func holders(_ inft: INFTID) -> RecordKey<HoldersRecord> {
        RecordKey(StateKey(.revenue, Kind.holders.rawValue, inft))
    }

    public static func royalties(_ inft: INFTID) -> RecordKey<RoyaltiesRecord> {
        RecordKey(StateKey(.revenue, Kind.royalties.rawValue, inft))
    }

    public static func account(_ inft: INFTID, _ asset: AssetID) -> RecordKey<VaultAccount> {
        RecordKey(StateKey(.revenue, Kind.account.rawValue, inft, asset))
    }

    public static func holder(_ inft: INFTID, _ asset: AssetID, _ party: Party) -> RecordKey<HolderAccount> {
        RecordKey(
            StateKey(.revenue, Kind.holder.rawValue, count: 3) {
                $0.write(inft)
                $0.write(asset)
                $0.write(party)
            })
    }

    public static func taken(
        _ descendant: INFTID, by ancestor: INFTID, _ asset: AssetID
    ) -> RecordKey<Amount> {
        RecordKey(
            StateKey(.revenue, Kind.taken.rawValue, count: 3) {
                $0.write(descendant)
                $0.write(ancestor)
                $0.write(asset)
            })
    }

    public static func reserve(_ kind: ReserveKind, _ subject: Bytes32) -> RecordKey<ReserveRecord> {
        RecordKey(StateKey(.revenue, Kind.reserve.rawValue, kind, subject))
    }
}
