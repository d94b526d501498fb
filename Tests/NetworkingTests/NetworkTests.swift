import Cryptography
import Fixtures
import Networking
import Primitives
import Testing

/// Runs two nodes of which the first dials the second, until both are connected.
private func withPair(
    seed: UInt64, limits: NetworkLimits = quickLimits(), _ body: @Sendable (TestNode, TestNode) async throws -> Void
) async throws {
    let (low, high) = try twoKeys(seed: seed)
    let one = try TestNode(low, limits: limits, port: nil)
    let other = try TestNode(high, limits: limits)
    try await other.run { port in
        let task = Task { try await one.network.run() }
        one.dial(other, port: port)
        let result: Result<Void, any Error>
        do {
            try await wait("a connection") {
                one.recorder.isConnected(other.key) && other.recorder.isConnected(one.key)
            }
            result = .success(try await body(one, other))
        } catch {
            result = .failure(error)
        }
        task.cancel()
        try await task.value
        try result.get()
    }
}

private func content(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct NetworkTests {
    @Test("messages of all sizes on all channels arrive whole and in order, in both directions")
    func exchange() async throws {
        try await withPair(seed: 1) { one, other in
            var sent: [MessageChannel: [[UInt8]]] = [:]
            for channel in MessageChannel.allCases {
                for (index, count) in [0, 1, 40_000, NetworkLimits().messageBytes[channel], 5].enumerated() {
                    let message = content(count, seed: index)
                    sent[channel, default: []].append(message)
                    try await wait("room in the queue") { one.network.send(message, on: channel, to: other.key) }
                    try await wait("room in the queue") { other.network.send(message, on: channel, to: one.key) }
                }
            }
            for (node, from) in [(one, other.key), (other, one.key)] {
                try await wait("all messages") { node.recorder.messages.count == 20 }
                for channel in MessageChannel.allCases {
                    let received = node.recorder.messages.filter { $0.channel == channel && $0.key == from }
                    #expect(received.map(\.bytes) == sent[channel])
                }
            }
            // Above its channel's limit, and to whom is not there, nothing is sent.
            let tooLong = [UInt8](repeating: 0, count: NetworkLimits().messageBytes[.consensus] + 1)
            #expect(!one.network.send(tooLong, on: .consensus, to: other.key))
            #expect(!one.network.send([1], on: .consensus, to: one.key))
            #expect(one.metrics.count("mednexus_p2p_dropped_total{consensus}") == 2)
            let information = try #require(one.network.connections().first)
            #expect(information.key == other.key && !information.isInbound)
            #expect(information.bytesOut[.sync] > 8 << 20)
            #expect(other.metrics.count("mednexus_p2p_bytes_total{sync,in}") > 8 << 20)
        }
    }

    @Test("a vote overtakes a sync message of 8 MiB that is already on its way")
    func priority() async throws {
        // Slowly, so that it takes seconds on any machine.
        let limits = quickLimits { limits in
            limits.rates[.sync] = ChannelRate(
                messages: 1_000, messageBurst: 1_000, bytes: 2_097_152, byteBurst: 1_048_576)
        }
        try await withPair(seed: 2, limits: limits) { one, other in
            #expect(one.network.send(content(8 << 20, seed: 1), on: .sync, to: other.key))
            try await wait("the first fragment") {
                other.network.connections().first.map { $0.bytesIn[.sync] > 0 } ?? false
            }
            #expect(one.network.send([7], on: .consensus, to: other.key))
            try await wait("both messages") { other.recorder.messages.count == 2 }
            #expect(other.recorder.messages.map(\.channel) == [.consensus, .sync])
        }
    }

    @Test("a slow handler stops its channel at the window, the sender's queue at its bound, and no other channel")
    func slowHandler() async throws {
        let limits = quickLimits()
        try await withPair(seed: 3, limits: limits) { one, other in
            other.recorder.hold(.sync)
            let megabyte = content(1 << 20, seed: 4)
            var accepted = 0
            while one.network.send(megabyte, on: .sync, to: other.key) {
                accepted += 1
                #expect(accepted < 1_000)
                guard accepted < 1_000 else { break }
            }
            // Nothing more fits once the window is full and the queue behind it.
            try await wait("a full queue") {
                while one.network.send(megabyte, on: .sync, to: other.key) { accepted += 1 }
                let queued = one.network.connections().first?.queuedBytes[.sync] ?? 0
                let arrived = other.network.connections().first?.bytesIn[.sync] ?? 0
                return queued > limits.queueBytes(.sync) - megabyte.count && arrived > UInt64(7 * megabyte.count)
            }
            let overhead = 1.01
            let arrived = Double(try #require(other.network.connections().first).bytesIn[.sync])
            #expect(arrived <= Double(limits.window(.sync)) * overhead)
            #expect(one.metrics.count("mednexus_p2p_dropped_total{sync}") > 0)
            #expect(one.network.send([1], on: .consensus, to: other.key))
            try await wait("the vote") { other.recorder.messages.contains { $0.channel == .consensus } }
            other.recorder.release(.sync)
            let expected = accepted
            try await wait("everything that was accepted") {
                other.recorder.messages.count { $0.channel == .sync } == expected
            }
        }
    }

    @Test("a peer above its rate is slowed down, not cut off, and loses nothing")
    func rates() async throws {
        let limits = quickLimits { limits in
            limits.rates[.transactions] = ChannelRate(
                messages: 200, messageBurst: 50, bytes: 1_048_576, byteBurst: 1_048_576)
        }
        try await withPair(seed: 4, limits: limits) { one, other in
            let start = ContinuousClock.now
            for index in 0..<150 { #expect(one.network.send([UInt8(index)], on: .transactions, to: other.key)) }
            try await wait("all messages") { other.recorder.messages.count == 150 }
            // A hundred beyond the burst, at 200 a second.
            #expect(ContinuousClock.now - start > .milliseconds(400))
            #expect(other.recorder.messages.map(\.bytes) == (0..<150).map { [UInt8($0)] })
            #expect(other.metrics.count("mednexus_p2p_limited_total{transactions}") > 0)
            #expect(other.recorder.events.count == 1)
        }
    }

    @Test("a node finds its peer again after that one was restarted")
    func reconnection() async throws {
        let (low, high) = try twoKeys(seed: 5)
        let one = try TestNode(low, limits: quickLimits(), port: nil)
        let task = Task { try await one.network.run() }
        let first = try TestNode(high, limits: quickLimits())
        let port = try await first.run { port in
            one.dial(first, port: port)
            try await wait("a connection") { one.recorder.isConnected(first.key) }
            return port
        }
        try await wait("its end") { !one.recorder.isConnected(first.key) }
        let second = try TestNode(high, limits: quickLimits(), port: port)
        try await second.run { _ in
            try await wait("a second connection") { second.recorder.isConnected(one.key) }
            #expect(one.network.send([1], on: .blocks, to: second.key))
            try await wait("a message") { second.recorder.messages.count == 1 }
        }
        task.cancel()
        try await task.value
        #expect(one.recorder.events.count == 4)
    }

    @Test("two nodes that dial each other keep one connection, the one that the lower key dialed")
    func duplicates() async throws {
        let (low, high) = try twoKeys(seed: 6)
        let one = try TestNode(low, limits: quickLimits())
        let other = try TestNode(high, limits: quickLimits())
        try await one.run { onePort in
            try await other.run { otherPort in
                other.dial(one, port: onePort)
                try await wait("the higher key's connection") { one.recorder.isConnected(other.key) }
                one.network.setTargets([:])
                #expect(one.network.connections().first?.isInbound == true)
                // The lower one dials as well: by hand, since a connected node dials nobody.
                try await RawPeer.connect(otherPort) { peer in
                    try await expect(peer.shake(as: low, with: other))
                    try await wait("the change") {
                        let events = other.recorder.events
                        return events.last == .connected(one.key, isInbound: true) && events.count == 3
                    }
                    #expect(other.network.connections().map(\.isInbound) == [true])
                }
            }
        }
        for node in [one, other] {
            let isAlternating = node.recorder.events.enumerated().allSatisfy { index, event in
                if case .connected = event { index.isMultiple(of: 2) } else { !index.isMultiple(of: 2) }
            }
            #expect(isAlternating, "\(node.recorder.events)")
        }
    }

    @Test("nodes that dial each other at one moment end with one connection on both sides")
    func simultaneous() async throws {
        for seed in 60..<64 as Range<UInt64> {
            let (low, high) = try twoKeys(seed: seed)
            let one = try TestNode(low, limits: quickLimits())
            let other = try TestNode(high, limits: quickLimits())
            try await one.run { onePort in
                try await other.run { otherPort in
                    one.dial(other, port: otherPort)
                    other.dial(one, port: onePort)
                    try await wait("messages in both directions") {
                        one.network.send([1], on: .consensus, to: other.key)
                        other.network.send([2], on: .consensus, to: one.key)
                        return one.recorder.messages.count > 3 && other.recorder.messages.count > 3
                    }
                    #expect(one.network.connections().count == 1 && other.network.connections().count == 1)
                    #expect(one.network.connections().first?.isInbound != other.network.connections().first?.isInbound)
                }
            }
        }
    }

    @Test("a newer connection of a key replaces the older one that the same side dialed")
    func replacement() async throws {
        let (low, high) = try twoKeys(seed: 7)
        let node = try TestNode(high, limits: quickLimits())
        let caller = try transportKey(low)
        try await node.run { port in
            try await RawPeer.connect(port) { old in
                try await expect(old.shake(as: low, with: node))
                try await wait("the first") { node.recorder.isConnected(caller) }
                try await RawPeer.connect(port) { new in
                    try await expect(new.shake(as: low, with: node))
                    try await wait("the second") { node.recorder.events.count == 3 }
                    #expect(node.network.connections().count == 1)
                    await new.send(Frame.ping([1, 2, 3, 4, 5, 6, 7, 8]).bytes)
                    let answer = try await new.receive()
                    #expect(answer == .pong([1, 2, 3, 4, 5, 6, 7, 8]))
                }
                #expect(await old.readToEnd() == 0)
            }
        }
    }

    @Test("a banned key is disconnected, refused while the ban lasts, and comes back after it")
    func ban() async throws {
        let limits = quickLimits { $0.ban = .milliseconds(700) }
        try await withPair(seed: 8, limits: limits) { one, other in
            let start = ContinuousClock.now
            other.network.ban(one.key, because: "offense")
            try await wait("the end") { !other.recorder.isConnected(one.key) }
            #expect(other.metrics.count("mednexus_p2p_banned_total{offense}") == 1)
            try await wait("the return") { other.recorder.isConnected(one.key) }
            #expect(ContinuousClock.now - start >= limits.ban)
            #expect(other.metrics.count("mednexus_p2p_handshakes_failed_total{refused}") > 0)
        }
    }

    @Test("idle connections stay, with their round trip known; one whose peer is silent ends")
    func idle() async throws {
        let limits = quickLimits { limits in
            limits.ping = .milliseconds(40)
            limits.idle = .seconds(1)
        }
        try await withPair(seed: 9, limits: limits) { one, other in
            let start = ContinuousClock.now
            try await RawPeer.connect(try #require(other.network.port)) { silent in
                var random = FixtureRandom(seed: 90)
                try await expect(silent.shake(as: secretKey(&random), with: other))
                #expect(await silent.readToEnd() > 0, "pings")
            }
            #expect((Duration.milliseconds(900)...Duration.seconds(10)).contains(ContinuousClock.now - start))
            #expect(one.recorder.events.count == 1, "the honest one stayed")
            #expect(one.network.connections().first?.roundTrip != nil)
        }
    }
}
