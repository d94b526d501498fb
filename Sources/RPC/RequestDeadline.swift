import NIOCore
import NIOHTTP1

/// The time that a client has from the first byte of a request to the last: one that sends a byte now and then would
/// else hold a connection, and what was read of its request, for as long as it likes.
///
/// It sits before the HTTP decoder and sees bytes; ``HTTPParts``, behind the upgrade, tells it where requests end. A
/// WebSocket stops it. All on the channel's event loop.
final class RequestDeadline: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let limit: TimeAmount
    /// When the request that is being read must be whole; nil between requests.
    private var due: NIODeadline?
    /// Looks at `due` when it comes to its time. It is not taken back when a request ends in time, as nearly all do: one
    /// timer in `limit` is enough for a connection, however many requests pass.
    private var timer: Scheduled<Void>?
    private var timerTime = NIODeadline.distantFuture
    private var context: ChannelHandlerContext?
    /// Requests that were read whole, less answers that were given.
    private var openAnswers = 0
    private var isStopped = false
    /// Bytes of a body that comes in pieces, since time was last given; nil for other bodies.
    private var streamed: Int?

    /// What a body that comes in pieces must bring in ``streamLimit``: a client on the slowest line does.
    private static let streamedBytes = 65_536
    private static let streamLimit = TimeAmount.seconds(60)

    init(milliseconds: Int) { limit = .milliseconds(Int64(milliseconds)) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        stop()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        requestBegan()
        context.fireChannelRead(data)
    }

    func requestBegan() {
        guard due == nil, !isStopped else { return }
        due = .now() + (streamed == nil ? limit : max(limit, Self.streamLimit))
        schedule()
    }

    private func schedule() {
        guard let due, let context, timer == nil || timerTime > due else { return }
        // A later one is of a body in pieces, which had longer.
        timer?.cancel()
        timerTime = due
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { [self] in look() }
    }

    private func look() {
        timer = nil
        guard let due else { return }
        if due <= .now() { expire() } else { schedule() }
    }

    /// The body of this request comes in pieces.
    func streamBegan() {
        streamed = 0
        giveTime()
    }

    func bodyArrived(_ count: Int) {
        guard let before = streamed else { return }
        streamed = before + count
        if before + count >= Self.streamedBytes {
            streamed = 0
            giveTime()
        }
    }

    private func giveTime() {
        due = nil
        requestBegan()
    }

    func requestEnded() {
        streamed = nil
        due = nil
        openAnswers += 1
    }

    func answered() { openAnswers -= 1 }

    func stop() {
        isStopped = true
        due = nil
        timer?.cancel()
        timer = nil
    }

    private func expire() {
        due = nil
        guard !isStopped, let context else { return }
        // While an answer is due, the server itself reads no further: the client is not to blame.
        guard openAnswers <= 0 else { return requestBegan() }
        stop()
        let answer = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}

/// The HTTP parts of a connection that is no WebSocket: tells the deadline of them, and lets `ByteBuffer` bodies, which
/// may cross tasks, pass to NIO's encoder, which wants `IOData`.
final class HTTPParts: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    private let deadline: RequestDeadline
    private let streams: (HTTPRequestHead) -> Bool

    init(deadline: RequestDeadline, streams: @escaping (HTTPRequestHead) -> Bool) {
        self.deadline = deadline
        self.streams = streams
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): if streams(head) { deadline.streamBegan() } else { deadline.requestBegan() }
        case .body(let buffer): deadline.bodyArrived(buffer.readableBytes)
        case .end: deadline.requestEnded()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPServerResponsePart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let buffer): .body(.byteBuffer(buffer))
            case .end(let trailers): .end(trailers)
            }
        if case .end = part { deadline.answered() }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}
