import Consents
import HealthRecords
import Identities
import Interface
import Primitives
import TestSupport
import Testing

/// Small consents of our own, after the form of FHIR's examples.
enum SmallConsents {
    static let patient = Party.account(testAddress("patient"))
    static let clinic = Party.organization(testIdentifier("clinic"))
    static let nurse = Party.account(testAddress("nurse"))

    static let parties: [String: Party] = [
        "Patient/p1": patient, "Organization/o1": clinic, "Practitioner/n1": nurse,
        "RelatedPerson/r1": .account(testAddress("mother")),
    ]

    static func options(
        root: ProvisionKind? = nil, actions: SortedList<ConsentAction> = [], setAside: Set<String> = []
    ) -> FHIRConsentOptions {
        FHIRConsentOptions(
            parties: parties, rootKind: root, actions: actions, setAside: setAside, networkKind: .test)
    }

    static func concept(_ system: String, _ code: String) -> String {
        #"{"coding":[{"system":"\#(system)","code":"\#(code)"}]}"#
    }

    static func action(_ code: String) -> String {
        concept("http://terminology.hl7.org/CodeSystem/consentaction", code)
    }

    static func actor(_ role: String, _ reference: String) -> String {
        let role = concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", role)
        return #"{"role":\#(role),"reference":{"reference":"\#(reference)"}}"#
    }

    /// A consent with this provision; `more` are further members, each followed by a comma.
    static func resource(_ provision: String, rule: String = "OPTOUT", more: String = "") -> [UInt8] {
        let text = """
            {"resourceType":"Consent","id":"c1",\(more)"status":"active",
            "scope":\(concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")),
            "category":[\(concept("http://loinc.org", "59284-0"))],
            "patient":{"reference":"Patient/p1","display":"A name"},"dateTime":"2026-02-03",
            "organization":[{"reference":"Organization/o1"}],
            "policyRule":\(concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", rule)),
            "provision":\(provision)}
            """
        return Array(text.utf8)
    }
}

/// What an import was refused for, path by path; empty if it was not refused.
func refusals(
    _ bytes: [UInt8], _ options: FHIRConsentOptions = SmallConsents.options()
) -> [String] {
    do {
        _ = try FHIRConsentImport(bytes, options: options) { _, _ in Hash(.zero) }
        return []
    } catch {
        return error.problems.map(\.path)
    }
}

func imported(_ bytes: [UInt8], _ options: FHIRConsentOptions = SmallConsents.options()) throws -> FHIRConsentImport {
    var count: UInt64 = 0
    return try FHIRConsentImport(bytes, options: options) { _, _ in
        count += 1
        return Hash(Bytes32(0, 0, 0, count))
    }
}

@Suite struct FHIRConsentTests {
    @Test("what is exported is imported as what it was, for every field a policy has")
    func roundTrip() throws {
        var random = RandomGrants(seed: 50)
        var exceptions = 0
        for _ in 0..<2_000 {
            let grant = random.grant()
            exceptions += grant.policy.provisions.count(where: { !$0.provisions.isEmpty })
            let resource = FHIRConsentExport.resource(
                grant, id: nil, status: .active, grantedAt: testStart, networkKind: .test)
            // By way of bytes, as a file would go.
            let options = FHIRConsentOptions(networkKind: .test)
            let back = try FHIRConsentImport(resource.serialized, options: options) { _, _ in
                Issue.record("nothing new is committed to")
                return Hash(.zero)
            }
            #expect(back.grant == grant)
            let again = FHIRConsentExport.resource(
                back.grant, id: nil, status: .active, grantedAt: testStart, networkKind: .test)
            #expect(again == resource)
        }
        #expect(exceptions > 500)
    }

