internal import Consents
internal import Cryptography
internal import INFTs
internal import Identities
internal import Licenses
internal import Primitives
internal import StateModel

/// Something that waits for a party's own act.
struct AccountTask: Codable, Sendable {
    /// The operation that would do it: `credential.accept`, `consent.countersign`, `license.begin`, `inft.acceptTransfer`,
    /// `consent.review`, `dispute.respond`, `inft.erase`, `license.acknowledgeRecall`.
    let act: String
    let credential: CredentialID?
    let consent: ConsentID?
    let delivery: DeliveryID?
    /// Of a review.
    let disclosure: DisclosureID?
    let dispute: DisputeID?
    /// Of an erasure, the first of what is to be erased.
    let inft: INFTID?
    let version: UInt64?
    /// Of an answer to a recall.
    let license: LicenseID?
    let recall: RecallID?
    /// Who waits.
    let from: Party
    let since: Timestamp
    /// When it is too late.
    let deadline: Timestamp?

    init(
        act: String, credential: CredentialID? = nil, consent: ConsentID? = nil, delivery: DeliveryID? = nil,
        disclosure: DisclosureID? = nil, dispute: DisputeID? = nil, inft: INFTID? = nil, version: UInt64? = nil,
        license: LicenseID? = nil, recall: RecallID? = nil, from: Party, since: Timestamp, deadline: Timestamp?
    ) {
        self.act = act
        self.credential = credential
        self.consent = consent
        self.delivery = delivery
        self.disclosure = disclosure
        self.dispute = dispute
        self.inft = inft
        self.version = version
        self.license = license
        self.recall = recall
        self.from = from
        self.since = since
        self.deadline = deadline
    }
}

/// What waits for a party, gathered from the lists of the domains: first the credentials that it was offered, then the
/// consents that it is to countersign as custodian, the broken glass that it is to review, the deliveries that it is to begin
/// or complete, the transfers that it may accept, what disputes wait for, of which it is a side or an arbiter, the
/// erasures that subjects of its consents asked for, and last the recalls that it is to answer.
enum AccountTasks {
    /// The lists, in order. Each has a cursor that says "from its beginning": no index table has that number.
    private static let lists: [(domain: DomainNumber, table: UInt8, page: Source)] = [
        (.identities, 15, credentials), (.consents, 15, consents), (.consents, 13, reviews), (.infts, 13, outgoing),
        (.infts, 12, incoming), (.licenses, 15, disputes), (.licenses, 14, judged), (.consents, 14, erasures),
        (.licenses, 12, recalls),
    ]
    private typealias Source = @Sendable (Party, PageRequest, QueryContext) throws(Refusal) -> Page<AccountTask>

    static let query = Query(
        list: "account_tasks",
        "What waits for a party, with deadlines: credentials to accept, consents to countersign, broken glass to review, "
            + "deliveries to begin or complete, transfers to accept, what disputes wait for, erasures to sign, "
            + "recalls to answer.",
        [QueryParameter("party", "An account or an organization.")], from: PartyParameters.self, of: AccountTask.self
    ) { (parameters, request, context) throws(Refusal) in
        var items: [AccountTask] = []
        var (list, after) = position(of: request.after)
        while true {
            let rest = PageRequest(after: after, limit: request.limit - items.count)
            let page = try lists[list].page(parameters.party, rest, context)
            items += page.items
            if let next = page.next { return Page(items: items, next: next) }
            list += 1
            after = nil
            guard list < lists.count else { return Page(items: items, next: nil) }
            guard items.count < request.limit else { return Page(items: items, next: start(of: list)) }
        }
    }

    private static func start(of list: Int) -> IndexKey { IndexKey(lists[list].domain, lists[list].table) }

