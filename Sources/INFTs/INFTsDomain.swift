public import Encoding
public import Primitives
internal import Revenue
public import StateModel

/// INFTs: what they are, whose, and what they derive from.
public enum INFTsDomain: LedgerDomain {
    public typealias Event = INFTEvent
    public typealias Genesis = INFTsGenesis

    public static let number = DomainNumber.infts

    /// A withdrawn consent makes its sets stale in that block; whoever uses an INFT asks the set it cites, so the
    /// record of the INFT needs no change and no event fans out over INFTs.
    ///
    /// Revenue does not know tags, so what it would pay into the vault of what is tagged, or out of it, is refused here.
    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {
        guard let event = event as? RevenueEvent else { return }
        switch event {
        case .paid(let fact) where fact.reason == .payment:
            guard let record = try INFTRegistry.record(fact.inft, in: context.state) else { return }
            try INFTRegistry.requireUntagged(record, field: "inft", in: context.state)
        case .claimed(let fact): try Tags.requireClaimable(fact.inft, in: context.state)
        default: return
        }
    }

    public static func performDue(kind: UInt8, subject: Bytes32, in context: OperationContext) throws(Refusal) {
        guard let work = INFTDue(rawValue: kind) else {
            throw .failed(StateFailure("INFTs know no due work of kind \(kind)"))
        }
        try work.perform(subject, in: context)
    }

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] {
        try INFTIndexes.entries(kind: kind, key: key, record: record)
    }

    public static var queries: [Query] { INFTQueries.all }

    public static var tasks: [TaskSource] { INFTTasks.all }

    public static var rejections: [RejectionDescription] { INFTRejection.descriptions }

    public static func applyGenesis(_ genesis: INFTsGenesis, in context: OperationContext) throws(Refusal) {}

    public static func decodeEvent(_ reader: inout CBORReader) throws(EncodingFailure) -> INFTEvent {
        try INFTEvent(from: &reader)
    }
}
