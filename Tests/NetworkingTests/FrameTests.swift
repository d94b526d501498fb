import Fixtures
import NIOCore
import Networking
import Primitives
import TestSupport
import Testing

/// What comes out of an inbox when everything of an outbox is put in, and credit given back at once.
private func exchange(_ messages: [(MessageChannel, [UInt8])], _ limits: NetworkLimits) throws -> [(
    MessageChannel, [UInt8]
)] {
    var outbox = Outbox(limits)
    var inbox = Inbox(limits)
    for (channel, message) in messages { outbox.append(message, on: channel) }
    var received: [(MessageChannel, [UInt8])] = []
    while let frame = outbox.next() {
        guard case .fragment(let channel, let total, let isLast, let part) = try Frame(frame.bytes) else {
            Issue.record("an outbox sends fragments")
            continue
        }
        #expect(part.count <= limits.fragmentBytes)
        guard let message = try inbox.receive(channel, total: total, isLast: isLast, part, now: .now) else { continue }
        received.append((channel, message))
        expect(outbox.give(inbox.handled(message.count, on: channel), on: channel))
    }
    return received
}

@Suite struct FrameTests {
    @Test("messages of every size at a fragment's edges arrive whole and in order on every channel")
    func sizes() throws {
        let limits = NetworkLimits()
        let edge = limits.fragmentBytes
        for channel in MessageChannel.allCases {
            let counts = [0, 1, edge - 1, edge, edge + 1, 2 * edge, 2 * edge + 1, limits.messageBytes[channel]]
            let messages = counts.map { count in (channel, (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }) }
            let received = try exchange(messages, limits)
            #expect(received.map(\.1) == messages.map(\.1))
            #expect(received.allSatisfy { $0.0 == channel })
        }
    }

    @Test("consensus before blocks before transactions before sync, and between two fragments of a lower message")
    func priority() throws {
        var outbox = Outbox(NetworkLimits())
        outbox.append([UInt8](repeating: 1, count: 100_000), on: .sync)
        var order: [MessageChannel] = []
        func step() {
            if case .fragment(let channel, _, _, _) = outbox.next() { order.append(channel) }
        }
        step()
        for channel in [MessageChannel.transactions, .blocks, .consensus] { outbox.append([1], on: channel) }
        for _ in 0..<4 { step() }
        #expect(order == [.sync, .consensus, .blocks, .transactions, .sync])
    }

    @Test("without credit nothing is sent; other channels go on; credit sends on")
    func windows() throws {
        var limits = NetworkLimits()
        limits.messageBytes[.blocks] = 1_000
        limits.windowSurplus = 0
        var outbox = Outbox(limits)
        for _ in 0..<2 { outbox.append([UInt8](repeating: 7, count: 1_000), on: .blocks) }
        outbox.append([1], on: .sync)
        var sent: [MessageChannel] = []
        while case .fragment(let channel, _, _, _) = outbox.next() { sent.append(channel) }
        #expect(sent == [.blocks, .sync])
        expect(outbox.give(1_000 + NetworkLimits.messageOverhead, on: .blocks))
        expect(outbox.next() != nil)
        expect(outbox.next() == nil)
        // More credit than any window holds, or none at all, is a fault of the peer's.
        expect(!outbox.give(NetworkLimits.largestWindow + 1, on: .blocks))
        expect(!outbox.give(0, on: .blocks))
    }

