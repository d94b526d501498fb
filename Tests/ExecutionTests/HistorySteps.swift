import Blocks
import Consents
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Transactions

extension History {
    mutating func money() -> Attempt {
        let name = trader()
        let others = happens(95) ? Self.traders.filter { $0 != name } : [name]
        let other = Ledger.party(pick(others) ?? name)
        switch number(0...15) {
        case 0:
            return Attempt(.revenue(.issue(AssetIssue(asset: asset(), to: other, amount: amount()))), by: "issuer")
        case 1:
            var attempt = Attempt(
                .revenue(.redeem(AssetRedeem(asset: asset(), holder: Ledger.party(name), amount: amount()))),
                by: "issuer")
            attempt.cosigners = [name]
            return attempt
        case 2:
            let isFrozen = happens(40)
            return Attempt(
                .revenue(.freeze(AssetFreeze(asset: asset(), party: happens(80) ? other : nil, isFrozen: isFrozen))),
                by: "issuer")
        case 3, 4, 5:
            return Attempt(
                .revenue(.transfer(RevenueTransfer(to: other, asset: asset(), amount: amount()))),
                .revenue(.transfer(RevenueTransfer(to: other, asset: asset(), amount: amount()))), by: name)
        case 6, 7, 8, 9:
            return Attempt(
                .revenue(.pay(RevenuePay(inft: .id(inft()), asset: asset(), amount: amount()))), by: name)
        case 10, 11:
            let share = PartsPerMillion(number(0...600_000)) ?? .whole
            return Attempt(
                .revenue(.transferShare(RevenueTransferShare(inft: inft(), to: other, share: share))), by: name)
        default: return claim()
        }
    }

    mutating func claim() -> Attempt {
        let claimed = pick(infts) ?? (testIdentifier("nothing"), trader())
        let descendants = infts.map(\.id).filter { inft in
            guard let owed = try? Vaults.royalties(of: inft, in: ledger.state) else { return false }
            return owed.contains { $0.ancestor == claimed.id }
        }
        let named = happens(90) ? descendants : [inft()]
        return Attempt(
            .revenue(.claim(RevenueClaim(inft: claimed.id, asset: asset(), descendants: Set(named).sorted()))),
            by: happens(80) ? claimed.owner : trader())
    }

    mutating func knowledge() -> Attempt {
        let name = trader()
        let known = pick(infts) ?? (testIdentifier("nothing"), name)
        let content = ContentVersion.open(
            OpenContent(
                hash: testHash("content \(number(0...99))"), size: 10, mediaType: "application/json",
                location: "https://example.org/b"))
        switch number(0...9) {
        case 0: return Attempt(.infts(.revise(Revise(inft: known.id, content: content))), by: known.owner)
        case 1:
            return Attempt(
                .infts(.setMetadata(SetMetadata(inft: known.id, metadata: INFTMetadata(title: "T", language: "en")))),
                by: known.owner)
        case 2:
            let operation: INFTOperation =
                happens(70) ? .freeze(Freeze(inft: known.id)) : .retire(Retire(inft: known.id))
            return Attempt(.infts(operation), by: known.owner)
        case 3:
            let set = pick(sets) ?? testIdentifier("nothing")
            return Attempt(
                Ledger.mint("cohort \(number(0...99))", by: name, consentSet: set), by: name,
                made: [(0, .inft(owner: name))])
        default: return mintAndOffer(by: name)
        }
    }

    private mutating func holders() -> [ShareHolder] {
        let parties = Set((0..<number(1...3)).map { _ in trader() }).map { Ledger.party($0) }.sorted()
        var left: UInt64 = happens(97) ? 1_000_000 : 900_000
        return parties.enumerated().map { index, party in
            let share = index == parties.count - 1 ? left : number(1...(left / 2))
            left -= share
            return ShareHolder(party: party, share: PartsPerMillion(share) ?? .whole)
        }
    }

    private mutating func terms() -> Terms {
        var terms = happens(70) ? Ledger.derivativeTerms(number(0...40), asset: asset()) : TermsPreset.commercial.terms
        terms.payment.asset = asset()
        if happens(50) { terms.grant.durationMilliseconds = number(1...300) * 60_000 }
        if happens(30) { terms.commercial.revenueCeiling = Amount(number(1...2_000)) }
        if happens(50) { terms.grant.isTransferable = true }
        if happens(20) { terms.grant.isRenewable = true }
        if happens(40) { terms.grant.seats = 2 }
        if happens(40) { terms.grant.isSublicensable = true }
        if happens(30) {
            terms.payment.fee = Amount(1)
            terms.grant.trialMilliseconds = 60_000
        }
        return terms
    }

    private mutating func offer(_ inft: Reference<INFTKind>, _ terms: Terms) -> Operation {
        .licenses(
            .createOffer(
                CreateOffer(
                    inft: inft, terms: terms.id, price: Amount(number(0...3_000)),
                    supply: happens(50) ? number(1...3) : nil,
                    expiresAt: happens(50) ? ledger.time.adding(milliseconds: number(1...600) * 60_000) : nil)))
    }

