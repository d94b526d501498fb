public import Primitives
public import StateModel

/// What recoveries share: reading, counting approvals, ending.
public enum Recoveries {
    public static func record(_ id: RecoveryID, in state: any StateReader) throws(Refusal) -> RecoveryRecord? {
        try state.record(IdentityKeys.recovery(id))
    }

    /// Nil if the account has named no guardians.
    public static func guardians(
        of account: Address, in state: any StateReader
    ) throws(Refusal) -> GuardianRecord? {
        try state.record(IdentityKeys.guardians(account))
    }

    /// The recoveries of the account that have not ended, in the order of their ids.
    static func open(of record: GuardianRecord, in state: any StateReader) throws(Refusal) -> [RecoveryRecord] {
        var open: [RecoveryRecord] = []
        for id in record.open { open.append(try stored(id, in: state)) }
        return open
    }

    /// A recovery that has not ended; refused otherwise.
    static func requireOpen(
        _ id: RecoveryID, in state: any StateReader
    ) throws(Refusal) -> (recovery: RecoveryRecord, guardians: GuardianRecord) {
        guard let recovery = try record(id, in: state) else {
            throw IdentityRejection.unknownRecovery.at("recovery", "there is no recovery \(id)")
        }
        if let ending = recovery.ending {
            throw IdentityRejection.recoveryEnded.at(
                "recovery", "it is \(ending.outcome.name) since \(ending.at)",
                hint: "What has ended never comes back; a guardian may start another.")
        }
        guard let guardians = try guardians(of: recovery.account, in: state), guardians.open.contains(id) else {
            throw .failed(StateFailure("the open recovery \(id) is not among those of its account"))
        }
        return (recovery, guardians)
    }

    /// With one approval more. The delay begins with the last that is needed.
    static func approved(
        _ recovery: RecoveryRecord, by guardian: Party, under policy: GuardianPolicy, at time: Timestamp
    ) -> RecoveryRecord {
        var recovery = recovery
        recovery.approvals.append(RecoveryApproval(guardian: guardian, at: time))
        recovery.approvals.sort { $0.guardian < $1.guardian }
        if recovery.completesAt == nil, UInt64(recovery.approvals.count) >= policy.threshold {
            recovery.completesAt = time.adding(milliseconds: policy.delayMilliseconds)
        }
        return recovery
    }

    /// Writes a recovery that goes on. Its end falls due at its time, also if another falls due before.
    static func set(_ recovery: RecoveryRecord, in state: StateOverlay) throws(Refusal) {
        state.set(IdentityKeys.recovery(recovery.id), recovery)
        if let time = recovery.completesAt { try schedule(recovery.id, at: time, in: state) }
    }

    static func schedule(_ id: RecoveryID, at time: Timestamp, in state: StateOverlay) throws(Refusal) {
        try DueQueue.schedule(DueItem(domain: .identities, kind: 0, subject: id.bytes), at: time, in: state)
    }

    /// Ends a recovery without a new key, and frees the key that it asked for.
    static func end(
        _ recovery: RecoveryRecord, _ outcome: RecoveryOutcome, in context: OperationContext
    ) throws(Refusal) {
        var recovery = recovery
        recovery.ending = RecoveryEnding(at: context.block.time, outcome: outcome)
        context.state.set(IdentityKeys.recovery(recovery.id), recovery)
        if let key = try context.state.record(IdentityKeys.key(recovery.key)), key.since == nil {
            context.state.remove(IdentityKeys.key(recovery.key))
        }
        if var guardians = try guardians(of: recovery.account, in: context.state) {
            guardians.open.removeAll { $0 == recovery.id }
            context.state.set(IdentityKeys.guardians(recovery.account), guardians)
        }
        context.emit(IdentityEvent.recoveryEnded(RecoveryStep(recovery)))
    }

    /// Ends every open recovery of an account.
    static func end(
        of account: Address, _ outcome: RecoveryOutcome, in context: OperationContext
    ) throws(Refusal) {
        guard let guardians = try guardians(of: account, in: context.state) else { return }
        for recovery in try open(of: guardians, in: context.state) { try end(recovery, outcome, in: context) }
    }

    /// The end of a delay, or of the time to find guardians. Does nothing if the recovery has ended, or goes on.
    static func performDue(_ id: RecoveryID, in context: OperationContext) throws(Refusal) {
        let recovery = try stored(id, in: context.state)
        guard recovery.ending == nil else { return }
        let time = context.block.time
        if let end = recovery.completesAt {
            guard end <= time else { return }
            try self.end(recovery, .completed, in: context)
            try AccountKeys.replace(recovery.account, by: recovery.key, in: context)
            try self.end(of: recovery.account, .superseded, in: context)
        } else if recovery.lapsesAt <= time {
            try end(recovery, .lapsed, in: context)
        }
    }

    private static func stored(_ id: RecoveryID, in state: any StateReader) throws(Refusal) -> RecoveryRecord {
        guard let recovery = try record(id, in: state) else {
            throw .failed(StateFailure("the recovery \(id) is missing"))
        }
        return recovery
    }
}
