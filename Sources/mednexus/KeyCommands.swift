import ArgumentParser
import Cryptography
import Interface
import Primitives
import WalletKit

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The keys of this wallet.",
        discussion: example("key new author", "key list"),
        subcommands: [
            KeyNew.self, KeyRestore.self, KeyList.self, KeyShow.self, KeyExport.self, KeyChangePassphrase.self,
        ])
}

/// Keys need no node, and not even a network: only which kind of network they are for.
struct KeyScope {
    let home: WalletHome
    let wallet: Wallet
    let kind: NetworkKind

    init(_ globals: any GlobalOptions, isTest: Bool) throws(WalletFailure) {
        Wallet.start()
        home = try globals.walletHome
        wallet = Wallet(home: home)
        let list = try home.networks()
        if isTest {
            kind = .test
        } else if globals.network != nil || list.standard != nil {
            kind = try list.network(globals.network).kind
        } else {
            kind = .main
        }
    }

    func json(_ account: KeystoreAccount) -> JSONValue {
        .object([
            "name": .string(account.name),
            "address": .string(TypedText.encode(account.address.bytes, kind: "", network: account.network)),
            "network": .string(account.network == .test ? "test" : "main"),
            "path": .string("\(account.path)"),
        ])
    }
}

struct KeyNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Adds an account; makes the keystore first if there is none.",
        discussion: """
            A patient uses a fresh key for each institution (--relationship-with), so that nobody else can tie their \
            dealings together; such keys are listed behind the passphrase only.

            \(example("key new author", "key new at-stmary --relationship-with stmary"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "What the account is called.") var name: String
    @Flag(help: "For a test network, if none is pinned yet.") var test = false
    @Option(help: ArgumentHelp("A key for dealings with this party alone.", valueName: "party"))
    var relationshipWith: String?

    func run() async throws {
        let scope = try KeyScope(globals, isTest: test)
        let lock = try scope.home.lock()
        defer { withExtendedLifetime(lock) {} }
        let isNew = !scope.wallet.exists
        let passphrase = try Passphrase.obtain(
            file: nil, prompt: isNew ? "New passphrase: " : "Passphrase: ", isNew: isNew)
        var keystore =
            isNew
            ? try scope.wallet.create(passphrase: passphrase) : try scope.wallet.unlock(passphrase: passphrase)
        let account: KeystoreAccount
        if let relationshipWith {
            let network = try scope.home.networks().network(globals.network)
            let names = WalletNames(
                network: network, accounts: keystore.accounts, book: try scope.home.addressBook())
            account = try scope.wallet.addRelationship(
                name, network: scope.kind, counterpart: try names.parse(relationshipWith), to: &keystore)
        } else {
            account = try scope.wallet.addAccount(name, network: scope.kind, to: &keystore)
        }
        if globals.json { return Console.out(scope.json(account).text) }
        Console.out(
            "Account \(name): \(TypedText.encode(account.address.bytes, kind: "", network: account.network))")
        if isNew {
            Console.out("A keystore was made at \(scope.home.keystorePath).")
            Console.out("Write down its words, and keep them apart from this machine: mednexus key export")
        }
    }
}

struct KeyRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Makes a keystore from the words of an old one.",
        discussion: """
            The words are read from standard input or a file, never from the command line. Then add the accounts in \
            the order in which they were made: the same words give the same keys.

            \(example("key restore --words-file words.txt", "key restore < words.txt"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Option(help: ArgumentHelp("Where the words are.", valueName: "file")) var wordsFile: String?

    func run() async throws {
        let scope = try KeyScope(globals, isTest: false)
        let lock = try scope.home.lock()
        defer { withExtendedLifetime(lock) {} }
        var words = ""
        if let wordsFile {
            words = String(decoding: try ContentFile.text(wordsFile), as: UTF8.self)
        } else {
            if Console.isInteractive { Console.err("The words, in one line:") }
            while let line = readLine(strippingNewline: true) {
                words += line + " "
                if Console.isInteractive { break }
            }
        }
        let clean = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let passphrase = try Passphrase.obtain(file: nil, prompt: "New passphrase: ", isNew: true)
        _ = try scope.wallet.create(passphrase: passphrase, restoring: clean)
        if globals.json {
            Console.out(JSONValue.object(["keystore": .string(scope.home.keystorePath)]).text)
        } else {
            Console.out(
                "Restored into \(scope.home.keystorePath). Add accounts in their old order: mednexus key new NAME")
        }
    }
}

struct KeyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The accounts of this wallet.",
        discussion: example("key list", "key list --json"))
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        let scope = try KeyScope(globals, isTest: false)
        let accounts = scope.wallet.exists ? try scope.wallet.file().accounts : []
        if globals.json { return Console.out(JSONValue.array(accounts.map { scope.json($0) }).text) }
        guard !accounts.isEmpty else { return Console.out("There is none yet. Make one: mednexus key new NAME") }
        Console.table(
            ["NAME", "NETWORK", "ADDRESS"],
            accounts.map {
                [
                    $0.name, $0.network == .test ? "test" : "main",
                    TypedText.encode($0.address.bytes, kind: "", network: $0.network),
                ]
            })
    }
}

