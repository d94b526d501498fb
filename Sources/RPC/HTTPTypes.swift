import NIOCore
import NIOHTTP1

/// A request whose body has been read.
struct IncomingRequest: Sendable {
    let head: HTTPRequestHead
    let body: [UInt8]
    /// The client's address, as far as it is known: behind a trusted proxy, what that says.
    let address: String

    var path: String { String(head.uri.prefix { $0 != "?" && $0 != "#" }) }

    /// The decoded value of a query parameter; nil if absent or not well-formed.
    func query(_ name: String) -> String? {
        guard let start = head.uri.firstIndex(of: "?") else { return nil }
        for pair in head.uri[head.uri.index(after: start)...].prefix(while: { $0 != "#" }).split(separator: "&") {
            let found = pair.prefix { $0 != "=" }
            if found == name { return Self.percentDecoded(pair[found.endIndex...].dropFirst()) }
        }
        return nil
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(hexadecimal), let low = rest.next().flatMap(hexadecimal) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        case 65...70: digit - 55
        default: nil
        }
    }
}

struct HTTPAnswer: Sendable {
    var status: HTTPResponseStatus
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var closes = false

    static func json(_ body: [UInt8], status: HTTPResponseStatus = .ok) -> HTTPAnswer {
        HTTPAnswer(status: status, headers: [("Content-Type", "application/json")], body: body)
    }

    static func text(_ text: String, status: HTTPResponseStatus = .ok) -> HTTPAnswer {
        HTTPAnswer(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array((text + "\n").utf8))
    }
}

/// What a connection does with a request.
enum Routed: Sendable {
    case answer(HTTPAnswer)
    /// An answer without end: headers, then whatever the closure writes until it returns.
    case stream([(String, String)], @Sendable (StreamWriter) async throws -> Void)
}

typealias HTTPOutbound = NIOAsyncChannelOutboundWriter<HTTPPart<HTTPResponseHead, ByteBuffer>>

struct StreamWriter: Sendable {
    let outbound: HTTPOutbound
    let channel: any Channel

    func write(_ text: String) async throws {
        try await outbound.write(.body(ByteBuffer(string: text)))
    }
}

/// What a connection is counted under.
struct ConnectionTicket: Sendable {
    /// Nil for a trusted proxy, which has no share.
    let caller: String?
}

enum ConnectionAdmission: Sendable {
    case admitted(ConnectionTicket)
    /// Nothing was counted.
    case refused(ConnectionRefusal)

    var refusal: ConnectionRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

/// Why a connection is one too many.
enum ConnectionRefusal: Sendable {
    /// The server holds as many as it may.
    case full
    /// The address has its share of them.
    case share

    var answer: HTTPAnswer {
        var answer =
            switch self {
            case .full: HTTPAnswer.text("too many connections", status: .serviceUnavailable)
            case .share: HTTPAnswer.text("too many connections from this address", status: .tooManyRequests)
            }
        answer.headers.append(("Retry-After", "5"))
        answer.closes = true
        return answer
    }
}

extension HTTPProgram {
    func streams(_ head: HTTPRequestHead) -> Bool { false }
    func contentExchange(_ head: HTTPRequestHead) -> ContentExchange? { nil }
}

/// A program of the server: what answers requests. The public one and the operator's are two.
protocol HTTPProgram: Sendable {
    var limits: RPCLimits { get }
    /// What to say before the body is read, if there is something to refuse: then the body is not read.
    func refuse(_ head: HTTPRequestHead, address: String) -> HTTPAnswer?
    func route(_ request: IncomingRequest) async -> Routed
    /// Whether the body of a request is taken in pieces as it comes, with time for each instead of for the whole.
    func streams(_ head: HTTPRequestHead) -> Bool
    /// What takes a request's body in pieces and answers it; nil for one that ``route(_:)`` answers.
    func contentExchange(_ head: HTTPRequestHead) -> ContentExchange?
    /// Headers that every answer to this request carries.
    func commonHeaders(_ head: HTTPRequestHead) -> [(String, String)]
    /// True if this request may become a WebSocket.
    func mayUpgrade(_ head: HTTPRequestHead) -> Bool
    func serve(webSocket channel: WebSocketChannel, address: String) async
    /// The address of the other end.
    func peer(of channel: any Channel) -> String
    /// Who calls: the peer, or whom it says it speaks for, where it is believed.
    func address(behind peer: String, _ head: HTTPRequestHead) -> String
    /// Counts a connection, or says why there is no room.
    func openConnection(of channel: any Channel) -> ConnectionAdmission
    /// Gives back what was counted. It goes by the ticket, since a closed channel no longer knows its peer.
    func closeConnection(_ ticket: ConnectionTicket)
}
