import Consents
import HealthRecords
import Interface
import Primitives
import TestSupport
import Testing

@Suite struct AuditEventTests {
    static let disclosure = DisclosureStatement(
        id: "d1", recordedAt: testStart, custodian: SmallConsents.clinic, recipient: SmallConsents.nurse,
        subject: SmallConsents.patient, actions: [.access], purposes: [.treatment], consent: "tmnxconsent1x",
        content: "tmnxinft1x")

    @Test("a disclosure says who, to whom, of whom, when, for what and under which consent")
    func shape() throws {
        let event = FHIRAuditEvent.resource(
            Self.disclosure, networkKind: .test, names: [SmallConsents.nurse: "Clara"])
        #expect(event["recorded"]?.string == "2026-01-01T00:00:00.000Z")
        let agents = try #require(event["agent"]?.array)
        #expect(agents.count == 2)
        #expect(agents[0]["policy"]?.array == ["urn:mednexus:consent:tmnxconsent1x"])
        #expect(agents[1]["who"]?["display"]?.string == "Clara")
        #expect(agents[1]["who"]?["identifier"]?["value"]?.string?.hasPrefix("tmnx1") == true)
        #expect(agents[0]["who"]?["display"] == nil)
        let entities = try #require(event["entity"]?.array)
        #expect(entities[0]["role"]?["code"]?.string == "1")
        #expect(entities[1]["what"]?["identifier"]?["value"]?.string == "tmnxinft1x")
        #expect(event["purposeOfEvent"]?.array?.first?["coding"]?.array?.first?["code"]?.string == "TREAT")
    }

    @Test("an emergency says that it was one; a set of consents names no subject")
    func emergency() throws {
        let disclosure = DisclosureStatement(
            id: "d2", recordedAt: testStart, custodian: SmallConsents.clinic, recipient: SmallConsents.nurse,
            subject: nil, actions: [.access], purposes: [], consent: nil, content: nil,
            isEmergency: true)
        let event = FHIRAuditEvent.resource(disclosure, networkKind: .test)
        #expect(event["subtype"]?.array?.first?["code"]?.string == "emergency")
        #expect(event["purposeOfEvent"]?.array?.first?["coding"]?.array?.first?["code"]?.string == "BTG")
        #expect(event["entity"]?.array?.count == 1)
        #expect(event["entity"]?.array?[0]["what"]?["identifier"]?["value"]?.string == "d2")
        // What was answered anew for uses gave nobody a copy.
        let uses = DisclosureStatement(
            id: "d3", recordedAt: testStart, custodian: SmallConsents.clinic, recipient: SmallConsents.nurse,
            subject: nil, actions: [.access], purposes: [.research], consent: nil, content: nil, isWithoutCopy: true)
        let answered = FHIRAuditEvent.resource(uses, networkKind: .test)
        #expect(answered["subtype"]?.array?.first?["code"]?.string == "uses")
        let bundle = FHIRAuditEvent.bundle([disclosure, Self.disclosure], networkKind: .test)
        #expect(bundle["entry"]?.array?.count == 2)
        #expect(FHIRAuditEvent.bundle([], networkKind: .test)["entry"] == nil)
    }
}
