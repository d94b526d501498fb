internal import Consents
internal import Governance
internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import Revenue
internal import StateModel

/// What waits for a party: the lists of all domains, one after the other.
enum AccountTasks {
    /// A new domain adds its own. Licenses come last: the last of their lists may take many calls.
    private static let sources: [TaskSource] =
        IdentitiesDomain.tasks + ConsentsDomain.tasks + INFTsDomain.tasks + RevenueDomain.tasks + GovernanceDomain.tasks
        + LicensesDomain.tasks

    /// How many entries of the lists a call looks at, in steps of its limit; what is left comes with the next page, as does
    /// what the call's budget does not suffice for.
    private static let steps = 32

    static let query = Query(
        list: "account_tasks",
        "What waits for a party, with deadlines: credentials, consents, reviews, deliveries, transfers, disputes, "
            + "erasures, recoveries, offers and votes, trials, spent quotas, uses that wait for answers, prices that wait "
            + "for outcomes, and what it holds or lets others use that is about to end.",
        [QueryParameter("party", "An account or an organization.")], from: PartyParameters.self, of: PartyTask.self
    ) { (parameters, request, context) throws(Refusal) in
        var items: [PartyTask] = []
        var place = try Place(request.after)
        var budget = TaskBudget()
        for _ in 0..<steps {
            guard place.source < sources.count else { return Page(items: items, next: nil) }
            guard items.count < request.limit else { break }
            let rest = PageRequest(after: place.after, limit: request.limit - items.count)
            let page = try sources[place.source].page(parameters.party, rest, within: &budget, context)
            items += page.items
            switch page.next {
            case .end: place = Place(source: place.source + 1, after: nil)
            case .after(let key): place = Place(source: place.source, after: key)
            case .again(let key): return Page(items: items, next: Place(source: place.source, after: key).cursor)
            }
        }
        return Page(items: items, next: place.source < sources.count ? place.cursor : nil)
    }

    /// Where a page goes on: the number of the list, and the place in it.
    private struct Place {
        let source: Int
        let after: IndexKey?

        init(source: Int, after: IndexKey?) {
            self.source = source
            self.after = after
        }

        init(_ cursor: IndexKey?) throws(Refusal) {
            guard let cursor else {
                self.init(source: 0, after: nil)
                return
            }
            guard let first = cursor.bytes.first, Int(first) < sources.count else {
                throw .rejected(PageRequest.foreignCursor)
            }
            let rest = Array(cursor.bytes.dropFirst())
            self.init(source: Int(first), after: rest.isEmpty ? nil : IndexKey(stored: rest))
        }

        var cursor: IndexKey { IndexKey(stored: [UInt8(source)] + (after?.bytes ?? [])) }
    }

    struct PartyParameters: Codable, Sendable { let party: Party }
}
