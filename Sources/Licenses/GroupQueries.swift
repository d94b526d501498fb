import INFTs
public import Primitives
import Revenue
import StateModel

/// A member of a group, as it stands.
public struct GroupMemberView: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let owner: Party
    public let share: PartsPerMillion
    public let hasJoined: Bool
    /// Whether it can be licensed now.
    public let isAvailable: Bool
}

public struct GroupView: Codable, Hashable, Sendable {
    public let group: GroupRecord
    /// Who proposed it, offers it, and gets what the split leaves.
    public let organizer: Party
    /// Sorted by INFT.
    public let members: [GroupMemberView]
    /// Nil: it can be sold now; else what stands against it.
    public let obstacle: String?
}

public struct GroupParameters: Codable, Sendable {
    public let group: INFTID

    public init(group: INFTID) { self.group = group }
}

public struct GroupListParameters: Codable, Sendable {
    public let member: INFTID

    public init(member: INFTID) { self.member = member }
}

public struct MembershipsView: Codable, Hashable, Sendable {
    public let member: INFTID
    /// In the order in which it joined.
    public let groups: [INFTID]
}

enum GroupQueries {
    static let all: [Query] = [get, memberships]

    static let get = Query(
        "group_get",
        "A group of INFTs sold as one: its members, their fixed shares, who has joined, and whether it can be sold.",
        [QueryParameter("group", "The group.")], from: GroupParameters.self, to: GroupView.self
    ) { (parameters, context) throws(Refusal) in
        let state = context.state
        let record = try Groups.require(parameters.group, field: "group", in: state)
        let inft = try INFTRegistry.requireKnown(record.group, field: "group", in: state)
        var members: [GroupMemberView] = []
        for entry in try Vaults.royalties(of: record.group, in: state).sorted(by: { $0.ancestor < $1.ancestor }) {
            let member = try INFTRegistry.requireKnown(entry.ancestor, field: "group", in: state)
            members.append(
                GroupMemberView(
                    inft: entry.ancestor, owner: member.owner, share: entry.share,
                    hasJoined: try Groups.groups(of: entry.ancestor, in: state).contains(record.group),
                    isAvailable: Groups.isAvailable(member)))
        }
        var obstacle: String?
        do throws(Refusal) {
            try INFTRegistry.requireActive(record.group, field: "group", in: state)
            try Groups.requireSellable(record, field: "group")
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            obstacle = rejection.description
        }
        return GroupView(group: record, organizer: inft.owner, members: members, obstacle: obstacle)
    }

    static let memberships = Query(
        "group_memberships", "The groups that an INFT has joined.", [QueryParameter("member", "The INFT.")],
        from: GroupListParameters.self, to: MembershipsView.self
    ) { (parameters, context) throws(Refusal) in
        MembershipsView(
            member: parameters.member, groups: try Groups.groups(of: parameters.member, in: context.state))
    }
}
