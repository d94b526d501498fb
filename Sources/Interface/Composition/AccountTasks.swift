internal import Consents
internal import Identities
internal import Primitives
internal import StateModel

/// Something that waits for a party's own act.
struct AccountTask: Codable, Sendable {
    /// The operation that would do it: `credential.accept`, `consent.countersign`.
    let act: String
    let credential: CredentialID?
    let consent: ConsentID?
    /// Who waits.
    let from: Party
    let since: Timestamp
    /// When it is too late.
    let deadline: Timestamp?
}

/// What waits for a party, gathered from the lists of the domains: first the credentials that it was offered, then the
/// consents that it is to countersign as custodian.
enum AccountTasks {
    /// Where the second list begins; no domain has an index table of this number.
    private static let secondList = IndexKey(.consents, 15)

    static let query = Query(
        list: "account_tasks",
        "What waits for a party, with deadlines: credentials to accept, consents to countersign.",
        [QueryParameter("party", "An account or an organization.")], from: PartyParameters.self, of: AccountTask.self
    ) { (parameters, request, context) throws(Refusal) in
        var items: [AccountTask] = []
        var after = request.after
        if after?.bytes.first.map({ $0 >> 4 == DomainNumber.consents.rawValue }) != true {
            let page = try credentials(of: parameters.party, request, context)
            items = page.items
            if let next = page.next { return Page(items: items, next: next) }
            guard items.count < request.limit else { return Page(items: items, next: secondList) }
            after = nil
        } else if after == secondList {
            after = nil
        }
        let rest = PageRequest(after: after, limit: request.limit - items.count)
        let page = try consents(of: parameters.party, rest, context)
        return Page(items: items + page.items, next: page.next)
    }

    /// A page of another query, which a domain owns.
    private static func items(
        _ queries: [Query], _ name: String, _ party: (name: String, value: Party), _ request: PageRequest,
        _ context: QueryContext
    ) throws(Refusal) -> (items: [any Codable & Sendable], next: IndexKey?) {
        guard let query = queries.first(where: { $0.name == name }) else {
            preconditionFailure("\(name) is one of its domain's queries")
        }
        func decoded<Parameters: Codable & Sendable>(
            _ type: Parameters.Type
        ) throws(JSONCodingFailure) -> any Codable & Sendable {
            let kind = context.block.networkKind
            let value = try JSONValueEncoder.encode(party.value, networkKind: kind)
            return try JSONValueDecoder.decode(type, from: .object([party.name: value]), networkKind: kind)
        }
        let parameters: any Codable & Sendable
        do {
            parameters = try decoded(query.parametersType)
        } catch {
            throw .failed(StateFailure("\(name) does not take \(party.name): \(error)"))
        }
        guard case .page(let items, let next) = try query.evaluate(parameters, request, context) else {
            preconditionFailure("\(name) is a list")
        }
        return (items, next)
    }

    private static func credentials(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(
            IdentitiesDomain.queries, "identity_credentials", ("subject", party), request, context)
        var tasks: [AccountTask] = []
        for case let view as CredentialView in found where view.status == .offered {
            tasks.append(
                AccountTask(
                    act: "credential.accept", credential: view.credential.id, consent: nil,
                    from: view.credential.issuer, since: view.credential.offeredAt,
                    deadline: view.credential.claim.validUntil))
        }
        return Page(items: tasks, next: next)
    }

    private static func consents(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(ConsentsDomain.queries, "consent_list", ("custodian", party), request, context)
        let now = context.block.time
        var tasks: [AccountTask] = []
        for case let view as ConsentView in found {
            let consent = view.consent
            guard consent.effectiveAt == nil, consent.withdrawnAt == nil, consent.expiresAt.map({ $0 > now }) ?? true
            else { continue }
            tasks.append(
                AccountTask(
                    act: "consent.countersign", credential: nil, consent: consent.id, from: consent.subject,
                    since: consent.grantedAt, deadline: consent.expiresAt))
        }
        return Page(items: tasks, next: next)
    }
}
