import Consensus
import Primitives
import Votes

/// Node `own` of `count` validators, at the beginning of the first epoch unless told otherwise.
func makeCore(
    own: Int? = 0, of count: Int = 4, epoch: Epoch = .genesis, lastHeight: UInt64 = 1_000,
    finalized: Anchor = genesisAnchor, finalization: Certificate? = nil, journal: [JournalRecord] = [],
    guardVotes: [Vote] = []
) -> ConsensusCore {
    ConsensusCore(
        ConsensusConfiguration(
            network: testNetwork, epoch: epoch, validators: testSet(count), ownIndex: own,
            lastHeight: Height(lastHeight)),
        recovery: Recovery(
            finalized: finalized, finalization: finalization, journal: journal, guardVotes: guardVotes))
}

func signed(_ vote: Vote, by validator: Int) -> SignedVote {
    SignedVote(vote: vote, validator: validator, signature: noSignature)
}

func quorum(_ vote: Vote, _ signers: [Int] = [0, 1, 2], of count: Int = 4) -> Certificate {
    Certificate(vote, signatures: signers.map { ($0, noSignature) }, validators: count)
}

func testHash(_ number: UInt64) -> Hash { Hash(Bytes32(number, number, number, number)) }

/// A block numbered `number` in `view`, on the block numbered `parent` of `parentView` (0: the epoch's genesis).
func testProposal(
    _ view: UInt64, on parentView: UInt64 = 0, number: UInt64, parent: UInt64 = 0, height: UInt64
) -> Proposal {
    Proposal(
        epoch: .genesis, view: View(view), parentView: View(parentView), blockHash: testHash(number),
        parentHash: parent == 0 ? genesisAnchor.blockHash : testHash(parent), height: Height(height))
}

extension [ConsensusEffect] {
    var casts: [Vote] { compactMap { if case .cast(let vote) = $0 { vote } else { nil } } }
    var isForeignFound: Bool { contains { if case .foreignVoteByOwnKey = $0 { true } else { false } } }
    var isHalt: Bool { contains { if case .halt = $0 { true } else { false } } }
    var reports: Int { count { if case .report = $0 { true } else { false } } }
    var fetches: [ConsensusEffect] { filter { if case .fetchCertificates = $0 { true } else { false } } }

    func timer(_ kind: ConsensusTimer.Kind) -> ConsensusTimer? {
        compactMap { if case .setTimer(let timer, _) = $0, timer.kind == kind { timer } else { nil } }.last
    }
}

extension ConsensusCore {
    /// Gets to know a block that a quorum notarized, and finds it valid.
    mutating func certify(_ proposal: Proposal, of count: Int = 4) -> [ConsensusEffect] {
        step(.certificate(quorum(proposal.notarize, of: count))) + step(.obtained(proposal))
            + step(.verified(view: proposal.view, blockHash: proposal.blockHash, .valid))
    }

    mutating func begin(isAwaited: Bool = true) -> [ConsensusEffect] {
        step(.start) + step(.work(Work(isProposable: isAwaited, isAwaited: isAwaited)))
    }
}
