/// Why something did not stay as it was. The letters are those of 45 CFR 164.514(b)(2)(i).
public enum RemovalRule: String, CaseIterable, Hashable, Sendable {
    case name
    /// Everything smaller than a state; here every place and every institution.
    case geography
    case date
    case telecommunication
    /// Numbers of records, insurances, accounts, licenses, social security.
    case identifier
    case device
    case url
    case photograph
    /// Any other number, characteristic or code that singles out: a publication that describes the person among them.
    case publication
    /// Relatives, employers, household, and those who treated the person.
    case otherParty
    case freeText
    /// A text that only repeats a code.
    case label
    /// Who made the file, when, from what.
    case provenance
    case `extension`
    case contained
    /// A kind of resource that no case is made of.
    case resourceType
    /// A code of a system that is not known, or no code of its system.
    case unknownCode
    /// An element that no vocabulary here lists.
    case unlisted
    /// Another kind of JSON than the element has.
    case wrongShape

    /// The identifiers of the Safe Harbor list that the rule is there for; empty where the rule goes beyond the list.
    public var safeHarbor: String {
        switch self {
        case .name: "A"
        case .geography: "B"
        case .date: "C"
        case .telecommunication: "D E F O"
        case .identifier: "G H I J K L R"
        case .device: "M"
        case .url: "N"
        case .photograph: "P Q"
        case .publication: "R"
        case .otherParty: "A B"
        case .provenance: "A C R"
        case .freeText, .label, .extension, .contained, .resourceType, .unknownCode, .unlisted, .wrongShape: ""
        }
    }
}

/// What replaced something.
public enum ReplacementRule: String, CaseIterable, Hashable, Sendable {
    /// A random name, the same for the same thing within this case, and made from nothing that is known of it.
    case pseudonym
    /// A date of a made-up calendar in which only the days between dates are true.
    case shiftedDate
    /// An age of 90 or more as 90.
    case aggregatedAge
    /// A unit of measure as its code.
    case unit
}
