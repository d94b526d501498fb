import Cryptography
import Fixtures
import Networking
import Primitives
import Testing

@Suite(.serialized, .timeLimit(.minutes(2)))
struct HostileTests {
    private static func withNode(
        seed: UInt64, limits: NetworkLimits = quickLimits(),
        _ body: @Sendable (TestNode, Int, SecretKey) async throws -> Void
    ) async throws {
        let (low, high) = try twoKeys(seed: seed)
        let node = try TestNode(high, limits: limits)
        try await node.run { port in try await body(node, port, low) }
    }

    @Test("who says nothing, or half of an act, is closed after the handshake's time without a byte")
    func timeouts() async throws {
        let limits = quickLimits { $0.handshake = .milliseconds(300) }
        try await Self.withNode(seed: 20, limits: limits) { node, port, _ in
            let start = ContinuousClock.now
            for count in [0, 1, 49] {
                try await RawPeer.connect(port) { peer in
                    await peer.write([UInt8](repeating: 0, count: count))
                    #expect(await peer.readToEnd() == 0)
                }
            }
            #expect(ContinuousClock.now - start >= .milliseconds(850))
            try await wait("the count") { node.metrics.count("mednexus_p2p_handshakes_failed_total{timeout}") == 3 }
        }
    }

    @Test("garbage, another key and another network get no byte in answer")
    func strangers() async throws {
        try await Self.withNode(seed: 21) { node, port, caller in
            var random = FixtureRandom(seed: 210)
            let ephemeral = secretKey(&random)
            let wrongKey = try transportKey(secretKey(&random))
            var acts = [random.bytes(50), random.bytes(4_000), Array("GET / HTTP/1.1\r\nHost: example.org\r\n".utf8)]
            acts[2] += [UInt8](repeating: 10, count: 50)
            var scanner = try NoiseHandshake.initiator(
                staticKey: caller, ephemeralKey: ephemeral, remote: wrongKey, prologue: TestNode.prologue)
            acts.append(scanner.actOne())
            var foreigner = try NoiseHandshake.initiator(
                staticKey: caller, ephemeralKey: ephemeral, remote: node.key, prologue: [1])
            acts.append(foreigner.actOne())
            for act in acts {
                try await RawPeer.connect(port) { peer in
                    await peer.write(act)
                    #expect(await peer.readToEnd() == 0)
                }
            }
            #expect(node.recorder.events.isEmpty)
        }
    }

    @Test("nobody is connected before act three, nor by a damaged one")
    func actThree() async throws {
        try await Self.withNode(seed: 22) { node, port, caller in
            for damaged in [0, 1, 20, 49, 50, 65] {
                try await RawPeer.connect(port) { peer in
                    var random = FixtureRandom(seed: UInt64(220 + damaged))
                    var handshake = try NoiseHandshake.initiator(
                        staticKey: caller, ephemeralKey: secretKey(&random), remote: node.key,
                        prologue: TestNode.prologue)
                    await peer.write(handshake.actOne())
                    let actTwo = try #require(await peer.read(NoiseHandshake.actTwoCount))
                    var (actThree, _) = try handshake.receiveActTwo(actTwo)
                    actThree[damaged] ^= 1
                    await peer.write(actThree)
                    #expect(await peer.readToEnd() == 0)
                }
            }
            #expect(node.recorder.events.isEmpty)
        }
    }

    @Test("a key that is not on the allow-list is closed right after act three")
    func allowList() async throws {
        try await Self.withNode(seed: 23) { node, port, caller in
            node.recorder.refuse(try transportKey(caller))
            try await RawPeer.connect(port) { peer in
                try await expect(peer.shake(as: caller, with: node))
                #expect(await peer.readToEnd() == 0)
            }
            #expect(node.recorder.events.isEmpty)
            try await wait("the count") { node.metrics.count("mednexus_p2p_handshakes_failed_total{refused}") == 1 }
        }
    }

