internal import Primitives
internal import Votes

// [C17] Resuming from journal, guard and block log, whichever of them is ahead.
extension ConsensusCore {
    mutating func recover(_ recovery: Recovery) {
        for record in recovery.journal where record.position.epoch == epoch && record.position.view > finalized.view {
            replay(record)
        }
        for vote in recovery.guardVotes where vote.epoch == epoch && vote.view > finalized.view { replayOwn(vote) }
        let guarded = recovery.guardPosition
        ownVotesKnownFrom = guarded.epoch < epoch ? .genesis : guarded.epoch == epoch ? guarded.view : .maximum
        if !recovery.isGuardComplete { ownVotesKnownFrom = .maximum }
        isOver = finalized.height >= configuration.lastHeight
        guard !isOver else { return }
        // The highest position counts, not the last written.
        for (known, record) in records.sorted(by: { $0.key < $1.key }) {
            if record.agreement != nil { open(known) }
            if let finalization = record.finalization { pendingFinalizations.append(finalization) }
            let isLeft = record.nullification != nil || record.finalization != nil || record.isCertified == true
            let isIn = record.notarization != nil || record.ownNotarize != nil || record.ownTerminal != nil
            if isLeft { view = max(view, known.next) } else if isIn { view = max(view, known) }
        }
    }

    private mutating func replay(_ entry: JournalRecord) {
        let known = entry.position.view
        switch entry {
        case .vote(let vote): replayOwn(vote)
        case .certificate(let certificate): update(known) { $0.store(certificate) }
        case .certification(let certification): update(known) { $0.isCertified = certification.isCertified }
        case .proposal(let proposal): update(known) { $0.offered = Candidate(proposal) }
        case .evidence(let evidence):
            guard validators[evidence.validator] != nil else { return }
            equivocators.insert(evidence.validator)
            let isLeader = evidence.validator == leader(of: known)
            let count = validators.count
            update(known) { record in
                record.leaderEquivocated =
                    record.leaderEquivocated || isLeader && evidence.kind == .conflictingNotarizes
                record.store(evidence.first, validators: count)
                record.store(evidence.second, validators: count)
            }
        }
    }

    private mutating func replayOwn(_ vote: Vote) {
        highestOwnVote = max(highestOwnVote, vote.view)
        update(vote.view) { record in
            if vote.kind == .notarize { record.ownNotarize = vote } else { record.ownTerminal = vote }
        }
    }

    /// What this node said last is said again, to its own collector as well: the crash may have come between the journal
    /// and the network. The guard signs the same votes again.
    mutating func start() {
        guard !isOver else { return }
        resetHeartbeat()
        let record = record(highestOwnVote)
        for vote in [record.ownNotarize, record.ownTerminal].compactMap(\.self) { effects.append(.cast(vote)) }
        for certificate in certificatesForEntering(view) { effects.append(.broadcast(.certificate(certificate))) }
    }
}
