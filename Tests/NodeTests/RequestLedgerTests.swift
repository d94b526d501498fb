import Blocks
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

    @Test("bulk is taken from whom it was asked of, as much as was asked, and once")
    func answers() throws {
        var requests = RequestLedger()
        let (asked, other) = (try key(1), try key(2))
        let two = PeerMessage.transactions([[1], [2]])
        let isTakenUnasked = requests.takes(two, from: asked)
        #expect(!isTakenUnasked)
        let tags = (0..<3 as Range<UInt64>).map { TransactionTag(Hash(Bytes32($0, 0, 0, 0))) }
        requests.asked(.transactionsRequest(tags), of: asked)
        let isTaken = [
            requests.takes(two, from: other), requests.takes(two, from: asked), requests.takes(two, from: asked),
            requests.takes(.transactions([[3]]), from: asked), requests.takes(.transactions([[4]]), from: asked),
        ]
        #expect(isTaken == [false, true, false, true, false])

        let hash = Hash(Bytes32(0, 0, 0, 9))
        requests.asked(.blockTransactionsRequest(hash, [0]), of: asked)
        requests.asked(.blocksRequest(BlockRange(first: Height(1), count: 16)), of: asked)
        let answers: [Bool] = [
            requests.takes(.blockTransactions(.zero, []), from: asked),
            requests.takes(.blockTransactions(hash, []), from: asked),
            requests.takes(.blockTransactions(hash, []), from: asked),
            requests.takes(.blocks([]), from: other), requests.takes(.blocks([]), from: asked),
            requests.takes(.blocks([]), from: asked),
        ]
        #expect(answers == [false, true, false, false, true, false])
        // What needs no asking.
        let isStatusTaken = requests.takes(
            .status(PeerStatus(height: .genesis, blockHash: .zero, epoch: .genesis, view: .genesis)), from: other)
        #expect(isStatusTaken)
        requests.asked(.blocksRequest(BlockRange(first: Height(1), count: 16)), of: asked)
        requests.disconnected(asked)
        let isLateTaken = requests.takes(.blocks([]), from: asked)
        #expect(!isLateTaken)
    }

    @Test("a kind of message that a later version may have is known as such before it is decoded")
    func kinds() throws {
        let known = PeerMessage.blocksRequest(BlockRange(first: Height(1), count: 16)).encoded
        #expect(PeerMessage.isKindKnown(known))
        #expect(PeerMessage.isKindKnown([0x82, 16]))
        #expect(!PeerMessage.isKindKnown([0x82, 17]))
        #expect(!PeerMessage.isKindKnown([0x82, 0x18, 200, 0xf6]))
        // What is no message of any version is left to the decoder to refuse.
        #expect(PeerMessage.isKindKnown([0x83, 17]))
        #expect(PeerMessage.isKindKnown([]))
    }
}
