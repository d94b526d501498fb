import Blocks
import Consents
import Cryptography
import Encoding
import Governance
import INFTs
import Primitives
import Proofs
import StateModel
import TestSupport
import Testing
import Transactions
import Votes

/// One erasure at a subject's request, in a ledger of two blocks: what a regulator's bundle says, and every way in which it
/// does not hold together.
private struct Story {
    static let inft: INFTID = testIdentifier("inft")
    static let consent: ConsentID = testIdentifier("consent")
    static let set: ConsentSetID = testIdentifier("set")
    static let point = CompressedPoint(isOdd: false, abscissa: testHash("point").bytes)
    static let sealedKey = SealedKey(first: point, second: point)
    static let alice = Party.account(testAddress("alice"))
    static let erasedAt = testStart.adding(milliseconds: 1_000)
    static let deliveries = ["one", "two"].map { (name) -> DeliveryID in testIdentifier("delivery \(name)") }

    let vaults: [SecretKey]
    let owner: SecretKey
    /// What the state says instead, by key; nil: nothing.
    var changed: [StateKey: [UInt8]?] = [:]
    /// Keys that are not proven.
    var left: Set<StateKey> = []
    var signing: Int
    var threshold: UInt64 = 2
    var requestedAt = testStart
    var namedInTransaction = Self.point

