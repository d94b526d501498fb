import Consents
import Identities
public import Primitives
import Revenue

extension Terms {
    /// The first contradiction inside the terms, or nil. Total: every field is looked at, whatever the others say.
    public var inconsistency: Rejection? {
        let found =
            commercial.contradiction ?? derivatives.contradiction(commercial, grant) ?? grant.contradiction(payment)
            ?? payment.contradiction(grant) ?? assetContradiction ?? scope.contradiction(commercial)
            ?? legalText?.contradiction
        return found.map { LicenseRejection.inconsistentTerms.rejection($0.field, $0.message) }
    }

    /// Ceilings are money too: without an asset nobody knows what their unit is worth.
    private var assetContradiction: Contradiction? {
        guard payment.asset == nil else { return nil }
        if commercial.revenueCeiling != nil {
            return Contradiction("commercial.revenueCeiling", "a ceiling needs an asset")
        }
        if derivatives.revenueCeiling != nil {
            return Contradiction("derivatives.revenueCeiling", "a ceiling needs an asset")
        }
        return nil
    }
}

struct Contradiction {
    let field: String
    let message: String

    init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }
}

extension CommercialTerms {
    var contradiction: Contradiction? {
        if !isAllowed {
            if requiresAttribution {
                return Contradiction(
                    "commercial.requiresAttribution", "commercial use is not allowed, so nothing attributes it")
            }
            if revenueShare > .zero {
                return Contradiction(
                    "commercial.revenueShare", "commercial use is not allowed, so there is no revenue to share")
            }
            if revenueCeiling != nil {
                return Contradiction(
                    "commercial.revenueCeiling", "commercial use is not allowed, so there is no revenue to cap")
            }
        }
        if revenueCeiling != nil, revenueShare == .zero {
            return Contradiction("commercial.revenueCeiling", "caps a revenue share of zero")
        }
        if revenueCeiling == .zero {
            return Contradiction(
                "commercial.revenueCeiling", "a ceiling of zero makes the share void; leave the share out")
        }
        return nil
    }
}

extension DerivativeTerms {
    func contradiction(_ commercial: CommercialTerms, _ grant: GrantTerms) -> Contradiction? {
        if !isAllowed {
            let set: [(Bool, String)] = [
                (requiresAttribution, "requiresAttribution"), (requiresApproval, "requiresApproval"),
                (isReciprocal, "isReciprocal"), (revenueCeiling != nil, "revenueCeiling"),
                (royaltyPolicy != .absolute, "royaltyPolicy"),
            ]
            if let field = set.first(where: { $0.0 })?.1 {
                return Contradiction(
                    "derivatives.\(field)", "derivatives are not allowed, so the field must stay unset")
            }
            if commercial.revenueShare > .zero, !grant.isSublicensable {
                return Contradiction(
                    "commercial.revenueShare",
                    "only derivatives and sublicenses pay a revenue share, and neither is allowed")
            }
        }
        if let revenueCeiling {
            if commercial.revenueShare == .zero {
                return Contradiction("derivatives.revenueCeiling", "caps a revenue share of zero")
            }
            if revenueCeiling.portion(commercial.revenueShare) == .zero {
                return Contradiction("derivatives.revenueCeiling", "is so low that the share of it is nothing")
            }
        }
        return nil
    }
}

extension GrantTerms {
    func contradiction(_ payment: PaymentTerms) -> Contradiction? {
        if let seats {
            if seats == 0 { return Contradiction("grant.seats", "a license without a seat can't be used") }
            if seats > LicenseLimits.seats { return Contradiction("grant.seats", "at most \(LicenseLimits.seats)") }
            if isExclusive { return Contradiction("grant.seats", "an exclusive licensee is not limited in seats") }
        }
        if let durationMilliseconds {
            let range = LicenseLimits.shortestDurationMilliseconds...LicenseLimits.durationMilliseconds
            if !range.contains(durationMilliseconds) {
                return Contradiction("grant.durationMilliseconds", "a minute to a century")
            }
        } else if isRenewable {
            return Contradiction("grant.isRenewable", "a license without end is never renewed")
        }
        if let trialMilliseconds {
            if trialMilliseconds < LicenseLimits.shortestDurationMilliseconds {
                return Contradiction("grant.trialMilliseconds", "at least a minute")
            }
            if trialMilliseconds > durationMilliseconds ?? LicenseLimits.durationMilliseconds {
                return Contradiction("grant.trialMilliseconds", "the trial is longer than the license")
            }
            if payment.fee == .zero {
                return Contradiction("grant.trialMilliseconds", "a trial of what costs nothing gives nothing back")
            }
        }
        return nil
    }
}

