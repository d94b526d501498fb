public import Consents
internal import Identities
public import Interface
public import Primitives

/// A consent of the ledger as a FHIR R4 Consent.
///
/// The base is to deny (`OPTOUT`), the outermost provision has no conditions, and every provision inside it says what
/// it is: the one form that FHIR's texts leave no two readings of. What narrows a provision and has no place in FHIR
/// stands in modifier extensions, so that whoever does not know them can't take it for more than it is.
public enum FHIRConsentExport {
    /// `id` and `grantedAt` are those of the record; `status` what it is at the time of the export.
    public static func resource(
        _ grant: ConsentGrant, id: ConsentID?, status: ConsentStatus, grantedAt: Timestamp?, networkKind: NetworkKind
    ) -> JSONValue {
        let writer = FHIRConsentWriter(networkKind: networkKind)
        var resource = JSONObject()
        resource.append("resourceType", "Consent")
        let commitments = grant.commitments.map { writer.commitment($0) }
        if !commitments.isEmpty { resource.append("extension", .array(commitments)) }
        if let expiresAt = grant.expiresAt {
            resource.append(
                "modifierExtension",
                [
                    .object([
                        "url": .string(FHIRVocabulary.expiresAt), "valueInstant": FHIRConsentWriter.instant(expiresAt),
                    ])
                ])
        }
        if let id {
            let text = TypedText.encode(id.bytes, kind: ConsentKind.name, network: networkKind)
            resource.append(
                "identifier",
                [.object(["system": .string(FHIRVocabulary.consentIdentifier), "value": .string(text)])])
        }
        resource.append("status", .string(code(of: status)))
        resource.append(
            "scope",
            grant.scope == .individual
                ? FHIRConsentWriter.concept(FHIRVocabulary.consentScope, "patient-privacy")
                : FHIRConsentWriter.concept(FHIRVocabulary.ledgerScope, "aggregate"))
        resource.append("category", [FHIRConsentWriter.concept(FHIRVocabulary.loinc, "59284-0")])
        let subject = writer.reference(grant.subject)
        if grant.scope == .individual { resource.append("patient", subject) }
        if let grantedAt { resource.append("dateTime", FHIRConsentWriter.instant(grantedAt)) }
        let performer = grant.guardian.map { writer.reference(.account($0)) } ?? subject
        resource.append("performer", [performer])
        resource.append("organization", [writer.reference(grant.custodian)])
        resource.append("policyRule", FHIRConsentWriter.concept(FHIRVocabulary.actCode, "OPTOUT"))
        if !grant.policy.provisions.isEmpty {
            resource.append(
                "provision",
                .object(["provision": .array(grant.policy.provisions.map { writer.provision($0) })]))
        }
        return .object(resource)
    }

    /// A consent as the ledger keeps it, with the status that it has at `time`.
    public static func resource(_ record: ConsentRecord, at time: Timestamp, networkKind: NetworkKind) -> JSONValue {
        let isGuarded = record.scope == .individual && record.subject != .account(record.grantedBy)
        let grant = ConsentGrant(
            scope: record.scope, subject: record.subject, guardian: isGuarded ? record.grantedBy : nil,
            custodian: record.custodian, policy: record.policy, commitments: record.commitments,
            expiresAt: record.expiresAt)
        return resource(
            grant, id: record.id, status: record.status(at: time), grantedAt: record.grantedAt, networkKind: networkKind
        )
    }

    private static func code(of status: ConsentStatus) -> String {
        switch status {
        case .proposed: "proposed"
        case .active: "active"
        case .withdrawn, .expired: "inactive"
        }
    }
}

struct FHIRConsentWriter {
    let networkKind: NetworkKind

    static func coding(_ system: String, _ code: String) -> JSONValue {
        .object(["system": .string(system), "code": .string(code)])
    }

    static func concept(_ system: String, _ code: String) -> JSONValue {
        .object(["coding": [coding(system, code)]])
    }

    /// Times of the ledger have four-digit years.
    static func instant(_ time: Timestamp) -> JSONValue {
        .string(RecordTime.instant(Int64(min(time, .maximum).milliseconds)))
    }

    static func place(_ code: String) -> JSONValue {
        coding(code.utf8.count > 2 ? FHIRVocabulary.subdivision : FHIRVocabulary.country, code)
    }

    static func term(_ term: CodedTerm) -> JSONValue {
        let (system, code) = FHIRVocabulary.coding(term)
        return coding(system, code)
    }

