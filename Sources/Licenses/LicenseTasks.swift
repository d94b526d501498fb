internal import INFTs
internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum LicenseTasks {
    static let all = [disputes, judged, recalls, offered, ending, held]

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

    /// Licenses that the party holds and that are about to end.
    private static let ending = TaskSource(
        LicenseQueries.licenseList, { LicenseListParameters(licensee: $0, inft: nil, licensor: nil) },
        tasks: { (view: LicenseView, party, context) throws(Refusal) in
            guard view.state == .active, view.licensee == party, view.license.under == nil,
                let end = view.license.expiresAt,
                TaskSource.isNear(end, in: context)
            else { return [] }
            return [
                PartyTask(
                    RenewLicense.name, from: view.license.licensor, since: context.block.time, deadline: end
                ) {
                    $0.license = view.license.id
                    $0.inft = view.license.inft
                }
            ]
        })

    /// Payments that are held for the party until their dispute window is over; nobody needs to act.
    private static let held = TaskSource(
        LicenseQueries.licenseList, { LicenseListParameters(licensee: nil, inft: nil, licensor: $0) },
        tasks: { (view: LicenseView, _, _) throws(Refusal) in
            guard let payment = view.delivery?.delivery.payment, payment.settledAt == nil, let until = payment.heldUntil
            else { return [] }
            return [
                PartyTask("license.distributed", from: view.licensee, since: view.license.purchasedAt, deadline: until)
                {
                    $0.license = view.license.id
                    $0.inft = view.license.inft
                    $0.asset = view.license.asset
                    $0.amount = view.license.price
                    $0.dispute = view.dispute
                }
            ]
        })
}
