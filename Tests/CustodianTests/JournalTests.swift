import Custodian
import Interface
import Primitives
import Testing

@Suite("Custodian: journal")
struct JournalTests {
    private let network = Hash(Bytes32(1, 2, 3, 4))
    private let account = Address(Bytes32(5, 6, 7, 8))
    private let hash = Hash(Bytes32(4, 4, 4, 4))

    private var records: [CustodianRecord] {
        let task = CustodianTask.delivery(Bench.one)
        return [
            .cursor(EventPosition(height: Height(7), index: 3)), .opened(task, Height(5)),
            .opened(.erasure(ConsentID(Bytes32(1, 1, 1, 1))), Height(6)),
            .prepared(Bench.one, Bench.preparation(Bench.one)), .begins(Bench.one, Bench.noon),
            .releases(Bench.one), .waits(task, WaitReason(.refused, "why", until: Bench.noon)), .waits(task, nil),
            .decided(Bench.one, .decline), .requested(hash, ByteString([1, 2, 3])),
            .closed(.disclosure(hash), .recorded), .closed(task, .delivered),
        ]
    }

    private func replay(_ bytes: [UInt8]) throws -> (records: [CustodianRecord], end: Int) {
        try CustodianJournal.replay(bytes, network: network, account: account)
    }

    /// A frame for each record.
    private var file: [UInt8] {
        records.reduce(CustodianJournal.header(network: network, account: account)) {
            $0 + CustodianJournal.frame([$1], at: $0.count)
        }
    }

    @Test("Every record is read as it was written, several of a frame too")
    func roundTrip() throws {
        #expect(try replay(file).records == records)
        let header = CustodianJournal.header(network: network, account: account)
        let one = header + CustodianJournal.frame(records, at: header.count)
        let read = try replay(one)
        #expect(read.records == records && read.end == one.count)
    }

    @Test("Wherever a crash tears the last frame, all before it is there and nothing of it")
    func tornAtEveryByte() throws {
        let header = CustodianJournal.header(network: network, account: account)
        let first = header + CustodianJournal.frame(Array(records.prefix(4)), at: header.count)
        let whole = first + CustodianJournal.frame(Array(records.suffix(4)), at: first.count)
        for count in first.count..<whole.count {
            let read = try replay(Array(whole.prefix(count)))
            #expect(read.records == Array(records.prefix(4)) && read.end == first.count)
            // Blocks that were never written may hold anything.
            let garbled = Array(whole.prefix(count)) + [0xff, 0x00, 0x13]
            #expect(try replay(garbled).end == first.count)
        }
    }

    @Test("Damage before a good frame is refused, at every byte")
    func damage() throws {
        let bytes = file
        let lastFrame = bytes.count - CustodianJournal.frame([records[records.count - 1]], at: 0).count
        for index in 0..<lastFrame {
            var damaged = bytes
            damaged[index] ^= 0x20
            #expect(throws: JournalFailure.self, "byte \(index)") { try replay(damaged) }
        }
    }

    @Test("A journal of another network or account is refused")
    func others() throws {
        #expect(throws: JournalFailure.self) {
            try CustodianJournal.replay(file, network: .zero, account: account)
        }
        #expect(throws: JournalFailure.self) {
            try CustodianJournal.replay(file, network: network, account: Address(.zero))
        }
        #expect(throws: JournalFailure.self) { try replay([]) }
    }

    @Test("hostile bytes are refused or cut, never read as something else")
    func hostile() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = file
        for _ in 0..<20_000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            mutated = Array(mutated.prefix(Int.random(in: 0...mutated.count, using: &random)))
            guard let read = try? replay(mutated) else { continue }
            #expect(read.records == Array(records.prefix(read.records.count)))
        }
    }
}
