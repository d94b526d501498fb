import Cryptography
import Encoding
import Primitives
import Testing
import Votes

@Suite("Votes")
struct VotesTests {
    private static func key(_ number: UInt64) -> SecretKey {
        guard let key = SecretKey(Bytes32(0, 0, 0, number + 1)) else { preconditionFailure("a small scalar is a key") }
        return key
    }

    private static let keys = (0..<4).map { key(UInt64($0)) }
    private static let set: ValidatorSet = {
        let validators = keys.map { Validator(key: $0.address, institution: .account($0.address)) }
        guard let set = ValidatorSet(validators) else { preconditionFailure("distinct keys") }
        return set
    }()
    private let network = Hash(Bytes32(1, 1, 1, 1))
    private let block = Hash(Bytes32(2, 2, 2, 2))
    private var notarize: Vote { .notarize(.genesis, View(5), parentView: View(4), blockHash: block) }
    private var finalize: Vote { .finalize(.genesis, View(5), parentView: View(4), blockHash: block) }
    private var nullify: Vote { .nullify(.genesis, View(5)) }

    private func sign(_ vote: Vote, by index: Int, network: Hash? = nil) -> SignedVote {
        let message = vote.message(network: network ?? self.network)
        return SignedVote(
            vote: vote, validator: index,
            signature: Schnorr.sign(message: message, secret: Self.keys[index], auxiliary: .zero))
    }

    private func certificate(_ vote: Vote, by indexes: [Int]) -> Certificate {
        Certificate(vote, signatures: indexes.map { ($0, sign(vote, by: $0).signature) }, validators: 4)
    }

    @Test(
        "The quorum is n − f with f = ⌊(n − 1) / 3⌋, never 2f + 1",
        arguments: [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (100, 67)])
    func quorum(count: Int, quorum: Int) {
        let validators = (0..<count).map {
            Validator(key: Address(Bytes32(0, 0, 0, UInt64($0))), institution: .account(Address(.zero)))
        }
        #expect(ValidatorSet(validators)?.quorum == quorum)
    }

    @Test("A set has 1 to 100 validators with distinct keys")
    func setBounds() {
        let one = Validator(key: Address(.zero), institution: .account(Address(.zero)))
        #expect(ValidatorSet([]) == nil)
        #expect(ValidatorSet([one, one]) == nil)
        #expect(Set((0..<8).map { Self.set.leader(of: View($0)) }).count == 4)
    }

    @Test("A vote is bound to network, epoch, view, kind, parent view and block")
    func messages() {
        let variants: [Vote] = [
            notarize, finalize, nullify, .notarize(Epoch(1), View(5), parentView: View(4), blockHash: block),
            .notarize(.genesis, View(6), parentView: View(4), blockHash: block),
            .notarize(.genesis, View(5), parentView: View(3), blockHash: block),
            .notarize(.genesis, View(5), parentView: View(4), blockHash: network),
        ]
        let messages = variants.map { $0.message(network: network) } + [notarize.message(network: block)]
        #expect(Set(messages).count == variants.count + 1)
        #expect(sign(notarize, by: 1).isValid(network: network, in: Self.set))
        #expect(!sign(notarize, by: 1, network: block).isValid(network: network, in: Self.set))
        let signed = sign(notarize, by: 1)
        let forged = SignedVote(vote: notarize, validator: 2, signature: signed.signature)
        #expect(!forged.isValid(network: network, in: Self.set))
    }

