public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// A set as it will be, and what it takes in.
public struct SetPlan {
    let set: ConsentSetRecord
    let members: [ConsentRecord]
    let newMembers: [SetMember]
    let predecessor: SetStanding?
    let isNew: Bool
    let hasNewPolicies: Bool
    /// The policy revision that ended with this operation.
    let endedRevision: UInt64?
}

/// How consents come into a set.
struct SetBuilder {
    let context: OperationContext
    var set: ConsentSetRecord
    /// Records that earlier members of this operation changed can't recur: members are named once.
    private(set) var members: [ConsentRecord] = []
    private(set) var newMembers: [SetMember] = []
    private var hasNewPolicies = false
    private let earlierRevision: UInt64
    /// From when they join on the set permits anything.
    private let isFirst: Bool

    init(_ set: ConsentSetRecord, in context: OperationContext) {
        self.set = set
        self.context = context
        earlierRevision = set.policyRevision
        isFirst = set.memberCount == 0
    }

    mutating func add(_ references: [Reference<ConsentKind>]) throws(Refusal) {
        guard references.count <= ConsentsLimits.membersPerOperation else {
            throw ConsentRejection.tooManyElements.at(
                "members", "\(references.count); at most \(ConsentsLimits.membersPerOperation) at a time",
                hint: "Add the others by further operations.")
        }
        var ids: [ConsentID] = []
        for (index, reference) in references.enumerated() {
            ids.append(
                try context.state.resolve(reference, in: context, domain: .consents, field: "members[\(index)]"))
        }
        guard SortedList(ids).count == ids.count else {
            throw ConsentRejection.namedTwice.at("members", "a consent is named twice")
        }
        for (index, id) in ids.enumerated() { try add(id, field: "members[\(index)]") }
    }

    private mutating func add(_ id: ConsentID, field: String) throws(Refusal) {
        var record = try ConsentLedger.require(id, field: field, in: context.state)
        guard record.custodian == set.custodian else {
            throw ConsentRejection.otherCustodian.at(
                field, "countersigned by \(record.custodian)", hint: "A set holds consents of one custodian.")
        }
        let status = record.status(at: context.block.time)
        guard status == .active, let effectiveAt = record.effectiveAt else {
            throw ConsentRejection.consentNotActive.at(field, "the consent is \(status.name)")
        }
        guard try context.state.record(ConsentsKeys.member(set.id, id)) == nil else {
            throw ConsentRejection.alreadyMember.at(field, "a member already")
        }
        guard set.memberCount < UInt64(ConsentsLimits.membersPerSet) else {
            throw ConsentRejection.setFull.at(field, "the set has \(set.memberCount) members")
        }
        record.sets = SortedList(try keptSets(of: record) + [set.id])
        guard record.sets.count <= ConsentsLimits.setsPerConsent else {
            throw ConsentRejection.tooManySets.at(
                field, "a member of \(ConsentsLimits.setsPerConsent) sets already")
        }
        try take(record.policy, of: record, field: field)
        record.revision += 1
        newMembers.append(
            SetMember(set: set.id, consent: id, index: set.memberCount, addedAt: context.block.time))
        members.append(record)
        set.memberCount += 1
        if record.scope == .aggregate { set.aggregateCount += 1 }
        // Nothing was permitted while the set had no members, however long they had been in force.
        if isFirst { set.effectiveAt = max(set.effectiveAt ?? effectiveAt, effectiveAt, context.block.time) }
        if let expiresAt = record.expiresAt { set.earliestExpiry = min(set.earliestExpiry ?? expiresAt, expiresAt) }
    }

