import Fixtures
import Primitives
import Testing

private struct BIP350: Decodable {
    struct Invalid: Decodable { let text: String, reason: String }
    struct Program: Decodable { let text: String, program: String }
    let valid: [String]
    let invalid: [Invalid]
    let programs: [Program]
    let badPadding: [String]
}

@Suite struct Bech32mTests {
    @Test func validStringsOfBIP350AreReadAndWrittenBack() throws {
        let vectors = try Fixture.load("bip350", as: BIP350.self)
        #expect(!vectors.valid.isEmpty)
        for one in vectors.valid {
            let text = String(decoding: one.hexadecimalBytes, as: UTF8.self)
            let (prefix, groups) = try Bech32m.decodeGroups(text)
            #expect(Bech32m.encode(humanReadablePart: prefix, fiveBitGroups: groups) == text.lowercased())
        }
    }

    @Test func invalidStringsOfBIP350AndTheOldChecksumAreRefused() throws {
        let vectors = try Fixture.load("bip350", as: BIP350.self)
        #expect(!vectors.invalid.isEmpty)
        for one in vectors.invalid {
            let text = String(decoding: one.text.hexadecimalBytes, as: UTF8.self)
            #expect(throws: Bech32m.Failure.self, "\(one.reason)") { try Bech32m.decodeGroups(text) }
        }
    }

    @Test func witnessProgramsOfBIP350GiveTheirBytes() throws {
        let vectors = try Fixture.load("bip350", as: BIP350.self)
        #expect(!vectors.programs.isEmpty)
        for one in vectors.programs {
            let (_, groups) = try Bech32m.decodeGroups(
                String(decoding: one.text.hexadecimalBytes, as: UTF8.self))
            // The witness version stands before the program; without it the groups are those of the bytes.
            let text = Bech32m.encode(humanReadablePart: "mnx", fiveBitGroups: Array(groups.dropFirst()))
            #expect(try Bech32m.decode(text).bytes == one.program.hexadecimalBytes)
        }
    }

    @Test func paddingMustBeShortAndZero() throws {
        let vectors = try Fixture.load("bip350", as: BIP350.self)
        #expect(vectors.badPadding.count == 2)
        for one in vectors.badPadding {
            let (_, groups) = try Bech32m.decodeGroups(String(decoding: one.hexadecimalBytes, as: UTF8.self))
            let text = Bech32m.encode(humanReadablePart: "mnx", fiveBitGroups: Array(groups.dropFirst()))
            #expect(throws: Bech32m.Failure.badPadding) { try Bech32m.decode(text) }
        }
    }

    @Test func everyChangeOfOneCharacterOfAnAddressIsFound() {
        let text = Address(Bytes32(1, 2, 3, 4)).description
        var characters = Array(text.utf8)
        for index in characters.indices {
            let original = characters[index]
            for other in UInt8(33)...126 where other != original {
                characters[index] = other
                let changed = String(decoding: characters, as: UTF8.self)
                #expect(TypedText.decode(changed, kind: "", network: nil) == nil, "\(changed)")
            }
            characters[index] = original
        }
        #expect(TypedText.decode(text, kind: "", network: .main) == Bytes32(1, 2, 3, 4))
        #expect(TypedText.decode(text.uppercased(), kind: "", network: .main) == Bytes32(1, 2, 3, 4))
    }

    @Test func aTextOfOneKindOrNetworkIsNotReadAsAnother() {
        let bytes = Bytes32(5, 6, 7, 8)
        let inft = TypedText.encode(bytes, kind: INFTKind.name, network: .test)
        #expect(inft.hasPrefix("tmnxinft1"))
        #expect(TypedText.decode(inft, kind: INFTKind.name, network: .test) == bytes)
        #expect(TypedText.decode(inft, kind: INFTKind.name, network: .main) == nil)
        #expect(TypedText.decode(inft, kind: LicenseKind.name, network: .test) == nil)
        #expect(Party(text: inft, network: .test) == nil)
    }
}

@Suite struct HexadecimalTests {
    @Test func everyByteGoesBothWays() {
        let bytes = (UInt8.min...UInt8.max).map { $0 }
        #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
    }

    @Test(arguments: ["0", "AB", "0x", "g0", " 00", "00 ", "é"])
    func whatIsNotLowerCaseHexadecimalIsRefused(_ text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }
}

@Suite struct LocalizedTextTests {
    @Test func typedTextsInASentenceGetTheNetworksPrefixAndNothingElseChanges() {
        let bytes = Bytes32(1, 2, 3, 4)
        func sentence(_ network: NetworkKind) -> String {
            let inft = TypedText.encode(bytes, kind: "inft", network: network)
            let account = TypedText.encode(bytes, kind: "", network: network)
            return "\(inft) belongs to (\(account)), not to mnx1qqqq, \u{e9}mnxinft1, \(bytes)."
        }
        #expect(TypedText.localized(sentence(.main), network: .test) == sentence(.test))
        #expect(TypedText.localized(sentence(.main), network: .main) == sentence(.main))
        #expect(TypedText.localized(sentence(.test), network: .test) == sentence(.test))
        for plain in ["", "mnx", "no ids at all", "mnx1"] {
            #expect(TypedText.localized(plain, network: .test) == plain)
        }
    }
}

@Suite struct DurationTextTests {
    @Test(
        "A length of time is told by its two largest units",
        arguments: [
            (0 as UInt64, "0 seconds"), (999, "0 seconds"), (1_000, "1 second"), (90_000, "1 minute 30 seconds"),
            (60_000, "1 minute"), (7_200_000, "2 hours"), (90_000_000, "1 day 1 hour"), (86_405_000, "1 day"),
            (1_209_600_000, "14 days"), (.max, "213503982334 days 14 hours"),
        ])
    func words(milliseconds: UInt64, text: String) {
        #expect(DurationText.words(milliseconds: milliseconds) == text)
    }

    @Test("A length that is signed is said exactly, in its largest whole unit")
    func exactDurations() {
        let said: [(UInt64, String)] = [
            (86_400_000, "1 day"), (14 * 86_400_000, "14 days"), (36 * 3_600_000, "36 hours"), (90_000, "90 seconds"),
            (1, "1 millisecond"), (86_400_001, "86400001 milliseconds"), (0, "0 milliseconds"),
        ]
        for (milliseconds, text) in said { #expect(DurationText.exact(milliseconds: milliseconds) == text) }
    }

    @Test("Every day of two eras of 400 years, and what the calendar is known by")
    func civilDates() {
        var date = CivilDate(year: 1599, month: 12, day: 31)
        for days in date.days + 1...CivilDate(year: 2400, month: 1, day: 1).days {
            let isLast = date.day == CivilDate.length(date.year, date.month)
            let month = isLast ? date.month % 12 + 1 : date.month
            date = CivilDate(
                year: date.year + (isLast && month == 1 ? 1 : 0), month: month, day: isLast ? 1 : date.day + 1)
            guard CivilDate(days: days) == date, date.days == days else {
                Issue.record("day \(days) is not \(date)")
                return
            }
        }
        #expect(CivilDate(days: 0) == CivilDate(year: 1970, month: 1, day: 1))
        #expect(CivilDate(year: 2000, month: 2, day: 29).days == 11_016)
        #expect(CivilDate(days: -719_468) == CivilDate(year: 0, month: 3, day: 1))
        #expect(Timestamp(1_769_850_300_000).text == "2026-01-31 09:05:00 UTC")
        #expect(!Timestamp(.max).text.isEmpty)
    }
}
