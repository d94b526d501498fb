public import Blocks
internal import Consents
public import Encoding
internal import Governance
internal import INFTs
internal import Identities
internal import Licenses
public import Primitives
internal import Revenue
public import StateModel

/// The domains from left to right, and what each does when the block asks. A new domain adds one line to each table.
public enum DomainDispatch {
    /// Hands `event` to every domain right of the one that raised it.
    static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {
        let source = type(of: event).domain.rawValue
        if source < DomainNumber.consents.rawValue { try ConsentsDomain.react(to: event, in: context) }
        if source < DomainNumber.revenue.rawValue { try RevenueDomain.react(to: event, in: context) }
        if source < DomainNumber.infts.rawValue { try INFTsDomain.react(to: event, in: context) }
        if source < DomainNumber.licenses.rawValue { try LicensesDomain.react(to: event, in: context) }
        if source < DomainNumber.governance.rawValue { try GovernanceDomain.react(to: event, in: context) }
    }

    static func performDue(_ item: DueItem, in context: OperationContext) throws(Refusal) {
        switch item.domain {
        case .ledger: return
        case .identities: try IdentitiesDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        case .consents: try ConsentsDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        case .revenue: try RevenueDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        case .infts: try INFTsDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        case .licenses: try LicensesDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        case .governance: try GovernanceDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        }
    }

    /// What an item of due work weighs, by the most that it may come to.
    static func weight(of item: DueItem) -> UInt64 {
        switch item.domain {
        case .licenses: max(BlockWeight.dueItem, LicensesDomain.dueWeight(kind: item.kind))
        // Each set of the consent is marked, and each INFT that cites it told of.
        case .consents: BlockWeight.dueItem + ConsentWeights.consent + ConsentWeights.staleSets
        case .ledger, .identities, .revenue, .infts, .governance: BlockWeight.dueItem
        }
    }

    /// The index entries of one state record; `reindex` calls it for every record of the state.
    public static func indexEntries(key: StateKey, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        guard let (domain, kind) = key.header else {
            throw EncodingFailure(.wrongType, at: 0, field: "state key")
        }
        return switch domain {
        case .ledger: []
        case .identities: try IdentitiesDomain.indexEntries(kind: kind, key: key, record: record)
        case .consents: try ConsentsDomain.indexEntries(kind: kind, key: key, record: record)
        case .revenue: try RevenueDomain.indexEntries(kind: kind, key: key, record: record)
        case .infts: try INFTsDomain.indexEntries(kind: kind, key: key, record: record)
        case .licenses: try LicensesDomain.indexEntries(kind: kind, key: key, record: record)
        case .governance: try GovernanceDomain.indexEntries(kind: kind, key: key, record: record)
        }
    }

    /// True if the index entries of such a record follow from its key, so that a change leaves them as they are. Asked for
    /// each change of each block, so that most records are not decoded for it.
    static func indexesFollowKey(_ key: StateKey) -> Bool {
        guard let (domain, kind) = key.header else { return false }
        switch domain {
        case .ledger: return true
        case .revenue: return RevenueDomain.indexesFollowKey(kind: kind)
        case .identities, .consents, .infts, .licenses, .governance: return false
        }
    }

    /// The same of an entry of a state; a record that does not decode is damage.
    public static func indexEntries(of entry: StateEntry) throws(StateFailure) -> [IndexEntry] {
        do throws(EncodingFailure) {
            return try indexEntries(key: entry.key, record: entry.value)
        } catch {
            throw StateFailure("the record under \(Hexadecimal.encode(entry.key.bytes)) does not decode: \(error)")
        }
    }
}

extension DomainDispatch {
    /// An event of a receipt, typed again.
    public static func event(_ record: EventRecord) throws(EncodingFailure) -> any LedgerEvent {
        switch record.domain {
        case .identities: try IdentityEvent(decoding: record.bytes)
        case .consents: try ConsentEvent(decoding: record.bytes)
        case .revenue: try RevenueEvent(decoding: record.bytes)
        case .infts: try INFTEvent(decoding: record.bytes)
        case .licenses: try LicenseEvent(decoding: record.bytes)
        case .governance: try GovernanceEvent(decoding: record.bytes)
        case .ledger: throw EncodingFailure(.unknownCase, at: 0, field: "domain")
        }
    }
}
