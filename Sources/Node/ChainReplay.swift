package import Blocks
package import Execution
package import Primitives
package import StateModel

/// A chain executed again in memory from its genesis, with every signature verified and every root compared: while one
/// block is executed, the next ones are verified on all cores.
package struct ChainReplay: ~Copyable {
    /// The last block that was executed.
    package private(set) var head: BlockHeader
    /// The state after it.
    package private(set) var state: LayeredSnapshot
    /// Newest first.
    private var layers: [StateLayer]
    private let ledger: Ledger
    private let source: VerifiedBlocks
    private var waiting: ArraySlice<VerifiedBlocks.Element> = []

    /// From genesis through the block at `last`.
    package init(_ ledger: Ledger, through last: Height, threads: Int) throws {
        let (genesis, first) = try Ledger.genesisBlock(ledger.genesis)
        self.init(ledger, head: genesis.header, layers: [first], through: last, threads: threads)
    }

    private init(_ ledger: Ledger, head: BlockHeader, layers: [StateLayer], through last: Height, threads: Int) {
        self.ledger = ledger
        self.head = head
        self.layers = layers
        state = LayeredSnapshot(EmptySnapshot(), layersNewestFirst: layers)
        source = VerifiedBlocks(of: ledger, from: head.height.next, through: last, threads: threads)
    }

    deinit { source.stop() }

    /// Goes on from where this one is.
    package func going(through last: Height, threads: Int) -> ChainReplay {
        ChainReplay(ledger, head: head, layers: layers, through: last, threads: threads)
    }

    /// The next block, decoded and verified, before it is executed; nil behind the last.
    package mutating func next() throws -> VerifiedBlocks.Element? {
        if waiting.isEmpty { waiting = try source.next()?[...] ?? [] }
        return waiting.popFirst()
    }

    package mutating func execute(_ next: VerifiedBlocks.Element) throws -> ExecutedBlock {
        let executed = try Ledger.execute(
            next.block, transactions: next.transactions, on: head, state: state, networkKind: ledger.networkKind)
        append(executed.layer)
        state = LayeredSnapshot(EmptySnapshot(), layersNewestFirst: layers)
        head = next.block.header
        return executed
    }

    /// Newest first, each at least twice as large as the one before it: reads stay few steps deep, and no entry is copied
    /// more often than the logarithm of their number.
    private mutating func append(_ layer: StateLayer) {
        layers.insert(layer, at: 0)
        while layers.count > 1, layers[0].byteCount * 2 > layers[1].byteCount {
            let newer = layers.removeFirst()
            layers[0] = StateLayer.merging(older: layers[0], newer: newer)
        }
    }
}
