import Interface
import Primitives
import Transactions
import WalletKit

/// What the ledger would do with a transaction now (`tx_simulate`).
enum Rehearsal {
    case accepted
    case refused(RejectionView)

    var refusal: RejectionView? { if case .refused(let refusal) = self { refusal } else { nil } }
}

extension RejectionView {
    /// As a command fails with it.
    var failure: WalletFailure {
        WalletFailure(
            .refused, message, hint: hint,
            answer: WalletFailure.Answer(
                code: code, reason: reason, domain: domain, operation: operation, field: field, message: message,
                hint: hint, retryable: retryable))
    }
}

extension Session {
    /// Of bytes that may lack signatures; those that are there count.
    func rehearse(_ bytes: [UInt8]) async throws(WalletFailure) -> Rehearsal {
        let view = try await client.read(
            "tx_simulate", .object(["bytes": .string(Hexadecimal.encode(bytes))]), as: JSONValue.self)
        if view["accepted"]?.boolean == true { return .accepted }
        guard let error = view["error"], !error.isNull else {
            throw WalletFailure(.refused, "the node says that the ledger would refuse it, and not why")
        }
        return .refused(try decode(error))
    }
}
