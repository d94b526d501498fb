/// What is kept of FHIR R4 resources, by type. A type that is not here is dropped whole: people around the patient,
/// institutions, places, devices, documents, images, money.
enum BundleShapes {
    static let resources: [String: Shape] = [
        "Patient": .object([
            "gender": word, "birthDate": .date, "deceasedBoolean": .boolean, "deceasedDateTime": .date,
            "maritalStatus": concept,
        ]),
        "Condition": clinical([
            "clinicalStatus": concept, "verificationStatus": concept, "category": .list(concept), "severity": concept,
            "code": concept, "bodySite": .list(concept), "recordedDate": .date,
            "stage": .list(.object(["summary": concept, "type": concept])),
            "evidence": .list(.object(["code": .list(concept), "detail": .list(.reference)])),
        ]) + timed("onset") + timed("abatement"),
        "Observation": clinical([
            "status": word, "category": .list(concept), "code": concept, "dataAbsentReason": concept,
            "interpretation": .list(concept), "bodySite": concept, "method": concept, "specimen": .reference,
            "referenceRange": .list(referenceRange), "hasMember": .list(.reference), "derivedFrom": .list(.reference),
            "component": .list(
                .object([
                    "code": concept, "dataAbsentReason": concept, "interpretation": .list(concept),
                    "referenceRange": .list(referenceRange),
                ]) + value),
        ]) + value + .object(["effectiveDateTime": .date, "effectivePeriod": period]),
        "Procedure": clinical([
            "status": word, "statusReason": concept, "category": concept, "code": concept,
            "reasonCode": .list(concept), "reasonReference": .list(.reference), "bodySite": .list(concept),
            "outcome": concept, "complication": .list(concept), "followUp": .list(concept),
        ]) + timed("performed"),
        "MedicationRequest": clinical([
            "status": word, "statusReason": concept, "intent": word, "category": .list(concept), "priority": word,
            "medicationCodeableConcept": concept, "medicationReference": .reference, "authoredOn": .date,
            "reasonCode": .list(concept), "reasonReference": .list(.reference), "dosageInstruction": .list(dosage),
        ]),
        "MedicationStatement": clinical([
            "status": word, "statusReason": .list(concept), "category": concept, "medicationCodeableConcept": concept,
            "medicationReference": .reference, "effectiveDateTime": .date, "effectivePeriod": period,
            "dateAsserted": .date, "reasonCode": .list(concept), "reasonReference": .list(.reference),
            "dosage": .list(dosage),
        ]),
        "MedicationAdministration": clinical([
            "status": word, "category": concept, "medicationCodeableConcept": concept,
            "medicationReference": .reference,
            "effectiveDateTime": .date, "effectivePeriod": period, "reasonCode": .list(concept),
            "dosage": .object([
                "site": concept, "route": concept, "method": concept, "dose": .quantity, "rateQuantity": .quantity,
                "rateRatio": ratio,
            ]),
        ]),
        "Medication": .object(["code": concept, "status": word, "form": concept]),
        "AllergyIntolerance": clinical([
            "clinicalStatus": concept, "verificationStatus": concept, "type": word, "category": .list(word),
            "criticality": word, "code": concept, "recordedDate": .date, "lastOccurrence": .date,
            "reaction": .list(
                .object([
                    "substance": concept, "manifestation": .list(concept), "onset": .date, "severity": word,
                    "exposureRoute": concept,
                ])),
        ]) + timed("onset"),
        "Immunization": clinical([
            "status": word, "statusReason": concept, "vaccineCode": concept, "occurrenceDateTime": .date,
            "primarySource": .boolean, "site": concept, "route": concept, "doseQuantity": .quantity,
            "reasonCode": .list(concept),
        ]),
        "Encounter": clinical([
            "status": word, "class": .coding, "type": .list(concept), "priority": concept, "period": period,
            "reasonCode": .list(concept), "reasonReference": .list(.reference),
            "diagnosis": .list(.object(["condition": .reference, "use": concept, "rank": .integer])),
            "hospitalization": .object(["dischargeDisposition": concept]),
            "partOf": .reference,
        ]),
        "DiagnosticReport": clinical([
            "status": word, "category": .list(concept), "code": concept, "effectiveDateTime": .date,
            "effectivePeriod": period, "specimen": .list(.reference), "result": .list(.reference),
            "conclusionCode": .list(concept), "conclusion": .text,
        ]),
        "FamilyMemberHistory": clinical([
            "status": word, "relationship": concept, "sex": concept, "deceasedBoolean": .boolean,
            "deceasedAge": .ageQuantity, "ageAge": .ageQuantity, "reasonCode": .list(concept),
            "condition": .list(
                .object([
                    "code": concept, "outcome": concept, "contributedToDeath": .boolean, "onsetAge": .ageQuantity,
                ])),
        ]),
        "Specimen": clinical([
            "status": word, "type": concept, "receivedTime": .date,
            "collection": .object([
                "collectedDateTime": .date, "collectedPeriod": period, "bodySite": concept, "method": concept,
            ]),
            "condition": .list(concept),
        ]),
    ]

    private static let word = Shape.word(CodeSystems.words)
    private static let concept = Shape.object(["coding": .list(.coding), "text": .text])
    private static let period = Shape.object(["start": .date, "end": .date])
    private static let range = Shape.object(["low": .quantity, "high": .quantity])
    private static let ratio = Shape.object(["numerator": .quantity, "denominator": .quantity])
    private static let referenceRange = Shape.object([
        "low": .quantity, "high": .quantity, "type": concept, "appliesTo": .list(concept), "text": .text,
        "age": .object(["low": .ageQuantity, "high": .ageQuantity]),
    ])
    private static let dosage = Shape.object([
        "sequence": .integer, "text": .text, "asNeededBoolean": .boolean, "site": concept, "route": concept,
        "method": concept, "additionalInstruction": .list(concept), "asNeededCodeableConcept": concept,
        "doseAndRate": .list(
            .object([
                "type": concept, "doseQuantity": .quantity, "doseRange": range, "rateQuantity": .quantity,
                "rateRange": range, "rateRatio": ratio,
            ])),
    ])
    private static let value = Shape.object([
        "valueQuantity": .quantity, "valueCodeableConcept": concept, "valueBoolean": .boolean, "valueInteger": .integer,
        "valueRange": range, "valueRatio": ratio, "valueDateTime": .date, "valuePeriod": period, "valueString": .text,
    ])

    /// What clinical resources share.
    private static func clinical(_ members: [String: Shape]) -> Shape {
        .object(["subject": .reference, "patient": .reference, "encounter": .reference, "context": .reference])
            + .object(members)
    }

    /// FHIR's choices of a time.
    private static func timed(_ name: String) -> Shape {
        .object([
            name + "DateTime": .date, name + "Age": .ageQuantity, name + "Period": period,
            name + "Range": .object(["low": .ageQuantity, "high": .ageQuantity]), name + "String": .text,
        ])
    }
}

extension Shape {
    /// The members of both. Precondition: both are objects.
    fileprivate static func + (left: Shape, right: Shape) -> Shape {
        guard case .object(let one) = left, case .object(let other) = right else {
            preconditionFailure("only objects have members")
        }
        return .object(one.merging(other) { _, new in new })
    }
}
