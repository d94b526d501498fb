public import Primitives
internal import Votes

// Proposing, verifying and notarizing: [C2], [C3], [C4], [C16].
extension ConsensusCore {
    /// What a block of a view may stand on.
    enum Parent {
        /// Final or certified here, and executed.
        case ready(view: View, blockHash: Hash, height: Height)
        /// Agreed on but not executed yet, or its block is on its way.
        case pending
        /// No certificate of this view is here.
        case unproven(View)
        /// It contradicts what is final.
        case impossible
    }

    /// The block of view `parent`.
    func parent(_ parent: View) -> Parent {
        guard parent >= finalized.view else { return .impossible }
        if parent == finalized.view {
            return .ready(view: parent, blockHash: finalized.blockHash, height: finalized.height)
        }
        let record = record(parent)
        guard record.agreement != nil else { return .unproven(parent) }
        if record.isCertified == false { return .impossible }
        guard record.isCertified == true, let candidate = record.agreedCandidate, candidate.isExecuted else {
            return .pending
        }
        let proposal = candidate.proposal
        return .ready(view: parent, blockHash: proposal.blockHash, height: proposal.height)
    }

    func isNullified(_ view: View) -> Bool { record(view).nullification != nil }

    /// [C2] The highest certified view such that every view between it and the current one is nullified.
    var parentToExtend: Parent {
        var candidate = view
        while candidate > finalized.view {
            candidate = View(candidate.value - 1)
            switch parent(candidate) {
            case .ready(let view, let hash, let height): return .ready(view: view, blockHash: hash, height: height)
            case .impossible where isNullified(candidate), .unproven where isNullified(candidate): continue
            case .pending: return .pending
            case .impossible, .unproven: return .unproven(candidate)
            }
        }
        return .unproven(finalized.view)
    }

    /// The block that the next one will probably stand on: the one offered in this view if it is executed and not given
    /// up, else the one to extend. Nil while that is unknown here.
    public var expectedTip: Hash? {
        let record = record(view)
        if let offered = record.offered, offered.isExecuted, record.ownTerminal?.kind != .nullify {
            return offered.proposal.blockHash
        }
        if case .ready(_, let hash, _) = parentToExtend { return hash }
        return nil
    }

    // MARK: Leader

    /// [C2] Asks for a block where this node leads and there is something to agree on. A block offered in an earlier
    /// attempt at this view (before a restart) is not offered anew: the guard holds its notarize.
    mutating func proposeIfLeader() {
        guard isLeader, !isProposing else { return }
        let record = record(view)
        guard record.offered == nil, record.ownNotarize == nil, record.ownTerminal == nil else { return }
        let isCalled = record.nullifies.contains { $0 != nil }
        switch parentToExtend {
        case .ready(let parentView, let parentHash, let height):
            if height == configuration.lastHeight {
                proposeBoundaryAgain(parentView)
                return
            }
            guard work.isProposable || work.isAwaited || isHeartbeatDue || isCalled else { return }
            isProposing = true
            effects.append(
                .propose(view: view, parentView: parentView, parentHash: parentHash, parentHeight: height))
        case .unproven(let missing): fetchCertificates(through: missing)
        case .pending, .impossible: break
        }
    }

    /// [C16] At the epoch's last height the same block is proposed again until it is final.
    private mutating func proposeBoundaryAgain(_ parentView: View) {
        guard let boundary = record(parentView).agreedCandidate?.proposal else { return }
        offerOwn(
            Proposal(
                epoch: epoch, view: view, parentView: parentView, blockHash: boundary.blockHash,
                parentHash: boundary.parentHash, height: boundary.height))
    }

    mutating func built(_ builtView: View, _ proposal: Proposal?) {
        guard builtView == view, isLeader, isProposing, !isOver else { return }
        isProposing = false
        guard let proposal else {
            nullify()
            return
        }
        precondition(proposal.view == view && proposal.epoch == epoch, "a block is built for the view asked for")
        offerOwn(proposal)
    }

    /// The proposal goes out when its notarize comes back signed: it carries it, and so is guarded by it.
    private mutating func offerOwn(_ proposal: Proposal) {
        guard cast(proposal.notarize) else { return }
        journal.append(.proposal(proposal))
        update(view) { $0.offered = Candidate(proposal, verdict: .valid) }
        armIfNeeded()
    }

    /// One request for everything from the last final view up to the one that is missing; peers answer from the top.
    mutating func fetchCertificates(through missing: View) {
        guard !areCertificatesRequested, missing > finalized.view else { return }
        areCertificatesRequested = true
        effects.append(.fetchCertificates(above: finalized.view, below: missing.next))
    }

    // MARK: Everyone else

