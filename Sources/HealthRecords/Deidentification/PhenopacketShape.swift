/// What is kept of a GA4GH Phenopacket, version 2. Families and cohorts are several cases, each to be given by itself.
enum PhenopacketShape {
    static let topLevel = Shape.object([
        "id": .pseudonym,
        "subject": individual,
        "phenotypicFeatures": .list(feature),
        "measurements": .list(measurement),
        "biosamples": .list(biosample),
        "interpretations": .list(interpretation),
        "diseases": .list(disease),
        "medicalActions": .list(action),
        "files": .drop(.url),
        "metaData": metaData,
    ])

    private static let term = Shape.object(["id": .code(.curie), "label": .label])

    private static let age = Shape.object(["iso8601duration": .age])
    private static let interval = Shape.object(["start": .timestamp, "end": .timestamp])
    private static let timeElement = Shape.object([
        "gestationalAge": .object(["weeks": .integer, "days": .integer]),
        "age": age,
        "ageRange": .object(["start": age, "end": age]),
        "ontologyClass": term,
        "timestamp": .timestamp,
        "interval": interval,
    ])

    private static let individual = Shape.object([
        "id": .pseudonym,
        "dateOfBirth": .timestamp,
        "timeAtLastEncounter": timeElement,
        "vitalStatus": .object([
            "status": .word(["UNKNOWN_STATUS", "ALIVE", "DECEASED"]),
            "timeOfDeath": timeElement,
            "causeOfDeath": term,
            "survivalTimeInDays": .lifeDays,
        ]),
        "sex": .word(["UNKNOWN_SEX", "FEMALE", "MALE", "OTHER_SEX"]),
        "karyotypicSex": .word([
            "UNKNOWN_KARYOTYPE", "XX", "XY", "XO", "XXY", "XXX", "XXYY", "XXXY", "XXXX", "XYY", "OTHER_KARYOTYPE",
        ]),
        "gender": term,
        "taxonomy": term,
    ])

    private static let evidence = Shape.object(["evidenceCode": term, "reference": .drop(.publication)])

    private static let feature = Shape.object([
        "type": term, "excluded": .boolean, "severity": term, "modifiers": .list(term), "onset": timeElement,
        "resolution": timeElement, "evidence": .list(evidence),
    ])

    private static let quantity = Shape.object([
        "unit": term, "value": .number,
        "referenceRange": .object(["unit": term, "low": .number, "high": .number]),
    ])
    private static let value = Shape.object(["quantity": quantity, "ontologyClass": term])
    private static let procedure = Shape.object(["code": term, "bodySite": term, "performed": timeElement])

    private static let measurement = Shape.object([
        "assay": term, "value": value,
        "complexValue": .object(["typedQuantities": .list(.object(["type": term, "quantity": quantity]))]),
        "timeObserved": timeElement, "procedure": procedure,
    ])

    private static let biosample = Shape.object([
        "id": .pseudonym, "individualId": .pseudonym, "derivedFromId": .pseudonym, "sampledTissue": term,
        "sampleType": term, "phenotypicFeatures": .list(feature), "measurements": .list(measurement), "taxonomy": term,
        "timeOfCollection": timeElement, "histologicalDiagnosis": term, "tumorProgression": term, "tumorGrade": term,
        "pathologicalStage": term, "pathologicalTnmFinding": .list(term), "diagnosticMarkers": .list(term),
        "procedure": procedure, "materialSample": term, "sampleProcessing": term, "sampleStorage": term,
    ])

    private static let gene = Shape.object([
        "valueId": .code(.curie), "symbol": .label, "alternateIds": .drop(.label), "alternateSymbols": .drop(.label),
        "xrefs": .drop(.label),
    ])

