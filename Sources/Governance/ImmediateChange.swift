internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import Revenue
internal import StateModel

/// Changes that take effect in the block that accepts them: what no block's own validity rests on, and what must not wait
/// for an epoch's end. Each is tried when it is proposed and again when it is accepted; one that no longer fits then is
/// marked, and never makes a block fail.
struct ImmediateChange {
    let context: OperationContext
    private var state: StateOverlay { context.state }
    private var time: Timestamp { context.block.time }

    /// Why the change does not fit; nil if it does.
    func conflict(of change: GovernanceChange) throws(Refusal) -> ChangeConflict? {
        switch change {
        case .accredit(let accreditation):
            return try Accreditors.conflict(
                of: accreditation.party, accreditation.types, accreditation.jurisdictions, at: time, in: state
            ).map { $0 == .unchanged ? .nothingChanged : .accreditationInvalid }
        case .revokeAccreditor(let party): return try conflict(revoking: party)
        case .admitIssuer(let party):
            guard try Parties.kind(of: party, in: state) != nil else { return .partyUnknown }
            return try Assets.isAdmitted(party, in: state) ? .nothingChanged : nil
        case .dismissIssuer(let party): return try Assets.isAdmitted(party, in: state) ? nil : .nothingChanged
        case .upgrade(let plan): return try conflict(of: plan)
        case .cancelUpgrade: return try Upgrades.pending(at: context.block.height, in: state) == nil ? .noUpgrade : nil
        case .pause(let order):
            guard GovernanceLimits.pauseMilliseconds.contains(order.milliseconds) else { return .pauseOutOfBounds }
            let until = try DomainControls.pausedUntil(order.domain.domain, at: time, in: state)
            return until.map { $0 >= time.adding(milliseconds: order.milliseconds) } ?? false ? .nothingChanged : nil
        case .liftPause(let domain):
            return try DomainControls.pausedUntil(domain.domain, at: time, in: state) == nil ? .nothingChanged : nil
        case .recall(let plan):
            return try refused { () throws(Refusal) in
                try Recalls.check(plan.order(at: time), as: .recalledByValidators, at: time, in: state)
            } ? .recallImpossible : nil
        case .liftRecall(let lift):
            return try refused { () throws(Refusal) in
                _ = try Recalls.requireInForce(lift.recall, field: "recall", in: state)
            } ? .recallImpossible : nil
        case .liftVerdict(let id):
            guard let dispute = try Disputes.record(id, in: state),
                try DisputeVerdicts.isInForce(dispute, in: state)
            else { return .verdictUnknown }
            return nil
        case .enroll, .remove, .rotate, .parameters, .ontology:
            preconditionFailure("\(change) waits for the epoch's end")
        }
    }

    private func refused(_ check: () throws(Refusal) -> Void) throws(Refusal) -> Bool {
        do throws(Refusal) {
            try check()
            return false
        } catch {
            guard case .rejected = error else { throw error }
            return true
        }
    }

    /// Nobody is kept from voting by a revocation: an institution that runs a validator keeps an accreditation without the
    /// accreditor, or it needs another first.
    private func conflict(revoking party: Party) throws(Refusal) -> ChangeConflict? {
        guard try Accreditors.isInForce(party, at: time, in: state) else { return .nothingChanged }
        let trial = StateOverlay(over: state)
        try Accreditors.revoke(party, at: time, in: trial)
        for validator in try Validators.records(in: state) {
            guard case .organization(let id) = validator.institution,
                try Organizations.isEnrolled(id, at: time, in: trial)
            else { return .validatorsDisenrolled }
        }
        return nil
    }

    private func conflict(of plan: UpgradePlan) throws(Refusal) -> ChangeConflict? {
        guard plan.height.value >= context.block.height.value + GovernanceLimits.upgradeNotice else {
            return .upgradeTooSoon
        }
        if let last = try Upgrades.current(in: state)?.plan {
            guard last.height <= context.block.height else { return .upgradePending }
            guard plan.release > last.release else { return .releaseNotNewer }
        }
        return nil
    }

    /// Makes the change, for which there was no conflict in this state.
    func make(_ change: GovernanceChange, of proposal: ProposalID) throws(Refusal) {
        switch change {
        case .accredit(let accreditation):
            try Accreditors.accredit(
                accreditation.party, accreditation.types, accreditation.jurisdictions, in: context)
        case .revokeAccreditor(let party): try Accreditors.revoke(party, in: context)
        case .admitIssuer(let party): Assets.admitIssuer(party, in: context)
        case .dismissIssuer(let party): Assets.withdrawIssuer(party, in: context)
        case .upgrade(let plan):
            if let reached = try state.record(GovernanceKeys.upgrade) {
                state.set(GovernanceKeys.formerUpgrade, reached)
            }
            state.set(GovernanceKeys.upgrade, UpgradeRecord(plan: plan, proposal: proposal, since: time))
        case .cancelUpgrade: state.remove(GovernanceKeys.upgrade)
        case .pause(let order):
            state.set(
                GovernanceKeys.control(order.domain.domain),
                DomainControl(since: time, until: time.adding(milliseconds: order.milliseconds)))
        case .liftPause(let domain):
            guard let control = try state.record(GovernanceKeys.control(domain.domain)) else {
                throw .failed(StateFailure("the pause of \(domain.name) is missing"))
            }
            state.set(GovernanceKeys.control(domain.domain), DomainControl(since: control.since, until: time))
        case .recall(let plan):
            try Recalls.make(
                RecallID(proposal.bytes), plan.order(at: time), as: .recalledByValidators, by: nil, in: context)
        case .liftRecall(let lift): try Recalls.lift(lift.recall, by: nil, reason: lift.reason, in: context)
        case .liftVerdict(let id): try DisputeVerdicts.lift(try Disputes.require(id, in: state), in: context)
        case .enroll, .remove, .rotate, .parameters, .ontology:
            preconditionFailure("\(change) waits for the epoch's end")
        }
    }
}
