internal import Primitives
internal import StateModel

/// The state keys of governance:
///
/// - `[6, 0]` the ledger's parameters
/// - `[6, 1]` the validators of the current epoch
/// - `[6, 2, domain]` a domain's emergency pause; absent if it never had one
/// - `[6, 3]` the epoch of the next block
/// - `[6, 4]` the proposals that are open, and those that wait for the epoch's end
/// - `[6, 5, proposal]` a proposal
/// - `[6, 6, key]` a key that is or was a validator's
/// - `[6, 7]` the upgrade that was scheduled last; absent if there is none, or it was canceled
/// - `[6, 8]` the last upgrade whose height was reached before another was scheduled
enum GovernanceKeys {
    static let proposalKind: UInt8 = 5

    static let parameters = RecordKey<LedgerParameters>(StateKey(.governance, 0))
    static let validators = RecordKey<ValidatorsRecord>(StateKey(.governance, 1))
    static let epoch = RecordKey<EpochRecord>(StateKey(.governance, 3))
    static let agenda = RecordKey<AgendaRecord>(StateKey(.governance, 4))
    static let upgrade = RecordKey<UpgradeRecord>(StateKey(.governance, 7))
    static let formerUpgrade = RecordKey<UpgradeRecord>(StateKey(.governance, 8))

    static func control(_ domain: DomainNumber) -> RecordKey<DomainControl> {
        RecordKey(StateKey(.governance, 2, domain))
    }

    static func proposal(_ id: ProposalID) -> RecordKey<ProposalRecord> {
        RecordKey(StateKey(.governance, proposalKind, id))
    }

    static func usedKey(_ key: Address) -> RecordKey<UsedKeyRecord> { RecordKey(StateKey(.governance, 6, key)) }
}
