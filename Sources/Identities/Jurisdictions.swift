/// Codes of ISO 3166: `DE` (3166-1 alpha-2, officially assigned) or `US-CA` (3166-2: a hyphen and one to three capitals
/// or digits behind a country). Subdivisions are checked by form; their lists change too often for a rule of validity.
public enum Jurisdictions {
    public static func isValid(_ code: String) -> Bool {
        let characters = Array(code.utf8)
        guard characters.count == 2 || (4...6).contains(characters.count) else { return false }
        guard countries.contains(String(decoding: characters.prefix(2), as: UTF8.self)) else { return false }
        if characters.count == 2 { return true }
        return characters[2] == 45
            && characters[3...].allSatisfy { $0 >= 48 && $0 <= 57 || $0 >= 65 && $0 <= 90 }
    }

    /// The country of a country or subdivision.
    public static func country(of code: String) -> String { String(decoding: code.utf8.prefix(2), as: UTF8.self) }

    /// True if `code` is among `codes`, or its country is; an empty list covers the world.
    public static func covers(_ codes: [String], _ code: String) -> Bool {
        codes.isEmpty || codes.contains(code) || codes.contains(country(of: code))
    }

    /// True if every place of `narrower` lies within `wider`.
    public static func covers(_ wider: [String], all narrower: [String]) -> Bool {
        if wider.isEmpty { return true }
        return !narrower.isEmpty && narrower.allSatisfy { covers(wider, $0) }
    }

    /// The 249 officially assigned codes of ISO 3166-1 alpha-2.
    public static let countries: Set<String> = Set(
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
        CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO \
        FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
        JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
        MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
        PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
        TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
        """.split(separator: " ").map(String.init))
}

/// Language tags of BCP 47 (RFC 5646), by syntax: the form "well-formed" of section 2.2.9, without the grandfathered
/// tags, which all have a preferred form since.
public enum LanguageTags {
    /// The longest tag that RFC 5646 section 4.4.1 asks implementations to hold.
    public static let maximumBytes = 35

    public static func isWellFormed(_ tag: String) -> Bool {
        let bytes = Array(tag.utf8)
        guard !bytes.isEmpty, bytes.count <= maximumBytes else { return false }
        let parts = bytes.split(separator: 45, omittingEmptySubsequences: false).map { Subtag(Array($0)) }
        guard parts.allSatisfy({ (1...8).contains($0.bytes.count) && $0.isAlphanumeric }) else { return false }
        var rest = parts[...]
        if rest.first?.isPrivateUse == true { return rest.count > 1 }
        guard let language = rest.popFirst(), language.isAlphabetic, language.bytes.count >= 2 else { return false }
        if language.bytes.count <= 3 {
            for _ in 0..<3 where rest.first.map({ $0.isAlphabetic && $0.bytes.count == 3 }) == true {
                rest.removeFirst()
            }
        }
        if rest.first.map({ $0.isAlphabetic && $0.bytes.count == 4 }) == true { rest.removeFirst() }
        if rest.first.map({ $0.isRegion }) == true { rest.removeFirst() }
        return hasWellFormedTail(rest)
    }

    /// Variants, extensions and private use.
    private static func hasWellFormedTail(_ tail: ArraySlice<Subtag>) -> Bool {
        var rest = tail
        var variants: [Subtag] = []
        while let variant = rest.first, variant.isVariant {
            guard !variants.contains(variant) else { return false }
            variants.append(variant)
            rest.removeFirst()
        }
        var singletons: [Subtag] = []
        while let singleton = rest.first, singleton.bytes.count == 1, !singleton.isPrivateUse {
            guard !singletons.contains(singleton) else { return false }
            singletons.append(singleton)
            rest.removeFirst()
            guard rest.first.map({ $0.bytes.count >= 2 }) == true else { return false }
            while rest.first.map({ $0.bytes.count >= 2 }) == true { rest.removeFirst() }
        }
        if rest.first?.isPrivateUse == true { return rest.count > 1 }
        return rest.isEmpty
    }

    /// In lower case, since tags compare without case.
    private struct Subtag: Equatable {
        let bytes: [UInt8]

        init(_ bytes: [UInt8]) { self.bytes = bytes.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 } }

        var isAlphabetic: Bool { bytes.allSatisfy { $0 >= 97 && $0 <= 122 } }
        var isNumeric: Bool { bytes.allSatisfy { $0 >= 48 && $0 <= 57 } }
        var isAlphanumeric: Bool { bytes.allSatisfy { $0 >= 97 && $0 <= 122 || $0 >= 48 && $0 <= 57 } }
        var isPrivateUse: Bool { bytes == [120] }
        var isRegion: Bool { bytes.count == 2 && isAlphabetic || bytes.count == 3 && isNumeric }
        var isVariant: Bool { bytes.count >= 5 || bytes.count == 4 && (48...57).contains(bytes[0]) }
    }
}
