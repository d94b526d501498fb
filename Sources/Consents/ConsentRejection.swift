public import Primitives
internal import StateModel

/// Why the domain refuses. Codes are stable.
public enum ConsentRejection: Int, CaseIterable, Sendable {
    case unknownConsent = 1200
    case unknownSet = 1201
    case subjectNotPatient = 1202
    case subjectIsPatient = 1203
    case custodianIsPatient = 1204
    case notGuardian = 1205
    case notSubject = 1206
    case alreadyCountersigned = 1207
    case alreadyWithdrawn = 1208
    case consentExpired = 1209
    case consentNotActive = 1210
    case revealsDiagnosis = 1211
    case emptyPolicy = 1212
    case policyTooLarge = 1213
    case exceptionOfSameKind = 1214
    case termsOnDenial = 1215
    case unknownRestriction = 1216
    case unusedRestriction = 1217
    case diseaseMissing = 1218
    case diseaseSurplus = 1219
    case invalidJurisdiction = 1220
    case invalidCode = 1221
    case invalidPeriod = 1222
    case invalidTimeLimit = 1223
    case tooManyElements = 1224
    case nothingNamed = 1225
    case namedTwice = 1226
    case otherCustodian = 1227
    case setStale = 1228
    case setFull = 1229
    case tooManySets = 1230
    case tooManyPolicies = 1231
    case alreadyMember = 1232
    case setSuperseded = 1233
    case invalidGenesis = 1234
    case checkOfNothing = 1235
    case releaseDenied = 1236
    case needUnmet = 1237
    case answerUnneeded = 1238
    case answerExpired = 1239
    case answererNotEntitled = 1240
    case answerInvalid = 1241
    case ontologyInvalid = 1242
    case recipientDiffers = 1243
    case breakGlassOnly = 1244
    case notNarrower = 1245
    case referenceUsed = 1246
    case notClinician = 1247
    case unknownReview = 1248
    case alreadyReviewed = 1249
    case notReviewer = 1250

    /// The code in words, snake case, from the case's name.
    public var reason: String {
        var text = ""
        for character in String(describing: self) {
            if character.isUppercase { text += "_" }
            text += character.lowercased()
        }
        return text
    }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Refusal {
        .rejected(
            Rejection(
                code: rawValue, reason: reason, domain: DomainNumber.consents.name, field: field, message: message,
                hint: hint, retryable: retryable))
    }

    var summary: String {
        switch self {
        case .unknownConsent: "No consent has this id."
        case .unknownSet: "No consent set has this id."
        case .subjectNotPatient: "The subject of an individual consent is an account of kind patient."
        case .subjectIsPatient: "An aggregate consent speaks for a dataset; a patient gives an individual one."
        case .custodianIsPatient: "A custodian keeps data for others; a patient's account is none."
        case .notGuardian: "The guardian holds no guardianship in force for this subject."
        case .notSubject: "Only the subject, or its guardian, withdraws a consent."
        case .alreadyCountersigned: "The consent is countersigned already."
        case .alreadyWithdrawn: "The consent is withdrawn already."
        case .consentExpired: "The consent's time is over, or would be before it began."
        case .consentNotActive: "Only a consent in force can join a set."
        case .revealsDiagnosis:
            "A person's consent holds no disease and no code; a salted commitment can stand for them."
        case .emptyPolicy: "A policy permits something."
        case .policyTooLarge: "The policy has more provisions or bytes than the ledger keeps."
        case .exceptionOfSameKind: "An exception is of the other kind than the provision that it excepts from."
        case .termsOnDenial: "Data-use terms and restrictions belong to permitting provisions."
        case .unknownRestriction: "The position names none of the consent's commitments."
        case .unusedRestriction: "Every commitment is named by a provision, and stands once."
        case .diseaseMissing: "Disease-specific use names diseases, or a committed restriction on diseases."
        case .diseaseSurplus: "Only disease-specific use names diseases."
        case .invalidJurisdiction: "A jurisdiction is an ISO 3166 code: two capitals, or with a subdivision."
        case .invalidCode: "A code holds 1 to 32 letters, digits, dots, hyphens and underscores."
        case .invalidPeriod: "A period has an end after its start, and at least one of the two."
        case .invalidTimeLimit: "A time limit is 1 to 1,200 months."
        case .tooManyElements: "The list is longer than the ledger keeps."
        case .nothingNamed: "The operation names nothing to act on."
        case .namedTwice: "The operation names the same thing twice."
        case .otherCustodian: "The consent, or the set, has another custodian."
        case .setStale: "A member of the set was withdrawn or has expired; members join a successor."
        case .setFull: "The set has as many members as the ledger keeps."
        case .tooManySets: "The consent is a member of as many sets as the ledger keeps."
        case .tooManyPolicies: "The set's members would have more different policies than the ledger keeps."
        case .alreadyMember: "The consent is a member of the set already."
        case .setSuperseded: "The set has a successor already."
        case .invalidGenesis: "The genesis contradicts itself."
        case .checkOfNothing: "A check names either a consent or a set."
        case .releaseDenied: "The consent in force denies the release."
        case .needUnmet: "What the consent asks for before it permits was not answered."
        case .answerUnneeded: "The answer meets no need of this release, or a need that is met already."
        case .answerExpired: "The answer's time is over."
        case .answererNotEntitled: "Restrictions are answered by the custodian, reviews by reviewers or ethics boards."
        case .answerInvalid: "The answer's signatures are not over this release, or not in order."
        case .ontologyInvalid: "The edges do not prove the descent against the ontology's root."
        case .recipientDiffers: "Who asks is not who would receive."
        case .breakGlassOnly: "Breaking the glass is an act of its own, which is reviewed."
        case .notNarrower: "A consent is only ever narrowed; more is a new consent, which its custodian countersigns."
        case .referenceUsed: "The custodian used this reference for an earlier disclosure."
        case .notClinician: "Who breaks the glass holds a medical license, or what the consent names in its place."
        case .unknownReview: "No broken glass of this id is under review."
        case .alreadyReviewed: "The review is closed already."
        case .notReviewer: "A review is closed by a reviewer of the custodian or an ethics board, never by who acted."
        }
    }

    static let descriptions = allCases.map {
        RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary)
    }
}
