import Blocks
import Cryptography
import Encoding
import Node
import Primitives
import Replica
import Testing
import Votes

@Suite struct RequestLedgerTests {
    private func key(_ number: UInt8) throws -> TransportKey {
        try #require(TransportKey([2] + [UInt8](repeating: number, count: 32)))
    }

    @Test("bulk is taken from whom it was asked of, what was asked, and once")
    func answers() throws {
        var requests = RequestLedger()
        let (asked, other) = (try key(1), try key(2))
        requests.connected(asked)
        requests.connected(other)
        func take(_ message: PeerMessage, _ key: TransportKey) -> Bool {
            requests.mayTake(message.encoded, from: key) && requests.takes(message, from: key)
        }
        func taken(_ bodies: [[UInt8]], _ key: TransportKey) -> [Int] {
            guard requests.mayTake(PeerMessage.transactions(bodies).encoded, from: key) else { return [] }
            return requests.taken(bodies.map { TransactionTag(HashTag.wire.hash($0)) }, from: key)
        }
        let bodies: [[UInt8]] = [[1], [2], [3]]
        let unasked = taken([[1], [2]], asked)
        #expect(unasked.isEmpty)
        requests.asked(.transactionsRequest(bodies.map { TransactionTag(HashTag.wire.hash($0)) }), of: asked)
        let places = [
            taken([[1], [2]], other), taken([[1], [2]], asked), taken([[1], [2]], asked), taken([[4]], asked),
            // What was not asked for, or came before, does not take the rest with it.
            taken([[4], [3], [1]], asked), taken([[3]], asked),
        ]
        #expect(places == [[], [0, 1], [], [], [1], []])

        let hash = Hash(Bytes32(0, 0, 0, 9))
        requests.asked(.blockTransactionsRequest(hash, [0]), of: asked)
        requests.asked(.blocksRequest(BlockRange(first: Height(1), count: 16)), of: asked)
        let answers: [Bool] = [
            take(.blockTransactions(.zero, []), asked), take(.blockTransactions(hash, []), asked),
            take(.blockTransactions(hash, []), asked), take(.blocks([]), other), take(.blocks([]), asked),
            take(.blocks([]), asked),
        ]
        #expect(answers == [false, true, false, false, true, false])
        // What needs no asking.
        let status = PeerStatus(height: .genesis, blockHash: .zero, epoch: .genesis, view: .genesis)
        let isStatusTaken = take(.status(status), other)
        #expect(isStatusTaken)
        requests.asked(.blocksRequest(BlockRange(first: Height(1), count: 16)), of: asked)
        requests.disconnected(asked)
        let isLateTaken = take(.blocks([]), asked)
        #expect(!isLateTaken)
        // Nothing is kept of who is not there.
        requests.asked(.blocksRequest(BlockRange(first: Height(1), count: 16)), of: asked)
        let isStrayTaken = take(.blocks([]), asked)
        #expect(!isStrayTaken)
    }

    @Test("what a peer never answered is forgotten at last, what was asked just now is not")
    func unanswered() throws {
        var requests = RequestLedger()
        let peer = try key(1)
        requests.connected(peer)
        func tags(_ batch: UInt64) -> [TransactionTag] {
            (0..<UInt64(8_192)).map { TransactionTag(Hash(Bytes32(batch, $0, 0, 0))) }
        }
        for batch in 0..<6 as Range<UInt64> {
            requests.asked(.transactionsRequest(tags(batch)), of: peer)
            let isAnswered = requests.taken([tags(batch)[0], tags(batch)[8_191]], from: peer).count == 2
            #expect(isAnswered)
        }
        let (late, recent) = (requests.taken(tags(0), from: peer).count, requests.taken(tags(4), from: peer).count)
        #expect(late == 0)
        #expect(recent == 8_190)
    }

    @Test("a kind of message that a later version may have is known as such before it is decoded")
    func kinds() throws {
        let known = PeerMessage.blocksRequest(BlockRange(first: Height(1), count: 16)).encoded
        #expect(PeerMessage.isKindKnown(known))
        #expect(PeerMessage.isKindKnown([0x82, 20]))
        #expect(!PeerMessage.isKindKnown([0x82, 23]))
        #expect(!PeerMessage.isKindKnown([0x82, 0x18, 200, 0xf6]))
        // What is no message of any version is left to the decoder to refuse.
        #expect(PeerMessage.isKindKnown([0x83, 21]))
        #expect(PeerMessage.isKindKnown([]))
    }
}