    @Test("A certificate needs a quorum of the set's own signatures over one vote")
    func certificates() {
        let good = certificate(notarize, by: [3, 0, 2])
        #expect(good.isValid(network: network, by: Self.set))
        #expect(good.signers.indexes == [0, 2, 3])
        #expect(throws: Certificate.Failure.tooFewSignatures) {
            try certificate(notarize, by: [0, 1]).verify(network: network, by: Self.set)
        }
        let mixed = Certificate(
            finalize,
            signatures: [0, 1].map { ($0, sign(finalize, by: $0).signature) }
                + [(2, sign(notarize, by: 2).signature)], validators: 4)
        #expect(throws: Certificate.Failure.signature(validator: 2)) {
            try mixed.verify(network: network, by: Self.set)
        }
        let wide = Certificate(notarize, signatures: [0, 1, 9].map { ($0, good.signatures[0]) }, validators: 10)
        #expect(throws: Certificate.Failure.wrongBitmap) { try wide.verify(network: network, by: Self.set) }
    }

    @Test("Encode and decode are each other's inverse, and nothing else decodes")
    func encoding() throws {
        let certificate = certificate(notarize, by: [0, 1, 3])
        #expect(try Certificate(decoding: certificate.encoded) == certificate)
        #expect(try SignedVote(decoding: sign(nullify, by: 0).encoded) == sign(nullify, by: 0))
        #expect(try ValidatorSet(decoding: Self.set.encoded) == Self.set)
        let proposal = Proposal(
            epoch: .genesis, view: View(5), parentView: View(4), blockHash: block, parentHash: network,
            height: Height(9))
        let certification = Certification(epoch: .genesis, view: View(5), blockHash: block, isCertified: true)
        var records: [JournalRecord] = [
            .vote(nullify), .certificate(certificate), .certification(certification), .proposal(proposal),
        ]
        if let evidence = Evidence(sign(nullify, by: 0), sign(finalize, by: 0)) { records.append(.evidence(evidence)) }
        #expect(records.count == 5)
        for record in records { #expect(try JournalRecord(decoding: record.encoded) == record) }
        for record in records {
            let bytes = record.encoded
            for length in 0..<bytes.count {
                #expect(throws: EncodingFailure.self) { try JournalRecord(decoding: Array(bytes.prefix(length))) }
            }
        }
        // A nullify that names a block has another encoding of the same meaning: refused.
        var writer = CBORWriter()
        writer.array(5)
        for value in [UInt64(0), 5, 1, 4] { writer.write(value) }
        writer.write(block)
        #expect(throws: EncodingFailure.self) { try Vote(decoding: writer.bytes) }
    }

    @Test("Evidence is two excluding votes of one validator, never two signatures over one vote")
    func evidence() {
        let other = Vote.notarize(.genesis, View(5), parentView: View(4), blockHash: network)
        #expect(Evidence(sign(notarize, by: 0), sign(notarize, by: 0)) == nil)
        #expect(Evidence(sign(notarize, by: 0), sign(other, by: 1)) == nil)
        #expect(Evidence(sign(notarize, by: 0), sign(nullify, by: 0)) == nil, "nullify after notarize is allowed")
        #expect(Evidence(sign(notarize, by: 0), sign(finalize, by: 0)) == nil)
        let one = Evidence(sign(notarize, by: 0), sign(other, by: 0))
        let turned = Evidence(sign(other, by: 0), sign(notarize, by: 0))
        #expect(one != nil && one == turned)
        #expect(one?.isValid(network: network, in: Self.set) == true)
        #expect(Evidence(sign(nullify, by: 2), sign(finalize, by: 2))?.kind == .nullifyAndFinalize)
    }
}

/// The decision table of ``GuardRecord``, line by line.
@Suite("Double-sign guard")
struct GuardTests {
    private let fresh = GuardRecord(network: .zero, key: Address(.zero))
    private let block = Hash(Bytes32(2, 2, 2, 2))
    private func notarize(_ view: UInt64, _ hash: Hash) -> Vote {
        .notarize(.genesis, View(view), parentView: .genesis, blockHash: hash)
    }
    private func finalize(_ view: UInt64) -> Vote {
        .finalize(.genesis, View(view), parentView: .genesis, blockHash: block)
    }
    private func nullify(_ view: UInt64) -> Vote { .nullify(.genesis, View(view)) }

    private func signing(_ votes: [Vote]) -> GuardRecord? {
        var record = fresh
        for vote in votes {
            guard case .sign(let next) = record.decide(vote) else { return nil }
            record = next
        }
        return record
    }

