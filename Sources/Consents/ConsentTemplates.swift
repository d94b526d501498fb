internal import Identities
public import Primitives

/// What fills a template.
public struct ConsentTemplateValues: Hashable, Sendable {
    public let custodian: Party
    /// Of aggregate templates that are disease-specific.
    public let diseases: SortedList<CodedTerm>
    /// Where data may be used; empty: anywhere.
    public let jurisdictions: SortedList<String>

    public init(
        custodian: Party, diseases: SortedList<CodedTerm> = [], jurisdictions: SortedList<String> = []
    ) {
        self.custodian = custodian
        self.diseases = diseases
        self.jurisdictions = jurisdictions
    }
}

/// A published form of consent: consents made from one template share a policy, so a set of them stays small.
public struct ConsentTemplate: Sendable {
    /// As in the CLI: `general-research`.
    public let name: String
    /// For the person who is asked.
    public let summary: String
    public let scope: ConsentScope
    /// How many committed restrictions the policy names; the wallet asks for them.
    public let restrictions: [RestrictionKind]
    /// True if diseases must be filled in.
    public let needsDiseases: Bool
    public let policy: @Sendable (ConsentTemplateValues) -> ConsentPolicy
}

public enum ConsentTemplates {
    public static let all = [
        treatmentOnly, treatmentAndEmergency, generalResearch, biomedicalResearch, diseaseResearch, noRestrictionData,
        generalResearchData,
        biomedicalData, diseaseData,
    ]

    public static func named(_ name: String) -> ConsentTemplate? { all.first { $0.name == name } }

    /// What research is done by: nothing that reaches the subject again, and nothing sold.
    private static let researchActions: SortedList<ConsentAction> = [.access, .discover, .analyze, .train, .publish]

    /// The custodian's own part: keeping the data, and treating with it where the template says so.
    private static func deposit(_ values: ConsentTemplateValues) -> Provision {
        Provision(.permit, actors: [.party(values.custodian)], actions: [.deposit, .discover])
    }

    private static func research(
        _ values: ConsentTemplateValues, _ terms: DataUseTerms, actions: SortedList<ConsentAction> = researchActions,
        restrictions: SortedList<UInt8> = []
    ) -> Provision {
        Provision(
            .permit, actions: actions, purposes: [.research], dataUse: terms, restrictions: restrictions,
            jurisdictions: values.jurisdictions)
    }

    private static func treatment(_ values: ConsentTemplateValues) -> Provision {
        Provision(
            .permit,
            actors: [.party(values.custodian), .holder(.medicalLicense, jurisdiction: nil)],
            actions: [.access, .discover, .analyze], purposes: [.treatment], jurisdictions: values.jurisdictions)
    }

    public static let treatmentOnly = ConsentTemplate(
        name: "treatment-only",
        summary: "My data is kept by the custodian and used by licensed clinicians to treat me, for nothing else.",
        scope: .individual, restrictions: [], needsDiseases: false
    ) { values in
        ConsentPolicy(provisions: [deposit(values), treatment(values)])
    }

    public static let treatmentAndEmergency = ConsentTemplate(
        name: "treatment-and-emergency",
        summary:
            "As treatment-only; in an emergency any licensed clinician may look too, and each time it is reviewed.",
        scope: .individual, restrictions: [], needsDiseases: false
    ) { values in
        let glass = Provision(
            .permit, actors: [.holder(.medicalLicense, jurisdiction: nil)], actions: [.access],
            purposes: [.breakTheGlass])
        return ConsentPolicy(provisions: [deposit(values), treatment(values), glass])
    }

    public static let generalResearch = ConsentTemplate(
        name: "general-research",
        summary: "My data may be used for any non-commercial research, and by licensed clinicians to treat me.",
        scope: .individual, restrictions: [], needsDiseases: false
    ) { values in
        let terms = DataUseTerms(permissions: [.generalResearch], modifiers: [.nonCommercialOnly])
        return ConsentPolicy(provisions: [deposit(values), treatment(values), research(values, terms)])
    }

    public static let biomedicalResearch = ConsentTemplate(
        name: "biomedical-research",
        summary: "My data may be used for health research by non-profit users, not for the study of ancestry.",
        scope: .individual, restrictions: [], needsDiseases: false
    ) { values in
        let terms = DataUseTerms(
            permissions: [.healthMedicalBiomedical], modifiers: [.nonprofitNonCommercial, .noPopulationOrigins])
        return ConsentPolicy(provisions: [deposit(values), treatment(values), research(values, terms)])
    }

    public static let diseaseResearch = ConsentTemplate(
        name: "disease-research",
        summary: "My data may be used for research on the disease that I named to the custodian, and no other.",
        scope: .individual, restrictions: [.disease], needsDiseases: false
    ) { values in
        let terms = DataUseTerms(permissions: [.diseaseSpecific], modifiers: [.nonCommercialOnly])
        return ConsentPolicy(provisions: [
            deposit(values), treatment(values), research(values, terms, restrictions: [0]),
        ])
    }

    private static let datasetActions: SortedList<ConsentAction> = [
        .access, .discover, .analyze, .train, .publish, .commercialize,
    ]

    public static let noRestrictionData = ConsentTemplate(
        name: "dataset-nres", summary: "A dataset without restriction on use (DUO:0000004).",
        scope: .aggregate, restrictions: [], needsDiseases: false
    ) { values in
        let terms = DataUseTerms(permissions: [.noRestriction])
        let use = Provision(
            .permit, actions: datasetActions.with(.share), dataUse: terms, jurisdictions: values.jurisdictions)
        return ConsentPolicy(provisions: [deposit(values), use])
    }

    public static let generalResearchData = ConsentTemplate(
        name: "dataset-gru", summary: "A dataset for general research use (DUO:0000042).",
        scope: .aggregate, restrictions: [], needsDiseases: false
    ) { values in
        let terms = DataUseTerms(permissions: [.generalResearch])
        return ConsentPolicy(provisions: [deposit(values), research(values, terms, actions: datasetActions)])
    }

    public static let biomedicalData = ConsentTemplate(
        name: "dataset-hmb", summary: "A dataset for health, medical and biomedical research (DUO:0000006).",
        scope: .aggregate, restrictions: [], needsDiseases: false
    ) { values in
        let terms = DataUseTerms(permissions: [.healthMedicalBiomedical])
        return ConsentPolicy(provisions: [deposit(values), research(values, terms, actions: datasetActions)])
    }

    public static let diseaseData = ConsentTemplate(
        name: "dataset-ds", summary: "A dataset for research on named diseases (DUO:0000007).",
        scope: .aggregate, restrictions: [], needsDiseases: true
    ) { values in
        let terms = DataUseTerms(permissions: [.diseaseSpecific], diseases: values.diseases)
        return ConsentPolicy(provisions: [deposit(values), research(values, terms, actions: datasetActions)])
    }
}

extension SortedList {
    func with(_ element: Element) -> SortedList { SortedList(elements + [element]) }
}
