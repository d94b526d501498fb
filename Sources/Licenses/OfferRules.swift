import Consents
import INFTs
import Primitives
import Revenue
import StateModel

/// The rules that creating and updating an offer share.
enum OfferRules {
    static func checkPrice(_ price: Amount, _ terms: Terms, in state: any StateReader) throws(Refusal) {
        guard let asset = terms.payment.asset else {
            guard price == .zero else {
                throw LicenseRejection.priceWithoutAsset.at(
                    "price", "the terms name no asset", hint: "Register terms that name the asset of the price.")
            }
            return
        }
        guard price >= terms.payment.fee else {
            let names = PlainNames(state: state)
            throw LicenseRejection.priceBelowFee.at(
                "price",
                "\(names.amount(price, of: asset)) is below the fee of \(names.amount(terms.payment.fee, of: asset)) that the "
                    + "terms set")
        }
        try Assets.requireActive(asset, field: "terms", in: state)
    }

    static func checkSupply(_ supply: UInt64?, _ terms: Terms, sold: UInt64) throws(Refusal) {
        guard let supply else { return }
        guard supply > 0, supply <= LicenseLimits.supply else {
            throw LicenseRejection.invalidSupply.at("supply", "1 to \(LicenseLimits.supply)")
        }
        guard supply >= sold else {
            throw LicenseRejection.invalidSupply.at("supply", "\(sold) licenses are sold already")
        }
    }

    static func checkExpiry(_ expiresAt: Timestamp?, at time: Timestamp) throws(Refusal) {
        guard let expiresAt else { return }
        guard expiresAt > time, expiresAt <= .maximum else {
            throw LicenseRejection.invalidExpiry.at("expiresAt", "\(expiresAt) is not after the block's time \(time)")
        }
    }

    /// How purchases of `inft` are delivered: as asked, or as usual; nil where its content is open.
    static func delivery(
        _ asked: OfferDelivery?, of inft: INFTRecord, in block: BlockContext
    ) throws(Refusal) -> OfferDelivery? {
        guard inft.latest.isSealed else {
            guard asked == nil else {
                throw LicenseRejection.invalidDelivery.at(
                    "delivery", "open content is not delivered: anyone can read it")
            }
            return nil
        }
        let delivery = asked ?? .usual
        let shortest =
            block.networkKind == .test
            ? LicenseLimits.shortestBeginOnTestNetworks : LicenseLimits.shortestBeginMilliseconds
        guard delivery.beginWithinMilliseconds >= shortest,
            delivery.beginWithinMilliseconds <= LicenseLimits.deliveryMilliseconds
        else {
            throw LicenseRejection.invalidDelivery.at(
                "delivery.beginWithinMilliseconds",
                "\(DurationText.exact(milliseconds: shortest)) to "
                    + DurationText.exact(milliseconds: LicenseLimits.deliveryMilliseconds))
        }
        guard delivery.disputeWindowMilliseconds <= LicenseLimits.deliveryMilliseconds else {
            throw LicenseRejection.invalidDelivery.at(
                "delivery.disputeWindowMilliseconds",
                "at most \(DurationText.exact(milliseconds: LicenseLimits.deliveryMilliseconds))")
        }
        return delivery
    }

    /// A group is offered under the terms to which every owner agreed, once all have.
    static func checkGroup(of inft: INFTID, _ terms: TermsID, in state: any StateReader) throws(Refusal) {
        guard let group = try Groups.record(inft, in: state) else { return }
        guard terms == group.terms else {
            throw LicenseRejection.groupTermsDiffer.at(
                "terms", "the owners of its members agreed to \(group.terms) and no others",
                hint: "Offer under \(group.terms).")
        }
        try Groups.requireSellable(group, field: "inft")
    }

    /// Terms on a derivative keep within what each parent's license allowed.
    static func checkParents(
        of inft: INFTID, _ terms: Terms, _ id: TermsID, price: Amount, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) {
        guard let link = try LicenseLedger.link(of: inft, in: state) else {
            // Within the transaction that mints it: before the link nobody knows what its parents allow.
            guard try INFTRegistry.requireKnown(inft, field: "inft", in: state).parents.isEmpty else {
                throw LicenseRejection.widerThanParents.at(
                    "inft", "it derives from others and is not linked to them yet",
                    hint: "Put the link before the offer.")
            }
            return
        }
        let earns = price > .zero || terms.payment.perUseFee > .zero || terms.payment.outcome != nil
        if let expiresAt = link.expiresAt, expiresAt <= time {
            throw LicenseRejection.derivativeExpired.at(
                "inft", "the licenses under which \(inft) was derived ended at \(expiresAt.text)")
        }
        if let reciprocal = link.reciprocalTerms {
            guard id == reciprocal else {
                throw LicenseRejection.widerThanParents.at(
                    "terms", "a parent's terms are reciprocal: the derivative is offered under \(reciprocal) alone",
                    hint: "Offer under \(reciprocal).")
            }
        }
        for (index, parent) in link.parents.enumerated() {
            let parentID = link.terms[index]
            let outer = try LicenseLedger.storedTerms(parentID, in: state)
            // Under the very terms of the parent nothing can be wider.
            if parentID != id, let field = terms.field(widerThan: outer) {
                throw LicenseRejection.widerThanParents.at(
                    "terms", "\(field) allows more than the terms \(parentID) of the parent \(parent)")
            }
            guard !earns || outer.commercial.isAllowed else {
                throw LicenseRejection.widerThanParents.at(
                    "price", "the parent \(parent) is licensed for non-commercial use, so the derivative has no price")
            }
            try checkStated(link.licenses[index], terms, earns: earns, in: state)
        }
    }

