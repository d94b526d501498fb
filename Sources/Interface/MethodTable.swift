public import Primitives
public import StateModel

/// Every method of the interface: the one table from which calls are dispatched and the OpenRPC document is written.
public struct MethodTable: Sendable {
    /// In the order of the document.
    public let methods: [Method]
    /// Every ledger refusal.
    public let rejections: [RejectionDescription]
    /// The OpenRPC document. Writing it takes tens of milliseconds, so whoever answers with it keeps it
    /// (``AnswerMemory``).
    public var document: JSONValue { written.document }
    /// Types whose schema could not be seen completely; for tests.
    public var incompleteSchemas: [String] { written.incompleteSchemas }
    private let networkKind: NetworkKind
    private let version: String
    private let positions: [String: Int]

    /// Precondition: no name twice.
    public init(
        methods: [Method], rejections: [RejectionDescription], networkKind: NetworkKind, version: String
    ) {
        self.methods = methods
        self.rejections = rejections.sorted { $0.code < $1.code }
        self.networkKind = networkKind
        self.version = version
        var positions: [String: Int] = [:]
        for (index, method) in methods.enumerated() {
            let earlier = positions.updateValue(index, forKey: method.name)
            precondition(earlier == nil, "two methods are named \(method.name)")
        }
        self.positions = positions
    }

    private var written: (document: JSONValue, incompleteSchemas: [String]) {
        let writer = OpenRPCWriter(
            methods: methods, rejections: rejections, networkKind: networkKind, version: version)
        return (writer.document(), writer.incompleteSchemas)
    }

    /// The methods that no domain owns.
    public static func ledgerMethods(_ coding: TransactionCoding) -> [Method] {
        Method.node + Method.chain + Method.transactions(coding) + Method.proofs
    }

    public subscript(name: String) -> Method? { positions[name].map { methods[$0] } }
}
