internal import Primitives
internal import StateModel

/// What was released: to whom it concerns, to their custodian, and to who must review.
enum AccountingQueries {
    static let all = [disclosures, export, audit, reviews, reviewers, ontology]

    private static let period = [
        QueryParameter("from", "Releases from this time on.", required: false),
        QueryParameter("to", "Releases before this time.", required: false),
    ]

    static let disclosures = Query(
        list: "consent_disclosures",
        "The accounting of disclosures: every release of data under a consent, or under the consents of a subject, with "
            + "purpose, time and provision.",
        [
            QueryParameter("consent", "The consent; either this or subject.", required: false),
            QueryParameter("subject", "Whose consents.", required: false),
        ] + period, from: ConsentHistoryParameters.self, of: DisclosureView.self
    ) { (parameters, request, context) throws(Refusal) in
        let (found, next) = try walk(parameters, request, context, isWhole: false)
        var items: [DisclosureView] = []
        for case .disclosure(let record, let consent) in found {
            items.append(try view(record, consent: consent, in: context))
        }
        return Page(items: items, next: next)
    }

    static let export = Query(
        list: "consent_export",
        "All that the ledger holds on a consent, or on the consents of a subject: records, earlier policies, "
            + "memberships in sets, disclosures.",
        [
            QueryParameter("consent", "The consent; either this or subject.", required: false),
            QueryParameter("subject", "Whose consents.", required: false),
        ] + period, from: ConsentHistoryParameters.self, of: ExportItem.self
    ) { (parameters, request, context) throws(Refusal) in
        let (found, next) = try walk(parameters, request, context, isWhole: true)
        var items: [ExportItem] = []
        for item in found {
            switch item {
            case .consent(let record):
                items.append(ExportItem(consent: ConsentView(consent: record, at: context.block.time)))
            case .earlier(let policy): items.append(ExportItem(earlierPolicy: policy))
            case .membership(let member):
                let set = try ConsentSets.require(member.set, field: "set", in: context.state)
                items.append(
                    ExportItem(membership: member, set: ConsentSetView(set: set, at: context.block.time)))
            case .disclosure(let record, let consent):
                items.append(ExportItem(disclosure: try view(record, consent: consent, in: context)))
            }
        }
        return Page(items: items, next: next)
    }

    static let audit = Query(
        list: "consent_audit", "What a custodian released, or a party received, oldest first.",
        [
            QueryParameter("custodian", "Who released; either this or recipient.", required: false),
            QueryParameter("recipient", "Who received.", required: false),
        ] + period, from: ConsentAuditParameters.self, of: DisclosureView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix: IndexKey
        switch (parameters.custodian, parameters.recipient) {
        case (let custodian?, nil): prefix = ConsentIndexes.disclosures(by: custodian)
        case (nil, let recipient?): prefix = ConsentIndexes.disclosures(to: recipient)
        default: throw ConsentRejection.nothingNamed.at("custodian", "name either a custodian or a recipient")
        }
        let start = parameters.from.map { prefix.appending($0.milliseconds) }
        let page = PageRequest(after: request.after ?? start, limit: request.limit)
        var isOver = false
        let found: Page<DisclosureView> = try context.page(prefix, page) { (entry) throws(Refusal) in
            guard let bytes = ConsentIndexes.lastBytes(of: entry),
                let record = try context.state.record(ConsentsKeys.disclosure(DisclosureID(bytes)))
            else { return nil }
            if let to = parameters.to, record.at >= to { isOver = true }
            return isOver ? nil : try view(record, consent: nil, in: context)
        }
        return Page(items: found.items, next: isOver ? nil : found.next)
    }

    static let reviews = Query(
        list: "consent_reviews", "Broken glass that waits for review by a party, earliest deadline first.",
        [QueryParameter("party", "A custodian, or a reviewer whom it named.")], from: ConsentReviewsParameters.self,
        of: ReviewRecord.self
    ) { (parameters, request, context) throws(Refusal) in
        try context.page(ConsentIndexes.reviews(of: parameters.party), request) { (entry) throws(Refusal) in
            guard let bytes = ConsentIndexes.lastBytes(of: entry) else { return nil }
            return try Reviews.record(DisclosureID(bytes), in: context.state)
        }
    }

    static let reviewers = Query(
        "consent_reviewers",
        "Whom a custodian named to review, and whether overdue reviews took its power to break glass.",
        [
            QueryParameter("custodian", "The custodian."),
            QueryParameter("at", "The time asked about; the time of the block if left out.", required: false),
        ], from: ConsentReviewersParameters.self, to: ReviewersView.self
    ) { (parameters, context) throws(Refusal) in
        let time = parameters.at ?? context.block.time
        let book = try context.state.record(ConsentsKeys.reviewBook(parameters.custodian))
        return ReviewersView(
            reviewers: try Reviewers.named(by: parameters.custodian, in: context.state),
            openReviews: book?.open ?? 0, at: time,
            isSuspended: try Reviews.isSuspended(parameters.custodian, at: time, in: context.state))
    }

    static let ontology = Query(
        "consent_ontology", "The root of the disease ontology that descents are proved against.", [],
        from: ConsentOntologyParameters.self, to: OntologyView.self
    ) { (_, context) throws(Refusal) in OntologyView(ontology: try Ontology.current(in: context.state)) }

    private static func walk(
        _ parameters: ConsentHistoryParameters, _ request: PageRequest, _ context: QueryContext, isWhole: Bool
    ) throws(Refusal) -> (items: [DisclosureWalk.Item], next: IndexKey?) {
        guard (parameters.consent == nil) != (parameters.subject == nil) else {
            throw ConsentRejection.nothingNamed.at("consent", "name either a consent or a subject")
        }
        var walk = DisclosureWalk(
            context, from: parameters.from, to: parameters.to, isWhole: isWhole, subject: parameters.subject)
        return try walk.page(of: parameters.consent, request)
    }

    private static func view(
        _ record: DisclosureRecord, consent: ConsentID?, in context: QueryContext
    ) throws(Refusal) -> DisclosureView {
        let isReviewed = record.occasion == .breakGlass
        return DisclosureView(
            disclosure: record, consent: consent,
            review: isReviewed ? try Reviews.record(record.id, in: context.state) : nil)
    }
}
