import Cryptography
import FoundationEssentials
import Primitives
import Testing
import WalletKit

/// A folder of its own for each test, removed with it.
final class TemporaryHome {
    let home: WalletHome

    init() {
        let name = Hexadecimal.encode(OperatingSystemRandom.bytes(8))
        home = WalletHome(path: FileManager.default.temporaryDirectory.path + "/mednexus-wallet-" + name)
    }

    deinit { try? FileManager.default.removeItem(atPath: home.path) }
}

func passphrase(_ text: String) -> SecretBytes { SecretBytes(Array(text.utf8)) }

@Suite struct HomeTests {
    @Test func theHomeIsFoundInTheOrderTold() throws {
        let all = ["MEDNEXUS_WALLET_HOME": "/m", "XDG_DATA_HOME": "/x", "HOME": "/h"]
        #expect(try WalletHome.resolve(explicit: "/e", environment: all).path == "/e")
        #expect(try WalletHome.resolve(explicit: nil, environment: all).path == "/m")
        #expect(
            try WalletHome.resolve(explicit: nil, environment: ["XDG_DATA_HOME": "/x", "HOME": "/h"]).path
                == "/x/mednexus")
        #expect(try WalletHome.resolve(explicit: nil, environment: ["HOME": "/h"]).path == "/h/.local/share/mednexus")
        #expect(throws: WalletFailure.self) { try WalletHome.resolve(explicit: nil, environment: [:]) }
    }

    @Test func oneProgramAtATimeHoldsTheHome() throws {
        let temporary = TemporaryHome()
        var first: HomeLock? = try temporary.home.lock()
        withExtendedLifetime(first) { _ = #expect(throws: WalletFailure.self) { try temporary.home.lock() } }
        first = nil
        _ = try temporary.home.lock()
    }

    @Test func aNetworkNameNeverComesToMeanAnotherGenesis() throws {
        let temporary = TemporaryHome()
        _ = try temporary.home.lock()
        var list = try temporary.home.networks()
        #expect(throws: WalletFailure.self) { try list.network(nil) }
        let genesis = Hash(Bytes32(1, 2, 3, 4))
        try list.add(PinnedNetwork(name: "devnet", node: "http://one", genesis: genesis, kind: .test))
        try list.add(PinnedNetwork(name: "devnet", node: "http://two", genesis: genesis, kind: .test))
        #expect(throws: WalletFailure.self) {
            try list.add(PinnedNetwork(name: "devnet", node: "http://two", genesis: .zero, kind: .test))
        }
        try temporary.home.save(list)
        let read = try temporary.home.networks()
        #expect(try read.network(nil).node == "http://two")
        #expect(try read.network("devnet").kind == .test)
        #expect(throws: WalletFailure.self) { try read.network("other") }
        #expect(PinnedNetwork.Checkpoint("12:\(genesis)")?.height == Height(12))
        #expect(PinnedNetwork.Checkpoint("12:\(genesis)0") == nil)
    }

    @Test func damagedFilesAreNamed() throws {
        let temporary = TemporaryHome()
        _ = try temporary.home.lock()
        try Data("{".utf8).write(to: URL(filePath: temporary.home.path + "/networks.json"))
        let failure = #expect(throws: WalletFailure.self) { try temporary.home.networks() }
        #expect(failure?.message.contains("networks.json") == true)
    }

    @Test(arguments: ["", "1abc", "a b", "mnx1abc", "tmnxorg1x", "-x", "a/b", String(repeating: "a", count: 41)])
    func whatCanBeMistakenIsNoName(_ name: String) {
        #expect(!WalletName.isUsable(name))
    }
}

@Suite struct WalletTests {
    @Test func aWalletIsMadeReadAndUnlocked() throws {
        let temporary = TemporaryHome()
        let wallet = Wallet(home: temporary.home, cost: .weak)
        var keystore = try wallet.create(passphrase: passphrase("passphrase"))
        let account = try wallet.addAccount("main", network: .test, to: &keystore)
        let second = try wallet.addAccount("second", network: .test, to: &keystore)
        #expect(account.path.description == "m/7411'/1'/0'/0'/0'")
        #expect(second.path.description == "m/7411'/1'/1'/0'/0'")
        #expect(try wallet.file().accounts == [account, second])
        let unlocked = try wallet.unlock(passphrase: passphrase("passphrase"))
        #expect(unlocked.key(of: account.address)?.address == account.address)
        let attributes = try FileManager.default.attributesOfItem(atPath: temporary.home.keystorePath)
        #expect("\(attributes[.posixPermissions] ?? "")" == "\(0o600)")
    }

