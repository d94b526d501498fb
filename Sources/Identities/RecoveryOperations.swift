public import Cryptography
public import Encoding
public import Primitives
public import StateModel

/// `recovery.arrange`: the sender's account names its guardians, others than before, or none any more.
public struct ArrangeRecovery: DomainOperation {
    public static let name = "recovery.arrange"

    /// Nil: nobody may recover the account.
    public let policy: GuardianPolicy?

    public init(policy: GuardianPolicy?) { self.policy = policy }

    /// Guardians who are told, and recoveries that end: each guardian may have one under way.
    public var weight: UInt64 { 10 + 4 * UInt64(2 + IdentityLimits.guardians + 7 * IdentityLimits.guardians) }

    public func check(in context: OperationContext) throws(Refusal) -> GuardianRecord? {
        let account = context.sender
        let kind = try Parties.requireKnown(.account(account), field: "sender", in: context.state)
        let before = try Recoveries.guardians(of: account, in: context.state)
        guard before?.policy != policy else {
            throw IdentityRejection.nothingChanged.at("policy", "the guardians are as the operation would make them")
        }
        guard let policy else { return nil }
        try RecoveryRules.check(policy, of: account, kind, in: context.state)
        return GuardianRecord(policy: policy, since: context.block.time)
    }

    public func apply(_ record: GuardianRecord?, in context: OperationContext) throws(Refusal) {
        let key = IdentityKeys.guardians(context.sender)
        let before = try context.state.record(key)?.policy.guardians ?? []
        // Who has the account's key objects by it to whatever is under way. Else a guardian that starts one recovery after
        // another could not be got rid of.
        try Recoveries.end(of: context.sender, .canceled, in: context)
        if let record { context.state.set(key, record) } else { context.state.remove(key) }
        let named = record?.policy.guardians ?? []
        context.emit(
            IdentityEvent.guardiansArranged(
                GuardianStep(
                    account: context.sender, guardians: named, left: before.filter { !named.contains($0) })))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let objection = "Object to every recovery of your account that is under way"
        guard let policy else {
            return ["Let nobody give your account a new key any more, should you lose yours", objection]
        }
        return [
            "If you lose your key, let \(policy.threshold) of these together give your account another:"
        ] + policy.guardians.map { "Guardian: \(names.party($0))" } + [
            "You can object for \(DurationText.exact(milliseconds: policy.delayMilliseconds)) after the last of them agreed",
            objection,
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(policy)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            ArrangeRecovery(policy: try reader.optional("policy"))
        }
    }
}

/// `recovery.start`: a guardian asks that a new key speak for an account, and approves it.
public struct StartRecovery: DomainOperation {
    public static let name = "recovery.start"

    public let account: Address
    public let key: Address
    /// The new key's signature of ``NewKeyStatement``.
    public let proof: Signature

    public init(account: Address, key: Address, proof: Signature) {
        self.account = account
        self.key = key
        self.proof = proof
    }

    public struct Plan {
        let recovery: RecoveryRecord
        let guardians: GuardianRecord
    }

    public var weight: UInt64 { 10 + 4 * UInt64(6 + IdentityLimits.guardians) + AccountKeys.weight }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let guardian = context.actor
        let time = context.block.time
        guard let record = try Accounts.record(account, in: context.state) else {
            throw IdentityRejection.unknownAccount.at("account", "\(account) is not registered")
        }
        guard var guardians = try Recoveries.guardians(of: account, in: context.state) else {
            throw IdentityRejection.noGuardians.at(
                "account", "\(account) has named no guardians",
                hint: "Only the account itself can name some, while it has its key.")
        }
        try RecoveryRules.requireGuardian(guardian, under: guardians.policy, field: "account", in: context)
        for open in try Recoveries.open(of: guardians, in: context.state) {
            guard open.startedBy != guardian, open.key != key else {
                throw IdentityRejection.recoveryOpen.at(
                    "account", "the recovery \(open.id) is under way",
                    hint: "Approve it, or withdraw from it first.")
            }
        }
        try AccountKeys.requireNew(key, for: account, record, proof: proof, in: context)
        let id: RecoveryID = context.madeIdentifier()
        guardians.open.append(id)
        guardians.open.sort()
        let recovery = RecoveryRecord(
            id: id, account: account, key: key, startedBy: guardian, startedAt: time, approvals: [])
        return Plan(
            recovery: Recoveries.approved(recovery, by: guardian, under: guardians.policy, at: time),
            guardians: guardians)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.guardians(account), plan.guardians)
        context.state.set(IdentityKeys.key(key), KeyRecord(account: account))
        try Recoveries.set(plan.recovery, in: context.state)
        try Recoveries.schedule(plan.recovery.id, at: plan.recovery.lapsesAt, in: context.state)
        context.emit(
            IdentityEvent.recoveryStarted(
                RecoveryStep(plan.recovery, guardian: context.actor, guardians: plan.guardians.policy.guardians)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "As guardian, ask that a new key speak for \(names.party(.account(account)))",
            "New key: \(names.party(.account(key)))",
            "It speaks once enough guardians agreed, and the account has not objected in time",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(account)
        writer.write(key)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            StartRecovery(
                account: try reader.value("account"), key: try reader.value("key"), proof: try reader.value("proof"))
        }
    }
}

