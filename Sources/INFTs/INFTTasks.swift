internal import Consents
internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum INFTTasks {
    static let all = [incoming, erasures, authorizations]

    /// Transfers that the party may accept.
    private static let incoming = TaskSource(
        INFTQueries.deliveries, { DeliveryListParameters(to: $0) },
        tasks: { (view: DeliveryView, _, _) throws(Refusal) in
            guard view.state == .offered else { return [] }
            return [
                PartyTask(
                    TransferAccept.name, from: view.delivery.from, since: view.delivery.requestedAt,
                    deadline: view.delivery.beginBy
                ) { $0.delivery = view.delivery.id }
            ]
        })

    /// What subjects of the party's consents asked to erase, and nobody has signed yet. There is no deadline on the
    /// ledger: how long is too long is law.
    private static let erasures = TaskSource(
        INFTQueries.erasuresDue, { ErasuresDueParameters(custodian: $0) },
        tasks: { (due: ErasureDue, _, _) throws(Refusal) in
            [
                PartyTask(Erase.name, from: due.subject, since: due.requestedAt) {
                    $0.consent = due.consent
                    $0.inft = due.versions.first?.inft
                    $0.version = due.versions.first?.version
                }
            ]
        })

    /// What the owner of an INFT has to know whose consents do not all stand: nothing of it is sold until another set is cited.
    private static let stale = "inft.consentStale"

    /// Agents that may run what the party owns, and soon no longer: the owner may name them anew. And consents behind it that
    /// do not stand any more.
    private static let authorizations = TaskSource(
        INFTQueries.list, { INFTListParameters(owner: $0) },
        tasks: { (inft: INFTSummary, _, context) throws(Refusal) in
            let record = try INFTRegistry.requireKnown(inft.id, field: "inft", in: context.state)
            var tasks: [PartyTask] = []
            if record.status == .active, let cited = record.consentSet,
                let set = try ConsentSets.standing(cited, in: context.state), set.isStale(at: context.block.time)
            {
                tasks.append(
                    PartyTask(stale, from: set.custodian, since: set.stale?.since ?? context.block.time) {
                        $0.inft = record.id
                    })
            }
            return try tasks
                + UseAuthorizations.list(record, at: context.block.time, in: context.state).agents
                .filter { TaskSource.isNear($0.until, in: context) }
                .map { one in
                    PartyTask(AuthorizeUse.name, from: one.agent, since: context.block.time, deadline: one.until) {
                        $0.inft = record.id
                    }
                }
        })
}
