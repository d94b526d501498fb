import Cryptography
import Fixtures
import FoundationEssentials
import Primitives
import Testing

private func passphrase(_ text: String) -> SecretBytes { SecretBytes(Array(text.utf8)) }

private func makeKeystore() throws -> UnlockedKeystore {
    let mnemonic = try Mnemonic(entropy: SecretBytes([UInt8](repeating: 3, count: 32)))
    return try UnlockedKeystore(
        mnemonic: mnemonic, passphrase: passphrase("correct"), salt: Bytes32(1, 2, 3, 4), uncheckedCost: .weak)
}

private let nonce = [UInt8](repeating: 5, count: 12)

@Suite struct KeystoreTests {
    @Test func whatWasSealedIsThereAfterUnlocking() throws {
        var keystore = try makeKeystore()
        let added = keystore.addAccount(name: "main", network: .test, number: 0)
        let account = try #require(added)
        let related = keystore.addRelationship(
            name: "hospital", network: .test, account: 0, counterpart: .account(account.address))
        let hospital = try #require(related)
        let json = try JSONEncoder().encode(keystore.sealed(nonce: nonce))
        let file = try JSONDecoder().decode(KeystoreFile.self, from: json)
        let read = try file.unlock(passphrase: passphrase("correct"), isWeakCostAllowed: true)
        #expect(file.accounts == [account])
        #expect(account.path.description == "m/7411'/1'/0'/0'/0'")
        #expect(read.key(of: account.address)?.address == account.address)
        #expect(read.account(named: "hospital", network: .test) == hospital)
        #expect(read.key(of: hospital.address)?.address == hospital.address)
        #expect(read.key(of: Address(.zero)) == nil)
    }

    /// Nobody who reads the file learns which institutions its owner deals with.
    @Test func relationshipsAreNotInTheClear() throws {
        var keystore = try makeKeystore()
        let related = keystore.addRelationship(name: "hospital", network: .main, account: 0, counterpart: nil)
        let hospital = try #require(related)
        let text = String(decoding: try JSONEncoder().encode(keystore.sealed(nonce: nonce)), as: UTF8.self)
        #expect(!text.contains("hospital") && !text.contains(hospital.address.description))
    }

    @Test func wrongPassphraseAndDamageAreToldApart() throws {
        var keystore = try makeKeystore()
        _ = keystore.addAccount(name: "main", network: .main, number: 0)
        let file = try keystore.sealed(nonce: nonce)
        #expect(throws: KeystoreFailure.wrongPassphrase) {
            try file.unlock(passphrase: passphrase("wrong"), isWeakCostAllowed: true)
        }
        let text = String(decoding: try JSONEncoder().encode(file), as: UTF8.self)
        for (field, value) in [
            ("ciphertext", Hexadecimal.encode(file.ciphertext.bytes)), ("salt", Hexadecimal.encode(file.salt.bytes)),
            ("check", file.check.description), ("checksum", file.checksum.description),
        ] {
            let last = value.last == "0" ? "1" : "0"
            let changed = text.replacing("\(value)", with: value.dropLast() + last)
            #expect(changed != text)
            let damaged = try JSONDecoder().decode(KeystoreFile.self, from: Data(changed.utf8))
            let failure = #expect(throws: KeystoreFailure.self, "\(field)") {
                try damaged.unlock(passphrase: passphrase("correct"), isWeakCostAllowed: true)
            }
            #expect(failure != .wrongPassphrase, "\(field)")
        }
        let renamed = text.replacing("\"main\"", with: "\"evil\"")
        let damaged = try JSONDecoder().decode(KeystoreFile.self, from: Data(renamed.utf8))
        #expect(throws: KeystoreFailure.corrupt("checksum")) { try damaged.verify() }
        let newer = try JSONDecoder().decode(
            KeystoreFile.self, from: Data(text.replacing("\"version\":1", with: "\"version\":2").utf8))
        #expect(throws: KeystoreFailure.newerVersion(2)) { try newer.verify() }
    }

    @Test func weakCostsAreRefusedWithoutBeingAskedFor() throws {
        let file = try makeKeystore().sealed(nonce: nonce)
        #expect(throws: KeystoreFailure.self) { try file.unlock(passphrase: passphrase("correct")) }
        let mnemonic = try Mnemonic(entropy: SecretBytes([UInt8](repeating: 3, count: 32)))
        #expect(throws: KeystoreFailure.self) {
            try UnlockedKeystore(
                mnemonic: mnemonic, passphrase: passphrase("x"), salt: .zero, cost: ScryptCost(n: 1 << 16, r: 8, p: 1))
        }
    }

    @Test func anotherPassphraseReplacesTheFirst() throws {
        var keystore = try makeKeystore()
        try keystore.changePassphrase(passphrase("other"), salt: Bytes32(9, 9, 9, 9))
        let file = try keystore.sealed(nonce: nonce)
        #expect(throws: KeystoreFailure.wrongPassphrase) {
            try file.unlock(passphrase: passphrase("correct"), isWeakCostAllowed: true)
        }
        _ = try file.unlock(passphrase: passphrase("other"), isWeakCostAllowed: true)
    }

    @Test func namesAndAddressesAreTakenOnce() throws {
        var keystore = try makeKeystore()
        let made = [
            keystore.addAccount(name: "one", network: .main, number: 0),
            keystore.addAccount(name: "one", network: .main, number: 1),
            keystore.addAccount(name: "two", network: .main, number: 0),
            keystore.addRelationship(name: "one", network: .main, account: 0, counterpart: nil),
            keystore.addAccount(name: "two", network: .test, number: 0),
        ]
        #expect(made.map { $0 != nil } == [true, false, false, false, true])
    }
}