    private mutating func mintAndOffer(by name: String) -> Attempt {
        let terms = terms()
        return Attempt(
            Ledger.mint("score \(number(0...9_999))", by: name, holders: holders()),
            .licenses(.registerTerms(RegisterTerms(terms: terms))), offer(.operation(0), terms), by: name,
            made: [(0, .inft(owner: name)), (2, .offer(owner: name))])
    }

    private mutating func derive() -> Attempt {
        guard let license = pick(licenses),
            let parent = try? LicenseLedger.requireLicense(license.id, field: "", in: ledger.state).inft
        else { return mintAndOffer(by: trader()) }
        let terms = terms()
        let name = license.owner
        return Attempt(
            Ledger.mint("derived \(number(0...9_999))", by: name, holders: holders(), parents: [parent]),
            .licenses(.link(LinkLicenses(derivative: .operation(0), licenses: [.id(license.id)]))),
            .licenses(.registerTerms(RegisterTerms(terms: terms))), offer(.operation(0), terms), by: name,
            made: [(0, .inft(owner: name)), (3, .offer(owner: name))])
    }

    mutating func trade() throws -> Attempt {
        let name = trader()
        let offered = pick(offers) ?? (testIdentifier("nothing"), name)
        let license = pick(licenses) ?? (testIdentifier("nothing"), name)
        switch number(0...17) {
        case 16, 17: return sublicense(license.id, of: license.owner, to: name)
        case 0:
            return Attempt(
                .licenses(
                    .updateOffer(
                        UpdateOffer(
                            offer: offered.id, price: Amount(number(0...2_000)), supply: number(1...5), expiresAt: nil))
                ),
                by: offered.owner)
        case 1: return Attempt(.licenses(.cancelOffer(CancelOffer(offer: offered.id))), by: offered.owner)
        case 2:
            return Attempt(
                .licenses(.surrender(SurrenderLicense(license: license.id))), by: license.owner)
        case 3:
            var attempt = Attempt(
                .licenses(.transfer(TransferLicense(license: license.id, to: Ledger.party(name)))), by: license.owner)
            if name != license.owner { attempt.cosigners = [name] }
            return attempt
        case 4:
            return Attempt(
                .licenses(
                    .renew(RenewLicense(license: license.id, offer: offered.id, maximumPrice: Amount(3_000)))),
                by: license.owner)
        case 5:
            let account = Ledger.address("relative")
            let assign = Operation.licenses(.assignSeat(AssignSeat(license: license.id, account: account)))
            let release = Operation.licenses(.releaseSeat(ReleaseSeat(license: license.id, account: account)))
            // A license that has a seat taken is rarely met again.
            if happens(25) { return Attempt(assign, release, by: license.owner) }
            return Attempt(happens(60) ? assign : release, by: license.owner)
        case 6, 7, 8: return derive()
        default:
            let use = try statedUse(offered.id)
            return Attempt(
                .licenses(
                    .purchase(
                        PurchaseLicense(
                            offer: .id(offered.id), maximumPrice: Amount(happens(95) ? 3_000 : 1),
                            maximumRevenueShare: .whole, use: use,
                            delivery: try purchaseRequest(offered.id, by: name)))), by: name,
                made: [(0, .license(owner: name))])
        }
    }

    /// Mostly all that the terms allow, so that what is derived can be sold.
    private mutating func statedUse(_ offer: OfferID) throws -> StatedUse {
        if happens(20) { return StatedUse(purposes: [.research], research: ResearchUse(aims: [.general])) }
        guard happens(80), let offer = try LicenseLedger.offer(offer, in: ledger.state),
            let terms = try LicenseLedger.terms(offer.terms, in: ledger.state)?.terms
        else { return StatedUse() }
        return StatedUse(isCommercial: terms.commercial.isAllowed, trainsModels: terms.scope.allowsTraining)
    }

    private mutating func sublicense(_ id: LicenseID, of owner: String, to name: String) -> Attempt {
        let record = try? LicenseLedger.license(id, in: ledger.state)
        let terms = record.flatMap { try? LicenseLedger.terms($0.terms, in: ledger.state)?.terms }
        let seats = terms?.grant.seats.map { _ in number(1...2) }
        let price = (seats == nil ? record?.price.units ?? 0 : 0) + (happens(50) ? number(0...500) : 0)
        var attempt = Attempt(
            .licenses(
                .sublicense(
                    SublicenseLicense(
                        license: id, to: Ledger.party(name),
                        use: happens(90) ? record?.use ?? StatedUse() : StatedUse(),
                        seats: seats,
                        expiresAt: happens(30) ? ledger.time.adding(milliseconds: number(1...300) * 60_000) : nil,
                        price: Amount(price)))), by: owner, made: [(0, .license(owner: name))])
        if name != owner { attempt.cosigners = [name] }
        return attempt
    }

