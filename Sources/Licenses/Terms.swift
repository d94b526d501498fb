public import Consents
internal import Cryptography
public import Encoding
public import Identities
public import Primitives
public import Revenue

/// What a license allows and asks for: immutable, and named by its own content. Every field is enforced somewhere
/// (Specs/domains/licenses.md has the table) or refused in offers until it can be.
///
/// Bytes: `[commercial, derivatives, grant, payment, scope, legalText?]`.
public struct Terms: Hashable, Sendable, Codable {
    public var commercial: CommercialTerms
    public var derivatives: DerivativeTerms
    public var grant: GrantTerms
    public var payment: PaymentTerms
    public var scope: ScopeTerms
    public var legalText: LegalText?

    public init(
        commercial: CommercialTerms, derivatives: DerivativeTerms, grant: GrantTerms, payment: PaymentTerms,
        scope: ScopeTerms, legalText: LegalText?
    ) {
        self.commercial = commercial
        self.derivatives = derivatives
        self.grant = grant
        self.payment = payment
        self.scope = scope
        self.legalText = legalText
    }

    /// The tagged hash of the canonical bytes.
    public var id: TermsID { TermsID(HashTag.terms.hash(encoded).bytes) }
}

/// Use for gain. `[isAllowed, requiresAttribution, revenueShare, revenueCeiling?]`
public struct CommercialTerms: Hashable, Sendable, Codable {
    public var isAllowed: Bool
    /// A commercial use must name the work.
    public var requiresAttribution: Bool
    /// What a derivative pays on from its revenue, and a licensee from what they earn by sublicenses.
    public var revenueShare: PartsPerMillion
    /// The most that share brings from one derivative, or from the sublicenses of one license, in smallest units of each
    /// asset it earns.
    public var revenueCeiling: Amount?

    public init(
        isAllowed: Bool, requiresAttribution: Bool = false, revenueShare: PartsPerMillion = .zero,
        revenueCeiling: Amount? = nil
    ) {
        self.isAllowed = isAllowed
        self.requiresAttribution = requiresAttribution
        self.revenueShare = revenueShare
        self.revenueCeiling = revenueCeiling
    }
}

/// `[isAllowed, requiresAttribution, requiresApproval, isReciprocal, revenueCeiling?, royaltyPolicy]`
public struct DerivativeTerms: Hashable, Sendable, Codable {
    public var isAllowed: Bool
    /// A derivative must name its parent where it is used.
    public var requiresAttribution: Bool
    /// The parent's owner signs each derivative.
    public var requiresApproval: Bool
    /// The derivative is offered under these same terms and no others.
    public var isReciprocal: Bool
    /// The revenue of one derivative up to which the share is due, in smallest units of each asset; above it, none is.
    public var revenueCeiling: Amount?
    public var royaltyPolicy: RoyaltyPolicy

    public init(
        isAllowed: Bool, requiresAttribution: Bool = false, requiresApproval: Bool = false,
        isReciprocal: Bool = false, revenueCeiling: Amount? = nil, royaltyPolicy: RoyaltyPolicy = .absolute
    ) {
        self.isAllowed = isAllowed
        self.requiresAttribution = requiresAttribution
        self.requiresApproval = requiresApproval
        self.isReciprocal = isReciprocal
        self.revenueCeiling = revenueCeiling
        self.royaltyPolicy = royaltyPolicy
    }
}

/// What is granted, to how many, for how long.
/// `[isTransferable, isSublicensable, isExclusive, seats?, duration?, trial?, coversRevisions, isRenewable, causes]`
public struct GrantTerms: Hashable, Sendable, Codable {
    public var isTransferable: Bool
    /// The licensee may let others use a part of it.
    public var isSublicensable: Bool
    /// While such a license is live, the INFT has no other.
    public var isExclusive: Bool
    /// How many named accounts may use it; nil: the licensee, and whoever acts for it.
    public var seats: UInt64?
    /// Nil: without end.
    public var durationMilliseconds: UInt64?
    /// Within it the licensee may give the license back for its fee.
    public var trialMilliseconds: UInt64?
    /// Versions that come after the purchase are included.
    public var coversRevisions: Bool
    public var isRenewable: Bool
    /// What the licensor may revoke for. Empty: irrevocable.
    public var revocableFor: CodeList<RevocationCause>

    public init(
        isTransferable: Bool = false, isSublicensable: Bool = false, isExclusive: Bool = false, seats: UInt64? = nil,
        durationMilliseconds: UInt64? = nil, trialMilliseconds: UInt64? = nil, coversRevisions: Bool = true,
        isRenewable: Bool = false, revocableFor: [RevocationCause] = []
    ) {
        self.isTransferable = isTransferable
        self.isSublicensable = isSublicensable
        self.isExclusive = isExclusive
        self.seats = seats
        self.durationMilliseconds = durationMilliseconds
        self.trialMilliseconds = trialMilliseconds
        self.coversRevisions = coversRevisions
        self.isRenewable = isRenewable
        self.revocableFor = CodeList(revocableFor)
    }
}

