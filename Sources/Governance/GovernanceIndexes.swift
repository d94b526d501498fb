internal import Encoding
internal import Primitives
internal import StateModel

/// The index tables of the domain (domain number 6):
///
///     0  [proposed at, proposal]           every proposal
///     1  [state, proposed at, proposal]    those that stand so
enum GovernanceIndexes {
    static let all = IndexKey(.governance, 0)
    static func inState(_ state: ProposalState) -> IndexKey { IndexKey(.governance, 1).appending(byte: state.rawValue) }

    static func entries(kind: UInt8, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        guard kind == GovernanceKeys.proposalKind else { return [] }
        let proposal = try ProposalRecord(decoding: record)
        return [all, inState(proposal.state)].map {
            IndexEntry($0.appending(proposal.proposedAt.milliseconds).appending(proposal.id.bytes))
        }
    }
}
