import Blocks
import Consents
import Cryptography
import Encoding
import FoundationEssentials
import Governance
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import TestSupport
import Testing
import Transactions
import Votes

/// One value of every format beside the operations.
enum Formats {
    static let header = BlockHeader(
        network: testHash("network"), height: Height(7), parent: testHash("parent"), time: testStart, epoch: 1,
        proposer: 2, validatorSet: testHash("validators"), transactionsRoot: testHash("transactions"),
        receiptsRoot: testHash("receipts"), evidenceRoot: testHash("evidence"), stateRoot: testHash("state"))
    static let body = EnvelopeTests.body(
        validUntil: testStart, operations: [Examples.all[0], .revenue(Examples.revenue[2])])
    static let transaction = body.signed(by: [EnvelopeTests.alice])
    static let vote = Vote.finalize(Epoch(1), View(9), parentView: View(8), blockHash: header.hash)
    static let certificate = Certificate(
        vote,
        signatures: [
            (validator: 0, signature: signature(of: vote.message(network: header.network), by: secretKey(1)).signature)
        ],
        validators: 4)
    static let evidence: [Evidence] = {
        let votes = ["one", "two"].map {
            Vote.notarize(Epoch(1), View(9), parentView: View(8), blockHash: testHash($0))
        }
        let signed = votes.map { vote in
            SignedVote(
                vote: vote, validator: 0,
                signature: signature(of: vote.message(network: header.network), by: secretKey(1)).signature)
        }
        return Evidence(signed[0], signed[1]).map { [$0] } ?? []
    }()
    static let block = Block(header: header, transactions: [transaction.bytes, [1, 2, 3]], evidence: evidence)
    static let restarted = Block(
        header: header, transactions: [], evidence: evidence,
        restart: EpochRestart(
            epoch: Epoch(4), lastBlock: header.parent,
            signatures: (0..<3).map { EpochRestart.Signed(validator: $0, signature: certificate.signatures[0]) }))
    static let finalized = [
        FinalizedBlock(block: block, certificate: certificate), FinalizedBlock(block: block, certificate: nil),
        FinalizedBlock(block: restarted, certificate: nil),
    ]
    static let event = EventRecord(
        RevenueEvent.issued(
            Moved(
                asset: Examples.asset, from: Examples.alice, to: Examples.bob, amount: Amount(5), reference: nil)))
    static let receipts = BlockReceipts(
        due: Receipt(transactionHash: .zero, weight: 40, events: [event]),
        transactions: [Receipt(transactionHash: testHash("one"), weight: 123, events: [event, event])])
    static let genesis = Genesis(
        name: "example", kind: .test, time: testStart,
        governance: GovernanceGenesis(
            parameters: LedgerParameters(
                epochLength: 40, deltaMilliseconds: 500, heartbeatMilliseconds: 30_000, blockWeight: 500_000,
                clockSkewMilliseconds: 2_000),
            validators: [
                GenesisValidator(
                    name: "node", institution: .organization(Examples.clinic), key: secretKey(1).address,
                    transportKey: ByteString(Examples.point.bytes))
            ]),
        identities: IdentitiesGenesis(
            parameters: IdentityParameters(accountsPerSponsor: 10, stateBytesPerSponsor: 1_000),
            accounts: [GenesisAccount(address: testAddress("alice"), kind: .regulator, sponsor: nil)],
            organizations: [
                GenesisOrganization(id: Examples.clinic, profile: Examples.organizationProfile, isEnrolled: true)
            ],
            accreditors: [GenesisAccreditor(party: Examples.alice, types: [.accreditation], jurisdictions: ["DE"])],
            delegations: [
                GenesisDelegation(
                    id: testIdentifier("delegation"), grantor: Examples.alice, parent: nil, grant: Examples.grant)
            ],
            credentials: [
                GenesisCredential(
                    id: testIdentifier("credential"), issuer: Examples.alice, delegation: nil, claim: Examples.claim)
            ]),
        consents: ConsentsGenesis(
            consents: [
                GenesisConsent(
                    subject: Examples.alice, custodian: .organization(Examples.clinic), policy: Examples.policy)
            ]),
        revenue: RevenueGenesis(
            issuers: [Examples.alice],
            assets: [
                GenesisAsset(
                    code: "EURX", title: "Euro", scale: 2, issuer: Examples.alice, freezePolicy: .never,
                    issues: [GenesisIssue(to: Examples.bob, amount: Amount(5))])
            ]),
        infts: INFTsGenesis(), licenses: LicensesGenesis(terms: [Examples.terms]))
}