    /// Brings the member's policy into the meet. What it has not there yet, and restrictions that it alone knows, leave
    /// nothing answered that was.
    private mutating func take(
        _ policy: ConsentPolicy, of record: ConsentRecord, field: String
    ) throws(Refusal) {
        if !record.commitments.isEmpty { set.policyRevision = set.revision }
        if set.dated.contains(where: { $0.policy == policy }) { return }
        let policies = set.dated.map(\.policy) + [policy]
        guard policies.count <= ConsentsLimits.policiesPerSet else {
            throw ConsentRejection.tooManyPolicies.at(
                field, "its policy differs from the \(ConsentsLimits.policiesPerSet) policies of the set",
                hint: "Consents made from the same template share a policy.")
        }
        let bytes = policies.reduce(0) { $0 + $1.encoded.count }
        guard bytes <= ConsentsLimits.setPolicyBytes else {
            throw ConsentRejection.tooManyPolicies.at(
                field,
                "with its policy those of the set have \(bytes) bytes; at most "
                    + "\(ConsentsLimits.setPolicyBytes) are kept",
                hint: "Put it into another set. Consents made from the same template share a policy.")
        }
        let types = CredentialType.allCases.filter { type in
            policies.contains { $0.credentialTypes.contains(type) }
        }
        guard types.count <= ConsentsLimits.credentialTypes else {
            throw ConsentRejection.tooManyPolicies.at(
                field,
                "with its policy those of the set ask actors for \(types.count) types of credential; at most "
                    + "\(ConsentsLimits.credentialTypes)", hint: "Put it into another set.")
        }
        set.add(policy, since: context.block.time)
        set.policyRevision = set.revision
        hasNewPolicies = true
    }

    /// A stale set whose successor takes the consent in needs no further news of it.
    private func keptSets(of record: ConsentRecord) throws(Refusal) -> [ConsentSetID] {
        guard let predecessor = set.predecessor, record.sets.contains(predecessor),
            let old = try ConsentSets.standing(predecessor, in: context.state), old.stale != nil
        else { return record.sets.elements }
        return record.sets.elements.filter { $0 != predecessor }
    }

    func plan(predecessor: SetStanding?, isNew: Bool) -> SetPlan {
        SetPlan(
            set: set, members: members, newMembers: newMembers, predecessor: predecessor, isNew: isNew,
            hasNewPolicies: hasNewPolicies,
            endedRevision: set.policyRevision == earlierRevision ? nil : earlierRevision)
    }
}

extension SetPlan {
    func write(in context: OperationContext) {
        for member in members { context.state.set(ConsentsKeys.consent(member.id), member) }
        for member in newMembers { context.state.set(ConsentsKeys.member(set.id, member.consent), member) }
        if isNew || hasNewPolicies {
            ConsentSets.store(set, in: context.state)
        } else {
            context.state.set(ConsentsKeys.set(set.id), set.standing)
        }
        if let endedRevision {
            context.state.set(ConsentsKeys.period(set.id, endedRevision), SetPeriod(until: context.block.time))
        }
        if isNew {
            context.emit(ConsentEvent.setCreated(SetFact(set.standing, added: newMembers.count)))
        } else {
            context.emit(ConsentEvent.setExtended(SetFact(set.standing, added: newMembers.count)))
        }
        if let predecessor {
            context.state.set(ConsentsKeys.set(predecessor.id), predecessor)
            context.emit(
                ConsentEvent.setSucceeded(
                    SetSuccession(set: predecessor.id, successor: set.id, custodian: set.custodian)))
        }
    }
}

/// `consentSet.create`: a custodian gathers consents that it countersigned, perhaps in the place of an older set.
public struct ConsentSetCreate: DomainOperation {
    public static let name = "consentSet.create"

    public let custodian: Party
    public let members: [Reference<ConsentKind>]
    /// The set that this one comes after; its INFTs are revised to cite the new one.
    public let succeeds: ConsentSetID?

    public init(custodian: Party, members: [Reference<ConsentKind>], succeeds: ConsentSetID? = nil) {
        self.custodian = custodian
        self.members = members
        self.succeeds = succeeds
    }

    public var weight: UInt64 { 10 + 4 * 6 + ConsentWeights.member * UInt64(members.count) }