    @Test("a plain consent is read as it says, and says so again")
    func plain() throws {
        let provision = """
            {"provision":[{"type":"permit","actor":[\(SmallConsents.actor("PRCP", "Practitioner/n1"))],
            "action":[\(SmallConsents.action("access"))],
            "purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],
            "period":{"start":"2026-01-01","end":"2026-12-31"},
            "provision":[{"type":"deny","dataPeriod":{"start":"2020-01-01T00:00:00Z","end":"2020-06-30T23:59:59.999Z"}}]}]}
            """
        let found = try imported(SmallConsents.resource(provision))
        let until = Timestamp(1_798_761_600_000)
        let expected = ConsentPolicy(provisions: [
            Provision(
                .permit, actors: [.party(SmallConsents.nurse)], actions: [.access], purposes: [.treatment],
                validity: Period(from: testStart, until: until),
                provisions: [
                    Provision(
                        .deny,
                        dataPeriod: Period(from: Timestamp(1_577_836_800_000), until: Timestamp(1_593_561_600_000)))
                ])
        ])
        #expect(found.grant.policy == expected)
        #expect(found.grant.subject == SmallConsents.patient)
        #expect(found.grant.custodian == SmallConsents.clinic)
        #expect(found.grant.guardian == nil)
        #expect(found.leftBehind.contains { $0.path == "dateTime" })
        #expect(found.leftBehind.contains { $0.path == "patient.display" })
        let exported = FHIRConsentExport.resource(
            found.grant, id: nil, status: .active, grantedAt: nil, networkKind: .test)
        let again = try imported(exported.serialized, FHIRConsentOptions(networkKind: .test))
        #expect(again.grant == found.grant)
        // What the file said stands in what is written, code by code.
        let nested = exported["provision"]?["provision"]?.array?.first
        #expect(nested?["type"]?.string == "permit")
        #expect(nested?["period"]?["start"]?.string == "2026-01-01T00:00:00.000Z")
        #expect(nested?["period"]?["end"]?.string == "2026-12-31T23:59:59.999Z")
        let codings = nested?["action"]?.array?.first?["coding"]?.array ?? []
        #expect(
            codings.contains {
                $0["code"]?.string == "access" && $0["system"]?.string?.hasSuffix("consentaction") == true
            })
        #expect(nested?["purpose"]?.array?.first?["code"]?.string == "TREAT")
    }

    @Test("the outermost provision has no type, and two readings: a person must say which")
    func root() throws {
        let provision = """
            {"action":[\(SmallConsents.action("access"))],"period":{"start":"2026-01-01","end":"2026-02-01"}}
            """
        for rule in ["OPTIN", "OPTOUT"] {
            #expect(refusals(SmallConsents.resource(provision, rule: rule)) == ["provision"])
        }
        let bytes = SmallConsents.resource(provision, rule: "OPTIN")
        let permit = try imported(bytes, SmallConsents.options(root: .permit))
        #expect(permit.grant.policy.provisions.map(\.kind) == [.permit])
        // As an exception to a base that permits, and only what the person names is that base.
        #expect(refusals(bytes, SmallConsents.options(root: .deny)) == ["policyRule"])
        let deny = try imported(bytes, SmallConsents.options(root: .deny, actions: [.access]))
        #expect(deny.grant.policy.provisions.map(\.kind) == [.permit])
        #expect(deny.grant.policy.provisions[0].actions == [.access])
        #expect(deny.grant.policy.provisions[0].provisions.map(\.kind) == [.deny])
        // A denial under a base that denies leaves nothing to consent to.
        let out = SmallConsents.resource(provision, rule: "OPTOUT")
        #expect(refusals(out, SmallConsents.options(root: .deny)) == ["provision"])
        // A type on it is against FHIR's text, and leaves no doubt.
        let typed = SmallConsents.resource(#"{"type":"permit",\#(provision.dropFirst())"#)
        #expect(try imported(typed).grant.policy == permit.grant.policy)
    }

    @Test("every construct that the ledger lacks is refused by its name")
    func unknown() {
        func inside(_ text: String) -> [UInt8] {
            SmallConsents.resource(
                #"{"provision":[{"type":"permit","action":[\#(SmallConsents.action("access"))],\#(text)}]}"#)
        }
        let label = #""securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]"#
        #expect(refusals(inside(label)) == ["provision.provision[0].securityLabel"])
        let data = #""data":[{"meaning":"related","reference":{"reference":"Task/1"}}]"#
        #expect(refusals(inside(data)) == ["provision.provision[0].data"])
        let author = #""actor":[\#(SmallConsents.actor("AUT", "Practitioner/n1"))]"#
        #expect(refusals(inside(author)) == ["provision.provision[0].actor[0].role"])
        let stranger = #""actor":[\#(SmallConsents.actor("PRCP", "Practitioner/n9"))]"#
        #expect(refusals(inside(stranger)) == ["provision.provision[0].actor[0].reference"])
        let custodian = #""actor":[\#(SmallConsents.actor("CST", "Practitioner/n1"))]"#
        #expect(refusals(inside(custodian)) == ["provision.provision[0].actor[0]"])
        let purpose = #""purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"ZZZ"}]"#
        #expect(refusals(inside(purpose)) == ["provision.provision[0].purpose[0]"])
        let document = #""class":[{"system":"urn:ietf:bcp:13","code":"application/hl7-cda+xml"}]"#
        #expect(refusals(inside(document)) == ["provision.provision[0].class[0]"])
        let old = #""dataPeriod":{"start":"1964-01-01"}"#
        #expect(refusals(inside(old)) == ["provision.provision[0].dataPeriod.start"])
        let zone = #""period":{"start":"2026-01-01T10:00:00"}"#
        #expect(refusals(inside(zone)) == ["provision.provision[0].period.start"])
        let backwards = #""period":{"start":"2026-02-01","end":"2026-01-01"}"#
        #expect(refusals(inside(backwards)) == ["provision.provision[0].period"])
        let foreign = #""extension":[{"url":"http://example.org/x","valueBoolean":true}]"#
        #expect(refusals(inside(foreign)) == ["provision.provision[0].extension[0]"])
        let modifier = #""modifierExtension":[{"url":"http://example.org/x","valueBoolean":true}]"#
        #expect(refusals(inside(modifier)) == ["provision.provision[0].modifierExtension[0]"])
        #expect(refusals(inside(#""invented":1"#)) == ["provision.provision[0].invented"])
        #expect(refusals(inside(#""_type":{"id":"x"}"#)) == ["provision.provision[0]._type"])
        let inner = #""provision":[{"type":"permit","purpose":[]}]"#
        #expect(refusals(inside(inner)).contains("provision.provision[0].provision[0].type"))
        let untyped = #""provision":[{"dataPeriod":{"start":"2020"}}]"#
        #expect(refusals(inside(untyped)) == ["provision.provision[0].provision[0].type"])
        let everything = #""provision":[{"type":"deny"}]"#
        #expect(refusals(inside(everything)) == ["provision.provision[0].provision[0]"])
        let correct = SmallConsents.resource(
            #"{"provision":[{"type":"permit","action":[\#(SmallConsents.action("correct"))]}]}"#)
        #expect(refusals(correct) == ["provision.provision[0].action[0]"])
        let nothing = SmallConsents.resource(#"{"provision":[{"type":"permit","dataPeriod":{"start":"2020"}}]}"#)
        #expect(refusals(nothing) == ["provision.provision[0].action"])
    }

    @Test("what could hold a rule elsewhere is refused until a person vouches for it")
    func setAside() throws {
        let provision = #"{"provision":[{"type":"permit","action":[\#(SmallConsents.action("access"))]}]}"#
        for (member, key) in [
            (#""sourceAttachment":{"title":"The terms"},"#, "sourceAttachment"),
            (#""sourceReference":{"reference":"DocumentReference/1"},"#, "sourceReference"),
            (#""verification":[{"verified":true}],"#, "verification"),
            (#""policy":[{"authority":"http://example.org/law"}],"#, "policy"),
        ] {
            let bytes = SmallConsents.resource(provision, more: member)
            #expect(refusals(bytes) == [key])
            #expect(refusals(bytes, SmallConsents.options(setAside: [key])) == [])
            let found = try imported(bytes, SmallConsents.options(setAside: [key]))
            #expect(found.leftBehind.contains { $0.path == key })
        }
        // What changes a meaning can't be set aside.
        let modifier = SmallConsents.resource(
            provision, more: #""modifierExtension":[{"url":"http://example.org/x","valueBoolean":true}],"#)
        #expect(refusals(modifier, SmallConsents.options(setAside: ["modifierExtension"])) == ["modifierExtension[0]"])
        let rules = SmallConsents.resource(provision, more: #""implicitRules":"http://example.org/r","#)
        #expect(refusals(rules, SmallConsents.options(setAside: ["implicitRules"])) == ["implicitRules"])
        let narrative = SmallConsents.resource(provision, more: #""text":{"status":"additional","div":"<div/>"},"#)
        #expect(refusals(narrative) == ["text"])
        let generated = SmallConsents.resource(provision, more: #""text":{"status":"generated","div":"<div/>"},"#)
        #expect(refusals(generated) == [])
        for status in ["draft", "rejected", "inactive", "entered-in-error"] {
            let text = String(decoding: SmallConsents.resource(provision), as: UTF8.self)
            let other = text.replacing("\"active\"", with: "\"\(status)\"")
            #expect(refusals(Array(other.utf8)) == ["status"])
        }
    }

    @Test("classes and codes on a person's consent become salted commitments, and never stand in the policy")
    func commitments() throws {
        let body = """
            "action":[\(SmallConsents.action("access"))],
            "class":[{"system":"http://hl7.org/fhir/resource-types","code":"MedicationRequest"}],
            "code":[\(SmallConsents.concept("http://snomed.info/sct", "44054006"))]
            """
        let found = try imported(SmallConsents.resource(#"{"provision":[{"type":"permit",\#(body)}]}"#))
        let provision = try #require(found.grant.policy.provisions.first)
        #expect(provision.codes.isEmpty)
        #expect(provision.restrictions == [0, 1])
        #expect(found.grant.commitments.map(\.kind) == [.recordClass, .recordClass])
        #expect(found.grant.commitments.map(\.commitment) == [Hash(Bytes32(0, 0, 0, 1)), Hash(Bytes32(0, 0, 0, 2))])
        var committed: [SortedList<CodedTerm>] = []
        _ = try FHIRConsentImport(
            SmallConsents.resource(#"{"provision":[{"type":"permit",\#(body)}]}"#), options: SmallConsents.options()
        ) { _, terms in
            committed.append(terms)
            return testHash("\(committed.count)")
        }
        #expect(
            committed == [
                [CodedTerm(system: .fhirResource, code: "MedicationRequest")],
                [CodedTerm(system: .snomed, code: "44054006")],
            ])
        // A denial of them can't be committed to.
        let denial = SmallConsents.resource(
            #"{"provision":[{"type":"permit","action":[\#(SmallConsents.action("access"))]},{"type":"deny",\#(body)}]}"#
        )
        #expect(refusals(denial) == ["provision.provision[1]"])
    }

    @Test("a permit is read narrowly, a denial widely")
    func actions() throws {
        let use = SmallConsents.action("use")
        let found = try imported(
            SmallConsents.resource(
                #"{"provision":[{"type":"permit","action":[\#(use)],"provision":[{"type":"deny","action":[\#(use)],"period":{"end":"2027"}}]}]}"#
            ))
        let permit = found.grant.policy.provisions[0]
        #expect(permit.actions == [.analyze])
        #expect(permit.provisions[0].actions == [.analyze, .train, .publish, .commercialize, .contact])
    }

    @Test("another performer than the patient is its guardian")
    func guardian() throws {
        let provision = #"{"provision":[{"type":"permit","action":[\#(SmallConsents.action("access"))]}]}"#
        let found = try imported(
            SmallConsents.resource(provision, more: #""performer":[{"reference":"RelatedPerson/r1"}],"#))
        #expect(found.grant.guardian == testAddress("mother"))
        let two = SmallConsents.resource(
            provision, more: #""performer":[{"reference":"Patient/p1"},{"reference":"RelatedPerson/r1"}],"#)
        #expect(refusals(two) == ["performer"])
    }

    @Test("hostile input is refused, never trapped on")
    func hostile() {
        let deep = String(repeating: #"{"provision":["#, count: 10_000)
        #expect(refusals(Array(deep.utf8)) == [""])
        #expect(refusals([UInt8](repeating: 0x20, count: HealthRecordLimits.consentBytes + 1)) == [""])
        #expect(refusals(Array(#"{"resourceType":"Consent","status":"active","status":"active"}"#.utf8)) == [""])
        #expect(refusals([]) == [""])
        #expect(refusals(Array("[]".utf8)) == [""])
        #expect(refusals(Array(#"{"resourceType":"Patient"}"#.utf8)) == ["resourceType"])
        // Nested deeper than the ledger keeps.
        var inner = #"{"type":"permit","action":[\#(SmallConsents.action("access"))]}"#
        for level in 0..<6 {
            inner =
                #"{"type":"\#(level.isMultiple(of: 2) ? "deny" : "permit")","action":[\#(SmallConsents.action("access"))],"provision":[\#(inner)]}"#
        }
        let nested = refusals(SmallConsents.resource(#"{"provision":[\#(inner)]}"#))
        #expect(!nested.isEmpty)
        // Many problems are counted up to a bound.
        let many = (0..<500).map { #""x\#($0)":1"# }.joined(separator: ",")
        #expect(refusals(Array(#"{"resourceType":"Consent",\#(many)}"#.utf8)).count == HealthRecordLimits.notes)
        var random = SeededRandom(seed: 9)
        let sample = SmallConsents.resource(
            #"{"provision":[{"type":"permit","period":{"start":"2026"},"action":[\#(SmallConsents.action("access"))]}]}"#
        )
        var read = 0
        for _ in 0..<20_000 {
            if refusals(random.mutated(sample)).isEmpty { read += 1 }
        }
        #expect(read < 20_000)
    }
}
