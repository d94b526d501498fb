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

/// The ledger that every run of the custodian's simulation begins with: an owner with two sealed INFTs, one of them about
/// people, offers with near and far deadlines, and a mandate for the custodian. Made once.
struct CustodianWorld: Sendable {
    static let start = Timestamp(1_700_000_000_000)
    static let asset = Assets.genesisIdentifier(code: "EURX")
    static let buyers = 3
    /// How soon a purchase has to be begun, by offer.
    static let beginWithin: [UInt64] = [300_000, 1_800_000, 10_800_000]

    let network: Hash
    let head: BlockHeader
    let state: LayeredSnapshot
    /// About nobody.
    let algorithm: INFTID
    /// Behind it stands a consent with a committed restriction, so that each release asks for the custodian's signature.
    let dataset: INFTID
    /// On the algorithm, then on the dataset.
    let offers: [OfferID]
    let consent: ConsentID
    let consentSet: ConsentSetID
    let mandate: MandateID
    /// Of the two INFTs' first versions.
    let sealingSecrets: [SealingSecret]

    static let owner = key(1)
    static let nextOwner = key(2)
    static let patient = key(3)
    static let custodian = key(4)
    static let administrator = key(5)
    static func buyer(_ index: Int) -> SecretKey { key(10 + UInt64(index)) }
    /// The custodian of the consent; the service is a member and signs for it.
    static let hospital = OrganizationID(Bytes32(9, 9, 9, 0))

    static func key(_ number: UInt64) -> SecretKey {
        guard let key = SecretKey(Bytes32(0, 0, 7, number)) else { preconditionFailure("a small scalar is a key") }
        return key
    }

    static func sealingSecret(_ bytes: Bytes32) -> SealingSecret {
        guard let secret = SealingSecret(bytes) else { preconditionFailure("all but a few in 2^128 are scalars") }
        return secret
    }

    static let shared = Result { try CustodianWorld() }

    init() throws {
        let genesis = Self.genesis
        network = genesis.hash
        let (block, layer) = try GenesisExecutor.execute(genesis)
        var ledger = CustodianLedger(
            network: network, head: block.header, state: LayeredSnapshot(EmptySnapshot()).adding(layer))
        let secrets = [Self.sealingSecret(Bytes32(0, 0, 8, 1)), Self.sealingSecret(Bytes32(0, 0, 8, 2))]
        sealingSecrets = secrets
        // The owner's transactions number 0: the algorithm; 1: the dataset; 2: terms, mandate and offers.
        let algorithm = try Self.mint(.algorithm, secrets[0], sequence: 0, consentSet: nil, network: network)
        let consents = try Self.consents(network: network)
        try ledger.setUp([algorithm, consents], at: 1_000)
        self.algorithm = makeIdentifier(transactionHash: algorithm.hash, operationIndex: 0)
        consent = makeIdentifier(transactionHash: consents.hash, operationIndex: 0)
        consentSet = makeIdentifier(transactionHash: consents.hash, operationIndex: 2)
        let dataset = try Self.mint(.dataset, secrets[1], sequence: 1, consentSet: consentSet, network: network)
        try ledger.setUp([dataset], at: 2_000)
        self.dataset = makeIdentifier(transactionHash: dataset.hash, operationIndex: 0)
        let offering = try Self.offering([self.algorithm, self.dataset], network: network)
        try ledger.setUp([offering], at: 3_000)
        mandate = makeIdentifier(transactionHash: offering.hash, operationIndex: 1)
        offers = (0..<2 * Self.beginWithin.count).map {
            makeIdentifier(transactionHash: offering.hash, operationIndex: 2 + $0)
        }
        head = ledger.head
        state = ledger.state
    }

    // MARK: Genesis

    private static var genesis: Genesis {
        let profile = OrganizationProfile(
            kind: .institution, name: "Hospital", jurisdiction: "DE",
            members: [
                Member(account: administrator.address, role: .administrator),
                Member(account: custodian.address, role: .service),
            ].sorted { $0.account < $1.account },
            policies: [
                ClassPolicy(.administration, threshold: 1, roles: [.administrator]),
                ClassPolicy(.consent, threshold: 1),
            ].sorted { $0.operationClass.rawValue < $1.operationClass.rawValue })
        let people = [owner, nextOwner] + (0..<buyers).map { buyer($0) }
        let accounts =
            people.map { ($0.address, PartyKind.researcher) } + [
                (administrator.address, .institution), (patient.address, .patient), (custodian.address, .service),
            ]
        let board = Party.account(administrator.address)
        let issuer = Party.account(nextOwner.address)
        return Genesis(
            name: "custodian", kind: .test, time: start,
            governance: GovernanceGenesis(
                parameters: LedgerParameters(
                    epochLength: 1_000_000, deltaMilliseconds: 500, heartbeatMilliseconds: 2_000,
                    blockWeight: 500_000, clockSkewMilliseconds: 2_000),
                validators: [
                    GenesisValidator(
                        name: "node", institution: .organization(hospital), key: administrator.address,
                        transportKey: ByteString(administrator.compressedPublicKey))
                ]),
            identities: IdentitiesGenesis(
                parameters: IdentityParameters(accountsPerSponsor: 1_000, stateBytesPerSponsor: 1 << 30),
                accounts: accounts.sorted { $0.0 < $1.0 }.map {
                    GenesisAccount(address: $0.0, kind: $0.1, sponsor: .organization(hospital))
                },
                organizations: [GenesisOrganization(id: hospital, profile: profile, isEnrolled: true)],
                accreditors: [GenesisAccreditor(party: board, types: CredentialType.allCases)],
                credentials: [
                    GenesisCredential(
                        id: CredentialID(Bytes32(8, 8, 8, 8)), issuer: board, delegation: nil,
                        claim: CredentialClaim(subject: issuer, credentialType: .assetIssuer, validFrom: start))
                ]),
            consents: ConsentsGenesis(),
            revenue: RevenueGenesis(
                assets: [
                    GenesisAsset(
                        code: "EURX", title: "Euro", scale: 2, issuer: issuer, freezePolicy: .never,
                        issues: (0..<buyers).map {
                            GenesisIssue(to: .account(buyer($0).address), amount: Amount(1_000_000))
                        })
                ]),
            infts: INFTsGenesis(), licenses: LicensesGenesis())
    }

