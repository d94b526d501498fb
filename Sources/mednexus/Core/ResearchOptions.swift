import ArgumentParser
import Consents
import Cryptography
import Primitives
import WalletKit

/// What is researched, and what is undertaken with it.
struct ResearchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Disease studied, SYSTEM:CODE (repeatable), as mondo:0005148. Of data about fewer than twenty people the ledger "
                + "must not know it.", valueName: "system:code"))
    var disease: [String] = []
    @Option(
        help: ArgumentHelp(
            "A wider disease, which the data is for (repeatable): the way up to it is stated (--ontology). Not where the "
                + "terms name diseases: there --disease is one of these.",
            valueName: "system:code"))
    var descendsFrom: [String] = []
    @Option(help: ArgumentHelp("Edges of the ontology, lines SYSTEM:CHILD PARENT.", valueName: "file"))
    var ontology: String?
    @Flag(help: "The research is not for profit.") var nonprofit = false
    @Flag(help: "The research is a genetic study.") var genetic = false
    @Option(
        help: ArgumentHelp(
            "What who uses it binds themselves to (repeatable): \(Undertaking.names.joined(separator: ", ")).",
            valueName: "what"))
    var undertake: [String] = []
    @Option(help: ArgumentHelp("Commitment to the project, as the consent names it.", valueName: "hash"))
    var project: String?

    /// The ontology alone says nothing of a use.
    var isEmpty: Bool {
        disease.isEmpty && descendsFrom.isEmpty && !nonprofit && !genetic && undertake.isEmpty && project == nil
    }

    /// Nil if nothing is researched.
    func use(_ aims: [ResearchAim]) throws(WalletFailure) -> ResearchUse? {
        guard !isEmpty || !aims.isEmpty else { return nil }
        return ResearchUse(
            aims: SortedList(aims), diseases: try diseases(), isNonprofit: nonprofit, isGeneticStudy: genetic,
            undertakings: SortedList(try Codes.many(undertake, Undertaking.self, "undertaking")),
            project: try project.map { (text) throws(WalletFailure) in try Codes.hash(text) })
    }

    /// The same, with diseases that only their commitment tells of, and what opens it: one of `known`, if it is of the
    /// same diseases.
    func committed(
        _ aims: [ResearchAim], known: [CommitmentOpening]
    ) throws(WalletFailure) -> (use: ResearchUse, opening: CommitmentOpening) {
        guard !disease.isEmpty else {
            throw WalletFailure(.usage, "which disease is committed to?", hint: "Add --disease mondo:0005148.")
        }
        guard project == nil, descendsFrom.isEmpty else {
            throw WalletFailure(
                .usage, "the commitment to the diseases stands in the place of the project's, and has no way up",
                hint: "Leave out --project and --descends-from; or state the aim disease alone, without --opening.")
        }
        let fresh = CommitmentOpening(
            .use, salt: Hash(OperatingSystemRandom.bytes32()),
            terms: try disease.map { (text) throws(WalletFailure) in try ConsentInputs.term(text) })
        let opening = known.first { $0.subject == .use && $0.terms == fresh.terms } ?? fresh
        let use = ResearchUse(
            aims: SortedList(aims + [.disease]), isNonprofit: nonprofit, isGeneticStudy: genetic,
            undertakings: SortedList(try Codes.many(undertake, Undertaking.self, "undertaking")),
            project: opening.commitment)
        return (use, opening)
    }

    private func diseases() throws(WalletFailure) -> [DiseaseAim] {
        let terms = try disease.map { (text) throws(WalletFailure) in try ConsentInputs.term(text) }
        guard !descendsFrom.isEmpty else { return terms.map { DiseaseAim(disease: $0) } }
        guard let ontology else {
            throw WalletFailure(.usage, "by which ontology does it descend?", hint: "Add --ontology FILE.")
        }
        let tree = try OntologyInputs.tree(ontology)
        let wider = try descendsFrom.map { (text) throws(WalletFailure) in try ConsentInputs.term(text) }
        return try terms.map { (term) throws(WalletFailure) in
            if wider.contains(term) { return DiseaseAim(disease: term) }
            for ancestor in wider {
                if let path = tree.path(from: term, to: ancestor) { return DiseaseAim(disease: term, path: path) }
            }
            throw WalletFailure(
                .usage, "\(term.text) descends from none of \(wider.map(\.text).joined(separator: ", ")) in \(ontology)"
            )
        }
    }
}
