internal import AsyncHTTPClient
internal import ContentFormat
public import Cryptography
public import Interface
internal import NIOCore
internal import NIOHTTP1
public import Primitives

/// Speaks to the content store of one node (Specs/content-store.md), each request signed by one account.
public struct ContentClient: Sendable {
    let node: NodeClient
    let network: PinnedNetwork
    private let secret: SecretKey

    /// - Parameter secret: the account's key.
    public init(node: NodeClient, network: PinnedNetwork, secret: SecretKey) {
        self.node = node
        self.network = network
        self.secret = secret
    }

    /// A window of chunks, or a JSON document.
    private static let answerBytes = 32 << 20

    struct Answer: Sendable {
        let status: UInt
        let headers: HTTPHeaders
        let body: [UInt8]

        func number(_ name: String) -> UInt64? { headers.first(name: name).flatMap { UInt64($0) } }
        var json: JSONValue? { try? JSONParser.parse(body, limit: ContentClient.answerBytes) }
    }

    /// One request. Thrown: unreachable where the node can't be reached or the connection broke.
    func send(
        _ request: ContentRequest, headers: [(String, String)] = [], query: String = "",
        body: HTTPClientRequest.Body? = nil
    ) async throws(WalletFailure) -> Answer {
        let authorization = ContentAuthorization(
            request, network: network.genesis, time: WalletClock.now,
            nonce: OperatingSystemRandom.bytes(ContentAuthorization.nonceBytes), secret: secret,
            auxiliary: OperatingSystemRandom.bytes32())
        var base = node.url
        while base.hasSuffix("/") { base.removeLast() }
        let path = request.act == .proof ? "/content/\(request.root)/proof" : "/content/\(request.root)"
        var sent = HTTPClientRequest(url: base + path + query)
        sent.method = request.act == .proof ? .GET : HTTPMethod(rawValue: request.act.rawValue)
        sent.headers.add(name: "Authorization", value: authorization.header(networkKind: network.kind))
        sent.headers.add(name: "User-Agent", value: "mednexus-wallet")
        for (name, value) in headers { sent.headers.add(name: name, value: value) }
        sent.body = body
        do {
            let response = try await NodeClient.http.execute(sent, timeout: .seconds(600))
            let buffer = try await response.body.collect(upTo: Self.answerBytes)
            return Answer(
                status: response.status.code, headers: response.headers, body: Array(buffer.readableBytesView))
        } catch {
            throw node.unreachable(error)
        }
    }

    /// How long to wait before the request may succeed; nil if it never will.
    static func pause(_ answer: Answer) -> UInt64? {
        guard [409, 429, 503].contains(answer.status) else { return nil }
        return answer.number("Retry-After")
    }

    /// What an answer that is no success says.
    func failure(_ answer: Answer) -> WalletFailure {
        let data = answer.json?["data"]
        let message = answer.json?["message"]?.string ?? "HTTP \(answer.status)"
        let kind: WalletFailure.Kind =
            switch answer.status {
            case 400, 411: .usage
            case 401..<500, 507: .refused
            default: .unreachable
            }
        return WalletFailure(
            kind, message, hint: data?["hint"]?.string ?? "",
            answer: WalletFailure.Answer(
                code: -Int(33_000 + answer.status), reason: data?["reason"]?.string ?? "error", domain: "content",
                operation: nil, field: data?["field"]?.string ?? "", message: message,
                hint: data?["hint"]?.string ?? "", retryable: data?["retryable"]?.boolean ?? false))
    }

    /// What the node has; nil if nothing. Thrown: refused, among others once it was erased.
    public func status(of root: Hash) async throws(WalletFailure) -> ContentStatus? {
        let answer = try await send(ContentRequest(.head, root))
        switch answer.status {
        case 200, 204:
            guard let size = answer.number("Upload-Length"), let reached = answer.number("Upload-Offset"),
                reached <= size
            else { throw failure(answer) }
            return ContentStatus(root: root, size: size, reached: reached)
        case 404: return nil
        // An answer to HEAD has no body that would say why.
        case 410:
            let read = try await send(
                ContentRequest(.get, root, offset: 0, length: 1), headers: [("Range", "bytes=0-0")])
            throw failure(read)
        default: throw failure(answer)
        }
    }
}