    @Test("a proven peer that breaks the rules of frames is disconnected and refused")
    func frames() async throws {
        // A ban of no length, so that one caller can commit every offense.
        let limits = quickLimits { $0.ban = .zero }
        try await Self.withNode(seed: 24, limits: limits) { node, port, caller in
            let length = limits.messageBytes[.consensus]
            let part = [UInt8](repeating: 0, count: 10)[...]
            let offenses: [[[UInt8]]] = [
                [[]], [[99]], [[0, 9, 3, 0, 0, 0, 1, 1]],
                [Frame.fragment(.consensus, total: length + 1, isLast: false, part).bytes],
                [Frame.fragment(.sync, total: Int(UInt32.max), isLast: false, part).bytes],
                [Frame.fragment(.blocks, total: nil, isLast: true, part).bytes],
                [Frame.fragment(.blocks, total: 5, isLast: true, part).bytes],
                Array(repeating: Frame.fragment(.blocks, total: 50, isLast: false, part).bytes, count: 2),
                [Frame.credit(.sync, Int(UInt32.max)).bytes],
            ]
            for (index, frames) in offenses.enumerated() {
                try await RawPeer.connect(port) { peer in
                    try await expect(peer.shake(as: caller, with: node))
                    for frame in frames { await peer.send(frame) }
                    _ = await peer.readToEnd()
                }
                try await wait("ban \(index)") {
                    node.metrics.count("mednexus_p2p_banned_total{frames}") == index + 1
                }
            }
            #expect(node.recorder.messages.isEmpty)
        }
    }

    @Test("a damaged message ends the connection and bans nobody: it may not be the peer's doing")
    func damage() async throws {
        try await Self.withNode(seed: 25) { node, port, caller in
            try await RawPeer.connect(port) { peer in
                try await expect(peer.shake(as: caller, with: node))
                await peer.write([UInt8](repeating: 1, count: 40))
                _ = await peer.readToEnd()
            }
            #expect(node.metrics.count("mednexus_p2p_banned_total{frames}") == 0)
        }
    }

