internal import Cryptography
public import Encoding
public import Primitives
public import StateModel

/// The disease ontology that descents are proved against: a Merkle tree (RFC 6962) of its edges, ascending by their
/// bytes. Leaf: CBOR `[system of the child, code of the child, code of the parent]`. Bytes: `[root, count, since]`.
public struct OntologyRoot: CBORCodable, Codable, Hashable, Sendable {
    public let root: Hash
    /// How many edges.
    public let count: UInt64
    public let since: Timestamp

    public init(root: Hash, count: UInt64, since: Timestamp) {
        self.root = root
        self.count = count
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(root)
        writer.write(count)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("ontology", count: 3) { (reader) throws(EncodingFailure) in
            OntologyRoot(
                root: try reader.value("root"), count: try reader.unsigned("count"), since: try reader.value("since"))
        }
    }
}

/// The one parameter of the domain; governance sets it.
public enum Ontology {
    /// Nil as long as governance set none: then no descent can be proved.
    public static func current(in state: any StateReader) throws(Refusal) -> OntologyRoot? {
        try state.record(ConsentsKeys.ontology)
    }

    public static func set(_ root: OntologyRoot, in state: StateOverlay) { state.set(ConsentsKeys.ontology, root) }

    /// The leaf of an edge.
    public static func leaf(child: CodedTerm, parent: String) -> [UInt8] {
        var writer = CBORWriter()
        writer.array(3)
        writer.write(child.system)
        writer.write(child.code)
        writer.write(parent)
        return writer.bytes
    }

    /// True if the edges lead from `disease` up to `ancestor`, each of them under the root.
    static func proves(_ edges: [OntologyEdge], from disease: CodedTerm, to ancestor: CodedTerm, _ root: OntologyRoot)
        -> Bool
    {
        guard !edges.isEmpty else { return false }
        var term = disease
        for edge in edges {
            let leaf = MerkleLog.leafHash(leaf(child: term, parent: edge.parent))
            guard
                MerkleLog.verifyInclusion(
                    of: leaf, at: edge.index, count: root.count, path: edge.path, root: root.root)
            else { return false }
            term = CodedTerm(system: term.system, code: edge.parent)
        }
        return term == ancestor
    }
}
