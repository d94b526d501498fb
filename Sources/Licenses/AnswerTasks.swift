internal import Consents
internal import Cryptography
internal import INFTs
internal import Primitives
internal import StateModel

/// What waits for answers to what consents ask: deliveries that they come before, and uses for which those given count no
/// more.
enum AnswerTasks {
    /// Not an operation: who answers signs a statement (``NeedStatement``), which others bring.
    static let answer = "consent.answer"

    /// What asking a set for the uses of a license takes of a call's budget: its policies are long.
    static let askingCost = 16

    /// Deliveries that the party was to make when they were asked for, with what has to be answered first. What was bought
    /// before an INFT changed hands stands in the INFT's own list.
    static let outgoing = TaskSource(
        INFTQueries.deliveries, { DeliveryListParameters(from: $0) },
        costly: { (view: DeliveryView, _, budget, context) throws(Refusal) in
            let delivery = view.delivery
            switch view.state {
            case .requested: return try begin(delivery, &budget, context)
            case .begun:
                return [
                    PartyTask(
                        acts(of: delivery).complete, from: delivery.to,
                        since: delivery.begun?.at ?? delivery.requestedAt, deadline: view.completeBy
                    ) { $0.delivery = delivery.id }
                ]
            case .offered, .completed, .failed: return []
            }
        })

    private static func begin(
        _ delivery: DeliveryRecord, _ budget: inout TaskBudget, _ context: QueryContext
    ) throws(Refusal) -> [PartyTask]? {
        var needs: [Need] = []
        var custodian: Party?
        var obstacle: String?
        // What arbiters are shown asks for nothing that the purchase's delivery did not ask.
        if delivery.act != .dispute,
            try INFTRegistry.record(delivery.inft, in: context.state)?.consentSet != nil
        {
            guard budget.take(askingCost) else { return nil }
            let verdict = try DeliveryCheck.check(delivery.id, at: context.block.time, in: context.state)
            needs = verdict.needs
            custodian = verdict.consentCustodian
            obstacle = verdict.obstacle?.message
        }
        return [
            PartyTask(
                acts(of: delivery).begin, from: delivery.to, since: delivery.requestedAt, deadline: delivery.beginBy
            ) {
                $0.delivery = delivery.id
                $0.license = obstacle == nil ? nil : delivery.license
                $0.obstacle = obstacle
                name(needs, of: custodian, in: &$0)
            }
        ]
    }

    static func name(_ needs: [Need], of custodian: Party?, in task: inout PartyTask) {
        guard !needs.isEmpty else { return }
        var names: [String] = []
        for need in needs where !names.contains(need.name) { names.append(need.name) }
        task.needs = names
        task.custodian = custodian
    }

    private static func acts(of delivery: DeliveryRecord) -> (begin: String, complete: String) {
        switch delivery.act {
        case .transfer: (TransferBegin.name, TransferComplete.name)
        case .dispute: (BeginShow.name, CompleteShow.name)
        default: (BeginDelivery.name, CompleteDelivery.name)
        }
    }

    /// To who keeps the data: uses of licenses whose answers are about to run out, or count no more, since the set of
    /// consents took in what who answered could not know, or since they ran out. Found by what was released under the party's consents, all of it
    /// ever: so it comes last, and each call looks at a part.
    static let ended = TaskSource(
        ConsentsDomain.audit,
        { ConsentAuditParameters(custodian: $0, recipient: nil, from: nil, to: nil) },
        costly: { (view: DisclosureView, party, budget, context) throws(Refusal) in
            let (disclosure, state, time) = (view.disclosure, context.state, context.block.time)
            let id = DeliveryID(disclosure.reference.bytes)
            guard disclosure.occasion == .license || disclosure.occasion == .uses,
                try state.record(LicenseKeys.disclosure(id)) == disclosure.id,
                let license = try license(of: id, in: state),
                let inft = try INFTRegistry.record(license.inft, in: state), let cited = inft.consentSet
            else { return [] }
            let set = try ConsentSets.requireStanding(cited, field: "license", in: state)
            guard set.custodian == party else { return [] }
            func task(_ deadline: Timestamp?, _ needs: [Need]) -> [PartyTask] {
                [
                    PartyTask(answer, from: license.licensee, since: disclosure.at, deadline: deadline) {
                        $0.license = license.id
                        $0.inft = license.inft
                        $0.delivery = id
                        name(needs, of: set.custodian, in: &$0)
                    }
                ]
            }
            if case .until(let end) = LicenseNeeds.lasting(disclosure, under: set, at: time) {
                guard let end, TaskSource.isNear(end, in: context), end < license.expiresAt ?? .maximum,
                    try LicenseCheck.state(of: license, at: time, in: state) == .active
                else { return [] }
                return task(end, disclosure.met.map(\.need))
            }
            guard budget.take(askingCost) else { return nil }
            guard try LicenseCheck.state(of: license, at: time, in: state) == .active,
                let standing = try LicenseNeeds.standing(license, inft, at: time, in: state), !standing.isMet,
                standing.denial == nil
            else { return [] }
            return task(nil, standing.needs)
        })

    /// The license whose content the delivery brought.
    private static func license(
        of id: DeliveryID, in state: any StateReader
    ) throws(Refusal) -> LicenseRecord? {
        guard let license = try Deliveries.record(id, in: state)?.license,
            let record = try LicenseLedger.license(license, in: state), record.delivery == id
        else { return nil }
        return record
    }
}
