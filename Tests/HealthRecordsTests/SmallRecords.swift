/// Made-up records in which everything that Safe Harbor names stands somewhere. `Planted` words must never get out.
enum SmallRecords {
    /// Every text in here is planted on purpose.
    static let phenopacket = """
        {"id":"PMID_1_Planted_case","subject":{"id":"PlantedPatient","alternateIds":["MRN-Planted-77"],
        "dateOfBirth":"1931-05-06T00:00:00Z","timeAtLastEncounter":{"age":{"iso8601duration":"P93Y2M"}},
        "vitalStatus":{"status":"DECEASED","timeOfDeath":{"timestamp":"2024-07-08T11:12:13Z"},
        "causeOfDeath":{"id":"MONDO:0005148","label":"Planted cause"}},"sex":"FEMALE","PlantedKey":1},
        "phenotypicFeatures":[{"type":{"id":"HP:0001250","label":"Seizure"},"description":"Planted story of the aunt",
        "onset":{"age":{"iso8601duration":"P2Y8M"}}},{"type":{"id":"HP:Planted","label":"x"},"excluded":true},
        {"type":{"id":"HP:0001263","label":"Planted label"},"onset":{"timestamp":"1933-01-01T00:00:00Z"},
        "evidence":[{"evidenceCode":{"id":"ECO:0000033","label":"x"},"reference":{"id":"PMID:1","description":"Planted"}}]}],
        "measurements":[{"assay":{"id":"LOINC:2339-0","label":"Glucose"},"value":{"quantity":{"unit":{"id":"UCUM:mg/dL",
        "label":"mg/dL"},"value":96.5}}},{"assay":{"id":"LOINC:2339-0"},"value":{"quantity":{"unit":{"id":"UCUM:{Planted}"}}}}],
        "interpretations":[{"id":"Planted-17","progressStatus":"SOLVED","summary":"Planted summary","diagnosis":{"disease":
        {"id":"OMIM:617808","label":"y"},"genomicInterpretations":[{"subjectOrBiosampleId":"PlantedPatient",
        "interpretationStatus":"CAUSATIVE","variantInterpretation":{"acmgPathogenicityClassification":"PATHOGENIC",
        "variationDescriptor":{"id":"planted_var","label":"Planted deletion","expressions":[{"syntax":"hgvs.c",
        "value":"NM_152641.4:c.3411_3412del"},{"syntax":"hgvs.p","value":"NP_689854.2:p.(Gly1139SerfsTer20)"},
        {"syntax":"hgvs.c","value":"NM_1.1:c.Planted"}],"vcfRecord":{"genomeAssembly":"hg38","chrom":"chr12",
        "pos":"45851533","ref":"CAG","alt":"C","info":"Planted"}}}}]}}],
        "files":[{"uri":"file://planted/Planted.vcf"}],
        "metaData":{"created":"2026-06-16T17:17:37.604190Z","createdBy":"0000-0002-1825-0097","submittedBy":"Planted",
        "resources":[{"id":"hp","name":"Planted","namespacePrefix":"HP","url":"http://planted","version":"2026-06-06",
        "iriPrefix":"http://planted"}],"phenopacketSchemaVersion":"2.0","externalReferences":[{"id":"PMID:28124119",
        "description":"Planted paper"}]}}
        """

    static let bundle = """
        {"resourceType":"Bundle","id":"planted-bundle","type":"searchset","total":5,"timestamp":"2024-01-02T03:04:05Z",
        "link":[{"relation":"self","url":"http://planted.example/x"}],
        "entry":[{"fullUrl":"http://planted.example/fhir/Patient/1","search":{"mode":"match"},"resource":
        {"resourceType":"Patient","id":"1","meta":{"lastUpdated":"2024-01-02T03:04:05Z"},
        "text":{"status":"generated","div":"<div>Planted</div>"},"identifier":[{"value":"MRN-Planted"}],
        "name":[{"family":"Planted"}],"telecom":[{"value":"+1 555 Planted"}],"gender":"female","birthDate":"1930-03-04",
        "_birthDate":{"extension":[{"url":"x","valueString":"Planted"}]},
        "address":[{"city":"Planted","postalCode":"02139"}],"photo":[{"url":"http://planted"}],
        "contact":[{"name":{"family":"Planted"}}],"extension":[{"url":"http://planted/race","valueString":"Planted"}],
        "contained":[{"resourceType":"Organization","name":"Planted"}],"Planted":"x",
        "maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}],
        "text":"Planted"}}},
        {"fullUrl":"http://planted.example/fhir/Condition/c","resource":{"resourceType":"Condition","id":"c",
        "subject":{"reference":"Patient/1","display":"Planted"},"onsetDateTime":"1990-03-04","abatementDateTime":"1990-03-14",
        "recordedDate":"2024-05-06T23:30:00-05:00","recorder":{"reference":"Practitioner/9","display":"Dr Planted"},
        "code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006","display":"Planted display","version":"p"},
        {"system":"http://planted.example/codes","code":"Planted"}],"text":"Planted text"},"note":[{"text":"Planted"}]}},
        {"resource":{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":
        "http://planted.example/fhir/Patient/1/_history/3"},"effectiveDateTime":"1990-03-09T10:00:00Z",
        "code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
        "valueQuantity":{"value":120.50,"unit":"millimeters Planted","system":"http://unitsofmeasure.org","code":"mm[Hg]"},
        "device":{"display":"Planted"},"performer":[{"display":"Planted"}]}},
        {"resource":{"resourceType":"Observation","id":"a","status":"final","subject":{"reference":"Patient/1"},
        "code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]},"valueQuantity":{"value":93,"unit":"years",
        "system":"http://unitsofmeasure.org","code":"a"},"valueString":"Planted","effectiveDateTime":"1990"}},
        {"resource":{"resourceType":"Observation","id":"n","status":"Planted","subject":{"reference":"Patient/404"},
        "code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]},"effectiveDateTime":"1990-03-09",
        "valueQuantity":{"value":5,"unit":"Planted"}}},
        {"resource":{"resourceType":"Practitioner","id":"9","name":[{"family":"Planted"}]}},
        {"resource":{"resourceType":"DocumentReference","id":"d","description":"Planted"}}]}
        """
}
