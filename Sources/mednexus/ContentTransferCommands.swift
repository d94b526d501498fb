import ArgumentParser
import Cryptography
import FoundationEssentials
import Interface
import Primitives
import WalletKit

struct ContentPut: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Uploads an encrypted file to the node's content store.",
        discussion: """
            What breaks off goes on where it stood when the command is repeated. The node must allow this account to upload \
            (content.uploaders); what no INFT names within its time of grace is removed.

            \(example("content put scan.enc --from hospital"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The encrypted file (content encrypt makes it).") var file: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let reading = ProgressBar("Reading", isShown: !globals.json)
        let ciphertext = try CiphertextFile(path: file, progress: reading.show)
        reading.clear()
        let bar = ProgressBar("Uploading", isShown: !globals.json)
        defer { bar.clear() }
        try await session.contentClient().upload(ciphertext, progress: bar.show)
        bar.clear()
        let value = JSONValue.object([
            "root": .string(ciphertext.root.description), "size": .unsigned(ciphertext.size),
        ])
        session.show(value) {
            Console.fields([
                ("Root", ciphertext.root.description), ("Size", "\(ciphertext.size) bytes"),
                ("Node", session.network.node),
            ])
        }
    }
}

struct ContentGet: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Downloads an encrypted content, every chunk proven against its root.",
        discussion: """
            Any registered account may. What breaks off goes on where it stood when the command is repeated.

            \(example("content get --inft scan scan.enc --from clinic", "content get --root ROOT scan.enc --from clinic"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Option(help: "The content's root.") var root: String?
    @Option(help: "Or an INFT, whose newest version is meant.") var inft: String?
    @Option(help: "With --inft: another of its versions.") var version: UInt64?
    @Argument(help: "The file to write.") var file: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let information = try await session.contentInformation(root: root, inft: inft, version: version)
        guard let root = information["root"]?.string.flatMap({ Hexadecimal.decode($0) }).flatMap({ Bytes32($0) }) else {
            throw WalletFailure(.unreachable, "content_info without a root")
        }
        guard let size = information["size"]?.unsigned else {
            throw WalletFailure(
                .refused, "neither the ledger nor this node knows that content",
                hint: "Check the root, or ask the node that it was uploaded to.")
        }
        let bar = ProgressBar("Fetching", isShown: !globals.json)
        defer { bar.clear() }
        try await session.contentClient().download(Hash(root), size: size, to: file, progress: bar.show)
        bar.clear()
        let value = JSONValue.object([
            "root": .string(Hash(root).description), "size": .unsigned(size), "file": .string(file),
        ])
        session.show(value) { Console.out("\(file): \(size) bytes, all under the root \(Hash(root))") }
    }
}

struct ContentInfoCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "What the node has of a content, and which versions name it.",
        discussion: example("content info --inft scan"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "The content's root.") var root: String?
    @Option(help: "Or an INFT, whose newest version is meant.") var inft: String?
    @Option(help: "With --inft: another of its versions.") var version: UInt64?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let information = try await session.contentInformation(root: root, inft: inft, version: version)
        session.show(information) {
            let reached = information["reached"]?.unsigned ?? 0
            let here =
                switch information["here"]?.string {
                case "whole": "whole"
                case "partial": "\(reached) bytes"
                case "erased": "erased, receipt \(information["receipt"]?.string ?? "")"
                case "none": "the node has no content store"
                default: "nothing"
                }
            let versions = (information["namedBy"]?.array ?? []).map {
                "\($0["inft"]?.string ?? "") version \($0["version"]?.unsigned ?? 0)"
            }
            Console.fields([
                ("Root", information["root"]?.string),
                ("Size", information["size"]?.unsigned.map { "\($0) bytes" } ?? "unknown"), ("Here", here),
                ("Named by", versions.isEmpty ? "no version" : versions.joined(separator: "\n")),
            ])
        }
    }
}

extension Session {
    /// The content store of the node, asked as the account that acts.
    func contentClient() throws(WalletFailure) -> ContentClient {
        ContentClient(node: client, network: network, secret: try signingKey(of: try sender()))
    }

    func contentInformation(root: String?, inft: String?, version: UInt64?) async throws(WalletFailure) -> JSONValue {
        var params = JSONObject()
        if let root { params.append("root", .string(root)) }
        if let inft { params.append("inft", .string(text(try id(inft, INFTKind.self)))) }
        if let version { params.append("version", .unsigned(version)) }
        return try await client.read("content_info", .object(params), as: JSONValue.self)
    }
}