    init() throws {
        vaults = try (UInt64(1)...3).map { try #require(SecretKey(Bytes32(0, 0, 0, 100 + $0))) }
        owner = try #require(SecretKey(Bytes32(0, 0, 0, 99)))
        signing = 2
    }

    var body: TransactionBody {
        TransactionBody(
            network: ProofChain.network, sender: owner.address, sequence: 5,
            validUntil: testStart.adding(milliseconds: 3_600_000),
            operations: [
                .infts(
                    .erase(
                        Erase(
                            inft: Self.inft, version: 1, sealingKey: namedInTransaction, consents: [Self.consent])))
            ])
    }

    var id: ErasureID { makeIdentifier(transactionHash: body.hash, operationIndex: 0) }

    var record: ErasureRecord {
        ErasureRecord(
            id: id, inft: Self.inft, version: 1, root: testHash("root"), sealingKey: Self.point, holder: Self.alice,
            consents: [Self.consent], requestedAt: testStart, custodians: vaults.prefix(2).map(\.address).sorted(),
            threshold: threshold, mandate: nil, delivered: 2, at: Self.erasedAt, height: Height(1),
            transaction: body.hash)
    }

    static func delivery(_ id: DeliveryID, version: UInt64 = 1, isComplete: Bool = true) -> DeliveryRecord {
        DeliveryRecord(
            id: id, act: .license, inft: inft, version: version, license: testIdentifier("license"), from: alice,
            to: .account(testAddress("buyer")), sealingKey: point, requestedAt: testStart, beginBy: testStart,
            ending: isComplete ? DeliveryEnding(outcome: .completed, at: testStart, sealedKey: sealedKey) : nil)
    }

    private var content: ContentVersion {
        let proof = KeyProof(challenge: testHash("e"), response: testHash("z"))
        return .sealed(
            SealedContent(
                root: testHash("root"), size: 65_552, mediaType: "application/dicom", cipherSuite: .aes256GCMStream,
                keyCommitment: testHash("commitment"), salt: testHash("salt"), sealingKey: Self.point,
                sealedKey: Self.sealedKey, possession: proof, origin: proof))
    }

    func version(erasure: ErasureID?) -> VersionRecord {
        VersionRecord(
            number: 1, content: content, createdAt: testStart, createdHeight: .genesis,
            custody: Custody(holder: Self.alice, sealingKey: Self.point, sealedKey: Self.sealedKey, since: testStart),
            consentSet: Self.set, erasure: erasure)
    }

    func consent(_ mark: ErasureMark?) -> ConsentRecord {
        ConsentRecord(
            id: Self.consent, scope: .individual, subject: .account(testAddress("patient")),
            grantedBy: testAddress("patient"), custodian: Self.alice,
            policy: ConsentTemplates.generalResearch.policy(ConsentTemplateValues(custodian: Self.alice)),
            commitments: [], grantedAt: testStart, effectiveAt: testStart, expiresAt: nil, withdrawnAt: testStart,
            revision: 2, sets: SortedList([Self.set]), erasure: mark)
    }

    private var state: [StateKey: [UInt8]?] {
        let inft = INFTRecord(
            id: Self.inft, inftClass: .dataset, owner: Self.alice, creators: [], versionCount: 1, latest: content,
            metadata: INFTMetadata(title: ""), frozenAt: nil, parents: [], status: .active, statusSince: testStart,
            hasHumanData: true, consentSet: Self.set, createdAt: testStart, createdHeight: .genesis, historyCount: 0,
            ownerSince: testStart)
        var state: [StateKey: [UInt8]?] = [
            INFTKeys.erasure(id).key: record.encoded, INFTKeys.inft(Self.inft).key: inft.encoded,
            INFTKeys.version(Self.inft, 1).key: version(erasure: id).encoded,
            INFTKeys.root(record.root).key: RootClaim(inft: Self.inft, erased: 1, erasure: id).encoded,
            INFTKeys.keyCustodians(Self.inft, of: Self.alice).key: nil,
            ConsentsKeys.consent(Self.consent).key:
                consent(ErasureMark(requestedAt: requestedAt, erasedAt: Self.erasedAt, receipt: id)).encoded,
            ConsentsKeys.member(Self.set, Self.consent).key:
                SetMember(set: Self.set, consent: Self.consent, index: 0, addedAt: testStart).encoded,
        ]
        for delivery in Self.deliveries { state[INFTKeys.delivery(delivery).key] = Self.delivery(delivery).encoded }
        return state.merging(changed) { $1 }
    }

    /// The bundle, and the block that is trusted. `split`: into as many state proofs.
    func bundle(split: Int = 1) throws -> (bundle: ErasureBundle, checkpoint: Checkpoint) {
        let validators = try ProofChain.keys(of: 0)
        let set = try #require(ProofChain.record(of: validators).set)
        let genesis = try StateLayer.make(
            height: .genesis, over: LayeredSnapshot(EmptySnapshot()),
            changes: [(ValidatorSetHop.key, .some(ProofChain.record(of: validators).encoded))], index: [])
        let empty = LayeredSnapshot(EmptySnapshot()).adding(genesis)
        let layer = try StateLayer.make(
            height: Height(1), over: empty, changes: state.map { ($0.key, $0.value) }, index: [])
        let snapshot = empty.adding(layer)
        let signers = [owner] + vaults.prefix(signing)
        let transaction = body.signed(
            signers.map { key in
                AccountSignature(
                    account: key.address,
                    signature: Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero))
            })
        let receipts = BlockReceipts(
            due: Receipt(transactionHash: .zero, weight: 0, events: []),
            transactions: [Receipt(transactionHash: body.hash, weight: 1, events: [])])
        func header(_ height: UInt64, _ parent: Hash, _ root: Hash, _ transactions: Hash, _ receipts: Hash)
            -> BlockHeader
        {
            BlockHeader(
                network: ProofChain.network, height: Height(height), parent: parent,
                time: testStart.adding(milliseconds: height * 1_000), epoch: 0, proposer: 0, validatorSet: set.hash,
                transactionsRoot: transactions, receiptsRoot: receipts, evidenceRoot: MerkleLog.emptyRoot,
                stateRoot: root)
        }
        let first = header(0, .zero, genesis.root, MerkleLog.emptyRoot, MerkleLog.emptyRoot)
        let second = header(
            1, first.hash, layer.root, MerkleLog.root(of: [transaction.bytes]),
            MerkleLog.root(of: ([receipts.due] + receipts.transactions).map(\.encoded)))
        let chain = ChainEvidence(
            checkpoint: first, validators: set, hops: [], headers: [second],
            certificate: ProofChain.certificate(of: second, by: validators, set))
        let block = Block(header: second, transactions: [transaction.bytes], evidence: [])
        let inclusion = try #require(TransactionInclusion.make(at: 0, of: block, receipts: receipts))
        let keys = ErasureBundle.keys(of: record, set: Self.set, deliveries: Self.deliveries)
            .filter { !left.contains($0) }
        let size = (keys.count + split - 1) / split
        let states = try stride(from: 0, to: keys.count, by: size).map { start in
            Proof(
                networkKind: .test, maximumAge: nil, chain: chain,
                subject: .state(
                    try keys[start..<min(start + size, keys.count)].map { key in
                        ProvenRead(
                            key: key, value: try snapshot.read(key), proof: try snapshot.proof(of: key))
                    }, nil))
        }
        let bundle = ErasureBundle(
            erasure: id,
            transaction: Proof(networkKind: .test, maximumAge: nil, chain: chain, subject: .transaction(inclusion)),
            states: states)
        return (bundle, Checkpoint(network: ProofChain.network, height: .genesis, blockHash: first.hash))
    }

    /// Why it proves nothing; nil if it does.
    func failure() throws -> String? {
        let (bundle, checkpoint) = try bundle()
        do throws(ProofFailure) {
            _ = try bundle.verify(trusting: checkpoint)
            return nil
        } catch {
            return error.message
        }
    }
}

