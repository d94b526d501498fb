internal import Primitives
internal import Votes

/// A block of a view as far as this node knows it.
struct Candidate: Hashable, Sendable {
    let proposal: Proposal
    var verdict: Verdict?
    /// A verification was asked for and not answered.
    var isVerifying = false

    init(_ proposal: Proposal, verdict: Verdict? = nil) {
        self.proposal = proposal
        self.verdict = verdict
    }

    /// Executed, body durable.
    var isExecuted: Bool { verdict == .valid || verdict == .untimely }
}

/// Everything known of one view.
struct ViewRecord: Hashable, Sendable {
    /// The leader's first proposal [C3].
    var offered: Candidate?
    /// The block that a quorum notarized or finalized, where it is not the one offered.
    var agreed: Candidate?

    /// By validator; empty until the first vote arrives.
    var notarizes: [SignedVote?] = []
    var nullifies: [SignedVote?] = []
    var finalizes: [SignedVote?] = []

    var notarization: Certificate?
    var nullification: Certificate?
    var finalization: Certificate?

    /// The result of certifying [C5].
    var isCertified: Bool?
    /// What this node decided to cast, at most one of each [C9].
    var ownNotarize: Vote?
    var ownTerminal: Vote?
    var leaderEquivocated = false
    /// The block of a certificate was asked for and did not come.
    var isObtaining = false

    /// The certificate that names a block.
    var agreement: Certificate? { finalization ?? notarization }

    /// The candidate that a vote or certificate speaks of.
    func candidate(for vote: Vote) -> Candidate? {
        [offered, agreed].compactMap(\.self).first {
            $0.proposal.blockHash == vote.blockHash && $0.proposal.parentView == vote.parentView
        }
    }

    /// The block that a quorum agreed on, if it is known here.
    var agreedCandidate: Candidate? { agreement.flatMap { candidate(for: $0.vote) } }

    /// Of the very proposal: one block offered on two parent views is two proposals, whose places differ.
    mutating func update(_ proposal: Proposal, _ change: (inout Candidate) -> Void) {
        if offered?.proposal == proposal { offered.mutate(change) }
        if agreed?.proposal == proposal { agreed.mutate(change) }
    }

    /// What executing the block showed, for the candidates whose place was checked before it was asked for.
    mutating func answer(_ blockHash: Hash, _ verdict: Verdict) {
        func take(_ candidate: inout Candidate) {
            guard candidate.isVerifying, candidate.proposal.blockHash == blockHash else { return }
            candidate.isVerifying = false
            candidate.verdict = verdict
        }
        offered.mutate(take)
        agreed.mutate(take)
    }

    /// Forgets single votes; certificates stay.
    mutating func releaseVotes() {
        notarizes = []
        nullifies = []
        finalizes = []
    }

    func votes(_ kind: VoteKind) -> [SignedVote?] {
        switch kind {
        case .notarize: notarizes
        case .nullify: nullifies
        case .finalize: finalizes
        }
    }

    func vote(_ kind: VoteKind, by validator: Int) -> SignedVote? {
        let votes = votes(kind)
        return validator < votes.count ? votes[validator] : nil
    }

    mutating func store(_ vote: SignedVote, validators: Int) {
        func insert(_ votes: inout [SignedVote?]) {
            if votes.isEmpty { votes = Array(repeating: nil, count: validators) }
            votes[vote.validator] = vote
        }
        switch vote.vote.kind {
        case .notarize: insert(&notarizes)
        case .nullify: insert(&nullifies)
        case .finalize: insert(&finalizes)
        }
    }

    func certificate(_ kind: VoteKind) -> Certificate? {
        switch kind {
        case .notarize: notarization
        case .nullify: nullification
        case .finalize: finalization
        }
    }

    mutating func store(_ certificate: Certificate) {
        switch certificate.kind {
        case .notarize: notarization = certificate
        case .nullify: nullification = certificate
        case .finalize: finalization = certificate
        }
    }
}

extension Optional {
    mutating func mutate(_ change: (inout Wrapped) -> Void) {
        guard var value = self else { return }
        change(&value)
        self = value
    }
}
