internal import Cryptography
internal import Primitives

extension HashTag {
    fileprivate static let casePseudonym = HashTag("mednexus/case-pseudonym")
    fileprivate static let caseCalendar = HashTag("mednexus/case-calendar")
}

/// What is random in one de-identification: pseudonyms and calendars, all from 32 fresh bytes that nobody keeps.
///
/// A pseudonym is made from its number in the order of appearance, never from what it replaces: 45 CFR 164.514(c) wants
/// a code that is not derived from information about the individual.
struct CaseSecrets {
    private let seed: Bytes32
    private var numbers: [String: UInt64] = [:]

    init(seed: Bytes32) { self.seed = seed }

    /// How many things have a pseudonym.
    var count: Int { numbers.count }

    /// Sixteen bytes, the same for the same `original`.
    mutating func pseudonym(_ original: String) -> [UInt8] {
        let number = numbers[original] ?? UInt64(numbers.count)
        numbers[original] = number
        return Array(draw(.casePseudonym, number)[..<16])
    }

    /// The day of a made-up calendar, between the years 1000 and 1100, on which a subject's first date falls.
    func originDay(subject number: Int) -> Int64 {
        let bytes = draw(.caseCalendar, UInt64(number))
        let value = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return CivilDate(year: 1000, month: 1, day: 1).days + Int64(value % 36_525)
    }

    private func draw(_ tag: HashTag, _ number: UInt64) -> [UInt8] {
        var hasher = tag.hasher
        hasher.update(seed)
        hasher.update((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) })
        return hasher.finalize().bytes.array
    }
}

/// The dates of one subject, as days from its first.
///
/// Safe Harbor removes every element of a date but the year. Nothing of a date is left here, not even the year: the
/// subject's first date falls on a random day of a made-up calendar, and only the days between dates are true, as ages
/// are. Ninety years after the first date time stands still, since whatever is later would tell an age above 89.
struct SubjectCalendar {
    static let ninetyYears: Int64 = 32_872
    let origin: Int64
    private(set) var first: Int64?

    init(origin: Int64) { self.origin = origin }

    mutating func note(_ day: Int64) { first = min(first ?? day, day) }

    func shifted(_ day: Int64) -> CivilDate {
        CivilDate(days: origin + min(max(day - (first ?? day), 0), Self.ninetyYears))
    }
}

/// Ages, of which those above 89 become 90.
enum Ages {
    /// `P2Y8M`: digits and dots, years to days, perhaps hours. Nil if it is no ISO 8601 duration.
    static func parse(_ text: String) -> (years: Double, isAggregated: Bool)? {
        guard text.utf8.count <= 32, text.hasPrefix("P"), text.utf8.count >= 3 else { return nil }
        var years = 0.0
        var number = ""
        var isTime = false
        var order = ["Y", "M", "W", "D", "T", "H", "M", "S"][...]
        for character in text.dropFirst() {
            if character.isASCII, character.isNumber || character == "." {
                number.append(character)
                continue
            }
            let designator = String(character)
            guard let position = order.firstIndex(of: designator) else { return nil }
            order = order[(position + 1)...]
            if designator == "T" {
                guard number.isEmpty else { return nil }
                isTime = true
                continue
            }
            guard let value = Double(number), number.first != ".", number.last != "." else { return nil }
            number = ""
            switch (designator, isTime) {
            case ("Y", _): years += value
            case ("M", false): years += value / 12
            case ("W", _): years += value * 7 / 365.25
            case ("D", _): years += value / 365.25
            default: years += value / 8766 / (designator == "H" ? 1 : designator == "M" ? 60 : 3600)
            }
        }
        guard number.isEmpty, order.count < 8, text.last != "T" else { return nil }
        return (years, years >= 90)
    }

    /// Years in so many of a UCUM unit of time; nil for other units.
    static func years(_ value: Double, unit: String) -> Double? {
        switch unit {
        case "a": value
        case "mo": value / 12
        case "wk": value * 7 / 365.25
        case "d": value / 365.25
        case "h": value / 8766
        case "min": value / 525_960
        default: nil
        }
    }

    /// LOINC's observations whose value is an age.
    static let observations: Set<String> = [
        "30525-0", "21612-7", "29553-5", "30972-4", "35659-2", "39016-1", "63900-5",
    ]
}
