import HealthRecords
import Interface
import Primitives
import TestSupport
import Testing

let seed = Bytes32(1, 2, 3, 4)

func deidentified(
    _ text: String, allowedTexts: Set<String> = [], seed: Bytes32 = seed
) throws -> (json: JSONValue, text: String, report: DeidentificationReport) {
    let result = try Deidentification.run(Array(text.utf8), allowedTexts: allowedTexts, seed: seed)
    return (try JSONParser.parse(result.bytes), String(decoding: result.bytes, as: UTF8.self), result.report)
}

/// The day of `1043-05-17`, counted somehow that keeps differences within a century.
private func day(_ text: String?) throws -> Int {
    let parts = try #require(text).prefix(10).split(separator: "-").map { Int($0) ?? 0 }
    try #require(parts.count == 3)
    let (year, month, day) = (parts[0], parts[1], parts[2])
    let shifted = month <= 2 ? year - 1 : year
    return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day
}

@Suite struct DeidentificationTests {
    @Test("nothing planted in a phenopacket gets out, and what makes the case stays")
    func phenopacket() throws {
        let (json, text, report) = try deidentified(SmallRecords.phenopacket)
        let lower = text.lowercased()
        for word in ["planted", "pmid", "0000-0002", "2026", "2024", "1931", "1933", "p93y", "glucose"] {
            #expect(!lower.contains(word), "\(word)")
        }
        #expect(json["phenotypicFeatures"]?.array?.first?["type"]?["id"]?.string == "HP:0001250")
        let subject = json["subject"]
        #expect(subject?["timeAtLastEncounter"]?["age"]?["iso8601duration"]?.string == "P90Y")
        #expect(subject?["sex"]?.string == "FEMALE")
        // The same person is the same pseudonym everywhere in the case.
        let interpretation = json["interpretations"]?.array?.first?["diagnosis"]?["genomicInterpretations"]?.array?
            .first
        #expect(interpretation?["subjectOrBiosampleId"]?.string == subject?["id"]?.string)
        #expect(subject?["id"]?.string?.utf8.count == 32)
        let variation = interpretation?["variantInterpretation"]?["variationDescriptor"]
        #expect(
            variation?["expressions"]?.array?.compactMap { $0["value"]?.string } == [
                "NM_152641.4:c.3411_3412del", "NP_689854.2:p.(Gly1139SerfsTer20)",
            ])
        #expect(variation?["vcfRecord"]?["pos"]?.unsigned == 45_851_533)
        #expect(json["metaData"]?["resources"]?.array?.first?["namespacePrefix"]?.string == "HP")
        #expect(json["measurements"]?.array?.first?["value"]?["quantity"]?["value"] == .decimal("96.5"))
        // What went is counted by element and rule, and no value of it stands in the report.
        let lines = Set(report.removed.map { "\($0.path) \($0.rule) \($0.count)" })
        for line in [
            "phenotypicFeatures[].description freeText 1", "metaData.externalReferences publication 1",
            "metaData.createdBy provenance 1", "subject.alternateIds identifier 1", "subject.* unlisted 1",
            "files url 1", "phenotypicFeatures[].type.id unknownCode 1", "interpretations[].summary freeText 1",
        ] { #expect(lines.contains(line), "\(line)") }
        let written = report.json(format: .phenopacket).text.lowercased()
        for word in ["planted", "1931", "2024", "mrn"] { #expect(!written.contains(word)) }
        #expect(report.warnings.contains { $0.contains("genetic variants") })
        #expect(report.warnings.contains { $0.contains("made-up calendar that begins between the years 1000") })
    }

    @Test("nothing planted in a FHIR bundle gets out, and what makes the case stays")
    func bundle() throws {
        let (json, text, report) = try deidentified(SmallRecords.bundle)
        let lower = text.lowercased()
        for word in ["planted", "02139", "mrn", "2024", "1990", "1930", "years", "practitioner/", "patient/"] {
            #expect(!lower.contains(word), "\(word)")
        }
        let resources = try #require(json["entry"]?.array).compactMap { $0["resource"] }
        #expect(
            resources.compactMap { $0["resourceType"]?.string } == [
                "Patient", "Condition", "Observation", "Observation", "Observation",
            ])
        let uri = try #require(json["entry"]?.array?.first?["fullUrl"]?.string)
        #expect(uri == "urn:uuid:" + (resources[0]["id"]?.string ?? ""))
        for index in 1...3 { #expect(resources[index]["subject"]?["reference"]?.string == uri) }
        #expect(resources[4]["subject"] == nil)
        #expect(resources[1]["code"]?["coding"]?.array?.count == 1)
        #expect(resources[2]["valueQuantity"]?["value"] == .decimal("120.50"))
        #expect(resources[2]["valueQuantity"]?["code"]?.string == "mm[Hg]")
        #expect(resources[2]["valueQuantity"]?["unit"] == nil)
        // An observed age above 89 is 90; a number whose unit is unknown goes with it; an unknown status goes.
        #expect(resources[3]["valueQuantity"]?["value"]?.unsigned == 90)
        #expect(resources[3]["valueQuantity"]?["comparator"]?.string == ">=")
        #expect(resources[4]["valueQuantity"] == nil)
        #expect(resources[4]["status"] == nil)
        // No date of what is nobody's.
        #expect(resources[4]["effectiveDateTime"] == nil)
        let lines = Set(report.removed.map { "\($0.path) \($0.rule) \($0.count)" })
        for line in [
            "entry[].resource resourceType 2", "entry[].resource(Patient).name name 1",
            "entry[].resource(Patient).address geography 1", "entry[].resource(Patient).photo photograph 1",
            "entry[].resource(Patient).text freeText 1", "entry[].resource(Patient)._ extension 1",
            "entry[].resource(Patient).contained contained 1", "entry[].resource(Condition).recorder otherParty 1",
            "entry[].resource(Patient).telecom telecommunication 1", "entry[].resource(Observation).device device 1",
            "entry[].resource(Condition).code.coding[] unknownCode 1",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(!report.json(format: .fhirBundle).text.lowercased().contains("planted"))
    }

    @Test("days between dates are true, dates are not, and time stands still ninety years after the first")
    func dates() throws {
        let (json, _, _) = try deidentified(SmallRecords.bundle)
        let resources = try #require(json["entry"]?.array).compactMap { $0["resource"] }
        let birth = try day(resources[0]["birthDate"]?.string)
        let onset = try day(resources[1]["onsetDateTime"]?.string)
        #expect(try day(resources[1]["abatementDateTime"]?.string) - onset == 10)
        #expect(try day(resources[2]["effectiveDateTime"]?.string) - onset == 5)
        #expect(onset - birth == 21_915)  // 1930-03-04 to 1990-03-04
        #expect(resources[2]["effectiveDateTime"]?.string?.utf8.count == 10)
        // 2024-05-06 would be 94 years after birth.
        #expect(try day(resources[1]["recordedDate"]?.string) - birth == 32_872)
        #expect(resources[3]["effectiveDateTime"]?.string?.utf8.count == 4)
        for text in [resources[0]["birthDate"], resources[1]["onsetDateTime"]] {
            #expect((1000..<1200).contains(Int(text?.string?.prefix(4) ?? "") ?? 0))
        }
    }

    @Test("another seed gives other pseudonyms and another calendar; the same gives the same bytes")
    func seeds() throws {
        let one = try deidentified(SmallRecords.bundle)
        let same = try deidentified(SmallRecords.bundle)
        let other = try deidentified(SmallRecords.bundle, seed: Bytes32(9, 9, 9, 9))
        #expect(one.text == same.text)
        func facts(_ json: JSONValue) -> (String?, String?) {
            let entry = json["entry"]?.array?.first
            return (entry?["fullUrl"]?.string, entry?["resource"]?["birthDate"]?.string)
        }
        #expect(facts(one.json).0 != facts(other.json).0)
        #expect(facts(one.json).1 != facts(other.json).1)
    }

    @Test("two patients of one bundle have calendars of their own")
    func calendars() throws {
        func patient(_ id: Int) -> String {
            """
            {"resource":{"resourceType":"Patient","id":"\(id)","birthDate":"1980-01-01"}},{"resource":{"resourceType":
            "Condition","subject":{"reference":"Patient/\(id)"},"onsetDateTime":"2000-01-01"}}
            """
        }
        let text = #"{"resourceType":"Bundle","entry":[\#(patient(1)),\#(patient(2))]}"#
        let resources = try #require(try deidentified(text).json["entry"]?.array).compactMap { $0["resource"] }
        let births = [resources[0], resources[2]].map { $0["birthDate"]?.string }
        #expect(births[0] != births[1])
        for (person, condition) in [(0, 1), (2, 3)] {
            let age =
                try day(resources[condition]["onsetDateTime"]?.string) - day(resources[person]["birthDate"]?.string)
            #expect(age == 7_305)
        }
    }

    @Test("texts get through by name only")
    func allowList() throws {
        let (json, text, report) = try deidentified(
            SmallRecords.phenopacket, allowedTexts: ["interpretations[].summary", "**.disease.label", "subject.id"])
        #expect(json["interpretations"]?.array?.first?["summary"]?.string == "Planted summary")
        #expect(json["interpretations"]?.array?.first?["diagnosis"]?["disease"]?["label"]?.string == "y")
        #expect(!text.contains("PlantedPatient"))
        #expect(!text.contains("Seizure"))
        #expect(
            report.allowed.map(\.path) == ["interpretations[].diagnosis.disease.label", "interpretations[].summary"])
        #expect(report.warnings.contains { $0.contains("allowed paths") })
    }

    @Test("ages: below ninety as they are, above as ninety, nothing else")
    func ages() throws {
        func age(_ text: String) throws -> String? {
            let record = #"{"subject":{"sex":"MALE","timeAtLastEncounter":{"age":{"iso8601duration":"\#(text)"}}}}"#
            return try deidentified(record).json["subject"]?["timeAtLastEncounter"]?["age"]?["iso8601duration"]?.string
        }
        for kept in ["P2Y8M", "P3M", "P10D", "P1W", "PT5H", "P89Y11M", "P1.5Y"] { #expect(try age(kept) == kept) }
        for old in ["P90Y", "P93Y2M", "P1080M", "P33000D", "P89Y12M"] { #expect(try age(old) == "P90Y") }
        for wrong in ["", "P", "PT", "93", "P2X", "P1D2Y", "2Y", "P-2Y", "PY", "P1Y2", "P1Y Planted"] {
            #expect(try age(wrong) == nil, "\(wrong)")
        }
    }

    @Test("a measured age and the days of a life end at ninety years")
    func measuredAges() throws {
        func record(_ code: String, _ value: String) -> String {
            """
            {"subject":{"vitalStatus":{"status":"DECEASED","survivalTimeInDays":40000}},"measurements":[{"value":{"quantity":
            {"value":\(value)}},"assay":{"id":"LOINC:\(code)"}},{"assay":{"id":"LOINC:2339-0"},"value":{"quantity":
            {"value":150}}}]}
            """
        }
        let (json, _, _) = try deidentified(record("30525-0", "93.5"))
        #expect(json["subject"]?["vitalStatus"]?["survivalTimeInDays"]?.unsigned == 32_872)
        let values = json["measurements"]?.array?.map { $0["value"]?["quantity"]?["value"] }
        #expect(values == [.unsigned(90), .unsigned(150)])
        for (value, unit, isKept) in [("100", "mo", true), ("1100", "mo", false), ("100", "[John]", false)] {
            let text = record("30525-0", "\(value),\"unit\":{\"id\":\"UCUM:\(unit)\"}")
            let measured = try deidentified(text).json["measurements"]?.array?.first?["value"]?["quantity"]?["value"]
            #expect((measured == .unsigned(100)) == isKept)
        }
        let young = try deidentified(record("30525-0", "89.5")).json["measurements"]?.array?.first
        #expect(young?["value"]?["quantity"]?["value"] == .decimal("89.5"))
    }

    @Test(
        "A phenopacket's number goes with a unit that is not known; without any unit, and with an allowed label, it stays"
    )
    func quantitiesWithoutTheirUnit() throws {
        func measured(_ unit: String, allowed: Set<String> = []) throws -> JSONValue? {
            let text = """
                {"id":"p","subject":{"id":"s"},"measurements":[{"assay":{"id":"LOINC:2339-0"},"value":{"quantity":
                {\(unit)"value":95,"referenceRange":{\(unit)"low":70,"high":110}}}}]}
                """
            return try deidentified(text, allowedTexts: allowed).json["measurements"]?.array?.first?["value"]?[
                "quantity"]
        }
        #expect(try measured(#""unit":{"id":"KH:mgdl","label":"mg/dL"},"#) == nil)
        #expect(try measured(#""unit":{"label":"mmol/L"},"#) == nil)
        #expect(try measured(#""unit":{"id":"UCUM:mg/dL{Schmidt}"},"#) == nil)
        let known = try measured(#""unit":{"id":"UCUM:mg/dL"},"#)
        #expect(known?["value"] == .unsigned(95) && known?["referenceRange"]?["low"] == .unsigned(70))
        #expect(try measured("")?["value"] == .unsigned(95))
        #expect(try measured(#""unit":{"label":"mmol/L"},"#, allowed: ["**.label"])?["value"] == .unsigned(95))
    }

    @Test("codes are kept in the form of their ontology only")
    func codes() throws {
        func kept(_ id: String) throws -> Bool {
            let record = #"{"subject":{"sex":"MALE"},"phenotypicFeatures":[{"type":{"id":"\#(id)"}}]}"#
            return try deidentified(record).json["phenotypicFeatures"] != nil
        }
        for code in [
            "HP:0001250", "OMIM:617808", "MONDO:0005148", "ORPHA:558", "NCIT:C3262", "LOINC:8480-6",
            "SNOMEDCT:44054006",
            "HGNC:18037", "ICD10:E11.9", "UCUM:mm[Hg]", "UCUM:10*9/L", "UCUM:mg/dL", "UCUM:/min", "ATC:A10BA02",
        ] { #expect(try kept(code), "\(code)") }
        for code in [
            "HP:12", "HP:John", "PMID:28124119", "ORCID:0000-0002-1825-0097", "OMIM:", "HP", ":0001250",
            "LOINC:Smith-1",
            "UCUM:{John}", "UCUM:John", "ICD10:Smith", "tel:5551234", "http://x", "HP:00012500", "NCIT:John",
        ] { #expect(try !kept(code), "\(code)") }
    }

    @Test("what is no case is refused")
    func refusals() {
        func refused(_ text: String) -> Bool {
            do {
                _ = try Deidentification.run(Array(text.utf8), seed: seed)
                return false
            } catch {
                return true
            }
        }
        for text in [
            "", "[]", "{}", "null", #"{"resourceType":"Patient"}"#, #"{"resourceType":"Bundle"}"#,
            #"{"resourceType":"Bundle","entry":[]}"#, #"{"proband":{"subject":{}},"metaData":{}}"#,
            #"{"members":[],"metaData":{}}"#, #"{"meta_data":{},"subject":{}}"#, #"{"metaData":{"createdBy":"x"}}"#,
            #"{"subject":{"sex":"MALE"},"subject":{"sex":"MALE"}}"#,
            #"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Practitioner"}}]}"#,
            String(repeating: "[", count: 100_000), String(repeating: #"{"subject":"#, count: 1_000),
        ] { #expect(refused(text), "\(text.prefix(60))") }
        let twice = #"{"resource":{"resourceType":"Patient","id":"1"}}"#
        #expect(refused(#"{"resourceType":"Bundle","entry":[\#(twice),\#(twice)]}"#))
    }

    @Test("mutated records never trap, and never let a planted word out")
    func hostile() throws {
        var random = SeededRandom(seed: 7)
        var read = 0
        for sample in [SmallRecords.phenopacket, SmallRecords.bundle] {
            for _ in 0..<(hostileInputs ?? 4_000) / 2 {
                let bytes = random.mutated(Array(sample.utf8))
                guard let result = try? Deidentification.run(bytes, seed: seed) else { continue }
                read += 1
                let text = String(decoding: result.bytes, as: UTF8.self)
                #expect(!text.contains("Planted"))
            }
        }
        #expect(read > 100)
    }

    @Test("a wide record takes linear time, and its report stays bounded")
    func wide() throws {
        let features = (0..<20_000).map { #"{"type":{"id":"HP:0001250","label":"x"},"k\#($0)":1}"# }.joined(
            separator: ",")
        let (json, _, report) = try deidentified(#"{"subject":{"sex":"MALE"},"phenotypicFeatures":[\#(features)]}"#)
        #expect(json["phenotypicFeatures"]?.array?.count == 20_000)
        #expect(report.removed.first { $0.path == "phenotypicFeatures[].*" }?.count == 20_000)
    }
}
