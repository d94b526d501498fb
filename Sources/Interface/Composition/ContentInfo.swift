internal import INFTs
internal import Primitives
internal import StateModel

/// What `content_info` tells of a content.
struct ContentInformation: Codable, Sendable {
    let root: Hash
    /// Bytes of ciphertext; absent where neither the ledger nor this node knows it.
    let size: UInt64?
    /// `absent`, `partial`, `whole`, `erased`; `none` where this node has no content store.
    let here: String
    /// Bytes that are here.
    let reached: UInt64
    /// Of the erasure.
    let receipt: Hash?
    /// The first hundred versions that name it.
    let namedBy: [ContentNaming]
    let hasMore: Bool
    /// Where this node's HTTP listener serves it.
    let path: String
}

struct ContentNaming: Codable, Sendable {
    let inft: INFTID
    let version: UInt64
}

struct ContentInformationParameters: Codable, Sendable {
    let root: Hash?
    let inft: INFTID?
    let version: UInt64?
}

extension Method {
    static let contentInfo = Method(
        "content_info",
        "An encrypted content: its size, whether this node holds it, which versions name it, where to get it.",
        [
            QueryParameter("root", "Its root; or name a version.", required: false),
            QueryParameter("inft", "An INFT, whose newest version is meant.", required: false),
            QueryParameter("version", "With `inft`: another of its versions.", required: false),
        ], from: ContentInformationParameters.self, value: ContentInformation.self
    ) { parameters, backend in
        let (root, namings, size) = try await backend.withSnapshot { snapshot in
            let root = try Self.root(parameters, snapshot)
            let namings = try INFTRegistry.versions(
                naming: root, limit: PageRequest.maximumLimit + 1, in: snapshot.index)
            let first = try namings.first.flatMap {
                try INFTRegistry.version($0.version, of: $0.inft, in: snapshot.state)
            }
            return (root, namings, first?.content.size)
        }
        let holding = await backend.content?.holding(of: root)
        let (here, reached, found, receipt): (String, UInt64, UInt64?, Hash?) =
            switch holding {
            case nil: ("none", 0, nil, nil)
            case .absent: ("absent", 0, nil, nil)
            case .partial(let reached, let size): ("partial", reached, size, nil)
            case .whole(let size): ("whole", size, size, nil)
            case .erased(let receipt): ("erased", 0, nil, receipt)
            }
        return ContentInformation(
            root: root, size: size ?? found, here: here, reached: reached, receipt: receipt,
            namedBy: namings.prefix(PageRequest.maximumLimit).map { ContentNaming(inft: $0.inft, version: $0.version) },
            hasMore: namings.count > PageRequest.maximumLimit, path: "/content/\(root)")
    }

    private static func root(_ parameters: ContentInformationParameters, _ snapshot: QueryContext) throws -> Hash {
        if let root = parameters.root {
            guard parameters.inft == nil, parameters.version == nil else {
                throw CallFailure.invalidParameters("root", "Give a root, or an INFT, not both.")
            }
            return root
        }
        guard let inft = parameters.inft else {
            throw CallFailure.invalidParameters("root", "Give a root, or an INFT.")
        }
        let record = try INFTRegistry.requireKnown(inft, field: "inft", in: snapshot.state)
        let number = parameters.version ?? record.versionCount
        guard (1...record.versionCount).contains(number),
            let version = try INFTRegistry.version(number, of: inft, in: snapshot.state)
        else { throw CallFailure.invalidParameters("version", "The INFT has versions 1 to \(record.versionCount).") }
        guard case .sealed(let content) = version.content else {
            throw CallFailure.invalidParameters("version", "The content of this version is open, not encrypted.")
        }
        return content.root
    }
}