/// A hash per format, so that a change of bytes is a decision: whoever changes one changes it here, in Specs/ledger.cddl
/// and in the format version, knowingly.
struct FormatTests {
    /// The first eight bytes of SHA-256 of the encoding of each example.
    static let golden: [String: String] = [
        "arbiter.enroll": "ca6432e8a2fd5229",
        "arbiter.leave": "1fb36f771f151cff",
        "group.create": "72fd5516faaa1aef",
        "group.join": "3966b2d4ccc912e8",
        "asset.create": "aedc7f90e03b9d7a",
        "asset.freeze": "fddc71158f237453",
        "asset.issue": "df7d174f6d99d5b7",
        "asset.redeem": "7cadf61fe7470d4c",
        "block": "7e465b28f671c003",
        "certificate": "69c706be5137e179",
        "consent.breakGlass": "43e73f788156f547",
        "consent.countersign": "bf7cc24060ab8839",
        "consent.disclose": "7881abd74e37e6c8",
        "consent.grant": "d25c25ac3c1b386e",
        "consent.nameReviewers": "d581dbde309cb6fe",
        "consent.narrow": "dc9832cfc98c5fb2",
        "consent.review": "32d59290b38fa549",
        "consent.withdraw": "b10055061cd18faa",
        "consentSet.add": "6db82b4487a233ba",
        "consentSet.create": "4169a366cc2c0a14",
        "credential.accept": "c7bafaa860cf234a",
        "credential.decline": "efe617b8ab4f3fb9",
        "credential.offer": "7ee462999c68c936",
        "credential.revoke": "db31f0f0f94d4054",
        "delegation.grant": "ac1402dc5a09fed7",
        "delegation.revoke": "64581bdd57174e28",
        "dispute.accept": "e3223a96db596b2b",
        "dispute.advance": "1fa1c3e90659522d",
        "dispute.appeal": "be76dba84d907376",
        "dispute.beginShow": "a1b9d1b038ab7ec4",
        "dispute.claim": "faa4e599aed38c34",
        "dispute.commitVote": "79273df0252e6e45",
        "dispute.completeShow": "ed798f5d28387da3",
        "dispute.decline": "101abece2beff95e",
        "dispute.raise": "985fa317b90357ed",
        "dispute.respond": "1bd9781fc75aafa2",
        "dispute.revealNonce": "bba7f106d0feb793",
        "dispute.revealVote": "153394a73689a9a0",
        "dispute.settle": "09f032a150704b48",
        "event": "7c609b54a8e6a04f",
        "evidence": "44112a1997070cf8",
        "finalizedBlock": "f5ac7d00e33fab8f",
        "finalizedBlock.bare": "475dacfbb2c68fa1",
        "genesis": "36b14e748a5e44bd",
        "governance.propose": "b385cb7bde72d992",
        "governance.vote": "695bfc17d6862db8",
        "header": "33ee6929eabd9603",
        "identity.changeSponsor": "64327ade6cdb6123",
        "identity.sponsor": "0e7f6bbd5fb0d843",
        "inft.acceptTransfer": "6922a0f18d664dba",
        "inft.authorizeUse": "5262f8aecb644420",
        "inft.beginTransfer": "d4cf0ce5cacff55f",
        "inft.cancelTransfer": "77e02bf8056897b8",
        "inft.clone": "b870e9cb9af81d5b",
        "inft.completeTransfer": "f2ddc92dfc5a26c2",
        "inft.deauthorizeUse": "4e84471f98381578",
        "inft.erase": "52ff50441c301375",
        "inft.freeze": "b008e37780709fe3",
        "inft.liftRecall": "cf0b3115e9b0320a",
        "inft.mint": "a90c575c4678340a",
        "inft.recall": "cdc3009313a5c671",
        "inft.reseal": "929960344a5e57c5",
        "inft.retire": "a0e226c8348debe3",
        "inft.revise": "a4adabc4e29ff571",
        "inft.setKeyCustodians": "87a3e37581251349",
        "inft.setMetadata": "dbbf0492785e0f99",
        "inft.transfer": "8de2eaa3d2a9d4db",
        "key.rotate": "8d829f94d74997a9",
        "license.acknowledgeRecall": "6b3f5418dade3a75",
        "license.answerNeeds": "3d11b6613b698b8c",
        "license.assignSeat": "fe98a3c6bee94452",
        "license.begin": "354a9c770639d114",
        "license.complete": "56a553b67f88f88c",
        "license.dismissAgent": "c1b19968f7e943a3",
        "license.link": "12adca8227493d5b",
        "license.nameAgent": "13e7133a4c73b928",
        "license.purchase": "6b0a34c6b1152fbf",
        "license.refund": "62e90e81b8e04684",
        "license.releaseSeat": "76df06afc4589537",
        "license.renew": "ac18cfd1bf5f4342",
        "license.reportOutcome": "7b5321c797a11f06",
        "license.requestVersion": "29e5abbbe6397c8f",
        "license.returnQuota": "ba850bca2f9b3739",
        "license.revoke": "776f0dee7ae1da1e",
        "license.sublicense": "ccb58effb7f0379e",
        "license.surrender": "cdf693b9eba8d009",
        "license.topUp": "9f225f3e5378cb8d",
        "license.transfer": "009b9443d86d8ac4",
        "license.use": "3e8959e9adc5c2ba",
        "mandate.grant": "312cf952b1d1b35e",
        "mandate.revoke": "dd35325eab77756f",
        "offer.cancel": "b1dd6bb39ffa21c7",
        "offer.create": "508ab15d7b235e48",
        "offer.update": "a20f265664d18332",
        "organization.create": "913758c3124c12df",
        "organization.update": "78ed21a8c6f39916",
        "receipt": "8510f71daefed3be",
        "receipts": "e9e8e3f14555cd38",
        "recovery.approve": "6460c5f3d416fdd2",
        "recovery.arrange": "515aff35dea78ec5",
        "recovery.cancel": "ae4c02d6e120e368",
        "recovery.start": "427a83e90477743b",
        "recovery.withdraw": "a44616a0abcd55f1",
        "revenue.claim": "a72a7f8cfc0e585b",
        "revenue.pay": "da23f0658f26e424",
        "revenue.transfer": "cce60661bf4fa2ba",
        "revenue.transferShare": "89aa5c2dedca5155",
        "terms.register": "67682d803101ac97",
        "transaction": "dc29b57317b8134d",
        "transaction.body": "d77dc66cc5d3beaa",
    ]