    @Test("who holds places without a key loses them to newcomers; an honest node comes in")
    func places() async throws {
        let limits = quickLimits { limits in
            limits.unprovenConnections = 4
            limits.unprovenPerAddress = 4
        }
        try await Self.withNode(seed: 26, limits: limits) { node, port, caller in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await RawPeer.connect(port) { peer in #expect(await peer.readToEnd() == 0) }
                    }
                }
                try await wait("eight that made way") {
                    node.metrics.count("mednexus_p2p_handshakes_failed_total{displaced}") == 8
                }
                try await RawPeer.connect(port) { peer in
                    try await expect(peer.shake(as: caller, with: node))
                    let key = try transportKey(caller)
                    try await wait("the honest node") { node.recorder.isConnected(key) }
                }
                group.cancelAll()
            }
        }
    }

    @Test("an address with too many failures is refused, where the limits hold for loopback")
    func failures() async throws {
        let limits = quickLimits { limits in
            limits.refusesPrivateAddresses = true
            limits.failuresPerAddress = 3
            limits.unprovenPerSuspect = 0
            limits.failureWindow = .seconds(1)
        }
        try await Self.withNode(seed: 27, limits: limits) { node, port, caller in
            for _ in 0..<3 {
                try await RawPeer.connect(port) { peer in
                    await peer.write([UInt8](repeating: 9, count: 50))
                    _ = await peer.readToEnd()
                }
            }
            try await wait("the refusal") { node.metrics.count("mednexus_p2p_banned_total{handshakes}") == 1 }
            try await RawPeer.connect(port) { peer in try await expect(!peer.shake(as: caller, with: node)) }
            #expect(node.metrics.count("mednexus_p2p_handshakes_failed_total{address}") == 1)
            let key = try transportKey(caller)
            let start = ContinuousClock.now
            while !node.recorder.isConnected(key), ContinuousClock.now - start < .seconds(10) {
                try await RawPeer.connect(port) { peer in
                    guard try await peer.shake(as: caller, with: node) else { return }
                    try await wait("the connection") { node.recorder.events.count == 1 }
                }
            }
            #expect(node.recorder.events.first == .connected(key, isInbound: true))
        }
    }

    @Test("dials that fail leave nothing behind that would refuse who comes from there")
    func failedDials() async throws {
        let limits = quickLimits { limits in
            limits.dialPause = .milliseconds(1)
            limits.longestDialPause = .milliseconds(1)
            limits.unprovenPerAddress = 2
        }
        try await Self.withNode(seed: 28, limits: limits) { node, port, caller in
            var random = FixtureRandom(seed: 280)
            let absent = try transportKey(secretKey(&random))
            // Nobody listens on port 1.
            node.network.setTargets([absent: [PeerAddress(host: "127.0.0.1", port: 1)]])
            try await Task.sleep(for: .milliseconds(400))
            for _ in 0..<4 {
                try await RawPeer.connect(port) { peer in try await expect(peer.shake(as: caller, with: node)) }
            }
            #expect(node.metrics.count("mednexus_p2p_handshakes_failed_total{displaced}") == 0)
        }
    }

    @Test("who resets its connection in the middle of a handshake, in any moment, stops nobody")
    func resets() async throws {
        try await Self.withNode(seed: 29) { node, port, caller in
            for round in 0..<600 {
                var random = FixtureRandom(seed: UInt64(2_900 + round))
                var handshake = try NoiseHandshake.initiator(
                    staticKey: caller, ephemeralKey: secretKey(&random), remote: node.key,
                    prologue: TestNode.prologue)
                // Act one; then, at another moment each time, more bytes and a reset. Some come while act two is made, which
                // takes a tenth of a millisecond: writing it fails, and what has arrived is read before the end is told.
                resetAfter(
                    port, handshake.actOne(), microseconds: UInt32(round), more: [UInt8](repeating: 7, count: 200))
            }
            try await RawPeer.connect(port) { peer in
                try await expect(peer.shake(as: caller, with: node))
                let key = try transportKey(caller)
                try await wait("the honest node") { node.recorder.isConnected(key) }
            }
        }
    }

    @Test(
        "what observers make a node hold is bounded over all of them, and a message that never ends ends its connection"
    )
    func budget() async throws {
        let limits = quickLimits { limits in
            limits.observerBytes = 64 << 10
            limits.ping = .milliseconds(50)
            limits.message = .milliseconds(300)
        }
        try await Self.withNode(seed: 30, limits: limits) { node, port, caller in
            node.recorder.callEverybody(.observer)
            let part = [UInt8](repeating: 0, count: 16 << 10)[...]
            try await RawPeer.connect(port) { peer in
                try await expect(peer.shake(as: caller, with: node))
                await peer.send(Frame.fragment(.sync, total: 1 << 20, isLast: false, part).bytes)
                for _ in 0..<8 { await peer.send(Frame.fragment(.sync, total: nil, isLast: false, part).bytes) }
                _ = await peer.readToEnd()
            }
            #expect(node.metrics.count("mednexus_p2p_banned_total{memory}") == 1)
            // What it held is free again; the next is within the budget, and never comes to its end.
            let start = ContinuousClock.now
            try await RawPeer.connect(port) { peer in
                try await expect(peer.shake(as: caller, with: node))
                await peer.send(Frame.fragment(.sync, total: 1 << 20, isLast: false, part).bytes)
                _ = await peer.readToEnd()
            }
            #expect(ContinuousClock.now - start >= .milliseconds(250))
            #expect(node.metrics.count("mednexus_p2p_banned_total{memory}") == 1)
        }
    }

    @Test("strangers fill the places of strangers; whom the operator named comes in")
    func listed() async throws {
        let limits = quickLimits { $0.inboundObservers = 1 }
        try await Self.withNode(seed: 31, limits: limits) { node, port, caller in
            node.recorder.callEverybody(.observer)
            var random = FixtureRandom(seed: 310)
            let others = [secretKey(&random), secretKey(&random)]
            try await RawPeer.connect(port) { peer in
                try await expect(peer.shake(as: caller, with: node))
                let key = try transportKey(caller)
                try await wait("the first") { node.recorder.isConnected(key) }
                try await RawPeer.connect(port) { second in
                    try await expect(second.shake(as: others[0], with: node))
                    #expect(await second.readToEnd() == 0)
                }
                node.recorder.callEverybody(.listed)
                try await RawPeer.connect(port) { third in
                    try await expect(third.shake(as: others[1], with: node))
                    let key = try transportKey(others[1])
                    try await wait("the listed one") { node.recorder.isConnected(key) }
                }
            }
        }
    }
}
