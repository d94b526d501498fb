import Blocks
import Consents
import Cryptography
import Encoding
import Execution
import Governance
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Transactions
import Votes

/// A chain of blocks in memory, from genesis on: two enrolled institutions, their people, two settlement assets.
final class Ledger {
    /// Sponsored by the hospital, but for dave and the clinic's administrator.
    static let people: [(name: String, kind: PartyKind)] = [
        ("board", .regulator), ("issuer", .institution), ("registrar", .institution), ("alice", .researcher),
        ("bob", .researcher), ("carol", .researcher), ("dave", .researcher), ("director", .institution),
        ("patient", .patient), ("relative", .professional),
    ]
    static let keys: [String: SecretKey] = {
        var keys: [String: SecretKey] = [:]
        for (index, person) in people.enumerated() {
            keys[person.name] = SecretKey(Bytes32(0, 0, 0, UInt64(index + 1)))
        }
        return keys
    }()
    static let hospital: OrganizationID = testIdentifier("hospital")
    static let clinic: OrganizationID = testIdentifier("clinic")
    static let euro = Assets.genesisIdentifier(code: "EURX")
    static let dollar = Assets.genesisIdentifier(code: "USDX")

    static func key(_ name: String) -> SecretKey {
        guard let key = keys[name] else { preconditionFailure("\(name) is not one of the people") }
        return key
    }

    static func address(_ name: String) -> Address { key(name).address }
    static func party(_ name: String) -> Party { .account(address(name)) }

    static func genesis(
        blockWeight: UInt64 = 500_000, epochLength: UInt64 = 1_000_000, accountsPerSponsor: UInt64 = 1_000,
        stateBytesPerSponsor: UInt64 = 1 << 30,
        funds: UInt64 = 1_000_000, institution: Party = .organization(hospital)
    ) -> Genesis {
        func profile(_ name: String, _ administrator: String) -> OrganizationProfile {
            OrganizationProfile(
                kind: .institution, name: name, jurisdiction: "DE",
                members: [Member(account: address(administrator), role: .administrator)],
                policies: [ClassPolicy(.administration, threshold: 1)])
        }
        func asset(_ code: String) -> GenesisAsset {
            GenesisAsset(
                code: code, title: code, scale: 2, issuer: party("issuer"), freezePolicy: .balancesAndAsset,
                issues: ["alice", "bob", "carol", "dave"].map { GenesisIssue(to: party($0), amount: Amount(funds)) })
        }
        return Genesis(
            name: "test", kind: .test, time: testStart,
            governance: GovernanceGenesis(
                parameters: LedgerParameters(
                    epochLength: epochLength, deltaMilliseconds: 500, heartbeatMilliseconds: 30_000,
                    blockWeight: blockWeight, clockSkewMilliseconds: 2_000),
                validators: [GenesisValidator(name: "node", institution: institution, key: address("registrar"))]),
            identities: IdentitiesGenesis(
                parameters: IdentityParameters(
                    accountsPerSponsor: accountsPerSponsor, stateBytesPerSponsor: stateBytesPerSponsor),
                accounts: people.map { person in
                    let sponsor = ["dave", "director"].contains(person.name) ? clinic : hospital
                    return GenesisAccount(
                        address: address(person.name), kind: person.kind, sponsor: .organization(sponsor))
                },
                organizations: [
                    GenesisOrganization(id: hospital, profile: profile("Hospital", "registrar"), isEnrolled: true),
                    GenesisOrganization(id: clinic, profile: profile("Clinic", "director"), isEnrolled: true),
                ],
                accreditors: [GenesisAccreditor(party: party("board"), types: CredentialType.allCases)],
                credentials: [
                    GenesisCredential(
                        id: testIdentifier("issuer"), issuer: party("board"), delegation: nil,
                        claim: CredentialClaim(
                            subject: party("issuer"), credentialType: .assetIssuer, validFrom: testStart))
                ]),
            consents: ConsentsGenesis(), revenue: RevenueGenesis(assets: [asset("EURX"), asset("USDX")]),
            infts: INFTsGenesis(), licenses: LicensesGenesis())
    }

