public import Consents
public import Encoding
import INFTs
import Identities
import Primitives
import StateModel

/// What a buyer says a license is for. It is bought, recorded and checked as said: nobody needs all that terms allow.
/// `[purposes, research?, territories, isCommercial, trainsModels]`
public struct StatedUse: CBORCodable, Codable, Hashable, Sendable {
    /// Inside those of the terms; empty: all of them, where no consent stands behind the INFT.
    public var purposes: CodeList<PurposeOfUse>
    /// The research purpose, where it is research on data about people.
    public var research: ResearchUse?
    /// Where it will be used, inside the territories of the terms; empty: wherever they allow.
    public var territories: TextList
    public var isCommercial: Bool
    public var trainsModels: Bool

    public init(
        purposes: [PurposeOfUse] = [], research: ResearchUse? = nil, territories: [String] = [],
        isCommercial: Bool = false, trainsModels: Bool = false
    ) {
        self.purposes = CodeList(purposes)
        self.research = research
        self.territories = TextList(territories)
        self.isCommercial = isCommercial
        self.trainsModels = trainsModels
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(purposes)
        writer.write(research)
        writer.write(territories)
        writer.write(isCommercial)
        writer.write(trainsModels)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            var use = StatedUse()
            use.purposes = try reader.value("purposes")
            use.research = try reader.optional("research")
            use.territories = try TextList(
                from: &reader, "territories", max: LicenseLimits.statedTerritories,
                bytes: LicenseLimits.territoryBytes)
            use.isCommercial = try reader.boolean("isCommercial")
            use.trainsModels = try reader.boolean("trainsModels")
            return use
        }
    }

    private enum CodingKeys: String, CodingKey { case purposes, research, territories, isCommercial, trainsModels }

    /// In JSON whatever is left out is not claimed.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            purposes: try container.decodeIfPresent([PurposeOfUse].self, forKey: .purposes) ?? [],
            research: try container.decodeIfPresent(ResearchUse.self, forKey: .research),
            territories: try container.decodeIfPresent([String].self, forKey: .territories) ?? [],
            isCommercial: try container.decodeIfPresent(Bool.self, forKey: .isCommercial) ?? false,
            trainsModels: try container.decodeIfPresent(Bool.self, forKey: .trainsModels) ?? false)
    }
}

extension ResearchUse {
    /// Whether research of the aim is this, or a kind of it. Aims that a person has to review are no kind of another.
    func covers(_ aim: ResearchAim) -> Bool {
        // Diseases and no aims mean the aim disease; nothing at all means any research.
        if aims.isEmpty { return diseases.isEmpty || aim == .disease }
        return aims.contains(aim) || aims.contains(.general) && !aim.needsReview
            || aims.contains(.healthMedicalBiomedical) && aim == .disease
    }
}

extension StatedUse {
    /// Whether a purpose of it is a kind of research, or might be.
    var mayResearch: Bool {
        research != nil || purposes.isEmpty || purposes.codes.contains { PurposeOfUse.research.includes($0) }
    }

    /// The first field in which this says more than `outer`; nil if it keeps within it. What is left out claims everything.
    func field(widerThan outer: StatedUse) -> String? {
        if isCommercial, !outer.isCommercial { return "isCommercial" }
        if trainsModels, !outer.trainsModels { return "trainsModels" }
        // Consents were asked for that research and no other.
        if research != outer.research { return "research" }
        if !outer.purposes.isEmpty {
            let isWithin = purposes.codes.allSatisfy { code in outer.purposes.codes.contains { $0.includes(code) } }
            if purposes.isEmpty || !isWithin { return "purposes" }
        }
        if !outer.territories.isEmpty {
            let isWithin = territories.texts.allSatisfy { Jurisdictions.covers(outer.territories.texts, $0) }
            if territories.isEmpty || !isWithin { return "territories" }
        }
        return nil
    }
}

/// Who may be a licensee, and for what: the rules that a purchase, a renewal and a transfer share.
enum Admission {
    struct Case {
        let terms: Terms
        let inft: INFTRecord
        let licensee: Party
        let use: StatedUse
        let expiresAt: Timestamp?
        var demand = ConsentDemand.permit
    }

    /// What the consents behind an INFT have to say.
    enum ConsentDemand {
        case permit
        /// That they permit it, or that they do once a need is met: for a purchase whose delivery asks again.
        case noDenial
    }

