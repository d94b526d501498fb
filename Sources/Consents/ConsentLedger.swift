public import Identities
public import Primitives
public import StateModel

/// Consents, and what they answer. The one function that block validity, the RPC, custodians and wallets ask.
public enum ConsentLedger {
    public static func record(_ id: ConsentID, in state: any StateReader) throws(Refusal) -> ConsentRecord? {
        try state.record(ConsentsKeys.consent(id))
    }

    public static func require(
        _ id: ConsentID, field: String, in state: any StateReader
    ) throws(Refusal) -> ConsentRecord {
        guard let record = try record(id, in: state) else {
            throw ConsentRejection.unknownConsent.at(field, "there is no consent \(id)")
        }
        return record
    }

    /// What the consent said, or says, to `request` at `time`. Refused only if there is no such consent.
    public static func decide(
        _ id: ConsentID, _ request: UseRequest, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Decision {
        try decide(require(id, field: "consent", in: state), request, at: time, in: state)
    }

    /// The policy that the consent had at `time`.
    static func policy(of record: ConsentRecord, at time: Timestamp, in state: any StateReader) throws(Refusal)
        -> ConsentPolicy
    {
        var number = record.narrowings
        guard number > 0, time < record.policySince else { return record.policy }
        var policy = record.policy
        while number > 0 {
            number -= 1
            guard let earlier = try state.record(ConsentsKeys.earlier(record.id, number)) else {
                throw .failed(StateFailure("policy \(number) of the consent \(record.id) is missing"))
            }
            policy = earlier.policy
            if time >= earlier.from { break }
        }
        return policy
    }

    /// `state` is asked for credentials, overdue reviews, and policies of the past. `memo`: of the request's actor at `time`,
    /// where more than one decision is asked for.
    public static func decide(
        _ record: ConsentRecord, _ request: UseRequest, memo: DecisionMemo? = nil, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> Decision {
        switch record.status(at: time) {
        case .proposed:
            let reason = time < record.grantedAt ? DecisionReason.notYetGranted : .notCountersigned
            return .deny(DecisionBasis(reasons: [reason]))
        case .expired: return .deny(DecisionBasis(reasons: [.expired]))
        case .withdrawn: return .deny(DecisionBasis(reasons: [.withdrawn]))
        case .active: break
        }
        if request.purposes.isEmpty, request.action != .deposit {
            return .deny(DecisionBasis(reasons: [.purposeMissing]))
        }
        if request.purposes.contains(.breakTheGlass),
            try Reviews.isSuspended(record.custodian, at: time, in: state)
        {
            return .deny(DecisionBasis(reasons: [.reviewsOverdue]))
        }
        let rules = ProvisionRules(
            request: request, time: time, commitments: record.commitments,
            memo: memo ?? DecisionMemo(request.actor, at: time, in: state))
        let verdict = try rules.decide(policy(of: record, at: time, in: state))
        let basis = DecisionBasis(path: verdict.path, reasons: SortedList(verdict.reasons))
        switch verdict.outcome {
        case .permit: return .permit(basis)
        case .deny: return .deny(basis)
        case .needs: return .needs(verdict.needs, basis)
        }
    }
}

/// Consent sets: what every member permits.
public enum ConsentSets {
    /// All but the policies.
    public static func standing(_ id: ConsentSetID, in state: any StateReader) throws(Refusal) -> SetStanding? {
        try state.record(ConsentsKeys.set(id))
    }

    public static func requireStanding(
        _ id: ConsentSetID, field: String, in state: any StateReader
    ) throws(Refusal) -> SetStanding {
        guard let standing = try standing(id, in: state) else {
            throw ConsentRejection.unknownSet.at(field, "there is no consent set \(id)")
        }
        return standing
    }

    public static func record(_ id: ConsentSetID, in state: any StateReader) throws(Refusal) -> ConsentSetRecord? {
        guard let standing = try standing(id, in: state) else { return nil }
        guard let policies = try state.record(ConsentsKeys.policies(id)) else {
            throw .failed(StateFailure("the policies of the consent set \(id) are missing"))
        }
        return ConsentSetRecord(standing, dated: policies.list)
    }

    public static func require(
        _ id: ConsentSetID, field: String, in state: any StateReader
    ) throws(Refusal) -> ConsentSetRecord {
        guard let record = try record(id, in: state) else {
            throw ConsentRejection.unknownSet.at(field, "there is no consent set \(id)")
        }
        return record
    }

    package static func store(_ record: ConsentSetRecord, in state: StateOverlay) {
        state.set(ConsentsKeys.set(record.id), record.standing)
        state.set(ConsentsKeys.policies(record.id), SetPolicies(record.dated))
    }

    /// Whether the policy revision `revision`, which the set has or had, was in force at `time`, so far as its end says.
    static func isInForce(
        _ revision: UInt64, of set: SetStanding, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        if revision == set.policyRevision { return true }
        guard let period = try state.record(ConsentsKeys.period(set.id, revision)) else { return false }
        return time < period.until
    }

    /// True if a member was withdrawn or had expired by `time`. Refused only if there is no such set.
    public static func isStale(
        _ id: ConsentSetID, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        try requireStanding(id, field: "consentSet", in: state).isStale(at: time)
    }

    /// What the meet of the set's members says to `request` at `time`. Refused only if there is no such set.
    public static func decide(
        _ id: ConsentSetID, _ request: UseRequest, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Decision {
        try decide(require(id, field: "consentSet", in: state), request, at: time, in: state)
    }

    /// A denial of one policy denies; needs are united; only what every policy permits is permitted. Of the policies those
    /// are asked that the set had at `time`.
    ///
    /// - Parameters:
    ///   - anyHolder: whoever holds a credential of this type asks, whoever that will be, instead of the request's actor.
    ///   - memo: of the request's actor at `time`, where more than one decision is asked for.
    public static func decide(
        _ record: ConsentSetRecord, _ request: UseRequest, anyHolder: CredentialType? = nil,
        memo: DecisionMemo? = nil, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Decision {
        guard let effectiveAt = record.effectiveAt else { return .deny(DecisionBasis(reasons: [.setEmpty])) }
        if time < effectiveAt { return .deny(DecisionBasis(reasons: [.notCountersigned])) }
        if record.isStale(at: time) { return .deny(DecisionBasis(reasons: [.setStale])) }
        if request.purposes.isEmpty, request.action != .deposit {
            return .deny(DecisionBasis(reasons: [.purposeMissing]))
        }
        if request.purposes.contains(.breakTheGlass),
            try Reviews.isSuspended(record.custodian, at: time, in: state)
        {
            return .deny(DecisionBasis(reasons: [.reviewsOverdue]))
        }
        let rules = ProvisionRules(
            request: request, time: time, commitments: nil, anyHolder: anyHolder,
            memo: memo ?? DecisionMemo(request.actor, at: time, in: state))
        var needs: [Need] = []
        var reasons: [DecisionReason] = []
        var decisive = DecisionBasis(reasons: [])
        // Numbered as the set's list has them by now, whichever it had then.
        for (index, dated) in record.dated.enumerated() where dated.since <= time {
            let verdict = try rules.decide(dated.policy)
            let position = UInt8(clamping: index)
            if verdict.outcome == .deny {
                return .deny(
                    DecisionBasis(policy: position, path: verdict.path, reasons: SortedList(verdict.reasons)))
            }
            if decisive.policy == nil || (verdict.outcome == .needs && needs.isEmpty) {
                decisive = DecisionBasis(policy: position, path: verdict.path, reasons: [])
            }
            for need in verdict.needs where !needs.contains(need) { needs.append(need) }
            if verdict.outcome == .needs { reasons += verdict.reasons }
        }
        let basis = DecisionBasis(
            policy: decisive.policy, path: decisive.path,
            reasons: needs.isEmpty ? [.permittedByProvision] : SortedList(reasons))
        return needs.isEmpty ? .permit(basis) : .needs(needs, basis)
    }
}
