import Interface
import NIOHTTP1
import Primitives

/// A request to `/content/ROOT` or `/content/ROOT/proof`, its head understood.
struct ContentHead: Sendable {
    let request: ContentRequest
    let authorization: ContentAuthorization
    /// Of a GET: whether a range was asked for.
    let hasRange: Bool
    /// Of a PUT: bytes of the whole content.
    let size: UInt64
    /// Of a PUT: bytes of this request's body.
    let bodyBytes: UInt64

    static let prefix = "/content/"

    /// Thrown: 400, 401, 411.
    init(_ head: HTTPRequestHead, networkKind: NetworkKind) throws(ContentRefusal) {
        let path = head.uri.prefix { $0 != "?" && $0 != "#" }
        let words = path.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard let root = words.first.flatMap({ Hexadecimal.decode(String($0)) }).flatMap({ Bytes32($0) }) else {
            throw .malformed("root", "Ask for /content/ROOT, ROOT being 64 lower-case hexadecimal digits.")
        }
        let isProof = words.count == 2 && words[1] == "proof"
        guard words.count == 1 || isProof else {
            throw .malformed("path", "There are /content/ROOT and /content/ROOT/proof?from=&count=.")
        }
        var act: ContentRequest.Act
        var (offset, length, size, bodyBytes): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var hasRange = false
        switch head.method {
        case .GET where isProof:
            act = .proof
            let query = IncomingRequest(head: head, body: [], address: "")
            guard let from = query.query("from").flatMap({ UInt64($0) }),
                let count = query.query("count").flatMap({ UInt64($0) }), count > 0
            else { throw .malformed("from", "Ask for chunks: ?from=FIRST&count=NUMBER.") }
            (offset, length) = (from, count)
        case .GET:
            act = .get
            if let text = head.headers.first(name: "range") {
                (offset, length) = try Self.range(text)
                hasRange = true
            }
        case .HEAD where !isProof: act = .head
        case .PUT where !isProof:
            act = .put
            (offset, length, size) = try Self.body(head)
            bodyBytes = length
        default: throw .malformed("method", "Use GET, HEAD or PUT; a proof is read with GET.")
        }
        request = ContentRequest(act, Hash(root), offset: offset, length: length)
        guard let header = head.headers.first(name: "authorization"),
            let authorization = ContentAuthorization(header: header, networkKind: networkKind)
        else { throw .unauthorized }
        self.authorization = authorization
        self.hasRange = hasRange
        self.size = size
        self.bodyBytes = bodyBytes
    }

    /// `bytes=FIRST-LAST` or `bytes=FIRST-`: one range, from its beginning. The length is 0 without an end.
    private static func range(_ text: String) throws(ContentRefusal) -> (offset: UInt64, length: UInt64) {
        let refusal = ContentRefusal.malformed("Range", "Ask for one range: bytes=FIRST-LAST or bytes=FIRST-.")
        guard text.hasPrefix("bytes=") else { throw refusal }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = UInt64(ends[0]), first < .max else { throw refusal }
        if ends[1].isEmpty { return (first, 0) }
        guard let last = UInt64(ends[1]), last >= first, last < .max else { throw refusal }
        return (first, last - first + 1)
    }

    /// `Content-Range: bytes FIRST-LAST/SIZE`, or `bytes */SIZE` with an empty body where all bytes are there; without
    /// it the body is everything.
    private static func body(
        _ head: HTTPRequestHead
    ) throws(ContentRefusal) -> (offset: UInt64, length: UInt64, size: UInt64) {
        guard let length = head.headers.first(name: "content-length").flatMap({ UInt64($0) }),
            !head.headers.contains(name: "transfer-encoding")
        else {
            throw ContentRefusal(
                411, "length_required", "The length of the body is not said.", hint: "Send Content-Length.",
                field: "Content-Length")
        }
        guard let text = head.headers.first(name: "content-range") else { return (0, length, length) }
        let refusal = ContentRefusal.malformed(
            "Content-Range", "Send bytes FIRST-LAST/SIZE for a body of that many bytes, or bytes */SIZE without any.")
        guard text.hasPrefix("bytes ") else { throw refusal }
        let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let size = UInt64(parts[1]) else { throw refusal }
        if parts[0] == "*" {
            guard length == 0 else { throw refusal }
            return (size, 0, size)
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = UInt64(ends[0]), let last = UInt64(ends[1]), first <= last, last < size,
            last - first + 1 == length
        else { throw refusal }
        return (first, length, size)
    }
}
