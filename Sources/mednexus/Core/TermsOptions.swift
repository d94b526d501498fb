import ArgumentParser
import Consents
import Cryptography
import Identities
import Licenses
import Primitives
import Revenue
import Transactions
import WalletKit

/// A flag for every field of terms. What is not given stays as the preset has it.
struct TermsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Start from a preset; without one nothing is allowed.", valueName: "name"))
    var preset: String?

    // Commercial
    @Flag(inversion: .prefixedNo, help: "Commercial use is allowed.") var commercial: Bool?
    @Flag(inversion: .prefixedNo, help: "Commercial use names the work.") var commercialAttribution: Bool?
    @Option(help: ArgumentHelp("What a derivative shares of its revenue: 10.", valueName: "percent"))
    var revenueShare: String?
    @Option(help: ArgumentHelp("The most that share brings from one derivative.", valueName: "amount"))
    var revenueCeiling: String?

    // Derivatives
    @Flag(inversion: .prefixedNo, help: "Derivatives are allowed.") var derivatives: Bool?
    @Flag(inversion: .prefixedNo, help: "A derivative names its parent.") var derivativeAttribution: Bool?
    @Flag(inversion: .prefixedNo, help: "You sign each derivative.") var derivativeApproval: Bool?
    @Flag(inversion: .prefixedNo, help: "A derivative is offered under these same terms.") var reciprocal: Bool?
    @Option(
        help: ArgumentHelp("The revenue of a derivative up to which the share is due.", valueName: "amount"))
    var derivativeRevenueCeiling: String?
    @Option(help: ArgumentHelp("absolute or relative.", valueName: "policy")) var royaltyPolicy: String?

    // Grant
    @Flag(inversion: .prefixedNo, help: "The license can be handed on.") var transferable: Bool?
    @Flag(inversion: .prefixedNo, help: "Sublicenses may be given.") var sublicensable: Bool?
    @Flag(inversion: .prefixedNo, help: "There is one licensee alone.") var exclusive: Bool?
    @Option(help: ArgumentHelp("How many named accounts may use it.", valueName: "count")) var seats: UInt64?
    @Option(help: ArgumentHelp("1y, 30d, 12h; or forever.", valueName: "duration")) var duration: String?
    @Option(help: ArgumentHelp("Within it the license can be returned for its fee.", valueName: "duration"))
    var trial: String?
    @Flag(inversion: .prefixedNo, help: "Later versions are included.") var revisions: Bool?
    @Flag(inversion: .prefixedNo, help: "It can be renewed.") var renewable: Bool?
    @Option(
        help: ArgumentHelp(
            "What you may revoke it for (repeatable): \(RevocationCause.names.joined(separator: ", ")).",
            valueName: "cause"))
    var revocableFor: [String] = []

    // Payment
    @Option(help: ArgumentHelp("In which asset; the ledger's only one if absent.", valueName: "asset"))
    var asset: String?
    @Option(help: ArgumentHelp("The least that an offer may ask.", valueName: "amount")) var fee: String?
    @Option(help: ArgumentHelp("What each use costs.", valueName: "amount")) var perUseFee: String?
    @Option(help: ArgumentHelp("Uses that the fee pays already.", valueName: "count")) var prepaidUses: UInt64?
    @Option(help: ArgumentHelp("Hash of the document that defines the outcome measured.", valueName: "hash"))
    var outcomeMeasure: String?
    @Option(help: ArgumentHelp("At which outcome the further price is due.", valueName: "percent"))
    var outcomeThreshold: String?
    @Option(help: ArgumentHelp("The further price.", valueName: "amount")) var outcomeAmount: String?
    @Option(help: ArgumentHelp("When it is decided, after delivery: 90d.", valueName: "duration"))
    var outcomeWithin: String?
    @Option(
        help: ArgumentHelp(
            "Whose reports decide: others (all other licenses) or own (the licensee's).", valueName: "whose"))
    var outcomeBasis: String?
    @Option(help: ArgumentHelp("How many reports it takes; one if absent.", valueName: "count"))
    var outcomeMinimum: UInt64?
    @Flag(inversion: .prefixedNo, help: "With fewer reports it is paid; else it comes back.") var outcomeDueWithout:
        Bool?

    // Scope
    @Option(help: ArgumentHelp("HL7 purposes of use (repeatable): TREAT,HRESCH.", valueName: "code"))
    var purpose: [String] = []
    @Option(
        help: ArgumentHelp(
            "Aims of research (repeatable): \(ResearchAim.names.joined(separator: ", ")).", valueName: "aim"))
    var researchAim: [String] = []
    @Option(
        help: ArgumentHelp(
            "Research of these diseases alone (repeatable), as mondo:0005148; never of data about fewer than twenty people.",
            valueName: "system:code"))
    var disease: [String] = []
    @Option(
        help: ArgumentHelp(
            "Fields of use (repeatable): \(FieldOfUse.names.joined(separator: ", ")).", valueName: "field"))
    var field: [String] = []
    @Option(help: ArgumentHelp("ISO 3166 (repeatable): DE,US-CA. Everywhere if absent.", valueName: "place"))
    var territory: [String] = []
    @Option(help: ArgumentHelp("BCP 47 (repeatable): en,de. Any if absent.", valueName: "tag"))
    var language: [String] = []
    @Option(
        help: ArgumentHelp(
            "What a licensee must hold (repeatable): medicalLicense, or medicalLicense:DE.", valueName: "credential"))
    var credential: [String] = []
    @Flag(inversion: .prefixedNo, help: "It may train models.") var training: Bool?

    // Legal text
    @Option(help: ArgumentHelp("The legal text, hashed.", valueName: "path")) var legalFile: String?
    @Option(help: ArgumentHelp("Its hash, instead of the file.", valueName: "hash")) var legalHash: String?
    @Option(help: ArgumentHelp("Where it can be read.", valueName: "uri")) var legalURI: String?

    func terms(_ session: Session) async throws(WalletFailure) -> Terms {
        var terms = Terms(
            commercial: CommercialTerms(isAllowed: false), derivatives: DerivativeTerms(isAllowed: false),
            grant: GrantTerms(), payment: PaymentTerms(), scope: ScopeTerms(), legalText: nil)
        if let preset {
            guard let found = TermsPreset.named(preset) else {
                throw WalletFailure(
                    .usage, "there is no preset \(preset)",
                    hint: "There are: \(TermsPreset.all.map(\.name).joined(separator: ", ")).")
            }
            terms = found.terms
        }
        try await setPayment(&terms, session)
        try setRights(&terms)
        try setGrant(&terms.grant)
        try setScope(&terms.scope)
        try setLegalText(&terms)
        if let contradiction = terms.inconsistency { throw Self.contradicted(contradiction) }
        return terms
    }

    /// Names the option that set the field.
    private static func contradicted(_ rejection: Rejection) -> WalletFailure {
        let field = rejection.field.prefix { $0 != "[" }
        let name = field.hasPrefix("terms.") ? field.dropFirst(6) : field[...]
        let option = CommandWords.termsOptions[String(name)].map { "The field is set by \($0)." } ?? ""
        let hint = [rejection.hint, option].filter { !$0.isEmpty }.joined(separator: " ")
        return WalletFailure(.refused, rejection.message, hint: hint, answer: WalletFailure.Answer(rejection))
    }

    private func setPayment(_ terms: inout Terms, _ session: Session) async throws(WalletFailure) {
        let amounts = [fee, perUseFee, outcomeAmount, revenueCeiling, derivativeRevenueCeiling]
        guard asset != nil || amounts.contains(where: { $0 != nil }) else { return }
        let record = try await session.assetOrOnly(asset)
        func amount(_ text: String) throws(WalletFailure) -> Amount { try session.amount(text, of: record) }
        terms.payment.asset = record.id
        if let fee { terms.payment.fee = try amount(fee) }
        if let perUseFee { terms.payment.perUseFee = try amount(perUseFee) }
        if let prepaidUses { terms.payment.prepaidUses = prepaidUses }
        if let revenueCeiling { terms.commercial.revenueCeiling = try amount(revenueCeiling) }
        if let derivativeRevenueCeiling { terms.derivatives.revenueCeiling = try amount(derivativeRevenueCeiling) }
        let given = [outcomeMeasure, outcomeThreshold, outcomeAmount, outcomeWithin, outcomeBasis]
        guard given.contains(where: { $0 != nil }) || outcomeMinimum != nil else { return }
        guard let outcomeMeasure, let outcomeThreshold, let outcomeAmount, let outcomeWithin else {
            throw WalletFailure(
                .usage,
                "an outcome price needs --outcome-measure, --outcome-threshold, --outcome-amount and --outcome-within")
        }
        terms.payment.outcome = OutcomePrice(
            measure: try Codes.hash(outcomeMeasure), threshold: try Codes.percent(outcomeThreshold),
            amount: try amount(outcomeAmount),
            basis: try outcomeBasis.map { (text) throws(WalletFailure) in
                try Codes.one(text, OutcomeBasis.self, "basis of outcomes")
            } ?? .others, minimumReports: outcomeMinimum ?? 1,
            withinMilliseconds: try Self.duration(outcomeWithin), isDueWithoutReports: outcomeDueWithout ?? false)
    }

    private func setRights(_ terms: inout Terms) throws(WalletFailure) {
        if let commercial { terms.commercial.isAllowed = commercial }
        if let commercialAttribution { terms.commercial.requiresAttribution = commercialAttribution }
        if let revenueShare { terms.commercial.revenueShare = try Codes.percent(revenueShare) }
        if let derivatives { terms.derivatives.isAllowed = derivatives }
        if let derivativeAttribution { terms.derivatives.requiresAttribution = derivativeAttribution }
        if let derivativeApproval { terms.derivatives.requiresApproval = derivativeApproval }
        if let reciprocal { terms.derivatives.isReciprocal = reciprocal }
        if let royaltyPolicy {
            terms.derivatives.royaltyPolicy = try Codes.one(royaltyPolicy, RoyaltyPolicy.self, "royalty policy")
        }
    }

    private func setGrant(_ grant: inout GrantTerms) throws(WalletFailure) {
        if let transferable { grant.isTransferable = transferable }
        if let sublicensable { grant.isSublicensable = sublicensable }
        if let exclusive { grant.isExclusive = exclusive }
        if let seats { grant.seats = seats }
        if let duration {
            grant.durationMilliseconds = duration == "forever" ? nil : try Self.duration(duration)
            if duration == "forever", renewable == nil { grant.isRenewable = false }
        }
        if let trial { grant.trialMilliseconds = try Self.duration(trial) }
        if let revisions { grant.coversRevisions = revisions }
        if let renewable { grant.isRenewable = renewable }
        if !revocableFor.isEmpty {
            grant.revocableFor = CodeList(try Codes.many(revocableFor, RevocationCause.self, "cause of revocation"))
        }
    }

    private func setScope(_ scope: inout ScopeTerms) throws(WalletFailure) {
        if !purpose.isEmpty {
            scope.purposes = CodeList(try Codes.many(purpose, PurposeOfUse.self, "purpose of use"))
        }
        if !researchAim.isEmpty {
            scope.researchAims = CodeList(try Codes.many(researchAim, ResearchAim.self, "aim of research"))
        }
        if !disease.isEmpty {
            scope.diseases = SortedList(
                try disease.map { (text) throws(WalletFailure) in try ConsentInputs.term(text) })
        }
        if !field.isEmpty { scope.fieldsOfUse = CodeList(try Codes.many(field, FieldOfUse.self, "field of use")) }
        if !territory.isEmpty { scope.territories = TextList(Codes.texts(territory.map { $0.uppercased() })) }
        if !language.isEmpty { scope.languages = TextList(Codes.texts(language)) }
        if let training { scope.allowsTraining = training }
        guard !credential.isEmpty else { return }
        var needed: [CredentialRequirement] = []
        for text in credential.flatMap({ $0.split(separator: ",") }) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            needed.append(
                CredentialRequirement(
                    type: try Codes.one(String(parts[0]), CredentialType.self, "credential"),
                    jurisdiction: parts.count == 2 && !parts[1].isEmpty ? parts[1].uppercased() : nil))
        }
        scope.requiredCredentials = needed
    }

    private func setLegalText(_ terms: inout Terms) throws(WalletFailure) {
        guard legalFile != nil || legalHash != nil || legalURI != nil else { return }
        guard let legalURI, (legalFile == nil) != (legalHash == nil) else {
            throw WalletFailure(.usage, "a legal text needs --legal-uri, and --legal-file or --legal-hash")
        }
        let hash: Hash
        if let legalFile {
            hash = try ContentFile(path: legalFile).hash
        } else {
            hash = try Codes.hash(legalHash ?? "")
        }
        terms.legalText = LegalText(hash: hash, uri: legalURI)
    }

    private static func duration(_ text: String) throws(WalletFailure) -> UInt64 {
        guard let duration = Inputs.duration(text) else {
            throw WalletFailure(.usage, "\(text) is no duration", hint: "Write 1y, 30d or 12h.")
        }
        return duration
    }
}
