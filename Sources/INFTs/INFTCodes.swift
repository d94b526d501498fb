public import Encoding
public import Primitives

/// What an INFT is. New classes go at the end.
public enum INFTClass: UInt8, NamedCode, CBORCodable {
    /// A de-identified patient case: closed vocabulary only, no codes, no free text.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case case_ = 0
    case dataset = 1
    /// A diagnostic or treatment protocol.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case protocol_ = 2
    /// A clinical score, a dosing rule, a treatment algorithm.
    case algorithm = 3
    /// A trained model.
    case model = 4
    case publication = 5
    case terminology = 6
    case localization = 7
    case report = 8
    /// INFTs that are sold as one; its content is the list of its members. Made by `group.create` alone.
    case group = 9

    public var name: String {
        switch self {
        case .case_: "case"
        case .protocol_: "protocol"
        default: String(describing: self)
        }
    }

    /// Classes whose metadata may hold text that people wrote.
    public var allowsFreeText: Bool { self != .case_ }
}

public enum INFTStatus: UInt8, NamedCode, CBORCodable {
    case active = 0
    case disputed = 1
    case retired = 2
    case recalled = 3
}

/// The CRediT taxonomy of contributor roles (ANSI/NISO Z39.104-2022), in its order.
public enum CreditRole: UInt8, NamedCode, CBORCodable, Comparable {
    case conceptualization = 0
    case dataCuration = 1
    case formalAnalysis = 2
    case fundingAcquisition = 3
    case investigation = 4
    case methodology = 5
    case projectAdministration = 6
    case resources = 7
    case software = 8
    case supervision = 9
    case validation = 10
    case visualization = 11
    case writingOriginalDraft = 12
    case writingReviewEditing = 13

    public static func < (left: CreditRole, right: CreditRole) -> Bool { left.rawValue < right.rawValue }
}

/// How well what it says is founded, after the Oxford CEBM levels of 2011.
public enum EvidenceLevel: UInt8, NamedCode, CBORCodable {
    case notApplicable = 0
    /// Systematic review of randomized trials.
    case one = 1
    /// Randomized trial, or an observational study with dramatic effect.
    case two = 2
    /// Cohort or follow-up study without randomization.
    case three = 3
    /// Case series, case-control, historically controlled.
    case four = 4
    /// Mechanism-based reasoning, expert opinion.
    case five = 5

    public var name: String {
        switch self {
        case .notApplicable: "notApplicable"
        default: "level\(rawValue)"
        }
    }
}

/// The closed vocabulary by which even a case may be described.
public enum ClinicalField: UInt8, NamedCode, CBORCodable {
    case general = 0
    case cardiology = 1
    case dermatology = 2
    case emergency = 3
    case endocrinology = 4
    case gastroenterology = 5
    case genetics = 6
    case gynecology = 7
    case hematology = 8
    case infectiousDiseases = 9
    case intensiveCare = 10
    case nephrology = 11
    case neurology = 12
    case oncology = 13
    case ophthalmology = 14
    case orthopedics = 15
    case pathology = 16
    case pediatrics = 17
    case psychiatry = 18
    case pulmonology = 19
    case radiology = 20
    case rheumatology = 21
    case surgery = 22
    case urology = 23
}

public enum CipherSuite: UInt8, NamedCode, CBORCodable {
    /// AES-256-GCM in the STREAM construction, 64 KiB chunks.
    case aes256GCMStream = 1
}
