internal import Encoding
internal import Identities
internal import Primitives

/// What a policy must be before it can be consented to.
struct PolicyRules {
    let scope: ConsentScope
    let commitments: [CommittedRestriction]
    /// A policy that was narrowed may leave commitments behind: the positions of the others must not move.
    var allowsUnused = false

    func check(_ policy: ConsentPolicy, field: String) throws(Refusal) {
        var count = 0
        var restrictions: [UInt8] = []
        try check(
            policy.provisions, parent: nil, depth: 1, field: "\(field).provisions", count: &count, &restrictions)
        guard policy.provisions.contains(where: { $0.kind == .permit }) else {
            throw ConsentRejection.emptyPolicy.at(
                "\(field).provisions", "nothing is permitted",
                hint: "Whoever wants to permit nothing gives no consent.")
        }
        guard count <= ConsentsLimits.provisionsPerPolicy, policy.encoded.count <= ConsentsLimits.policyBytes else {
            throw ConsentRejection.policyTooLarge.at(
                field,
                "\(count) provisions of \(policy.encoded.count) bytes; at most \(ConsentsLimits.provisionsPerPolicy) "
                    + "of \(ConsentsLimits.policyBytes) bytes are kept")
        }
        let types = policy.credentialTypes
        guard types.count <= ConsentsLimits.credentialTypes else {
            throw ConsentRejection.tooManyElements.at(
                field,
                "it asks actors for \(types.count) types of credential (\(types.map(\.name).joined(separator: ", "))); "
                    + "at most \(ConsentsLimits.credentialTypes) in all",
                hint: "Naming institutions asks for an affiliation.")
        }
        guard !allowsUnused else { return }
        let unique = SortedList(commitments.map(\.commitment))
        guard unique.count == commitments.count, SortedList(restrictions).count == commitments.count else {
            throw ConsentRejection.unusedRestriction.at(
                "commitments", "every commitment stands once and is named by a provision",
                hint: "Name its position in a permitting provision's restrictions, or leave it out.")
        }
    }

    private func check(
        _ provisions: [Provision], parent: ProvisionKind?, depth: Int, field: String, count: inout Int,
        _ restrictions: inout [UInt8]
    ) throws(Refusal) {
        let bound = depth <= ConsentsLimits.provisionDepth ? ConsentsLimits.provisionsPerLevel : 0
        guard provisions.count <= bound else {
            throw ConsentRejection.policyTooLarge.at(
                field, "\(provisions.count) provisions at depth \(depth); at most \(bound) are kept")
        }
        count += provisions.count
        for (index, provision) in provisions.enumerated() {
            let field = "\(field)[\(index)]"
            guard provision.kind != parent else {
                throw ConsentRejection.exceptionOfSameKind.at(
                    field, "a \(provision.kind.name) inside a \(provision.kind.name) changes nothing",
                    hint: "Narrow the provision itself, or place this one beside it.")
            }
            try checkScope(of: provision, field: field)
            switch provision.kind {
            case .deny:
                guard provision.dataUse == nil, provision.restrictions.isEmpty else {
                    throw ConsentRejection.termsOnDenial.at(
                        provision.dataUse == nil ? "\(field).restrictions" : "\(field).dataUse",
                        "a denial says what it covers by actors, actions, purposes, places and periods alone")
                }
            case .permit: try checkTerms(of: provision, field: field)
            }
            restrictions += provision.restrictions.elements
            try check(
                provision.provisions, parent: provision.kind, depth: depth + 1, field: "\(field).provisions",
                count: &count, &restrictions)
        }
    }

    private func checkScope(of provision: Provision, field: String) throws(Refusal) {
        try limit(provision.actors.count, ConsentsLimits.actorsPerProvision, "\(field).actors")
        for case .holder(_, let jurisdiction?) in provision.actors.elements {
            try check(jurisdictions: [jurisdiction], field: "\(field).actors")
        }
        try check(jurisdictions: provision.jurisdictions, field: "\(field).jurisdictions")
        try check(codes: provision.codes, field: "\(field).codes")
        for (name, period) in [("validity", provision.validity), ("dataPeriod", provision.dataPeriod)] {
            guard let period, !period.isWellFormed else { continue }
            throw ConsentRejection.invalidPeriod.at(
                "\(field).\(name)", "the period is open on both sides, or ends before it starts")
        }
    }

