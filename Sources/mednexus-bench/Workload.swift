import Blocks
import Consents
import Cryptography
import Governance
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import Transactions

/// The network that is measured, and what its accounts do: 9,900 accounts of eight institutions, and transfers of which
/// 80 % of the touches fall on 1 % of the accounts.
struct Workload {
    static let accountCount = 9_900
    static let hotCount = accountCount / 100
    static let assetCount = 120
    static let sponsorCount = 8

    let keys: [SecretKey]
    let validator: SecretKey
    /// The validators' keys, the first of them ``validator``; their transport keys are made of the same scalars.
    let validators: [SecretKey]
    let genesis: Genesis
    private var sequences: [UInt64]
    private var random = SeededGenerator(state: 7_411)
    private var nextPayer = 0

    /// The validator's key; its network exists for minutes.
    static let validatorSeed = Bytes32(7, 4, 1, 1)
    static func seed(ofValidator index: Int) -> Bytes32 { Bytes32(7, 4, 1, UInt64(index + 1)) }
    static let genesisTime = Timestamp(1_763_800_000_000)
    static let asset = Assets.genesisIdentifier(code: "EUR000")

    /// - Parameters:
    ///   - validatorCount: at most ``sponsorCount``, since each has an institution of its own.
    ///   - accountCount: at least a hundred.
    ///   - time: when the ledger begins; a ledger that is long behind its clock looks for work that fell due in between.
    init(
        validators validatorCount: Int = 1, accounts accountCount: Int = Self.accountCount,
        time: Timestamp = Self.genesisTime
    ) {
        keys = (0..<accountCount).map { Self.key(Bytes32(1, 2, 3, UInt64($0 + 1))) }
        sequences = Array(repeating: 0, count: accountCount)
        validators = (0..<validatorCount).map { Self.key(Self.seed(ofValidator: $0)) }
        validator = validators[0]
        // Where several share the cores each block is executed as often one after the other, and within Δ.
        genesis = Self.genesis(
            keys, validators, time: time,
            blockWeight: validatorCount == 1 ? 10_000_000 : 1_000_000 / UInt64(validatorCount))
    }

    static func key(_ bytes: Bytes32) -> SecretKey {
        guard let key = SecretKey(bytes) else { preconditionFailure("a small scalar is a key") }
        return key
    }

    private static func party(_ key: SecretKey) -> Party { .account(key.address) }

    static func sponsor(_ index: Int) -> OrganizationID {
        OrganizationID(Bytes32(9, 9, 9, UInt64(index % sponsorCount)))
    }

    /// Account 0 is accreditor, issuer and every institution's administrator. The block's weight is the largest there
    /// may be, so that a block's transactions are what bounds it.
    static func genesis(
        _ keys: [SecretKey], _ validators: [SecretKey], time: Timestamp = genesisTime, epochLength: UInt64 = 1_000_000,
        heartbeatMilliseconds: UInt64 = 86_400_000, blockWeight: UInt64 = 10_000_000
    ) -> Genesis {
        let organizations = (0..<sponsorCount).map { index in
            GenesisOrganization(
                id: sponsor(index),
                profile: OrganizationProfile(
                    kind: .institution, name: "Institution \(index)", jurisdiction: "DE",
                    members: [Member(account: keys[0].address, role: .administrator)],
                    policies: [ClassPolicy(.administration, threshold: 1)]),
                isEnrolled: true)
        }
        let assets = (0..<assetCount).map { index in
            GenesisAsset(
                code: "EUR\(index / 100)\(index / 10 % 10)\(index % 10)", title: "Settlement euro \(index)", scale: 2,
                issuer: party(keys[0]), freezePolicy: .never)
        }
        return Genesis(
            name: "bench", kind: .test, time: time,
            governance: GovernanceGenesis(
                parameters: LedgerParameters(
                    epochLength: epochLength, deltaMilliseconds: 500, heartbeatMilliseconds: heartbeatMilliseconds,
                    blockWeight: blockWeight, clockSkewMilliseconds: 2_000),
                validators: validators.enumerated().map { index, validator in
                    GenesisValidator(
                        name: "node-\(index)", institution: .organization(sponsor(index)), key: validator.address,
                        transportKey: ByteString(validator.compressedPublicKey))
                }),
            identities: IdentitiesGenesis(
                parameters: IdentityParameters(accountsPerSponsor: 100_000, stateBytesPerSponsor: 1 << 40),
                accounts: keys.enumerated().map { index, key in
                    GenesisAccount(
                        address: key.address, kind: index == 0 ? .institution : .researcher,
                        sponsor: .organization(sponsor(index)))
                },
                organizations: organizations,
                accreditors: [GenesisAccreditor(party: party(keys[0]), types: CredentialType.allCases)]),
            consents: ConsentsGenesis(), revenue: RevenueGenesis(issuers: [party(keys[0])], assets: assets),
            infts: INFTsGenesis(), licenses: LicensesGenesis())
    }

