public import Consents
import Cryptography
import Encoding
public import Interface
public import Primitives

/// What a salted commitment stands for: diseases, or classes of records, that the ledger must not know. It goes to who
/// keeps the data, in a file; nobody can open the commitment without it.
public struct CommitmentOpening: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        /// What a consent is restricted to. Bytes that are hashed: `[kind, salt, [[system, code]…]]`.
        case restriction(RestrictionKind)
        /// Which diseases a use is for, said in the place of the project. Bytes that are hashed: `[salt, [[system, code]…]]`.
        case use
    }

    private static let restriction = HashTag("mednexus/consent-restriction")
    private static let use = HashTag("mednexus/use-diseases")
    private static let useName = "use"

    public let subject: Subject
    public let salt: Hash
    public let terms: SortedList<CodedTerm>

    public init(_ subject: Subject, salt: Hash, terms: some Sequence<CodedTerm>) {
        self.subject = subject
        self.salt = salt
        self.terms = SortedList(terms)
    }

    public var commitment: Hash {
        var writer = CBORWriter()
        switch subject {
        case .restriction(let kind):
            writer.array(3)
            writer.write(UInt64(kind.rawValue))
        case .use: writer.array(2)
        }
        writer.write(salt)
        writer.write(terms)
        return (subject == .use ? Self.use : Self.restriction).hash(writer.bytes)
    }

    /// Those of `diseases` that are none of the opened ones, nor, by the ontology, a kind of one.
    public func outside(_ diseases: SortedList<CodedTerm>, ontology: OntologyTree?) -> [CodedTerm] {
        diseases.elements.filter { disease in
            !terms.elements.contains { $0 == disease || ontology?.path(from: disease, to: $0) != nil }
        }
    }

    private var kindName: String {
        switch subject {
        case .restriction(let kind): kind.name
        case .use: Self.useName
        }
    }

    public var json: JSONValue {
        .object([
            "kind": .string(kindName), "commitment": .string(commitment.description),
            "salt": .string(salt.description), "terms": .array(terms.elements.map { .string($0.text) }),
        ])
    }

    /// Those of a file: a list of objects, as ``json`` writes them. Each is what its commitment says, or refused.
    public static func list(_ text: [UInt8], file: String) throws(WalletFailure) -> [CommitmentOpening] {
        guard let values = (try? JSONParser.parse(text))?.array else { throw unreadable(file) }
        return try values.map { (value) throws(WalletFailure) in
            guard let opening = read(value) else { throw unreadable(file) }
            guard value["commitment"]?.string == opening.commitment.description else {
                throw WalletFailure(.usage, "an entry of \(file) does not open the commitment that it names")
            }
            return opening
        }
    }

    private static func unreadable(_ file: String) -> WalletFailure {
        WalletFailure(
            .usage, "\(file) opens no commitment",
            hint: "It is the file that consent grant or license buy wrote with --opening.")
    }

    private static func read(_ value: JSONValue) -> CommitmentOpening? {
        guard let name = value["kind"]?.string,
            let salt = value["salt"]?.string.flatMap({ Hexadecimal.decode($0) }).flatMap({ Bytes32($0) }),
            let texts = value["terms"]?.array?.compactMap(\.string), !texts.isEmpty
        else { return nil }
        let terms = texts.compactMap { text -> CodedTerm? in
            guard let (system, code) = Inputs.code(text), let known = TermSystem(name: system) else { return nil }
            return CodedTerm(system: known, code: code)
        }
        guard terms.count == texts.count, terms.allSatisfy(\.isWellFormed) else { return nil }
        if name == useName { return CommitmentOpening(.use, salt: Hash(salt), terms: terms) }
        return RestrictionKind(name: name).map { CommitmentOpening(.restriction($0), salt: Hash(salt), terms: terms) }
    }
}
