public import Consents
internal import Identities
public import Interface
public import Primitives

/// A release of data as an accounting of disclosures tells it: who gave what of whom to whom, when, for what, and under
/// which consent. What the ledger knows by a pseudonym stays one; names are joined by whoever holds them.
public struct DisclosureStatement: Hashable, Sendable {
    /// The record's own id, as text.
    public let id: String
    /// When it became binding, by block time.
    public let recordedAt: Timestamp
    /// Who keeps the data and released it.
    public let custodian: Party
    public let recipient: Party
    /// The patient's pseudonymous account; nil where a set of consents was asked, whose members stand elsewhere.
    public let subject: Party?
    /// What the release was for, of all that was asked together.
    public let actions: SortedList<ConsentAction>
    public let purposes: SortedList<PurposeOfUse>
    /// The consent or set that permitted it, as its typed text; nil for an emergency without one.
    public let consent: String?
    /// The typed text of the INFT whose content was released; nil for what was handed over off the ledger.
    public let content: String?
    /// Released in an emergency, without the permission that is otherwise needed.
    public let isEmergency: Bool
    /// Nobody got a copy: what consents ask for the uses of what was released before was answered anew.
    public let isWithoutCopy: Bool

    public init(
        id: String, recordedAt: Timestamp, custodian: Party, recipient: Party, subject: Party?,
        actions: SortedList<ConsentAction>,
        purposes: SortedList<PurposeOfUse>, consent: String?, content: String?,
        isEmergency: Bool = false, isWithoutCopy: Bool = false
    ) {
        self.id = id
        self.recordedAt = recordedAt
        self.custodian = custodian
        self.recipient = recipient
        self.subject = subject
        self.actions = actions
        self.purposes = purposes
        self.consent = consent
        self.content = content
        self.isEmergency = isEmergency
        self.isWithoutCopy = isWithoutCopy
    }
}

/// Disclosures as FHIR R4 AuditEvents, of the shape of FHIR's own example of an accounting of disclosures.
public enum FHIRAuditEvent {
    private static let dicom = "http://dicom.nema.org/resources/ontology/DCM"

    /// `names` are what the reader knows the parties by; who has none keeps its address.
    public static func resource(
        _ disclosure: DisclosureStatement, networkKind: NetworkKind, names: [Party: String] = [:]
    ) -> JSONValue {
        let writer = FHIRConsentWriter(networkKind: networkKind)
        let purposes = JSONValue.array(
            disclosure.purposes.elements.map { FHIRConsentWriter.concept(FHIRVocabulary.actReason, $0.name) }
                + (disclosure.isEmergency && !disclosure.purposes.contains(.breakTheGlass)
                    ? [FHIRConsentWriter.concept(FHIRVocabulary.actReason, PurposeOfUse.breakTheGlass.name)] : []))
        func who(_ party: Party) -> JSONValue {
            guard var reference = writer.reference(party).object else {
                preconditionFailure("a reference is an object")
            }
            if let name = names[party] { reference.append("display", .string(name)) }
            return .object(reference)
        }
        func agent(_ code: String, _ display: String, _ party: Party, requestor: Bool, _ more: [(String, JSONValue)])
            -> JSONValue
        {
            var object = JSONObject()
            object.append("type", .object(["coding": [displayed(dicom, code, display)]]))
            object.append("who", who(party))
            object.append("requestor", .boolean(requestor))
            for (key, value) in more { object.append(key, value) }
            return .object(object)
        }
        let policy = disclosure.consent.map { [("policy", [.string("urn:mednexus:consent:\($0)")] as JSONValue)] } ?? []
        var event = JSONObject()
        event.append("resourceType", "AuditEvent")
        event.append("type", displayed(dicom, "110106", "Export"))
        event.append(
            "subtype",
            [
                disclosure.isWithoutCopy
                    ? displayed("urn:mednexus:fhir:disclosure", "uses", "Uses answered anew, no copy")
                    : displayed(
                        "urn:mednexus:fhir:disclosure", disclosure.isEmergency ? "emergency" : "consented", "Disclosure"
                    )
            ])
        // Read: the recipient reads what the custodian keeps.
        event.append("action", "R")
        event.append("recorded", FHIRConsentWriter.instant(disclosure.recordedAt))
        event.append("outcome", "0")
        if purposes.array?.isEmpty == false { event.append("purposeOfEvent", purposes) }
        let purposeOfUse = purposes.array?.isEmpty == false ? [("purposeOfUse", purposes)] : []
        event.append(
            "agent",
            [
                agent("110153", "Source Role ID", disclosure.custodian, requestor: false, policy),
                agent("110152", "Destination Role ID", disclosure.recipient, requestor: true, purposeOfUse),
            ])
        event.append(
            "source",
            .object([
                "observer": who(disclosure.custodian),
                "type": [
                    displayed("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")
                ],
            ]))
        var entities: [JSONValue] = []
        if let subject = disclosure.subject {
            entities.append(
                .object([
                    "what": who(subject),
                    "type": displayed("http://terminology.hl7.org/CodeSystem/audit-entity-type", "1", "Person"),
                    "role": displayed("http://terminology.hl7.org/CodeSystem/object-role", "1", "Patient"),
                ]))
        }
        entities.append(
            .object([
                "what": writer.identified(
                    disclosure.content == nil ? FHIRVocabulary.disclosureIdentifier : "urn:mednexus:inft",
                    disclosure.content ?? disclosure.id),
                "type": displayed("http://terminology.hl7.org/CodeSystem/audit-entity-type", "2", "System Object"),
                "role": displayed("http://terminology.hl7.org/CodeSystem/object-role", "4", "Domain Resource"),
                "lifecycle": displayed(
                    "http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle", "11", "Disclosure"),
                "detail": .array(
                    [.object(["type": "disclosure", "valueString": .string(disclosure.id)])]
                        + disclosure.actions.elements.map {
                            .object(["type": "action", "valueString": .string($0.name)])
                        }),
            ]))
        event.append("entity", .array(entities))
        return .object(event)
    }

    /// A Bundle of them, in the order given.
    public static func bundle(
        _ disclosures: [DisclosureStatement], networkKind: NetworkKind, names: [Party: String] = [:]
    ) -> JSONValue {
        var bundle = JSONObject()
        bundle.append("resourceType", "Bundle")
        bundle.append("type", "collection")
        if !disclosures.isEmpty {
            bundle.append(
                "entry",
                .array(
                    disclosures.map { .object(["resource": resource($0, networkKind: networkKind, names: names)]) }))
        }
        return .object(bundle)
    }

    private static func displayed(_ system: String, _ code: String, _ display: String) -> JSONValue {
        .object(["system": .string(system), "code": .string(code), "display": .string(display)])
    }
}