    /// [C3] The first proposal of a view counts; another one is evidence, by its vote.
    mutating func receive(_ proposal: Proposal, _ notarize: SignedVote) {
        guard proposal.epoch == epoch, notarize.vote == proposal.notarize, proposal.notarize.isWellFormed,
            notarize.validator == leader(of: proposal.view)
        else { return }
        if isCurrent(proposal.view), !isOver, record(proposal.view).offered == nil {
            missedTurns[notarize.validator] = 0
            update(proposal.view) { record in
                // What is known of the block in the agreed slot is known of it here as well.
                let known = record.agreed?.proposal == proposal ? record.agreed : nil
                record.offered = known ?? Candidate(proposal)
            }
        }
        receive(notarize)
    }

    /// True for views whose votes and proposals are kept.
    func isCurrent(_ other: View) -> Bool {
        other > finalized.view && other.value <= view.value + ConsensusLimits.viewsAhead
            && other.value + ConsensusLimits.viewsBehind > view.value
    }

    mutating func obtain(_ proposal: Proposal) {
        guard proposal.epoch == epoch, let agreement = records[proposal.view]?.agreement,
            agreement.blockHash == proposal.blockHash, agreement.parentView == proposal.parentView,
            record(proposal.view).agreedCandidate == nil
        else { return }
        update(proposal.view) { $0.agreed = Candidate(proposal) }
    }

    /// [C3] Checks the offered block's place; missing evidence means waiting and a fetch, never "invalid".
    mutating func verifyOffered() {
        let record = record(view)
        guard let offered = record.offered, offered.verdict == nil, !offered.isVerifying, record.ownTerminal == nil
        else { return }
        let proposal = offered.proposal
        if parentIsImpossible(proposal) {
            reject(proposal)
        } else if let missing = gap(above: proposal.parentView) {
            fetchCertificates(through: missing)
        } else {
            verify(offered, in: view)
        }
    }

    private func parentIsImpossible(_ proposal: Proposal) -> Bool {
        if case .impossible = parent(proposal.parentView) { true } else { false }
    }

    /// The highest view between `parent` and the current one that is not known to be nullified. It ends at the first
    /// that is not, so a view far below costs nothing.
    private func gap(above parent: View) -> View? {
        var between = View(view.value - 1)
        while between > parent {
            guard isNullified(between) else { return between }
            between = View(between.value - 1)
        }
        return nil
    }

    /// Asks for the block's execution as soon as its parent is executed.
    mutating func verify(_ candidate: Candidate, in view: View) {
        let proposal = candidate.proposal
        switch parent(proposal.parentView) {
        case .ready(_, let parentHash, let parentHeight):
            let isNext =
                proposal.parentHash == parentHash && proposal.height == parentHeight.next
                && parentHeight < configuration.lastHeight
            let isAgain =
                proposal.blockHash == parentHash && proposal.height == parentHeight
                && parentHeight == configuration.lastHeight
            if isAgain {
                // [C16] The boundary block itself, which is executed already.
                update(view) { $0.update(proposal) { $0.verdict = .valid } }
            } else if isNext {
                update(view) { $0.update(proposal) { $0.isVerifying = true } }
                effects.append(.verify(proposal))
            } else {
                reject(proposal)
            }
        case .unproven(let missing): fetchCertificates(through: missing)
        case .impossible: reject(proposal)
        case .pending: break
        }
    }

    private mutating func reject(_ proposal: Proposal) {
        update(proposal.view) { $0.update(proposal) { $0.verdict = .invalid } }
        if record(proposal.view).isCertified == true, record(proposal.view).agreedCandidate?.proposal == proposal {
            halt("view \(proposal.view): block \(proposal.blockHash) was certified before and its place is wrong now")
        }
        nullifyIfOfferIsInvalid(proposal.view)
    }

    /// [C3] A block that fails verification means nullify at once.
    private mutating func nullifyIfOfferIsInvalid(_ rejected: View) {
        if rejected == view, record(view).offered?.verdict == .invalid { nullify() }
    }

    mutating func verified(_ verifiedView: View, _ blockHash: Hash, _ verdict: Verdict) {
        guard records[verifiedView] != nil, verifiedView > finalized.view else { return }
        let wasCertified = record(verifiedView).isCertified == true
        let isAgreed = record(verifiedView).agreement?.blockHash == blockHash
        if wasCertified, isAgreed, verdict == .invalid {
            halt("view \(verifiedView): block \(blockHash) was certified before and is now found invalid")
            return
        }
        update(verifiedView) { $0.answer(blockHash, verdict) }
        nullifyIfOfferIsInvalid(verifiedView)
    }

    /// [C4] Votes for the offered block: valid, timely, its parent certified and the gap nullified.
    mutating func notarizeOffered() {
        let record = record(view)
        guard let offered = record.offered, offered.verdict == .valid, record.ownNotarize == nil,
            record.ownTerminal == nil
        else { return }
        let proposal = offered.proposal
        guard case .ready = parent(proposal.parentView), gap(above: proposal.parentView) == nil else { return }
        if cast(proposal.notarize) { journal.append(.proposal(proposal)) }
    }
}
