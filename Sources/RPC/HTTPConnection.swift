import Logging
import NIOCore
import NIOHTTP1

/// The requests of one HTTP/1.1 connection, one after the other.
struct HTTPConnection<Program: HTTPProgram>: Sendable {
    let program: Program
    /// Why the connection is one too many, if it is.
    let refusal: ConnectionRefusal?

    private enum Body {
        case complete([UInt8])
        case tooLarge
        case ended
    }

    func run(_ channel: HTTPChannel, _ logger: Logger) async {
        do {
            try await channel.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                // Asking the channel costs a lock and writing the address out, and it stays what it is.
                let peer = program.peer(of: channel.channel)
                while let part = try await parts.next() {
                    guard case .head(let head) = part else { continue }
                    guard try await serve(head, &parts, outbound, channel.channel, peer) else { return }
                }
            }
        } catch {
            logger.debug("connection ended", metadata: ["reason": "\(error)"])
        }
    }

    /// False if the connection is to be closed.
    private func serve(
        _ head: HTTPRequestHead, _ parts: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator,
        _ outbound: HTTPOutbound, _ channel: any Channel, _ peer: String
    ) async throws -> Bool {
        let address = program.address(behind: peer, head)
        if let refusal { return try await write(refusal.answer, head, outbound) }
        if var refusal = program.refuse(head, address: address) {
            // The body is not read, so nothing may follow it on this connection.
            refusal.closes = refusal.closes || Self.announcesBody(head)
            return try await write(refusal, head, outbound)
        }
        if let exchange = program.contentExchange(head) {
            return try await exchange.run(head, &parts, outbound, channel)
        }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > program.limits.bodyBytes
        {
            return try await write(tooLarge, head, outbound)
        }
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            try await outbound.write(.head(HTTPResponseHead(version: head.version, status: .continue)))
        }
        switch try await body(&parts) {
        case .ended: return false
        case .tooLarge: return try await write(tooLarge, head, outbound)
        case .complete(let body):
            switch await program.route(IncomingRequest(head: head, body: body, address: address)) {
            case .answer(let answer): return try await write(answer, head, outbound)
            case .stream(let headers, let run):
                var response = responseHead(.ok, headers, head)
                response.headers.replaceOrAdd(name: "Connection", value: "close")
                try await outbound.write(.head(response))
                try await run(StreamWriter(outbound: outbound, channel: channel))
                try await outbound.write(.end(nil))
                return false
            }
        }
    }

    private var tooLarge: HTTPAnswer {
        var answer = HTTPAnswer.text(
            "the body may have \(program.limits.bodyBytes) bytes", status: .payloadTooLarge)
        answer.closes = true
        return answer
    }

    private static func announcesBody(_ head: HTTPRequestHead) -> Bool {
        if head.headers.contains(name: "transfer-encoding") { return true }
        return head.headers.first(name: "content-length").map { $0 != "0" } ?? false
    }

    private func body(
        _ parts: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    ) async throws -> Body {
        var bytes: [UInt8] = []
        while let part = try await parts.next() {
            switch part {
            case .head: return .ended
            case .body(let buffer):
                guard bytes.count + buffer.readableBytes <= program.limits.bodyBytes else { return .tooLarge }
                bytes.append(contentsOf: buffer.readableBytesView)
            case .end: return .complete(bytes)
            }
        }
        return .ended
    }

    private func responseHead(
        _ status: HTTPResponseStatus, _ headers: [(String, String)], _ request: HTTPRequestHead
    ) -> HTTPResponseHead {
        var head = HTTPResponseHead(version: .http1_1, status: status)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        for (name, value) in program.commonHeaders(request) { head.headers.add(name: name, value: value) }
        return head
    }

    private func write(
        _ answer: HTTPAnswer, _ request: HTTPRequestHead, _ outbound: HTTPOutbound
    ) async throws -> Bool {
        var head = responseHead(answer.status, answer.headers, request)
        let keepsOpen = request.isKeepAlive && !answer.closes
        if answer.status != .noContent {
            head.headers.add(name: "Content-Length", value: String(answer.body.count))
        }
        if !keepsOpen { head.headers.add(name: "Connection", value: "close") }
        var parts: [HTTPPart<HTTPResponseHead, ByteBuffer>] = [.head(head)]
        if !answer.body.isEmpty, request.method != .HEAD { parts.append(.body(ByteBuffer(bytes: answer.body))) }
        parts.append(.end(nil))
        try await outbound.write(contentsOf: parts)
        return keepsOpen
    }
}
