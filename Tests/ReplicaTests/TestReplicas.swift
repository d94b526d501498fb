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
import Replica
import Revenue
import StateModel
import TestSupport
import Transactions
import Votes

/// What a node keeps through a crash.
struct TestDisk {
    var journal: [JournalRecord] = []
    var guardRecord: GuardRecord
    /// Every certificate it ever journaled, which block sync would serve.
    var certificates: [Certificate] = []
    var bodies: [Hash: Block] = [:]
    /// Final blocks by height, genesis first, and the certificate of the last.
    var log: [Block]
    var finalization: Certificate?
    var layers: [StateLayer]
    /// Every block that was ever called final, in the order in which it was.
    var announced: [Hash] = []
    /// The certificate of each final block, by height.
    var finalizations: [UInt64: Certificate] = [:]
}

/// Replicas on one simulated clock; what they send arrives ten milliseconds later.
struct TestReplicas {
    static let start = Timestamp(1_700_000_000_000)
    static let senders = (0..<4).map { key(UInt64(100 + $0)) }
    static let asset = Assets.genesisIdentifier(code: "EURX")
    static func hospital(_ index: Int) -> OrganizationID { testIdentifier("hospital \(index)") }

    static func key(_ number: UInt64) -> SecretKey {
        guard let key = SecretKey(Bytes32(0, 0, 0, number)) else { preconditionFailure("a small scalar is a key") }
        return key
    }

    static func transportKey(_ index: Int) -> TransportKey {
        guard let key = TransportKey([2] + key(UInt64(index + 1)).address.bytes.array) else {
            preconditionFailure("a compressed point names a peer")
        }
        return key
    }

    static func genesis(validators: Int, epochLength: UInt64) -> Genesis {
        let administrator = key(99).address
        let accounts = ([key(99)] + senders).map {
            GenesisAccount(address: $0.address, kind: .institution, sponsor: .organization(hospital(0)))
        }
        let profile = OrganizationProfile(
            kind: .institution, name: "Hospital", jurisdiction: "DE",
            members: [Member(account: administrator, role: .administrator)],
            policies: [ClassPolicy(.administration, threshold: 1)])
        let board = Party.account(administrator)
        let issuer = Party.account(key(100).address)
        let claim = CredentialClaim(subject: issuer, credentialType: .assetIssuer, validFrom: start)
        return Genesis(
            name: "test", kind: .test, time: start,
            governance: GovernanceGenesis(
                parameters: LedgerParameters(
                    epochLength: epochLength, deltaMilliseconds: 500, heartbeatMilliseconds: 30_000,
                    blockWeight: 500_000, clockSkewMilliseconds: 2_000),
                validators: (0..<validators).map {
                    GenesisValidator(
                        name: "node \($0)", institution: .organization(hospital($0)), key: key(UInt64($0 + 1)).address,
                        transportKey: ByteString(transportKey($0).bytes))
                }),
            identities: IdentitiesGenesis(
                parameters: IdentityParameters(accountsPerSponsor: 1_000, stateBytesPerSponsor: 1 << 30),
                accounts: accounts,
                organizations: (0..<validators).map {
                    GenesisOrganization(id: hospital($0), profile: profile, isEnrolled: true)
                },
                accreditors: [GenesisAccreditor(party: board, types: CredentialType.allCases)],
                credentials: [
                    GenesisCredential(id: testIdentifier("issuer"), issuer: board, delegation: nil, claim: claim)
                ]),
            consents: ConsentsGenesis(),
            revenue: RevenueGenesis(
                assets: [
                    GenesisAsset(
                        code: "EURX", title: "Euro", scale: 2, issuer: issuer, freezePolicy: .never,
                        issues: senders.map { GenesisIssue(to: .account($0.address), amount: Amount(1_000_000)) })
                ]),
            infts: INFTsGenesis(), licenses: LicensesGenesis())
    }

    let genesis: Genesis
    let keys: [SecretKey]
    var disks: [TestDisk]
    var replicas: [Replica] = []
    var verifiers: [MessageVerifier] = []
    var now = TestReplicas.start
    var stops: [String] = []
    var refusals: [Rejection] = []
    /// Power fails before the effect with this number; nil: never.
    var effectsUntilCrash: Int?
    var effectCount = 0
    private var requested: [TransportKey: Int] = [:]
    private var queue: [(time: Timestamp, node: Int, input: ReplicaInput)] = []

