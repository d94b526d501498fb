import ArgumentParser
import ContentFormat
import Cryptography
import Interface
import Primitives
import WalletKit

struct ContentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content",
        abstract: "Encrypted content: files before they leave this machine, and a node's store of them.",
        discussion: example(
            "content encrypt case.json", "content verify case.json.sealed --root 9a0b…",
            "content decrypt case.json.sealed --out case.json", "content put case.json.sealed --from hospital",
            "content get --inft case case.sealed --from clinic"),
        subcommands: [
            ContentEncrypt.self, ContentDecrypt.self, ContentVerify.self, ContentSecretList.self, ContentForget.self,
            ContentPut.self, ContentGet.self, ContentInfoCommand.self, ContentCopies.self,
            ContentShareKeys.self, ContentReceiveKeys.self,
        ])
}

struct ContentEncrypt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encrypt", abstract: "Encrypts a file of any size; its key is kept in this wallet.",
        discussion: """
            The key is fresh and stays in the wallet under the ciphertext's root. The name and the media type are inside \
            the ciphertext, and its size says little of the file's (Specs/content.md).

            \(example("content encrypt scans.zip", "content encrypt case.json --name case-1.json --out a.sealed --json"))
            """)
    @Argument(help: "The file.") var file: String
    @Option(help: ArgumentHelp("Where the ciphertext goes; FILE.sealed if absent.", valueName: "file"))
    var out: String?
    @Option(help: ArgumentHelp("What the content calls the file; its own name if absent.", valueName: "name"))
    var name: String?
    @Option(help: ArgumentHelp("Instead of what the file's name tells.", valueName: "type/subtype"))
    var mediaType: String?
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        let target = out ?? file + ".sealed"
        try SealedFile.refuse(existing: target)
        let scope = try KeyScope(globals, isTest: false)
        let secrets = try scope.secrets()
        let own = name ?? file.split(separator: "/").last.map(String.init) ?? file
        let type = mediaType ?? Inputs.mediaType(of: own)
        let bar = ProgressBar("Encrypting", isShown: !globals.json)
        defer { bar.clear() }
        let sealed = try await SealedFile.encrypt(
            file, to: target, name: own, mediaType: type, keepingKeyIn: secrets, progress: bar.show)
        bar.clear()
        if globals.json {
            return Console.out(
                JSONValue.object([
                    "file": .string(target), "root": .string("\(sealed.root)"), "size": .unsigned(sealed.size),
                    "salt": .string("\(sealed.salt)"), "keyCommitment": .string("\(sealed.keyCommitment)"),
                    "name": .string(own), "mediaType": .string(type),
                ]).text)
        }
        Console.fields([
            ("Ciphertext", target), ("Root", "\(sealed.root)"), ("Size", "\(sealed.size) bytes"),
            ("Salt", "\(sealed.salt)"), ("Key commitment", "\(sealed.keyCommitment)"),
        ])
        Console.err("The key is in this wallet, and nowhere else: keep a backup of \(scope.home.path)/secrets.")
    }
}

struct ContentVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compares a ciphertext with its root. No key is needed. Exit code 6: another.",
        discussion: example("content verify case.json.sealed --root 9a0b… --size 131104"))
    @Argument(help: "The ciphertext.") var file: String
    @Option(help: "The root that the ledger states.") var root: String
    @Option(help: ArgumentHelp("The size that the ledger states.", valueName: "bytes")) var size: UInt64?
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        let root = try Codes.hash(root)
        let bar = ProgressBar("Verifying", isShown: !globals.json)
        defer { bar.clear() }
        let found = try await SealedFile.verify(file, root: root, size: size, progress: bar.show)
        bar.clear()
        if globals.json {
            Console.out(JSONValue.object(["root": .string("\(root)"), "size": .unsigned(found)]).text)
        } else {
            Console.out("\(file) is the content of that root, \(found) bytes.")
        }
    }
}

struct ContentDecrypt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decrypt", abstract: "Decrypts a file with a key of this wallet.",
        discussion: """
            The file appears when every chunk was found authentic and all of them are those of the root, not before. The \
            name that the content gives is shown, and nothing is written there.

            \(example(
                "content decrypt case.json.sealed --out case.json",
                "content decrypt a.sealed --out a --root 9a0b… --key-file point.txt --salt 77aa…"))
            """)
    @Argument(help: "The ciphertext.") var file: String
    @Option(help: ArgumentHelp("Where the file goes.", valueName: "file")) var out: String
    @Option(help: "The root that the ledger states; if absent, that of the file itself.") var root: String?
    @Option(
        help: ArgumentHelp(
            "The content point, 66 hexadecimal digits, instead of a key of this wallet.", valueName: "file"))
    var keyFile: String?
    @Option(help: "With --key-file: the version's salt.") var salt: String?
    @Option(help: "With --key-file: the version's key commitment.") var keyCommitment: String?
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        try SealedFile.refuse(existing: out)
        let known = try root.map { (text) throws(WalletFailure) in try Codes.hash(text) }
        let bar = ProgressBar("Decrypting", isShown: !globals.json)
        defer { bar.clear() }
        let (sealed, point) = try await key(known)
        let header = try await sealed.decrypt(file, to: out, point: point, progress: bar.show)
        bar.clear()
        if globals.json {
            return Console.out(
                JSONValue.object([
                    "file": .string(out), "root": .string("\(sealed.root)"), "name": .string(header.name),
                    "mediaType": .string(header.mediaType), "size": .unsigned(header.fileSize),
                ]).text)
        }
        Console.fields([
            ("File", out), ("Name", header.name), ("Media type", header.mediaType),
            ("Size", "\(header.fileSize) bytes"), ("Root", "\(sealed.root)"),
        ])
    }

    private func key(_ known: Hash?) async throws -> (SealedFile, SecretBytes) {
        let root: Hash
        if let known {
            root = known
        } else {
            root = try await SealedFile.root(of: file, progress: ProgressBar("Reading", isShown: !globals.json).show)
                .root
        }
        guard let keyFile else {
            let scope = try KeyScope(globals, isTest: false)
            guard let kept = try scope.secrets().content(root) else {
                throw WalletFailure(
                    .key, "this wallet has no key of the content \(root)",
                    hint: "mednexus content secrets shows what there is; --key-file names another key.")
            }
            return (SealedFile(kept), kept.point.compressed)
        }
        guard let salt, let keyCommitment else {
            throw WalletFailure(.usage, "--key-file needs --salt and --key-commitment, as the ledger states them")
        }
        let text = String(decoding: try ContentFile.text(keyFile), as: UTF8.self)
        guard var bytes = Hexadecimal.decode(String(text.filter { !$0.isWhitespace })), bytes.count == 33 else {
            throw WalletFailure(.key, "\(keyFile) holds no content point, which is 66 hexadecimal digits")
        }
        defer { Wipe.array(&bytes) }
        return (
            SealedFile(
                root: root, size: try SealedFile.size(of: file), salt: try Codes.hash(salt),
                keyCommitment: try Codes.hash(keyCommitment)), SecretBytes(bytes)
        )
    }
}

extension KeyScope {
    /// Asks for the passphrase.
    func secrets() throws(WalletFailure) -> SecretFiles {
        SecretFiles(home: home, keystore: try wallet.unlock(passphrase: try Passphrase.obtain(file: nil)))
    }
}
