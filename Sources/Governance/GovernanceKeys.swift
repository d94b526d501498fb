internal import Primitives
internal import StateModel

/// The state keys of governance:
///
/// - `[6, 0]` the ledger's parameters
/// - `[6, 1]` the validators of the current epoch
/// - `[6, 2, domain]` a domain's emergency pause; absent if it never had one
enum GovernanceKeys {
    static let parameters = RecordKey<LedgerParameters>(StateKey(.governance, 0))
    static let validators = RecordKey<ValidatorsRecord>(StateKey(.governance, 1))

    static func control(_ domain: DomainNumber) -> RecordKey<DomainControl> {
        RecordKey(StateKey(.governance, 2, domain))
    }
}
