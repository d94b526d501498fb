public import Identities
internal import Primitives
public import StateModel

/// What an `organization.update` changes. The operation itself says only how the organization is afterwards, so that a
/// signer would have to know by heart who leaves.
public enum OrganizationDifference {
    /// One line for each change, from how the organization is now.
    public static func lines(
        from old: OrganizationProfile, to new: UpdateOrganization, names: any NameResolver
    ) -> [String] {
        let lines =
            members(old.members, new.members, names) + policies(old.policies, new.policies)
            + messageKey(old.messageKey, new.messageKey)
        let organization = names.party(.organization(new.organization))
        guard !lines.isEmpty else { return ["\(organization) would stay as it is"] }
        return ["Of \(organization) as it is now, this"] + lines.map { "   " + $0 }
    }

    private static func members(_ old: [Member], _ new: [Member], _ names: any NameResolver) -> [String] {
        var lines: [String] = []
        for member in old where !new.contains(where: { $0.account == member.account }) {
            lines.append("removes \(names.party(.account(member.account))), \(member.role.name)")
        }
        for member in new {
            let name = names.party(.account(member.account))
            guard let before = old.first(where: { $0.account == member.account }) else {
                lines.append("adds \(name) as \(member.role.name)")
                continue
            }
            if before.role != member.role {
                lines.append("makes \(name) \(member.role.name), instead of \(before.role.name)")
            }
        }
        return lines
    }

    private static func policies(_ old: [ClassPolicy], _ new: [ClassPolicy]) -> [String] {
        var lines: [String] = []
        for policy in old where !new.contains(where: { $0.operationClass == policy.operationClass }) {
            lines.append(
                "removes the policy for \(policy.operationClass.name) (\(text(policy))): the one for "
                    + "\(OperationClass.administration.name) holds instead")
        }
        for policy in new {
            let name = policy.operationClass.name
            guard let before = old.first(where: { $0.operationClass == policy.operationClass }) else {
                lines.append("adds a policy for \(name): \(text(policy)) must sign")
                continue
            }
            if before != policy { lines.append("for \(name) lets \(text(policy)) sign, instead of \(text(before))") }
        }
        return lines
    }

    private static func text(_ policy: ClassPolicy) -> String {
        let who = policy.roles.isEmpty ? "members" : policy.roles.map(\.name).joined(separator: " or ")
        return "\(policy.threshold) of the \(who)"
    }

    private static func messageKey(_ old: ByteString?, _ new: ByteString?) -> [String] {
        guard old != new else { return [] }
        guard let new else { return ["removes the message key"] }
        return [(old == nil ? "sets" : "replaces") + " the message key: \(Hexadecimal.encode(new.bytes))"]
    }
}
