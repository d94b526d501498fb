internal import Primitives
internal import StateModel

/// Who may attest what, and what a claim must look like.
enum IssueRules {
    /// The right to issue, or to grant further: the accreditor's own, or that of a delegation's delegate.
    struct Right {
        let types: [CredentialType]
        let jurisdictions: [String]
        /// Those of the accreditor at the beginning of the chain.
        let rootJurisdictions: [String]
        let depth: UInt64
        let mayDelegate: Bool
        let validFrom: Timestamp
        let validUntil: Timestamp?

        func covers(_ wanted: [String]) -> Bool {
            Jurisdictions.covers(jurisdictions, all: wanted) && Jurisdictions.covers(rootJurisdictions, all: wanted)
        }

        /// For people.
        var places: String { (jurisdictions.isEmpty ? rootJurisdictions : jurisdictions).joined(separator: ", ") }
    }

    /// What `party` may at `time` by `delegation`, or as an accreditor; refused if that is nothing.
    static func right(
        of party: Party, by delegation: DelegationID?, field: String, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Right {
        guard let delegation else {
            guard let root = try state.record(IdentityKeys.accreditor(party)),
                root.revokedAt.map({ time < $0 }) ?? true
            else {
                throw IdentityRejection.mayNotIssue.at(
                    field, "\(party) is no accreditor", hint: "Name the delegation by which it may issue.")
            }
            return Right(
                types: root.types, jurisdictions: root.jurisdictions, rootJurisdictions: root.jurisdictions, depth: 0,
                mayDelegate: true, validFrom: root.accreditedAt, validUntil: nil)
        }
        guard let link = try Delegations.record(delegation, in: state) else {
            throw IdentityRejection.unknownDelegation.at(field, "there is no delegation \(delegation)")
        }
        guard link.grant.delegate == party else {
            throw IdentityRejection.mayNotIssue.at(field, "\(delegation) was granted to \(link.grant.delegate)")
        }
        guard link.grant.validFrom <= time, link.grant.validUntil.map({ time < $0 }) ?? true,
            try Delegations.isIntact(delegation, issuer: link.grantor, at: time, in: state)
        else {
            throw IdentityRejection.delegationNotInForce.at(field, "\(delegation) is not in force at \(time)")
        }
        // What the accreditor may no longer do, nobody may do by its right; what was issued before stays.
        let root = try Delegations.root(of: delegation, in: state)
        return Right(
            types: link.grant.types.filter { root.types.contains($0) }, jurisdictions: link.grant.jurisdictions,
            rootJurisdictions: root.jurisdictions, depth: link.depth, mayDelegate: link.grant.mayDelegate,
            validFrom: link.grant.validFrom, validUntil: link.grant.validUntil)
    }

    /// Refused unless the issuer signed, as far as that is not the subject's own signature: who attests for an
    /// organization does not decide about itself.
    static func requireIssuer(
        _ issuer: Party, of subject: Party, in context: OperationContext
    ) throws(Refusal) {
        try Authority.require(issuer, for: .credentials, in: context, field: "issuer")
        if case .organization(let id) = issuer, case .account(let address) = subject,
            let profile = try Organizations.record(id, in: context.state)?.profile,
            profile.members.contains(where: { $0.account == address })
        {
            let others = OrganizationProfile(
                kind: profile.kind, name: profile.name, jurisdiction: profile.jurisdiction,
                members: profile.members.filter { $0.account != address }, policies: profile.policies)
            do {
                try Authority.require(others, id, for: .credentials, in: context, field: "issuer")
            } catch {
                guard case .rejected(let rejection) = error else { throw error }
                throw IdentityRejection.selfIssued.at(
                    "claim.subject", "\(subject)'s own signature does not count here: \(rejection.message)",
                    hint: "Let other members of the organization sign.")
            }
        }
    }

    static func requireRight(
        _ issuer: Party, _ delegation: DelegationID?, _ claim: CredentialClaim, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) {
        let right = try right(of: issuer, by: delegation, field: "delegation", at: time, in: state)
        guard right.types.contains(claim.credentialType) else {
            throw IdentityRejection.mayNotIssue.at(
                "claim.credentialType", "\(issuer) may not issue \(claim.credentialType.name)")
        }
        guard right.covers(claim.scope.jurisdictions) else {
            throw IdentityRejection.mayNotIssue.at(
                "claim.scope.jurisdictions",
                "\(issuer) may issue for \(right.places) only")
        }
        // The right of whoever stands in the chain is where the issuer's comes from.
        for link in try Delegations.chain(delegation, in: state) where link.grantor == claim.subject {
            throw IdentityRejection.selfIssued.at(
                "claim.subject", "\(claim.subject) gave the right by which it would be attested (\(link.id))",
                hint: "Let somebody issue whose right does not come from the subject.")
        }
    }

    /// The rules of a grant under a right, and how deep it lies.
    static func requireNarrower(_ grant: DelegationGrant, than right: Right) throws(Refusal) -> UInt64 {
        guard right.mayDelegate, right.depth < UInt64(IdentityLimits.delegationDepth) else {
            throw IdentityRejection.delegationTooDeep.at(
                "parent",
                right.mayDelegate
                    ? "\(right.depth) links lie above already" : "the delegation may not be granted further")
        }
        guard grant.types.allSatisfy({ right.types.contains($0) }) else {
            throw IdentityRejection.delegationWider.at("grant.types", "the grantor may not issue all of these types")
        }
        guard right.covers(grant.jurisdictions) else {
            throw IdentityRejection.delegationWider.at(
                "grant.jurisdictions",
                "the grantor may issue for \(right.places) only")
        }
        guard right.validFrom <= grant.validFrom || right.depth == 0 else {
            throw IdentityRejection.delegationWider.at(
                "grant.validFrom", "the grantor may issue from \(right.validFrom.text) on")
        }
        if let end = right.validUntil {
            guard let own = grant.validUntil, own <= end else {
                throw IdentityRejection.delegationWider.at(
                    "grant.validUntil", "the grantor may issue until \(end.text)")
            }
        }
        return right.depth + 1
    }

    /// Form of a grant.
    static func check(_ grant: DelegationGrant, by grantor: Party, at time: Timestamp, in state: any StateReader)
        throws(Refusal)
    {
        guard grant.delegate != grantor else {
            throw IdentityRejection.selfIssued.at("grant.delegate", "nobody delegates to itself")
        }
        let kind = try Parties.requireKnown(grant.delegate, field: "grant.delegate", in: state)
        guard kind != .patient else {
            throw IdentityRejection.kindNotAllowed.at("grant.delegate", "a patient can't issue credentials")
        }
        guard !grant.types.isEmpty else {
            throw IdentityRejection.missingDetail.at("grant.types", "a delegation names at least one type")
        }
        try OrganizationRules.requireAscending(
            grant.types.map(\.rawValue), max: CredentialType.allCases.count, field: "grant.types")
        try checkJurisdictions(grant.jurisdictions, field: "grant.jurisdictions")
        try checkValidity(from: grant.validFrom, until: grant.validUntil, field: "grant.validUntil", at: time)
    }

    static func checkJurisdictions(_ codes: [String], field: String) throws(Refusal) {
        try requireAscending(codes, max: IdentityLimits.jurisdictions, field: field)
        for (index, code) in codes.enumerated() where !Jurisdictions.isValid(code) {
            throw IdentityRejection.invalidJurisdiction.at(
                "\(field)[\(index)]", "“\(code)” is no code of ISO 3166", hint: "Write DE, or US-CA.")
        }
    }

    static func checkValidity(
        from: Timestamp, until: Timestamp?, field: String, at time: Timestamp
    ) throws(Refusal) {
        guard let until else { return }
        guard from < until, time < until else {
            throw IdentityRejection.invalidValidity.at(field, "the validity ends at \(until.text), before it can begin")
        }
    }

    private static func requireAscending(_ texts: [String], max: Int, field: String) throws(Refusal) {
        guard texts.count <= max, texts.isAscending else {
            throw IdentityRejection.listNotAscending.at(
                field, "at most \(max) entries, ascending and without duplicates, are allowed")
        }
    }

    /// Form of a claim, and whether such a party may be its subject.
    static func check(_ claim: CredentialClaim, by issuer: Party, at time: Timestamp, in state: any StateReader)
        throws(Refusal)
    {
        try checkJurisdictions(claim.scope.jurisdictions, field: "claim.scope.jurisdictions")
        try checkSpecialties(claim.scope.specialties)
        try checkValidity(from: claim.validFrom, until: claim.validUntil, field: "claim.validUntil", at: time)
        try OrganizationRules.requireAscending(
            claim.identifiers.map(\.scheme.rawValue), max: IdentityLimits.personIdentifiers,
            field: "claim.identifiers")
        try checkDetails(claim, in: state)
        try checkSubject(claim, by: issuer, in: state)
    }

    private static func checkSpecialties(_ codes: [String]) throws(Refusal) {
        try requireAscending(codes, max: IdentityLimits.specialties, field: "claim.scope.specialties")
        for (index, code) in codes.enumerated() {
            let field = "claim.scope.specialties[\(index)]"
            let isCode = code.utf8.allSatisfy {
                $0 >= 48 && $0 <= 57 || $0 >= 65 && $0 <= 90 || $0 >= 97 && $0 <= 122 || $0 == 45 || $0 == 46
            }
            guard !code.isEmpty, code.utf8.count <= IdentityLimits.specialtyBytes, isCode else {
                throw IdentityRejection.invalidSpecialty.at(
                    field, "a code has 1 to \(IdentityLimits.specialtyBytes) letters, digits, dots and hyphens")
            }
            // The one open text of a credential must not become the place where a person is named.
            guard !Checksums.isNPI(code) else {
                throw IdentityRejection.personalIdentifier.at(
                    field, "this is a National Provider Identifier",
                    hint: "Identifiers of persons go into `identifiers`, as salted commitments.")
            }
        }
    }

    private static func checkDetails(_ claim: CredentialClaim, in state: any StateReader) throws(Refusal) {
        let type = claim.credentialType
        try require(claim.scope.role != nil, type == .affiliation, "claim.scope.role", type)
        try require(claim.concerning != nil, type == .guardianship, "claim.concerning", type)
        try require(
            claim.resource != nil, type == .acceptedTerms || type == .controlledAccess, "claim.resource", type)
        guard type != .specialty || !claim.scope.specialties.isEmpty else {
            throw IdentityRejection.missingDetail.at("claim.scope.specialties", "a specialty names its code")
        }
        if let ward = claim.concerning {
            guard try Parties.kind(of: ward, in: state) == .patient, ward != claim.subject else {
                throw IdentityRejection.concernsNoPatient.at(
                    "claim.concerning", "\(ward) is no registered patient other than the subject")
            }
        }
    }

    private static func require(
        _ isPresent: Bool, _ isWanted: Bool, _ field: String, _ type: CredentialType
    ) throws(Refusal) {
        guard isPresent != isWanted else { return }
        let rejection = isWanted ? IdentityRejection.missingDetail : .surplusDetail
        throw rejection.at(field, "a credential of type \(type.name) \(isWanted ? "must" : "can't") name this")
    }

    private static func checkSubject(
        _ claim: CredentialClaim, by issuer: Party, in state: any StateReader
    ) throws(Refusal) {
        guard claim.subject != issuer else {
            throw IdentityRejection.selfIssued.at("claim.subject", "nobody attests itself")
        }
        let kind = try Parties.requireKnown(claim.subject, field: "claim.subject", in: state)
        let type = claim.credentialType
        let isOrganization = if case .organization = claim.subject { true } else { false }
        let isAllowed =
            switch type {
            case .accreditation: isOrganization && kind == .institution
            // A patient's key is a pseudonym: what would say who stands behind it is not attested to it.
            case .acceptedTerms: true
            case .guardianship: !isOrganization
            case .assetIssuer, .ethicsBoard, .controlledAccess, .arbiter, .regulator: kind != .patient
            case .affiliation, .researcherStatus, .medicalLicense, .specialty: !isOrganization && kind != .patient
            }
        guard isAllowed else {
            throw IdentityRejection.subjectNotAllowed.at(
                "claim.subject",
                "\(isOrganization ? "an organization" : "an account") of kind \(kind.name) can't hold \(type.name)")
        }
        guard claim.identifiers.isEmpty || !isOrganization && kind != .patient else {
            throw IdentityRejection.subjectNotAllowed.at(
                "claim.identifiers", "only persons who act under their name have NPI or ORCID")
        }
    }
}
