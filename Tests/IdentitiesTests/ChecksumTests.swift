import Cryptography
import Foundation
import Identities
import Primitives
import TestSupport
import Testing

struct ChecksumTests {
    struct Vectors: Decodable {
        struct Pair: Decodable { let valid, invalid: [String] }
        let npi, orcid, lei, ror: Pair
    }

    static let vectors: Vectors = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Specs/vectors/identifiers.json")
        do {
            return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
        } catch {
            fatalError("Specs/vectors/identifiers.json can't be read: \(error)")
        }
    }()

    @Test("Published identifiers pass their checksum, altered ones do not")
    func publishedIdentifiers() {
        func check(_ pair: Vectors.Pair, _ isValid: (String) -> Bool) {
            #expect(pair.valid.count >= 2 && pair.invalid.count >= 5)
            for text in pair.valid { #expect(isValid(text), "\(text)") }
            for text in pair.invalid { #expect(!isValid(text), "\(text)") }
        }
        check(Self.vectors.npi, Checksums.isNPI)
        check(Self.vectors.orcid, Checksums.isORCID)
        check(Self.vectors.lei, Checksums.isLEI)
        check(Self.vectors.ror, Checksums.isROR)
    }

    @Test("Every single wrong digit of a published identifier is found")
    func singleErrors() {
        func check(_ texts: [String], _ isValid: (String) -> Bool) {
            for text in texts {
                for index in text.utf8.indices where (48...57).contains(text.utf8[index]) {
                    for digit in UInt8(48)...57 where digit != text.utf8[index] {
                        let head = Array(text.utf8[..<index])
                        let tail = Array(text.utf8[text.utf8.index(after: index)...])
                        #expect(!isValid(String(decoding: head + [digit] + tail, as: UTF8.self)))
                    }
                }
            }
        }
        check(Self.vectors.npi.valid, Checksums.isNPI)
        check(Self.vectors.orcid.valid, Checksums.isORCID)
        check(Self.vectors.lei.valid, Checksums.isLEI)
        check(Self.vectors.ror.valid, Checksums.isROR)
    }

    @Test("A person's identifier is committed to under its salt, and never made of a wrong one")
    func commitments() throws {
        #expect(PersonIdentifier(scheme: .npi, value: "1234567890") == nil)
        #expect(PersonIdentifier(scheme: .orcid, value: "0000-0002-1825-0098") == nil)
        let npi = try #require(PersonIdentifier(scheme: .npi, value: "1234567893"))
        let one = npi.commitment(salt: testHash("one").bytes)
        #expect(one.scheme == .npi)
        #expect(one != npi.commitment(salt: testHash("other").bytes))
        #expect(one == npi.commitment(salt: testHash("one").bytes))
        let bytes = testHash("one").bytes.array + [0] + Array("1234567893".utf8)
        #expect(one.commitment == HashTag("mednexus/person-identifier").hash(bytes))
    }

    @Test("Jurisdictions are countries of ISO 3166-1 or subdivisions by the form of ISO 3166-2")
    func jurisdictions() {
        #expect(Jurisdictions.countries.count == 249)
        for code in ["DE", "US", "US-CA", "GB-SCT", "FR-75C", "AT-9"] { #expect(Jurisdictions.isValid(code)) }
        for code in ["", "D", "XX", "UK", "de", "US-", "US-CALI", "USCA", "US_CA", "US-ca", "DEU"] {
            #expect(!Jurisdictions.isValid(code), "\(code)")
        }
        #expect(Jurisdictions.covers(["US"], "US-CA"))
        #expect(!Jurisdictions.covers(["US-CA"], "US"))
        #expect(Jurisdictions.covers([], "DE"))
        #expect(Jurisdictions.covers([], all: ["DE"]) && Jurisdictions.covers([], all: []))
        #expect(!Jurisdictions.covers(["DE"], all: []) && !Jurisdictions.covers(["DE"], all: ["DE", "FR"]))
    }

    @Test("Language tags are well-formed by RFC 5646, appendix A")
    func languageTags() {
        let wellFormed = [
            "de", "fr", "ja", "zh-Hant", "zh-cmn-Hans-CN", "cmn-Hans-CN", "zh-yue-HK", "sr-Latn-RS", "sl-rozaj",
            "sl-rozaj-biske", "de-CH-1901", "sl-IT-nedis", "hy-Latn-IT-arevela", "de-DE", "es-419",
            "de-CH-x-phonebk", "az-Arab-x-AZE-derbend", "x-whatever", "en-US-u-islamcal", "en-a-myext-b-another",
        ]
        for tag in wellFormed { #expect(LanguageTags.isWellFormed(tag), "\(tag)") }
        let wrong = [
            "", "a-DE", "de-419-DE", "ar-a-aaa-b-bbb-a-ccc", "d", "de-", "-de", "de_DE", "x", "de-x",
            "sl-rozaj-rozaj", "en-a", "abcdefghi", "d1", "zh-Hant-Latn",
        ]
        for tag in wrong { #expect(!LanguageTags.isWellFormed(tag), "\(tag)") }
    }
}
