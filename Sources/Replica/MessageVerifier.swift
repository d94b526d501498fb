internal import Blocks
public import Cryptography
public import Primitives
public import Transactions
public import Votes

/// Raw → verified, for messages of peers: the only maker of ``VerifiedMessage``.
///
/// A value: whoever verifies on many threads takes a copy. It judges votes of the epochs whose sets it was told.
public struct MessageVerifier: Sendable {
    /// Whether a BIP-340 signature is good. A performer may remember answers.
    public typealias SignatureCheck = @Sendable (Signature, _ message: Hash, _ signer: Address) -> Bool

    private let network: Hash
    private let check: SignatureCheck
    /// Of the current epoch and the one before, which helps stragglers.
    private var sets: [(epoch: Epoch, set: ValidatorSet)] = []

    public init(
        network: Hash, check: @escaping SignatureCheck = { Schnorr.verify($0, message: $1, by: $2) }
    ) {
        self.network = network
        self.check = check
    }

    public mutating func begin(_ epoch: Epoch, _ set: ValidatorSet) {
        sets.removeAll { $0.epoch == epoch }
        sets.append((epoch, set))
        if sets.count > 2 { sets.removeFirst() }
    }

    /// [C19] The epoch of a restart has the set of the one that it ends: the latest that is known here, or it can't be
    /// judged yet.
    private mutating func begin(_ restart: EpochRestart, with header: BlockHeader) {
        guard restart.epoch.value == header.epoch, restart.lastBlock == header.parent, set(of: restart.epoch) == nil,
            let latest = sets.map(\.epoch).filter({ $0 < restart.epoch }).max(), let set = set(of: latest),
            restart.isValid(network: network, by: set)
        else { return }
        begin(restart.epoch, set)
    }

    private func set(of epoch: Epoch) -> ValidatorSet? { sets.first { $0.epoch == epoch }?.set }

    /// The transactions whose signatures must be verified before ``verify(_:transactions:)``.
    public static func transactions(in message: PeerMessage) -> [[UInt8]] {
        switch message {
        case .proposal(let proposal): proposal.included.map(\.bytes)
        case .block(let block): block.transactions
        case .blockTransactions(_, let transactions), .transactions(let transactions): transactions
        case .blocks(let blocks): blocks.flatMap(\.block.transactions)
        default: []
        }
    }

    /// Nil where this node can't judge (votes of an epoch that it does not know): the message is dropped, and nobody is
    /// to blame.
    ///
    /// - Parameter transactions: those of ``transactions(in:)``, verified, in their order.
    public func verify(
        _ message: PeerMessage, transactions: [VerifiedTransaction]
    ) throws(PeerOffense) -> VerifiedMessage? {
        try content(message, transactions).map { VerifiedMessage(content: $0) }
    }

    private func content(
        _ message: PeerMessage, _ transactions: [VerifiedTransaction]
    ) throws(PeerOffense) -> VerifiedMessage.Content? {
        switch message {
        case .status(let status): return .status(status)
        case .vote(let vote): return try isVerified(vote) ? .vote(vote) : nil
        case .certificate(let certificate): return try isVerified(certificate) ? .certificates([certificate]) : nil
        case .certificates(let certificates):
            var known: [Certificate] = []
            for certificate in certificates where try isVerified(certificate) { known.append(certificate) }
            return .certificates(known)
        case .evidence(let evidence):
            guard try isVerified(evidence.first), try isVerified(evidence.second) else { return nil }
            return .evidence(evidence)
        case .certificatesRequest(let request): return .certificatesRequest(request)
        case .proposal(let proposal): return try verify(proposal, transactions)
        case .blockRequest(let hash): return .blockRequest(hash)
        case .block(let block):
            guard let loaded = LoadedBlock(block, transactions) else {
                throw .badBlock("the body is not the header's")
            }
            return .block(loaded)
        case .blockTransactionsRequest(let hash, let indexes): return .blockTransactionsRequest(hash, indexes)
        case .blockTransactions(let hash, _): return .blockTransactions(hash, transactions)
        case .transactionsAnnounced(let tags): return .transactionsAnnounced(tags)
        case .transactionsRequest(let tags): return .transactionsRequest(tags)
        case .transactions: return .transactions(transactions)
        case .blocksRequest(let range): return .blocksRequest(range)
        case .blocks(let blocks): return try verify(blocks, transactions)
        case .addresses(let addresses):
            for address in addresses {
                guard let (message, signer) = address.signed(network: network),
                    check(address.signature, message, signer)
                else { throw .badSignature("address") }
            }
            return .addresses(addresses)
        // Served, and asked for, beside consensus: the performer takes them.
        case .snapshotRequest, .snapshot, .chunkRequest, .chunk, .contentRequest, .content: return nil
        }
    }

