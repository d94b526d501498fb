internal import Primitives
internal import Votes

// Votes, certificates, certifying and finalizing: [C5], [C7], [C15], [C16].
extension ConsensusCore {
    mutating func receive(_ signed: SignedVote) {
        let vote = signed.vote
        guard vote.epoch == epoch, vote.isWellFormed, validators[signed.validator] != nil else { return }
        lastVotes[signed.validator] = max(lastVotes[signed.validator] ?? vote.view, vote.view)
        // [C18] Past the boundary every vote of the epoch is a straggler's, in whatever view it waits.
        if vote.view < finalized.view || isOver {
            help(signed.validator, behindIn: vote.view)
            return
        }
        // [C18] A quorum leaves f votes to come late in every view: only who says it again, or lags by more, needs help.
        let isBehind = vote.view < view && (vote.kind != .finalize || vote.view == finalized.view)
        if isBehind, isRepeated(signed) || vote.view.next < view { help(signed.validator, behindIn: vote.view) }
        if vote.view == finalized.view {
            let validatorCount = validators.count
            if records[vote.view] != nil { update(vote.view) { $0.store(signed, validators: validatorCount) } }
            return
        }
        // A late vote is counted all the same: it may complete a certificate that others lack.
        guard isCurrent(vote.view) else { return }
        count(signed)
    }

    private func isRepeated(_ signed: SignedVote) -> Bool {
        record(signed.vote.view).vote(signed.vote.kind, by: signed.validator)?.vote == signed.vote
    }

    private mutating func count(_ signed: SignedVote) {
        let vote = signed.vote
        if signed.validator == ownIndex, !isOwn(vote) {
            // [C11] Below what the guard held at the start this node may have voted and lost its journal: such a vote,
            // echoed by whomever, proves nothing. From there on it would remember.
            if vote.view >= ownVotesKnownFrom { effects.append(.foreignVoteByOwnKey(signed)) }
            return
        }
        if let conflict = conflict(with: signed) { report(conflict) }
        guard record(vote.view).vote(vote.kind, by: signed.validator) == nil else { return }
        let validatorCount = validators.count
        update(vote.view) { $0.store(signed, validators: validatorCount) }
        offerIfOwn(signed)
        guard record(vote.view).certificate(vote.kind) == nil else { return }
        let equal = record(vote.view).votes(vote.kind).compactMap(\.self).filter { $0.vote == vote }
        guard equal.count >= validators.quorum else { return }
        let certificate = Certificate(
            vote, signatures: equal.map { ($0.validator, $0.signature) }, validators: validators.count)
        accept(certificate)
        effects.append(.broadcast(.certificate(certificate)))
    }

    private func isOwn(_ vote: Vote) -> Bool {
        let record = record(vote.view)
        return record.ownNotarize == vote || record.ownTerminal == vote
    }

    /// [C2] This node's own proposal goes out with its signed notarize.
    private mutating func offerIfOwn(_ signed: SignedVote) {
        guard signed.validator == ownIndex, signed.vote.kind == .notarize, leader(of: signed.vote.view) == ownIndex,
            let offered = record(signed.vote.view).candidate(for: signed.vote)
        else { return }
        effects.append(.broadcast(.proposal(offered.proposal, notarize: signed)))
    }

    // MARK: Evidence

    /// [C15] Votes are compared, never signatures.
    private func conflict(with signed: SignedVote) -> Evidence? {
        let record = record(signed.vote.view)
        for kind in [VoteKind.notarize, .nullify, .finalize] {
            guard let earlier = record.vote(kind, by: signed.validator) else { continue }
            if let evidence = Evidence(earlier, signed) { return evidence }
        }
        return nil
    }

    /// Each validator is reported once in an epoch, and a leader for each view that it spoils: who equivocates without
    /// end can't fill the journal.
    private mutating func report(_ evidence: Evidence) {
        let view = evidence.position.view
        let spoils = evidence.kind == .conflictingNotarizes && evidence.validator == leader(of: view)
        let isNew = equivocators.insert(evidence.validator).inserted
        guard isNew || spoils && !record(view).leaderEquivocated else { return }
        if spoils { update(view) { $0.leaderEquivocated = true } }
        equivocations += 1
        journal.append(.evidence(evidence))
        effects.append(.report(evidence))
    }

    // MARK: Certificates

    mutating func receive(_ certificate: Certificate) {
        guard certificate.epoch == epoch, certificate.view > finalized.view, !isOver else { return }
        if let known = contradiction(of: certificate) {
            halt(
                "view \(certificate.view): \(known.kind.name) and \(certificate.kind.name) exclude each other: more"
                    + " than f validators are faulty")
            return
        }
        guard record(certificate.view).certificate(certificate.kind) == nil else { return }
        accept(certificate)
    }

    /// A known certificate of the view that can't stand beside this one while at most f validators are faulty.
    private func contradiction(of certificate: Certificate) -> Certificate? {
        let record = record(certificate.view)
        switch certificate.kind {
        case .nullify: return record.finalization
        case .notarize, .finalize:
            let named = [record.notarization, record.finalization].compactMap(\.self).first {
                $0.blockHash != certificate.blockHash || $0.parentView != certificate.parentView
            }
            return named ?? (certificate.kind == .finalize ? record.nullification : nil)
        }
    }