    func text(_ party: Party) -> String {
        switch party {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: networkKind)
        case .organization(let id): TypedText.encode(id.bytes, kind: OrganizationKind.name, network: networkKind)
        }
    }

    /// A logical reference: FHIR servers elsewhere hold no resource of the party.
    func reference(_ party: Party) -> JSONValue { identified(FHIRVocabulary.party, text(party)) }

    func identified(_ system: String, _ value: String) -> JSONValue {
        .object(["identifier": .object(["system": .string(system), "value": .string(value)])])
    }

    func commitment(_ restriction: CommittedRestriction) -> JSONValue {
        .object([
            "extension": [
                .object(["url": "kind", "valueCode": .string(restriction.kind.name)]),
                .object(["url": "commitment", "valueString": .string(restriction.commitment.description)]),
            ],
            "url": .string(FHIRVocabulary.commitment),
        ])
    }

    func provision(_ provision: Provision) -> JSONValue {
        var object = JSONObject()
        if provision.actions.isEmpty {
            object.append("extension", [.object(["url": .string(FHIRVocabulary.anyAction), "valueBoolean": true])])
        }
        let narrowing = modifiers(provision)
        if !narrowing.isEmpty { object.append("modifierExtension", .array(narrowing)) }
        object.append("type", .string(provision.kind.name))
        if let period = provision.validity { object.append("period", self.period(period)) }
        if !provision.actors.isEmpty { object.append("actor", .array(provision.actors.elements.map { actor($0) })) }
        if !provision.actions.isEmpty { object.append("action", .array(provision.actions.elements.map { action($0) })) }
        if !provision.purposes.isEmpty {
            object.append(
                "purpose",
                .array(provision.purposes.elements.map { Self.coding(FHIRVocabulary.actReason, $0.name) }))
        }
        let codes = provision.codes.elements
        if !codes.isEmpty, codes.allSatisfy({ $0.system == .fhirResource }) {
            object.append("class", .array(codes.map { Self.term($0) }))
        } else if !codes.isEmpty, !isMixed(codes) {
            object.append("code", .array(codes.map { .object(["coding": [Self.term($0)]]) }))
        }
        if let period = provision.dataPeriod { object.append("dataPeriod", self.period(period)) }
        if !provision.provisions.isEmpty {
            object.append("provision", .array(provision.provisions.map { self.provision($0) }))
        }
        return .object(object)
    }

    /// FHIR's `class` and `code` must both hold, of our one list any may: a list of both goes into extensions.
    private func isMixed(_ codes: [CodedTerm]) -> Bool {
        codes.contains { $0.system == .fhirResource } && codes.contains { $0.system != .fhirResource }
    }

    private func modifiers(_ provision: Provision) -> [JSONValue] {
        var extensions: [JSONValue] = provision.jurisdictions.elements.map {
            .object(["url": .string(FHIRVocabulary.jurisdiction), "valueCoding": Self.place($0)])
        }
        extensions += provision.restrictions.elements.map {
            .object(["url": .string(FHIRVocabulary.restriction), "valueUnsignedInt": .integer($0)])
        }
        if isMixed(provision.codes.elements) {
            extensions += provision.codes.elements.map {
                .object(["url": .string(FHIRVocabulary.dataCode), "valueCoding": Self.term($0)])
            }
        }
        if let terms = provision.dataUse {
            extensions.append(
                .object(["extension": .array(parts(of: terms)), "url": .string(FHIRVocabulary.dataUse)]))
        }
        return extensions
    }

    private func parts(of terms: DataUseTerms) -> [JSONValue] {
        func part(_ url: String, _ key: String, _ value: JSONValue) -> JSONValue {
            var object = JSONObject()
            object.append("url", .string(url))
            object.append(key, value)
            return .object(object)
        }
        func duo(_ url: String, _ code: String) -> JSONValue {
            part(url, "valueCoding", Self.coding(FHIRVocabulary.duo, code))
        }
        // Always there, so that terms without any limit are still terms.
        var parts = [part("ontology", "valueUri", .string(FHIRVocabulary.duo))]
        parts += terms.permissions.elements.map { duo("permission", $0.duo) }
        parts += terms.diseases.elements.map { part("disease", "valueCoding", Self.term($0)) }
        parts += terms.modifiers.elements.map { duo("modifier", $0.duo) }
        if let months = terms.months { parts.append(part("months", "valueUnsignedInt", .unsigned(months))) }
        if let date = terms.publicationNotBefore {
            parts.append(part("publicationNotBefore", "valueInstant", Self.instant(date)))
        }
        parts += terms.regions.elements.map { part("region", "valueCoding", Self.place($0)) }
        parts += terms.users.elements.map { part("user", "valueReference", reference($0)) }
        parts += terms.projects.elements.map { part("project", "valueString", .string($0.description)) }
        parts += terms.institutions.elements.map { part("institution", "valueReference", reference(.organization($0))) }
        return parts
    }

    /// FHIR's end is the last moment inside.
    private func period(_ period: Period) -> JSONValue {
        var object = JSONObject()
        if let from = period.from { object.append("start", Self.instant(from)) }
        if let until = period.until {
            object.append("end", .string(RecordTime.instant(Int64(min(until, .maximum).milliseconds) - 1)))
        }
        return .object(object)
    }

    private func actor(_ selector: ActorSelector) -> JSONValue {
        let reference: JSONValue
        switch selector {
        case .party(let party): reference = self.reference(party)
        case .holder(let type, let place):
            reference = identified(FHIRVocabulary.credentialHolders, type.name + (place.map { "@\($0)" } ?? ""))
        case .anyone: reference = identified(FHIRVocabulary.anyone, "anyone")
        }
        return .object(["role": Self.concept(FHIRVocabulary.participation, "IRCP"), "reference": reference])
    }

    /// Our action first, and beside it FHIR's where one says the same.
    private func action(_ action: ConsentAction) -> JSONValue {
        var codings = [Self.coding(FHIRVocabulary.ledgerAction, action.name)]
        if let code = FHIRVocabulary.fhirAction(action) {
            codings.append(Self.coding(FHIRVocabulary.consentAction, code))
        }
        return .object(["coding": .array(codings)])
    }
}
