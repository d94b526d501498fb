internal import Cryptography
public import Primitives

/// The edges of an ontology, from which a root is made, and descents are proved: by who proposes the root to governance
/// and by who answers a need.
public struct OntologyTree: Sendable {
    public struct Edge: Hashable, Sendable {
        public let child: CodedTerm
        /// A code of the child's system.
        public let parent: String

        public init(child: CodedTerm, parent: String) {
            self.child = child
            self.parent = parent
        }
    }

    /// By their leaves' bytes, each once.
    private let edges: [Edge]
    private let leaves: [Hash]
    private let positions: [CodedTerm: [Int]]

    public init(_ edges: [Edge]) {
        let sorted = Set(edges).map { (edge: $0, leaf: Ontology.leaf(child: $0.child, parent: $0.parent)) }
            .sorted { $0.leaf.lexicographicallyPrecedes($1.leaf) }
        self.edges = sorted.map(\.edge)
        leaves = sorted.map { MerkleLog.leafHash($0.leaf) }
        var positions: [CodedTerm: [Int]] = [:]
        for (index, entry) in sorted.enumerated() { positions[entry.edge.child, default: []].append(index) }
        self.positions = positions
    }

    public func root(since: Timestamp) -> OntologyRoot {
        OntologyRoot(root: MerkleLog.root(ofLeafHashes: leaves), count: UInt64(leaves.count), since: since)
    }

    /// A shortest way from `disease` up to `ancestor`, edge by edge; nil if there is none of the length that is kept.
    public func proof(from disease: CodedTerm, to ancestor: CodedTerm) -> [OntologyEdge]? {
        guard disease != ancestor, let way = way(from: disease, to: ancestor) else { return nil }
        return way.compactMap { index in
            MerkleLog.inclusionProof(of: index, in: leaves).map {
                OntologyEdge(parent: edges[index].parent, index: UInt64(index), path: $0)
            }
        }
    }

    /// Terms on the way from `disease` up to `ancestor`, nearest first; nil if there is none.
    public func path(from disease: CodedTerm, to ancestor: CodedTerm) -> [CodedTerm]? {
        way(from: disease, to: ancestor)?.map { CodedTerm(system: disease.system, code: edges[$0].parent) }
    }

    /// Breadth first, so that the way is a shortest one, and a cycle ends nothing but itself.
    private func way(from disease: CodedTerm, to ancestor: CodedTerm) -> [Int]? {
        var seen: Set<CodedTerm> = [disease]
        var ways: [(term: CodedTerm, edges: [Int])] = [(disease, [])]
        for _ in 0..<ConsentsLimits.ontologyPath {
            var next: [(term: CodedTerm, edges: [Int])] = []
            for way in ways {
                for index in positions[way.term] ?? [] {
                    let parent = CodedTerm(system: way.term.system, code: edges[index].parent)
                    if parent == ancestor { return way.edges + [index] }
                    if seen.insert(parent).inserted { next.append((parent, way.edges + [index])) }
                }
            }
            ways = next
        }
        return nil
    }
}
