public import Primitives

/// Why a block was not executed to its end.
public enum BlockFailure: Error, Sendable, CustomStringConvertible {
    /// The block breaks a rule: whoever proposed it is wrong, and it is never voted for.
    case invalid(BlockDefect)
    /// This node can't read its own state: it stops; the block is not judged.
    case failed(StateFailure)

    public var description: String {
        switch self {
        case .invalid(let defect): defect.description
        case .failed(let failure): failure.description
        }
    }
}

/// The rule that a block breaks.
public enum BlockDefect: Hashable, Sendable, CustomStringConvertible {
    case wrongNetwork, wrongHeight, wrongParent, wrongEpoch, wrongValidatorSet
    case badRestart
    case timeNotAfterParent
    case bodyDoesNotMatchHeader
    case tooLarge
    case tooHeavy
    case sponsorAboveShare
    case transaction(index: Int, Rejection)
    case duplicateTransaction(index: Int)
    case wrongReceipts
    case wrongStateRoot
    case notConserved(AssetID)

    public var description: String {
        switch self {
        case .wrongNetwork: "the block is of another network"
        case .wrongHeight: "the height is not the parent's plus one"
        case .wrongParent: "the parent is another block"
        case .wrongEpoch: "the epoch is not the one of this height"
        case .badRestart: "its epoch's restart is not of this block, or no quorum signed it"
        case .wrongValidatorSet: "the validator set is not the epoch's"
        case .timeNotAfterParent: "block time is not after the parent's"
        case .bodyDoesNotMatchHeader: "the body is not the one that the header commits to"
        case .tooLarge: "more bytes or transactions than a block may have"
        case .tooHeavy: "more weight than a block may have"
        case .sponsorAboveShare: "a sponsor has more than its share of a block above half full"
        case .transaction(let index, let rejection): "transaction \(index) is refused: \(rejection)"
        case .duplicateTransaction(let index): "transaction \(index) is there twice"
        case .wrongReceipts: "execution gives other receipts than the header says"
        case .wrongStateRoot: "execution gives another state root than the header says"
        case .notConserved(let asset): "the amounts of \(asset) do not add up to what was issued"
        }
    }
}
