public import Encoding
public import Primitives
public import StateModel

/// Assets, balances, vaults, royalties and claims.
public enum RevenueDomain: LedgerDomain {
    public typealias Event = RevenueEvent
    public typealias Genesis = RevenueGenesis

    public static let number = DomainNumber.revenue

    /// Nothing that parties, credentials or consents do moves money by itself.
    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {}

    /// The domain plans no due work: accruals need no deadline.
    public static func performDue(kind: UInt8, subject: Bytes32, in context: OperationContext) throws(Refusal) {}

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] {
        try RevenueIndexes.entries(kind: kind, key: key, record: record)
    }

    /// True if a change of such a record leaves its index entries as they are, whatever it changes.
    public static func indexesFollowKey(kind: UInt8) -> Bool { RevenueIndexes.followKey(kind: kind) }

    public static var queries: [Query] { RevenueQueries.all }

    public static var tasks: [TaskSource] { RevenueTasks.all }

    public static var rejections: [RejectionDescription] { RevenueRejection.descriptions }

    public static func applyGenesis(_ genesis: RevenueGenesis, in context: OperationContext) throws(Refusal) {
        try genesis.apply(in: context)
    }

    public static func decodeEvent(_ reader: inout CBORReader) throws(EncodingFailure) -> RevenueEvent {
        try RevenueEvent(from: &reader)
    }
}
