public import Consents
import Identities
import Primitives

/// Language tags of BCP 47: `de`, `zh-Hant`, `pt-BR`.
public enum LanguageTag {
    /// Two or three small letters, then subtags of one to eight letters or digits.
    public static func isWellFormed(_ text: String) -> Bool {
        guard text.utf8.count <= LicenseLimits.languageBytes else { return false }
        let parts = text.utf8.split(separator: 45, omittingEmptySubsequences: false)
        guard let first = parts.first, (2...3).contains(first.count), first.allSatisfy({ $0 >= 97 && $0 <= 122 })
        else { return false }
        return parts.dropFirst().allSatisfy { part in
            (1...8).contains(part.count)
                && part.allSatisfy { $0 >= 48 && $0 <= 57 || $0 >= 65 && $0 <= 90 || $0 >= 97 && $0 <= 122 }
        }
    }

    /// True if `tag` is `wider` or a variant of it: `pt` includes `pt-BR`.
    public static func includes(_ wider: String, _ tag: String) -> Bool {
        let outer = Array(wider.utf8)
        let inner = Array(tag.utf8)
        return inner.starts(with: outer) && (inner.count == outer.count || inner[outer.count] == 45)
    }
}

extension ScopeTerms {
    public func allows(purpose: PurposeOfUse) -> Bool {
        purposes.isEmpty || purposes.codes.contains { $0.includes(purpose) }
    }

    /// The aims that research may have; empty: any. Terms that name diseases, and no aims, allow no other research.
    var allowedAims: CodeList<ResearchAim> {
        researchAims.isEmpty && !diseases.isEmpty ? CodeList([.disease]) : researchAims
    }

    public func allows(aim: ResearchAim) -> Bool { allowedAims.isEmpty || allowedAims.contains(aim) }

    /// Whether a use that they allow may be research.
    var allowsResearch: Bool {
        !researchAims.isEmpty || !diseases.isEmpty || purposes.isEmpty
            || purposes.codes.contains { $0.includes(.research) || PurposeOfUse.research.includes($0) }
    }

    public func allows(field: FieldOfUse) -> Bool { fieldsOfUse.isEmpty || fieldsOfUse.contains(field) }

    public func allows(territory: String) -> Bool { Jurisdictions.covers(territories.texts, territory) }

    public func allows(language: String) -> Bool {
        languages.isEmpty || languages.texts.contains { LanguageTag.includes($0, language) }
    }
}

extension Terms {
    /// The first field in which these terms allow more than a license was bought for; nil if they keep within it.
    func field(widerThan use: StatedUse) -> String? {
        if commercial.isAllowed, !use.isCommercial { return "commercial.isAllowed" }
        if scope.allowsTraining, !use.trainsModels { return "scope.allowsTraining" }
        if !use.purposes.isEmpty {
            let isWithin = scope.purposes.codes.allSatisfy { code in
                use.purposes.codes.contains { $0.includes(code) }
            }
            if scope.purposes.isEmpty || !isWithin { return "scope.purposes" }
        }
        if !use.territories.isEmpty {
            let isWithin = scope.territories.texts.allSatisfy { Jurisdictions.covers(use.territories.texts, $0) }
            if scope.territories.isEmpty || !isWithin { return "scope.territories" }
        }
        return use.research.flatMap(researchField(widerThan:))
    }

    /// The same of the research that a license was bought for.
    private func researchField(widerThan research: ResearchUse) -> String? {
        guard scope.allowsResearch else { return nil }
        // Of which disease the ledger does not know, so no terms can keep to it.
        if research.project != nil { return "scope.purposes" }
        if research.diseases.isEmpty {
            if research.aims.contains(.disease) { return "scope.purposes" }
            let allowed = scope.allowedAims.codes
            let isWithin = research.aims.isEmpty || !allowed.isEmpty && allowed.allSatisfy(research.covers)
            return isWithin ? nil : "scope.researchAims"
        }
        let aims = research.aims.isEmpty ? [.disease] : research.aims.elements
        if !scope.allowedAims.isWithin(CodeList(aims)) { return "scope.researchAims" }
        let stated = research.diseases.map(\.disease)
        return scope.diseases.isEmpty || !scope.diseases.elements.allSatisfy(stated.contains) ? "scope.diseases" : nil
    }

    /// The first field in which these terms allow more than `parent`; nil if they keep within it.
    ///
    /// A derivative carries its parent inside, so whoever may use the derivative uses the parent too.
    func field(widerThan parent: Terms) -> String? {
        let outer = parent.scope
        if commercial.isAllowed, !parent.commercial.isAllowed { return "commercial.isAllowed" }
        if scope.allowsTraining, !outer.allowsTraining { return "scope.allowsTraining" }
        if scope.purposes.isEmpty ? !outer.purposes.isEmpty : !scope.purposes.codes.allSatisfy(outer.allows(purpose:)) {
            return "scope.purposes"
        }
        if !scope.allowedAims.isWithin(outer.allowedAims) { return "scope.researchAims" }
        if !outer.diseases.isEmpty,
            scope.diseases.isEmpty || !scope.diseases.elements.allSatisfy(outer.diseases.contains)
        {
            return "scope.diseases"
        }
        if !scope.fieldsOfUse.isWithin(outer.fieldsOfUse) { return "scope.fieldsOfUse" }
        if scope.territories.isEmpty
            ? !outer.territories.isEmpty : !scope.territories.texts.allSatisfy(outer.allows(territory:))
        {
            return "scope.territories"
        }
        if scope.languages.isEmpty
            ? !outer.languages.isEmpty : !scope.languages.texts.allSatisfy(outer.allows(language:))
        {
            return "scope.languages"
        }
        if !outer.requiredCredentials.allSatisfy(scope.requiredCredentials.contains) {
            return "scope.requiredCredentials"
        }
        return nil
    }
}
