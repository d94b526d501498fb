internal import Encoding
internal import Primitives
internal import StateModel

enum ConsentQueries {
    static let all = [get, list, set, members, sets, check] + AccountingQueries.all

    static let get = Query(
        "consent_get", "A consent, and what it is (or was) at a time.",
        [
            QueryParameter("consent", "The consent's id."),
            QueryParameter("at", "The time asked about; the time of the block if left out.", required: false),
        ], from: ConsentGetParameters.self, to: ConsentView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try ConsentLedger.require(parameters.consent, field: "consent", in: context.state)
        return ConsentView(consent: record, at: parameters.at ?? context.block.time)
    }

    static let list = Query(
        list: "consent_list", "The consents of a subject, or of a custodian, newest first.",
        [
            QueryParameter("subject", "Whose consents; either this or custodian.", required: false),
            QueryParameter("custodian", "Who keeps the data.", required: false),
        ], from: ConsentListParameters.self, of: ConsentView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix: IndexKey
        switch (parameters.subject, parameters.custodian) {
        case (let subject?, nil): prefix = ConsentIndexes.bySubject(subject)
        case (nil, let custodian?): prefix = ConsentIndexes.byCustodian(custodian)
        default:
            throw ConsentRejection.nothingNamed.at(
                "subject", "name either a subject or a custodian",
                hint: "A subject's consents can be filtered by their custodian field.")
        }
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let bytes = ConsentIndexes.lastBytes(of: entry) else { return nil }
            return try view(ConsentID(bytes), in: context)
        }
    }

    static let set = Query(
        "consent_set", "A consent set: the meet of its members, its expiry, whether it is (or was) stale.",
        [
            QueryParameter("set", "The set's id."),
            QueryParameter("at", "The time asked about; the time of the block if left out.", required: false),
        ], from: ConsentSetParameters.self, to: ConsentSetView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try ConsentSets.require(parameters.set, field: "set", in: context.state)
        return ConsentSetView(set: record, at: parameters.at ?? context.block.time)
    }

    static let members = Query(
        list: "consent_members", "The members of a consent set, in the order in which they joined.",
        [QueryParameter("set", "The set's id.")], from: ConsentSetParameters.self, of: ConsentView.self
    ) { (parameters, request, context) throws(Refusal) in
        _ = try ConsentSets.require(parameters.set, field: "set", in: context.state)
        return try context.page(ConsentIndexes.members(of: parameters.set), request) { (entry) throws(Refusal) in
            guard let id = try? ConsentID(decoding: entry.value) else { return nil }
            return try view(id, in: context)
        }
    }

    static let sets = Query(
        list: "consent_sets", "The consent sets of a custodian, newest first.",
        [QueryParameter("custodian", "The custodian.")], from: ConsentSetsParameters.self, of: ConsentSetView.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix = ConsentIndexes.sets(of: parameters.custodian)
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let bytes = ConsentIndexes.lastBytes(of: entry),
                let record = try ConsentSets.record(ConsentSetID(bytes), in: context.state)
            else { return nil }
            return ConsentSetView(set: record, at: context.block.time)
        }
    }

    static let check = Query(
        "consent_check", "What a consent, or a consent set, says (or said) to a request, and why.",
        [
            QueryParameter("request", "Who wants to do what, for which purposes, where."),
            QueryParameter("consent", "The consent asked; either this or set.", required: false),
            QueryParameter("set", "The set asked.", required: false),
            QueryParameter("at", "The time asked about; the time of the block if left out.", required: false),
        ], from: ConsentCheckParameters.self, to: ConsentAnswer.self
    ) { (parameters, context) throws(Refusal) in
        let time = parameters.at ?? context.block.time
        let request = parameters.request
        switch (parameters.consent, parameters.set) {
        case (let consent?, nil):
            return ConsentAnswer(
                at: time, decision: try ConsentLedger.decide(consent, request, at: time, in: context.state))
        case (nil, let set?):
            return ConsentAnswer(at: time, decision: try ConsentSets.decide(set, request, at: time, in: context.state))
        default:
            throw ConsentRejection.checkOfNothing.at("consent", "name either a consent or a set")
        }
    }

    private static func view(_ id: ConsentID, in context: QueryContext) throws(Refusal) -> ConsentView? {
        try ConsentLedger.record(id, in: context.state).map { ConsentView(consent: $0, at: context.block.time) }
    }
}
