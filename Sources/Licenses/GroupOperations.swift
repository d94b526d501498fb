public import Encoding
public import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Proposes a group: its members, how what it earns is split, and the terms under which it is sold, for good. Nothing
/// is sold before the owner of each member has joined. `[metadata, members, terms, joinBy]`
public struct CreateGroup: DomainOperation {
    public static let name = "group.create"

    public let metadata: INFTMetadata
    /// Sorted by INFT. What their shares leave of the whole is the organizer's.
    public let members: [GroupMember]
    public let terms: TermsID
    public let joinBy: Timestamp

    public init(metadata: INFTMetadata, members: [GroupMember], terms: TermsID, joinBy: Timestamp) {
        self.metadata = metadata
        self.members = members
        self.terms = terms
        self.joinBy = joinBy
    }

    public var weight: UInt64 { 80 + 8 * UInt64(members.count) }

    public struct Plan {
        let inft: INFTRecord
        let group: GroupRecord
        let split: [RoyaltyEntry]
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        try Authority.require(context.actor, for: .content, in: context, field: "")
        let terms = try LicenseLedger.requireTerms(self.terms, field: "terms", in: state).terms
        guard !terms.grant.isExclusive else {
            throw LicenseRejection.groupTermsDiffer.at(
                "terms", "members can be licensed by themselves too, so a license on a group is never exclusive")
        }
        // Uses and outcomes are counted for one INFT's version; a trial and a sublicense would bind members one by one.
        let isPlain =
            terms.payment.perUseFee == .zero && terms.payment.prepaidUses == 0 && terms.payment.outcome == nil
            && terms.grant.trialMilliseconds == nil && !terms.grant.isSublicensable
        guard isPlain else {
            throw LicenseRejection.groupTermsDiffer.at(
                "terms",
                "a license on a group is paid once: neither by use nor by outcome, without trial and sublicenses")
        }
        guard joinBy > time, joinBy <= time.adding(milliseconds: LicenseLimits.joinMilliseconds) else {
            throw LicenseRejection.invalidExpiry.at(
                "joinBy", "within \(DurationText.exact(milliseconds: LicenseLimits.joinMilliseconds)) of \(time)")
        }
        guard members.count >= 2, members.count <= LicenseLimits.groupMembers,
            zip(members, members.dropFirst()).allSatisfy({ $0.inft < $1.inft })
        else {
            throw LicenseRejection.groupMembersInvalid.at(
                "members", "2 to \(LicenseLimits.groupMembers) INFTs, sorted, each once")
        }
        let split = members.map { RoyaltyEntry(ancestor: $0.inft, share: $0.share, ceiling: nil) }
        let id: INFTID = context.madeIdentifier()
        try Vaults.checkSplit(id, split, field: "members", in: state)
        var writer = CBORWriter()
        writer.write(members)
        let inft = try INFTRegistry.newGroup(id, metadata: metadata, members: writer.bytes, in: context)
        return Plan(
            inft: inft,
            group: GroupRecord(
                group: id, terms: self.terms, joinBy: joinBy, memberCount: UInt64(members.count)), split: split)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try INFTRegistry.addGroup(plan.inft, in: context)
        try Vaults.setSplit(plan.inft.id, plan.split, in: context)
        context.state.set(LicenseKeys.group(plan.inft.id), plan.group)
        context.emit(LicenseEvent.groupCreated(GroupChanged(plan.group)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = [
            "Propose the group “\(metadata.title)” of \(members.count) INFTs, to be sold as one under the terms "
                + names.identifier(terms.description) + ", for good"
        ]
        lines += members.prefix(16).map {
            "\($0.share.percentText) of what it earns go to \(names.identifier($0.inft.description))"
        }
        if members.count > 16 { lines.append("… and to \(members.count - 16) more") }
        // Whoever reads these words may not have checked the shares yet.
        let sum = members.reduce(UInt64(0)) { $0 + UInt64($1.share.parts) }
        if sum < 1_000_000, let rest = PartsPerMillion(1_000_000 - sum) {
            lines.append("\(rest.percentText) are yours")
        }
        lines.append("Nothing is sold before every owner has joined, until \(names.time(joinBy))")
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(metadata)
        writer.write(members)
        writer.write(terms)
        writer.write(joinBy)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            CreateGroup(
                metadata: try reader.value("metadata"),
                members: try reader.sortedList("members", max: LicenseLimits.groupMembers) { (one: GroupMember) in
                    one.inft
                }, terms: try reader.value("terms"), joinBy: try reader.value("joinBy"))
        }
    }
}

/// The owners of members agree to the group as it was proposed: its members, its split, its terms. For good: a member
/// stays in the group whoever owns it later. `[group, members]`
public struct JoinGroup: DomainOperation {
    public static let name = "group.join"