    /// Bodies that give every account a million units, 64 issues each, and the index of who signs.
    mutating func funding(network: Hash) -> [(signer: Int, body: TransactionBody)] {
        stride(from: 0, to: keys.count, by: WireLimits.operationsPerTransaction).map { start in
            let operations = keys[start..<min(start + WireLimits.operationsPerTransaction, keys.count)].map { key in
                Operation.revenue(
                    .issue(AssetIssue(asset: Self.asset, to: Self.party(key), amount: Amount(1_000_000_000))))
            }
            return (0, body(network, signer: 0, operations))
        }
    }

    mutating func transfers(_ count: Int, network: Hash) -> [(signer: Int, body: TransactionBody)] {
        (0..<count).map { _ in
            let payer = touched()
            var payee = touched()
            while payee == payer { payee = touched() }
            let transfer = RevenueTransfer(
                to: Self.party(keys[payee]), asset: Self.asset, amount: Amount(1 + random.next() % 100))
            return (payer, body(network, signer: payer, [.revenue(.transfer(transfer))]))
        }
    }

    /// Transfers of which every account pays in turn, so that each has few that wait for one another.
    mutating func spreadTransfers(_ count: Int, network: Hash) -> [(signer: Int, body: TransactionBody)] {
        (0..<count).map { _ in
            nextPayer = (nextPayer + 1) % keys.count
            var payee = touched()
            while payee == nextPayer { payee = touched() }
            let transfer = RevenueTransfer(
                to: Self.party(keys[payee]), asset: Self.asset, amount: Amount(1 + random.next() % 100))
            return (nextPayer, body(network, signer: nextPayer, [.revenue(.transfer(transfer))]))
        }
    }

    private mutating func touched() -> Int {
        let isHot = random.next() % 100 < 80
        return Int(random.next() % UInt64(isHot ? keys.count / 100 : keys.count))
    }

    mutating func body(_ network: Hash, signer: Int, _ operations: [Operation]) -> TransactionBody {
        let body = TransactionBody(
            network: network, sender: keys[signer].address, sequence: sequences[signer], validUntil: nil,
            operations: operations)
        sequences[signer] += 1
        return body
    }

    func signed(_ one: (signer: Int, body: TransactionBody)) -> [UInt8] { Self.signed(one, keys: keys) }

    private static func signed(_ one: (signer: Int, body: TransactionBody), keys: [SecretKey]) -> [UInt8] {
        let key = keys[one.signer]
        let signature = Schnorr.sign(message: one.body.hash, secret: key, auxiliary: .zero)
        return one.body.signed([AccountSignature(account: key.address, signature: signature)]).bytes
    }

    /// Signs on all cores; the complete bytes in the order of `bodies`.
    func sign(_ bodies: [(signer: Int, body: TransactionBody)]) async -> [[UInt8]] {
        await Self.sign(bodies, keys: keys)
    }

    static func sign(_ bodies: [(signer: Int, body: TransactionBody)], keys: [SecretKey]) async -> [[UInt8]] {
        await withTaskGroup(of: (Int, [[UInt8]]).self) { group in
            for start in stride(from: 0, to: bodies.count, by: 256) {
                let part = bodies[start..<min(start + 256, bodies.count)]
                group.addTask { (start, part.map { Self.signed($0, keys: keys) }) }
            }
            var parts: [(Int, [[UInt8]])] = []
            for await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }
}

/// SplitMix64: the same workload in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
