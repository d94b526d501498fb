import Consents
import Identities
public import Primitives
import Revenue

/// Terms for the common cases: data, nothing more. A seller takes one, names asset and fee, and registers the result.
public struct TermsPreset: Codable, Hashable, Sendable {
    /// As the CLI takes it: `clinical-use`.
    public let name: String
    public let summary: String
    public let terms: Terms

    /// The preset with a price.
    public func terms(asset: AssetID?, fee: Amount) -> Terms {
        var priced = terms
        priced.payment.asset = asset
        priced.payment.fee = fee
        return priced
    }

    public static func named(_ name: String) -> TermsPreset? { all.first { $0.name == name } }

    public static let all = [
        openAccess, openScience, clinicalUse, hospitalUse, researchOnly, modelTraining, education, commercial,
        derivativesAllowed, exclusiveYear,
    ]

    private static let year: UInt64 = 365 * 86_400_000

    public static let openAccess = TermsPreset(
        name: "open-access", summary: "Anyone may use and adapt it for any purpose, without fee, and names the source.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true),
            derivatives: DerivativeTerms(isAllowed: true, requiresAttribution: true), grant: GrantTerms(),
            payment: PaymentTerms(), scope: ScopeTerms(allowsTraining: true), legalText: nil))

    public static let openScience = TermsPreset(
        name: "open-science",
        summary: "Research and education only, without fee; what is made from it is shared under the same terms.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: false),
            derivatives: DerivativeTerms(isAllowed: true, requiresAttribution: true, isReciprocal: true),
            grant: GrantTerms(revocableFor: [.breachOfTerms, .unlicensedUse]), payment: PaymentTerms(),
            scope: ScopeTerms(purposes: [.research], fieldsOfUse: [.research, .education], allowsTraining: true),
            legalText: nil))

    public static let clinicalUse = TermsPreset(
        name: "clinical-use",
        summary: "Use in the care of patients for a year, by professionals with a medical license.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true),
            derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(
                durationMilliseconds: year, isRenewable: true,
                revocableFor: [.breachOfTerms, .lossOfCredential, .regulatoryOrder, .patientSafety]),
            payment: PaymentTerms(),
            scope: ScopeTerms(
                purposes: [.treatment], fieldsOfUse: [.clinical],
                requiredCredentials: [CredentialRequirement(type: .medicalLicense)]),
            legalText: nil))

    public static let hospitalUse = TermsPreset(
        name: "hospital-use", summary: "Use in the care of patients for a year, by an accredited institution.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true),
            derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(
                durationMilliseconds: year, isRenewable: true,
                revocableFor: [.breachOfTerms, .lossOfCredential, .regulatoryOrder, .patientSafety]),
            payment: PaymentTerms(),
            scope: ScopeTerms(
                purposes: [.treatment], fieldsOfUse: [.clinical],
                requiredCredentials: [CredentialRequirement(type: .accreditation)]),
            legalText: nil))

    public static let researchOnly = TermsPreset(
        name: "research-only", summary: "Non-commercial research for a year; no derivatives, no training of models.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: false), derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(
                durationMilliseconds: year, isRenewable: true, revocableFor: [.breachOfTerms, .unlicensedUse]),
            payment: PaymentTerms(), scope: ScopeTerms(purposes: [.research], fieldsOfUse: [.research]),
            legalText: nil))

    public static let modelTraining = TermsPreset(
        name: "model-training",
        summary: "Training of models, which may be sold and pay 5 % of their revenue.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true, revenueShare: percent(5)),
            derivatives: DerivativeTerms(isAllowed: true, requiresAttribution: true),
            grant: GrantTerms(revocableFor: [.breachOfTerms, .unlicensedUse, .regulatoryOrder]),
            payment: PaymentTerms(),
            scope: ScopeTerms(
                purposes: [.research], fieldsOfUse: [.research, .clinical, .commercial], allowsTraining: true),
            legalText: nil))

    public static let education = TermsPreset(
        name: "education", summary: "Teaching for a year, up to 500 named users, with a license that may be handed on.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: false), derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(isTransferable: true, seats: 500, durationMilliseconds: year, isRenewable: true),
            payment: PaymentTerms(), scope: ScopeTerms(purposes: [.training], fieldsOfUse: [.education]),
            legalText: nil))

    public static let commercial = TermsPreset(
        name: "commercial", summary: "Commercial use for a year in any field; no derivatives, no training of models.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true),
            derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(durationMilliseconds: year, isRenewable: true, revocableFor: [.breachOfTerms]),
            payment: PaymentTerms(), scope: ScopeTerms(), legalText: nil))

    public static let derivativesAllowed = TermsPreset(
        name: "derivatives-allowed",
        summary: "Any use, and derivatives that may be sold and pay 10 % of their revenue.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true, revenueShare: percent(10)),
            derivatives: DerivativeTerms(isAllowed: true, requiresAttribution: true), grant: GrantTerms(),
            payment: PaymentTerms(), scope: ScopeTerms(allowsTraining: true), legalText: nil))

    public static let exclusiveYear = TermsPreset(
        name: "exclusive-year", summary: "Commercial use by one licensee alone for a year.",
        terms: Terms(
            commercial: CommercialTerms(isAllowed: true, requiresAttribution: true),
            derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(
                isTransferable: true, isExclusive: true, durationMilliseconds: year, isRenewable: true,
                revocableFor: [.breachOfTerms]),
            payment: PaymentTerms(), scope: ScopeTerms(), legalText: nil))

    private static func percent(_ count: UInt64) -> PartsPerMillion {
        guard let share = PartsPerMillion(count * 10_000) else {
            preconditionFailure("a preset shares at most a whole")
        }
        return share
    }
}
