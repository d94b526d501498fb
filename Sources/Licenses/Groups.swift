import INFTs
public import Primitives
public import StateModel

/// INFTs that are sold as one, with a fixed split. A group is an INFT of its own: it is offered, licensed, quoted,
/// paid, disputed and derived from as any other. What is here keeps it and its members in step.
public enum Groups {
    public static func record(_ group: INFTID, in state: any StateReader) throws(Refusal) -> GroupRecord? {
        try state.record(LicenseKeys.group(group))
    }

    static func require(_ group: INFTID, field: String, in state: any StateReader) throws(Refusal) -> GroupRecord {
        guard let record = try record(group, in: state) else {
            throw LicenseRejection.unknownGroup.at(field, "\(group) is no group")
        }
        return record
    }

    /// The groups that an INFT has joined; at most ``LicenseLimits/groupsPerMember``.
    public static func groups(of member: INFTID, in state: any StateReader) throws(Refusal) -> [INFTID] {
        try state.record(LicenseKeys.memberships(member))?.groups ?? []
    }

    /// Whether the group can be sold, or derived from, now: every owner has joined, and every member can be licensed.
    static func requireSellable(_ record: GroupRecord, field: String) throws(Refusal) {
        guard record.formedAt != nil else {
            throw LicenseRejection.groupNotFormed.at(
                field,
                "\(record.memberCount - record.joined) of \(record.memberCount) members have not joined \(record.group)"
            )
        }
        guard record.unavailable > 0 else { return }
        throw LicenseRejection.groupNotFormed.at(
            field, "\(record.unavailable) members of \(record.group) can't be licensed now",
            hint: "group_get says which. Wait until they can, or make a group without them.", retryable: true)
    }

    /// An INFT that a group can take: what a member brings with it would have to hold for the whole group, so it brings
    /// nothing. Open, since one license can't be delivered a thousand times; about nobody, since it can't follow a thousand
    /// consent sets; an original, since it can't keep to the terms of a thousand parents, nor pay their ancestors
    /// undiluted.
    static func requireGroupable(_ id: INFTID, field: String, in state: any StateReader) throws(Refusal) -> INFTRecord {
        let inft = try INFTRegistry.requireActive(id, field: field, in: state)
        let obstacle: String? =
            if inft.inftClass == .group { "is a group itself" } else if inft.latest.isSealed {
                "is sealed: its key would have to be delivered to every licensee of the group"
            } else if inft.hasHumanData || inft.consentSet != nil {
                "holds data about people: sell it as a dataset"
            } else if !inft.parents.isEmpty {
                "derives from others, whose terms the group can't keep"
            } else if inft.cloneOf != nil { "is a clone: name what it is a clone of" } else { nil }
        if let obstacle { throw LicenseRejection.notGroupable.at(field, "\(id) \(obstacle)") }
        if let exclusive = try LiveCount.read(id, in: state).exclusive {
            throw LicenseRejection.exclusivelyLicensed.at(
                field, "\(id) is licensed exclusively by \(exclusive)", retryable: true)
        }
        return inft
    }

    /// An exclusive license on a member would not be exclusive: others get it with the group.
    static func requireUngrouped(_ inft: INFTID, field: String, in state: any StateReader) throws(Refusal) {
        let original = try INFTRegistry.original(of: inft, in: state)
        guard let group = try groups(of: original, in: state).first else { return }
        throw LicenseRejection.memberOfGroup.at(
            field, "\(original) is sold with the group \(group), so no license on it is exclusive")
    }

    /// Whether a member can be licensed with its groups now.
    static func isAvailable(_ member: INFTRecord) -> Bool { member.status == .active && !member.latest.isSealed }

    /// Notes in each group of `member` whether it can be licensed: called with everything that changes that, so that a
    /// sale of the group asks nothing of its members.
    static func memberChanged(_ member: INFTID, in context: OperationContext) throws(Refusal) {
        guard var memberships = try context.state.record(LicenseKeys.memberships(member)) else { return }
        let inft = try INFTRegistry.requireKnown(member, field: "inft", in: context.state)
        let isAvailable = isAvailable(inft)
        guard memberships.isAvailable != isAvailable else { return }
        memberships.isAvailable = isAvailable
        context.state.set(LicenseKeys.memberships(member), memberships)
        for group in memberships.groups {
            var record = try require(group, field: "inft", in: context.state)
            guard isAvailable ? record.unavailable > 0 : record.unavailable < record.memberCount else {
                throw .failed(StateFailure("the members of the group \(group) are miscounted"))
            }
            if isAvailable { record.unavailable -= 1 } else { record.unavailable += 1 }
            context.state.set(LicenseKeys.group(group), record)
            context.emit(LicenseEvent.groupChanged(GroupChanged(record, member: member)))
        }
    }
}