    @Test("What an honest validator signs in a view is allowed")
    func honest() {
        #expect(signing([notarize(1, block), finalize(1), notarize(2, block), nullify(2), nullify(3)]) != nil)
        #expect(signing([.nullify(.genesis, View(9)), .nullify(Epoch(1), View(1))]) != nil, "a new epoch is higher")
    }

    @Test("Excluding votes are refused in every order")
    func exclusions() {
        let other = Hash(Bytes32(3, 3, 3, 3))
        #expect(signing([notarize(1, block)])?.decide(notarize(1, other)) == .refuse(.notarizeTaken))
        #expect(signing([nullify(1)])?.decide(notarize(1, block)) == .refuse(.notarizeTaken))
        #expect(signing([nullify(1)])?.decide(finalize(1)) == .refuse(.terminalTaken))
        #expect(signing([finalize(1)])?.decide(nullify(1)) == .refuse(.terminalTaken))
        #expect(signing([finalize(1)])?.decide(notarize(1, other)) == .refuse(.notarizeTaken))
        #expect(signing([nullify(2)])?.decide(finalize(1)) == .refuse(.lowerPosition))
    }

    @Test("The same vote is signed again, and the record survives its encoding")
    func again() throws {
        let held = signing([notarize(1, block), nullify(1)])
        #expect(held?.decide(notarize(1, block)) == .signAgain)
        #expect(held?.decide(nullify(1)) == .signAgain)
        #expect(held?.votes == [notarize(1, block), nullify(1)])
        #expect(try held.map { try GuardRecord(decoding: $0.encoded) } == held)
    }

    @Test("A key without its guard signs nothing in the epoch it watches")
    func watching() {
        let record = GuardRecord(network: .zero, key: Address(.zero), watching: Epoch(3))
        #expect(record.decide(.nullify(Epoch(3), View(1))) == .refuse(.watching))
        #expect(record.isWatching(Epoch(3)) && !record.isWatching(Epoch(4)))
        if case .sign = record.decide(.nullify(Epoch(4), View(1))) { return }
        Issue.record("it votes from the next epoch on")
    }

    @Test("[C11] The watch covers the whole epoch behind the one in which the node was synced")
    func beginningWatch() throws {
        let created = GuardRecord.watchingEverything(network: .zero, key: Address(.zero))
        #expect(created.isWatching(.maximum))
        #expect(try GuardRecord(decoding: created.encoded) == created)
        let begun = created.beginningWatch(in: Epoch(5))
        #expect(begun.watching == Epoch(6))
        #expect(begun.beginningWatch(in: Epoch(5)) == begun && begun.beginningWatch(in: Epoch(6)) == begun)
        #expect(begun.beginningWatch(in: Epoch(9)).watching == Epoch(10), "nobody watched to the end")
        #expect(fresh.beginningWatch(in: Epoch(5)) == fresh, "a key with its guard never watches")
    }

    @Test("[C11] A vote or certificate of the watched epoch proves another copy, one of an earlier epoch does not")
    func anotherCopy() throws {
        let set = try #require(
            ValidatorSet(
                [1, 2].map { Validator(key: Address(Bytes32(0, 0, 0, $0)), institution: .account(Address(.zero))) }))
        let record = GuardRecord(network: .zero, key: Address(Bytes32(0, 0, 0, 2)), watching: Epoch(6))
        let signature = Signature(noncePoint: .zero, scalar: .zero)
        for (epoch, validator, isProof) in [(6, 1, true), (6, 0, false), (5, 1, false), (7, 1, false)] {
            let vote = Vote.nullify(Epoch(UInt64(epoch)), View(1))
            let signed = SignedVote(vote: vote, validator: validator, signature: signature)
            #expect(record.provesAnotherCopy(signed, in: set) == isProof)
            let certificate = Certificate(vote, signatures: [(validator, signature)], validators: 2)
            #expect(record.provesAnotherCopy(certificate, in: set) == isProof)
        }
    }
}
