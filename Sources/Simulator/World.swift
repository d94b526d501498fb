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
internal import Synchronization
internal import Transactions
internal import Votes

/// What all nodes of a run have in common: genesis, keys, transactions, and what was verified once.
final class World {
    static let start = Timestamp(1_700_000_000_000)
    static let senders = 8
    static let sendersBalance: UInt64 = 1_000_000
    static let asset = Assets.genesisIdentifier(code: "EURX")

    let genesis: Genesis
    let network: Hash
    let genesisBlock: Block
    let genesisLayer: StateLayer
    /// By validator; behind those of the first set the key of the one that joins.
    let keys: [SecretKey]
    /// By node: validators, then observers.
    let transportKeys: [TransportKey]
    let senderKeys: [SecretKey]
    let memory = SignatureMemory()
    private var transactions: [[UInt8]: VerifiedTransaction] = [:]

    init(_ scenario: Scenario) throws {
        let validators = scenario.validators + (scenario.changesSet ? 1 : 0)
        keys = (0..<validators).map { Self.key(1, UInt64($0)) }
        transportKeys = try (0..<scenario.validators + scenario.observers).map { index in
            guard let key = TransportKey(Self.transportSecret(index).compressedPublicKey) else {
                throw SimulatorFailure("a compressed point is a transport key")
            }
            return key
        }
        senderKeys = (0..<Self.senders).map { Self.key(3, UInt64($0)) }
        genesis = Self.genesis(scenario, keys: keys, transportKeys: transportKeys, senders: senderKeys)
        network = genesis.hash
        (genesisBlock, genesisLayer) = try GenesisExecutor.execute(genesis)
    }

    private static func key(_ group: UInt64, _ number: UInt64) -> SecretKey {
        guard let key = SecretKey(Bytes32(0, 0, group, number + 1)) else {
            preconditionFailure("a small scalar is a key")
        }
        return key
    }

    private static func transportSecret(_ index: Int) -> SecretKey { key(2, UInt64(index)) }

    /// Member of every institution.
    private static let administrator = key(4, 0)

    private static func institution(_ index: Int) -> OrganizationID { OrganizationID(Bytes32(9, 9, 9, UInt64(index))) }