    /// False if the epoch is not known here; throws if it is and the signature is not the validator's.
    private func isVerified(_ vote: SignedVote) throws(PeerOffense) -> Bool {
        guard let set = set(of: vote.vote.epoch) else { return false }
        guard let validator = set[vote.validator],
            check(vote.signature, vote.vote.message(network: network), validator.key)
        else { throw .badSignature("vote") }
        return true
    }

    private func isVerified(_ certificate: Certificate) throws(PeerOffense) -> Bool {
        guard let set = set(of: certificate.epoch) else { return false }
        do {
            try certificate.verify(network: network, by: set, check: check)
            return true
        } catch {
            throw .badSignature("certificate")
        }
    }

    /// Before the transactions that ride on it are looked at: false where its epoch is not known here.
    public func isOfItsLeader(_ proposal: CompactProposal) throws(PeerOffense) -> Bool {
        let vote = proposal.notarize.vote
        guard vote.kind == .notarize, vote.blockHash == proposal.blockHash, vote.view == proposal.view,
            vote.parentView == proposal.parentView, proposal.header.network == network,
            proposal.header.epoch == vote.epoch.value
        else { throw .badBlock("the proposal is not what its vote offers") }
        guard try isVerified(proposal.notarize), let set = set(of: vote.epoch) else { return false }
        guard set.leader(of: proposal.view) == proposal.notarize.validator else {
            throw .badBlock("offered by another than the view's leader")
        }
        guard Block.evidenceRoot(of: proposal.evidence, restart: proposal.restart) == proposal.header.evidenceRoot
        else {
            throw .badBlock("the evidence is not the header's")
        }
        return true
    }

    private func verify(
        _ proposal: CompactProposal, _ included: [VerifiedTransaction]
    ) throws(PeerOffense) -> VerifiedMessage.Content? {
        guard try isOfItsLeader(proposal) else { return nil }
        return .proposal(proposal, included: included)
    }

    /// A chain of blocks, its certificates good where the epoch is known.
    private func verify(
        _ blocks: [FinalizedBlock], _ transactions: [VerifiedTransaction]
    ) throws(PeerOffense) -> VerifiedMessage.Content? {
        var rest = transactions[...]
        var synced: [SyncedBlock] = []
        // An epoch that begins with one of these blocks is known from it on.
        var verifier = self
        var isCut = false
        for one in blocks {
            if let restart = one.block.restart { verifier.begin(restart, with: one.block.header) }
            let own = Array(rest.prefix(one.block.transactions.count))
            rest = rest.dropFirst(own.count)
            guard let loaded = LoadedBlock(one.block, own) else { throw .badBlock("the body is not the header's") }
            if let last = synced.last {
                guard one.block.header.parent == last.loaded.block.hash,
                    one.block.header.height == last.header.height.next
                else { throw .badBlock("the blocks are no chain") }
            }
            if let certificate = one.certificate {
                guard certificate.kind == .finalize, certificate.blockHash == one.block.hash,
                    certificate.epoch.value == one.block.header.epoch
                else { throw .badBlock("the certificate is of another block") }
                // Of an epoch whose set is not known yet: what comes before it is of use all the same.
                guard try verifier.isVerified(certificate) else {
                    isCut = true
                    break
                }
            }
            synced.append(SyncedBlock(loaded: loaded, certificate: one.certificate))
        }
        return .blocks(synced, isCut: isCut)
    }
}
