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
        let bodies: [[UInt8]] = [[1], [2], [3]]
        let two = PeerMessage.transactions([[1], [2]])
        let isTakenUnasked = take(two, asked)
        #expect(!isTakenUnasked)
        requests.asked(.transactionsRequest(bodies.map { TransactionTag(HashTag.wire.hash($0)) }), of: asked)
        let isTaken = [
            take(two, other), take(two, asked), take(two, asked), take(.transactions([[4]]), asked),
            take(.transactions([[3]]), asked), take(.transactions([[3]]), asked),
        ]
        #expect(isTaken == [false, true, false, false, true, false])

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
