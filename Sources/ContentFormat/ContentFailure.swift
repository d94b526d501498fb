public import Cryptography
public import Primitives

/// Why bytes are not the content that they should be, or can't be encrypted.
public enum ContentFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Neither nothing nor any other number of whole chunks gives so many bytes of ciphertext.
    case impossibleSize(UInt64)
    /// Bytes of ciphertext are missing at the end.
    case truncated(found: UInt64, expected: UInt64)
    /// Bytes follow the ciphertext.
    case trailing(found: UInt64, expected: UInt64)
    /// The content point and salt do not give the key commitment.
    case wrongKey
    /// Bytes of the chunk were changed.
    case damaged(chunk: UInt64)
    /// A chunk stands a second time.
    case repeated(chunk: UInt64, of: UInt64)
    /// A chunk stands before its turn.
    case misplaced(chunk: UInt64, belongsAt: UInt64)
    /// The last chunk here was not sealed as the last: the content went on behind it.
    case notLast(chunk: UInt64)
    /// A chunk sealed as the last has others behind it.
    case lastTooEarly(chunk: UInt64)
    case wrongRoot(found: Hash, expected: Hash)
    /// The chunks are not those of the range, or not under the root.
    case rangeNotProven(first: UInt64, count: UInt64)
    case impossibleRange(first: UInt64, count: UInt64)
    /// The file's header can't be read, or would not be read by others: what is wrong with it.
    case header(String)
    /// The header states a file that does not fill the content.
    case wrongFileSize(stated: UInt64)
    /// What follows the file, or the header, is not zero.
    case padding(chunk: UInt64)
    case cryptography(CryptographyFailure)

    public var description: String {
        switch self {
        case .impossibleSize(let size): "no content has \(size) bytes"
        case .truncated(let found, let expected):
            "the content is cut short: \(found) of \(expected) bytes; fetch it again"
        case .trailing(let found, let expected):
            "bytes follow the content: \(found) where \(expected) are right; fetch it again"
        case .wrongKey: "the key is not the one that the content was encrypted with"
        case .damaged(let chunk): "chunk \(chunk) is damaged; fetch it again"
        case .repeated(let chunk, let earlier): "chunk \(chunk) is chunk \(earlier) again; fetch the content again"
        case .misplaced(let chunk, let place):
            "chunk \(chunk) belongs at \(place); fetch the content again"
        case .notLast(let chunk): "the content goes on behind chunk \(chunk), which is the last here; fetch it again"
        case .lastTooEarly(let chunk): "the content ends with chunk \(chunk), but others follow; fetch it again"
        case .wrongRoot(let found, let expected): "the content has the root \(found), not \(expected)"
        case .rangeNotProven(let first, let count):
            "the \(count) chunks from \(first) on are not those under the root; ask another source"
        case .impossibleRange(let first, let count): "the content has no \(count) chunks from \(first) on"
        case .header(let what): "the content's header: \(what)"
        case .wrongFileSize(let stated):
            "the header states a file of \(stated) bytes, which is not what the content holds"
        case .padding(let chunk): "chunk \(chunk) has bytes where nothing may be"
        case .cryptography(let failure): "\(failure)"
        }
    }
}