/// `[asset?, fee, perUseFee, prepaidUses, outcome?]`
public struct PaymentTerms: Hashable, Sendable, Codable {
    public var asset: AssetID?
    /// The least an offer on these terms may ask.
    public var fee: Amount
    public var perUseFee: Amount
    /// Uses that the fee already pays.
    public var prepaidUses: UInt64
    public var outcome: OutcomePrice?

    public init(
        asset: AssetID? = nil, fee: Amount = .zero, perUseFee: Amount = .zero, prepaidUses: UInt64 = 0,
        outcome: OutcomePrice? = nil
    ) {
        self.asset = asset
        self.fee = fee
        self.perUseFee = perUseFee
        self.prepaidUses = prepaidUses
        self.outcome = outcome
    }
}

/// Whose reports decide about an outcome price.
public enum OutcomeBasis: UInt8, NamedCode, CBORCodable {
    /// Those under the license itself.
    case own = 0
    /// Those under all other licenses on the INFT: the licensee has no hand in them.
    case others = 1
}

/// A further price, set aside with the purchase, that falls due at a deadline if what was reported of the version that was
/// bought reaches a threshold by then; else it goes back.
/// `[measure, threshold, amount, basis, minimumReports, within, isDueWithoutReports]`
public struct OutcomePrice: Hashable, Sendable, Codable {
    /// Hash of the document that defines what is measured, and how.
    public var measure: Hash
    /// Of the reports, how many agree.
    public var threshold: PartsPerMillion
    public var amount: Amount
    public var basis: OutcomeBasis
    /// Fewer reports decide nothing.
    public var minimumReports: UInt64
    /// From the moment the license is active to the deadline.
    public var withinMilliseconds: UInt64
    /// What happens where there are fewer: it is paid, or it goes back.
    public var isDueWithoutReports: Bool

    public init(
        measure: Hash, threshold: PartsPerMillion, amount: Amount, basis: OutcomeBasis = .others,
        minimumReports: UInt64 = 1, withinMilliseconds: UInt64, isDueWithoutReports: Bool = false
    ) {
        self.measure = measure
        self.threshold = threshold
        self.amount = amount
        self.basis = basis
        self.minimumReports = minimumReports
        self.withinMilliseconds = withinMilliseconds
        self.isDueWithoutReports = isDueWithoutReports
    }
}

/// For what, where and by whom. An empty list allows everything.
/// `[purposes, researchAims, diseases, fieldsOfUse, territories, languages, requiredCredentials, allowsTraining]`
public struct ScopeTerms: Hashable, Sendable, Codable {
    public var purposes: CodeList<PurposeOfUse>
    /// What research may be about, in the terms of DUO matching.
    public var researchAims: CodeList<ResearchAim>
    /// Research is of these diseases alone, and says of which. Never of data about few people: it would tell of their health.
    public var diseases: SortedList<CodedTerm>
    public var fieldsOfUse: CodeList<FieldOfUse>
    /// ISO 3166-1 alpha-2 or ISO 3166-2; a country includes its subdivisions.
    public var territories: TextList
    /// BCP 47; a language includes its variants.
    public var languages: TextList
    /// All of them are needed.
    public var requiredCredentials: [CredentialRequirement]
    /// The content may train models.
    public var allowsTraining: Bool

    public init(
        purposes: [PurposeOfUse] = [], researchAims: [ResearchAim] = [], diseases: [CodedTerm] = [],
        fieldsOfUse: [FieldOfUse] = [], territories: [String] = [], languages: [String] = [],
        requiredCredentials: [CredentialRequirement] = [], allowsTraining: Bool = false
    ) {
        self.purposes = CodeList(purposes)
        self.researchAims = CodeList(researchAims)
        self.diseases = SortedList(diseases)
        self.fieldsOfUse = CodeList(fieldsOfUse)
        self.territories = TextList(territories)
        self.languages = TextList(languages)
        self.requiredCredentials = requiredCredentials
        self.allowsTraining = allowsTraining
    }
}

/// `[type, jurisdiction?]`
public struct CredentialRequirement: Hashable, Sendable, Codable {
    public var type: CredentialType
    public var jurisdiction: String?

    public init(type: CredentialType, jurisdiction: String? = nil) {
        self.type = type
        self.jurisdiction = jurisdiction
    }
}

/// `[hash, uri]`
public struct LegalText: Hashable, Sendable, Codable {
    public var hash: Hash
    public var uri: String

    public init(hash: Hash, uri: String) {
        self.hash = hash
        self.uri = uri
    }
}

public enum FieldOfUse: UInt8, NamedCode, CBORCodable {
    case clinical = 0
    case research = 1
    case education = 2
    case commercial = 3
    case regulatory = 4
}

/// Why a licensor may end a license before its time.
public enum RevocationCause: UInt8, NamedCode, CBORCodable {
    case breachOfTerms = 0
    case unlicensedUse = 1
    case lossOfCredential = 2
    case regulatoryOrder = 3
    case patientSafety = 4
}