    init(_ count: Int, epochLength: UInt64 = 1_000) throws {
        genesis = Self.genesis(validators: count, epochLength: epochLength)
        keys = (0..<count).map { Self.key(UInt64($0 + 1)) }
        let (block, layer) = try GenesisExecutor.execute(genesis)
        let network = genesis.hash
        disks = keys.map {
            TestDisk(
                guardRecord: GuardRecord(network: network, key: $0.address), log: [block], layers: [layer])
        }
        verifiers = keys.map { _ in MessageVerifier(network: network) }
        for index in 0..<count { replicas.append(try open(index)) }
        for index in 0..<count { begin(index) }
    }

    private mutating func begin(_ index: Int) {
        send(index, .start)
        for other in keys.indices where other != index { send(index, .connected(Self.transportKey(other))) }
    }

    private func snapshot(_ index: Int) -> LayeredSnapshot {
        LayeredSnapshot(EmptySnapshot(), layersNewestFirst: disks[index].layers.reversed())
    }

    /// What each node's operator has laid in.
    var restarts: [Int: EpochRestart] = [:]

    /// Of the programs that run the nodes; 1.0.0 of those that are not named.
    var releases: [Int: Primitives.Release] = [:]

    private func open(_ index: Int) throws -> Replica {
        let disk = disks[index]
        return try Replica(
            ReplicaConfiguration(
                network: genesis.hash, networkKind: .test, ownKey: keys[index].address, restart: restarts[index],
                release: releases[index] ?? Primitives.Release(1, 0, 0)),
            recovery: ReplicaRecovery(
                head: disk.log[disk.log.count - 1].header, finalization: disk.finalization, state: snapshot(index),
                journal: disk.journal, guardVotes: disk.guardRecord.votes))
    }

    /// Everything in memory and on the way is lost; the disks stay.
    mutating func restartAll() throws {
        queue = []
        effectsUntilCrash = nil
        for index in replicas.indices { replicas[index] = try open(index) }
        for index in replicas.indices { begin(index) }
    }

    mutating func send(_ node: Int, _ input: ReplicaInput, after milliseconds: UInt64 = 0) {
        queue.append((now.adding(milliseconds: milliseconds), node, input))
    }

    /// False if the power failed.
    @discardableResult
    mutating func run(milliseconds: UInt64) -> Bool {
        let end = now.adding(milliseconds: milliseconds)
        var nextTick = now
        while true {
            if nextTick <= end, queue.allSatisfy({ $0.time > nextTick }) {
                now = nextTick
                nextTick = nextTick.adding(milliseconds: 1_000)
                for node in replicas.indices { send(node, .tick) }
            }
            guard let first = queue.indices.min(by: { (queue[$0].time, $0) < (queue[$1].time, $1) }),
                queue[first].time <= end
            else { break }
            let next = queue.remove(at: first)
            now = max(now, next.time)
            for effect in replicas[next.node].step(next.input, now: now) {
                effectCount += 1
                if let left = effectsUntilCrash {
                    guard left > 0 else { return false }
                    effectsUntilCrash = left - 1
                }
                perform(effect, of: next.node)
            }
        }
        now = end
        return true
    }

