public import Primitives

/// Why the content store could not do what was asked. Whoever serves it turns each into an answer of its own.
public enum ContentStoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing with that root is here.
    case absent
    /// It was erased; `receipt` names the erasure receipt.
    case erased(receipt: Bytes32)
    /// Bytes on disk or in the object storage are not what the root commits to.
    case damaged(String)
    /// The range does not lie within the blob of `size` bytes.
    case outOfRange(size: UInt64)
    /// More bytes, or none, than a blob may have.
    case badSize(maximum: UInt64)
    /// The upload goes on at `reached`, not where it was asked to.
    case wrongOffset(reached: UInt64)
    /// The upload was begun as one of so many bytes.
    case otherSize(UInt64)
    /// Another request is writing this upload.
    case busy
    /// All bytes are here, and their root is another.
    case wrongRoot(found: Hash)
    /// The party holds `used` of the `allowed` bytes.
    case partyQuota(used: UInt64, allowed: UInt64)
    /// The store, or its disk, has no room for so many bytes.
    case full(needed: UInt64)
    /// The party has as many unfinished uploads as it may.
    case tooManyUploads(limit: Int)
    /// Another process has the store open.
    case locked(path: String)
    /// A call of the system or of the object storage failed.
    case system(call: String, path: String, message: String)
    /// The node is stopping.
    case stopping

    public var description: String {
        switch self {
        case .absent: "the store does not hold this content"
        case .erased(let receipt): "this content was erased; the receipt is \(receipt)"
        case .damaged(let what):
            "stored content is damaged: \(what); restore it, or let it be fetched from a peer again"
        case .outOfRange(let size): "the range does not lie within the \(size) bytes of this content"
        case .badSize(let maximum): "content has 1 to \(maximum) bytes"
        case .wrongOffset(let reached): "the upload goes on at byte \(reached)"
        case .otherSize(let size): "this upload was begun with \(size) bytes in all"
        case .busy: "another request is writing this upload; wait until it ends"
        case .wrongRoot(let found): "all bytes came, and their root is \(found); they were removed, upload them anew"
        case .partyQuota(let used, let allowed):
            "the party holds \(used) of the \(allowed) bytes that it may store here"
        case .full(let needed): "the store has no room for \(needed) bytes; ask its operator (content.maximum-bytes)"
        case .tooManyUploads(let limit): "the party has \(limit) unfinished uploads; finish one first"
        case .locked(let path): "\(path) is in use by another process; stop that one first"
        case .system(let call, let path, let message): "\(call) of \(path) failed: \(message)"
        case .stopping: "the node is stopping"
        }
    }
}