    private static func genesis(
        _ scenario: Scenario, keys: [SecretKey], transportKeys: [TransportKey], senders: [SecretKey]
    ) -> Genesis {
        let accounts = ([administrator] + senders).map {
            GenesisAccount(address: $0.address, kind: .institution, sponsor: .organization(institution(0)))
        }
        let profile = OrganizationProfile(
            kind: .institution, name: "Hospital", jurisdiction: "DE",
            members: [Member(account: administrator.address, role: .administrator)],
            policies: [ClassPolicy(.administration, threshold: 1)])
        let board = Party.account(administrator.address)
        let issuer = Party.account(senders[0].address)
        return Genesis(
            name: "simulated", kind: .test, time: start,
            governance: GovernanceGenesis(
                parameters: LedgerParameters(
                    epochLength: scenario.epochLength, deltaMilliseconds: scenario.deltaMilliseconds,
                    heartbeatMilliseconds: scenario.heartbeatMilliseconds, blockWeight: 500_000,
                    clockSkewMilliseconds: 2_000),
                validators: keys.prefix(scenario.validators).enumerated().map { index, key in
                    GenesisValidator(
                        name: "node \(index)", institution: .organization(institution(index)), key: key.address,
                        transportKey: ByteString(transportKeys[index].bytes))
                }),
            identities: IdentitiesGenesis(
                parameters: IdentityParameters(accountsPerSponsor: 1_000, stateBytesPerSponsor: 1 << 30),
                accounts: accounts,
                organizations: keys.indices.map {
                    GenesisOrganization(id: institution($0), profile: profile, isEnrolled: true)
                },
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
                        issues: senders.map {
                            GenesisIssue(to: .account($0.address), amount: Amount(sendersBalance))
                        })
                ]),
            infts: INFTsGenesis(), licenses: LicensesGenesis())
    }

    // MARK: Transactions

    /// `sender` pays another one.
    func transfer(_ sender: Int, sequence: UInt64, to receiver: Int, amount: UInt64) throws -> VerifiedTransaction {
        let key = senderKeys[sender]
        let body = TransactionBody(
            network: network, sender: key.address, sequence: sequence, validUntil: nil,
            operations: [
                .revenue(
                    .transfer(
                        RevenueTransfer(
                            to: .account(senderKeys[receiver].address), asset: Self.asset, amount: Amount(amount))))
            ])
        let signature = Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero)
        return try ownTransaction(body, signature)
    }

    /// As many of the institutions behind `voters` as accept it vote the node's institution into the set, or out of it.
    func decision(
        _ decision: SetChange, sequence: UInt64, at time: Timestamp, voters: ValidatorSet
    ) throws -> VerifiedTransaction {
        let change: GovernanceChange =
            switch decision {
            case .join(let node):
                .enroll(
                    EnrollmentRequest.signed(
                        network: network, name: "node \(node)", institution: .organization(Self.institution(node)),
                        validatorSecret: keys[node], transportSecret: Self.transportSecret(node), auxiliary: .zero))
            case .leave(let node): .remove(.organization(Self.institution(node)))
            }
        let institutions = voters.validators.prefix(voters.quorum).map(\.institution)
        let propose = Operation.governance(
            .propose(
                GovernancePropose(
                    institution: institutions[0], change: change, deadline: time.adding(milliseconds: 3_600_000),
                    rationale: .zero)))
        let votes = institutions.map {
            Operation.governance(.vote(GovernanceVote(proposal: .operation(0), institution: $0, approves: true)))
        }
        let key = Self.administrator
        let body = TransactionBody(
            network: network, sender: key.address, sequence: sequence, validUntil: nil, operations: [propose] + votes)
        let signature = Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero)
        return try ownTransaction(body, signature)
    }

    private func ownTransaction(_ body: TransactionBody, _ signature: Signature) throws -> VerifiedTransaction {
        let raw = body.signed([AccountSignature(account: body.sender, signature: signature)])
        // The signature was verified when it was made.
        let transaction = try VerifiedTransaction(fromOwnFinalLog: try SignedTransaction(raw), network: network)
        transactions[transaction.bytes] = transaction
        return transaction
    }

    /// Verifies what was not verified before.
    func verified(_ bytes: [UInt8]) throws(Rejection) -> VerifiedTransaction {
        if let known = transactions[bytes] { return known }
        let transaction = try VerifiedTransaction(try SignedTransaction(try RawTransaction(bytes)), network: network)
        transactions[bytes] = transaction
        return transaction
    }

    func sign(_ vote: Vote, validator: Int, key: SecretKey) -> SignedVote {
        let message = vote.message(network: network)
        let signature = memory.sign(message, by: key)
        return SignedVote(vote: vote, validator: validator, signature: signature)
    }
}

/// What is voted on, by node.
enum SetChange {
    case join(Int)
    case leave(Int)
}

/// A rule of the simulator itself, or of the ledger under it, does not hold.
struct SimulatorFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Answers about signatures, given once and remembered for all nodes of a run.
final class SignatureMemory: Sendable {
    private struct Question: Hashable {
        let signature: Signature
        let message: Hash
        let signer: Address
    }

    private struct Answers {
        var isGood: [Question: Bool] = [:]
        /// By message and signer: signing again gives the same signature.
        var signatures: [Hash: [(signer: Address, signature: Signature)]] = [:]
    }

    /// A mutex since the verifier's closure is Sendable; one thread uses it.
    private let answers = Mutex(Answers())

    func sign(_ message: Hash, by key: SecretKey) -> Signature {
        let known = answers.withLock { answers in
            answers.signatures[message]?.first { $0.signer == key.address }?.signature
        }
        if let known { return known }
        let signature = Schnorr.sign(message: message, secret: key, auxiliary: .zero)
        answers.withLock { answers in
            answers.signatures[message, default: []].append((key.address, signature))
            answers.isGood[Question(signature: signature, message: message, signer: key.address)] = true
        }
        return signature
    }

    func check(_ signature: Signature, _ message: Hash, _ signer: Address) -> Bool {
        let question = Question(signature: signature, message: message, signer: signer)
        if let known = answers.withLock({ $0.isGood[question] }) { return known }
        let answer = Schnorr.verify(signature, message: message, by: signer)
        answers.withLock { $0.isGood[question] = answer }
        return answer
    }
}