    static let examples: [(name: String, bytes: [UInt8])] =
        Examples.all.map { ($0.name, $0.encoded) } + [
            ("transaction.body", Formats.body.encoded), ("transaction", Formats.transaction.bytes),
            ("header", Formats.header.encoded), ("block", Formats.block.encoded),
            ("finalizedBlock", Formats.finalized[0].encoded), ("finalizedBlock.bare", Formats.finalized[1].encoded),
            ("evidence", Formats.evidence.flatMap(\.encoded)), ("certificate", Formats.certificate.encoded),
            ("receipt", Formats.receipts.due.encoded), ("receipts", Formats.receipts.encoded),
            ("event", Formats.event.encoded), ("genesis", Formats.genesis.encoded),
        ]

    static func short(_ bytes: [UInt8]) -> String {
        String(SHA256.hash(bytes).description.prefix(16))
    }

    @Test("The bytes of every format are what they were")
    func formats() {
        #expect(Set(Self.golden.keys) == Set(Self.examples.map(\.name)))
        for (name, bytes) in Self.examples {
            #expect(Self.golden[name] == Self.short(bytes), "\"\(name)\": \"\(Self.short(bytes))\",")
        }
    }

    @Test("Hashes by which things are named are what they were")
    func names() {
        #expect(
            Formats.block.hash == Formats.header.hash
                && Formats.header.hash == HashTag.header.hash(Formats.header.encoded))
        #expect(Formats.genesis.hash == HashTag.genesis.hash(Formats.genesis.encoded))
        #expect(Formats.body.hash == HashTag.transaction.hash(Formats.body.encoded))
    }

    @Test("Blocks, receipts and genesis come back from their bytes; genesis and header from their JSON too")
    func identity() throws {
        #expect(try Block(decoding: Formats.block.encoded) == Formats.block && !Formats.evidence.isEmpty)
        for one in Formats.finalized { #expect(try FinalizedBlock(decoding: one.encoded) == one) }
        #expect(try BlockReceipts(decoding: Formats.receipts.encoded) == Formats.receipts)
        #expect(try Genesis(decoding: Formats.genesis.encoded) == Formats.genesis)
        let genesis = try JSONDecoder().decode(Genesis.self, from: try JSONEncoder().encode(Formats.genesis))
        #expect(genesis == Formats.genesis)
        let header = try JSONDecoder().decode(BlockHeader.self, from: try JSONEncoder().encode(Formats.header))
        #expect(header == Formats.header)
        for operation in Examples.all {
            let json = try JSONEncoder().encode(operation)
            #expect(try JSONDecoder().decode(Operation.self, from: json) == operation)
        }
    }

    @Test("A block is its header's only with the very transactions, in their order, and the evidence")
    func bodies() {
        let transactions = Formats.block.transactions
        func header(_ transactions: [[UInt8]], _ evidence: [Evidence]) -> BlockHeader {
            let header = Formats.header
            return BlockHeader(
                network: header.network, height: header.height, parent: header.parent, time: header.time,
                epoch: header.epoch, proposer: header.proposer, validatorSet: header.validatorSet,
                transactionsRoot: Block.transactionsRoot(of: transactions), receiptsRoot: header.receiptsRoot,
                evidenceRoot: Block.evidenceRoot(of: evidence), stateRoot: header.stateRoot)
        }
        let own = header(transactions, Formats.evidence)
        #expect(Block(header: own, transactions: transactions, evidence: Formats.evidence).bodyMatchesHeader)
        #expect(
            !Block(header: own, transactions: transactions.reversed(), evidence: Formats.evidence).bodyMatchesHeader)
        #expect(!Block(header: own, transactions: [], evidence: Formats.evidence).bodyMatchesHeader)
        #expect(!Block(header: own, transactions: transactions, evidence: []).bodyMatchesHeader)
    }
}
