internal import Blocks
internal import Consents
internal import Cryptography
internal import Execution
internal import Governance
internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import Revenue
internal import StateModel
internal import Transactions

/// The ledger that every royalty history begins with: six parties with money in two assets, and arbiters, since nothing
/// can be disputed without. Made once.
struct RoyaltyWorld: Sendable {
    static let start = Timestamp(1_700_000_000_000)
    static let parties = 6
    static let arbiters = 5
    static let funds: UInt64 = 1_000_000_000
    static let codes = ["EURX", "USDX"]
    static let assets = codes.map { Assets.genesisIdentifier(code: $0) }

    let network: Hash
    let ledger: RoyaltyLedger

    static func key(_ index: Int) -> SecretKey {
        guard let key = SecretKey(Bytes32(0, 0, 11, UInt64(index + 1))) else {
            preconditionFailure("a small scalar is a key")
        }
        return key
    }

    static let addresses = (0..<parties).map { key($0).address }
    static func party(_ index: Int) -> Party { .account(addresses[index]) }

    static let shared = Result { try RoyaltyWorld() }

    init() throws {
        let genesis = Self.genesis
        network = genesis.hash
        let (block, layer) = try GenesisExecutor.execute(genesis)
        var ledger = RoyaltyLedger(
            network: network, head: block.header, state: LayeredSnapshot(EmptySnapshot()).adding(layer))
        for arbiter in 0..<Self.arbiters {
            let outcome = try ledger.act(
                [.licenses(.enrollArbiter(EnrollArbiter()))], by: [Self.key(Self.parties + arbiter).address],
                after: 1_000)
            if let refusal = outcome.refusal { throw SimulatorFailure("the world can't be made: \(refusal)") }
        }
        self.ledger = ledger
    }

    private static var genesis: Genesis {
        let board = key(100).address
        let hospital = OrganizationID(Bytes32(9, 9, 9, 1))
        let profile = OrganizationProfile(
            kind: .institution, name: "Hospital", jurisdiction: "DE",
            members: [Member(account: board, role: .administrator)],
            policies: [ClassPolicy(.administration, threshold: 1, roles: [.administrator])])
        let arbiterKeys = (0..<arbiters).map { key(parties + $0).address }
        let accounts = addresses + arbiterKeys + [board]
        return Genesis(
            name: "royalties", kind: .test, time: start,
            governance: GovernanceGenesis(
                parameters: LedgerParameters(
                    epochLength: 1_000_000, deltaMilliseconds: 500, heartbeatMilliseconds: 2_000,
                    blockWeight: 500_000, clockSkewMilliseconds: 2_000),
                validators: [GenesisValidator(name: "node", institution: .organization(hospital), key: board)]),
            identities: IdentitiesGenesis(
                parameters: IdentityParameters(accountsPerSponsor: 1_000, stateBytesPerSponsor: 1 << 30),
                accounts: accounts.sorted().map {
                    GenesisAccount(
                        address: $0, kind: $0 == board ? .institution : .researcher, sponsor: .organization(hospital))
                },
                organizations: [GenesisOrganization(id: hospital, profile: profile, isEnrolled: true)],
                accreditors: [GenesisAccreditor(party: .account(board), types: CredentialType.allCases)],
                credentials: arbiterKeys.enumerated().map { index, arbiter in
                    GenesisCredential(
                        id: CredentialID(Bytes32(8, 8, 8, UInt64(index))), issuer: .account(board), delegation: nil,
                        claim: CredentialClaim(
                            subject: .account(arbiter), credentialType: .arbiter, validFrom: start))
                }),
            consents: ConsentsGenesis(),
            revenue: RevenueGenesis(
                issuers: [.account(board)],
                assets: codes.map { code in
                    GenesisAsset(
                        code: code, title: code, scale: 2, issuer: .account(board), freezePolicy: .never,
                        issues: (0..<parties).map { GenesisIssue(to: party($0), amount: Amount(funds)) })
                }),
            infts: INFTsGenesis(), licenses: LicensesGenesis())
    }
}