    @Test("the length is judged before memory is taken; every break of the order of fragments is an error")
    func hostileOrders() throws {
        let limits = NetworkLimits()
        func fails(_ expected: Inbox.Failure, _ frames: [(total: Int?, isLast: Bool, count: Int)]) {
            #expect(throws: expected) {
                var inbox = Inbox(limits)
                for frame in frames {
                    let part = [UInt8](repeating: 0, count: frame.count)[...]
                    _ = try inbox.receive(.consensus, total: frame.total, isLast: frame.isLast, part, now: .now)
                }
            }
        }
        let largest = limits.messageBytes[.consensus]
        fails(.tooLarge, [(largest + 1, false, 10)])
        fails(.tooLarge, [(Int(UInt32.max), false, 10)])
        fails(.malformed, [(nil, true, 10)])
        fails(.malformed, [(100, false, 10), (100, false, 10)])
        fails(.malformed, [(100, true, 10)])
        fails(.malformed, [(100, false, 10), (nil, false, 91)])
        fails(.malformed, [(100, false, 10), (nil, true, 89)])
        fails(.malformed, [(100, false, 10), (nil, false, 0)])
        // The window holds one largest message and a little; a second one before the first is handled is too much.
        fails(.beyondWindow, [(largest, true, largest), (largest, true, largest)])
    }

    @Test("hostile frames and handshakes: whatever decodes is what it encodes to, and nothing traps")
    func hostileBytes() throws {
        var random = SeededRandom(seed: 20)
        var inbox = Inbox(NetworkLimits())
        let samples: [Frame] = [
            .fragment(.consensus, total: 5, isLast: true, [1, 2, 3, 4, 5]),
            .fragment(.sync, total: 500_000, isLast: false, [1, 2, 3]),
            .fragment(.blocks, total: nil, isLast: true, [9]),
            .credit(.transactions, 70_000), .ping([1, 2, 3, 4, 5, 6, 7, 8]), .pong([8, 7, 6, 5, 4, 3, 2, 1]),
        ]
        for sample in samples { #expect(try Frame(sample.bytes) == sample) }
        var decoded = 0
        func attempt(_ bytes: [UInt8]) {
            guard let frame = try? Frame(bytes) else { return }
            decoded += 1
            #expect(frame.bytes == bytes)
            if case .fragment(let channel, let total, let isLast, let part) = frame,
                let message = try? inbox.receive(channel, total: total, isLast: isLast, part, now: .now)
            {
                _ = inbox.handled(message.count, on: channel)
            }
        }
        let count = hostileInputs ?? 20_000
        for _ in 0..<count / 2 { attempt(random.bytes(Int.random(in: 0...40, using: &random))) }
        for index in 0..<count / 2 { attempt(random.mutated(samples[index % samples.count].bytes)) }
        #expect(decoded > 0)

        let own = try secretKey(String(repeating: "21", count: 32))
        let ephemeral = try secretKey(String(repeating: "22", count: 32))
        let vectors = try Fixture.load("bolt8", as: BOLT8.self)
        let actOne = try #require(vectors.responder[0].actOne).hexadecimalBytes
        let actThree = try #require(vectors.responder[0].actThree).hexadecimalBytes
        var completed = 0
        for index in 0..<max(count / 100, 200) {
            var responder = NoiseHandshake.responder(
                staticKey: own, ephemeralKey: ephemeral, prologue: vectors.prologue.hexadecimalBytes)
            let isFirst = index.isMultiple(of: 2)
            do throws(NoiseFailure) {
                _ = try responder.receiveActOne(isFirst ? random.mutated(actOne) : actOne)
                _ = try responder.receiveActThree(isFirst ? actThree : random.mutated(actThree))
                completed += 1
            } catch {}
        }
        // A mutation may undo itself; more than a few would mean that something is not authenticated.
        #expect(completed < 5)
    }
}

@Suite struct LimitTests {
    private let now = ContinuousClock.now

    @Test("a peer may burst, then is paused for as long as it owes, and floods after a minute at the limit")
    func rates() {
        var limits = NetworkLimits()
        limits.rates[.consensus] = ChannelRate(messages: 10, messageBurst: 100, bytes: 1_000, byteBurst: 100_000)
        var rates = InboundRates(limits, now: now)
        for _ in 0..<100 {
            expect(rates.spend(.consensus, bytes: 1, startsMessage: true, now: now) == .within)
        }
        expect(rates.spend(.consensus, bytes: 1, startsMessage: true, now: now) == .pause(.milliseconds(100)))
        // Other channels are not held responsible, and time pays.
        expect(rates.spend(.sync, bytes: 1, startsMessage: true, now: now) == .within)
        expect(rates.spend(.consensus, bytes: 1, startsMessage: false, now: now + .seconds(1)) == .within)
        // Bytes alone pause and are no flood.
        var byBytes = InboundRates(limits, now: now)
        for _ in 0..<100 {
            let verdict = byBytes.spend(.consensus, bytes: 1_000_000, startsMessage: false, now: now)
            #expect(verdict == .pause(limits.longestPause))
        }
        var flooding = InboundRates(limits, now: now)
        var clock = now
        var seconds = 0.0
        while seconds < 300 {
            let verdict = flooding.spend(.consensus, bytes: 1, startsMessage: true, now: clock)
            if verdict == .flood { break }
            if case .pause(let time) = verdict {
                clock += time
                seconds += time / .seconds(1)
            }
        }
        #expect((50...75).contains(seconds), "\(seconds)")
    }

