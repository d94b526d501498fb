internal import Consents
internal import INFTs
internal import Primitives
internal import Revenue
internal import StateModel

/// What of the domain waits for a party.
enum LicenseTasks {
    static let all = [
        AnswerTasks.outgoing, disputes, judged, recalls, offered, licensed, unanswered, bought, held, AnswerTasks.ended,
    ]

    /// What disputes wait for of which the party is a side.
    private static let disputes = TaskSource(
        DisputeQueries.disputes,
        { DisputeListParameters(license: nil, party: $0, arbiter: nil, inft: nil, onlyOpen: true) }, tasks: duties)

    /// What disputes wait for of an arbiter.
    private static let judged = TaskSource(
        DisputeQueries.disputes,
        { (party) -> DisputeListParameters? in
            guard case .account(let address) = party else { return nil }
            return DisputeListParameters(license: nil, party: nil, arbiter: address, inft: nil, onlyOpen: true)
        }, tasks: duties)

    /// What is to be shown to arbiters stands among the deliveries.
    private static func duties(
        _ view: DisputeView, of party: Party, _: QueryContext
    ) throws(Refusal) -> [PartyTask] {
        let dispute = view.dispute
        return view.waitsFor.filter { $0.party == party && $0.act != BeginShow.name }.map { duty in
            PartyTask(
                duty.act, from: party == dispute.claimant ? dispute.respondent : dispute.claimant,
                since: dispute.raisedAt, deadline: duty.deadline
            ) {
                $0.delivery = dispute.delivery
                $0.dispute = dispute.id
            }
        }
    }

    /// Recalls that the party, who holds a license, is to answer. The validators act as nobody; what waits then waits for the
    /// party itself.
    private static let recalls = TaskSource(
        RecallQueries.duties, { RecallDutiesParameters(party: $0) },
        tasks: { (duty: RecallDuty, party, _) throws(Refusal) in
            [
                PartyTask(
                    AcknowledgeRecall.name, from: duty.recall.by ?? party, since: duty.recall.since,
                    deadline: duty.recall.answerBy
                ) {
                    $0.license = duty.license
                    $0.inft = duty.inft
                    $0.recall = duty.recall.id
                }
            ]
        })

    /// Offers that are open to the party alone.
    private static let offered = TaskSource(
        LicenseQueries.offerList, { OfferListParameters(inft: nil, seller: nil, buyer: $0, onlyOpen: true) },
        tasks: { (view: OfferView, _, _) throws(Refusal) in
            let offer = view.offer
            return [
                PartyTask(
                    PurchaseLicense.name, from: offer.seller, since: offer.createdAt, deadline: offer.expiresAt
                ) {
                    $0.offer = offer.id
                    $0.inft = offer.inft
                    $0.asset = offer.asset
                    $0.amount = offer.price
                }
            ]
        })

    /// Licenses that the party holds, about to end, on trial or with their prepaid uses spent, and its prices that wait for
    /// outcomes.
    private static let licensed = TaskSource(
        LicenseQueries.licenseList, { LicenseListParameters(licensee: $0, inft: nil, licensor: nil) },
        costly: { (view: LicenseView, party, budget, context) throws(Refusal) in
            let license = view.license
            // It goes back to who bought, whoever holds the license by now.
            var tasks = license.buyer == party ? outcome(of: view, from: license.licensor) : []
            guard view.licensee == party else { return tasks }
            if view.state == .active, license.under == nil, let end = license.expiresAt,
                TaskSource.isNear(end, in: context)
            {
                guard view.renewalObstacle != nil || budget.take(AnswerTasks.askingCost) else { return nil }
                let obstacle = try RenewalObstacle.asked(license, at: context.block.time, in: context.state)
                tasks.append(
                    PartyTask(
                        obstacle == nil ? RenewLicense.name : expired, from: license.licensor,
                        since: context.block.time, deadline: end
                    ) {
                        about(license, &$0)
                        $0.obstacle = obstacle?.words
                    })
            }
            if license.isOnTrial(at: context.block.time) {
                let returns = try LicenseReturns.of(license, at: context.block.time, in: context.state)
                tasks.append(
                    PartyTask(
                        SurrenderLicense.name, from: license.licensor,
                        since: license.activeFrom ?? license.purchasedAt, deadline: license.trialUntil
                    ) { about(license, &$0, returns?.total ?? license.price) })
            }
            // Terms that prepay nothing leave nothing to prepay again.
            if view.state == .active, view.meter?.quota == 0,
                try LicenseLedger.storedTerms(license.terms, in: context.state).payment.prepaidUses > 0
            {
                tasks.append(
                    PartyTask(TopUpQuota.name, from: license.licensor, since: context.block.time) {
                        about(license, &$0)
                    })
            }
            return tasks
        })

