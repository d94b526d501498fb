internal import Consents
internal import Identities
internal import Primitives

/// The URIs and codes that FHIR and the ledger share. What FHIR R4 has no place for stands in extensions of ours, whose
/// URLs are under `urn:mednexus:fhir:` and stay what they are; Specs/health-records.md lists them.
enum FHIRVocabulary {
    static let actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    static let actCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    static let participation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    static let consentAction = "http://terminology.hl7.org/CodeSystem/consentaction"
    static let consentScope = "http://terminology.hl7.org/CodeSystem/consentscope"
    static let loinc = "http://loinc.org"
    static let duo = "http://purl.obolibrary.org/obo/duo.owl"
    static let country = "urn:iso:std:iso:3166"
    static let subdivision = "urn:iso:std:iso:3166:-2"

    /// The text of an account's or organization's address, as an identifier's value.
    static let party = "urn:mednexus:party"
    /// `medicalLicense` or `medicalLicense@US-MA`: whoever holds such a credential.
    static let credentialHolders = "urn:mednexus:credential-holders"
    /// The value is always `anyone`.
    static let anyone = "urn:mednexus:anyone"
    static let consentIdentifier = "urn:mednexus:consent"
    static let disclosureIdentifier = "urn:mednexus:disclosure"
    static let ledgerAction = "urn:mednexus:fhir:consent-action"
    static let ledgerScope = "urn:mednexus:fhir:consent-scope"
    static let restrictionKind = "urn:mednexus:fhir:restriction-kind"

    /// On a provision: no action is named because all are meant.
    static let anyAction = "urn:mednexus:fhir:any-action"
    static let jurisdiction = "urn:mednexus:fhir:jurisdiction"
    static let dataUse = "urn:mednexus:fhir:data-use"
    static let restriction = "urn:mednexus:fhir:restriction"
    static let dataCode = "urn:mednexus:fhir:data-code"
    /// On a consent.
    static let commitment = "urn:mednexus:fhir:commitment"
    static let expiresAt = "urn:mednexus:fhir:expires-at"

    /// Systems of codes, with the prefix that their codes carry in FHIR and not on the ledger.
    static let systems: [(system: TermSystem, uri: String, prefix: String)] = [
        (.mondo, "http://purl.obolibrary.org/obo/mondo.owl", "MONDO:"),
        (.diseaseOntology, "http://purl.obolibrary.org/obo/doid.owl", "DOID:"),
        (.icd10, "http://hl7.org/fhir/sid/icd-10", ""),
        (.icd11, "http://id.who.int/icd/release/11/mms", ""),
        (.snomed, "http://snomed.info/sct", ""),
        (.orphanet, "http://www.orpha.net", ""),
        (.loinc, "http://loinc.org", ""),
        (.fhirResource, "http://hl7.org/fhir/resource-types", ""),
    ]

    static func term(system: String, code: String) -> CodedTerm? {
        guard let entry = systems.first(where: { $0.uri == system }) else { return nil }
        let bare =
            !entry.prefix.isEmpty && code.hasPrefix(entry.prefix) ? String(code.dropFirst(entry.prefix.count)) : code
        let term = CodedTerm(system: entry.system, code: bare)
        return term.isWellFormed ? term : nil
    }

    static func coding(_ term: CodedTerm) -> (system: String, code: String) {
        for entry in systems where entry.system == term.system { return (entry.uri, entry.prefix + term.code) }
        preconditionFailure("every system of terms has a URI")
    }

    /// What a FHIR action stands for. A permit is read narrowly, a denial widely: who may not retrieve data can do
    /// nothing else with it either. Nil: no action of the ledger is like it.
    static func actions(_ code: String, in kind: ProvisionKind) -> [ConsentAction]? {
        switch (code, kind) {
        case ("collect", .permit): [.deposit]
        case ("collect", .deny): [.deposit]
        case ("access", .permit): [.access]
        case ("access", .deny): [.access, .analyze, .train, .share, .publish, .commercialize]
        case ("use", .permit): [.analyze]
        case ("use", .deny): [.analyze, .train, .publish, .commercialize, .contact]
        case ("disclose", .permit): [.share]
        case ("disclose", .deny): [.share, .publish, .commercialize]
        default: nil
        }
    }

    /// The FHIR action that says the same as one of the ledger's, where there is one.
    static func fhirAction(_ action: ConsentAction) -> String? {
        switch action {
        case .deposit: "collect"
        case .access: "access"
        case .analyze: "use"
        case .share: "disclose"
        case .discover, .train, .publish, .commercialize, .contact: nil
        }
    }

    /// Categories that only sort consents. Others (advance directives, emergency only, de-identified only …) say
    /// something that no provision repeats.
    static let plainCategories: Set<String> = [
        "http://loinc.org|59284-0", "http://loinc.org|57016-8", "http://loinc.org|57017-6", "http://loinc.org|64292-6",
        "http://terminology.hl7.org/CodeSystem/consentcategorycodes|npp",
        "http://terminology.hl7.org/CodeSystem/consentcategorycodes|research",
    ]

    /// Elements that a person may vouch for: they hold no rule beyond what the rest of the resource says.
    static let settableAside: Set<String> = [
        "category", "sourceAttachment", "sourceReference", "policy", "policyRule", "verification",
    ]
}
