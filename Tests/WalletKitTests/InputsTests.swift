import Primitives
import Testing
import WalletKit

@Suite struct InputsTests {
    @Test(
        "An amount has at most the asset's decimals, and nothing is rounded",
        arguments: [
            ("25", 2, 2500 as UInt64?), ("25.00", 2, 2500), ("25.5", 2, 2550), ("0.01", 2, 1), ("25.001", 2, nil),
            ("-1", 2, nil), ("", 2, nil), (".5", 2, nil), ("5.", 2, nil), ("1e3", 2, nil), ("7", 0, 7), ("7.0", 0, nil),
            ("18446744073709551615", 0, UInt64.max), ("18446744073709551616", 0, nil), ("184467440737095517", 2, nil),
            ("1,5", 2, nil), (" 1", 2, nil), ("１", 2, nil),
        ])
    func amounts(text: String, decimals: Int, units: UInt64?) {
        #expect(Inputs.decimal(text, decimals: decimals) == units)
    }

    @Test("What is written is read again") func amountsRoundTrip() {
        for decimals in [0, 2, 18] {
            let style = AssetStyle(code: "EURX", decimals: decimals)
            for units: UInt64 in [0, 1, 99, 100, 12_345, .max] {
                let text = style.text(Amount(units)).split(separator: " ")[0]
                #expect(style.amount(String(text)) == Amount(units))
            }
        }
    }

    @Test(
        "A percentage has four decimals and ends at a hundred",
        arguments: [
            ("25", 250_000 as UInt32?), ("12.5%", 125_000), ("0.0001", 1), ("100", 1_000_000), ("100.0001", nil),
            ("0.00001", nil), ("x", nil), ("%", nil),
        ])
    func percentages(text: String, parts: UInt32?) {
        #expect(Inputs.percent(text)?.parts == parts)
    }

    @Test(
        "Times are UTC dates, Unix milliseconds, or lie ahead by a duration",
        arguments: [
            ("1970-01-01", 0 as UInt64?), ("2000-03-01", 951_868_800_000), ("2024-02-29", 1_709_164_800_000),
            ("2023-02-29", nil), ("2026-13-01", nil), ("2026-11-22T10:30", 1_795_343_400_000),
            ("2026-11-22T10:30:05Z", 1_795_343_405_000), ("2026-11-22T24:00", nil), ("2026-11-22T10:60", nil),
            ("1700000000000", 1_700_000_000_000), ("30d", 1_000 + 30 * 86_400_000), ("2026-1-1", nil), ("soon", nil),
            ("d", nil),
        ])
    func times(text: String, milliseconds: UInt64?) {
        #expect(Inputs.time(text, now: Timestamp(1_000))?.milliseconds == milliseconds)
    }

    @Test("A written date is read as the same day") func datesRoundTrip() {
        for day in stride(from: UInt64(0), through: 60_000, by: 173) {
            let time = Timestamp(day * 86_400_000)
            let text = dateText(time).split(separator: " ")[0]
            #expect(Inputs.time(String(text), now: Timestamp(0)) == time)
        }
    }

    @Test("A code is parted at its last colon") func codes() {
        #expect(Inputs.code("http://loinc.org:1234-5")?.system == "http://loinc.org")
        #expect(Inputs.code("mondo:0005148")?.code == "0005148")
        #expect(Inputs.code("mondo") == nil)
        #expect(Inputs.code("mondo:") == nil)
        #expect(Inputs.assignment("author=60")?.value == "60")
        #expect(Inputs.assignment("author") == nil)
    }

    @Test("What a period begins with lies in the past, and so does what is said to be ago") func pastTimes() {
        let now = Timestamp(1_767_225_600_000)
        #expect(Inputs.pastTime("1h", now: now) == Timestamp(1_767_222_000_000))
        #expect(Inputs.time("1h ago", now: now) == Timestamp(1_767_222_000_000))
        #expect(Inputs.time("1h", now: now) == Timestamp(1_767_229_200_000))
        #expect(
            Inputs.pastTime("2026-01-01", now: now) == now
                && Inputs.pastTime("2h ago", now: now) == Inputs.pastTime("2h", now: now))
        #expect(Inputs.pastTime("90y", now: now) == Timestamp(0))
        #expect(Inputs.time("soon ago", now: now) == nil && Inputs.time(" ago", now: now) == nil)
        #expect(Inputs.pastTime("soon", now: now) == nil)
    }

    @Test("A name stands for one thing of each kind, on one network") func names() throws {
        var things = NamedThings()
        let one = Bytes32.zero
        let network = Hash.zero
        let other = Hash(try #require(Bytes32([UInt8](repeating: 1, count: 32))))
        try things.add("score", one, kind: "inft", on: network)
        try things.add("score", other.bytes, kind: "offer", on: network)
        #expect(things.id(named: "score", kind: "inft", on: network) == one)
        #expect(things.id(named: "score", kind: "offer", on: network) == other.bytes)
        #expect(things.id(named: "score", kind: "inft", on: other) == nil)
        try things.add("renamed", one, kind: "inft", on: network)
        #expect(things.name(of: one, kind: "inft", on: network) == "renamed")
        #expect(things.id(named: "score", kind: "inft", on: network) == nil)
        #expect(throws: WalletFailure.self) { try things.add("tmnx1abc", one, kind: "inft", on: network) }

        // Nobody takes a name away unnoticed.
        let taken = #expect(throws: WalletFailure.self) {
            try things.add("renamed", other.bytes, kind: "inft", on: network)
        }
        #expect(taken?.kind == .usage && taken?.hint.contains("--move-name") == true)
        #expect(things.id(named: "renamed", kind: "inft", on: network) == one)
        try things.add("renamed", one, kind: "inft", on: network)
        try things.add("renamed", other.bytes, kind: "inft", on: network, moves: true)
        #expect(things.id(named: "renamed", kind: "inft", on: network) == other.bytes)

        var book = AddressBook()
        let anna = Party.account(Address(one))
        let ben = Party.account(Address(other.bytes))
        try book.add("anna", anna, on: network)
        #expect(throws: WalletFailure.self) { try book.add("anna", ben, on: network) }
        #expect(book.party(named: "anna", on: network) == anna)
        try book.add("anna", ben, on: other)
        try book.add("anna", ben, on: network, moves: true)
        #expect(book.party(named: "anna", on: network) == ben)
    }
}
