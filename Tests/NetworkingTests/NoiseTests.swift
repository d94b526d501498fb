import Cryptography
import Fixtures
import Networking
import Primitives
import Testing

struct BOLT8: Decodable {
    struct Case: Decodable {
        let name: String, localStatic: String, ephemeral: String
        let remoteStatic: String?, actOne: String?, actTwo: String?, actThree: String?
        let failsAt: Int?, failure: String?
    }
    struct Messages: Decodable {
        struct Output: Decodable { let index: Int, bytes: String }
        let plaintext: String, chainingKey: String, sendingKey: String, receivingKey: String
        let outputs: [Output]
    }
    let prologue: String
    let initiator: [Case], responder: [Case]
    let messages: Messages
}

func secretKey(_ hexadecimal: String) throws -> SecretKey {
    try #require(SecretKey(SecretBytes(hexadecimal.hexadecimalBytes)))
}

func secretKey(_ random: inout FixtureRandom) -> SecretKey {
    while true { if let key = SecretKey(random.bytes32()) { return key } }
}

func transportKey(_ key: SecretKey) throws -> TransportKey { try #require(TransportKey(key.compressedPublicKey)) }

/// Both ends of the vectors' connection after its handshake.
private func pair(_ messages: BOLT8.Messages) -> (initiator: NoiseTransport, responder: NoiseTransport) {
    func end(_ sending: String, _ receiving: String) -> NoiseTransport {
        NoiseTransport(
            sendingKey: SecretBytes(sending.hexadecimalBytes), receivingKey: SecretBytes(receiving.hexadecimalBytes),
            chainingKey: SecretBytes(messages.chainingKey.hexadecimalBytes))
    }
    return (end(messages.sendingKey, messages.receivingKey), end(messages.receivingKey, messages.sendingKey))
}

private func failure(of one: BOLT8.Case) -> NoiseFailure? {
    switch one.failure {
    case "length": .length
    case "version": .version
    case "point": .point
    case "tag": .tag
    default: nil
    }
}

@Suite struct NoiseTests {
    @Test("vectors of BOLT-8: the initiator's acts, and every way in which they fail")
    func vectorsInitiator() throws {
        let vectors = try Fixture.load("bolt8", as: BOLT8.self)
        let plaintext = vectors.messages.plaintext.hexadecimalBytes
        #expect(vectors.initiator.count == 5)
        for one in vectors.initiator {
            let remote = try #require(one.remoteStatic.flatMap { TransportKey(hexadecimal: $0) })
            var handshake = try NoiseHandshake.initiator(
                staticKey: secretKey(one.localStatic), ephemeralKey: secretKey(one.ephemeral), remote: remote,
                prologue: vectors.prologue.hexadecimalBytes)
            #expect(Hexadecimal.encode(handshake.actOne()) == one.actOne)
            let received = try #require(one.actTwo).hexadecimalBytes
            do throws(NoiseFailure) {
                let (actThree, transport) = try handshake.receiveActTwo(received)
                #expect(one.failsAt == nil, "\(one.name)")
                #expect(Hexadecimal.encode(actThree) == one.actThree)
                // The vectors' first message shows that both derived the vectors' keys.
                #expect(Hexadecimal.encode(transport.seal(plaintext)) == vectors.messages.outputs[0].bytes)
            } catch {
                #expect(one.failsAt == 2 && error == failure(of: one), "\(one.name): \(error)")
            }
        }
    }

    @Test("vectors of BOLT-8: the responder's acts, and every way in which they fail")
    func vectorsResponder() throws {
        let vectors = try Fixture.load("bolt8", as: BOLT8.self)
        #expect(vectors.responder.count == 10)
        let caller = try transportKey(secretKey(vectors.initiator[0].localStatic))
        for one in vectors.responder {
            var handshake = try NoiseHandshake.responder(
                staticKey: secretKey(one.localStatic), ephemeralKey: secretKey(one.ephemeral),
                prologue: vectors.prologue.hexadecimalBytes)
            var step = 1
            do {
                let actTwo = try handshake.receiveActOne(try #require(one.actOne).hexadecimalBytes)
                #expect(Hexadecimal.encode(actTwo) == one.actTwo)
                step = 3
                let (key, transport) = try handshake.receiveActThree(try #require(one.actThree).hexadecimalBytes)
                #expect(one.failsAt == nil, "\(one.name)")
                #expect(key == caller)
                let first = vectors.messages.outputs[0].bytes.hexadecimalBytes
                #expect(try transport.openHeader(Array(first[..<18])) == 5 + 16)
                #expect(try transport.openBody(Array(first[18...])) == vectors.messages.plaintext.hexadecimalBytes)
            } catch let error as NoiseFailure {
                #expect(one.failsAt == step && error == failure(of: one), "\(one.name): \(error)")
            }
        }
    }

    @Test("vectors of BOLT-8: messages 0, 1, 500, 501, 1000 and 1001, with the keys changed after every 500")
    func vectorsMessages() throws {
        let messages = try Fixture.load("bolt8", as: BOLT8.self).messages
        let (sender, receiver) = pair(messages)
        let plaintext = messages.plaintext.hexadecimalBytes
        var compared = 0
        for index in 0...1001 {
            let sealed = sender.seal(plaintext)
            if let output = messages.outputs.first(where: { $0.index == index }) {
                #expect(Hexadecimal.encode(sealed) == output.bytes, "message \(index)")
                compared += 1
            }
            let count = try receiver.openHeader(Array(sealed[..<NoiseTransport.headerCount]))
            #expect(try receiver.openBody(Array(sealed.suffix(count))) == plaintext)
        }
        #expect(compared == 6)
    }

    @Test("another network's prologue, another static key: act one fails, so a scanner learns nothing")
    func strangers() throws {
        var random = FixtureRandom(seed: 8)
        let server = secretKey(&random)
        func failure(prologue: [UInt8], remote: SecretKey) throws -> NoiseFailure? {
            var caller = try NoiseHandshake.initiator(
                staticKey: secretKey(&random), ephemeralKey: secretKey(&random), remote: transportKey(remote),
                prologue: prologue)
            var answerer = NoiseHandshake.responder(
                staticKey: server, ephemeralKey: secretKey(&random), prologue: [1, 2, 3])
            do throws(NoiseFailure) {
                _ = try answerer.receiveActOne(caller.actOne())
                return nil
            } catch {
                return error
            }
        }
        #expect(try failure(prologue: [1, 2, 3], remote: server) == nil)
        #expect(try failure(prologue: [1, 2, 4], remote: server) == .tag)
        let other = secretKey(&random)
        #expect(try failure(prologue: [1, 2, 3], remote: other) == .tag)
    }

    @Test("a changed, repeated or reordered message is not opened")
    func tampering() throws {
        let messages = try Fixture.load("bolt8", as: BOLT8.self).messages
        let (sender, receiver) = pair(messages)
        let first = sender.seal([1, 2, 3])
        let second = sender.seal([4, 5, 6])
        for index in first.indices {
            var changed = first
            changed[index] ^= 1
            let fresh = pair(messages).responder
            #expect(throws: NoiseFailure.tag) {
                _ = try fresh.openHeader(Array(changed[..<18]))
                _ = try fresh.openBody(Array(changed[18...]))
            }
        }
        #expect(throws: NoiseFailure.tag) { _ = try receiver.openHeader(Array(second[..<18])) }
        #expect(try receiver.openHeader(Array(first[..<18])) == 19)
        #expect(try receiver.openBody(Array(first[18...])) == [1, 2, 3])
        #expect(throws: NoiseFailure.tag) { _ = try receiver.openHeader(Array(first[..<18])) }
    }
}
