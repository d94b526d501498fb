public import Encoding
public import Primitives
public import StateModel

/// The domain, as the rooms that compose domains see it. It is the leftmost: no event reaches it.
public enum IdentitiesDomain: LedgerDomain {
    public typealias Event = IdentityEvent
    public typealias Genesis = IdentitiesGenesis

    public static let number = DomainNumber.identities

    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {}

    /// The ends of recoveries. That a credential or a mandate ran out is seen by whoever reads it.
    public static func performDue(
        kind: UInt8, subject: Bytes32, in context: OperationContext
    ) throws(Refusal) {
        guard kind == 0 else { throw .failed(StateFailure("identities know no due work of kind \(kind)")) }
        try Recoveries.performDue(RecoveryID(subject), in: context)
    }

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] {
        try IdentityIndexes.entries(kind: kind, key: key, record: record)
    }

    public static func decodeEvent(_ reader: inout CBORReader) throws(EncodingFailure) -> IdentityEvent {
        try IdentityEvent(from: &reader)
    }

    public static var queries: [Query] { IdentityQueries.all }

    public static var tasks: [TaskSource] { IdentityTasks.all }

    public static var rejections: [RejectionDescription] { IdentityRejection.descriptions }

    public static func applyGenesis(
        _ genesis: IdentitiesGenesis, in context: OperationContext
    ) throws(Refusal) {
        try GenesisApplication(genesis: genesis, context: context).apply()
    }
}
