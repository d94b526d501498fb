internal import Cryptography
public import Primitives

/// The id of what an operation makes: tagged hash of (transaction hash, operation index as four big-endian bytes).
public func makeIdentifier<Kind>(transactionHash: Hash, operationIndex: Int) -> Identifier<Kind> {
    var hasher = HashTag.identifier.hasher
    hasher.update(transactionHash.bytes)
    hasher.update((0..<4).map { UInt8(truncatingIfNeeded: operationIndex >> (24 - 8 * $0)) })
    return Identifier(hasher.finalize().bytes)
}

extension OperationContext {
    /// The id of what the operation now executed makes.
    public func madeIdentifier<Kind>() -> Identifier<Kind> {
        makeIdentifier(transactionHash: transactionHash, operationIndex: operationIndex)
    }
}