    static func check(_ admission: Case, at time: Timestamp, in state: any StateReader) throws(Refusal) {
        guard admission.licensee != admission.inft.owner else {
            throw LicenseRejection.ownLicense.at("", "\(admission.licensee) owns \(admission.inft.id)")
        }
        try checkScope(admission.use, admission.terms)
        let memo = DecisionMemo(admission.licensee, at: time, in: state)
        for (index, requirement) in admission.terms.scope.requiredCredentials.enumerated() {
            guard try holds(memo, requirement) else {
                let place = requirement.jurisdiction.map { " for \($0)" } ?? ""
                throw LicenseRejection.missingCredential.at(
                    "terms.scope.requiredCredentials[\(index)]",
                    "the terms ask for a credential \(requirement.type.name)\(place), which "
                        + "\(admission.licensee) lacks",
                    hint: "Obtain and accept the credential first.")
            }
        }
        try checkConsent(admission, memo, at: time, in: state)
    }

    /// What asking one party for the credentials of terms weighs: each type is read once.
    static let weight = UInt64(LicenseLimits.requiredCredentialTypes) * CredentialWeights.holds

    /// Of the party that `memo` is about.
    static func holds(_ memo: DecisionMemo, _ requirement: CredentialRequirement) throws(Refusal) -> Bool {
        try memo.holds(requirement.type, jurisdiction: requirement.jurisdiction)
    }

    /// What is stated lies inside the terms.
    static func checkScope(_ use: StatedUse, _ terms: Terms) throws(Refusal) {
        for (index, purpose) in use.purposes.codes.enumerated() where !terms.scope.allows(purpose: purpose) {
            throw LicenseRejection.purposeNotAllowed.at(
                "use.purposes[\(index)]", "the terms do not allow the purpose \(purpose.name)")
        }
        if let research = use.research {
            for (index, aim) in research.aims.elements.enumerated() where !terms.scope.allows(aim: aim) {
                throw LicenseRejection.purposeNotAllowed.at(
                    "use.research.aims[\(index)]", "the terms do not allow research of the aim \(aim.name)",
                    hint: "They allow: \(terms.scope.allowedAims.codes.map(\.name).joined(separator: ", ")).")
            }
        }
        try checkDiseases(use, terms.scope)
        guard use.territories.texts.count <= LicenseLimits.statedTerritories else {
            throw LicenseRejection.territoryNotAllowed.at(
                "use.territories", "at most \(LicenseLimits.statedTerritories) territories are stated")
        }
        for (index, territory) in use.territories.texts.enumerated() {
            guard Jurisdictions.isValid(territory), terms.scope.allows(territory: territory) else {
                throw LicenseRejection.territoryNotAllowed.at(
                    "use.territories[\(index)]", "the terms do not allow use in \(territory)")
            }
        }
        if use.isCommercial, !terms.commercial.isAllowed {
            throw LicenseRejection.commercialUseNotAllowed.at("use.isCommercial", "the terms are non-commercial")
        }
        if use.trainsModels, !terms.scope.allowsTraining {
            throw LicenseRejection.trainingNotAllowed.at("use.trainsModels", "the terms do not allow training")
        }
    }

    /// Terms that name diseases license research of these, so whoever researches says of which.
    private static func checkDiseases(_ use: StatedUse, _ scope: ScopeTerms) throws(Refusal) {
        guard !scope.diseases.isEmpty, use.mayResearch else { return }
        let stated = use.research?.diseases.map(\.disease) ?? []
        guard !stated.isEmpty else {
            throw LicenseRejection.purposeNotAllowed.at(
                "use.research.diseases", "the terms license research of named diseases, and the use names none",
                hint:
                    "State by its name which of \(scope.diseases.elements.map(\.text).joined(separator: ", ")) it is: "
                    + "no commitment stands for it.")
        }
        for (index, disease) in stated.enumerated() where !scope.diseases.contains(disease) {
            throw LicenseRejection.purposeNotAllowed.at(
                "use.research.diseases[\(index)]", "the terms do not allow research of \(disease.text)",
                hint: "They allow: \(scope.diseases.elements.map(\.text).joined(separator: ", ")).")
        }
    }

    private static func checkConsent(
        _ admission: Case, _ memo: DecisionMemo, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) {
        guard let set = admission.inft.consentSet else { return }
        let requests = ConsentGate.requests(
            for: admission.use, by: admission.licensee, from: time, until: admission.expiresAt)
        let record = try ConsentSets.require(set, field: "use", in: state)
        if record.concernsFew, let research = admission.use.research, !research.diseases.isEmpty {
            throw LicenseRejection.consentDoesNotPermit.at(
                "use.research.diseases", "a disease stated of data about few people would tell of their health",
                hint: "State the aim \(ResearchAim.disease.name) alone, and say to the custodian which disease it is.")
        }
        guard !record.isStale(at: time) else {
            throw LicenseRejection.consentDoesNotPermit.at(
                "use", "a consent behind the INFT was withdrawn, narrowed or has expired, so no use is permitted",
                hint: "Wait until its owner cites a consent set without it.")
        }
        let weight = ConsentGate.decisions(about: admission.use)
        guard weight <= LicenseLimits.statedDecisions else {
            throw LicenseRejection.consentDoesNotPermit.at(
                "use",
                "asking the consents for it takes \(requests.count) decisions that weigh \(weight), "
                    + "\(LicenseLimits.statedDecisions) at most",
                hint: "State fewer territories, purposes or diseases; the others can be bought by another license.")
        }
        for request in requests {
            let decision = try ConsentSets.decide(record, request, memo: memo, at: time, in: state)
            guard admission.demand == .noDenial ? !decision.isDeny : decision.isPermit else {
                throw LicenseRejection.consentDoesNotPermit.at(
                    "use", ConsentGate.sentence(decision, request),
                    hint: ConsentGate.hint(decision, request, of: record))
            }
        }
    }
}

