public import Primitives
internal import StateModel

/// Why the domain refuses. Codes are stable.
public enum IdentityRejection: Int, CaseIterable, Sendable {
    case unknownParty = 1100
    case unknownAccount = 1101
    case wrongSequence = 1102
    case notAuthorized = 1103
    case thresholdNotMet = 1104
    case accountExists = 1105
    case notEnrolled = 1106
    case kindNotAllowed = 1107
    case sponsorUnchanged = 1108
    case sponsorAccountsExhausted = 1109
    case sponsorStorageExhausted = 1110
    case ambiguousFilter = 1111
    case tooFewMembers = 1112
    case thresholdUnreachable = 1113
    case missingAdministration = 1114
    case invalidName = 1115
    case invalidMessageKey = 1116
    case invalidIdentifier = 1117
    case listNotAscending = 1118
    case unknownOrganization = 1119
    case nothingChanged = 1120
    case invalidJurisdiction = 1121
    case invalidSpecialty = 1122
    case personalIdentifier = 1123
    case invalidValidity = 1124
    case selfIssued = 1125
    case mayNotIssue = 1126
    case unknownDelegation = 1127
    case delegationNotInForce = 1128
    case delegationTooDeep = 1129
    case delegationWider = 1130
    case delegationRevoked = 1131
    case unknownCredential = 1132
    case credentialNotOffered = 1133
    case credentialEnded = 1134
    case credentialExpired = 1135
    case tooManyCredentials = 1136
    case subjectNotAllowed = 1137
    case missingDetail = 1138
    case surplusDetail = 1139
    case concernsNoPatient = 1140
    case invalidGenesis = 1141
    case unknownMandate = 1142
    case mandateEnded = 1143
    case tooManyMandates = 1144
    case mandateTooLong = 1145
    case invalidMandate = 1146
    case senderNotSigned = 1147
    case keyReplaced = 1148
    case keyNotNew = 1149
    case keyNotProven = 1150
    case noGuardians = 1151
    case notGuardian = 1152
    case unknownRecovery = 1153
    case recoveryEnded = 1154
    case recoveryOpen = 1155
    case invalidDelay = 1156

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
                code: rawValue, reason: reason, domain: DomainNumber.identities.name, field: field, message: message,
                hint: hint, retryable: retryable))
    }

    var summary: String {
        switch self {
        case .unknownParty: "No account or organization of this name is registered."
        case .unknownAccount: "The account is not registered; an enrolled institution must sponsor it."
        case .wrongSequence: "A transaction carries its account's next sequence, exactly."
        case .notAuthorized: "The party concerned did not sign."
        case .thresholdNotMet: "Too few members of the organization signed for this class of operation."
        case .accountExists: "The account is registered already."
        case .notEnrolled: "Only an organization of kind institution with an accepted accreditation is enrolled."
        case .kindNotAllowed: "This kind of party is not allowed here."
        case .sponsorUnchanged: "The account has this sponsor and this kind already."
        case .sponsorAccountsExhausted: "The sponsor has as many accounts as the network allows."
        case .sponsorStorageExhausted: "The sponsor's accounts hold as many bytes of state as the network allows."
        case .ambiguousFilter: "The query needs exactly one of these parameters."
        case .tooFewMembers: "An organization has at least one member."
        case .thresholdUnreachable: "A threshold is at least 1 and at most the number of members who may meet it."
        case .missingAdministration: "Policies are unique and name the class administration."
        case .invalidName: "A name is not empty, has no line breaks or other controls, and keeps to its length."
        case .invalidMessageKey: "A message key is a compressed point of secp256k1."
        case .invalidIdentifier: "The identifier's form or checksum is wrong."
        case .listNotAscending: "The list is longer than allowed, or not ascending without duplicates."
        case .unknownOrganization: "No organization has this id."
        case .nothingChanged: "The operation would change nothing."
        case .invalidJurisdiction: "A jurisdiction is an ISO 3166-1 alpha-2 country or an ISO 3166-2 subdivision of it."
        case .invalidSpecialty: "A specialty is a code of letters, digits, dots and hyphens."
        case .personalIdentifier: "Identifiers of persons stand on the ledger only as salted commitments."
        case .invalidValidity: "The validity is empty, or over before it can begin."
        case .selfIssued: "Nobody issues a credential, or delegates, to itself."
        case .mayNotIssue: "The issuer has no right to issue this type of credential with this scope."
        case .unknownDelegation: "No delegation has this id."
        case .delegationNotInForce: "The delegation, or a link above it, is revoked, expired or not yet valid."
        case .delegationTooDeep:
            "At most four links lie between an accreditor and an issuer, and each must allow the next."
        case .delegationWider: "A delegation is never wider than the one it rests on."
        case .delegationRevoked: "The delegation is revoked already."
        case .unknownCredential: "No credential has this id."
        case .credentialNotOffered: "Only a credential that is offered can be accepted or declined."
        case .credentialEnded: "The credential is declined or revoked already."
        case .credentialExpired: "The credential's validity is over."
        case .tooManyCredentials: "The subject has had as many credentials of this type as the ledger keeps."
        case .subjectNotAllowed: "A party of this kind can't hold this type of credential."
        case .missingDetail: "This type of credential must name this detail."
        case .surplusDetail: "This type of credential has no such detail."
        case .concernsNoPatient: "The party that the credential concerns is not a registered patient."
        case .invalidGenesis: "The genesis contradicts itself."
        case .unknownMandate: "No mandate has this id."
        case .mandateEnded: "The mandate is revoked, spent or expired already."
        case .tooManyMandates: "The delegate holds as many mandates of this grantor as the ledger keeps open."
        case .mandateTooLong: "A mandate lasts at most two years."
        case .invalidMandate: "A mandate names at least one operation, and a count of uses is at least 1."
        case .senderNotSigned: "The key that speaks for the sender did not sign."
        case .keyReplaced: "The key that signed was replaced, and speaks for its account no longer."
        case .keyNotNew: "A new key has never been the key of an account."
        case .keyNotProven: "A new key signs, for this account alone, that whoever offers it holds it."
        case .noGuardians: "Only an account that has named guardians can be recovered."
        case .notGuardian: "Only a guardian of the account may do this."
        case .unknownRecovery: "No recovery has this id."
        case .recoveryEnded: "The recovery is completed, canceled, lapsed or superseded already."
        case .recoveryOpen: "A recovery of the account is under way."
        case .invalidDelay: "The account can object for one day at least, and for thirty at most."
        }
    }

    static let descriptions = allCases.map {
        RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary)
    }
}
