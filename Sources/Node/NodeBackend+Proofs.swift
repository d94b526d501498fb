internal import Blocks
internal import Encoding
internal import Interface
internal import Primitives
internal import Proofs
internal import Storage

extension NodeBackend {
    func evidence(of height: Height, from checkpoint: Height) async throws -> ChainEvidence {
        guard checkpoint <= board.head.height else {
            throw CallFailure.invalidParameters("checkpoint", "This node's last block is \(board.head.height).")
        }
        do {
            return try ledger.evidence(of: height, from: checkpoint)
        } catch is EvidenceFailure {
            throw ServerState.noEvidence
        }
    }

    func inclusion(of transaction: Hash) async throws -> (height: Height, inclusion: TransactionInclusion)? {
        guard let final = try await self.transaction(transaction) else { return nil }
        let (block, _) = try ledger.block(at: final.height)
        guard let receipts = try ledger.log.receipts(at: final.height) else { throw ServerState.pruned }
        let inclusion = TransactionInclusion.make(
            at: Int(final.index), of: block, receipts: try BlockReceipts(decoding: receipts))
        return inclusion.map { (final.height, $0) }
    }
}