    /// Uses of the party's licenses that consents do not permit until somebody answers: since the policies behind the
    /// content changed, or the answers ran out. Those about to run out are told before; and so are consents that were
    /// withdrawn.
    private static let unanswered = TaskSource(
        LicenseQueries.licenseList, { LicenseListParameters(licensee: $0, inft: nil, licensor: nil) },
        costly: { (view: LicenseView, party, budget, context) throws(Refusal) in
            let (license, state, time) = (view.license, context.state, context.block.time)
            guard view.licensee == party, view.state == .active || view.state == .suspended,
                let inft = try INFTRegistry.record(license.inft, in: state), let cited = inft.consentSet
            else { return [] }
            // No answer helps; who holds the license still has to know.
            func denied(since: Timestamp) -> [PartyTask] {
                [PartyTask(consentDenied, from: license.licensor, since: since) { about(license, &$0) }]
            }
            if view.state == .suspended {
                let set = try ConsentSets.requireStanding(cited, field: "license", in: state)
                if let since = set.staleSince(at: time) { return denied(since: since) }
                let stale = try StaleVersion.of(license, inft, version: nil, at: time, in: state)
                return stale.map { denied(since: $0.since) } ?? []
            }
            guard let delivery = license.delivery,
                let disclosure = try LicenseNeeds.disclosure(of: delivery, at: time, in: state)
            else { return [] }
            let set = try ConsentSets.requireStanding(cited, field: "license", in: state)
            func task(_ deadline: Timestamp?, _ needs: [Need]) -> [PartyTask] {
                [
                    PartyTask(AnswerNeeds.name, from: set.custodian, since: disclosure.at, deadline: deadline) {
                        about(license, &$0)
                        $0.delivery = delivery
                        AnswerTasks.name(needs, of: set.custodian, in: &$0)
                    }
                ]
            }
            if case .until(let end) = LicenseNeeds.lasting(disclosure, under: set, at: time) {
                guard let end, TaskSource.isNear(end, in: context), end < license.expiresAt ?? .maximum
                else { return [] }
                return task(end, disclosure.met.map(\.need))
            }
            guard budget.take(AnswerTasks.askingCost) else { return nil }
            guard let standing = try LicenseNeeds.standing(license, inft, at: time, in: state), !standing.isMet
            else { return [] }
            guard standing.denial == nil else { return denied(since: disclosure.at) }
            return task(nil, standing.needs)
        })

    private static func about(_ license: LicenseRecord, _ task: inout PartyTask, _ amount: Amount? = nil) {
        task.license = license.id
        task.inft = license.inft
        if let amount {
            task.asset = license.asset
            task.amount = amount
        }
    }

    /// Consents behind the content permit the uses no more.
    private static let consentDenied = "license.consentDenied"

    /// What ends by itself and can't be renewed.
    private static let expired = "license.expired"

    /// What the party has bought: whether it is delivered yet, and until when it can be disputed.
    private static let bought = TaskSource(
        LicenseQueries.licenseList, { LicenseListParameters(licensee: $0) },
        costly: { (view: LicenseView, party, budget, context) throws(Refusal) in
            guard view.licensee == party, let delivery = view.delivery else { return [] }
            let paid = delivery.delivery.payment?.amount
            func task(_ act: String, _ deadline: Timestamp?, _ amount: Amount?) -> PartyTask {
                PartyTask(act, from: delivery.delivery.from, since: view.license.purchasedAt, deadline: deadline) {
                    about(view.license, &$0, amount)
                }
            }
            if view.state == .pending {
                guard budget.take(AnswerTasks.askingCost) else { return nil }
                let back = try LicenseReturns.undelivered(view.license, sale: paid ?? .zero, in: context.state)
                let refund = try RefundStanding.of(view.license, in: context.block, context.state)
                var told = task(
                    RefundDelivery.name, delivery.completeBy ?? delivery.delivery.beginBy, back > .zero ? back : nil)
                if refund?.isDue == true { told.obstacle = refund?.obstacle ?? "its time is over" }
                return [told]
            }
            guard
                let until = try Disputability.until(view.license, by: party, at: context.block.time, in: context.state)
            else { return [] }
            return [task(RaiseDispute.name, until, paid)]
        })

    /// Payments that come to rest by themselves: nobody needs to act.
    private static let held = TaskSource(
        LicenseQueries.licenseList, { LicenseListParameters(licensee: nil, inft: nil, licensor: $0) },
        tasks: { (view: LicenseView, party, context) throws(Refusal) in
            let license = view.license
            var tasks: [PartyTask] = []
            // The payment is the purchase's, whatever was delivered under the license since.
            let purchase = try Deliveries.record(DeliveryID(license.id.bytes), in: context.state)
            if let payment = purchase?.payment, payment.settledAt == nil, let until = payment.heldUntil {
                // Nobody can dispute what is on trial, so where the trial is the longer nobody ever can.
                tasks.append(
                    PartyTask(
                        license.trialUntil == until ? trialEnds : distributed, from: view.licensee,
                        since: license.purchasedAt, deadline: until
                    ) {
                        about(license, &$0, payment.amount)
                        $0.dispute = view.dispute
                    })
            } else if purchase == nil, license.isOnTrial(at: context.block.time) {
                let amount = try LicenseTrials.held(of: license, in: context.state).amount
                tasks.append(
                    PartyTask(
                        trialEnds, from: view.licensee, since: license.purchasedAt, deadline: license.trialUntil
                    ) { about(license, &$0, amount) })
            }
            return tasks + outcome(of: view, from: view.licensee)
        })

    /// A price that outcomes decide: reports after the deadline change nothing.
    private static func outcome(of view: LicenseView, from: Party) -> [PartyTask] {
        guard let hold = view.outcome, hold.settlement == nil, let deadline = hold.deadline else { return [] }
        return [
            PartyTask(
                "license.outcomePriceSettled", from: from, since: view.license.activeFrom ?? view.license.purchasedAt,
                deadline: deadline
            ) {
                about(view.license, &$0)
                $0.asset = hold.asset
                $0.amount = hold.amount
            }
        ]
    }

    private static let distributed = "license.distributed"

    /// What is held through a trial is distributed at its end, unless the license goes back before.
    private static let trialEnds = "license.trialEnds"
}
