internal import Primitives
internal import StateModel

/// The reads of the domain.
enum IdentityQueries {
    struct AccountParameters: Codable, Sendable { let address: Address }
    struct PartyParameters: Codable, Sendable { let party: Party }

    struct CredentialsParameters: Codable, Sendable {
        let subject: Party?
        let issuer: Party?
        let credentialType: CredentialType?
    }

    struct CredentialParameters: Codable, Sendable { let credential: CredentialID }

    struct DelegationsParameters: Codable, Sendable {
        let delegate: Party?
        let grantor: Party?
    }

    struct MandatesParameters: Codable, Sendable {
        let grantor: Party?
        let delegate: Address?
    }

    struct OrganizationsParameters: Codable, Sendable {
        let member: Address?
        let identifier: InstitutionIdentifier?
        let kind: PartyKind?
    }

    struct HoldsParameters: Codable, Sendable {
        let party: Party
        let credentialType: CredentialType
        let jurisdiction: String?
        let at: Timestamp?
    }

    struct RecoveryParameters: Codable, Sendable { let account: Address }
    struct GuardianParameters: Codable, Sendable { let guardian: Party }
    struct KeyParameters: Codable, Sendable { let key: Address }
    struct NoParameters: Codable, Sendable {}

    static let all = [
        account, sequence, party, credentials, credential, holds, organizations, delegations, accreditors, sponsored,
        mandates, recovery, recoveries, guarded, key,
    ]

    static let account = Query(
        "account_get", "A registered account: kind, sponsor, next sequence.",
        [QueryParameter("address", "Address of the account.")], from: AccountParameters.self, to: AccountView.self
    ) { (parameters, context) throws(Refusal) in
        guard let view = try view(of: parameters.address, in: context) else {
            throw unknownAccount(parameters.address)
        }
        return view
    }

    static let sequence = Query(
        "account_sequence", "The sequence that the account's next transaction must carry.",
        [QueryParameter("address", "Address of the account.")], from: AccountParameters.self, to: SequenceView.self
    ) { (parameters, context) throws(Refusal) in
        guard let record = try Accounts.record(parameters.address, in: context.state) else {
            throw unknownAccount(parameters.address)
        }
        return SequenceView(sequence: record.sequence)
    }

    static let party = Query(
        "identity_get", "A party: kind, account or organization, and the credentials it holds.",
        [QueryParameter("party", "Address or organization.")], from: PartyParameters.self, to: PartyView.self
    ) { (parameters, context) throws(Refusal) in
        let party = parameters.party
        let kind = try Parties.requireKnown(party, field: "party", in: context.state)
        var account: AccountView?
        var organization: OrganizationRecord?
        var isEnrolled = false
        switch party {
        case .account(let address): account = try view(of: address, in: context)
        case .organization(let id):
            organization = try Organizations.record(id, in: context.state)
            isEnrolled = try Organizations.isEnrolled(id, at: context.block.time, in: context.state)
        }
        return PartyView(
            party: party, kind: kind, account: account, organization: organization, isEnrolled: isEnrolled,
            accreditor: try context.state.record(IdentityKeys.accreditor(party)),
            sponsored: try context.state.record(IdentityKeys.sponsor(party)),
            credentials: try held(by: party, in: context))
    }

    static let credentials = Query(
        list: "identity_credentials", "Credentials of a subject, or issued by a party; give exactly one of the two.",
        [
            QueryParameter("subject", "Whose credentials.", required: false),
            QueryParameter("issuer", "By whom they were offered.", required: false),
            QueryParameter("credentialType", "Only this type.", required: false),
        ], from: CredentialsParameters.self, of: CredentialView.self
    ) { (parameters, request, context) throws(Refusal) in
        var prefix: IndexKey
        switch (parameters.subject, parameters.issuer) {
        case (let subject?, nil):
            prefix = IdentityIndexes.bySubject.appending(subject)
            if let type = parameters.credentialType { prefix = prefix.appending(byte: type.rawValue) }
        case (nil, let issuer?): prefix = IdentityIndexes.byIssuer.appending(issuer)
        default: throw ambiguous("subject", "subject or issuer")
        }
        return try context.page(prefix, request) { (entry) throws(Refusal) in
            let record = try stored(IdentityKeys.credential(CredentialID(try IdentityIndexes.last(entry))), context)
            if let type = parameters.credentialType, record.claim.credentialType != type { return nil }
            return try CredentialView(record, at: context.block.time, in: context.state)
        }
    }

    static let credential = Query(
        "identity_credential", "One credential and its status.",
        [QueryParameter("credential", "Id of the credential.")], from: CredentialParameters.self,
        to: CredentialView.self
    ) { (parameters, context) throws(Refusal) in
        guard let record = try Credentials.record(parameters.credential, in: context.state) else {
            throw IdentityRejection.unknownCredential.at(
                "credential", "there is no credential \(parameters.credential)")
        }
        return try CredentialView(record, at: context.block.time, in: context.state)
    }