    public let group: INFTID
    /// Sorted; each owner signs.
    public let members: [INFTID]

    public init(group: INFTID, members: [INFTID]) {
        self.group = group
        self.members = members
    }

    public var weight: UInt64 { 30 + 40 * UInt64(members.count) }

    public func check(in context: OperationContext) throws(Refusal) -> GroupRecord {
        let state = context.state
        var record = try Groups.require(group, field: "group", in: state)
        guard record.formedAt == nil, context.block.time < record.joinBy else {
            throw LicenseRejection.groupNotFormed.at(
                "group",
                record.formedAt == nil ? "owners could join until \(record.joinBy.text)" : "the group is complete")
        }
        try INFTRegistry.requireActive(group, field: "group", in: state)
        guard !members.isEmpty, members.count <= LicenseLimits.joinsPerOperation,
            zip(members, members.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw LicenseRejection.groupMembersInvalid.at(
                "members", "1 to \(LicenseLimits.joinsPerOperation), sorted, each once")
        }
        for (index, member) in members.enumerated() {
            let field = "members[\(index)]"
            guard try !Vaults.royalties(to: member, from: group, in: state).isEmpty else {
                throw LicenseRejection.groupMembersInvalid.at(field, "\(member) is none of the group's members")
            }
            let inft = try Groups.requireGroupable(member, field: field, in: state)
            try Authority.require(inft.owner, for: .licensing, in: context, field: field)
            let groups = try Groups.groups(of: member, in: state)
            guard !groups.contains(group) else {
                throw LicenseRejection.groupMembersInvalid.at(field, "\(member) has joined")
            }
            guard groups.count < LicenseLimits.groupsPerMember else {
                throw LicenseRejection.notGroupable.at(
                    field, "\(member) is in \(LicenseLimits.groupsPerMember) groups, the most there can be")
            }
        }
        record.joined += UInt64(members.count)
        if record.joined == record.memberCount { record.formedAt = context.block.time }
        return record
    }

    public func apply(_ plan: GroupRecord, in context: OperationContext) throws(Refusal) {
        for member in members {
            let groups = try Groups.groups(of: member, in: context.state)
            context.state.set(LicenseKeys.memberships(member), Memberships(groups: groups + [group]))
            context.emit(LicenseEvent.groupJoined(GroupChanged(plan, member: member)))
        }
        context.state.set(LicenseKeys.group(group), plan)
        if plan.formedAt != nil {
            // It says too how many that joined early have become unavailable before the last one joined.
            context.emit(LicenseEvent.groupFormed(GroupChanged(plan)))
        }
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Join the group \(names.identifier(group.description)) with \(members.count) of its members, for good: "
                + members.prefix(16).map { names.identifier($0.description) }.joined(separator: ", ")
                + (members.count > 16 ? ", …" : ""),
            "Whoever buys a license on the group is licensed for them under the group's terms",
            "Each gets its fixed share of what the group earns; none of them can be licensed exclusively any more",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(group)
        writer.write(members)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            JoinGroup(
                group: try reader.value("group"),
                members: try reader.sortedList("members", max: LicenseLimits.joinsPerOperation) { (id: INFTID) in id })
        }
    }
}