/// `recovery.approve`: another guardian agrees. It names account and key, so that whoever signs sees what it agrees to
/// without asking a node.
public struct ApproveRecovery: DomainOperation {
    public static let name = "recovery.approve"

    public let recovery: RecoveryID
    public let account: Address
    /// What is to speak for the account.
    public let key: Address

    public init(recovery: RecoveryID, account: Address, key: Address) {
        self.recovery = recovery
        self.account = account
        self.key = key
    }

    public var weight: UInt64 { 10 + 4 * 6 }

    public func check(in context: OperationContext) throws(Refusal) -> RecoveryRecord {
        let guardian = context.actor
        let (record, guardians) = try Recoveries.requireOpen(recovery, in: context.state)
        guard record.account == account else {
            throw IdentityRejection.unknownRecovery.at(
                "account", "the recovery \(recovery) is of another account, \(record.account)",
                hint: "Ask whoever gave you the request which account it is about.")
        }
        guard record.key == key else {
            throw IdentityRejection.unknownRecovery.at(
                "key", "the recovery \(recovery) is to another key, \(record.key)",
                hint: "Ask the account's owner, by voice or in person, which key is its new one.")
        }
        try RecoveryRules.requireGuardian(guardian, under: guardians.policy, field: "recovery", in: context)
        guard !record.approvals.contains(where: { $0.guardian == guardian }) else {
            throw IdentityRejection.nothingChanged.at("recovery", "\(guardian) approved it already")
        }
        guard record.completesAt != nil || context.block.time < record.lapsesAt else {
            throw IdentityRejection.recoveryEnded.at("recovery", "it lapsed at \(record.lapsesAt.text)")
        }
        return Recoveries.approved(record, by: guardian, under: guardians.policy, at: context.block.time)
    }

    public func apply(_ record: RecoveryRecord, in context: OperationContext) throws(Refusal) {
        try Recoveries.set(record, in: context.state)
        context.emit(IdentityEvent.recoveryApproved(RecoveryStep(record, guardian: context.actor)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "As guardian, agree that a new key speak for \(names.party(.account(account)))",
            "New key: \(names.party(.account(key)))",
            "Recovery: \(names.identifier(recovery.description))",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(recovery)
        writer.write(account)
        writer.write(key)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ApproveRecovery(
                recovery: try reader.value("recovery"), account: try reader.value("account"),
                key: try reader.value("key"))
        }
    }
}

/// `recovery.withdraw`: a guardian takes its approval back. If too few are left, the delay begins anew with the next;
/// if none is left, the recovery is over.
public struct WithdrawRecovery: DomainOperation {
    public static let name = "recovery.withdraw"

    public let recovery: RecoveryID

    public init(recovery: RecoveryID) { self.recovery = recovery }

    public var weight: UInt64 { 10 + 4 * 6 }

    public func check(in context: OperationContext) throws(Refusal) -> RecoveryRecord {
        let guardian = context.actor
        var (record, guardians) = try Recoveries.requireOpen(recovery, in: context.state)
        try RecoveryRules.requireGuardian(guardian, under: guardians.policy, field: "recovery", in: context)
        guard record.approvals.contains(where: { $0.guardian == guardian }) else {
            throw IdentityRejection.nothingChanged.at("recovery", "\(guardian) has not approved it")
        }
        record.approvals.removeAll { $0.guardian == guardian }
        if UInt64(record.approvals.count) < guardians.policy.threshold { record.completesAt = nil }
        return record
    }

    public func apply(_ record: RecoveryRecord, in context: OperationContext) throws(Refusal) {
        context.emit(IdentityEvent.recoveryWithdrawn(RecoveryStep(record, guardian: context.actor)))
        // The time to find guardians may have passed while there were enough.
        if record.approvals.isEmpty || record.completesAt == nil && record.lapsesAt <= context.block.time {
            return try Recoveries.end(record, record.approvals.isEmpty ? .superseded : .lapsed, in: context)
        }
        try Recoveries.set(record, in: context.state)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["As guardian, take back your approval of the recovery \(names.identifier(recovery.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(recovery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            WithdrawRecovery(recovery: try reader.value("recovery"))
        }
    }
}

/// `recovery.cancel`: the account, by the key that it has, objects. A reserved act: no sponsor, no pause and no full
/// block keeps anyone from it.
public struct CancelRecovery: DomainOperation {
    public static let name = "recovery.cancel"

    public let recovery: RecoveryID

    public init(recovery: RecoveryID) { self.recovery = recovery }

    public var weight: UInt64 { 10 + 4 * 6 }

    public func check(in context: OperationContext) throws(Refusal) -> RecoveryRecord {
        let record = try Recoveries.requireOpen(recovery, in: context.state).recovery
        guard record.account == context.sender else {
            throw IdentityRejection.notAuthorized.at(
                "recovery", "it is of the account \(record.account), which alone can object",
                hint: "A guardian withdraws its own approval (recovery.withdraw).")
        }
        return record
    }

    public func apply(_ record: RecoveryRecord, in context: OperationContext) throws(Refusal) {
        try Recoveries.end(record, .canceled, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Object to the recovery \(names.identifier(recovery.description)): your account keeps the key it has"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(recovery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            CancelRecovery(recovery: try reader.value("recovery"))
        }
    }
}
