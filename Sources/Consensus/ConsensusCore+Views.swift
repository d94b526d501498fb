internal import Primitives
internal import Votes

// Entering views, timers, sending again: [C1], [C6], [C8], [C12], [C13], [C14].
extension ConsensusCore {
    /// [C1] Moves to a higher view. What is left of the old view's timers comes to nothing.
    mutating func enter(_ next: View) {
        guard next > view, !isOver else { return }
        noteLeader(of: view)
        view = next
        isArmed = false
        isAwaitedHere = false
        didLeaderTimerFire = false
        isProposing = false
        isRebroadcastArmed = false
        areCertificatesRequested = false
        let passed = records.keys.filter { $0 < view && !isCurrent($0) }
        for old in passed { update(old) { $0.releaseVotes() } }
    }

    /// [C13] A leader that let its turn pass although there was work is remembered; any proposal clears it.
    private mutating func noteLeader(of view: View) {
        let record = record(view)
        guard record.nullification != nil, record.offered == nil, isAwaitedHere, didLeaderTimerFire else { return }
        missedTurns[leader(of: view)] += 1
    }

    /// [C13] At most f leaders, those that missed most; among equals the lower index.
    public var skippedLeaders: [Int] {
        let missing = missedTurns.indices.filter { missedTurns[$0] >= ConsensusLimits.missedTurns }
        let sorted = missing.sorted { missedTurns[$0] != missedTurns[$1] ? missedTurns[$0] > missedTurns[$1] : $0 < $1 }
        return Array(sorted.prefix(validators.faulty))
    }

    /// [C14] Δ, doubled for each view nullified in a row.
    var backedOffDelta: UInt64 {
        configuration.deltaMilliseconds << UInt64(min(nullifiedViews, ConsensusLimits.backoffDoublings))
    }

    mutating func setTimer(_ kind: ConsensusTimer.Kind, delayMilliseconds: UInt64) {
        timerNumber += 1
        let timer = ConsensusTimer(kind: kind, epoch: epoch, view: view, number: timerNumber)
        if kind == .heartbeat { heartbeatNumber = timerNumber }
        effects.append(.setTimer(timer, delayMilliseconds: delayMilliseconds))
    }

    /// [C12] With nothing to do no timer runs. Awaited work, a due heartbeat, a proposal or a nullify of this view start
    /// both timers.
    mutating func armIfNeeded() {
        let isAwaited = work.isAwaited || isHeartbeatDue || isBoundaryOpen
        if isAwaited { isAwaitedHere = true }
        let record = record(view)
        let isCalled = record.offered != nil || record.nullifies.contains { $0 != nil }
        guard !isArmed, isAwaited || isCalled else { return }
        isArmed = true
        if record.offered == nil, isAwaited, !isLeader, skippedLeaders.contains(leader(of: view)) {
            nullify()
            return
        }
        if record.offered == nil { setTimer(.leader, delayMilliseconds: 2 * backedOffDelta) }
        setTimer(.advance, delayMilliseconds: 3 * backedOffDelta)
    }

    /// [C16] The boundary block is certified and not final: that is work for every leader until it is.
    private var isBoundaryOpen: Bool {
        guard view > finalized.view.next, case .ready(_, _, let height) = parentToExtend else { return false }
        return height == configuration.lastHeight
    }

    /// [C6] A leader that gives its view up need not be waited for, whether its nullify came before this node entered
    /// the view or after.
    mutating func followLeaderGivingUp() {
        if record(view).vote(.nullify, by: leader(of: view)) != nil { nullify() }
    }

    mutating func fired(_ timer: ConsensusTimer) {
        guard timer.epoch == epoch, !isOver else { return }
        switch timer.kind {
        case .heartbeat:
            if timer.number == heartbeatNumber { isHeartbeatDue = true }
        case .leader:
            guard timer.view == view, record(view).offered == nil else { return }
            didLeaderTimerFire = true
            nullify()
        case .advance:
            guard timer.view == view else { return }
            nullify()
        case .rebroadcast:
            guard timer.view == view, isRebroadcastArmed else { return }
            isRebroadcastArmed = false
            rebroadcast()
        }
    }

