import INFTs
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct MintTests {
    let sandbox = Sandbox()
    var alice: Party { sandbox.party("alice") }
    var bob: Party { sandbox.party("bob") }

    private func refused(_ mint: Mint, as name: String = "alice", cosigners: [String] = []) throws -> String? {
        try reason { try sandbox.execute(mint, as: name, cosigners: cosigners) }
    }

    @Test func aMintMakesRecordVersionVaultHistoryAndEvent() throws {
        let context = try sandbox.execute(sampleMint("score", owner: alice))
        let id: INFTID = context.madeIdentifier()
        let record = try sandbox.record(id)
        #expect(record.owner == alice && record.versionCount == 1 && record.status == .active)
        #expect(try INFTRegistry.version(1, of: id, in: sandbox.state)?.content == content("score"))
        #expect(try Vaults.holders(of: id, in: sandbox.state).map(\.party) == [alice])
        #expect(context.events.map { $0.name } == ["inft.minted"])
        #expect(context.events.first?.topics == [.inft(id), .party(alice)])
    }

    @Test func creatorsMustHaveSigned() throws {
        let half = PartsPerMillion(500_000) ?? .zero
        let creators = [alice, bob].sorted().map { Creator(party: $0, contribution: half, roles: []) }
        let mint = sampleMint("joint", owner: alice, creators: creators)
        #expect(try refused(mint) == "not_authorized")
        #expect(try refused(mint, cosigners: ["bob"]) == nil)
        #expect(
            try refused(sampleMint("x", owner: alice, creators: creators.reversed()), cosigners: ["bob"])
                == "creators_invalid")
        #expect(
            try refused(sampleMint("x", owner: alice, creators: [creators[0], creators[0]]), cosigners: ["bob"])
                == "creators_invalid")
        let less = [Creator(party: alice, contribution: half, roles: [])]
        #expect(try refused(sampleMint("x", owner: alice, creators: less)) == "contributions_not_whole")
        #expect(try refused(sampleMint("x", owner: alice, creators: [])) == "creators_invalid")
        let roles = [Creator(party: alice, contribution: whole, roles: [.software, .conceptualization])]
        #expect(try refused(sampleMint("x", owner: alice, creators: roles)) == "list_unsorted")
    }

    @Test(arguments: [
        ("", UInt64(1), "text/plain", "https://e.org", "title_missing"),
        ("t", 0, "text/plain", "https://e.org", "content_invalid"),
        ("t", 1 << 45, "text/plain", "https://e.org", "content_invalid"),
        ("t", 1, "plain", "https://e.org", "content_invalid"),
        ("t", 1, "Text/plain", "https://e.org", "content_invalid"),
        ("t", 1, "text/plain/x", "https://e.org", "content_invalid"),
        ("t", 1, "text/plain", "no colon", "content_invalid"),
        ("t", 1, "text/plain", "https:", "content_invalid"),
        ("t", 1, "text/plain", "https://e.org/a b", "content_invalid"),
        ("a\nb", 1, "text/plain", "https://e.org", "text_invalid"),
        (String(repeating: "é", count: 129), 1, "text/plain", "https://e.org", "text_invalid"),
    ])
    func malformedContentIsRefused(
        title: String, size: UInt64, mediaType: String, location: String, expected: String
    ) throws {
        let version = ContentVersion.open(
            OpenContent(hash: testHash("x"), size: size, mediaType: mediaType, location: location))
        let mint = sampleMint(
            "x", owner: alice, content: version, metadata: INFTMetadata(title: title))
        #expect(try refused(mint) == expected)
    }

    @Test(arguments: [
        (INFTMetadata(title: "t", language: "english"), "language_invalid"),
        (INFTMetadata(title: "t", language: "e"), "language_invalid"),
        (INFTMetadata(title: "t", language: "en-"), "language_invalid"),
        (INFTMetadata(title: "t", codes: [MetadataCode(system: "loinc", code: "1")]), "code_invalid"),
        (INFTMetadata(title: "t", codes: [MetadataCode(system: "urn:x", code: "a b")]), "code_invalid"),
        (
            INFTMetadata(
                title: "t", codes: [MetadataCode(system: "urn:x", code: "2"), MetadataCode(system: "urn:x", code: "1")]),
            "list_unsorted"
        ),
        (INFTMetadata(title: "t", jurisdictions: ["XX"]), "jurisdiction_invalid"),
        (INFTMetadata(title: "t", jurisdictions: ["US", "DE"]), "list_unsorted"),
        (INFTMetadata(title: "t", abstract: String(repeating: "a", count: 2_049)), "text_invalid"),
        (INFTMetadata(title: "t", abstract: "bell \u{7}"), "text_invalid"),
        // A person's identifier is a salted commitment in a credential, never a public code or text.
        (INFTMetadata(title: "t", codes: [MetadataCode(system: "u:x", code: "0000-0002-1825-0097")]), "code_invalid"),
        (
            INFTMetadata(
                title: "t", codes: [MetadataCode(system: "http://hl7.org/fhir/sid/us-npi", code: "1234567893")]),
            "code_invalid"
        ),
        (INFTMetadata(title: "t", codes: [MetadataCode(system: "https://orcid.org", code: "x")]), "code_invalid"),
        (INFTMetadata(title: "of 0000-0002-1825-0097"), "text_invalid"),
        (INFTMetadata(title: "t", abstract: "by https://orcid.org/0000-0002-1825-0097."), "text_invalid"),
    ])
    func malformedMetadataIsRefused(metadata: INFTMetadata, expected: String) throws {
        #expect(try refused(sampleMint("x", owner: alice, metadata: metadata)) == expected)
    }

    @Test func aCaseHasNoFreeTextNoCodesAndNoPlace() throws {
        func mint(_ metadata: INFTMetadata, human: Bool = true) -> Mint {
            sampleMint("x", owner: alice, inftClass: .case_, metadata: metadata, hasHumanData: human)
        }
        #expect(try refused(mint(INFTMetadata(title: "a rare case"))) == "case_metadata")
        #expect(try refused(mint(INFTMetadata(title: "", abstract: "text"))) == "case_metadata")
        let code = MetadataCode(system: "urn:x", code: "1")
        #expect(try refused(mint(INFTMetadata(title: "", codes: [code]))) == "case_metadata")
        #expect(try refused(mint(INFTMetadata(title: "", jurisdictions: ["DE"]))) == "case_metadata")
        #expect(try refused(mint(INFTMetadata(title: "", language: "de"), human: false)) == "human_data_required")
        #expect(try refused(mint(INFTMetadata(title: "", language: "de"))) == "consent_set_missing")
    }

    @Test func dataAboutPeopleCitesAConsentSet() throws {
        func mint(_ human: Bool, _ set: ConsentSetID?) -> Mint {
            sampleMint(
                "x", owner: alice, inftClass: .dataset, metadata: metadata("x"), hasHumanData: human, consentSet: set)
        }
        #expect(try refused(mint(true, nil)) == "consent_set_missing")
        #expect(try refused(mint(true, testIdentifier("none"))) == "consent_set_unknown")
        #expect(try refused(mint(false, testIdentifier("none"))) == "consent_set_unneeded")
    }

    @Test func versionsAreRevisedUntilFrozen() throws {
        let id = try sandbox.mint("score")
        #expect(try reason { try sandbox.execute(Revise(inft: id, content: content("score"))) } == "content_unchanged")
        #expect(try reason { try sandbox.execute(Revise(inft: id, content: content("two")), as: "bob") } == "not_owner")
        try sandbox.execute(Revise(inft: id, content: content("two")))
        try sandbox.execute(SetMetadata(inft: id, metadata: metadata("Score, revised")))
        #expect(
            try reason { try sandbox.execute(SetMetadata(inft: id, metadata: metadata("Score, revised"))) }
                == "metadata_unchanged")
        try sandbox.execute(Freeze(inft: id))
        #expect(try sandbox.record(id).isFrozen && sandbox.record(id).versionCount == 2)
        #expect(try reason { try sandbox.execute(Revise(inft: id, content: content("three"))) } == "inft_frozen")
        #expect(try reason { try sandbox.execute(SetMetadata(inft: id, metadata: metadata("x"))) } == "inft_frozen")
        #expect(try reason { try sandbox.execute(Freeze(inft: id)) } == "inft_frozen")
        try sandbox.execute(Retire(inft: id))
        #expect(try reason { try sandbox.execute(Retire(inft: id)) } == "inft_not_active")
        #expect(try reason { try sandbox.execute(Retire(inft: testIdentifier("none"))) } == "unknown_inft")
    }
}