    /// Which list a cursor goes on in, and where; nil from its beginning.
    private static func position(of cursor: IndexKey?) -> (list: Int, after: IndexKey?) {
        guard let cursor, let first = cursor.bytes.first else { return (0, nil) }
        if let list = lists.indices.first(where: { start(of: $0) == cursor }) { return (list, nil) }
        switch DomainNumber(rawValue: first >> 4) {
        // Broken glass has an index table of its own, the ninth of consents, and requests for erasure the tenth.
        case .consents: return (first & 15 == 9 ? 2 : first & 15 == 10 ? 7 : 1, cursor)
        case .infts: return (first & 15 == 5 ? 3 : 4, cursor)
        case .licenses: return (first & 15 == 8 ? 5 : first & 15 == 4 ? 8 : 6, cursor)
        default: return (0, cursor)
        }
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
                    act: "credential.accept", credential: view.credential.id,
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
                    act: "consent.countersign", consent: consent.id, from: consent.subject,
                    since: consent.grantedAt, deadline: consent.expiresAt))
        }
        return Page(items: tasks, next: next)
    }

    private static func reviews(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(ConsentsDomain.queries, "consent_reviews", ("party", party), request, context)
        var tasks: [AccountTask] = []
        for case let review as ReviewRecord in found {
            tasks.append(
                AccountTask(
                    act: "consent.review", consent: review.consent, disclosure: review.disclosure,
                    from: review.subject, since: review.openedAt, deadline: review.deadline))
        }
        return Page(items: tasks, next: next)
    }

    /// Deliveries that the party was to make when they were asked for. What was bought before an INFT changed hands stands
    /// in the INFT's own list.
    private static func outgoing(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(INFTsDomain.queries, "delivery_list", ("from", party), request, context)
        var tasks: [AccountTask] = []
        for case let view as DeliveryView in found {
            let delivery = view.delivery
            switch view.state {
            case .requested:
                tasks.append(
                    AccountTask(
                        act: acts(of: delivery).begin, delivery: delivery.id,
                        from: delivery.to, since: delivery.requestedAt, deadline: delivery.beginBy))
            case .begun:
                tasks.append(
                    AccountTask(
                        act: acts(of: delivery).complete, delivery: delivery.id,
                        from: delivery.to, since: delivery.begun?.at ?? delivery.requestedAt,
                        deadline: view.completeBy))
            case .offered, .completed, .failed: continue
            }
        }
        return Page(items: tasks, next: next)
    }

    private static func acts(of delivery: DeliveryRecord) -> (begin: String, complete: String) {
        switch delivery.act {
        case .transfer: ("inft.beginTransfer", "inft.completeTransfer")
        case .dispute: ("dispute.beginShow", "dispute.completeShow")
        default: ("license.begin", "license.complete")
        }
    }

    private static func incoming(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(INFTsDomain.queries, "delivery_list", ("to", party), request, context)
        var tasks: [AccountTask] = []
        for case let view as DeliveryView in found where view.state == .offered {
            tasks.append(
                AccountTask(
                    act: "inft.acceptTransfer", delivery: view.delivery.id, from: view.delivery.from,
                    since: view.delivery.requestedAt, deadline: view.delivery.beginBy))
        }
        return Page(items: tasks, next: next)
    }

    private static func disputes(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        try duties("party", of: party, request, context)
    }

    private static func judged(
        by party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        guard case .account = party else { return Page(items: [], next: nil) }
        return try duties("arbiter", of: party, request, context)
    }

    /// What open disputes wait for from the party. What is to be shown to arbiters stands among the deliveries.
    private static func duties(
        _ role: String, of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(LicensesDomain.queries, "dispute_list", (role, party), request, context)
        var tasks: [AccountTask] = []
        for case let view as DisputeView in found {
            let dispute = view.dispute
            for duty in view.waitsFor where duty.party == party && duty.act != BeginShow.name {
                tasks.append(
                    AccountTask(
                        act: duty.act, delivery: dispute.delivery, dispute: dispute.id,
                        from: party == dispute.claimant ? dispute.respondent : dispute.claimant,
                        since: dispute.raisedAt, deadline: duty.deadline))
            }
        }
        return Page(items: tasks, next: next)
    }

    private static func recalls(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(LicensesDomain.queries, "recall_duties", ("party", party), request, context)
        var tasks: [AccountTask] = []
        for case let duty as RecallDuty in found {
            // The validators act as nobody; what waits then waits for the party itself.
            tasks.append(
                AccountTask(
                    act: AcknowledgeRecall.name, inft: duty.inft, license: duty.license, recall: duty.recall.id,
                    from: duty.recall.by ?? party, since: duty.recall.since, deadline: duty.recall.answerBy))
        }
        return Page(items: tasks, next: next)
    }

    /// What subjects of the party's consents asked to erase, and nobody has signed yet. There is no deadline on the ledger:
    /// how long is too long is law.
    private static func erasures(
        of party: Party, _ request: PageRequest, _ context: QueryContext
    ) throws(Refusal) -> Page<AccountTask> {
        let (found, next) = try items(INFTsDomain.queries, "inft_erasures_due", ("custodian", party), request, context)
        var tasks: [AccountTask] = []
        for case let due as ErasureDue in found {
            tasks.append(
                AccountTask(
                    act: "inft.erase", consent: due.consent, inft: due.versions.first?.inft,
                    version: due.versions.first?.version, from: due.subject, since: due.requestedAt, deadline: nil))
        }
        return Page(items: tasks, next: next)
    }
}