    private mutating func perform(_ effect: ReplicaEffect, of node: Int) {
        switch effect {
        case .persistJournal(let records):
            disks[node].journal += records
            for case .certificate(let certificate) in records { disks[node].certificates.append(certificate) }
        case .trimJournal(let position): disks[node].journal.removeAll { $0.position < position }
        case .storeBody(let block): disks[node].bodies[block.hash] = block
        case .sign(let vote): sign(vote, by: node)
        case .send(let message, let receivers):
            if case .transactionsRequest(let tags) = message {
                for key in receivers { requested[key, default: 0] += tags.count }
            }
            for other in replicas.indices where other != node && receivers.contains(Self.transportKey(other)) {
                deliver(message, from: node, to: other)
            }
        case .loadBlock(let hash):
            let block = disks[node].bodies[hash] ?? disks[node].log.first { $0.hash == hash }
            send(node, .loaded(hash, block.flatMap { LoadedBlock($0, verified($0)) }))
        case .sendBlock(let hash, let key):
            guard let block = disks[node].bodies[hash] ?? disks[node].log.first(where: { $0.hash == hash }) else {
                return
            }
            answer(.block(block), from: node, to: key)
        case .sendBlocks(let range, let key):
            let blocks = disks[node].log.dropFirst(Int(range.first.value)).prefix(range.count).map { block in
                FinalizedBlock(block: block, certificate: disks[node].finalizations[block.header.height.value])
            }
            answer(.blocks(blocks), from: node, to: key)
        case .setTimer(let timer, let delay): send(node, .timer(timer), after: delay)
        case .finalize(let blocks):
            for final in blocks {
                disks[node].log.append(final.executed.block)
                disks[node].layers.append(final.executed.layer)
                disks[node].announced.append(final.executed.block.hash)
                disks[node].finalizations[final.executed.block.header.height.value] = final.certificate
            }
            disks[node].finalization = blocks.last?.certificate
            send(node, .finalState(snapshot(node)))
        case .refused(_, let rejection): refusals.append(rejection)
        case .upgradeDue(let plan): stops.append("the network asks for release \(plan.release)")
        case .anotherCopy(let position): stops.append("another copy voted in view \(position)")
        case .stop(let reason): stops.append(reason)
        case .offense(_, let offense): stops.append(offense.description)
        case .epochBegan(let information): verifiers[node].begin(information.epoch, information.validators)
        case .admitted, .report, .learned: break
        }
    }

    private mutating func sign(_ vote: Vote, by node: Int) {
        switch disks[node].guardRecord.decide(vote) {
        case .refuse: return
        case .signAgain: break
        case .sign(let record): disks[node].guardRecord = record
        }
        send(node, .signed(signed(vote, by: node)))
    }

    private mutating func answer(_ message: PeerMessage, from node: Int, to key: TransportKey) {
        for other in replicas.indices where key == Self.transportKey(other) { deliver(message, from: node, to: other) }
    }

    private func verified(_ block: Block) -> [VerifiedTransaction] {
        block.transactions.compactMap { bytes in
            (try? RawTransaction(bytes)).flatMap { try? SignedTransaction($0) }
                .flatMap { try? VerifiedTransaction($0, network: genesis.hash) }
        }
    }

    /// Encoded and decoded, as on a wire; verified where it arrives.
    private mutating func deliver(_ message: PeerMessage, from sender: Int, to node: Int) {
        guard isLinked(sender, node), !dropped(message) else { return }
        sent.append((message, node))
        do {
            let decoded = try PeerMessage(decoding: message.encoded)
            let transactions = try MessageVerifier.transactions(in: decoded).map {
                try VerifiedTransaction(try SignedTransaction(try RawTransaction($0)), network: genesis.hash)
            }
            guard let verified = try verifiers[node].verify(decoded, transactions: transactions) else { return }
            send(node, .message(verified, from: Self.transportKey(sender)), after: 10)
        } catch {
            stops.append("\(sender) → \(node): \(error)")
        }
    }

    /// Links that are cut carry nothing, and nobody is told.
    var cut: Set<[Int]> = []
    /// Messages that are lost.
    var dropped: (PeerMessage) -> Bool = { _ in false }
    /// What arrived, and where.
    var sent: [(message: PeerMessage, receiver: Int)] = []

    mutating func isolate(_ node: Int) {
        for other in replicas.indices where other != node {
            cut.insert([node, other])
            cut.insert([other, node])
        }
    }

    mutating func heal() { cut = [] }

    /// A message that `sender` never said.
    mutating func inject(_ message: PeerMessage, from sender: Int, to node: Int) throws {
        let transactions = try MessageVerifier.transactions(in: message).map {
            try VerifiedTransaction(try SignedTransaction(try RawTransaction($0)), network: genesis.hash)
        }
        guard let verified = try verifiers[node].verify(message, transactions: transactions) else { return }
        send(node, .message(verified, from: Self.transportKey(sender)))
    }

