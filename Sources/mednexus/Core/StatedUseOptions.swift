import ArgumentParser
import Consents
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

/// What a buyer says a license is for: it covers that and nothing else.
struct StatedUseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("HL7 purpose of use (repeatable): TREAT, HRESCH, ….", valueName: "code"))
    var purpose: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where it will be used, ISO 3166 (repeatable); wherever allowed if absent.", valueName: "place"))
    var territory: [String] = []

    @Flag(help: "For commercial use.") var commercial = false
    @Flag(help: "To train models.") var training = false

    @Option(
        help: ArgumentHelp(
            "Aim of research on data about people (repeatable): \(ResearchAim.names.prefix(4).joined(separator: ", ")), ….",
            valueName: "aim"))
    var researchAim: [String] = []

    @Flag(help: "The research is not for profit.") var nonprofit = false
    @Flag(help: "The research is a genetic study.") var genetic = false

    @Option(
        help: ArgumentHelp(
            "What you bind yourself to (repeatable): \(Undertaking.names.joined(separator: ", ")).", valueName: "what"))
    var undertake: [String] = []

    @Option(help: ArgumentHelp("Commitment to the project, as the consent names it.", valueName: "hash"))
    var project: String?

    func use() throws(WalletFailure) -> StatedUse {
        let aims = try Codes.many(researchAim, ResearchAim.self, "aim of research")
        let undertakings = try Codes.many(undertake, Undertaking.self, "undertaking")
        let isResearch = !aims.isEmpty || nonprofit || genetic || !undertakings.isEmpty || project != nil
        let research =
            isResearch
            ? ResearchUse(
                aims: SortedList(aims), isNonprofit: nonprofit, isGeneticStudy: genetic,
                undertakings: SortedList(undertakings),
                project: try project.map { (text) throws(WalletFailure) in try Codes.hash(text) }) : nil
        return StatedUse(
            purposes: try Codes.many(purpose, PurposeOfUse.self, "purpose of use"), research: research,
            territories: Codes.texts(territory.map { $0.uppercased() }), isCommercial: commercial,
            trainsModels: training)
    }
}

/// A use of a license, as it is checked.
struct LicenseUseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Who uses it; the licensee if absent.", valueName: "party")) var user: String?
    @Option(help: ArgumentHelp("HL7 purpose of use: TREAT.", valueName: "code")) var purpose: String?
    @Option(help: ArgumentHelp("Field of use: \(FieldOfUse.names.joined(separator: ", ")).", valueName: "field"))
    var field: String?
    @Option(help: ArgumentHelp("Where, ISO 3166.", valueName: "place")) var territory: String?
    @Option(help: ArgumentHelp("In which language.", valueName: "tag")) var language: String?
    @Option(help: ArgumentHelp("Which version; the one bought if absent.", valueName: "number"))
    var contentVersion: UInt64?
    @Flag(help: "For commercial use.") var commercial = false
    @Flag(help: "To train models.") var training = false
    @Flag(help: "To make a derivative.") var derivative = false
    @Flag(help: "The work is named.") var attributed = false

    /// Nil if no use is described.
    func use(_ session: Session) throws(WalletFailure) -> LicenseUse? {
        let use = LicenseUse(
            user: try user.map { (text) throws(WalletFailure) in try session.party(text) },
            purpose: try purpose.map { (text) throws(WalletFailure) in
                try Codes.one(text, PurposeOfUse.self, "purpose of use")
            },
            field: try field.map { (text) throws(WalletFailure) in
                try Codes.one(text, FieldOfUse.self, "field of use")
            },
            territory: territory?.uppercased(), language: language, version: contentVersion, isCommercial: commercial,
            trainsModels: training, makesDerivative: derivative, attributes: attributed)
        return use == LicenseUse() ? nil : use
    }
}
