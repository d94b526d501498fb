import ArgumentParser
import Consents
import Interface
import Primitives
import WalletKit

/// A use of data, as it is asked for on the command line.
struct ConsentUseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What: \(ConsentAction.names.joined(separator: ", ")).")) var action: String?
    @Option(help: ArgumentHelp("Why, HL7 purpose of use (repeatable): treatment or TREAT, research or HRESCH…"))
    var purpose: [String] = []
    @Option(help: ArgumentHelp("Research aim (repeatable): \(ResearchAim.names.joined(separator: ", ")).")) var aim:
        [String] = []
    @OptionGroup var research: ResearchOptions
    @Option(help: "Where.") var jurisdiction: String?
    @Flag(help: "For commercial use.") var commercial = false
    @Option(help: ArgumentHelp("A file with a list of uses in JSON, in the place of the options.", valueName: "file"))
    var uses: String?

    /// Nothing of it was given.
    var isEmpty: Bool {
        action == nil && purpose.isEmpty && aim.isEmpty && research.isEmpty && jurisdiction == nil && !commercial
            && uses == nil
    }

    func request(by actor: Party) throws(WalletFailure) -> UseRequest {
        guard let action else {
            throw WalletFailure(
                .usage, "which use?", hint: "Add --action: \(ConsentAction.names.joined(separator: ", ")).")
        }
        let aims = try Codes.many(aim, ResearchAim.self, "research aim")
        return UseRequest(
            actor: actor, action: try Codes.one(action, ConsentAction.self, "action"),
            purposes: try Codes.many(purpose, PurposeOfUse.self, "purpose of use"), dataUse: try research.use(aims),
            jurisdiction: jurisdiction, commercial: commercial)
    }

    func requests(by actor: Party, _ session: Session) throws -> [UseRequest] {
        guard let uses else { return [try request(by: actor)] }
        return try ConsentInputs.json(uses, [UseRequest].self, "list of uses", session)
    }
}

/// A consent, or a set.
struct ConsentBasisOptions: ParsableArguments {
    @Argument(help: "The consent.") var consent: String?
    @Option(help: "Or the set.") var set: String?

    func basis(_ session: Session) throws(WalletFailure) -> ConsentBasis {
        switch (consent, set) {
        case (let consent?, nil): .consent(try session.id(consent))
        case (nil, let set?): .set(try session.id(set))
        default: throw WalletFailure(.usage, "name a consent, or a set with --set")
        }
    }

    func parameter(_ session: Session) throws -> (key: String, value: JSONValue) {
        switch try basis(session) {
        case .consent(let id): ("consent", try session.client.encode(id))
        case .set(let id): ("set", try session.client.encode(id))
        }
    }
}

struct ConsentCheck: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "What a consent or a set says to a use: permit, deny, or what it still needs.",
        discussion: example(
            "consent check my-consent --actor clinic --action access --purpose treatment",
            "consent check --set cohort --actor author --action analyze --purpose research --aim general --nonprofit"))
    @OptionGroup var globals: ReadGlobals
    @OptionGroup var basis: ConsentBasisOptions
    @Option(help: "Who wants to; who acts if absent.") var actor: String?
    @OptionGroup var use: ConsentUseOptions
    @Option(help: ArgumentHelp("As of then; now if absent.", valueName: "time")) var at: String?
    @OptionGroup(title: "Proof") var proof: ProofOptions

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let requests = try use.requests(by: try session.party(orActor: actor), session)
        guard requests.count == 1, let request = requests.first else {
            throw WalletFailure(.usage, "one use is checked at a time")
        }
        var params = parameters(["request": try session.client.encode(request)])
        let asked = try basis.parameter(session)
        params.append(asked.key, asked.value)
        if let at = try ConsentInputs.time(at, session) { params.append("at", at) }
        let value = try await session.decision("consent_check", params, proof)
        let names = session.plainNames
        session.show(value) {
            let decision = value["decision"]
            let needs = (decision?["needs"]?.array ?? []).compactMap { $0["type"]?.string }
            let path = (decision?["path"]?.array ?? []).compactMap { $0.unsigned.map { "\($0 + 1)" } }
            Console.fields([
                ("Decision", decision?["outcome"]?.string), ("At", names.time(value["at"])),
                ("Because", (decision?["reasons"]?.array ?? []).compactMap(\.string).joined(separator: ", ")),
                ("Provision", path.isEmpty ? nil : path.joined(separator: ".")),
                ("Needs", needs.isEmpty ? nil : needs.joined(separator: ", ")),
            ])
        }
    }
}

extension ConsentInputs {
    /// A value from a file in the JSON of the node's methods.
    static func json<Value: Decodable>(
        _ path: String, _ type: Value.Type, _ what: String, _ session: Session
    ) throws(WalletFailure) -> Value {
        let text = try ContentFile.text(path)
        do {
            return try JSONValueDecoder.decode(
                type, from: try JSONParser.parse(text), networkKind: session.network.kind)
        } catch {
            throw WalletFailure(.usage, "\(path) holds no \(what): \(error)", hint: "See Specs/domains/consents.md.")
        }
    }
}