    /// [C6] Asks to let the current view pass without a block.
    mutating func nullify() { _ = cast(.nullify(epoch, view)) }

    // MARK: Sending again

    /// [C8] As long as this view is nullified here, an own finalize may be lost, or a fetch is open.
    var needsRebroadcast: Bool {
        let record = record(view)
        return record.ownTerminal != nil || record.ownNotarize != nil || areCertificatesRequested || !openViews.isEmpty
            || !pendingFinalizations.isEmpty || !unfinalizedOwnVotes.isEmpty
            || record.offered.map { $0.isVerifying || $0.verdict == .untimely } ?? false
    }

    mutating func armRebroadcast() {
        guard !isRebroadcastArmed else { return }
        isRebroadcastArmed = true
        setTimer(.rebroadcast, delayMilliseconds: 2 * backedOffDelta)
    }

    /// This node's last finalize whose block is not final: it may have been lost. Older ones are covered by it.
    private var unfinalizedOwnVotes: [SignedVote] {
        guard let ownIndex else { return [] }
        var earlier = view
        for _ in 0..<ConsensusLimits.viewsBehind where earlier > finalized.view.next {
            earlier = View(earlier.value - 1)
            if let vote = records[earlier]?.vote(.finalize, by: ownIndex) { return [vote] }
        }
        return []
    }

    /// [C8] Sends again what was signed, never signs; and asks again for what did not come.
    private mutating func rebroadcast() {
        let record = record(view)
        if let ownIndex {
            let own = [VoteKind.notarize, .nullify, .finalize].compactMap { record.vote($0, by: ownIndex) }
            for vote in own {
                if vote.vote.kind == .notarize, isLeader, let offered = record.offered {
                    effects.append(.broadcast(.proposal(offered.proposal, notarize: vote)))
                } else {
                    effects.append(.broadcast(.vote(vote)))
                }
            }
            if record.ownTerminal?.kind == .nullify {
                for certificate in certificatesForEntering(view) {
                    effects.append(.broadcast(.certificate(certificate)))
                }
            }
            for vote in unfinalizedOwnVotes { effects.append(.broadcast(.vote(vote))) }
        }
        areCertificatesRequested = false
        for open in openViews {
            update(open) { record in
                record.isObtaining = false
                record.offered.mutate { $0.isVerifying = false }
                record.agreed.mutate { $0.isVerifying = false }
            }
        }
        for pending in pendingFinalizations { update(pending.view) { $0.isObtaining = false } }
        guard records[view] != nil else { return }
        update(view) { record in
            record.offered.mutate { candidate in
                candidate.isVerifying = false
                // [C4] Its time may have come.
                if candidate.verdict == .untimely { candidate.verdict = nil }
            }
        }
    }

    /// [C8] What proves to another node that it may be in `view`: of the view before it any certificate, its own
    /// notarization, and the last finalization.
    func certificatesForEntering(_ view: View) -> [Certificate] {
        guard view > .genesis else { return [] }
        let previous = record(View(view.value - 1))
        var certificates = [
            previous.finalization, previous.notarization, previous.nullification, record(view).notarization,
        ].compactMap(\.self)
        if let finalization, !certificates.contains(finalization) { certificates.append(finalization) }
        return certificates
    }

    /// [C18] A node that still votes in a view that passed gets the proof that it passed.
    mutating func help(_ validator: Int, behindIn old: View) {
        guard validator != ownIndex else { return }
        var certificates: [Certificate] = []
        if old <= finalized.view || isOver {
            certificates = [finalization].compactMap(\.self)
        } else {
            let record = record(old)
            certificates = [record.finalization, record.notarization, record.nullification].compactMap(\.self)
            if certificates.isEmpty { certificates = certificatesForEntering(view) }
        }
        for certificate in certificates { effects.append(.send(.certificate(certificate), to: validator)) }
    }
}
