import ArgumentParser
import Cryptography
import Interface
import Primitives
import WalletKit

struct ContentSecretList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secrets", abstract: "The keys of contents, and the sealing keys, that this wallet holds.",
        discussion: example("content secrets", "content secrets --json"))
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        let scope = try KeyScope(globals, isTest: false)
        let secrets = try scope.secrets().list()
        if globals.json { return Console.out(JSONValue.array(secrets.map { Self.json($0, scope.kind) }).text) }
        guard !secrets.isEmpty else { return Console.out("There is none.") }
        Console.table(
            ["MADE", "KIND", "FOR", "ROOT OR KEY"],
            secrets.map { secret in
                switch secret {
                case .sealing(let kept):
                    [
                        dateText(kept.madeAt), "sealing", Self.subject(kept, scope.kind) ?? kept.purpose.name,
                        Hexadecimal.encode(kept.secret.key.bytes),
                    ]
                case .content(let kept): [dateText(kept.madeAt), "content", kept.name, "\(kept.root)"]
                }
            })
    }

    private static func subject(_ kept: KeptSealingSecret, _ kind: NetworkKind) -> String? {
        if let license = kept.license { return TypedText.encode(license.bytes, kind: LicenseKind.name, network: kind) }
        return kept.inft.map { TypedText.encode($0.bytes, kind: INFTKind.name, network: kind) }
    }

    private static func json(_ secret: KeptSecret, _ kind: NetworkKind) -> JSONValue {
        var object = JSONObject()
        switch secret {
        case .sealing(let kept):
            object.append("kind", .string("sealing"))
            object.append("sealingKey", .string(Hexadecimal.encode(kept.secret.key.bytes)))
            object.append("purpose", .string(kept.purpose.name))
            if let network = kept.network { object.append("network", .string("\(network)")) }
            if let inft = kept.inft {
                object.append("inft", .string(TypedText.encode(inft.bytes, kind: INFTKind.name, network: kind)))
            }
            if let license = kept.license {
                object.append(
                    "license", .string(TypedText.encode(license.bytes, kind: LicenseKind.name, network: kind)))
            }
        case .content(let kept):
            object.append("kind", .string("content"))
            object.append("root", .string("\(kept.root)"))
            object.append("size", .unsigned(kept.size))
            object.append("salt", .string("\(kept.salt)"))
            object.append("keyCommitment", .string("\(kept.keyCommitment)"))
            object.append("name", .string(kept.name))
            object.append("mediaType", .string(kept.mediaType))
        }
        object.append("madeAt", .unsigned(secret.madeAt.milliseconds))
        return .object(object)
    }
}

struct ContentForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Destroys one key for good: what it opens can't be opened with it any more.",
        discussion: """
            Its file is overwritten and removed. Flash memory, snapshots and backups may keep older blocks, which the \
            passphrase still protects: destroy those copies, too.

            \(example("content forget 9a0b…", "content forget 02c6… --yes"))
            """)
    @Argument(help: "The content's root, or the sealing key.") var key: String
    @OptionGroup var globals: Globals

    func run() async throws {
        let name: KeptSecret.Name
        if let bytes = Hexadecimal.decode(key.lowercased()), let point = CompressedPoint(bytes) {
            name = .sealing(point)
        } else {
            name = .content(try Codes.hash(key))
        }
        if !globals.yes {
            guard Console.isInteractive else {
                throw WalletFailure(.usage, "nobody can be asked", hint: "Repeat with --yes to destroy the key.")
            }
            guard Console.confirm("Destroy the key \(key)? Nothing brings it back.") else {
                throw WalletFailure(.usage, "nothing was destroyed")
            }
        }
        let scope = try KeyScope(globals, isTest: false)
        let lock = try scope.home.lock()
        defer { withExtendedLifetime(lock) {} }
        guard try scope.secrets().shred(name) else {
            throw WalletFailure(
                .key, "this wallet has no key \(key)", hint: "mednexus content secrets shows what there is.")
        }
        if globals.json {
            Console.out(JSONValue.object(["destroyed": .string(key)]).text)
        } else {
            Console.out("The key is destroyed. Copies of the wallet's folder still hold it.")
        }
    }
}
