import Consents
import Encoding
import FoundationEssentials
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport

/// A ledger with four researchers, a hospital and a patient, and one asset of which each has 1,000,000 units.
final class Sandbox {
    let state = StateOverlay(over: MemoryState())
    let asset = Assets.genesisIdentifier(code: "USD")
    private(set) var time = testStart
    /// Bytes of every operation that was sent and every event that was told.
    private(set) var seen: [UInt8] = []
    private(set) var told: [LicenseEvent] = []
    private var count = 0
    private var blocks: UInt64 = 0
    /// Of the next transaction, whoever sends it.
    var sequence: UInt64 { UInt64(count) + 1 }

    init() throws {
        DueQueue.start(at: testStart, in: state)
        let kinds: [(String, PartyKind)] = [
            ("issuer", .institution), ("hospital", .institution), ("patient", .patient), ("alice", .researcher),
            ("bob", .researcher), ("carol", .researcher), ("dave", .researcher),
        ]
        for (name, kind) in kinds {
            state.set(
                IdentityKeys.account(testAddress(name)),
                AccountRecord(
                    kind: kind, sponsor: nil, createdAt: testStart, createdHeight: .genesis, sponsoredAt: testStart))
        }
        state.set(
            IdentityKeys.accreditor(party("hospital")),
            AccreditorRecord(
                party: party("hospital"), types: CredentialType.allCases, jurisdictions: [], accreditedAt: testStart))
        let genesis = RevenueGenesis(
            issuers: [party("issuer")],
            assets: [
                GenesisAsset(
                    code: "USD", title: "US dollar", scale: 2, issuer: party("issuer"),
                    freezePolicy: .balancesAndAsset,
                    issues: ["alice", "bob", "carol", "dave", "hospital"].map {
                        GenesisIssue(to: party($0), amount: Amount(1_000_000))
                    })
            ])
        try RevenueDomain.applyGenesis(
            genesis, in: makeContext(state, sender: testAddress("issuer"), height: .genesis))
    }

    func party(_ name: String) -> Party { .account(testAddress(name)) }

    func advance(blocks: UInt64) { self.blocks += blocks }
    func advance(days: UInt64) { time = time.adding(milliseconds: days * millisecondsPerDay) }
    func advance(milliseconds: UInt64) { time = time.adding(milliseconds: milliseconds) }

    /// Executes as a block would: consequences in other domains included, all of it or nothing.
    @discardableResult
    func transaction(
        as name: String, cosigners: [String] = [], actingFor: OrganizationID? = nil,
        _ body: (OperationContext) throws -> Void
    ) throws -> OperationContext {
        count += 1
        time = time.adding(milliseconds: 1)
        let overlay = StateOverlay(over: state)
        let context = makeContext(
            overlay, sender: testAddress(name), sequence: UInt64(count), cosigners: cosigners.map { testAddress($0) },
            actingFor: actingFor, time: time, height: Height(UInt64(count) + blocks),
            transaction: "transaction \(count)")
        try body(context)
        if let rejection = context.openObligation { throw Refusal.rejected(rejection) }
        for event in context.events where type(of: event).domain != .licenses {
            try LicensesDomain.react(to: event, in: context)
        }
        overlay.commit(to: state)
        seen += context.events.flatMap { $0.encoded }
        told += context.events.compactMap { $0 as? LicenseEvent }
        return context
    }

    @discardableResult
    func execute(
        _ operations: any DomainOperation..., as name: String = "alice", cosigners: [String] = []
    ) throws -> OperationContext {
        try transaction(as: name, cosigners: cosigners) { (context) throws in
            for (index, operation) in operations.enumerated() {
                context.operationIndex = index
                seen += operation.encoded
                try operation.execute(in: context)
            }
        }
    }

