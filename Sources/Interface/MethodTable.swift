public import Primitives
public import StateModel

/// Every method of the interface: the one table from which calls are dispatched and the OpenRPC document is written.
public struct MethodTable: Sendable {
    /// In the order of the document.
    public let methods: [Method]
    /// Every ledger refusal.
    public let rejections: [RejectionDescription]
    /// The OpenRPC document, written once.
    public let document: JSONValue
    /// Types whose schema could not be seen completely; for tests.
    public let incompleteSchemas: [String]
    private let positions: [String: Int]

    /// Precondition: no name twice. `isDescribed` false leaves the document out, which takes longest.
    public init(
        methods: [Method], rejections: [RejectionDescription], networkKind: NetworkKind, version: String,
        isDescribed: Bool = true
    ) {
        self.methods = methods
        self.rejections = rejections.sorted { $0.code < $1.code }
        var positions: [String: Int] = [:]
        for (index, method) in methods.enumerated() {
            let earlier = positions.updateValue(index, forKey: method.name)
            precondition(earlier == nil, "two methods are named \(method.name)")
        }
        self.positions = positions
        guard isDescribed else {
            document = .null
            incompleteSchemas = []
            return
        }
        let writer = OpenRPCWriter(
            methods: methods, rejections: self.rejections, networkKind: networkKind, version: version)
        document = writer.document()
        incompleteSchemas = writer.incompleteSchemas
    }

    /// The methods that no domain owns.
    public static func ledgerMethods(_ coding: TransactionCoding) -> [Method] {
        Method.node + Method.chain + Method.transactions(coding) + Method.proofs
    }

    public subscript(name: String) -> Method? { positions[name].map { methods[$0] } }
}