struct ErasureBundleTests {
    @Test("A bundle survives its bytes, and tells the whole story to who trusts one block")
    func whole() throws {
        let story = try Story()
        for split in [1, 3] {
            let (bundle, checkpoint) = try story.bundle(split: split)
            let verified = try ErasureBundle(decoding: bundle.encoded).verify(trusting: checkpoint)
            #expect(verified.record == story.record && verified.contentErasure == story.id)
            #expect(verified.inft.id == Story.inft)
            #expect(verified.requests.map(\.consent) == [Story.consent])
            #expect(verified.requests.first?.subject == .account(testAddress("patient")))
            #expect(Set(verified.deliveries.map(\.id)) == Set(Story.deliveries))
            #expect(
                verified.signers == ([story.owner] + story.vaults.prefix(2)).map(\.address).sorted())
            #expect(verified.provenAt == testStart.adding(milliseconds: 1_000))
        }
        let (bundle, _) = try story.bundle()
        let other = Checkpoint(network: ProofChain.network, height: .genesis, blockHash: testHash("other"))
        #expect(throws: ProofFailure.self) { try bundle.verify(trusting: other) }
    }

    @Test("What does not fit is named: the receipt, the transaction, its signatures, the version, the request")
    func unfit() throws {
        func failure(_ change: (inout Story) -> Void) throws -> String? {
            var story = try Story()
            change(&story)
            return try story.failure()
        }
        #expect(try failure { _ in } == nil)
        #expect(try failure { $0.changed[INFTKeys.erasure($0.id).key] = .some(nil) } == "the receipt is not there")
        #expect(
            try failure { $0.left = [INFTKeys.version(Story.inft, 1).key] } == "the version is not proven")
        #expect(
            try failure {
                $0.namedInTransaction = CompressedPoint(isOdd: true, abscissa: testHash("point").bytes)
            } == "the transaction does not say what the receipt says")
        #expect(try failure { $0.signing = 1 } == "a key custodian that the receipt names did not sign")
        #expect(try failure { $0.threshold = 3 } == "a key custodian that the receipt names did not sign")
        #expect(
            try failure {
                $0.changed[INFTKeys.version(Story.inft, 1).key] = .some($0.version(erasure: nil).encoded)
            } == "the version is not what the receipt says was erased")
        let key = ConsentsKeys.consent(Story.consent).key
        #expect(
            try failure { $0.changed[key] = .some($0.consent(nil).encoded) }
                == "the subject of a consent had not asked for erasure")
        #expect(
            try failure {
                $0.changed[key] = .some($0.consent(ErasureMark(requestedAt: testStart)).encoded)
            } == "a consent does not note that it was answered")
        #expect(
            try failure { $0.requestedAt = testStart.adding(milliseconds: 5) }
                == "the consents were not asked to be erased when the receipt says")
        #expect(
            try failure { $0.changed[ConsentsKeys.member(Story.set, Story.consent).key] = .some(nil) }
                == "a consent is no member of the set that the version was published under")
    }

    @Test("No delivery can be left out, and none put in that is not of the erased version")
    func deliveries() throws {
        func failure(_ change: (inout Story) -> Void) throws -> String? {
            var story = try Story()
            change(&story)
            return try story.failure()
        }
        let key = INFTKeys.delivery(Story.deliveries[0]).key
        #expect(
            try failure { $0.left = [key] } == "1 of the 2 deliveries that the receipt counts are proven")
        #expect(try failure { $0.changed[key] = .some(nil) } == "a delivery that is named is not there")
        for wrong in [
            Story.delivery(Story.deliveries[0], version: 2), Story.delivery(Story.deliveries[0], isComplete: false),
        ] {
            #expect(
                try failure { $0.changed[key] = .some(wrong.encoded) }
                    == "a delivery is not of the erased version, or was not completed")
        }
    }

    @Test("hostile: of mutated bundles none is accepted but as the same bundle")
    func mutated() throws {
        let (bundle, checkpoint) = try Story().bundle()
        var random = SeededRandom(seed: 17)
        let bytes = bundle.encoded
        var accepted = 0
        for _ in 0..<300 {
            let changed = random.mutated(bytes)
            guard changed != bytes, let other = try? ErasureBundle(decoding: changed) else { continue }
            #expect(other.encoded == changed)
            if let verified = try? other.verify(trusting: checkpoint), verified.record.id != bundle.erasure {
                accepted += 1
            }
        }
        #expect(accepted == 0)
    }
}
