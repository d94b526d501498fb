import Cryptography
import Fixtures
import Primitives
import Testing

private struct BIP39: Decodable {
    struct Case: Decodable { let entropy: String, words: String, seed: String, master: String }
    let cases: [Case]
}

private struct BIP32: Decodable {
    struct Derivation: Decodable {
        let seed: String
        let path: String
        let `public`: String
        let `private`: String
    }
    struct Invalid: Decodable { let text: String, reason: String }
    let derivations: [Derivation]
    let invalid: [Invalid]
}

@Suite struct MnemonicTests {
    @Test func vectorsOfBIP39GiveWordsSeedAndMasterKey() throws {
        let cases = try Fixture.load("bip39", as: BIP39.self).cases
        #expect(!cases.isEmpty)
        for one in cases {
            let mnemonic = try Mnemonic(entropy: SecretBytes(one.entropy.hexadecimalBytes))
            #expect(mnemonic.words.joined(separator: " ") == one.words)
            #expect(try Mnemonic(words: one.words).entropy == mnemonic.entropy)
            let seed = try mnemonic.seed(passphrase: "TREZOR")
            #expect(seed == SecretBytes(one.seed.hexadecimalBytes))
            #expect(ExtendedKey(seed: seed)?.privateText == one.master)
        }
    }

    @Test func wrongWordsOrdersAndCountsAreRefused() throws {
        let words = try Mnemonic(entropy: SecretBytes([UInt8](repeating: 7, count: 16))).words
        #expect(try Mnemonic(words: "  " + words.joined(separator: "\n ").uppercased() + " ").words == words)
        #expect(throws: Mnemonic.Failure.badWordCount(11)) {
            try Mnemonic(words: words.dropLast().joined(separator: " "))
        }
        var changed = words
        changed[3] = "mednexus"
        #expect(throws: Mnemonic.Failure.unknownWord(index: 3)) { try Mnemonic(words: changed.joined(separator: " ")) }
        let zeros = [String](repeating: "abandon", count: 12).joined(separator: " ")
        #expect(throws: Mnemonic.Failure.badChecksum) { try Mnemonic(words: zeros) }
        #expect(throws: Mnemonic.Failure.badEntropyCount(15)) {
            try Mnemonic(entropy: SecretBytes([UInt8](repeating: 0, count: 15)))
        }
    }

    @Test func otherThanASCIIPassphrasesAreRefused() throws {
        let mnemonic = try Mnemonic(entropy: SecretBytes([UInt8](repeating: 7, count: 16)))
        #expect(throws: Mnemonic.Failure.badPassphrase) { try mnemonic.seed(passphrase: "paßwort") }
    }
}

@Suite struct ExtendedKeyTests {
    @Test func vectorsOfBIP32AreDerived() throws {
        let derivations = try Fixture.load("bip32", as: BIP32.self).derivations
        #expect(!derivations.isEmpty)
        for one in derivations {
            let master = try #require(ExtendedKey(seed: SecretBytes(one.seed.hexadecimalBytes)))
            let path = try #require(DerivationPath(one.path))
            let key = try #require(master.derived(path))
            #expect(key.privateText == one.private, "\(one.path)")
            #expect(key.publicText == one.public, "\(one.path)")
            #expect(ExtendedKey(privateText: one.private)?.publicText == one.public)
            #expect(ExtendedKey.isValid(publicText: one.public))
        }
    }

    @Test func invalidKeysOfBIP32AreRefused() throws {
        let invalid = try Fixture.load("bip32", as: BIP32.self).invalid
        #expect(!invalid.isEmpty)
        for one in invalid {
            #expect(ExtendedKey(privateText: one.text) == nil, "\(one.reason)")
            #expect(!ExtendedKey.isValid(publicText: one.text), "\(one.reason)")
        }
    }

    @Test func pathsAreReadAndWritten() throws {
        let path = try #require(DerivationPath.wallet(network: .test, account: 2, relationship: 3, index: 4))
        #expect(path.description == "m/7411'/1'/2'/3'/4'")
        #expect(DerivationPath(path.description) == path)
        #expect(DerivationPath("m/7411h/1H/2'/3'/4'") == path)
        for text in ["", "7411'", "m/", "m/x", "m/-1", "m/1''", "m/2147483648", "m/+1", "M/1", "m//1"] {
            #expect(DerivationPath(text) == nil, "\(text)")
        }
        #expect(DerivationPath.wallet(network: .main, account: 1 << 31, relationship: 0, index: 0) == nil)
    }
}
