internal import Blocks
internal import Execution
internal import Primitives
internal import StateModel
internal import Transactions
internal import Votes

/// Blocks above the stored state: executed ones with their layers, and bodies that wait for execution.
struct BlockTree: Sendable {
    struct Node: Sendable {
        let executed: ExecutedBlock
        /// Of accounts with transactions between the final head and this block, what comes next.
        let nextSequences: [Address: UInt64]

        var header: BlockHeader { executed.block.header }
    }

    /// The last final block.
    private(set) var head: BlockHeader
    private(set) var headHash: Hash
    /// The state of a final block, at or below the head.
    private var base: LayeredSnapshot
    private var baseHash: Hash
    private var nodes: [Hash: Node] = [:]
    private var bodies: [Hash: (block: Block, transactions: [VerifiedTransaction])] = [:]
    private var bodyOrder: [Hash] = []

    init(head: BlockHeader, state: LayeredSnapshot) {
        precondition(state.height == head.height && state.root == head.stateRoot, "the state is the head's")
        self.head = head
        headHash = head.hash
        base = state
        baseHash = head.hash
    }

    func node(_ hash: Hash) -> Node? { nodes[hash] }

    func header(_ hash: Hash) -> BlockHeader? { hash == headHash ? head : nodes[hash]?.header }

    /// The state after a block; nil if it, or an ancestor above the base, is not executed here.
    func state(after hash: Hash) -> LayeredSnapshot? {
        var layers: [StateLayer] = []
        var block = hash
        while block != baseHash {
            guard let node = nodes[block] else { return nil }
            layers.append(node.executed.layer)
            block = node.header.parent
        }
        return layers.isEmpty ? base : LayeredSnapshot(base.base, layersNewestFirst: layers + base.layers)
    }

    func nextSequences(after hash: Hash?) -> [Address: UInt64] { hash.flatMap { nodes[$0] }?.nextSequences ?? [:] }

    /// The evidence in the blocks that are not final, from `hash` down.
    func evidence(upTo hash: Hash) -> Set<Evidence> {
        var found: Set<Evidence> = []
        var block = hash
        while let node = nodes[block], node.header.height > head.height {
            found.formUnion(node.executed.block.evidence)
            block = node.header.parent
        }
        return found
    }

    mutating func insert(_ executed: ExecutedBlock) {
        let block = executed.block
        var sequences = nextSequences(after: block.header.parent)
        for transaction in executed.transactions {
            sequences[transaction.sender] = transaction.sequence + 1
        }
        nodes[block.hash] = Node(executed: executed, nextSequences: sequences)
        forgetBody(block.hash)
    }

    /// Forgets every block above the head.
    mutating func dropUnfinal() {
        let height = head.height
        nodes = nodes.filter { $0.value.header.height <= height }
        bodies = [:]
        bodyOrder = []
    }

    // MARK: Bodies

    func body(_ hash: Hash) -> (block: Block, transactions: [VerifiedTransaction])? { bodies[hash] }

    /// Keeps the last few; what is dropped can be fetched again.
    mutating func keepBody(_ block: Block, _ transactions: [VerifiedTransaction]) {
        guard nodes[block.hash] == nil, bodies[block.hash] == nil else { return }
        bodies[block.hash] = (block, transactions)
        bodyOrder.append(block.hash)
        while bodyOrder.count > ReplicaLimits.waitingBodies { forgetBody(bodyOrder[0]) }
    }

    private mutating func forgetBody(_ hash: Hash) {
        bodies[hash] = nil
        bodyOrder.removeAll { $0 == hash }
    }

    // MARK: Finality

    /// Everything from above the head to `hash`, ascending, becomes final. Nil if a part of it is not executed here.
    mutating func finalize(_ hash: Hash) -> [ExecutedBlock]? {
        var chain: [ExecutedBlock] = []
        var block = hash
        while block != headHash {
            guard let node = nodes[block], node.header.height > head.height else { return nil }
            chain.append(node.executed)
            block = node.header.parent
        }
        guard let newest = chain.first else { return [] }
        head = newest.block.header
        headHash = newest.block.hash
        // Siblings can't become final any more. What is final stays until the store has it, as the way to its state.
        var kept = Set(chain.map(\.block.hash))
        var older = chain.last?.block.header.parent
        while let hash = older, let node = nodes[hash] {
            kept.insert(hash)
            older = node.header.parent
        }
        let height = head.height
        nodes = nodes.filter { kept.contains($0.key) || $0.value.header.height > height }
        // Final transactions are in the pool's and the state's sequences, so descendants count from the head on.
        nodes = nodes.mapValues { node in
            node.header.height <= height
                ? Node(executed: node.executed, nextSequences: [:])
                : node
        }
        return chain.reversed()
    }

    /// The store's state of a final block takes the place of what is held here. False if it is no state of this chain.
    mutating func rebase(on snapshot: LayeredSnapshot) -> Bool {
        guard let height = snapshot.height, height >= base.height ?? .genesis, height <= head.height else {
            // Older than what is held: nothing is gained by it.
            return (snapshot.height ?? .genesis) <= head.height
        }
        var hash = headHash
        while let node = nodes[hash], node.header.height > height { hash = node.header.parent }
        let root = nodes[hash]?.header.stateRoot ?? (hash == headHash ? head.stateRoot : base.root)
        guard root == snapshot.root else { return false }
        base = snapshot
        baseHash = hash
        nodes = nodes.filter { $0.value.header.height > height }
        return true
    }
}