    static let holds = Query(
        "identity_holds", "Whether a party held a credential of a type, at a time that may be past.",
        [
            QueryParameter("party", "Address or organization."),
            QueryParameter("credentialType", "Type of the credential."),
            QueryParameter("jurisdiction", "ISO 3166 code where it must hold.", required: false),
            QueryParameter("at", "Unix milliseconds; the block's time if left out.", required: false),
        ], from: HoldsParameters.self, to: HoldingView.self
    ) { (parameters, context) throws(Refusal) in
        let time = parameters.at ?? context.block.time
        let found = try Credentials.first(
            parameters.party, parameters.credentialType, at: time, in: context.state
        ) { record in
            parameters.jurisdiction.map { Jurisdictions.covers(record.claim.scope.jurisdictions, $0) } ?? true
        }
        return HoldingView(holds: found != nil, credential: found?.id, at: time)
    }

    static let organizations = Query(
        list: "identity_organizations",
        "Organizations of a member, under an identifier, or of a kind; give exactly one.",
        [
            QueryParameter("member", "Address of a member.", required: false),
            QueryParameter("identifier", "LEI or ROR: {scheme, value}.", required: false),
            QueryParameter("kind", "Kind of party.", required: false),
        ], from: OrganizationsParameters.self, of: OrganizationView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix: IndexKey
        switch (parameters.member, parameters.identifier, parameters.kind) {
        case (let member?, nil, nil): prefix = IdentityIndexes.byMember.appending(member.bytes)
        case (nil, let identifier?, nil): prefix = IdentityIndexes.identifier(identifier)
        case (nil, nil, let kind?): prefix = IdentityIndexes.byKind.appending(byte: kind.rawValue)
        default: throw ambiguous("member", "member, identifier or kind")
        }
        return try context.page(prefix, request) { (entry) throws(Refusal) in
            let id = OrganizationID(try IdentityIndexes.last(entry))
            let record = try stored(IdentityKeys.organization(id), context)
            return OrganizationView(
                id: id, profile: record.profile, revision: record.revision,
                isEnrolled: try Organizations.isEnrolled(id, at: context.block.time, in: context.state))
        }
    }

    static let delegations = Query(
        list: "identity_delegations", "Delegations to a party, or by a party; give exactly one of the two.",
        [
            QueryParameter("delegate", "Who may issue by them.", required: false),
            QueryParameter("grantor", "Who granted them.", required: false),
        ], from: DelegationsParameters.self, of: DelegationView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix: IndexKey
        switch (parameters.delegate, parameters.grantor) {
        case (let delegate?, nil): prefix = IdentityIndexes.byDelegate.appending(delegate)
        case (nil, let grantor?): prefix = IdentityIndexes.byGrantor.appending(grantor)
        default: throw ambiguous("delegate", "delegate or grantor")
        }
        return try context.page(prefix, request) { (entry) throws(Refusal) in
            let id = DelegationID(try IdentityIndexes.last(entry))
            return try DelegationView(
                try stored(IdentityKeys.delegation(id), context), at: context.block.time, in: context.state)
        }
    }

    static let accreditors = Query(
        list: "identity_accreditors", "Where every chain of delegation begins.", [], from: NoParameters.self,
        of: AccreditorRecord.self
    ) { (_, request, context) throws(Refusal) in
        try context.page(IdentityIndexes.accreditors, request) { (entry) throws(Refusal) in
            let bytes = try IdentityIndexes.last(entry)
            let isAccount = entry.key.bytes.dropFirst().first == 0
            let party: Party = isAccount ? .account(Address(bytes)) : .organization(OrganizationID(bytes))
            return try stored(IdentityKeys.accreditor(party), context)
        }
    }

    static let sponsored = Query(
        list: "identity_sponsored", "Accounts that a party sponsors.",
        [QueryParameter("party", "The sponsor.")], from: PartyParameters.self, of: AccountView.self
    ) { (parameters, request, context) throws(Refusal) in
        try context.page(IdentityIndexes.bySponsor.appending(parameters.party), request) {
            (entry) throws(Refusal) in
            try view(of: Address(try IdentityIndexes.last(entry)), in: context)
        }
    }