/// Turns what terms and uses say into what consents are asked.
enum ConsentGate {
    /// Each has to be permitted.
    static func requests(
        for use: StatedUse, by actor: Party, from: Timestamp, until: Timestamp?
    ) -> [UseRequest] {
        let places: [String?] = use.territories.isEmpty ? [nil] : use.territories.texts.map { $0 }
        let actions: [ConsentAction] = use.trainsModels ? [.access, .train] : [.access]
        let period = until.map { Period(from: from, until: $0) }
        return places.flatMap { place in
            actions.flatMap { action in
                chunks(use.purposes.codes).map { purposes in
                    UseRequest(
                        actor: actor, action: action, purposes: purposes, dataUse: use.research, jurisdiction: place,
                        commercial: use.isCommercial, usePeriod: period)
                }
            }
        }
    }

    /// What the decisions weigh that ``requests(for:by:from:until:)`` asks for.
    static func decisions(about use: StatedUse) -> UInt64 {
        let places = max(1, use.territories.texts.count)
        let size = ConsentsLimits.purposesPerRequest
        let purposes = max(1, (use.purposes.codes.count + size - 1) / size)
        return ConsentWeights.decisions(
            places * purposes * (use.trainsModels ? 2 : 1), diseases: use.research?.diseases.count ?? 0)
    }

    /// To read the set and ask for a use, of which more is refused than may be.
    static func weight(of use: StatedUse) -> UInt64 {
        ConsentWeights.set + ConsentWeights.actor + min(decisions(about: use), LicenseLimits.statedDecisions)
    }

    /// The same of what terms would allow.
    static let offerWeight = ConsentWeights.set + ConsentWeights.actor + LicenseLimits.offeredDecisions

    /// The same of a use that the operation does not say, as recorded with a license. Whether what was answered counts
    /// still is two keys more: the policies' period, and the delivery that it was answered for.
    static let storedWeight = 4 * 2 + ConsentWeights.set + ConsentWeights.actor + LicenseLimits.statedDecisions

    /// A request takes so many purposes at most; without purposes there is one request, which the consent denies.
    private static func chunks(_ purposes: [PurposeOfUse]) -> [[PurposeOfUse]] {
        let size = ConsentsLimits.purposesPerRequest
        guard purposes.count > size else { return [purposes] }
        return stride(from: 0, to: purposes.count, by: size).map {
            Array(purposes[$0..<min($0 + size, purposes.count)])
        }
    }

    /// What would help.
    static func hint(_ decision: Decision, _ request: UseRequest, of set: ConsentSetRecord) -> String {
        let general = "State a use that the consent set permits; consent_check explains each decision."
        if case .needs = decision {
            return "Answers come with a delivery of sealed content; what is asked here has to be permitted without "
                + "one. So such a license is not renewed but bought anew, before it ends."
        }
        let reasons = decision.basis.reasons
        let denials: [DecisionReason] = [
            .researchPurposeMissing, .generalResearchNotPermitted, .biomedicalResearchNotPermitted,
            .populationOriginsNotPermitted, .methodsResearchNotPermitted,
        ]
        guard set.isDiseaseSpecific, denials.contains(where: reasons.contains) else { return general }
        let disease = ResearchAim.disease.name
        return set.concernsFew
            ? "The consents permit research of one disease, which the ledger does not know: state the aim \(disease) alone, "
                + "and say to the custodian which disease it is."
            : "The consents permit research of named diseases: state the aim \(disease), and the disease."
    }

    static func sentence(_ decision: Decision, _ request: UseRequest) -> String {
        let reasons = decision.basis.reasons.elements.map(\.name).joined(separator: ", ")
        let purposes = request.purposes.map(\.name).joined(separator: ", ")
        let place = request.jurisdiction.map { " in \($0)" } ?? ""
        let outcome = decision.isDeny ? "does not permit" : "asks for more before it permits"
        return "the consent behind the INFT \(outcome) \(request.action.name) for \(purposes)\(place) (\(reasons))"
    }
}