    private static let variation = Shape.object([
        "id": .pseudonym,
        "label": .label,
        "geneContext": gene,
        "expressions": .list(
            .object([
                "syntax": .word(["hgvs", "hgvs.c", "hgvs.g", "hgvs.m", "hgvs.n", "hgvs.p", "hgvs.r"]),
                "value": .code(.hgvs),
            ])),
        "vcfRecord": .object([
            "genomeAssembly": .code(.genomeAssembly), "chrom": .code(.chromosome), "pos": .integer,
            "id": .code(.dbSNP), "ref": .code(.bases), "alt": .code(.bases),
        ]),
        "moleculeContext": .word(["unspecified_molecule_context", "genomic", "transcript", "protein"]),
        "structuralType": term,
        "vrsRefAlleleSeq": .code(.bases),
        "allelicState": term,
    ])

    private static let interpretation = Shape.object([
        "id": .pseudonym,
        "progressStatus": .word(["UNKNOWN_PROGRESS", "IN_PROGRESS", "COMPLETED", "SOLVED", "UNSOLVED"]),
        "summary": .text,
        "diagnosis": .object([
            "disease": term,
            "genomicInterpretations": .list(
                .object([
                    "subjectOrBiosampleId": .pseudonym,
                    "interpretationStatus": .word([
                        "UNKNOWN_STATUS", "REJECTED", "CANDIDATE", "CONTRIBUTORY", "CAUSATIVE",
                    ]),
                    "gene": gene,
                    "variantInterpretation": .object([
                        "acmgPathogenicityClassification": .word([
                            "NOT_PROVIDED", "BENIGN", "LIKELY_BENIGN", "UNCERTAIN_SIGNIFICANCE", "LIKELY_PATHOGENIC",
                            "PATHOGENIC",
                        ]),
                        "therapeuticActionability": .word(["UNKNOWN_ACTIONABILITY", "NOT_ACTIONABLE", "ACTIONABLE"]),
                        "variationDescriptor": variation,
                    ]),
                ])),
        ]),
    ])

    private static let disease = Shape.object([
        "term": term, "excluded": .boolean, "onset": timeElement, "resolution": timeElement,
        "diseaseStage": .list(term), "clinicalTnmFinding": .list(term), "primarySite": term, "laterality": term,
    ])

    private static let action = Shape.object([
        "procedure": procedure,
        "treatment": .object([
            "agent": term, "routeOfAdministration": term,
            "doseIntervals": .list(.object(["quantity": quantity, "scheduleFrequency": term, "interval": interval])),
            "drugType": .word([
                "UNKNOWN_DRUG_TYPE", "PRESCRIPTION", "EHR_MEDICATION_LIST", "ADMINISTRATION_RELATED_TO_PROCEDURE",
            ]),
            "cumulativeDose": quantity,
        ]),
        "radiationTherapy": .object([
            "modality": term, "bodySite": term, "dosage": .integer, "fractions": .integer,
        ]),
        "therapeuticRegimen": .object([
            "ontologyClass": term, "startTime": timeElement, "endTime": timeElement,
            "regimenStatus": .word(["UNKNOWN_STATUS", "STARTED", "COMPLETED", "DISCONTINUED"]),
        ]),
        "treatmentTarget": term, "treatmentIntent": term, "responseToTreatment": term, "adverseEvents": .list(term),
        "treatmentTerminationReason": term,
    ])

    /// Which ontologies; not when or by whom the file was made, nor the publication that tells of the person.
    private static let metaData = Shape.object([
        "created": .drop(.provenance), "createdBy": .drop(.provenance), "submittedBy": .drop(.provenance),
        "updates": .drop(.provenance), "externalReferences": .drop(.publication),
        "phenopacketSchemaVersion": .word(["2", "2.0", "2.0.0", "2.0.1", "2.0.2"]),
        "resources": .list(
            .object([
                "id": .drop(.label), "name": .drop(.label), "url": .drop(.url), "iriPrefix": .drop(.url),
                "version": .drop(.provenance), "namespacePrefix": .code(.namespace),
            ])),
    ])
}
