internal import NIOCore
internal import Primitives
internal import Synchronization

/// One connection from its first byte to its last: handshake, then frames.
///
/// `@unchecked Sendable`: what changes is touched on the channel's event loop alone (others come by ``onLoop(_:)``),
/// but for the figures, which a mutex guards.
final class PeerConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case waitingForActOne, waitingForActTwo, waitingForActThree
        case header
        case body(Int)
        case over
    }

    let network: PeerNetwork
    let address: PeerAddress
    /// Whom this node dialed; nil for inbound connections.
    let dialed: TransportKey?
    /// What it counts as where addresses are bounded.
    let origin: AddressGroup
    let limits: NetworkLimits

    private var phase: Phase
    private var handshake: NoiseHandshake?
    private var transport: NoiseTransport?
    private var received = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var outbox: Outbox
    private var inbox: Inbox
    private var rates: InboundRates?
    private var streams: PerChannel<AsyncStream<[UInt8]>.Continuation?> = PerChannel { _ in nil }
    private var tasks: [Task<Void, Never>] = []
    private var deadline: Scheduled<Void>?
    private var lastHeard = ContinuousClock.now
    private var pinged: (bytes: [UInt8], at: ContinuousClock.Instant)?
    private var isPaused = false
    private var isPumping = false
    private var isProcessing = false
    /// Received and not handled yet.
    private var holding = MemoryHolding()
    /// When something was written last, or began to wait.
    private var lastWritten = ContinuousClock.now
    /// Credit and answers that leave before any message, together when the socket has room: a peer that does not read
    /// makes nothing pile up here.
    private var owedCredit = PerChannel<Int> { _ in 0 }
    private var owedPing: [UInt8]?
    private var owedPong: [UInt8]?

    private var key: TransportKey?
    private var outcome = Outcome.open
    let since = ContinuousClock.now
    private let channel: any Channel
    private let figures = Mutex(Figures())

    /// How the handshake ended, where it did not end well.
    private enum Outcome {
        case open
        case failed(String)
        /// Counted elsewhere, or nobody's failure.
        case quiet
    }

    /// What others may read.
    private struct Figures {
        /// Nothing more is sent or received.
        var isOver = false
        /// This node ended it: what is not handled yet is dropped.
        var isDiscarding = false
        var role = PeerRole.observer
        var roundTrip: Duration?
        var bytesIn = PerChannel<UInt64> { _ in 0 }
        var bytesOut = PerChannel<UInt64> { _ in 0 }
        /// On their way to the loop or in the queue.
        var queued = PerChannel<Int> { _ in 0 }
        var queuedMessages = PerChannel<Int> { _ in 0 }
        var holding = MemoryHolding()
    }

    init(_ network: PeerNetwork, address: PeerAddress, dialed: TransportKey?, channel: any Channel) {
        self.channel = channel
        self.network = network
        self.address = address
        self.dialed = dialed
        origin = AddressGroup(channel.remoteAddress)
        limits = network.configuration.limits
        phase = dialed == nil ? .waitingForActOne : .waitingForActTwo
        outbox = Outbox(limits)
        inbox = Inbox(limits)
    }

    // MARK: From other threads

    func onLoop(_ body: @escaping @Sendable (PeerConnection) -> Void) {
        channel.eventLoop.execute { body(self) }
    }

    var isInbound: Bool { dialed == nil }
    /// One of those whose places and memory are counted.
    var isStranger: Bool { figures.withLock { $0.role == .observer } }
    /// Another epoch's set makes a validator of an observer, and the reverse.
    func setRole(_ role: PeerRole) { figures.withLock { $0.role = role } }
    var isOver: Bool { figures.withLock { $0.isOver } }

    /// Hands over no message from now on.
    func discard() { figures.withLock { $0.isDiscarding = true } }

    private var isDiscarding: Bool { figures.withLock { $0.isDiscarding } }

    func information(_ key: TransportKey) -> PeerConnectionInfo {
        figures.withLock { figures in
            PeerConnectionInfo(
                key: key, address: address, isInbound: dialed == nil, role: figures.role, since: since,
                bytesIn: figures.bytesIn, bytesOut: figures.bytesOut, roundTrip: figures.roundTrip,
                queuedBytes: figures.queued)
        }
    }

    func hasRoom(_ count: Int, on channel: MessageChannel) -> Bool {
        figures.withLock { figures in
            !figures.isOver && figures.queuedMessages[channel] < limits.queueMessages
                && figures.queued[channel] + count <= limits.queueBytes(channel)
        }
    }

    /// Room for a message that will be sent; false if there is none.
    func reserve(_ count: Int, on channel: MessageChannel) -> Bool {
        guard count <= limits.messageBytes[channel] else { return false }
        return figures.withLock { figures in
            guard figures.queuedMessages[channel] < limits.queueMessages,
                figures.queued[channel] + count <= limits.queueBytes(channel), !figures.isOver
            else { return false }
            guard
                figures.holding.add(count, isStranger: figures.role == .observer, of: network.outboundBudget)
            else { return false }
            figures.queued[channel] += count
            figures.queuedMessages[channel] += 1
            return true
        }
    }

    // MARK: Events of the socket

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard network.accept(self) else {
            outcome = .quiet
            context.close(promise: nil)
            return
        }
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(limits.handshake)) { [self] in
            close(failing: "timeout")
        }
        let configuration = network.configuration
        let ephemeral = network.ephemeralKey()
        do {
            if let dialed {
                var handshake = try NoiseHandshake.initiator(
                    staticKey: configuration.staticKey, ephemeralKey: ephemeral, remote: dialed,
                    prologue: configuration.prologue)
                let act = handshake.actOne()
                // Writing may fail at once, and that calls back here.
                self.handshake = consume handshake
                write(act)
            } else {
                handshake = NoiseHandshake.responder(
                    staticKey: configuration.staticKey, ephemeralKey: ephemeral, prologue: configuration.prologue)
            }
        } catch {
            close(failing: "key")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        received.writeBuffer(&buffer)
        process()
    }

    /// Takes what has arrived as far as it goes.
    private func process() {
        // A write that fails inside of it reads what is left of the socket before it returns.
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        do {
            while try advance() {}
            received.discardReadBytes()
        } catch let failure as NoiseFailure {
            // Damaged on the way, perhaps by another than the peer.
            close(failing: key == nil ? "noise_\(failure)" : nil)
        } catch {
            if let key { network.violated(key) }
            close(failing: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { pump() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(failing: key == nil ? "socket" : nil) }

    func channelInactive(context: ChannelHandlerContext) {
        if key == nil, case .open = outcome { outcome = .failed("closed") }
        phase = .over
        figures.withLock { figures in
            figures.isOver = true
            figures.holding.remove(.max, isStranger: false, of: network.outboundBudget)
        }
        holding.remove(.max, isStranger: false, of: network.inboundBudget)
        deadline?.cancel()
        for channel in MessageChannel.allCases { streams[channel]?.finish() }
        self.context = nil
        received = ByteBuffer()
        let isStopping = network.isStopping
        if isStopping { for task in tasks { task.cancel() } }
        let failure: String? = if case .failed(let reason) = outcome, !isStopping { reason } else { nil }
        // The owner hears of the end when the last message was handled.
        Task { [tasks, key] in
            for task in tasks { await task.value }
            network.ended(self, key: key, failure: failure)
        }
    }

    /// Ends the connection from this side; `reason` where the handshake failed by it.
    func close(failing reason: String?) {
        if key == nil, case .open = outcome { outcome = reason.map { .failed($0) } ?? .quiet }
        phase = .over
        figures.withLock { figures in
            figures.isOver = true
            figures.isDiscarding = true
        }
        context?.close(promise: nil)
    }

    // MARK: Receiving

    private func take(_ count: Int) -> [UInt8]? { received.readBytes(length: count) }

    /// One step; false when more bytes are needed.
    private func advance() throws -> Bool {
        switch phase {
        case .waitingForActOne:
            guard let bytes = take(NoiseHandshake.actOneCount) else { return false }
            var handshake = takeHandshake()
            let act = try handshake.receiveActOne(bytes)
            self.handshake = consume handshake
            phase = .waitingForActThree
            write(act)
        case .waitingForActTwo:
            guard let bytes = take(NoiseHandshake.actTwoCount), let dialed else { return false }
            let (act, transport) = try takeHandshake().receiveActTwo(bytes)
            write(act)
            establish(dialed, transport)
        case .waitingForActThree:
            guard let bytes = take(NoiseHandshake.actThreeCount) else { return false }
            let (key, transport) = try takeHandshake().receiveActThree(bytes)
            establish(key, transport)
        case .header:
            guard !isPaused, let bytes = take(NoiseTransport.headerCount) else { return false }
            phase = .body(try openTransport().openHeader(bytes))
        case .body(let count):
            guard let bytes = take(count) else { return false }
            phase = .header
            try receive(try Frame(try openTransport().openBody(bytes)), count: count)
        case .over: return false
        }
        return true
    }

    /// Each act is done once.
    private func takeHandshake() -> NoiseHandshake {
        guard let taken = handshake.take() else { preconditionFailure("a handshake is under way") }
        return taken
    }

    private func openTransport() -> NoiseTransport {
        guard let transport else { preconditionFailure("the handshake is done") }
        return transport
    }

    private func establish(_ key: TransportKey, _ transport: NoiseTransport) {
        handshake = nil
        // The last act may have failed to be written, and its connection be over.
        guard context != nil, !isOver else { return }
        self.transport = transport
        deadline?.cancel()
        guard case .admit(let role) = network.admission(of: key, from: origin, isInbound: dialed == nil) else {
            close(failing: "refused")
            return
        }
        figures.withLock { $0.role = role }
        phase = .header
        rates = InboundRates(limits, now: .now)
        guard network.establish(self, key: key) else {
            close(failing: nil)
            return
        }
        self.key = key
        for channel in MessageChannel.allCases { serve(channel, key) }
        schedulePing()
    }

    /// Messages of a channel are handled one after another; the window bounds how many wait.
    private func serve(_ channel: MessageChannel, _ key: TransportKey) {
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .unbounded)
        streams[channel] = continuation
        guard let loop = context?.eventLoop else { return }
        let handler = network.handler
        tasks.append(
            Task { [self] in
                for await message in stream {
                    guard !isDiscarding else { continue }
                    await handler.received(message, on: channel, from: key)
                    if !isOver { loop.execute { [self] in handled(message.count, on: channel) } }
                }
            })
    }

    /// Counts what a peer makes this node keep. False if all that don't vote may keep no more together.
    private func hold(_ count: Int) -> Bool {
        holding.add(count, isStranger: isStranger, of: network.inboundBudget)
    }

    private func handled(_ count: Int, on channel: MessageChannel) {
        holding.remove(count, isStranger: isStranger, of: network.inboundBudget)
        owedCredit[channel] += inbox.handled(count, on: channel)
        pump()
    }

    private func receive(_ frame: Frame, count: Int) throws {
        lastHeard = .now
        var verdict = InboundRates.Verdict.within
        switch frame {
        case .fragment(let channel, let total, let isLast, let part):
            figures.withLock { $0.bytesIn[channel] += UInt64(count) }
            network.measures.received(count, channel)
            verdict = rates?.spend(channel, bytes: count, startsMessage: total != nil, now: lastHeard) ?? .within
            let message = try inbox.receive(channel, total: total, isLast: isLast, part, now: lastHeard)
            guard hold(part.count) else {
                network.exhausted(key)
                close(failing: nil)
                return
            }
            if let message { streams[channel]?.yield(message) }
            if verdict != .within { network.measures.limited(channel) }
        case .credit(let channel, let given):
            guard outbox.give(given, on: channel) else { throw Inbox.Failure.beyondWindow }
            verdict = rates?.spendFrame(now: lastHeard) ?? .within
            pump()
        case .ping(let bytes):
            verdict = rates?.spendControl(bytes: count, now: lastHeard) ?? .within
            if verdict != .within { network.measures.limited(nil) }
            // Of several that wait the last is answered.
            owedPong = bytes
            pump()
        case .pong(let bytes):
            if let pinged, pinged.bytes == bytes {
                let roundTrip = lastHeard - pinged.at
                figures.withLock { $0.roundTrip = roundTrip }
                self.pinged = nil
            }
            verdict = rates?.spendControl(bytes: count, now: lastHeard) ?? .within
        }
        switch verdict {
        case .within: break
        case .pause(let time): pause(time)
        case .flood:
            if let key { network.flooded(key) }
            close(failing: nil)
        }
    }

    /// A peer above its rate is not read for a while: its own socket fills up.
    private func pause(_ time: Duration) {
        guard !isPaused, let context else { return }
        isPaused = true
        context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
        context.eventLoop.scheduleTask(in: TimeAmount(time)) { [self] in
            isPaused = false
            guard let context = self.context else { return }
            context.channel.setOption(.autoRead, value: true).whenComplete { _ in }
            process()
        }
    }

    // MARK: Sending

    /// A message that room was reserved for.
    func send(_ message: [UInt8], on channel: MessageChannel) {
        if outbox.isEmpty { lastWritten = .now }
        outbox.append(message, on: channel)
        pump()
    }

    /// Writes while the socket takes it, a portion at a time, so that one peer does not hold up its loop's others.
    private func pump() {
        // Flushing reports that the socket can be written, from inside.
        guard key != nil, !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        for _ in 0..<16 {
            var isWritten = false
            while let context, context.channel.isWritable, let frame = nextFrame() {
                write(frame)
                isWritten = true
            }
            guard isWritten else { return }
            context?.flush()
        }
        context?.eventLoop.execute { [self] in pump() }
    }

    private func nextFrame() -> Frame? {
        for channel in MessageChannel.allCases where owedCredit[channel] > 0 {
            defer { owedCredit[channel] = 0 }
            return .credit(channel, owedCredit[channel])
        }
        if let bytes = owedPong.take() { return .pong(bytes) }
        if let bytes = owedPing.take() { return .ping(bytes) }
        return outbox.next()
    }

    private func write(_ frame: Frame) {
        guard let context, let transport else { return }
        if case .fragment = frame { lastWritten = .now }
        let sealed = transport.seal(frame.bytes)
        if case .fragment(let channel, _, let isLast, let part) = frame {
            figures.withLock {
                $0.bytesOut[channel] += UInt64(sealed.count)
                $0.queued[channel] -= part.count
                if isLast { $0.queuedMessages[channel] -= 1 }
                $0.holding.remove(part.count, isStranger: $0.role == .observer, of: network.outboundBudget)
            }
            network.measures.sent(sealed.count, channel)
        }
        context.write(wrapOutboundOut(ByteBuffer(bytes: sealed)), promise: nil)
    }

    private func write(_ bytes: [UInt8]) {
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    /// Pings tell the round trip, and keep the way through firewalls open; a peer that is silent for long is gone.
    private func schedulePing() {
        guard let context else { return }
        context.eventLoop.scheduleTask(in: TimeAmount(limits.ping)) { [self] in
            guard self.context != nil else { return }
            let now = ContinuousClock.now
            guard now - lastHeard < limits.idle, now - (pinged?.at ?? now) < limits.idle,
                now - (inbox.oldestStart ?? now) < limits.message,
                outbox.isEmpty || now - lastWritten < limits.message
            else {
                close(failing: nil)
                return
            }
            if pinged == nil { ping(now) }
            schedulePing()
        }
    }

    private func ping(_ now: ContinuousClock.Instant) {
        let bytes = Array(network.configuration.random().array.prefix(8))
        if pinged == nil { pinged = (bytes, now) }
        owedPing = bytes
        pump()
    }

    /// Another connection of this peer lost against this one: it must show that it lives.
    func probe() {
        guard key != nil, let context else { return }
        let asked = ContinuousClock.now
        ping(asked)
        context.eventLoop.scheduleTask(in: TimeAmount(limits.duplicateProbe)) { [self] in
            if self.context != nil, lastHeard < asked { close(failing: nil) }
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) { self = .nanoseconds(Int64(duration / .nanoseconds(1))) }
}