    @Test func theWordsRestoreTheAccounts() throws {
        let first = TemporaryHome()
        let second = TemporaryHome()
        let wallet = Wallet(home: first.home, cost: .weak)
        var keystore = try wallet.create(passphrase: passphrase("passphrase"))
        let account = try wallet.addAccount("main", network: .main, to: &keystore)
        let words = keystore.secrets.mnemonic.words.joined(separator: " ")
        let other = Wallet(home: second.home, cost: .weak)
        var restored = try other.create(passphrase: passphrase("another one"), restoring: words)
        #expect(try other.addAccount("again", network: .main, to: &restored).address == account.address)
        #expect(throws: WalletFailure.self) { try other.create(passphrase: passphrase("x")) }
    }

    @Test func wrongPassphraseAndDamageAreToldApartAndAreOfTheKind5() throws {
        let temporary = TemporaryHome()
        let wallet = Wallet(home: temporary.home, cost: .weak)
        _ = try wallet.create(passphrase: passphrase("passphrase"))
        let wrong = #expect(throws: WalletFailure.self) { try wallet.unlock(passphrase: passphrase("other")) }
        #expect(wrong?.kind == .key && wrong?.message.contains("passphrase is wrong") == true)
        let path = temporary.home.keystorePath
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        try Data(text.replacing("\"n\" : 1024", with: "\"n\" : 2048").utf8).write(to: URL(filePath: path))
        let damaged = #expect(throws: WalletFailure.self) { try wallet.unlock(passphrase: passphrase("passphrase")) }
        #expect(damaged?.kind == .key && damaged?.message.contains("damaged") == true)
        try Data(text.utf8.prefix(100)).write(to: URL(filePath: path))
        let cut = #expect(throws: WalletFailure.self) { try wallet.file() }
        #expect(cut?.message.contains("damaged") == true)
    }

    @Test func theOrdinaryWalletRefusesAWeakKeystore() throws {
        let temporary = TemporaryHome()
        _ = try Wallet(home: temporary.home, cost: .weak).create(passphrase: passphrase("passphrase"))
        #expect(throws: WalletFailure.self) {
            try Wallet(home: temporary.home).unlock(passphrase: passphrase("passphrase"))
        }
    }

    @Test func aNewPassphraseReplacesTheOld() throws {
        let temporary = TemporaryHome()
        let wallet = Wallet(home: temporary.home, cost: .weak)
        _ = try wallet.create(passphrase: passphrase("passphrase"))
        try wallet.changePassphrase(from: passphrase("passphrase"), to: passphrase("another one"))
        #expect(throws: WalletFailure.self) { try wallet.unlock(passphrase: passphrase("passphrase")) }
        _ = try wallet.unlock(passphrase: passphrase("another one"))
    }

    @Test func aPassphraseComesFromFileOrEnvironmentAndIsLongEnough() throws {
        let temporary = TemporaryHome()
        _ = try temporary.home.lock()
        let path = temporary.home.path + "/passphrase"
        try Data("from the file\n".utf8).write(to: URL(filePath: path))
        #expect(try Passphrase.obtain(file: path, environment: [:]) == passphrase("from the file"))
        #expect(
            try Passphrase.obtain(file: nil, environment: ["MEDNEXUS_PASSPHRASE_FILE": path])
                == passphrase("from the file"))
        #expect(try Passphrase.obtain(file: nil, environment: ["MEDNEXUS_PASSPHRASE": "x"]) == passphrase("x"))
        #expect(throws: WalletFailure.self) {
            try Passphrase.obtain(file: nil, isNew: true, environment: ["MEDNEXUS_PASSPHRASE": "short"])
        }
    }
}

@Suite struct TextTests {
    @Test func amountsAreReadAndWrittenWithTheAssetsDecimals() {
        let style = AssetStyle(code: "USD", decimals: 2)
        #expect(style.text(Amount(25_000)) == "250.00 USD")
        #expect(style.text(Amount(7)) == "0.07 USD")
        #expect(style.amount("250") == Amount(25_000))
        #expect(style.amount("0.07") == Amount(7))
        for text in ["", ".", "1.", ".5", "1.234", "-1", "1e3", "1,5", "184467440737095516.16", "+1"] {
            #expect(style.amount(text) == nil, "\(text)")
        }
        #expect(style.amount("184467440737095516.15") == Amount(.max))
    }

    @Test func timesAreDates() {
        #expect(dateText(Timestamp(0)) == "1970-01-01 00:00:00 UTC")
        #expect(dateText(Timestamp(1_709_210_096_000)) == "2024-02-29 12:34:56 UTC")
        #expect(dateText(Timestamp(1_767_225_599_999)) == "2025-12-31 23:59:59 UTC")
        #expect(dateText(.maximum) == "9999-12-31 23:59:59 UTC")
    }
}