    mutating func consent() -> Attempt {
        let custodian = Party.organization(Ledger.hospital)
        switch number(0...15) {
        case 0, 1, 2:
            let named = pick(consents) ?? testIdentifier("nothing")
            return Attempt(
                .consents(.withdraw(ConsentWithdraw(consents: [named], erasure: happens(30)))), by: "patient")
        case 10...15: return release()
        case 3:
            let set = pick(sets) ?? testIdentifier("nothing")
            let member = pick(consents) ?? testIdentifier("nothing")
            return Attempt(
                .consents(.addToSet(ConsentSetAdd(set: .id(set), members: [.id(member)]))), by: "registrar")
        default:
            let grant = ConsentGrant(
                scope: .individual, subject: Ledger.party("patient"), custodian: custodian, policy: DueTests.policy,
                expiresAt: happens(60) ? ledger.time.adding(milliseconds: number(1...600) * 60_000) : nil)
            var attempt = Attempt(
                .consents(.grant(grant)), .consents(.countersign(ConsentCountersign(consent: .operation(0)))),
                .consents(.createSet(ConsentSetCreate(custodian: custodian, members: [.operation(0)]))),
                by: "patient", made: [(0, .consent), (2, .consentSet)])
            attempt.cosigners = ["registrar"]
            return attempt
        }
    }

    /// What is done under consents that are there: less of them, disclosures, emergencies and their review.
    private mutating func release() -> Attempt {
        let custodian = Party.organization(Ledger.hospital)
        let named = pick(consents) ?? testIdentifier("nothing")
        switch number(0...5) {
        case 0:
            let denial = Provision(.deny, jurisdictions: [["DE", "US", "FR"][Int(number(0...2))]])
            let policy = ConsentPolicy(provisions: DueTests.policy.provisions + [denial])
            return Attempt(.consents(.narrow(ConsentNarrow(consent: named, policy: policy))), by: "patient")
        case 1, 2:
            let recipient = Ledger.party(trader())
            let basis = happens(50) ? ConsentBasis.consent(named) : .set(pick(sets) ?? testIdentifier("nothing"))
            let request = UseRequest(actor: recipient, action: .access, purposes: [.research], jurisdiction: "ES")
            return Attempt(
                .consents(
                    .disclose(
                        ConsentDisclose(
                            basis: basis, recipient: recipient, requests: [request],
                            reference: testHash("case \(number(0...999))")))), by: "registrar")
        case 3:
            let reviewers: SortedList<Party> = happens(50) ? [Ledger.party("carol")] : []
            return Attempt(
                .consents(.nameReviewers(ConsentNameReviewers(custodian: custodian, reviewers: reviewers))),
                by: "registrar")
        case 4:
            let glass = ConsentBreakGlass(
                consent: named, clinician: Ledger.address("alice"), reason: testHash("emergency"),
                until: ledger.time.adding(milliseconds: 3_600_000), jurisdiction: "ES")
            return Attempt(.consents(.breakGlass(glass)), by: "alice", made: [(0, .glass)])
        default:
            let glass = pick(glasses) ?? testIdentifier("nothing")
            let isCarol = happens(50)
            let review = ConsentReview(
                disclosure: glass, reviewer: isCarol ? Ledger.party("carol") : custodian, outcome: .justified)
            return Attempt(.consents(.review(review)), by: isCarol ? "carol" : "registrar")
        }
    }

    mutating func identity() -> Attempt {
        let name = trader()
        switch number(0...7) {
        case 0:
            var attempt = Attempt(
                .identities(.sponsor(SponsorAccount(account: testAddress("new \(number(0...9))"), kind: .researcher))),
                by: "registrar", made: [(0, .account)])
            attempt.actingFor = Ledger.hospital
            return attempt
        case 1:
            let isClinic = happens(50)
            var attempt = Attempt(
                .identities(.changeSponsor(ChangeSponsor(sponsor: isClinic ? Ledger.clinic : Ledger.hospital))),
                by: name)
            attempt.cosigners = [isClinic ? "director" : "registrar"]
            return attempt
        case 2, 3:
            let claim = CredentialClaim(
                subject: Ledger.party(name), credentialType: happens(50) ? .medicalLicense : .researcherStatus,
                validFrom: ledger.time)
            return Attempt(
                .identities(.offerCredential(OfferCredential(claim: claim))), by: "board",
                made: [(0, .credential(subject: name))])
        case 4, 5:
            let credential = pick(credentials) ?? (testIdentifier("nothing"), name)
            let operation: IdentityOperation =
                happens(70)
                ? .acceptCredential(AcceptCredential(credential: .id(credential.id)))
                : .declineCredential(DeclineCredential(credential: .id(credential.id)))
            return Attempt(.identities(operation), by: credential.subject)
        case 6:
            let grant = DelegationGrant(
                delegate: Ledger.party(name), types: [.medicalLicense], validFrom: ledger.time)
            return Attempt(
                .identities(.grantDelegation(GrantDelegation(grant: grant))), by: "board", made: [(0, .delegation)])
        default:
            let credential = pick(credentials)?.id ?? testIdentifier("nothing")
            let delegation = pick(delegations) ?? testIdentifier("nothing")
            let operation: IdentityOperation =
                happens(50)
                ? .revokeCredential(RevokeCredential(credential: credential, reason: .error))
                : .revokeDelegation(RevokeDelegation(delegation: delegation, reason: .ended))
            return Attempt(.identities(operation), by: "board")
        }
    }
}
