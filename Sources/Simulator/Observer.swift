internal import Blocks
internal import Cryptography
internal import Execution
internal import Primitives
internal import Replica
internal import Revenue
internal import StateModel
internal import Transactions
internal import Votes

/// Sees every honest node at once and says what must never happen. It executes the final chain itself.
struct Observer {
    private struct Slot {
        var notarize: Vote?
        var terminal: Vote?
    }

    private let world: World
    /// The one chain.
    private(set) var chain: [BlockHeader]
    private(set) var hashes: [Hash]
    private var state: LayeredSnapshot
    private(set) var finalTransactions: Set<Hash> = []
    /// By honest key.
    private var votes: [Address: [EpochView: Slot]] = [:]
    private var sets: [Epoch: ValidatorSet] = [:]
    private var highestViews: [Epoch: View] = [:]
    private(set) var views: UInt64 = 0
    private(set) var epoch = Epoch.genesis
    private(set) var nullifiedVotes: UInt64 = 0
    private(set) var evidenceCount = 0

    init(_ world: World) {
        self.world = world
        chain = [world.genesisBlock.header]
        hashes = [world.genesisBlock.hash]
        state = LayeredSnapshot(EmptySnapshot()).adding(world.genesisLayer)
    }

    var currentSet: ValidatorSet? { sets[epoch] }
    /// How often the set became another one.
    var setChanges: UInt64 {
        (0..<epoch.value).reduce(0) { sets[Epoch($1)] == sets[Epoch($1 + 1)] ? $0 : $0 + 1 }
    }

    func validator(_ index: Int, of epoch: Epoch) -> Address? { sets[epoch]?[index]?.key }

    var height: UInt64 { UInt64(chain.count - 1) }

    // MARK: Votes

    /// No honest key ever signs two votes that exclude each other.
    mutating func check(_ vote: Vote, by key: Address) -> String? {
        var slot = votes[key]?[vote.position] ?? Slot()
        if vote.kind == .notarize {
            if let earlier = slot.notarize, earlier != vote { return conflict(vote, earlier, key) }
            if slot.notarize == nil, let terminal = slot.terminal { return conflict(vote, terminal, key) }
            slot.notarize = vote
        } else {
            if let earlier = slot.terminal, earlier != vote { return conflict(vote, earlier, key) }
            if vote.kind == .nullify, slot.terminal == nil { nullifiedVotes += 1 }
            slot.terminal = vote
        }
        votes[key, default: [:]][vote.position] = slot
        return nil
    }

    private func conflict(_ vote: Vote, _ earlier: Vote, _ key: Address) -> String {
        "honest key \(key.bytes) signed \(vote.kind) \(vote.blockHash) in \(vote.position) after \(earlier.kind)"
            + " \(earlier.blockHash)"
    }

    // MARK: Blocks

    mutating func epochBegan(_ information: EpochInformation) -> String? {
        epoch = max(epoch, information.epoch)
        if let known = sets[information.epoch], known != information.validators {
            return "two validator sets of epoch \(information.epoch)"
        }
        sets[information.epoch] = information.validators
        return nil
    }

    mutating func entered(_ view: View, of epoch: Epoch) {
        let known = highestViews[epoch] ?? .genesis
        guard view > known else { return }
        views += view.value - known.value
        highestViews[epoch] = view
    }

    mutating func reported() { evidenceCount += 1 }

    /// What a node calls final is what every other calls final at that height, valid, and proved by a certificate.
    mutating func check(_ blocks: [FinalExecution], above head: BlockHeader, _ headHash: Hash) -> String? {
        var (parent, parentHash) = (head, headHash)
        for final in blocks {
            let block = final.executed.block
            let header = block.header
            guard header.height == parent.height.next, header.parent == parentHash else {
                return "block \(header.height) does not follow the node's head \(parent.height)"
            }
            guard final.executed.layer.root == header.stateRoot else {
                return "block \(header.height) is final with another state root than its header's"
            }
            let height = Int(header.height.value)
            if height < hashes.count {
                guard hashes[height] == block.hash else {
                    return "two final blocks at height \(height): \(hashes[height]) and \(block.hash)"
                }
            } else if let reason = append(final) {
                return reason
            }
            (parent, parentHash) = (header, block.hash)
        }
        guard let last = blocks.last, let certificate = last.certificate else { return "final without a certificate" }
        return check(certificate, of: last.executed.block)
    }

    private func check(_ certificate: Certificate, of block: Block) -> String? {
        guard certificate.kind == .finalize, certificate.blockHash == block.hash,
            certificate.epoch.value == block.header.epoch, let set = sets[certificate.epoch]
        else { return "block \(block.header.height) is final by the certificate of another" }
        do {
            try certificate.verify(network: world.network, by: set, check: world.memory.check)
            return nil
        } catch {
            return "block \(block.header.height) is final by a bad certificate: \(error)"
        }
    }

    /// The first node to call it final: executed once more here.
    private mutating func append(_ final: FinalExecution) -> String? {
        let block = final.executed.block
        guard let parent = chain.last, Int(block.header.height.value) == chain.count else {
            return "block \(block.header.height) is final before its parent"
        }
        do {
            let executed = try BlockExecutor.execute(
                block, transactions: final.executed.transactions, on: parent, state: state,
                epoch: try EpochContext(network: world.network, networkKind: .test, following: state))
            chain.append(block.header)
            hashes.append(block.hash)
            let layers = state.layers.count > 8 ? merged(state.layers) : state.layers
            state = LayeredSnapshot(state.base, layersNewestFirst: [executed.layer] + layers)
            for transaction in executed.transactions where !finalTransactions.insert(transaction.hash).inserted {
                return "transaction \(transaction.hash) is final twice"
            }
            return nil
        } catch {
            return "block \(block.header.height) is final and invalid: \(error)"
        }
    }

    private func merged(_ layers: [StateLayer]) -> [StateLayer] {
        guard let oldest = layers.last else { return [] }
        return [layers.dropLast().reversed().reduce(oldest) { StateLayer.merging(older: $0, newer: $1) }]
    }

    /// Nothing was made or lost.
    func checkMoney() -> String? {
        do throws(Refusal) {
            var total: UInt64 = 0
            for key in world.senderKeys {
                total += try Balances.balance(of: .account(key.address), World.asset, in: state).units
            }
            let expected = UInt64(world.senderKeys.count) * World.sendersBalance
            return total == expected ? nil : "\(total) units where \(expected) were issued"
        } catch {
            return "the balances can't be read: \(error)"
        }
    }
}
