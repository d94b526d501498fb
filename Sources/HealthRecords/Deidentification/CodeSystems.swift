/// Code systems of FHIR that a case may use, with what their codes look like. HL7's own tables are short, so their codes
/// are listed one by one; nothing else with a code's form gets through.
enum CodeSystems {
    static let ucum = "http://unitsofmeasure.org"

    static func accepts(system: String, code: String) -> Bool {
        if let words = tables[system] { return words.contains(code) }
        return forms[system].map { $0(code[...]) } ?? false
    }

    private static let forms: [String: Ontologies.Form] = [
        "http://loinc.org": { Ontologies.isLOINC($0) },
        "http://snomed.info/sct": { Ontologies.isSNOMED($0) },
        "http://hl7.org/fhir/sid/icd-10": { Ontologies.isICD10($0) },
        "http://hl7.org/fhir/sid/icd-10-cm": { Ontologies.isICD10($0) },
        "http://www.nlm.nih.gov/research/umls/rxnorm": { Digits.all($0, 1...8) },
        "http://hl7.org/fhir/sid/cvx": { Digits.all($0, 1...3) },
        "http://hl7.org/fhir/sid/ndc": { isNDC($0) },
        "http://www.whocc.no/atc": { Ontologies.isATC($0) },
        ucum: { Units.isUCUM(String($0)) },
        "http://purl.obolibrary.org/obo/mondo.owl": { isCurie($0, "MONDO") },
        "http://purl.obolibrary.org/obo/hp.owl": { isCurie($0, "HP") },
        "http://human-phenotype-ontology.org": { isCurie($0, "HP") },
        "http://purl.obolibrary.org/obo/doid.owl": { isCurie($0, "DOID") },
        "http://www.orpha.net": { Digits.all($0, 1...6) || isCurie($0, "ORPHA") },
        "http://www.omim.org": { Digits.all($0, 6...6) },
        "http://www.genenames.org/geneId": { isCurie($0, "HGNC") },
        "http://www.genenames.org": { isCurie($0, "HGNC") },
        "http://varnomen.hgvs.org": { GenomicForms.isHGVS(String($0)) },
        "http://terminology.hl7.org/CodeSystem/v2-0203": { _ in false },
    ]

    private static func isCurie(_ text: Substring, _ prefix: String) -> Bool {
        text.hasPrefix(prefix + ":") && Ontologies.isCurie(String(text))
    }

    /// Eleven digits, or ten in three groups.
    private static func isNDC(_ text: Substring) -> Bool {
        Digits.all(text.filter { $0 != "-" }, 10...11)
    }

    private static let hl7 = "http://terminology.hl7.org/CodeSystem/"

    private static let tables: [String: Set<String>] = [
        hl7 + "condition-clinical": ["active", "recurrence", "relapse", "inactive", "remission", "resolved"],
        hl7 + "condition-ver-status": [
            "unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error",
        ],
        hl7 + "condition-category": ["problem-list-item", "encounter-diagnosis"],
        hl7 + "observation-category": [
            "social-history", "vital-signs", "imaging", "laboratory", "procedure", "survey", "exam", "therapy",
            "activity",
        ],
        hl7 + "v3-ObservationInterpretation": [
            "A", "AA", "H", "HH", "HU", "L", "LL", "LU", "N", "U", "D", "B", "W", "S", "R", "I", "MS", "VS", "POS",
            "NEG",
            "IND", "DET", "ND", "E", "EXP", "UNE", "NR", "RR", "WR", "NS", "SDD", "SYN-R", "SYN-S", "IE", "HX", "LX",
        ],
        hl7 + "v2-0078": ["A", "AA", "H", "HH", "L", "LL", "N", "U", "D", "B", "W", "S", "R", "I", "MS", "VS"],
        hl7 + "v2-0074": [
            "AU", "BG", "BLB", "CG", "CH", "CP", "CT", "CTH", "CUS", "EC", "EN", "GE", "HM", "ICU", "IMG", "IMM", "LAB",
            "MB", "MCB", "MYC", "NMR", "NMS", "NRS", "OSL", "OT", "OTH", "OUS", "PAR", "PAT", "PF", "PHR", "PHY", "PT",
            "RAD", "RC", "RT", "RUS", "RX", "SP", "SR", "TX", "VR", "VUS", "XRC",
        ],
        hl7 + "data-absent-reason": [
            "unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked", "not-applicable",
            "unsupported", "as-text", "error", "not-a-number", "negative-infinity", "positive-infinity",
            "not-performed",
            "not-permitted",
        ],
        hl7 + "v3-ActCode": ["AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS", "VR"],
        hl7 + "v3-ActPriority": ["A", "CR", "CS", "CSP", "CSR", "EL", "EM", "P", "PRN", "R", "RR", "S", "T", "UR"],
        hl7 + "v3-MaritalStatus": ["A", "D", "I", "L", "M", "P", "S", "T", "U", "W", "C"],
        hl7 + "v3-RoleCode": [
            "FAMMEMB", "CHILD", "SON", "DAU", "NSON", "NDAU", "PRN", "FTH", "MTH", "NFTH", "NMTH", "SIB", "BRO", "SIS",
            "NBRO", "NSIS", "TWIN", "TWINBRO", "TWINSIS", "HBRO", "HSIS", "GRPRN", "GRFTH", "GRMTH", "MGRFTH", "MGRMTH",
            "PGRFTH", "PGRMTH", "AUNT", "UNCLE", "MAUNT", "PAUNT", "MUNCLE", "PUNCLE", "COUSN", "MCOUSN", "PCOUSN",
            "NEPHEW", "NIECE", "SPS", "HUSB", "WIFE",
        ],
        hl7 + "allergyintolerance-clinical": ["active", "inactive", "resolved"],
        hl7 + "allergyintolerance-verification": [
            "unconfirmed", "presumed", "confirmed", "refuted", "entered-in-error",
        ],
        hl7 + "diagnosis-role": ["AD", "DD", "CC", "CM", "pre-op", "post-op", "billing"],
        hl7 + "discharge-disposition": [
            "home", "alt-home", "other-hcf", "hosp", "long", "aadvice", "exp", "psy", "rehab", "snf", "oth",
        ],
        hl7 + "dose-rate-type": ["calculated", "ordered"],
        hl7 + "referencerange-meaning": [
            "type", "normal", "recommended", "treatment", "therapeutic", "pre", "post", "endocrine", "pre-puberty",
            "follicular", "midcycle", "luteal", "postmenopausal",
        ],
        "http://hl7.org/fhir/condition-category": ["problem-list-item", "encounter-diagnosis"],
    ]

    /// Codes of required bindings: statuses, severities, kinds, and sexes.
    static let words: Set<String> = [
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
        "preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "active", "draft", "intended",
        "not-taken", "ended", "planned", "arrived", "triaged", "onleave", "finished", "partial", "health-unknown",
        "available", "unavailable", "unsatisfactory", "inactive", "appended", "proposal", "plan", "order",
        "original-order",
        "reflex-order", "filler-order", "instance-order", "option", "allergy", "intolerance", "food", "medication",
        "environment", "biologic", "low", "high", "unable-to-assess", "mild", "moderate", "severe", "male", "female",
        "other",
        "routine", "urgent", "asap", "stat",
    ]
}
