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
            "Aim of research on data about people (repeatable): \(ResearchAim.names.joined(separator: ", ")).",
            valueName: "aim"))
    var researchAim: [String] = []

    @OptionGroup var research: ResearchOptions

    @Option(
        help: ArgumentHelp(
            "Of data about few people: the diseases go into this file, for who keeps the data, and onto the ledger a "
                + "commitment to them.", valueName: "file"))
    var opening: String?

    /// And what opens its commitment to diseases; ``keep(_:)`` writes that. Of a file that opens one to the same diseases
    /// it is the same use again, which nobody buys twice by mistake.
    func use() throws(WalletFailure) -> (use: StatedUse, opening: CommitmentOpening?) {
        let aims = try Codes.many(researchAim, ResearchAim.self, "aim of research")
        let committed = try opening.map { (file) throws(WalletFailure) in
            try research.committed(aims, known: try Self.known(file))
        }
        let stated: ResearchUse?
        if let committed { stated = committed.use } else { stated = try research.use(aims) }
        let use = StatedUse(
            purposes: try Codes.many(purpose, PurposeOfUse.self, "purpose of use"),
            research: stated,
            territories: Codes.texts(territory.map { $0.uppercased() }), isCommercial: commercial,
            trainsModels: training)
        return (use, committed?.opening)
    }

    /// Nothing where there is no such file yet.
    private static func known(_ file: String) throws(WalletFailure) -> [CommitmentOpening] {
        try ContentFile.exists(file) ? CommitmentOpening.list(try ContentFile.text(file), file: file) : []
    }

    /// Before anybody is asked: what opens the commitment can be kept, or is.
    func requireKeepable(_ secret: CommitmentOpening?) throws(WalletFailure) {
        guard let opening, let secret, try ContentFile.exists(opening), try !Self.known(opening).contains(secret)
        else { return }
        throw WalletFailure(
            .usage, "there is a file \(opening) already, and it opens something else",
            hint: "Name another one with --opening.")
    }

    /// Writes what opens the commitment, before anything leaves this wallet that holds it.
    func keep(_ secret: CommitmentOpening?) throws(WalletFailure) {
        guard let opening, let secret else { return }
        try requireKeepable(secret)
        guard try !ContentFile.exists(opening) else { return }
        try ContentFile.writePrivate(Console.pretty(.array([secret.json])) + "\n", to: opening)
        Console.err("\(opening) says which disease it is for: hand it to who keeps the data, and keep a copy.")
    }
}

/// A use of a license, as it is checked.
struct LicenseUseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Who uses it; the licensee if absent.", valueName: "party")) var user: String?
    @Option(help: ArgumentHelp("HL7 purpose of use: TREAT.", valueName: "code")) var purpose: String?
    @Option(
        help: ArgumentHelp(
            "Of research on data about people, its aim: \(ResearchAim.names.joined(separator: ", ")).", valueName: "aim"
        ))
    var researchAim: String?
    @Option(help: ArgumentHelp("And its disease, as mondo:0005148.", valueName: "system:code")) var disease: String?
    @Option(
        help: ArgumentHelp(
            "Where the license was bought by a commitment to the diseases: what opens it.", valueName: "file"))
    var opening: String?
    @Option(help: ArgumentHelp("Field of use: \(FieldOfUse.names.joined(separator: ", ")).", valueName: "field"))
    var field: String?
    @Option(help: ArgumentHelp("Where, ISO 3166.", valueName: "place")) var territory: String?
    @Option(help: ArgumentHelp("In which language.", valueName: "tag")) var language: String?
    @Option(help: ArgumentHelp("Which version; the one bought if absent.", valueName: "number"))
    var contentVersion: UInt64?
    @Option(help: ArgumentHelp("Of a license on a group: the member that is used.", valueName: "inft")) var member:
        String?
    @Flag(help: "For commercial use.") var commercial = false
    @Flag(help: "To train models.") var training = false
    @Flag(help: "To make a derivative.") var derivative = false
    @Flag(help: "The work is named.") var attributed = false

    /// Nil if no use is described.
    ///
    /// - Parameter isKnown: the disease was compared with an opening, which nobody else is shown.
    func use(_ session: Session, diseaseIsKnown isKnown: Bool = false) throws(WalletFailure) -> LicenseUse? {
        let use = LicenseUse(
            user: try user.map { (text) throws(WalletFailure) in try session.party(text) },
            purpose: try purpose.map { (text) throws(WalletFailure) in
                try Codes.one(text, PurposeOfUse.self, "purpose of use")
            },
            field: try field.map { (text) throws(WalletFailure) in
                try Codes.one(text, FieldOfUse.self, "field of use")
            },
            territory: territory?.uppercased(), language: language, version: contentVersion, isCommercial: commercial,
            trainsModels: training, makesDerivative: derivative, attributes: attributed,
            member: try member.map { (text) throws(WalletFailure) in try session.id(text) },
            aim: try researchAim.map { (text) throws(WalletFailure) in
                try Codes.one(text, ResearchAim.self, "aim of research")
            },
            disease: isKnown ? nil : try disease.map { (text) throws(WalletFailure) in try ConsentInputs.term(text) })
        return use == LicenseUse() ? nil : use
    }
}