    @Test("addresses are refused for failures alone, for a window; private ones only if the limits say so")
    func addresses() throws {
        func group(_ text: String) throws -> AddressGroup {
            AddressGroup(try SocketAddress(ipAddress: text, port: 1))
        }
        let limits = NetworkLimits()
        var offenders = Offenders(limits)
        let address = try group("203.0.113.9")
        for index in 1...limits.failuresPerAddress {
            #expect(!offenders.isRefused(address, now: now))
            expect(offenders.failed(address, now: now) == (index == limits.failuresPerAddress))
        }
        #expect(offenders.isRefused(address, now: now))
        #expect(!offenders.isRefused(try group("203.0.113.10"), now: now))
        #expect(!offenders.isRefused(address, now: now + limits.failureWindow))
        for text in ["127.0.0.1", "10.1.2.3", "192.168.7.7", "172.31.0.1", "100.64.0.1", "::1", "fd00::1", "fe80::1"] {
            let near = try group(text)
            for _ in 0..<100 { _ = offenders.failed(near, now: now) }
            #expect(!offenders.isRefused(near, now: now), "\(text)")
        }
        #expect(try group("::ffff:203.0.113.9") == address)
        #expect(try group("2001:db8:1:2::3") == group("2001:db8:1:2:ffff::"))
        #expect(try group("2001:db8:1:2::3") != group("2001:db8:1:3::3"))
    }

    @Test("what is remembered of offenders is bounded; a ban ends")
    func bounds() throws {
        var limits = NetworkLimits()
        limits.rememberedOffenders = 3
        var offenders = Offenders(limits)
        var random = FixtureRandom(seed: 3)
        let keys = try (0..<4).map { _ in try transportKey(secretKey(&random)) }
        for (index, key) in keys.enumerated() { offenders.ban(key, now: now + .seconds(index)) }
        let later = now + .seconds(4)
        #expect(keys.map { offenders.isBanned($0, now: later) } == [false, true, true, true])
        #expect(!offenders.isBanned(keys[3], now: now + .seconds(3) + limits.ban))
    }

    @Test("addresses are tried in turn, pauses double up to the longest, and a settled connection starts them anew")
    func dialing() throws {
        let limits = NetworkLimits()
        var random = FixtureRandom(seed: 5)
        let key = try transportKey(secretKey(&random))
        let addresses = [PeerAddress(host: "a", port: 1), PeerAddress(host: "b", port: 2)]
        var dialer = Dialer()
        dialer.setTargets([key: addresses], now: now)
        var clock = now
        var dialed: [String] = []
        var pauses: [Duration] = []
        for _ in 0..<24 {
            let start = clock
            var due = dialer.due(now: clock, unless: { _ in false })
            while due.isEmpty, clock - start < .seconds(60) {
                clock += .milliseconds(10)
                due = dialer.due(now: clock, unless: { _ in false })
            }
            dialed += due.map(\.1.host)
            pauses.append(clock - start)
            expect(dialer.due(now: clock + .seconds(60), unless: { _ in false }).isEmpty)
            dialer.ended(key, isSettled: false, jitter: 1_023, limits: limits, now: clock)
        }
        #expect(dialed == (0..<12).flatMap { _ in ["a", "b"] })
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 + .milliseconds(10) })
        #expect(pauses.allSatisfy { $0 <= limits.longestDialPause })
        #expect(try #require(pauses.last) > .seconds(29))
        _ = dialer.due(now: clock + .seconds(60), unless: { _ in false })
        dialer.ended(key, isSettled: true, jitter: 0, limits: limits, now: clock)
        expect(!dialer.due(now: clock + limits.dialPause, unless: { _ in false }).isEmpty)
        dialer.setTargets([:], now: clock)
        expect(dialer.due(now: clock + .seconds(60), unless: { _ in false }).isEmpty)
    }

    @Test(
        "HOST:PORT, brackets around IPv6 alone",
        arguments: [
            ("10.0.0.1:7410", true), ("[::1]:7410", true), ("node-1.hospital.example:1", true), ("a:0", true),
            ("", false), ("a", false), (":1", false), ("a:", false), ("a:65536", false), ("a:-1", false),
            ("a:+1", false), ("::1:7410", false), ("[a]:1", false), ("a b:1", false), ("a/b:1", false),
        ])
    func peerAddresses(_ text: String, _ isValid: Bool) {
        #expect((PeerAddress(text) != nil) == isValid)
        if isValid { #expect(PeerAddress(text)?.description == text) }
    }
}
