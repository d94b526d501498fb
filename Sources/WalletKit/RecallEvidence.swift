internal import Blocks
public import Interface
public import Licenses
public import Primitives
public import Proofs

/// Who has answered a recall and who has not, proven page by page: of every license on what was recalled, and, where one
/// became a derivative, of every license on that, down to the last descendant. A page lists licenses by numbers without a
/// gap, so none can be left out.
public struct RecallEvidence: Sendable {
    public static let method = "recall_answers"
    private static let pageLimit = 100
    /// A million licenses: more than a person asks for at once.
    private static let mostPages = 10_000

    /// One page of one INFT.
    public struct Page: Sendable {
        public let proof: Proof
        public let verified: VerifiedProof
    }

    public private(set) var pages: [Page] = []
    /// As `recall_answers` shows them.
    public private(set) var licenses: [JSONValue] = []

    /// Asks for every page. `ask` is given the parameters of a page and returns its proof, verified: from a node, or from a
    /// folder.
    public init(
        of recall: String, kind: NetworkKind,
        ask: (JSONObject) async throws(WalletFailure) -> (proof: Proof, verified: VerifiedProof)
    ) async throws(WalletFailure) {
        var waiting: [JSONValue?] = [nil]
        var seen: Set<String> = []
        while !waiting.isEmpty {
            let inft = waiting.removeFirst()
            var cursor: JSONValue?
            repeat {
                guard pages.count < Self.mostPages else {
                    throw WalletFailure(.usage, "the recall reaches more than \(Self.mostPages) pages of licenses")
                }
                let params = Self.params(recall: recall, inft: inft, cursor: cursor)
                let (proof, verified) = try await ask(params)
                let (items, next) = try Self.answer(verified, to: params, kind)
                pages.append(Page(proof: proof, verified: verified))
                licenses += items
                for item in items {
                    guard let derivative = item["derivative"], let id = derivative.string, seen.insert(id).inserted
                    else { continue }
                    waiting.append(derivative)
                }
                cursor = next
            } while cursor != nil
        }
    }

    private static func params(recall: String, inft: JSONValue?, cursor: JSONValue?) -> JSONObject {
        var params = JSONObject()
        params.append("recall", .string(recall))
        if let inft { params.append("inft", inft) }
        params.append("limit", .integer(pageLimit))
        if let cursor { params.append("cursor", cursor) }
        return params
    }

    /// Whether a proof is of this very page.
    public static func answers(_ verified: VerifiedProof, _ params: JSONObject) -> Bool {
        guard case .state(_, _, let question?) = verified.fact, question.method == method,
            case .object(let asked)? = try? JSONParser.parse(question.parameters)
        else { return false }
        return asked.count == params.count && params.members.allSatisfy { asked[$0.key] == $0.value }
    }

    private static func answer(
        _ verified: VerifiedProof, to params: JSONObject, _ kind: NetworkKind
    ) throws(WalletFailure) -> (items: [JSONValue], next: JSONValue?) {
        guard answers(verified, params), let answer = try ProofFile.answer(verified, kind: kind),
            let items = answer["items"]?.array
        else { throw WalletFailure(.proofInvalid, "a proof is of another question than its page of the list") }
        let next = answer["next"]
        return (items, next?.isNull == false ? next : nil)
    }

    /// Those of `standing`.
    public func count(_ standing: RecallStanding) -> Int {
        licenses.count { $0["standing"]?.string == standing.name }
    }

    // MARK: Files

    /// Writes the pages into a folder that holds no proof yet.
    public func write(to folder: String) throws(WalletFailure) {
        try DurableFile.makeFolder(folder)
        for (index, page) in pages.enumerated() {
            let path = Self.path(folder, index)
            try ProofFile.refuse(existing: path)
            try ProofFile.write(page.proof, to: path)
        }
    }

    private static func path(_ folder: String, _ index: Int) -> String {
        let number = String(index + 1)
        return folder + "/page-" + String(repeating: "0", count: max(0, 5 - number.count)) + number + ".proof"
    }

    /// Reads and verifies what ``write(to:)`` wrote, and puts the list together again: it fails if a page is missing.
    public init(
        of recall: String?, folder: String, trusting checkpoint: (Proof) throws(WalletFailure) -> Checkpoint
    ) async throws(WalletFailure) {
        var kept: [(proof: Proof, verified: VerifiedProof)] = []
        while kept.count < Self.mostPages, try DurableFile.contents(Self.path(folder, kept.count)) != nil {
            let proof = try ProofFile.read(Self.path(folder, kept.count))
            kept.append((proof, try ProofFile.verify(proof, trusting: try checkpoint(proof))))
        }
        guard let first = kept.first else {
            throw WalletFailure(.usage, "there is no \(Self.path(folder, 0))", hint: "Name the folder of --proofs.")
        }
        guard case .state(_, _, let question?) = first.verified.fact,
            let asked = (try? JSONParser.parse(question.parameters))?["recall"]?.string,
            recall == nil || recall == asked
        else { throw WalletFailure(.proofInvalid, "the proofs in \(folder) are not of this recall") }
        self = try await RecallEvidence(of: asked, kind: first.proof.networkKind.networkKind) {
            (params) throws(WalletFailure) in
            guard let found = kept.first(where: { Self.answers($0.verified, params) }) else {
                throw WalletFailure(
                    .proofInvalid,
                    "the list in \(folder) is not complete: it lacks the page \(JSONValue.object(params).text)"
                )
            }
            return found
        }
    }
}