    /// Journals a new certificate and moves the view by it.
    private mutating func accept(_ certificate: Certificate) {
        journal.append(.certificate(certificate))
        update(certificate.view) { $0.store(certificate) }
        switch certificate.kind {
        case .notarize:
            open(certificate.view)
            // A quorum was in that view; it is left when the block is certified [C5].
            enter(certificate.view)
        case .nullify:
            nullifiedTotal += 1
            if certificate.view >= view { nullifiedViews += 1 }
            enter(certificate.view.next)
        case .finalize:
            pendingFinalizations.append(certificate)
            pendingFinalizations.sort { $0.view < $1.view }
            open(certificate.view)
            enter(certificate.view.next)
        }
    }

    mutating func open(_ view: View) {
        guard view > finalized.view, !openViews.contains(view) else { return }
        openViews.append(view)
        openViews.sort()
    }

    /// [C5] Certifies what is agreed on and executed, lowest view first; asks for what is missing. True if anything
    /// was certified.
    mutating func certifyOpenViews() -> Bool {
        var isChanged = false
        for open in openViews {
            guard let agreement = record(open).agreement else { continue }
            guard let candidate = record(open).agreedCandidate else {
                obtain(agreement)
                continue
            }
            guard let verdict = candidate.verdict else {
                if !candidate.isVerifying { verify(candidate, in: open) }
                isChanged = record(open).agreedCandidate?.verdict != nil || isChanged
                continue
            }
            openViews.removeAll { $0 == open }
            isChanged = true
            certify(candidate.proposal, isValid: verdict != .invalid)
            if isHalted { return false }
        }
        return isChanged
    }

    private mutating func obtain(_ agreement: Certificate) {
        guard !record(agreement.view).isObtaining else { return }
        update(agreement.view) { $0.isObtaining = true }
        effects.append(.obtain(agreement))
    }

    /// [C5] Deterministic checks only: the same block is certified by every honest node, or by none. Having nullified
    /// the view is no reason to refuse.
    private mutating func certify(_ proposal: Proposal, isValid: Bool) {
        let certified = proposal.view
        // Another result than before (a block found invalid by an older program) is taken for good: what was signed
        // stays excluded by the guard. The reverse halted already.
        if record(certified).isCertified != isValid {
            update(certified) { $0.isCertified = isValid }
            journal.append(
                .certification(
                    Certification(
                        epoch: epoch, view: certified, blockHash: proposal.blockHash, isCertified: isValid)))
        }
        guard isValid else {
            if record(certified).finalization != nil {
                halt("view \(certified): block \(proposal.blockHash) is final for a quorum and invalid here")
            } else if certified == view {
                nullify()
            }
            return
        }
        // [C14] Only finality shows that the timers are long enough: a view that certifies although this node gave it up
        // was too slow, and at such a pace nobody would ever vote to finalize.
        if certified >= view, record(certified).ownTerminal?.kind == .nullify { nullifiedViews += 1 }
        // [C7] Not after an own nullify nor after any vote of a later view (`cast` sees to both), nor for a leader that
        // equivocated; and before the next view is entered.
        if record(certified).finalization == nil, !record(certified).leaderEquivocated { _ = cast(proposal.finalize) }
        enter(certified.next)
    }

    /// [C7] The highest finalization whose block is executed here becomes effective; those above wait for theirs. True
    /// if one did.
    mutating func finalizePending() -> Bool {
        let executed = pendingFinalizations.last {
            record($0.view).candidate(for: $0.vote)?.isExecuted ?? false
        }
        guard let certificate = executed,
            let candidate = record(certificate.view).candidate(for: certificate.vote)
        else { return false }
        let height = candidate.proposal.height
        effects.append(.finalize(certificate, height: height))
        becomeFinal(Anchor(view: certificate.view, blockHash: certificate.blockHash, height: height), certificate)
        return true
    }

    private mutating func becomeFinal(_ anchor: Anchor, _ certificate: Certificate) {
        finalized = anchor
        finalization = certificate
        nullifiedViews = 0
        records = records.filter { $0.key >= anchor.view }
        openViews.removeAll { $0 <= anchor.view }
        pendingFinalizations.removeAll { $0.view <= anchor.view }
        effects.append(.trimJournal(before: EpochView(epoch, anchor.view)))
        enter(anchor.view.next)
        if anchor.height >= configuration.lastHeight {
            // [C16] Nothing may follow in this epoch.
            isOver = true
            openViews = []
            pendingFinalizations = []
            effects.append(.epochEnded(certificate, height: anchor.height))
            return
        }
        resetHeartbeat()
    }

    mutating func synchronize(_ anchor: Anchor, _ certificate: Certificate) {
        guard certificate.epoch == epoch, certificate.kind == .finalize, certificate.view == anchor.view,
            certificate.blockHash == anchor.blockHash, anchor.view > finalized.view, !isOver
        else { return }
        journal.append(.certificate(certificate))
        becomeFinal(anchor, certificate)
    }

    /// [C12]
    mutating func resetHeartbeat() {
        isHeartbeatDue = false
        setTimer(.heartbeat, delayMilliseconds: configuration.heartbeatMilliseconds)
    }
}
