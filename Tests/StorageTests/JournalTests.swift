import Cryptography
import Encoding
import Primitives
import Storage
import TestSupport
import Testing
import Votes

private func record(_ view: UInt64) -> JournalRecord { .vote(.nullify(Epoch(0), View(view))) }

struct JournalTests {
    private func written(_ batches: [[JournalRecord]]) throws -> (bytes: [UInt8], ends: [Int]) {
        let disk = MemoryDisk()
        let journal = try VoteJournal.open(on: disk, network: network).journal
        var ends = [journal.byteCount]
        for batch in batches {
            try journal.append(batch)
            ends.append(journal.byteCount)
        }
        return (try #require(disk.durable["votes-000000000001"]), ends)
    }

    @Test("What was appended is replayed in order, on a real disk")
    func replays() throws {
        let scratch = try Scratch()
        let disk = try FileDisk.making(scratch.path("journal"))
        let journal = try VoteJournal.open(on: disk, network: network).journal
        try journal.append([record(1), record(2)])
        try journal.append([record(3)])
        let again = try VoteJournal.open(on: disk, network: network)
        #expect(again.records == [record(1), record(2), record(3)])
        try again.journal.append([record(4)])
        #expect(try VoteJournal.open(on: disk, network: network).records.last == record(4))
    }

    @Test("Torn at any byte, the journal opens with exactly the batches that were whole, and goes on from there")
    func tornAtEveryByte() throws {
        let batches = [[record(1), record(2)], [record(3)], [record(4), record(5), record(6)]]
        let (bytes, ends) = try written(batches)
        for cut in ends[0]...bytes.count {
            for filler in [[], [UInt8](repeating: 0, count: 7), [UInt8](repeating: 0xff, count: 40)] {
                let torn = Array(bytes.prefix(cut)) + filler
                let disk = MemoryDisk(["votes-000000000001": torn])
                let opened = try VoteJournal.open(on: disk, network: network)
                // Filler may happen to be what was torn off.
                let whole = ends.filter { torn.prefix($0).elementsEqual(bytes.prefix($0)) }.count - 1
                #expect(opened.records == Array(batches.prefix(whole).joined()))
                try opened.journal.append([record(99)])
                let again = try VoteJournal.open(on: disk, network: network).records
                #expect(again == Array(batches.prefix(whole).joined()) + [record(99)])
            }
        }
    }

    @Test("A flipped byte in a batch that others follow is damage; in the last one it counts as torn")
    func flippedBytes() throws {
        let batches = [[record(1)], [record(2)], [record(3)]]
        let (bytes, ends) = try written(batches)
        for position in 0..<bytes.count {
            var flipped = bytes
            flipped[position] ^= 0x10
            let disk = MemoryDisk(["votes-000000000001": flipped])
            if position >= ends[2] {
                #expect(try VoteJournal.open(on: disk, network: network).records == [record(1), record(2)])
            } else {
                #expect(throws: StorageFailure.self, "byte \(position)") {
                    try VoteJournal.open(on: disk, network: network)
                }
            }
        }
    }

