public import Encoding
public import Primitives

/// What a party is. A label that its sponsor (an account's) or its founders (an organization's) gave; rights come from
/// credentials alone.
public enum PartyKind: UInt8, NamedCode, CBORCodable {
    case institution = 0
    case professional = 1
    case researcher = 2
    /// Pseudonymous: a relationship key that a patient uses with one institution.
    case patient = 3
    case publisher = 4
    case ethicsBoard = 5
    case regulator = 6
    case arbiter = 7
    /// A custodian or an agent that acts for a party.
    case service = 8
}

/// What a credential says of its subject. The first four follow the visas of the GA4GH Passport.
public enum CredentialType: UInt8, NamedCode, CBORCodable {
    case affiliation = 0
    case researcherStatus = 1
    case acceptedTerms = 2
    case controlledAccess = 3
    /// Of an institution: with it the institution is enrolled, and may sponsor.
    case accreditation = 4
    case medicalLicense = 5
    case specialty = 6
    case ethicsBoard = 7
    case arbiter = 8
    case assetIssuer = 9
    /// The subject may consent for the patient whom the credential concerns.
    case guardianship = 10
    /// May recall what is found harmful.
    case regulator = 11
}

/// What kind of act an organization's policy sets a threshold for.
public enum OperationClass: UInt8, NamedCode, CBORCodable {
    /// Members, policies, keys.
    case administration = 0
    /// Minting and revising INFTs.
    case content = 1
    /// Terms, offers, purchases.
    case licensing = 2
    /// Moving assets.
    case treasury = 3
    /// Countersigning consents, disclosures.
    case consent = 4
    /// Vouching for others: credentials, delegations, sponsorship.
    case credentials = 5
    case governance = 6
}

/// What a member is inside an organization; a policy may ask for signatures of certain roles.
public enum MemberRole: UInt8, NamedCode, CBORCodable {
    case administrator = 0
    case clinician = 1
    case researcher = 2
    case treasurer = 3
    case dataSteward = 4
    case privacyOfficer = 5
    case registrar = 6
    /// A program of the organization: a custodian, a gateway.
    case service = 7
}

/// eduPersonAffiliation, the vocabulary that the GA4GH visa AffiliationAndRole uses.
public enum AffiliationRole: UInt8, NamedCode, CBORCodable {
    case faculty = 0
    case student = 1
    case staff = 2
    case employee = 3
    case member = 4
    case affiliate = 5
}

public enum RevocationReason: UInt8, NamedCode, CBORCodable {
    /// Issued by mistake.
    case error = 0
    case superseded = 1
    /// The subject left, or no longer meets what was attested.
    case ended = 2
    case misconduct = 3
    case keyCompromise = 4
    /// Given up by the subject.
    case surrendered = 5
}

/// Registers of institutions, whose identifiers are public.
public enum InstitutionScheme: UInt8, NamedCode, CBORCodable {
    /// ISO 17442, 20 characters.
    case lei = 0
    /// Research Organization Registry, nine characters.
    case ror = 1
}

/// Registers of persons. Their identifiers never stand on the ledger, only salted commitments to them.
public enum PersonScheme: UInt8, NamedCode, CBORCodable {
    /// National Provider Identifier of the United States, ten digits.
    case npi = 0
    /// ISO 27729 as ORCID writes it: 0000-0002-1825-0097.
    case orcid = 1
}

/// What a party may let an account do for it. Those that move money are granted with a limit of the amount only, counted
/// down as the uses are.
public enum MandatedAct: UInt8, NamedCode, CBORCodable {
    case beginLicense = 0
    case beginTransfer = 1
    case discloseConsented = 2
    case eraseContent = 3
    case purchaseLicense = 4
    case transferMoney = 5
    case payVault = 6

    /// Whether a mandate for it needs a limit.
    public var movesMoney: Bool {
        switch self {
        case .beginLicense, .beginTransfer, .discloseConsented, .eraseContent: false
        case .purchaseLicense, .transferMoney, .payVault: true
        }
    }

    /// The operation's own name.
    public var name: String {
        switch self {
        case .beginLicense: "license.begin"
        case .beginTransfer: "inft.beginTransfer"
        case .discloseConsented: "consent.disclose"
        case .eraseContent: "inft.erase"
        case .purchaseLicense: "license.purchase"
        case .transferMoney: "revenue.transfer"
        case .payVault: "revenue.pay"
        }
    }
}

public enum DelegationKind: IdentifierKind { public static let name = "deleg" }

/// A link by which an accreditor, or one to whom it delegated, lets another issue credentials.
public typealias DelegationID = Identifier<DelegationKind>

/// How a recovery ended.
public enum RecoveryOutcome: UInt8, NamedCode, CBORCodable {
    /// The delay passed, and the new key speaks for the account.
    case completed = 0
    /// The account objected.
    case canceled = 1
    /// Too few guardians approved in time.
    case lapsed = 2
    /// The account got another key, or every guardian withdrew.
    case superseded = 3
}