    /// Nor do they allow what the license behind the link was not bought for: it covers what its buyer stated, and consents
    /// were asked for that alone.
    private static func checkStated(
        _ id: LicenseID, _ terms: Terms, earns: Bool, in state: any StateReader
    ) throws(Refusal) {
        let use = try LicenseLedger.requireLicense(id, field: "inft", in: state).use
        if let field = terms.field(widerThan: use) {
            throw LicenseRejection.widerThanParents.at(
                "terms", "\(field) allows more than the license \(id) was bought for",
                hint: "Derive from a license that was bought for it.")
        }
        guard !earns || use.isCommercial else {
            throw LicenseRejection.widerThanParents.at(
                "price", "the license \(id) was not bought for commercial use, so the derivative has no price",
                hint: "Derive from a license that was bought for commercial use.")
        }
    }

    private static func hint(_ decision: Decision, _ request: UseRequest, of set: ConsentSetRecord) -> String {
        let known = ConsentGate.hint(decision, request, of: set)
        return set.isDiseaseSpecific && known.contains(ResearchAim.disease.name)
            ? known : "Use terms with fewer purposes, diseases, territories or rights."
    }

    /// Terms on an INFT about people are never wider than its consent set: whatever they would let a licensee do, the
    /// set permits, or permits once a need is met (which each purchase then has to).
    static func checkConsent(
        _ set: ConsentSetID, _ terms: Terms, actor: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) {
        guard !terms.scope.purposes.isEmpty else {
            throw LicenseRejection.widerThanConsent.at(
                "terms", "scope.purposes is empty, which allows every purpose; a consent set never does",
                hint: "Name the purposes that the consent set permits.")
        }
        let record = try ConsentSets.require(set, field: "inft", in: state)
        if record.concernsFew, !terms.scope.diseases.isEmpty {
            throw LicenseRejection.widerThanConsent.at(
                "terms", "scope.diseases names diseases, which on data about few people would tell of their health",
                hint:
                    "Name the research aim \(ResearchAim.disease.name) alone; the custodian is told which disease it is."
            )
        }
        // What the terms leave to the buyer is taken at its best; the purchase asks again with what the buyer states.
        let research = ResearchUse(
            aims: SortedList(terms.scope.researchAims.codes),
            diseases: terms.scope.diseases.elements.map { DiseaseAim(disease: $0) },
            isNonprofit: !terms.commercial.isAllowed, isGeneticStudy: true,
            undertakings: SortedList(Undertaking.allCases))
        var widest = StatedUse()
        widest.purposes = terms.scope.purposes
        widest.territories = terms.scope.territories
        widest.research = research.aims.isEmpty && research.diseases.isEmpty ? nil : research
        widest.isCommercial = terms.commercial.isAllowed
        widest.trainsModels = terms.scope.allowsTraining
        let end = terms.grant.durationMilliseconds.map { time.adding(milliseconds: $0) }
        let requests = ConsentGate.requests(for: widest, by: actor, from: time, until: end)
        let weight = ConsentGate.decisions(about: widest)
        guard weight <= LicenseLimits.offeredDecisions else {
            throw LicenseRejection.widerThanConsent.at(
                "terms",
                "checking them takes \(requests.count) decisions that weigh \(weight), "
                    + "\(LicenseLimits.offeredDecisions) at most",
                hint: "Name fewer territories, purposes or diseases.")
        }
        let memo = DecisionMemo(actor, at: time, in: state)
        for request in requests {
            let decision = try ConsentSets.decide(record, request, memo: memo, at: time, in: state)
            guard !decision.isDeny else {
                throw LicenseRejection.widerThanConsent.at(
                    "terms", ConsentGate.sentence(decision, request), hint: hint(decision, request, of: record))
            }
        }
    }
}

/// Which INFTs are offered under a consent set, so that its going stale can be told to those who follow them.
enum SetNotices {
    static func note(_ inft: INFTID, cites set: ConsentSetID, in state: StateOverlay) throws(Refusal) {
        var record = try state.record(LicenseKeys.setINFTs(set)) ?? SetINFTs(infts: [])
        guard !record.infts.contains(inft), record.infts.count < LicenseLimits.notifiedINFTs else { return }
        record.infts.append(inft)
        state.set(LicenseKeys.setINFTs(set), record)
    }
}
