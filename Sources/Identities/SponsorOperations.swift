public import Encoding
public import Primitives
public import StateModel

/// `identity.sponsor`: an enrolled institution registers an account and answers for it.
///
/// The account need not sign: registering gives it nothing but the ability to act, and no one a right over it.
public struct SponsorAccount: DomainOperation {
    public static let name = "identity.sponsor"

    public let account: Address
    public let kind: PartyKind

    public init(account: Address, kind: PartyKind) {
        self.account = account
        self.kind = kind
    }

    public struct Plan {
        let sponsor: Party
        let sponsorRecord: SponsorRecord
        let account: AccountRecord
    }

    public var weight: UInt64 { 10 + 4 * 7 + CredentialWeights.holds }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let sponsor = context.actor
        guard try Accounts.record(account, in: context.state) == nil else {
            throw IdentityRejection.accountExists.at(
                "account", "\(account) is registered",
                hint: "An account changes its sponsor itself (identity.changeSponsor).")
        }
        if let key = try context.state.record(IdentityKeys.key(account)) {
            throw IdentityRejection.accountExists.at(
                "account", "\(account) is a key of the account \(key.account), or is to become one")
        }
        try Organizations.requireEnrolled(sponsor, field: "sponsor", in: context)
        try Authority.require(sponsor, for: .credentials, in: context, field: "sponsor")
        return Plan(
            sponsor: sponsor,
            sponsorRecord: try Sponsorship.withOneMore(sponsor, field: "sponsor", in: context.state),
            account: AccountRecord(
                kind: kind, sponsor: sponsor, createdAt: context.block.time, createdHeight: context.block.height,
                sponsoredAt: context.block.time))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.account(account), plan.account)
        context.state.set(IdentityKeys.sponsor(plan.sponsor), plan.sponsorRecord)
        context.emit(
            IdentityEvent.accountSponsored(
                SponsorStep(account: account, kind: kind, sponsor: plan.sponsor, previous: nil)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Register \(names.party(.account(account))) as \(kind.name) and answer for its use of the ledger"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(account)
        writer.write(kind)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            SponsorAccount(account: try reader.value("account"), kind: try reader.value("kind"))
        }
    }
}

/// `identity.changeSponsor`: the sender's account goes over to another institution, which signs too. The sponsor it
/// leaves is not asked, and the transaction is a reserved act: no one is held by a sponsor.
public struct ChangeSponsor: DomainOperation {
    public static let name = "identity.changeSponsor"

    public let sponsor: OrganizationID
    /// What the account and its new sponsor agree that it is from now on; nil: as before.
    public let kind: PartyKind?

    public init(sponsor: OrganizationID, kind: PartyKind? = nil) {
        self.sponsor = sponsor
        self.kind = kind
    }

    public struct Plan {
        let account: AccountRecord
        let previous: Party?
        let previousRecord: SponsorRecord?
        let sponsorRecord: SponsorRecord?
    }

    public var weight: UInt64 { 10 + 4 * 8 + CredentialWeights.holds }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let party = Party.organization(sponsor)
        guard var account = try Accounts.record(context.sender, in: context.state) else {
            throw IdentityRejection.unknownAccount.at("sender", "\(context.sender) is not registered")
        }
        guard account.sponsor != party || kind.map({ $0 != account.kind }) ?? false else {
            throw IdentityRejection.sponsorUnchanged.at("sponsor", "\(sponsor) is the account's sponsor already")
        }
        try Organizations.requireEnrolled(party, field: "sponsor", in: context)
        try Authority.require(party, for: .credentials, in: context, field: "sponsor")
        let previous = account.sponsor
        var previousRecord: SponsorRecord?
        var sponsorRecord: SponsorRecord?
        if previous != party {
            sponsorRecord = try Sponsorship.withOneMore(party, field: "sponsor", in: context.state)
            if let previous {
                var record = try Sponsorship.record(previous, in: context.state)
                record.accounts -= min(record.accounts, 1)
                previousRecord = record
            }
            account.sponsoredAt = context.block.time
        }
        account.sponsor = party
        account.kind = kind ?? account.kind
        return Plan(
            account: account, previous: previous, previousRecord: previousRecord, sponsorRecord: sponsorRecord)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.account(context.sender), plan.account)
        if let previous = plan.previous, let record = plan.previousRecord {
            context.state.set(IdentityKeys.sponsor(previous), record)
        }
        if let record = plan.sponsorRecord {
            context.state.set(IdentityKeys.sponsor(.organization(sponsor)), record)
        }
        context.emit(
            IdentityEvent.sponsorChanged(
                SponsorStep(
                    account: context.sender, kind: plan.account.kind, sponsor: .organization(sponsor),
                    previous: plan.previous)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = ["Make \(names.party(.organization(sponsor))) the sponsor of the sender's account"]
        if let kind { lines.append("Register the account as \(kind.name)") }
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(sponsor)
        writer.write(kind)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            ChangeSponsor(sponsor: try reader.value("sponsor"), kind: try reader.optional("kind"))
        }
    }
}
