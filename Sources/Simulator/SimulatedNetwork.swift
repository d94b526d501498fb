internal import Encoding
internal import Primitives
internal import Replica
internal import Transactions

/// Bytes on their way. What is read out of them is the same for every receiver, so it is read once.
final class Packet {
    let bytes: [UInt8]
    let digest: UInt64
    private var content: Result<(message: PeerMessage, transactions: [VerifiedTransaction]), PeerOffense>?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        digest = Trace.digest(bytes)
    }

    /// Decodes, and verifies the transactions in it.
    func open(_ world: World) throws(PeerOffense) -> (message: PeerMessage, transactions: [VerifiedTransaction]) {
        if let content { return try content.get() }
        let opened: Result<(message: PeerMessage, transactions: [VerifiedTransaction]), PeerOffense>
        do throws(EncodingFailure) {
            let message = try PeerMessage(decoding: bytes)
            do throws(Rejection) {
                var transactions: [VerifiedTransaction] = []
                for one in MessageVerifier.transactions(in: message) { transactions.append(try world.verified(one)) }
                opened = .success((message, transactions))
            } catch {
                opened = .failure(.badTransaction(error))
            }
        } catch {
            opened = .failure(.undecodable(error))
        }
        content = opened
        return try opened.get()
    }
}

/// What connects the nodes: a link for each direction of each pair, and who is connected with whom.
struct SimulatedNetwork {
    struct Link {
        /// Nothing comes through until then.
        var blockedUntil: UInt64 = 0
        /// What arrives before then comes out then.
        var cloggedUntil: UInt64 = 0
    }

    let count: Int
    private var links: [Link]
    /// By pair: the connection's number, nil where there is none.
    private var connections: [UInt64?]
    private var lastConnection: UInt64 = 0
    /// Pairs for which an attempt is due.
    private var isConnecting: [Bool]
    var delayMilliseconds: ClosedRange<UInt64>
    var lossThousandths: UInt64
    var duplicateThousandths: UInt64
    private var random: SimulatorRandom

    /// Late copies come up to this much later.
    private static let replayMilliseconds: UInt64 = 20_000

    init(count: Int, scenario: Scenario, random: SimulatorRandom) {
        self.count = count
        links = Array(repeating: Link(), count: count * count)
        connections = Array(repeating: nil, count: count * count)
        isConnecting = Array(repeating: false, count: count * count)
        delayMilliseconds = scenario.delayMilliseconds
        lossThousandths = scenario.lossThousandths
        duplicateThousandths = scenario.duplicateThousandths
        self.random = random
    }

    subscript(from: Int, to: Int) -> Link {
        get { links[from * count + to] }
        set { links[from * count + to] = newValue }
    }

    // MARK: Connections

    private func pair(_ one: Int, _ other: Int) -> Int { min(one, other) * count + max(one, other) }

    func connection(_ one: Int, _ other: Int) -> UInt64? { connections[pair(one, other)] }

    mutating func connect(_ one: Int, _ other: Int) {
        lastConnection += 1
        connections[pair(one, other)] = lastConnection
    }

    /// False if there was no connection.
    mutating func disconnect(_ one: Int, _ other: Int) -> Bool {
        defer { connections[pair(one, other)] = nil }
        return connections[pair(one, other)] != nil
    }

    /// True if no attempt was due before.
    mutating func beginConnecting(_ one: Int, _ other: Int) -> Bool {
        defer { isConnecting[pair(one, other)] = true }
        return !isConnecting[pair(one, other)]
    }

    mutating func endConnecting(_ one: Int, _ other: Int) { isConnecting[pair(one, other)] = false }

    // MARK: Messages

    /// When what is sent now arrives: never, once, or again later.
    mutating func arrivals(from: Int, to: Int, now: UInt64) -> [UInt64] {
        let link = self[from, to]
        if now < link.blockedUntil || random.chance(lossThousandths) { return [] }
        var first = now + random.delay(delayMilliseconds)
        if first < link.cloggedUntil { first = link.cloggedUntil + random.below(20) }
        if random.chance(duplicateThousandths) { return [first, first + random.below(Self.replayMilliseconds)] }
        return [first]
    }

    /// Everything comes through again, soon.
    mutating func heal() {
        links = Array(repeating: Link(), count: links.count)
        lossThousandths = 0
        duplicateThousandths = 0
        delayMilliseconds = 1...20
    }
}