    /// Takes what is overdue out of the queue and performs it, as the head of a block does.
    @discardableResult
    func drain() throws -> [String] {
        let context = makeContext(
            state, sender: testAddress("nobody"), time: time, height: Height(UInt64(count) + blocks),
            transaction: "due \(count)")
        // A block passes over so many minutes at most, so a year takes as many blocks.
        let minutes = (time.milliseconds - testStart.milliseconds) / DueQueue.bucketMilliseconds
        for _ in 0...Int(minutes) / DueQueue.bucketsPerBlock {
            for item in try DueQueue.takeOverdue(at: time, limit: 1_000, in: state) where item.domain == .licenses {
                try LicensesDomain.performDue(kind: item.kind, subject: item.subject, in: context)
            }
        }
        return context.events.map { $0.name }
    }

    func mintOperation(
        _ title: String, as name: String, parents: [INFTID] = [], consentSet: ConsentSetID? = nil
    ) -> Mint {
        Mint(
            inftClass: consentSet == nil ? .algorithm : .dataset,
            content: .open(
                OpenContent(
                    hash: testHash(title), size: 100, mediaType: "application/json",
                    location: "https://example.org/a")),
            metadata: INFTMetadata(title: consentSet == nil ? title : "", language: "en"),
            creators: [Creator(party: party(name), contribution: .whole, roles: [])],
            holders: [ShareHolder(party: party(name), share: .whole)], parents: parents.sorted(),
            hasHumanData: consentSet != nil, consentSet: consentSet)
    }

    func mint(_ title: String, as name: String = "alice", consentSet: ConsentSetID? = nil) throws -> INFTID {
        try execute(mintOperation(title, as: name, consentSet: consentSet), as: name).madeIdentifier()
    }

    func register(_ terms: Terms, as name: String = "alice") throws -> TermsID {
        if try LicenseLedger.terms(terms.id, in: state) == nil { try execute(RegisterTerms(terms: terms), as: name) }
        return terms.id
    }

    func offer(
        _ inft: INFTID, _ terms: Terms, price: UInt64? = nil, supply: UInt64? = nil, buyer: String? = nil,
        expiresAt: Timestamp? = nil, delivery: OfferDelivery? = nil, as name: String = "alice"
    ) throws -> OfferID {
        let id = try register(terms, as: name)
        return try execute(
            CreateOffer(
                inft: .id(inft), terms: id, price: price.map { Amount($0) }, supply: supply,
                buyer: buyer.map { party($0) }, expiresAt: expiresAt, delivery: delivery), as: name
        ).madeIdentifier()
    }

    @discardableResult
    func buy(
        _ offer: OfferID, as name: String = "bob", use: StatedUse? = nil, maximumPrice: UInt64 = 1_000_000,
        maximumShare: PartsPerMillion = .whole
    ) throws -> LicenseID {
        // Who buys to derive states all that the derivative will be offered for.
        var widest = StatedUse()
        if let terms = try LicenseLedger.offer(offer, in: state).flatMap({
            try LicenseLedger.terms($0.terms, in: state)
        })?
        .terms, terms.derivatives.isAllowed {
            widest.isCommercial = terms.commercial.isAllowed
            widest.trainsModels = terms.scope.allowsTraining
        }
        let use = use ?? widest
        return try execute(
            PurchaseLicense(
                offer: .id(offer), maximumPrice: Amount(maximumPrice), maximumRevenueShare: maximumShare, use: use),
            as: name
        ).madeIdentifier()
    }

    /// Mints a child of the licenses' INFTs and links it, in one transaction.
    func derive(_ title: String, from licenses: [LicenseID], as name: String, cosigners: [String] = []) throws -> INFTID
    {
        let parents = try licenses.map { try license($0).inft }
        return try execute(
            mintOperation(title, as: name, parents: parents),
            LinkLicenses(derivative: .operation(0), licenses: licenses.map { .id($0) }), as: name, cosigners: cosigners
        ).firstMade()
    }

    func license(_ id: LicenseID) throws -> LicenseRecord {
        try LicenseLedger.requireLicense(id, field: "license", in: state)
    }

    func verdict(_ id: LicenseID, _ use: LicenseUse? = nil, at time: Timestamp? = nil) throws -> LicenseVerdict {
        try LicenseCheck.check(id, use, at: time ?? self.time, in: state)
    }

    func reasons(_ id: LicenseID, _ use: LicenseUse? = nil, at time: Timestamp? = nil) throws -> [LicenseReason] {
        try verdict(id, use, at: time).reasons.map(\.reason)
    }

