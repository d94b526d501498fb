internal import Cryptography
internal import Encoding
internal import Primitives
internal import StateModel

enum OrganizationRules {
    /// Every rule of a profile that needs no signature.
    static func check(_ profile: OrganizationProfile, in state: any StateReader) throws(Refusal) {
        guard profile.kind != .patient else {
            throw IdentityRejection.kindNotAllowed.at("profile.kind", "a patient is an account, not an organization")
        }
        try checkName(profile.name)
        guard Jurisdictions.isValid(profile.jurisdiction) else {
            throw IdentityRejection.invalidJurisdiction.at(
                "profile.jurisdiction", "“\(profile.jurisdiction)” is no code of ISO 3166",
                hint: "Write DE, or US-CA.")
        }
        try checkIdentifiers(profile.identifiers)
        try checkMembers(profile.members, in: state)
        try checkPolicies(profile.policies, of: profile.members)
        if let key = profile.messageKey, CurvePoint(compressed: key.bytes) == nil {
            throw IdentityRejection.invalidMessageKey.at("messageKey", "these bytes are no point of secp256k1")
        }
    }

    private static func checkName(_ name: String) throws(Refusal) {
        let hasControls = name.unicodeScalars.contains { $0.properties.generalCategory == .control }
        let trimmed = name.utf8.first != 32 && name.utf8.last != 32
        guard !name.isEmpty, name.utf8.count <= IdentityLimits.nameBytes, !hasControls, trimmed else {
            throw IdentityRejection.invalidName.at(
                "profile.name",
                "a name has 1 to \(IdentityLimits.nameBytes) bytes, no controls, and no space at its ends")
        }
    }

    private static func checkIdentifiers(_ identifiers: [InstitutionIdentifier]) throws(Refusal) {
        try requireAscending(
            identifiers.map(\.scheme.rawValue), max: IdentityLimits.institutionIdentifiers,
            field: "profile.identifiers")
        for (index, identifier) in identifiers.enumerated() where !identifier.isValid {
            throw IdentityRejection.invalidIdentifier.at(
                "profile.identifiers[\(index)]",
                "“\(identifier.value)” is no \(identifier.scheme.name.uppercased()): form or checksum is wrong")
        }
    }

    private static func checkMembers(_ members: [Member], in state: any StateReader) throws(Refusal) {
        guard !members.isEmpty else {
            throw IdentityRejection.tooFewMembers.at("members", "an organization has at least one member")
        }
        try requireAscending(members.map(\.account), max: IdentityLimits.members, field: "members")
        for (index, member) in members.enumerated() {
            let kind = try Parties.requireKnown(.account(member.account), field: "members[\(index)].account", in: state)
            guard kind != .patient else {
                // Membership is public, and would tie a pseudonymous key to an institution by name.
                throw IdentityRejection.kindNotAllowed.at(
                    "members[\(index)].account", "a patient's pseudonymous account can't be a member")
            }
        }
    }

    private static func checkPolicies(_ policies: [ClassPolicy], of members: [Member]) throws(Refusal) {
        try requireAscending(
            policies.map(\.operationClass.rawValue), max: IdentityLimits.policies, field: "policies")
        guard policies.first?.operationClass == .administration else {
            throw IdentityRejection.missingAdministration.at(
                "policies", "there is no policy for the class administration")
        }
        for (index, policy) in policies.enumerated() {
            try requireAscending(
                policy.roles.map(\.rawValue), max: MemberRole.allCases.count, field: "policies[\(index)].roles")
            let eligible = UInt64(members.count { policy.admits($0) })
            // A transaction carries at most 16 signatures, so a higher threshold could never be met.
            let most = min(eligible, UInt64(WireLimits.signaturesPerTransaction))
            guard policy.threshold >= 1, policy.threshold <= most else {
                throw IdentityRejection.thresholdUnreachable.at(
                    "policies[\(index)].threshold",
                    "\(policy.threshold) is not between 1 and \(most), the members who may sign for "
                        + policy.operationClass.name,
                    hint: "Change or remove that policy in the same operation.")
            }
        }
    }

    static func requireAscending<Key: Comparable>(_ keys: [Key], max: Int, field: String) throws(Refusal) {
        guard keys.count <= max, zip(keys, keys.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw IdentityRejection.listNotAscending.at(
                field, "at most \(max) entries, ascending and without duplicates, are allowed")
        }
    }

    static func words(members: [Member], policies: [ClassPolicy], _ names: any NameResolver) -> [String] {
        members.map { "Member: \(names.party(.account($0.account))), \($0.role.name)" }
            + policies.map {
                let who = $0.roles.isEmpty ? "members" : $0.roles.map(\.name).joined(separator: " or ")
                return "\($0.operationClass.name): \($0.threshold) of the \(who) must sign"
            }
    }
}

extension CBORReader {
    mutating func members() throws(EncodingFailure) -> [Member] {
        try sortedList("members", max: IdentityLimits.members, by: { (member: Member) in member.account })
    }

    mutating func policies() throws(EncodingFailure) -> [ClassPolicy] {
        try sortedList(
            "policies", max: IdentityLimits.policies, by: { (policy: ClassPolicy) in policy.operationClass.rawValue })
    }

    mutating func messageKey() throws(EncodingFailure) -> ByteString? {
        null() ? nil : ByteString(try byteString("messageKey", count: IdentityLimits.messageKeyBytes))
    }
}
