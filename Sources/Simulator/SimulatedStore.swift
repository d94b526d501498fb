internal import Blocks
internal import Encoding
internal import Execution
internal import Primitives
internal import Replica
internal import StateModel
internal import Votes

/// Bodies, block log and state of a node: what LMDB keeps, whose transactions are atomic. The power fails only between
/// them, see ``SimulatedDisk/commit(_:_:)``.
struct SimulatedStore {
    private(set) var bodies: [Hash: Block] = [:]
    /// By height, genesis first.
    private(set) var log: [FinalizedBlock]
    private(set) var heights: [Hash: Int] = [:]
    private var layers: [StateLayer]

    private static let layersBeforeMerge = 10

    init(genesis: Block, layer: StateLayer) {
        log = [FinalizedBlock(block: genesis, certificate: nil)]
        heights[genesis.hash] = 0
        layers = [layer]
    }

    var head: BlockHeader { log[log.count - 1].block.header }
    var headHash: Hash { log[log.count - 1].block.hash }
    var height: UInt64 { UInt64(log.count - 1) }
    var finalization: Certificate? { log[log.count - 1].certificate }
    var snapshot: LayeredSnapshot { LayeredSnapshot(EmptySnapshot(), layersNewestFirst: layers.reversed()) }

    /// Whatever evidence the chain holds.
    var evidence: [Evidence] { log.flatMap(\.block.evidence) }

    func block(_ hash: Hash) -> Block? { bodies[hash] ?? heights[hash].map { log[$0].block } }

    mutating func store(_ body: Block) { bodies[body.hash] = body }

    /// Precondition: the blocks follow the head.
    mutating func append(_ blocks: [FinalExecution]) {
        for final in blocks {
            let block = final.finalizedBlock
            precondition(
                block.block.header.parent == headHash && block.block.header.height == head.height.next,
                "the log is one chain")
            heights[block.block.hash] = log.count
            log.append(block)
            layers.append(final.executed.layer)
        }
        let height = head.height
        // Bodies of blocks that can't become final any more are removed with the next checkpoint.
        bodies = bodies.filter { $0.value.header.height > height }
        if layers.count > Self.layersBeforeMerge {
            let merged = layers.dropFirst().reduce(layers[0]) { StateLayer.merging(older: $0, newer: $1) }
            layers = [merged]
        }
    }

    /// Those of `range` that are here, within the bytes of one message, at least one.
    func blocks(_ range: BlockRange) -> [FinalizedBlock] {
        var found: [FinalizedBlock] = []
        var bytes = 0
        var height = range.first.value
        while height <= range.last.value, height < UInt64(log.count) {
            let block = log[Int(height)]
            bytes += block.encoded.count
            guard found.isEmpty || bytes <= PeerMessageLimits.blocksBytes else { break }
            found.append(block)
            height += 1
        }
        return found
    }
}