    static let mandates = Query(
        list: "identity_mandates",
        "Mandates by a party, or to an account that acts by them; give exactly one of the two.",
        [
            QueryParameter("grantor", "For whom is acted.", required: false),
            QueryParameter("delegate", "Address of who may act.", required: false),
        ], from: MandatesParameters.self, of: MandateView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix: IndexKey
        switch (parameters.grantor, parameters.delegate) {
        case (let grantor?, nil): prefix = IdentityIndexes.mandatesByGrantor.appending(grantor)
        case (nil, let delegate?): prefix = IdentityIndexes.mandatesByDelegate.appending(delegate.bytes)
        default: throw ambiguous("grantor", "grantor or delegate")
        }
        return try context.page(prefix, request) { (entry) throws(Refusal) in
            let id = MandateID(try IdentityIndexes.last(entry))
            return MandateView(try stored(IdentityKeys.mandate(id), context), at: context.block.time)
        }
    }

    static let recovery = Query(
        "identity_recovery", "The guardians of an account, and the recoveries that they have under way.",
        [QueryParameter("account", "Address of the account.")], from: RecoveryParameters.self, to: RecoveryView.self
    ) { (parameters, context) throws(Refusal) in
        guard try Accounts.record(parameters.account, in: context.state) != nil else {
            throw IdentityRejection.unknownAccount.at("account", "\(parameters.account) is not registered")
        }
        return try RecoveryView(parameters.account, in: context.state)
    }

    static let recoveries = Query(
        list: "identity_recoveries", "Every recovery of an account, ended ones too.",
        [QueryParameter("account", "Address of the account.")], from: RecoveryParameters.self, of: RecoveryRecord.self
    ) { (parameters, request, context) throws(Refusal) in
        try context.page(IdentityIndexes.recoveries.appending(parameters.account.bytes), request) {
            (entry) throws(Refusal) in
            try stored(IdentityKeys.recovery(RecoveryID(try IdentityIndexes.last(entry))), context)
        }
    }

    static let guarded = Query(
        list: "identity_guarded", "Accounts that a party is guardian of, with the recoveries under way.",
        [QueryParameter("guardian", "Address or organization.")], from: GuardianParameters.self, of: RecoveryView.self
    ) { (parameters, request, context) throws(Refusal) in
        try context.page(IdentityIndexes.guarded.appending(parameters.guardian), request) {
            (entry) throws(Refusal) in
            try RecoveryView(Address(try IdentityIndexes.last(entry)), in: context.state)
        }
    }

    static let key = Query(
        "identity_key", "Whose key it is or was; null of a key that no account has or had.",
        [QueryParameter("key", "The key, as an address.")], from: KeyParameters.self, to: KeyView?.self
    ) { (parameters, context) throws(Refusal) in
        let known = try context.state.record(IdentityKeys.key(parameters.key))
        guard let account = try Accounts.record(known?.account ?? parameters.key, in: context.state) else { return nil }
        return KeyView(
            key: parameters.key, account: known?.account ?? parameters.key,
            speaks: try AccountKeys.account(of: parameters.key, in: context.state) != nil,
            since: known == nil ? account.createdAt : known?.since, until: known?.until,
            changes: account.laterKey?.changes ?? 0)
    }

    // MARK: What several of them need

    private static func view(of address: Address, in context: QueryContext) throws(Refusal) -> AccountView? {
        guard let record = try Accounts.record(address, in: context.state) else { return nil }
        var isEnrolled = false
        if case .organization(let id)? = record.sponsor {
            isEnrolled = try Organizations.isEnrolled(id, at: context.block.time, in: context.state)
        }
        return AccountView(
            address: address, kind: record.kind, sequence: record.sequence, sponsor: record.sponsor,
            isSponsorEnrolled: isEnrolled, sponsoredAt: record.sponsoredAt, createdAt: record.createdAt,
            createdHeight: record.createdHeight, key: record.laterKey?.key ?? address, keySince: record.laterKey?.since)
    }

    private static func held(by party: Party, in context: QueryContext) throws(Refusal) -> [CredentialSummary] {
        var summaries: [CredentialSummary] = []
        for type in CredentialType.allCases {
            let record = try Credentials.first(party, type, at: context.block.time, in: context.state) { _ in true }
            guard let record else { continue }
            summaries.append(
                CredentialSummary(
                    credential: record.id, credentialType: type, issuer: record.issuer, scope: record.claim.scope,
                    validUntil: record.claim.validUntil))
        }
        return summaries
    }

    /// The record that an index entry promises.
    private static func stored<Record>(_ key: RecordKey<Record>, _ context: QueryContext) throws(Refusal) -> Record {
        guard let record = try context.state.record(key) else {
            throw .failed(StateFailure("an index of the identities names a record that is not there"))
        }
        return record
    }

    private static func unknownAccount(_ address: Address) -> Refusal {
        IdentityRejection.unknownAccount.at("address", "\(address) is not registered")
    }

    private static func ambiguous(_ field: String, _ choices: String) -> Refusal {
        IdentityRejection.ambiguousFilter.at(field, "give exactly one of \(choices)")
    }
}
