import Consents
import FoundationEssentials
import HealthRecords
import Interface
import Primitives
import TestSupport
import Testing

/// Real files, where MEDNEXUS_HEALTH names a folder with `consent/fhir-r4` (the Consent examples of FHIR R4 4.0.1) and
/// `similarity/phenopackets` (of monarch-initiative/phenopacket-store).
private let health = ProcessInfo.processInfo.environment["MEDNEXUS_HEALTH"]

@Suite(.enabled(if: health != nil, "MEDNEXUS_HEALTH names no folder")) struct PublishedRecordTests {
    static func files(_ folder: String, _ isWanted: (String) -> Bool) throws -> [(name: String, bytes: [UInt8])] {
        let root = URL(filePath: try #require(health)).appending(path: folder)
        return try FileManager.default.subpathsOfDirectory(atPath: root.path).filter(isWanted).sorted().map {
            ($0, Array(try Data(contentsOf: root.appending(path: $0))))
        }
    }

    static let parties: [String: Party] = Dictionary(
        uniqueKeysWithValues: [
            "Patient/f001", "Patient/example", "Patient/72", "Patient/xcda", "RelatedPerson/peter", "Organization/f001",
            "Practitioner/f204", "Practitioner/13", "Practitioner/xcda-author",
        ].map { ($0, .account(testAddress($0))) })

    /// By what a person says of the resource: what it is refused for; none if it is imported.
    static func problems(_ bytes: [UInt8], _ options: FHIRConsentOptions) -> [String] {
        do {
            let found = try FHIRConsentImport(bytes, options: options) { _, terms in testHash("\(terms)") }
            let exported = FHIRConsentExport.resource(
                found.grant, id: nil, status: .active, grantedAt: nil, networkKind: .test)
            let again = try FHIRConsentImport(exported, options: FHIRConsentOptions(networkKind: .test)) { _, _ in
                Hash(.zero)
            }
            #expect(again.grant == found.grant)
            return []
        } catch {
            return error.problems.map(\.path)
        }
    }

    @Test("every published consent is imported, or refused by the name of what can't be represented")
    func consents() throws {
        /// With everything that a person can say, reading the root as permit and as deny.
        let expected: [String: (permit: [String], deny: [String])] = [
            "basic": ([], []),
            "Emergency": (["provision.provision[0]"], ["provision.provision[0].type"]),
            "Out": ([], ["provision"]),
            "grantor": ([], ["provision"]),
            "notAuthor": ([], ["provision"]),
            "notOrg": (["provision.action[1]"], ["provision.action[1]"]),
            "notThem": (["provision.action[1]"], ["provision.action[1]"]),
            "notThis": (["provision.data"], ["provision.data"]),
            "notTime": ([], []),
            "pkb": (["provision.securityLabel"], ["provision.securityLabel"]),
            "signature": (["provision.provision[0].type"], ["provision.provision[0].actor[0].role"]),
            "smartonfhir": (["provision.provision[0].type"], []),
        ]
        let files = try Self.files("consent/fhir-r4") { $0.hasPrefix("Consent-") }
        #expect(files.count == 12)
        for file in files {
            let name = file.name.replacing("Consent-consent-example-", with: "").replacing(".json", with: "")
            let bare = Self.problems(file.bytes, FHIRConsentOptions(parties: Self.parties, networkKind: .test))
            #expect(!bare.isEmpty, "\(name) has conditions at its root, and nobody said how to read them")
            for kind in ProvisionKind.allCases {
                let found = Self.problems(
                    file.bytes,
                    FHIRConsentOptions(
                        parties: Self.parties, rootKind: kind, actions: [.access],
                        setAside: ["category", "sourceAttachment"], networkKind: .test))
                print("\(name) read as \(kind.name):", found.isEmpty ? "imported" : found.joined(separator: ", "))
                let wanted = try #require(expected[name])
                let paths = kind == .permit ? wanted.permit : wanted.deny
                #expect(paths.isEmpty == found.isEmpty)
                for path in paths { #expect(found.contains(path), "\(name) read as \(kind.name): \(found)") }
            }
        }
    }

    @Test("every published phenopacket is de-identified, and no text of it that is no code gets out")
    func phenopackets() throws {
        let files = try Self.files("similarity/phenopackets") { $0.hasSuffix(".json") }
        #expect(files.count >= 354)
        var kept = 0
        var removed: [String: UInt64] = [:]
        for (index, file) in files.enumerated() {
            let result = try Deidentification.run(file.bytes, seed: Bytes32(5, 6, 7, UInt64(index)))
            let output = try JSONParser.parse(result.bytes)
            let input = try JSONParser.parse(file.bytes)
            for line in result.report.removed { removed["\(line.path) \(line.rule)", default: 0] += line.count }
            let written = Set(Self.strings(output))
            kept += written.count
            // Any text that both have is a code: no blank, no date, no identifier.
            for text in written.intersection(Self.strings(input)) {
                #expect(Self.isPlainCode(text), "\(file.name): \(text)")
            }
            let whole = String(decoding: result.bytes, as: UTF8.self)
            for text in Self.identifying(input) where text.utf8.count > 3 {
                #expect(!whole.contains(text), "\(file.name): \(text)")
            }
            let features = input["phenotypicFeatures"]?.array?.count ?? 0
            #expect(output["phenotypicFeatures"]?.array?.count ?? 0 == features, "\(file.name) lost findings")
        }
        print("\(files.count) phenopackets, \(kept) texts kept")
        for (line, count) in removed.sorted(by: { $0.key < $1.key }) { print(count, line) }
    }

    static func strings(_ value: JSONValue) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap { strings($0) }
        case .object(let object): object.members.flatMap { strings($0.value) }
        default: []
        }
    }

    /// What identifies in these files.
    static func identifying(_ packet: JSONValue) -> [String] {
        let meta = packet["metaData"]
        var texts = [packet["id"], packet["subject"]?["id"], meta?["created"], meta?["createdBy"]].compactMap {
            $0?.string
        }
        for reference in meta?["externalReferences"]?.array ?? [] { texts += strings(reference) }
        for interpretation in packet["interpretations"]?.array ?? [] {
            texts += [interpretation["id"]].compactMap { $0?.string }
            for genomic in interpretation["diagnosis"]?["genomicInterpretations"]?.array ?? [] {
                let descriptor = genomic["variantInterpretation"]?["variationDescriptor"]
                texts += [descriptor?["id"], descriptor?["label"]].compactMap { $0?.string }
            }
        }
        return texts.filter { !["proband", "patient"].contains($0.lowercased()) }
    }

    static func isPlainCode(_ text: String) -> Bool {
        !text.contains(" ") && !text.hasPrefix("PMID") && !text.hasPrefix("http")
            && text.wholeMatch(of: /.*[0-9]{4}-[0-9]{2}-[0-9]{2}.*/) == nil
    }
}
