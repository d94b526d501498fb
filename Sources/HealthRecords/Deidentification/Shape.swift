/// What an element of a health record may be, and what becomes of it. Only what a shape lists is kept.
indirect enum Shape: Sendable {
    case object([String: Shape])
    case list(Shape)
    case boolean
    /// Any JSON number.
    case number
    /// A whole number, which protobuf writes as text where it has 64 bits.
    case integer
    /// Days of a life, of which ninety years are the most.
    case lifeDays
    /// One of a closed list.
    case word(Set<String>)
    /// A text of a closed form.
    case code(CodeForm)
    /// A FHIR Coding: kept as system and code, if the code has the form of its system.
    case coding
    /// A FHIR Quantity: kept with a UCUM unit or without any unit.
    case quantity
    /// A FHIR Age.
    case ageQuantity
    /// A FHIR Reference to a resource that stays.
    case reference
    /// ISO 8601 duration.
    case age
    /// FHIR date or dateTime; a time of day is cut off.
    case date
    /// RFC 3339, as protobuf demands it; midnight is left of the time of day.
    case timestamp
    case pseudonym
    /// Repeats a code; kept only if the allow-list says so.
    case label
    /// Kept only if the allow-list says so.
    case text
    case drop(RemovalRule)
}

/// Elements that are known not to be kept, by name; anything else that no shape lists is `unlisted`.
enum KnownElements {
    static let rules: [String: RemovalRule] = [
        "name": .name, "family": .name, "given": .name, "contact": .name, "alternateIds": .identifier,
        "identifier": .identifier, "groupIdentifier": .identifier, "accessionIdentifier": .identifier,
        "masterIdentifier": .identifier, "accountNumber": .identifier, "lotNumber": .identifier,
        "policyNumber": .identifier,
        "address": .geography, "birthPlace": .geography, "location": .geography, "serviceProvider": .geography,
        "managingOrganization": .geography, "custodian": .geography, "telecom": .telecommunication,
        "photo": .photograph, "image": .photograph, "media": .photograph, "imagingStudy": .photograph,
        "presentedForm": .photograph, "url": .url, "uri": .url, "iriPrefix": .url, "files": .url,
        "device": .device, "udiCarrier": .device, "usedReference": .device, "focalDevice": .device,
        "issued": .date, "time": .date, "bornDate": .date, "bornPeriod": .date, "bornString": .date,
        "deceasedDate": .date,
        "valueTime": .date, "created": .provenance, "createdBy": .provenance, "submittedBy": .provenance,
        "updates": .provenance, "meta": .provenance, "language": .provenance, "implicitRules": .provenance,
        "version": .provenance, "externalReferences": .publication, "externalReference": .publication,
        "performer": .otherParty, "practitioner": .otherParty, "generalPractitioner": .otherParty,
        "asserter": .otherParty, "recorder": .otherParty, "requester": .otherParty, "participant": .otherParty,
        "author": .otherParty, "informationSource": .otherParty, "resultsInterpreter": .otherParty, "link": .otherParty,
        "responsibleParty": .otherParty, "text": .freeText, "note": .freeText, "comment": .freeText,
        "comments": .freeText, "description": .freeText, "conclusion": .freeText, "patientInstruction": .freeText,
        "valueString": .freeText, "onsetString": .freeText, "abatementString": .freeText, "performedString": .freeText,
        "deceasedString": .freeText, "occurrenceString": .freeText, "display": .label, "label": .label,
        "symbol": .label,
        "extension": .extension, "modifierExtension": .extension, "contained": .contained, "fullUrl": .url,
    ]

    /// What may be shown of an element's name.
    static func rule(_ key: String) -> (shown: String, rule: RemovalRule) {
        if let rule = rules[key] { return (key, rule) }
        // `_birthDate` holds extensions of a primitive element.
        if key.hasPrefix("_") { return ("_", .extension) }
        return ("*", .unlisted)
    }
}