    @Test("Rotation keeps what it is told to, at whatever operation the disk fails")
    func rotation() throws {
        for budget in 0..<12 {
            let disk = MemoryDisk()
            let journal = try VoteJournal.open(on: disk, network: network).journal
            try journal.append([record(1), record(2)])
            disk.fail(after: budget)
            let isRotated = (try? journal.rotate(keeping: [record(2)])) != nil
            if isRotated { #expect(disk.files.keys.sorted() == ["votes-000000000002"]) }
            if !isRotated { #expect(throws: StorageFailure.self) { try journal.append([record(3)]) } }
            disk.fail(after: nil)
            let records = try VoteJournal.open(on: MemoryDisk(disk.durable), network: network).records
            #expect(records.last == record(2))
        }
    }

    @Test("A journal whose append failed takes nothing more, and opens with all that was durable")
    func failedAppend() throws {
        let disk = MemoryDisk()
        let journal = try VoteJournal.open(on: disk, network: network).journal
        try journal.append([record(1)])
        disk.fail(after: 1)
        #expect(throws: StorageFailure.diskFull(path: "memory")) { try journal.append([record(2)]) }
        disk.fail(after: nil)
        #expect(throws: StorageFailure.self) { try journal.append([record(3)]) }
        #expect(try VoteJournal.open(on: MemoryDisk(disk.durable), network: network).records == [record(1)])
    }

    @Test("The journal of another network is refused")
    func otherNetwork() throws {
        let (bytes, _) = try written([[record(1)]])
        let disk = MemoryDisk(["votes-000000000001": bytes])
        let other = SHA256.hash([1])
        #expect(
            throws: StorageFailure.otherNetwork(
                path: "the vote journal votes-000000000001", found: network, expected: other)
        ) { try VoteJournal.open(on: disk, network: other) }
    }

    @Test("A rotation carries over whatever is alive, in frames that can be read again, and evidence only so much")
    func rotatesMuch() throws {
        let disk = MemoryDisk()
        let journal = try VoteJournal.open(on: disk, network: network).journal
        // Some twenty mebibytes: more than one frame may hold.
        let many = (1...400_000 as ClosedRange<UInt64>).map { record($0) }
        try journal.rotate(keeping: many)
        let again = try VoteJournal.open(on: disk, network: network)
        #expect(again.records == many)
        try again.journal.append([record(500_000)])
        #expect(try VoteJournal.open(on: disk, network: network).records.count == many.count + 1)
    }

    @Test("Of each validator the first evidence of an epoch stays alive, and nothing else below the trimmed view")
    func liveRecords() throws {
        func evidence(_ view: UInt64, _ validator: Int) throws -> JournalRecord {
            func vote(_ number: UInt64) -> SignedVote {
                SignedVote(
                    vote: .finalize(
                        Epoch(0), View(view), parentView: View(0), blockHash: Hash(Bytes32(0, 0, 0, number))),
                    validator: validator, signature: Signature(noncePoint: .zero, scalar: .zero))
            }
            return .evidence(try #require(Evidence(vote(1), vote(2))))
        }
        var live = LiveJournalRecords([record(1)])
        live.append(try (1...50).map { try evidence($0, 3) } + [try evidence(60, 2), record(80), record(100)])
        live.trim(before: EpochView(Epoch(0), View(90)))
        #expect(live.records == (try (1...8).map { try evidence($0, 3) } + [try evidence(60, 2), record(100)]))
        live.trim(before: EpochView(Epoch(1), View(0)))
        #expect(live.records.isEmpty)
    }
}

struct GuardTests {
    private let key = Address(SHA256.hash([7]).bytes)

    private func votes(_ view: UInt64) -> [Vote] {
        let one = SHA256.hash([1])
        let other = SHA256.hash([2])
        return [
            .notarize(Epoch(0), View(view), parentView: .genesis, blockHash: one),
            .notarize(Epoch(0), View(view), parentView: .genesis, blockHash: other),
            .nullify(Epoch(0), View(view)),
            .finalize(Epoch(0), View(view), parentView: .genesis, blockHash: one),
            .finalize(Epoch(0), View(view), parentView: .genesis, blockHash: other),
        ]
    }

    /// The rules of the design, said anew: may `vote` be signed after all of `signed`?
    private func mayFollow(_ vote: Vote, _ signed: [Vote]) -> Bool {
        guard let highest = signed.map(\.position).max() else { return true }
        if vote.position > highest { return true }
        if vote.position < highest { return false }
        let here = signed.filter { $0.position == highest }
        if here.contains(vote) { return true }
        return vote.kind == .notarize ? here.isEmpty : !here.contains { $0.kind.isTerminal }
    }

    @Test("All sequences of three votes over two views: signed exactly where the rules allow, reopened in between")
    func allTransitions() throws {
        let all = votes(5) + votes(6)
        for first in all {
            for second in all {
                for third in all {
                    let disk = MemoryDisk()
                    var signer = try SigningGuard.create(on: disk, record: GuardRecord(network: network, key: key))
                    var signed: [Vote] = []
                    for vote in [first, second, third] {
                        let decision = try signer.approve(vote)
                        if case .refuse = decision {
                            #expect(!mayFollow(vote, signed))
                        } else {
                            #expect(mayFollow(vote, signed))
                            signed.append(vote)
                        }
                        signer = try SigningGuard.open(on: MemoryDisk(disk.durable), network: network, key: key)
                        signer = try SigningGuard.open(on: disk, network: network, key: key)
                    }
                }
            }
        }
    }

    @Test("A guard that could not be written signs nothing more")
    func failedWrite() throws {
        let disk = MemoryDisk()
        let signer = try SigningGuard.create(on: disk, record: GuardRecord(network: network, key: key))
        disk.fail(after: 0)
        #expect(throws: StorageFailure.self) { try signer.approve(votes(5)[0]) }
        disk.fail(after: nil)
        #expect(throws: StorageFailure.self) { try signer.approve(votes(5)[0]) }
    }

    @Test("[C11] A key that came without its guard signs nothing until it watched one whole epoch, across restarts")
    func watching() throws {
        let disk = MemoryDisk()
        func reopened() throws -> SigningGuard {
            try SigningGuard.open(on: MemoryDisk(disk.durable), network: network, key: key)
        }
        func isRefused(_ signer: SigningGuard, _ epoch: UInt64) throws -> Bool {
            try signer.approve(.nullify(Epoch(epoch), View(1))) == .refuse(.watching)
        }
        let signer = try SigningGuard.createWatching(on: disk, network: network, key: key)
        #expect(try isRefused(reopened(), 1 << 60), "it does not know the epoch, so it watches every one")
        try signer.beginWatching(epoch: Epoch(5))
        #expect(try reopened().record.watching == Epoch(6))
        try signer.beginWatching(epoch: Epoch(6))
        #expect(try isRefused(reopened(), 5) && isRefused(reopened(), 6))
        #expect(try !isRefused(signer, 7))
        try signer.beginWatching(epoch: Epoch(8))
        #expect(try reopened().record.watching == Epoch(6), "it votes, so no watch begins again")
        #expect(throws: StorageFailure.self) { try SigningGuard.createWatching(on: disk, network: network, key: key) }
    }

    @Test("A missing, damaged or foreign guard is refused; none is replaced")
    func refusals() throws {
        let scratch = try Scratch()
        let disk = try FileDisk.making(scratch.path("guard"))
        #expect(throws: StorageFailure.noGuard) { try SigningGuard.open(on: disk, network: network, key: key) }
        let signer = try SigningGuard.create(on: disk, record: GuardRecord(network: network, key: key))
        _ = try signer.approve(votes(9)[2])
        #expect(try SigningGuard.open(on: disk, network: network, key: key).record.terminal == votes(9)[2])
        #expect(throws: StorageFailure.self) {
            try SigningGuard.create(on: disk, record: GuardRecord(network: network, key: key))
        }
        #expect(throws: StorageFailure.self) { try SigningGuard.open(on: disk, network: SHA256.hash([1]), key: key) }
        #expect(throws: StorageFailure.self) {
            try SigningGuard.open(on: disk, network: network, key: Address(SHA256.hash([8]).bytes))
        }
        let bytes = try #require(try disk.read("guard"))
        for position in bytes.indices {
            var flipped = bytes
            flipped[position] ^= 1
            let damaged = MemoryDisk(["guard": flipped])
            #expect(throws: StorageFailure.self) { try SigningGuard.open(on: damaged, network: network, key: key) }
        }
    }
}