    private func checkTerms(of provision: Provision, field: String) throws(Refusal) {
        for index in provision.restrictions.elements where Int(index) >= commitments.count {
            throw ConsentRejection.unknownRestriction.at(
                "\(field).restrictions", "\(index) is no position in the \(commitments.count) commitments")
        }
        guard let terms = provision.dataUse else { return }
        let field = "\(field).dataUse"
        try check(codes: terms.diseases, field: "\(field).diseases")
        try check(jurisdictions: terms.regions, field: "\(field).regions")
        try limit(terms.users.count, ConsentsLimits.partiesPerModifier, "\(field).users")
        try limit(terms.projects.count, ConsentsLimits.partiesPerModifier, "\(field).projects")
        try limit(terms.institutions.count, ConsentsLimits.partiesPerModifier, "\(field).institutions")
        if let months = terms.months, months == 0 || months > ConsentsLimits.months {
            throw ConsentRejection.invalidTimeLimit.at(
                "\(field).months", "\(months) months; 1 to \(ConsentsLimits.months) are allowed")
        }
        let isSpecific = terms.permissions.contains(.diseaseSpecific)
        guard isSpecific || terms.diseases.isEmpty else {
            throw ConsentRejection.diseaseSurplus.at(
                "\(field).diseases", "diseases without the permission diseaseSpecific limit nothing")
        }
        let hasCommitted = provision.restrictions.elements.contains { commitments[Int($0)].kind == .disease }
        guard !isSpecific || !terms.diseases.isEmpty || hasCommitted else {
            throw ConsentRejection.diseaseMissing.at(
                "\(field).diseases", "disease-specific use of no disease",
                hint: scope == .individual
                    ? "Name a commitment of kind disease in the provision's restrictions." : "Name the diseases.")
        }
    }

    private func check(jurisdictions: SortedList<String>, field: String) throws(Refusal) {
        try limit(jurisdictions.count, ConsentsLimits.jurisdictionsPerProvision, field)
        for text in jurisdictions.elements where !Regions.isWellFormed(text) {
            throw ConsentRejection.invalidJurisdiction.at(field, "\(text.debugDescription) is no ISO 3166 code")
        }
    }

    private func check(codes: SortedList<CodedTerm>, field: String) throws(Refusal) {
        try limit(codes.count, ConsentsLimits.codesPerList, field)
        guard scope == .aggregate || codes.isEmpty else {
            throw ConsentRejection.revealsDiagnosis.at(
                field, "codes in a person's consent would tell the ledger of their health",
                hint: "Put a salted commitment into commitments, and open it to the custodian.")
        }
        for code in codes.elements where !code.isWellFormed {
            throw ConsentRejection.invalidCode.at(field, "\(code.code.debugDescription) is no code")
        }
    }

    private func limit(_ count: Int, _ maximum: Int, _ field: String) throws(Refusal) {
        guard count <= maximum else {
            throw ConsentRejection.tooManyElements.at(field, "\(count) elements; at most \(maximum) are kept")
        }
    }
}

extension ConsentPolicy {
    /// What a decision may ask of an actor, ascending by number.
    var credentialTypes: [CredentialType] {
        var types: Set<CredentialType> = []
        func collect(_ provisions: [Provision]) {
            for provision in provisions {
                for case .holder(let type, _) in provision.actors.elements { types.insert(type) }
                if let terms = provision.dataUse, !terms.institutions.isEmpty { types.insert(.affiliation) }
                collect(provision.provisions)
            }
        }
        collect(provisions)
        return CredentialType.allCases.filter(types.contains)
    }
}