extension PaymentTerms {
    func contradiction(_ grant: GrantTerms) -> Contradiction? {
        if outcome != nil, grant.isSublicensable {
            return Contradiction(
                "payment.outcome", "a sublicense sets none aside, so with sublicenses nobody would pay it")
        }
        if asset == nil {
            if fee > .zero { return Contradiction("payment.fee", "a fee needs an asset") }
            if perUseFee > .zero { return Contradiction("payment.perUseFee", "a fee needs an asset") }
            if outcome != nil { return Contradiction("payment.outcome", "a price needs an asset") }
        }
        if prepaidUses > 0, perUseFee == .zero {
            return Contradiction("payment.prepaidUses", "uses that cost nothing are not prepaid")
        }
        if prepaidUses > LicenseLimits.prepaidUses {
            return Contradiction("payment.prepaidUses", "at most \(LicenseLimits.prepaidUses)")
        }
        guard let quota = perUseFee.times(prepaidUses), quota <= fee else {
            return Contradiction("payment.fee", "is less than the prepaid uses cost, which it pays")
        }
        if let outcome {
            if outcome.amount == .zero { return Contradiction("payment.outcome.amount", "a price of zero") }
            if outcome.threshold == .zero {
                return Contradiction("payment.outcome.threshold", "every outcome reaches zero; make it part of the fee")
            }
            if outcome.measure == .zero {
                return Contradiction("payment.outcome.measure", "the hash of no document")
            }
            if outcome.minimumReports == 0 || outcome.minimumReports > LicenseLimits.prepaidUses {
                return Contradiction(
                    "payment.outcome.minimumReports", "at least one, and at most \(LicenseLimits.prepaidUses)")
            }
            let range = LicenseLimits.shortestDurationMilliseconds...LicenseLimits.outcomeMilliseconds
            if !range.contains(outcome.withinMilliseconds) {
                return Contradiction("payment.outcome.withinMilliseconds", "a minute to five years")
            }
        }
        return nil
    }
}

extension ScopeTerms {
    func contradiction(_ commercial: CommercialTerms) -> Contradiction? {
        if !commercial.isAllowed, fieldsOfUse.contains(.commercial) {
            return Contradiction("scope.fieldsOfUse", "names the commercial field, which the terms do not allow")
        }
        if !researchAims.isEmpty, !fieldsOfUse.isEmpty, !fieldsOfUse.contains(.research) {
            return Contradiction("scope.researchAims", "names research, which the fields of use leave out")
        }
        if let found = diseaseContradiction { return found }
        if purposes.codes.count > LicenseLimits.purposes {
            return Contradiction("scope.purposes", "at most \(LicenseLimits.purposes)")
        }
        if territories.texts.count > LicenseLimits.territories {
            return Contradiction("scope.territories", "at most \(LicenseLimits.territories)")
        }
        for (index, territory) in territories.texts.enumerated() {
            if !Jurisdictions.isValid(territory) {
                return Contradiction(
                    "scope.territories[\(index)]", "not a country of ISO 3166-1 or a subdivision of ISO 3166-2")
            }
            if territory.utf8.count > 2, territories.contains(String(territory.prefix(2))) {
                return Contradiction("scope.territories[\(index)]", "its country is listed already")
            }
        }
        if languages.texts.count > LicenseLimits.languages {
            return Contradiction("scope.languages", "at most \(LicenseLimits.languages)")
        }
        if let index = languages.texts.firstIndex(where: { !LanguageTag.isWellFormed($0) }) {
            return Contradiction("scope.languages[\(index)]", "not a language tag of BCP 47")
        }
        return credentialContradiction
    }

    private var diseaseContradiction: Contradiction? {
        if diseases.isEmpty { return nil }
        if !fieldsOfUse.isEmpty, !fieldsOfUse.contains(.research) {
            return Contradiction("scope.diseases", "names research, which the fields of use leave out")
        }
        if !researchAims.isEmpty, !researchAims.contains(.disease) {
            return Contradiction("scope.diseases", "names diseases, which the aims of research leave out")
        }
        if diseases.count > ConsentsLimits.diseasesPerRequest {
            return Contradiction("scope.diseases", "at most \(ConsentsLimits.diseasesPerRequest)")
        }
        guard let index = diseases.elements.firstIndex(where: { !$0.isWellFormed }) else { return nil }
        return Contradiction("scope.diseases[\(index)]", "no code of its system")
    }

    private var credentialContradiction: Contradiction? {
        if requiredCredentials.count > LicenseLimits.requiredCredentials {
            return Contradiction("scope.requiredCredentials", "at most \(LicenseLimits.requiredCredentials)")
        }
        let types = CredentialType.allCases.filter { type in requiredCredentials.contains { $0.type == type } }
        if types.count > LicenseLimits.requiredCredentialTypes {
            return Contradiction(
                "scope.requiredCredentials", "of at most \(LicenseLimits.requiredCredentialTypes) types")
        }
        for (index, credential) in requiredCredentials.enumerated() {
            let field = "scope.requiredCredentials[\(index)]"
            if requiredCredentials[..<index].contains(credential) { return Contradiction(field, "is listed twice") }
            if let jurisdiction = credential.jurisdiction, !Jurisdictions.isValid(jurisdiction) {
                return Contradiction(field + ".jurisdiction", "not a country or subdivision of ISO 3166")
            }
        }
        return nil
    }
}

extension LegalText {
    var contradiction: Contradiction? {
        if hash == .zero { return Contradiction("legalText.hash", "the hash of no text") }
        let characters = uri.utf8
        if characters.count > LicenseLimits.uriBytes {
            return Contradiction("legalText.uri", "at most \(LicenseLimits.uriBytes) bytes")
        }
        // A scheme of letters, a colon, and printable ASCII without spaces behind it (RFC 3986).
        guard let colon = characters.firstIndex(of: 58), colon != characters.startIndex,
            characters.index(after: colon) != characters.endIndex,
            characters[..<colon].allSatisfy({ $0 >= 97 && $0 <= 122 }),
            characters.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return Contradiction("legalText.uri", "not a URI") }
        return nil
    }
}
