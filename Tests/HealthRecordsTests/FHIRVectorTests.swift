import Consents
import FoundationEssentials
import HealthRecords
import Interface
import Primitives
import TestSupport
import Testing

/// Specs/vectors/fhir.json holds what is exported of random consents and of disclosures. Tests/Python/test_fhir.py reads
/// it with an independent FHIR library; here it is what the code writes today. MEDNEXUS_WRITE_VECTORS=1 writes it anew.
@Suite struct FHIRVectorTests {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Specs/vectors/fhir.json")

    static func resources() -> [JSONValue] {
        var random = RandomGrants(seed: 7)
        let statuses: [ConsentStatus] = [.active, .proposed, .withdrawn, .expired]
        var resources = (0..<24).map { index in
            FHIRConsentExport.resource(
                random.grant(), id: testIdentifier("consent \(index)"), status: statuses[index % 4],
                grantedAt: testStart, networkKind: .test)
        }
        let emergency = DisclosureStatement(
            id: "d2", recordedAt: testStart, custodian: SmallConsents.clinic, recipient: SmallConsents.nurse,
            subject: nil, actions: [.access, .analyze], purposes: [.emergencyTreatment], consent: nil, content: nil,
            isEmergency: true)
        resources.append(
            FHIRAuditEvent.resource(
                AuditEventTests.disclosure, networkKind: .test, names: [SmallConsents.nurse: "Clara"]))
        resources.append(FHIRAuditEvent.bundle([AuditEventTests.disclosure, emergency], networkKind: .test))
        return resources
    }

    @Test("the file of vectors is what is exported")
    func vectors() throws {
        var lines = Self.resources().map { "    " + $0.text }
        for index in lines.indices.dropLast() { lines[index] += "," }
        let text =
            "{\n  \"source\": \"made by Tests/HealthRecordsTests/FHIRVectorTests.swift\",\n  \"resources\": [\n"
            + lines.joined(separator: "\n") + "\n  ]\n}\n"
        if ProcessInfo.processInfo.environment["MEDNEXUS_WRITE_VECTORS"] != nil {
            try Data(text.utf8).write(to: Self.file)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == text)
    }
}