    public func check(in context: OperationContext) throws(Refusal) -> SetPlan {
        let kind = try Parties.requireKnown(custodian, field: "custodian", in: context.state)
        guard kind != .patient else {
            throw ConsentRejection.custodianIsPatient.at("custodian", "\(custodian) is a patient's account")
        }
        try Authority.require(custodian, for: .consent, in: context, field: "custodian")
        let id: ConsentSetID = context.madeIdentifier()
        var predecessor: SetStanding?
        if let succeeds {
            var old = try ConsentSets.requireStanding(succeeds, field: "succeeds", in: context.state)
            guard old.custodian == custodian else {
                throw ConsentRejection.otherCustodian.at("succeeds", "the set's custodian is \(old.custodian)")
            }
            if let successor = old.successor {
                throw ConsentRejection.setSuperseded.at("succeeds", "\(successor) is its successor")
            }
            old.successor = id
            old.revision += 1
            predecessor = old
        }
        let standing = SetStanding(
            id: id, custodian: custodian, createdAt: context.block.time, predecessor: succeeds, successor: nil,
            memberCount: 0, aggregateCount: 0, effectiveAt: nil, earliestExpiry: nil, stale: nil, revision: 0,
            policyRevision: 0)
        var builder = SetBuilder(ConsentSetRecord(standing, policies: []), in: context)
        try builder.add(members)
        return builder.plan(predecessor: predecessor, isNew: true)
    }

    public func apply(_ plan: SetPlan, in context: OperationContext) throws(Refusal) { plan.write(in: context) }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = ["\(names.party(custodian)) makes a consent set of \(members.count) consents."]
        if let succeeds { lines.append("It takes the place of the set \(names.identifier(succeeds.description)).") }
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(custodian)
        writer.write(members)
        writer.write(succeeds)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ConsentSetCreate(
                custodian: try reader.value("custodian"),
                members: try reader.list("members", max: ConsentsLimits.membersPerOperation),
                succeeds: try reader.optional("succeeds"))
        }
    }
}

/// `consentSet.add`: further consents join a set; what it permits can only become less.
public struct ConsentSetAdd: DomainOperation {
    public static let name = "consentSet.add"

    public let set: Reference<ConsentSetKind>
    public let members: [Reference<ConsentKind>]

    public init(set: Reference<ConsentSetKind>, members: [Reference<ConsentKind>]) {
        self.set = set
        self.members = members
    }

    public var weight: UInt64 {
        10 + 4 * 5 + ConsentWeights.set + ConsentWeights.member * UInt64(members.count)
    }

    public func check(in context: OperationContext) throws(Refusal) -> SetPlan {
        let id = try context.state.resolve(set, in: context, domain: .consents, field: "set")
        var record = try ConsentSets.require(id, field: "set", in: context.state)
        try Authority.require(record.custodian, for: .consent, in: context, field: "set")
        guard !members.isEmpty else { throw ConsentRejection.nothingNamed.at("members", "no consent is named") }
        if let successor = record.successor {
            throw ConsentRejection.setSuperseded.at("set", "\(successor) is its successor", hint: "Add to that one.")
        }
        guard !record.isStale(at: context.block.time) else {
            throw ConsentRejection.setStale.at(
                "set", "a member was withdrawn or has expired", hint: "Create a successor of the members in force.")
        }
        record.revision += 1
        var builder = SetBuilder(record, in: context)
        try builder.add(members)
        return builder.plan(predecessor: nil, isNew: false)
    }

    public func apply(_ plan: SetPlan, in context: OperationContext) throws(Refusal) { plan.write(in: context) }

    public func words(_ names: any NameResolver) -> [String] {
        switch set {
        case .id(let id): ["Add \(members.count) consents to the set \(names.identifier(id.description))."]
        case .operation(let index): ["Add \(members.count) consents to the set that operation \(index) makes."]
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(set)
        writer.write(members)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            ConsentSetAdd(
                set: try reader.value("set"),
                members: try reader.list("members", max: ConsentsLimits.membersPerOperation))
        }
    }
}
