public import Encoding
public import Primitives

/// What a domain offers to the rooms that compose domains (transactions, execution, the interface). A new domain is one
/// more folder whose `…Domain` conforms, one more case of `Operation`, and one more file in Specs/domains.
public protocol LedgerDomain {
    associatedtype Event: LedgerEvent
    associatedtype Genesis: CBORCodable & Codable & Hashable & Sendable

    static var number: DomainNumber { get }

    /// Consequences of an event of a domain further left; called once per event, in order.
    static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal)

    /// Performs an item of the due queue. It must never be refused for a reason of the ledger's rules: what no longer
    /// applies is passed over.
    static func performDue(kind: UInt8, subject: Bytes32, in context: OperationContext) throws(Refusal)

    /// The index entries of a stored record: a pure function of key and value.
    static func indexEntries(kind: UInt8, key: StateKey, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry]

    static var queries: [Query] { get }

    /// What of the domain waits for parties: its lists, in the order in which `account_tasks` shows them. A list keeps
    /// its place, so that a cursor means the same on every node.
    static var tasks: [TaskSource] { get }

    /// Every refusal of the domain, for the error table.
    static var rejections: [RejectionDescription] { get }

    static func applyGenesis(_ genesis: Genesis, in context: OperationContext) throws(Refusal)
}

/// A line of the error table.
public struct RejectionDescription: Hashable, Sendable, Codable {
    public let code: Int
    public let reason: String
    public let summary: String

    public init(code: Int, reason: String, summary: String) {
        self.code = code
        self.reason = reason
        self.summary = summary
    }
}
