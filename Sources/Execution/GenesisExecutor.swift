public import Blocks
internal import Consents
internal import Cryptography
internal import Governance
internal import INFTs
internal import Identities
internal import Licenses
public import Primitives
internal import Revenue
public import StateModel
public import Votes

/// The genesis document → the genesis block and the state it starts from.
public enum GenesisExecutor {
    /// Applies the domains' sections from left to right. Throws if the document breaks a rule.
    public static func execute(_ genesis: Genesis) throws(Refusal) -> (block: Block, layer: StateLayer) {
        let network = genesis.hash
        let kind = genesis.kind.networkKind
        let nothing = LayeredSnapshot(EmptySnapshot())
        let state = StateOverlay(over: nothing)
        let block = BlockContext(network: network, networkKind: kind, height: .genesis, time: genesis.time)
        let context = OperationContext(
            block: block, transactionHash: .zero, sender: Address(.zero), signers: [], actingFor: nil, state: state)
        DueQueue.start(at: genesis.time, in: state)
        try IdentitiesDomain.applyGenesis(genesis.identities, in: context)
        try ConsentsDomain.applyGenesis(genesis.consents, in: context)
        try RevenueDomain.applyGenesis(genesis.revenue, in: context)
        try INFTsDomain.applyGenesis(genesis.infts, in: context)
        try LicensesDomain.applyGenesis(genesis.licenses, in: context)
        try GovernanceDomain.applyGenesis(genesis.governance, in: context)
        do throws(StateFailure) {
            let result = BlockState(over: nothing)
            state.commit(to: result)
            let changes = try result.changes()
            let indexes = try LedgerIndexes.changes(of: changes, adding: [])
            let layer = try StateLayer.make(height: .genesis, over: nothing, changed: changes, index: indexes)
            let empty = BlockReceipts(
                due: Receipt(transactionHash: .zero, weight: 0, events: []), transactions: [])
            let header = BlockHeader(
                network: network, height: .genesis, parent: .zero, time: genesis.time, epoch: 0, proposer: 0,
                validatorSet: try validatorSet(in: result).hash, transactionsRoot: Block.transactionsRoot(of: []),
                receiptsRoot: empty.root, evidenceRoot: Block.evidenceRoot(of: []), stateRoot: layer.root)
            return (Block(header: header, transactions: [], evidence: []), layer)
        } catch {
            throw .failed(error)
        }
    }

    /// The validators of the current epoch, as the state has them.
    public static func validatorSet(in state: any StateReader) throws(StateFailure) -> ValidatorSet {
        do throws(Refusal) {
            return try Validators.currentSet(in: state)
        } catch {
            throw error.asDamage(of: "the validator set")
        }
    }
}