    let genesis: Genesis
    private(set) var head: BlockHeader
    private(set) var state: LayeredSnapshot
    private(set) var blocks: [ExecutedBlock] = []
    /// What the last block refused.
    private(set) var refused: [(transaction: Hash, rejection: Rejection)] = []
    /// The clock of whoever proposes.
    var time = testStart

    init(_ genesis: Genesis = Ledger.genesis()) throws {
        self.genesis = genesis
        let (block, layer) = try GenesisExecutor.execute(genesis)
        state = LayeredSnapshot(EmptySnapshot()).adding(layer)
        head = block.header
    }

    /// Of the next block.
    var epoch: EpochContext {
        do {
            return try EpochContext(network: genesis.hash, networkKind: .test, following: state)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    func sequence(_ name: String) throws -> UInt64 {
        try Accounts.record(Ledger.address(name), in: state)?.sequence ?? 0
    }

    func body(
        _ operations: [Operation], by name: String, cosigners: [String] = [], actingFor: OrganizationID? = nil,
        ahead: UInt64 = 0, validFor: UInt64? = nil
    ) throws -> TransactionBody {
        let isJoint = !cosigners.isEmpty
        let valid = validFor ?? (isJoint ? 3_600_000 : nil)
        return TransactionBody(
            network: epoch.network, sender: Ledger.address(name), sequence: try sequence(name) + ahead,
            validUntil: valid.map { time.adding(milliseconds: $0) }, actingFor: actingFor, operations: operations)
    }

    /// Signed by the sender and `cosigners`, and verified.
    func transaction(
        _ operations: [Operation], by name: String, cosigners: [String] = [], actingFor: OrganizationID? = nil,
        ahead: UInt64 = 0
    ) throws -> VerifiedTransaction {
        let body = try body(operations, by: name, cosigners: cosigners, actingFor: actingFor, ahead: ahead)
        let hash = body.hash
        let signatures = ([name] + cosigners).map { name in
            AccountSignature(
                account: Ledger.address(name),
                signature: Schnorr.sign(message: hash, secret: Ledger.key(name), auxiliary: .zero))
        }
        return try VerifiedTransaction(try SignedTransaction(body.signed(signatures)), network: epoch.network)
    }

    /// Proposes a block of `candidates`, lets a validator execute its bytes, and makes it the head.
    @discardableResult
    func block(_ candidates: [VerifiedTransaction], after milliseconds: UInt64 = 1_000) throws -> ExecutedBlock {
        time = time.adding(milliseconds: milliseconds)
        let (executed, refused) = try BlockExecutor.propose(
            on: head, state: state, epoch: epoch, proposer: 0, time: time, candidates: candidates)
        self.refused = refused
        let validated = try BlockExecutor.execute(
            try Block(decoding: executed.block.encoded), transactions: executed.transactions, on: head, state: state,
            epoch: epoch)
        precondition(validated.layer.root == executed.layer.root && validated.receipts == executed.receipts)
        append(executed)
        return executed
    }

    func append(_ executed: ExecutedBlock) {
        head = executed.block.header
        let layer = state.layers.first.map { StateLayer.merging(older: $0, newer: executed.layer) } ?? executed.layer
        state = LayeredSnapshot(EmptySnapshot()).adding(layer)
        blocks.append(executed)
    }

    /// Changes the state after the last block by hand, as no rule would.
    func change(_ body: (StateOverlay) throws -> Void) throws {
        let overlay = StateOverlay(over: state)
        try body(overlay)
        let layer = try StateLayer.make(height: head.height, over: state, changes: overlay.changes, index: [])
        let all = state.layers.first.map { StateLayer.merging(older: $0, newer: layer) } ?? layer
        state = LayeredSnapshot(EmptySnapshot()).adding(all)
    }

    /// One transaction in a block of its own: the transaction's hash and its events. Throws the refusal.
    @discardableResult
    func act(
        _ operations: Operation..., by name: String, cosigners: [String] = [], actingFor: OrganizationID? = nil,
        after milliseconds: UInt64 = 1_000
    ) throws -> (hash: Hash, events: [any LedgerEvent]) {
        let transaction = try transaction(operations, by: name, cosigners: cosigners, actingFor: actingFor)
        let executed = try block([transaction], after: milliseconds)
        if let refusal = refused.first { throw Refusal.rejected(refusal.rejection) }
        let events = try executed.receipts.transactions[0].events.map { try DomainDispatch.event($0) }
        return (transaction.hash, events)
    }

    /// Every record of the state.
    func records() throws -> [StateEntry] {
        var records: [StateEntry] = []
        var next: Bytes32? = .zero
        while let from = next {
            let page = try state.entries(atOrAfter: from, limit: 1_000)
            records += page
            next = page.count < 1_000 ? nil : page.last?.path.successor
        }
        return records
    }

    /// Executes the chain again from genesis, from its bytes alone: where a root differs from its header's, in words.
    func replayDifference() throws -> String? {
        let again = try Ledger(genesis)
        for executed in blocks {
            let block = try Block(decoding: executed.block.encoded)
            let transactions = try block.transactions.map {
                try VerifiedTransaction(
                    fromOwnFinalLog: try SignedTransaction(try RawTransaction($0)), network: epoch.network)
            }
            do throws(BlockFailure) {
                again.append(
                    try BlockExecutor.execute(
                        block, transactions: transactions, on: again.head, state: again.state, epoch: again.epoch))
            } catch {
                return "block \(block.header.height): \(error)"
            }
        }
        return again.state.root == state.root ? nil : "another state after replay"
    }

    /// What is wrong with the money, by the records alone; empty if nothing is.
    func moneyProblems() throws -> [String] {
        var records = try records().makeIterator()
        let findings = try Conservation.recompute { records.next().map { ($0.key, $0.value) } }
        return findings.map(\.problem).filter { !$0.isEmpty }
    }

    func balance(_ name: String, _ asset: AssetID = Ledger.euro) throws -> UInt64 {
        try Balances.balance(of: Ledger.party(name), asset, in: state).units
    }

    // MARK: Operations that many tests use

    static func mint(
        _ title: String, by name: String, holders: [ShareHolder]? = nil, parents: [INFTID] = [],
        consentSet: ConsentSetID? = nil
    ) -> Operation {
        .infts(
            .mint(
                Mint(
                    inftClass: consentSet == nil ? .algorithm : .dataset,
                    content: .open(
                        OpenContent(
                            hash: testHash(title), size: 100, mediaType: "application/json",
                            location: "https://example.org/a")),
                    metadata: INFTMetadata(title: consentSet == nil ? title : "", language: "en"),
                    creators: [Creator(party: party(name), contribution: .whole, roles: [])],
                    holders: holders ?? [ShareHolder(party: party(name), share: .whole)], parents: parents.sorted(),
                    hasHumanData: consentSet != nil, consentSet: consentSet)))
    }

    static func percent(_ count: UInt64) -> PartsPerMillion { PartsPerMillion(count * 10_000) ?? .whole }

    /// Derivatives that may be sold and pay `share`.
    static func derivativeTerms(_ share: UInt64, fee: UInt64 = 0, asset: AssetID = euro) -> Terms {
        var terms = TermsPreset.derivativesAllowed.terms(asset: asset, fee: Amount(fee))
        terms.commercial.revenueShare = percent(share)
        return terms
    }

    static func transfer(_ amount: UInt64, to name: String, _ asset: AssetID = euro) -> Operation {
        .revenue(.transfer(RevenueTransfer(to: party(name), asset: asset, amount: Amount(amount))))
    }
}

extension Hash {
    /// The id of what operation `index` of the transaction with this hash made.
    func made<Kind>(_ index: Int = 0) -> Identifier<Kind> {
        makeIdentifier(transactionHash: self, operationIndex: index)
    }
}