    /// Verified by another than the receiver's verifier, which may know an epoch that that one does not know yet.
    mutating func inject(
        _ message: PeerMessage, from sender: Int, to node: Int, verifiedBy verifier: MessageVerifier
    ) throws {
        guard let verified = try verifier.verify(message, transactions: []) else { return }
        send(node, .message(verified, from: Self.transportKey(sender)), after: 1)
    }

    mutating func inject(_ message: PeerMessage, fromKey key: TransportKey, to node: Int) throws {
        guard let verified = try verifiers[node].verify(message, transactions: []) else { return }
        send(node, .message(verified, from: key))
    }

    /// How many transactions a peer was asked for.
    func requestedTags(of key: TransportKey) -> Int { requested[key] ?? 0 }

    func signed(_ restart: Epoch, on block: Hash, by nodes: [Int]) -> EpochRestart {
        let message = EpochRestart.message(network: genesis.hash, epoch: restart, lastBlock: block)
        return EpochRestart(
            epoch: restart, lastBlock: block,
            signatures: nodes.map { node in
                EpochRestart.Signed(
                    validator: node,
                    signature: Schnorr.sign(message: message, secret: keys[node], auxiliary: .zero))
            })
    }

    func signed(_ vote: Vote, by node: Int) -> SignedVote {
        let signature = Schnorr.sign(
            message: vote.message(network: genesis.hash), secret: keys[node], auxiliary: .zero)
        return SignedVote(vote: vote, validator: node, signature: signature)
    }

    private func isLinked(_ one: Int, _ other: Int) -> Bool { !cut.contains([one, other]) }

    /// `sender` pays the next one a unit.
    func transfer(_ sender: Int, sequence: UInt64) throws -> VerifiedTransaction {
        let key = Self.senders[sender]
        let receiver = Self.senders[(sender + 1) % Self.senders.count].address
        let body = TransactionBody(
            network: genesis.hash, sender: key.address, sequence: sequence, validUntil: nil,
            operations: [
                .revenue(.transfer(RevenueTransfer(to: .account(receiver), asset: Self.asset, amount: Amount(1))))
            ])
        let signature = AccountSignature(
            account: key.address, signature: Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero))
        return try VerifiedTransaction(try SignedTransaction(body.signed([signature])), network: genesis.hash)
    }

    /// The administrator of all institutions proposes, and as many of them as decide vote yes.
    func decision(_ change: GovernanceChange, sequence: UInt64) throws -> VerifiedTransaction {
        let key = Self.key(99)
        let propose = GovernancePropose(
            institution: .organization(Self.hospital(0)), change: change, deadline: now.adding(milliseconds: 3_600_000),
            rationale: .zero)
        let quorum = keys.count - (keys.count - 1) / 3
        let votes = (0..<quorum).map {
            GovernanceVote(proposal: .operation(0), institution: .organization(Self.hospital($0)), approves: true)
        }
        let body = TransactionBody(
            network: genesis.hash, sender: key.address, sequence: sequence, validUntil: nil,
            operations: [.governance(.propose(propose))] + votes.map { .governance(.vote($0)) })
        let signature = AccountSignature(
            account: key.address, signature: Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero))
        return try VerifiedTransaction(try SignedTransaction(body.signed([signature])), network: genesis.hash)
    }

    /// Transactions that are final at a node.
    func finalTransactions(_ node: Int) -> Int { disks[node].log.reduce(0) { $0 + $1.transactions.count } }

    /// Every log is one chain, without gaps or repetitions, and no two nodes differ.
    var areChainsSound: Bool {
        for disk in disks {
            for (parent, child) in zip(disk.log, disk.log.dropFirst())
            where child.header.parent != parent.hash || child.header.height != parent.header.height.next {
                return false
            }
            guard Set(disk.announced).count == disk.announced.count else { return false }
            guard zip(disk.log, disks[0].log).allSatisfy({ $0.hash == $1.hash }) else { return false }
            guard zip(disk.log, disk.layers).allSatisfy({ $0.header.stateRoot == $1.root }) else { return false }
        }
        return true
    }
}