    func attest(_ name: String, _ type: CredentialType, until: Timestamp? = nil) {
        attest(party(name), type, until: until)
    }

    func attest(_ subject: Party, _ type: CredentialType, until: Timestamp? = nil) {
        let id: CredentialID = testIdentifier("credential \(subject) \(type)")
        let claim = CredentialClaim(
            subject: subject, credentialType: type, validFrom: testStart, validUntil: until, concerning: nil)
        state.set(
            IdentityKeys.credential(id),
            CredentialRecord(
                id: id, issuer: party("hospital"), delegation: nil, claim: claim, offeredAt: testStart,
                acceptedAt: testStart))
        state.set(IdentityKeys.accepted(subject, type), AcceptedCredentials(ids: [id]))
    }

    /// A set of one consent of the patient that permits `actions` for research (and what open content needs).
    func consentSet(
        _ actions: [ConsentAction], jurisdictions: [String] = [], modifiers: SortedList<DataUseModifier> = [],
        purposes: SortedList<PurposeOfUse> = [.research]
    ) throws -> (set: ConsentSetID, consent: ConsentID) {
        let research = DataUseTerms(permissions: [.generalResearch])
        let policy = ConsentPolicy(
            provisions: [
                Provision(.permit, actions: [.deposit]),
                Provision(.permit, actions: [.publish], purposes: [.research], dataUse: research),
                Provision(
                    .permit, actions: SortedList(actions), purposes: purposes,
                    dataUse: modifiers.isEmpty
                        ? nil : DataUseTerms(permissions: [.generalResearch], modifiers: modifiers),
                    jurisdictions: SortedList(jurisdictions)),
            ])
        let context = try execute(
            ConsentGrant(
                scope: .individual, subject: party("patient"), custodian: party("hospital"), policy: policy),
            ConsentCountersign(consent: .operation(0)),
            ConsentSetCreate(custodian: party("hospital"), members: [.operation(0)]), as: "patient",
            cosigners: ["hospital"])
        return (context.madeIdentifier(), context.firstMade())
    }

    /// What the preview says of the consent's withdrawal.
    func impact(of consent: ConsentID) throws -> ConsentImpactView {
        guard let query = LicenseQueries.all.first(where: { $0.name == "consent_impact" }) else {
            throw StateFailure("no query")
        }
        let parameters = try JSONDecoder().decode(
            query.parametersType, from: Data(#"{"consent": "\#(consent)"}"#.utf8))
        let answer = try query.evaluate(parameters, PageRequest(after: nil, limit: 1), queries)
        guard case .value(let value) = answer, let view = value as? ConsentImpactView else {
            throw StateFailure("no preview")
        }
        return view
    }

    var queries: QueryContext {
        get throws {
            makeQueryContext(
                state,
                try MemoryIndex(of: state) { (kind, key, record) throws in
                    switch key.header?.domain {
                    case .licenses: try LicensesDomain.indexEntries(kind: kind, key: key, record: record)
                    case .consents: try ConsentsDomain.indexEntries(kind: kind, key: key, record: record)
                    case .infts: try INFTsDomain.indexEntries(kind: kind, key: key, record: record)
                    default: []
                    }
                }, time: time)
        }
    }
}

extension OperationContext {
    /// The id of what the transaction's first operation made.
    func firstMade<Kind>() -> Identifier<Kind> { makeIdentifier(transactionHash: transactionHash, operationIndex: 0) }
}

func percent(_ count: UInt64) -> PartsPerMillion { PartsPerMillion(count * 10_000) ?? .whole }

/// Commercial, with derivatives that pay `share`, priced in `asset`.
func derivativeTerms(
    _ asset: AssetID, share: UInt64, ceiling: UInt64? = nil, revenueCeiling: UInt64? = nil
) -> Terms {
    var terms = TermsPreset.derivativesAllowed.terms(asset: asset, fee: .zero)
    terms.commercial.revenueShare = percent(share)
    terms.commercial.revenueCeiling = ceiling.map { Amount($0) }
    terms.derivatives.revenueCeiling = revenueCeiling.map { Amount($0) }
    return terms
}