struct KeyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "An account's address and derivation path.",
        discussion: example("key show author"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The account.") var name: String

    func run() async throws {
        let scope = try KeyScope(globals, isTest: false)
        guard let account = try scope.wallet.file().accounts.first(where: { $0.name == name }) else {
            throw WalletFailure(.key, "there is no account \(name)", hint: "mednexus key list shows what there is.")
        }
        if globals.json { return Console.out(scope.json(account).text) }
        Console.fields([
            ("Name", account.name), ("Network", account.network == .test ? "test" : "main"),
            ("Address", TypedText.encode(account.address.bytes, kind: "", network: account.network)),
            ("Path", "\(account.path)"), ("Keystore", scope.home.keystorePath),
        ])
    }
}

struct KeyExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Shows the words from which every key of this wallet can be made again.",
        discussion: "Whoever reads them owns the accounts.\n\n" + example("key export --yes"))
    @OptionGroup var globals: Globals

    func run() async throws {
        let scope = try KeyScope(globals, isTest: false)
        if !globals.yes {
            guard Console.isInteractive else {
                throw WalletFailure(.usage, "nobody can be asked", hint: "Repeat with --yes to write the words out.")
            }
            guard Console.confirm("Show the words of this wallet? Whoever reads them owns its accounts.") else {
                throw WalletFailure(.usage, "nothing was shown")
            }
        }
        let keystore = try scope.wallet.unlock(passphrase: try Passphrase.obtain(file: nil))
        let words = keystore.secrets.mnemonic.words
        if globals.json {
            Console.out(JSONValue.object(["words": .string(words.joined(separator: " "))]).text)
        } else {
            Console.out(words.joined(separator: " "))
        }
    }
}

struct KeyChangePassphrase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change-passphrase", abstract: "Seals the keystore with another passphrase.",
        discussion: example("key change-passphrase", "key change-passphrase --new-passphrase-file new.txt"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: ArgumentHelp("Where the new passphrase is; asked for if absent.", valueName: "file"))
    var newPassphraseFile: String?

    func run() async throws {
        let scope = try KeyScope(globals, isTest: false)
        let lock = try scope.home.lock()
        defer { withExtendedLifetime(lock) {} }
        let old = try Passphrase.obtain(file: nil, prompt: "Old passphrase: ")
        // The environment holds the old one, so the new one comes from a file or the terminal.
        let new = try Passphrase.obtain(
            file: newPassphraseFile, prompt: "New passphrase: ", isNew: true, environment: [:])
        try scope.wallet.changePassphrase(from: old, to: new)
        if globals.json {
            Console.out(JSONValue.object(["keystore": .string(scope.home.keystorePath)]).text)
        } else {
            Console.out("The passphrase was changed.")
        }
    }
}
