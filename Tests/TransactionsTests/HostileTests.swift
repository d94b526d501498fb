import Blocks
import Encoding
import Primitives
import TestSupport
import Testing
import Transactions
import Votes

/// Random and mutated bytes raise errors, never a trap; what decodes is canonical. `make fuzz` runs a million each.
struct HostileTests {
    #if DEBUG
        static let count = hostileInputs ?? 4_000
    #else
        static let count = hostileInputs ?? 100_000
    #endif

    /// Half random bytes, half mutations of `samples` in turn. `decode` returns the bytes that what it read stands for.
    static func attempt(_ samples: [[UInt8]], seed: UInt64, _ decode: ([UInt8]) throws -> [UInt8]) -> Int {
        var random = SeededRandom(seed: seed)
        var decoded = 0
        for index in 0..<count {
            let bytes =
                index % 2 == 0
                ? random.bytes(Int.random(in: 0...120, using: &random))
                : random.mutated(samples[index / 2 % samples.count])
            guard let canonical = try? decode(bytes) else { continue }
            decoded += 1
            #expect(canonical == bytes, "seed \(seed), input \(index)")
        }
        return decoded
    }

    static let transactions = Examples.all.map { operation in
        EnvelopeTests.body(operations: [operation]).signed(by: [EnvelopeTests.alice]).bytes
    }

    @Test("Transactions")
    func hostileTransactions() {
        let decoded = Self.attempt(Self.transactions, seed: 1) { bytes in
            let transaction = try SignedTransaction(try RawTransaction(bytes))
            return transaction.body.signed(transaction.signatures).bytes
        }
        // Mutations of amounts, hashes and signatures decode; most others do not.
        #expect(decoded > 0 && decoded < Self.count)
        _ = Self.attempt(Self.transactions, seed: 2) { bytes in
            _ = try SimulatedTransaction(bytes, network: EnvelopeTests.network)
            return bytes
        }
    }

    @Test("Operations")
    func hostileOperations() {
        _ = Self.attempt(Examples.all.map(\.encoded), seed: 3) { try Operation(decoding: $0).encoded }
    }

    @Test("Blocks, headers, finalized blocks")
    func hostileBlocks() {
        _ = Self.attempt([Formats.block.encoded], seed: 4) { try Block(decoding: $0).encoded }
        _ = Self.attempt([Formats.header.encoded], seed: 5) { try BlockHeader(decoding: $0).encoded }
        _ = Self.attempt(Formats.finalized.map(\.encoded), seed: 6) { try FinalizedBlock(decoding: $0).encoded }
    }

    @Test("Votes, certificates, evidence")
    func hostileVotes() {
        let votes = Formats.evidence.flatMap { [$0.first.encoded, $0.second.encoded] }
        _ = Self.attempt(votes, seed: 10) { try SignedVote(decoding: $0).encoded }
        _ = Self.attempt([Formats.certificate.encoded], seed: 11) { try Certificate(decoding: $0).encoded }
        _ = Self.attempt(Formats.evidence.map(\.encoded), seed: 12) { try Evidence(decoding: $0).encoded }
    }

    @Test("Receipts")
    func hostileReceipts() {
        _ = Self.attempt([Formats.receipts.encoded], seed: 7) { try BlockReceipts(decoding: $0).encoded }
        _ = Self.attempt([Formats.receipts.due.encoded], seed: 8) { try Receipt(decoding: $0).encoded }
    }

    @Test("Genesis documents")
    func hostileGenesis() {
        _ = Self.attempt([Formats.genesis.encoded], seed: 9) { try Genesis(decoding: $0).encoded }
    }
}
