import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket

typealias HTTPChannel = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>
typealias WebSocketChannel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

/// What a connection turned out to be.
enum NegotiatedProtocol: Sendable {
    case http(HTTPChannel)
    case webSocket(WebSocketChannel, address: String)
}

/// A connection before that is known.
struct OpenedConnection: ServerChildChannelValue {
    let channel: any Channel
    let negotiated: EventLoopFuture<NegotiatedProtocol>
}

/// HTTP/1.1 and WebSocket on one port: Hummingbird accepts, NIO's typed upgrader decides which it is.
///
/// ```
/// bytes → HTTP codec → pipelining → header validation → typed upgrader ─┬→ HTTP parts → HTTPConnection
///                                                                       └→ frames     → WebSocketConnection
/// ```
struct ServerChannel<Program: HTTPProgram>: ServerChildChannel {
    let program: Program

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<OpenedConnection> {
        channel.eventLoop.makeCompletedFuture {
            let upgrader = NIOTypedWebSocketServerUpgrader<NegotiatedProtocol>(
                maxFrameSize: program.limits.bodyBytes,
                shouldUpgrade: { [program] channel, head in
                    let answer: HTTPHeaders? = program.mayUpgrade(head) ? HTTPHeaders() : nil
                    return channel.eventLoop.makeSucceededFuture(answer)
                },
                upgradePipelineHandler: { [program] channel, head in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.handler(type: RequestDeadline.self).stop()
                        try channel.pipeline.syncOperations.addHandler(
                            NIOWebSocketFrameAggregator(
                                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1_024,
                                maxAccumulatedFrameSize: program.limits.bodyBytes))
                        let frames = try WebSocketChannel(wrappingChannelSynchronously: channel)
                        return .webSocket(frames, address: program.address(behind: program.peer(of: channel), head))
                    }
                })
            var configuration = NIOUpgradableHTTPServerPipelineConfiguration(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration<NegotiatedProtocol>(
                    upgraders: [upgrader],
                    notUpgradingCompletionHandler: { [program] channel in
                        channel.eventLoop.makeCompletedFuture {
                            let operations = channel.pipeline.syncOperations
                            let deadline = try operations.handler(type: RequestDeadline.self)
                            try operations.addHandler(HTTPParts(deadline: deadline, streams: program.streams))
                            return .http(try HTTPChannel(wrappingChannelSynchronously: channel))
                        }
                    }))
            configuration.enableErrorHandling = false
            configuration.decoderConfiguration.maxHeaderListSize = program.limits.headerBytes
            configuration.decoderConfiguration.maxHeaderFieldSize = program.limits.headerBytes
            configuration.decoderConfiguration.maxHeaderFieldCount = 128
            let operations = channel.pipeline.syncOperations
            try operations.addHandler(
                IdleStateHandler(allTimeout: .milliseconds(Int64(program.limits.idleMilliseconds))))
            try operations.addHandler(RequestDeadline(milliseconds: program.limits.requestMilliseconds))
            let negotiated = try operations.configureUpgradableHTTPServerPipeline(configuration: configuration)
            let upgradeHandler = try operations.handler(
                type: NIOTypedHTTPServerUpgradeHandler<NegotiatedProtocol>.self)
            try operations.addHandler(UpgradeFilter(mayUpgrade: program.mayUpgrade), position: .before(upgradeHandler))
            try operations.addHandler(ConnectionGuard())
            return OpenedConnection(channel: channel, negotiated: negotiated)
        }
    }

    func handle(value: OpenedConnection, logger: Logger) async {
        let channel = value.channel
        let admission = program.openConnection(of: channel)
        defer { if case .admitted(let ticket) = admission { program.closeConnection(ticket) } }
        let refusal = admission.refusal
        if refusal != nil {
            // It is told so with its first request, for which it has as long as any.
            let deadline = TimeAmount.milliseconds(Int64(program.limits.requestMilliseconds))
            channel.eventLoop.scheduleTask(in: deadline) { channel.close(promise: nil) }
        }
        do {
            switch try await value.negotiated.get() {
            case .http(let channel):
                await HTTPConnection(program: program, refusal: refusal).run(channel, logger)
            case .webSocket(let channel, let address):
                guard refusal == nil else {
                    try await channel.executeThenClose { _, _ in }
                    return
                }
                await program.serve(webSocket: channel, address: address)
            }
        } catch {
            // The client left, or sent what is no HTTP and was told so.
            logger.debug("connection ended before a request", metadata: ["reason": "\(error)"])
            try? await value.channel.close()
        }
    }
}

/// Takes the wish to upgrade out of a first request that can't be granted it, so that it gets an ordinary answer: the
/// typed upgrader swallows the head of a request for which it finds no upgrader. The connection ends with that answer,
/// since the HTTP parser reads no further behind such a request.
private final class UpgradeFilter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let mayUpgrade: (HTTPRequestHead) -> Bool

    init(mayUpgrade: @escaping (HTTPRequestHead) -> Bool) { self.mayUpgrade = mayUpgrade }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data) else {
            context.fireChannelRead(data)
            return
        }
        if head.headers.contains(name: "upgrade"), !(Self.isWebSocket(head) && mayUpgrade(head)) {
            head.headers.remove(name: "upgrade")
            head.headers.replaceOrAdd(name: "connection", value: "close")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
        // Only the first request of a connection can upgrade it, and what follows an upgrade is no HTTP.
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    /// A complete opening handshake (RFC 6455 §4.2.1), without a body.
    private static func isWebSocket(_ head: HTTPRequestHead) -> Bool {
        head.headers[canonicalForm: "upgrade"].map { $0.lowercased() } == ["websocket"]
            && head.headers[canonicalForm: "sec-websocket-version"] == ["13"]
            && head.headers[canonicalForm: "sec-websocket-key"].count == 1
            && !head.headers.contains(name: "transfer-encoding")
            && (head.headers.first(name: "content-length") ?? "0") == "0"
    }
}

/// Answers what the HTTP parser refuses, and closes connections on which nothing moves.
private final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    typealias OutboundOut = HTTPServerResponsePart

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        let isTooLarge = error == .headerOverflow
        var head = HTTPResponseHead(
            version: .http1_1, status: isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest)
        head.headers = ["Connection": "close", "Content-Length": "0"]
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let done = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        done.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
