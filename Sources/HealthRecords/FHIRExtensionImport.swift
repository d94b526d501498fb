internal import Consents
internal import Identities
internal import Interface
internal import Primitives

/// What our extensions say of a provision.
struct ProvisionExtensions {
    var saysAnyAction = false
    var jurisdictions: [String] = []
    var dataUse: DataUseTerms?
    var restrictions: [UInt8] = []
    var codes: [CodedTerm] = []
}

extension FHIRConsentReader {
    mutating func provisionExtensions(
        _ object: JSONObject, _ path: String, _ kind: ProvisionKind
    ) -> ProvisionExtensions {
        var extras = ProvisionExtensions()
        for (index, element) in list(object["extension"], "\(path).extension").enumerated() {
            guard element["url"]?.string == FHIRVocabulary.anyAction, element["valueBoolean"]?.boolean == true,
                object["action"] == nil
            else {
                refuse("\(path).extension[\(index)]", "an extension", "extensions of others are not understood here")
                continue
            }
            extras.saysAnyAction = true
        }
        for (index, element) in list(object["modifierExtension"], "\(path).modifierExtension").enumerated() {
            let path = "\(path).modifierExtension[\(index)]"
            if let object = element.object, let url = object["url"]?.string, url.hasPrefix("urn:mednexus:fhir:") {
                known(
                    object, ["url", "extension", "valueCoding", "valueCodeableConcept", "valueUnsignedInt"], path)
            }
            switch element["url"]?.string {
            case FHIRVocabulary.jurisdiction:
                if let place = place(element["valueCoding"], path) { extras.jurisdictions.append(place) }
            case FHIRVocabulary.restriction:
                guard let position = element["valueUnsignedInt"]?.unsigned, position < UInt64(commitments.count),
                    kind == .permit
                else {
                    refuse(path, "a restriction", "the position of a commitment of this consent, on a permit")
                    continue
                }
                extras.restrictions.append(UInt8(position))
            case FHIRVocabulary.dataCode:
                guard scope == .aggregate else {
                    refuse(path, "a code of data", "on a person's consent it would tell of its health")
                    continue
                }
                if let term = term(element["valueCoding"], path) { extras.codes.append(term) }
            case FHIRVocabulary.dataUse:
                guard extras.dataUse == nil, kind == .permit else {
                    refuse(path, "data-use terms", "they stand once, on a permit")
                    continue
                }
                extras.dataUse = terms(element, path)
            default: refuse(path, "an extension", "extensions of others are not understood here")
            }
        }
        return extras
    }

    private mutating func place(_ value: JSONValue?, _ path: String) -> String? {
        guard let value, let coding = coding(value, path) else {
            if value == nil { refuse(path, "a place", "a coding of ISO 3166") }
            return nil
        }
        let isSubdivision = coding.code.utf8.count > 2
        guard coding.system == (isSubdivision ? FHIRVocabulary.subdivision : FHIRVocabulary.country),
            Regions.isWellFormed(coding.code)
        else {
            refuse(path, Self.code(coding.code), "no ISO 3166 code, such as DE or US-MA")
            return nil
        }
        return coding.code
    }

    private mutating func term(_ value: JSONValue?, _ path: String) -> CodedTerm? {
        guard let value, let coding = coding(value, path) else {
            if value == nil { refuse(path, "a code", "a coding") }
            return nil
        }
        if let term = FHIRVocabulary.term(system: coding.system, code: coding.code) { return term }
        refuse(path, Self.code(coding.code), "no code of a system that the ledger knows")
        return nil
    }

    private mutating func duoCode(_ part: JSONValue, _ path: String) -> String? {
        guard let value = part["valueCoding"], let coding = coding(value, path), coding.system == FHIRVocabulary.duo
        else { return nil }
        return coding.code
    }

    private mutating func terms(_ value: JSONValue, _ path: String) -> DataUseTerms? {
        var permissions: [DataUsePermission] = []
        var modifiers: [DataUseModifier] = []
        var diseases: [CodedTerm] = []
        var months: UInt64?
        var publicationNotBefore: Timestamp?
        var regions: [String] = []
        var users: [Party] = []
        var projects: [Hash] = []
        var institutions: [OrganizationID] = []
        for (index, part) in list(value["extension"], "\(path).extension").enumerated() {
            let path = "\(path).extension[\(index)]"
            switch part["url"]?.string {
            case "ontology":
                if part["valueUri"]?.string != FHIRVocabulary.duo {
                    refuse(path, "an ontology", "only DUO is understood")
                }
            case "permission":
                let code = duoCode(part, path)
                if let found = DataUsePermission.allCases.first(where: { $0.duo == code }) {
                    permissions.append(found)
                } else {
                    refuse(path, "a permission", "a permission of DUO")
                }
            case "modifier":
                let code = duoCode(part, path)
                if let found = DataUseModifier.allCases.first(where: { $0.duo == code }) {
                    modifiers.append(found)
                } else {
                    refuse(path, "a modifier", "a modifier of DUO without a value")
                }
            case "disease":
                guard scope == .aggregate else {
                    refuse(
                        path, "a disease",
                        "on a person's consent it would name a diagnosis; a commitment can stand for it")
                    continue
                }
                if let term = term(part["valueCoding"], path) { diseases.append(term) }
            case "months":
                guard months == nil, let count = part["valueUnsignedInt"]?.unsigned, count > 0,
                    count <= ConsentsLimits.months
                else {
                    refuse(path, "months", "1 to \(ConsentsLimits.months), once")
                    continue
                }
                months = count
            case "publicationNotBefore": publicationNotBefore = instant(part["valueInstant"], path)
            case "region": if let place = place(part["valueCoding"], path) { regions.append(place) }
            case "user":
                if let reference = part["valueReference"], let found = party(reference, path) { users.append(found) }
            case "project":
                guard
                    let bytes = part["valueString"]?.string.flatMap({ Hexadecimal.decode($0) }).flatMap({ Bytes32($0) })
                else {
                    refuse(path, "a project", "64 hexadecimal digits")
                    continue
                }
                projects.append(Hash(bytes))
            case "institution":
                guard let reference = part["valueReference"], case .organization(let id)? = party(reference, path)
                else {
                    refuse(path, "an institution", "an organization of the ledger")
                    continue
                }
                institutions.append(id)
            default: refuse(path, "an extension", "it is no part of data-use terms")
            }
        }
        return DataUseTerms(
            permissions: SortedList(permissions), diseases: SortedList(diseases), modifiers: SortedList(modifiers),
            months: months, publicationNotBefore: publicationNotBefore, regions: SortedList(regions),
            users: SortedList(users), projects: SortedList(projects), institutions: SortedList(institutions))
    }
}