    // MARK: What stands on the ledger when a run begins

    static func content(
        _ act: SealingAct, of inft: Bytes32?, version: UInt64, for secret: SealingSecret, sequence: UInt64,
        key: Bytes32, network: Hash
    ) throws -> ContentVersion {
        guard let point = ContentPoint(randomness: key) else { throw SimulatorFailure("a content key is a scalar") }
        let here = SealingStatement.madeHere(sender: owner.address, sequence: sequence, operationIndex: 0)
        let party = Party.account(owner.address)
        let statement = SealingStatement(
            network: network, act: act, inft: inft ?? here, version: version, subject: here, from: party, to: party)
        let (sealed, scalar) = try SealedKeys.seal(point, to: secret.key, randomness: key)
        return .sealed(
            SealedContent(
                root: root(of: key), size: 70_000, mediaType: "application/json", cipherSuite: .aes256GCMStream,
                keyCommitment: Hash(key), salt: Hash(key), sealingKey: secret.key, sealedKey: sealed,
                possession: SealedKeys.provePossession(secret, statement: statement, randomness: key),
                origin: try SealedKeys.proveOrigin(
                    scalar, of: sealed, to: secret.key, statement: statement, randomness: key)))
    }

    static func root(of key: Bytes32) -> Hash { HashTag.identifier.hash(key.array) }

    private static func mint(
        _ inftClass: INFTClass, _ secret: SealingSecret, sequence: UInt64, consentSet: ConsentSetID?, network: Hash
    ) throws -> VerifiedTransaction {
        let party = Party.account(owner.address)
        let mint = Mint(
            inftClass: inftClass,
            content: try content(
                .mint, of: nil, version: 1, for: secret, sequence: sequence, key: Bytes32(0, 1, 8, sequence + 1),
                network: network),
            metadata: INFTMetadata(title: consentSet == nil ? "A work" : "", language: "en"),
            creators: [Creator(party: party, contribution: .whole, roles: [])],
            holders: [ShareHolder(party: party, share: .whole)], hasHumanData: consentSet != nil,
            consentSet: consentSet)
        return try CustodianLedger.sign([.infts(.mint(mint))], by: [owner], sequence: sequence, network: network)
    }

    private static func consents(network: Hash) throws -> VerifiedTransaction {
        let owners: SortedList<ActorSelector> = SortedList(
            [.party(.account(owner.address)), .party(.account(nextOwner.address))])
        let policy = ConsentPolicy(provisions: [
            Provision(.permit, actors: owners, actions: [.deposit, .discover]),
            Provision(.permit, actions: [.access], purposes: [.research], restrictions: [0]),
        ])
        let grant = ConsentGrant(
            scope: .individual, subject: .account(patient.address), custodian: .organization(hospital),
            policy: policy,
            commitments: [CommittedRestriction(kind: .disease, commitment: Hash(Bytes32(1, 2, 3, 4)))])
        return try CustodianLedger.sign(
            [
                .consents(.grant(grant)), .consents(.countersign(ConsentCountersign(consent: .operation(0)))),
                .consents(
                    .createSet(ConsentSetCreate(custodian: .organization(hospital), members: [.operation(0)]))),
            ], by: [patient, custodian], sequence: 0, network: network)
    }

    private static func offering(_ infts: [INFTID], network: Hash) throws -> VerifiedTransaction {
        let terms = Terms(
            commercial: CommercialTerms(isAllowed: false), derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(), payment: PaymentTerms(asset: asset, fee: Amount(100)),
            scope: ScopeTerms(purposes: [.research], fieldsOfUse: [.research]), legalText: nil)
        var operations: [Operation] = [
            .licenses(.registerTerms(RegisterTerms(terms: terms))),
            .identities(.grantMandate(GrantMandate(grant: grant))),
        ]
        for inft in infts {
            for time in beginWithin {
                operations.append(
                    .licenses(
                        .createOffer(
                            CreateOffer(
                                inft: .id(inft), terms: terms.id,
                                delivery: OfferDelivery(
                                    beginWithinMilliseconds: time, disputeWindowMilliseconds: 60_000)))))
            }
        }
        return try CustodianLedger.sign(operations, by: [owner], sequence: 2, network: network)
    }

    /// What the owner lets the custodian do.
    static var grant: MandateGrant {
        MandateGrant(
            delegate: custodian.address, operations: [.beginLicense, .beginTransfer],
            validUntil: start.adding(milliseconds: 30 * 86_400_000))
    }
}
