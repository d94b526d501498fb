internal import Cryptography
internal import Primitives
internal import StateModel

/// Writes the genesis, and refuses one that contradicts itself.
struct GenesisApplication {
    let genesis: IdentitiesGenesis
    let context: OperationContext

    private var state: StateOverlay { context.state }
    private var time: Timestamp { context.block.time }

    func apply() throws(Refusal) {
        state.set(IdentityKeys.parameters, genesis.parameters)
        for (index, account) in genesis.accounts.enumerated() { try add(account, "accounts[\(index)]") }
        for (index, organization) in genesis.organizations.enumerated() {
            try add(organization, "organizations[\(index)]")
        }
        for (index, accreditor) in genesis.accreditors.enumerated() { try add(accreditor, "accreditors[\(index)]") }
        for organization in genesis.organizations where organization.isEnrolled { try enroll(organization) }
        for (index, delegation) in genesis.delegations.enumerated() { try add(delegation, "delegations[\(index)]") }
        for (index, credential) in genesis.credentials.enumerated() { try add(credential, "credentials[\(index)]") }
        for (index, account) in genesis.accounts.enumerated() { try sponsor(account, "accounts[\(index)].sponsor") }
    }

    private func require(_ isTrue: Bool, _ field: String, _ message: String) throws(Refusal) {
        guard isTrue else { throw IdentityRejection.invalidGenesis.at(field, message) }
    }

    private func add(_ account: GenesisAccount, _ field: String) throws(Refusal) {
        try require(try Accounts.record(account.address, in: state) == nil, field, "the account is listed twice")
        state.set(
            IdentityKeys.account(account.address),
            AccountRecord(
                kind: account.kind, sponsor: account.sponsor, createdAt: time, createdHeight: context.block.height,
                sponsoredAt: time))
    }

    private func add(_ organization: GenesisOrganization, _ field: String) throws(Refusal) {
        try require(
            try Organizations.record(organization.id, in: state) == nil, field, "the organization is listed twice")
        try OrganizationRules.check(organization.profile, in: state)
        try require(
            !organization.isEnrolled || organization.profile.kind == .institution, field + ".isEnrolled",
            "only an organization of kind institution can be enrolled")
        state.set(
            IdentityKeys.organization(organization.id),
            OrganizationRecord(
                profile: organization.profile, createdAt: time, createdHeight: context.block.height, updatedAt: time,
                revision: 0))
    }

    private func add(_ accreditor: GenesisAccreditor, _ field: String) throws(Refusal) {
        let key = IdentityKeys.accreditor(accreditor.party)
        let kind = try Parties.requireKnown(accreditor.party, field: field + ".party", in: state)
        try require(kind != .patient, field + ".party", "a patient can't be an accreditor")
        try require(try state.record(key) == nil, field, "the accreditor is listed twice")
        try require(!accreditor.types.isEmpty, field + ".types", "an accreditor has at least one type")
        try OrganizationRules.requireAscending(
            accreditor.types.map(\.rawValue), max: CredentialType.allCases.count, field: field + ".types")
        try IssueRules.checkJurisdictions(accreditor.jurisdictions, field: field + ".jurisdictions")
        state.set(
            key,
            AccreditorRecord(
                party: accreditor.party, types: accreditor.types, jurisdictions: accreditor.jurisdictions,
                accreditedAt: time))
    }

    private func enroll(_ organization: GenesisOrganization) throws(Refusal) {
        let accreditor = genesis.accreditors.first {
            $0.types.contains(.accreditation)
                && Jurisdictions.covers($0.jurisdictions, organization.profile.jurisdiction)
        }
        guard let accreditor else {
            throw IdentityRejection.invalidGenesis.at(
                "accreditors", "no accreditor may accredit \(organization.id)")
        }
        // An accreditor that is itself an institution of the genesis vouches for itself here, and nowhere else.
        try accept(
            CredentialRecord(
                id: CredentialID(HashTag.identifier.hash(organization.id.bytes.array).bytes),
                issuer: accreditor.party, delegation: nil,
                claim: CredentialClaim(
                    subject: .organization(organization.id), credentialType: .accreditation,
                    scope: CredentialScope(jurisdictions: [organization.profile.jurisdiction]), validFrom: time),
                offeredAt: time, acceptedAt: time), "organizations")
    }

    private func add(_ delegation: GenesisDelegation, _ field: String) throws(Refusal) {
        let key = IdentityKeys.delegation(delegation.id)
        try require(try state.record(key) == nil, field, "the delegation is listed twice")
        try IssueRules.check(delegation.grant, by: delegation.grantor, at: time, in: state)
        let right = try IssueRules.right(
            of: delegation.grantor, by: delegation.parent, field: field + ".parent", at: time, in: state)
        state.set(
            key,
            DelegationRecord(
                id: delegation.id, grantor: delegation.grantor, parent: delegation.parent,
                depth: try IssueRules.requireNarrower(delegation.grant, than: right), grant: delegation.grant,
                grantedAt: time))
    }

    private func add(_ credential: GenesisCredential, _ field: String) throws(Refusal) {
        try require(
            try Credentials.record(credential.id, in: state) == nil, field, "the credential is listed twice")
        let claim = credential.claim
        try IssueRules.check(claim, by: credential.issuer, at: time, in: state)
        try IssueRules.requireRight(credential.issuer, credential.delegation, claim, at: time, in: state)
        try accept(
            CredentialRecord(
                id: credential.id, issuer: credential.issuer, delegation: credential.delegation, claim: claim,
                offeredAt: time, acceptedAt: time), field)
    }

    private func accept(_ record: CredentialRecord, _ field: String) throws(Refusal) {
        state.set(IdentityKeys.credential(record.id), record)
        for shelf in CredentialShelf.all(of: record.claim) {
            try shelf.taking(record.id, field: field, at: time, in: state).write(in: state)
        }
    }

    private func sponsor(_ account: GenesisAccount, _ field: String) throws(Refusal) {
        guard let sponsor = account.sponsor else { return }
        try Organizations.requireEnrolled(sponsor, field: field, in: context)
        state.set(
            IdentityKeys.sponsor(sponsor), try Sponsorship.withOneMore(sponsor, field: field, in: state))
    }
}
