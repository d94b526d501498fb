import ContentFormat
import Cryptography
import FoundationEssentials
import Primitives
import Synchronization
import Testing
import WalletKit

/// A folder with a wallet's secrets and files.
private struct Desk {
    let temporary = TemporaryHome()
    let secrets: SecretFiles

    init() throws {
        _ = try temporary.home.lock()
        let wallet = Wallet(home: temporary.home, cost: .weak)
        secrets = SecretFiles(home: temporary.home, keystore: try wallet.create(passphrase: passphrase("passphrase")))
    }

    func path(_ name: String) -> String { temporary.home.path + "/" + name }

    func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: URL(filePath: path(name))) }

    func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path(name)))) }

    /// Names of files that are neither of the wallet nor among `expected`.
    func others(than expected: Set<String>) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: temporary.home.path).filter {
            !["keystore.json", "lock", "secrets"].contains($0) && !expected.contains($0)
        }
    }

    func encrypt(_ bytes: [UInt8], name: String = "plain.bin") async throws -> SealedFile {
        try write(bytes, "plain")
        return try await SealedFile.encrypt(
            path("plain"), to: path("sealed"), name: name, mediaType: "application/json", keepingKeyIn: secrets)
    }

    func decrypt(_ sealed: SealedFile, to name: String = "out") async throws -> ContentHeader {
        let kept = try #require(try secrets.content(sealed.root))
        return try await sealed.decrypt(path("sealed"), to: path(name), point: kept.point.compressed)
    }
}

private func sample(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 7) }
}

@Suite struct SealedFileTests {
    @Test(
        "files of every size come back; the key is found under the root; nothing else is left in the folder",
        arguments: [0, 1, 64_511, 64_512, 64_513, 65_536, 1_047_551, 1_047_552, 1_047_553, 5_000_000])
    func roundTrips(size: Int) async throws {
        let desk = try Desk()
        let file = sample(size)
        let sealed = try await desk.encrypt(file)
        #expect(try desk.read("sealed").count == Int(sealed.size))
        #expect(try await SealedFile.verify(desk.path("sealed"), root: sealed.root, size: sealed.size) == sealed.size)
        let header = try await desk.decrypt(sealed)
        #expect(try desk.read("out") == file)
        #expect(header.name == "plain.bin" && header.mediaType == "application/json")
        #expect(header.fileSize == UInt64(size))
        #expect(try desk.others(than: ["plain", "sealed", "out"]) == [])
        let mode = try FileManager.default.attributesOfItem(atPath: desk.path("out"))[.posixPermissions]
        #expect("\(mode ?? "")" == "\(0o600)")
    }

    @Test("the same file twice has nothing in common but its size")
    func fresh() async throws {
        let desk = try Desk()
        let first = try await desk.encrypt(sample(1000))
        let bytes = try desk.read("sealed")
        try FileManager.default.removeItem(atPath: desk.path("sealed"))
        let second = try await desk.encrypt(sample(1000))
        #expect(first.root != second.root && first.salt != second.salt && first.keyCommitment != second.keyCommitment)
        #expect(first.size == second.size)
        let again = try desk.read("sealed")
        #expect(zip(bytes, again).filter { $0 == $1 }.count < bytes.count / 16)
    }

    @Test("a changed, cut or longer ciphertext never gives a file, and no part of one is left")
    func tampering() async throws {
        let desk = try Desk()
        let sealed = try await desk.encrypt(sample(3_000_000))
        let good = try desk.read("sealed")
        var changed = good
        changed[2_000_000] ^= 1
        var swapped = good
        swapped.swapAt(65_552, 131_104)
        for bad in [changed, swapped, Array(good.dropLast()), good + [0], Array(good[..<65_552]), [], [1]] {
            try desk.write(bad, "sealed")
            let failure = await #expect(throws: WalletFailure.self) { try await desk.decrypt(sealed) }
            #expect(failure?.kind == .proofInvalid)
            await #expect(throws: WalletFailure.self) {
                try await SealedFile.verify(desk.path("sealed"), root: sealed.root, size: sealed.size)
            }
            #expect(try desk.others(than: ["plain", "sealed"]) == [])
        }
        try desk.write(good, "sealed")
        let lying = SealedFile(root: .zero, size: sealed.size, salt: sealed.salt, keyCommitment: sealed.keyCommitment)
        let kept = try #require(try desk.secrets.content(sealed.root))
        let root = await #expect(throws: WalletFailure.self) {
            try await lying.decrypt(desk.path("sealed"), to: desk.path("out"), point: kept.point.compressed)
        }
        #expect(root?.kind == .proofInvalid && root?.message.contains("root") == true)
        #expect(try desk.others(than: ["plain", "sealed"]) == [])
        let wrong = await #expect(throws: WalletFailure.self) {
            try await sealed.decrypt(
                desk.path("sealed"), to: desk.path("out"), point: SecretBytes([2] + [UInt8](repeating: 1, count: 32)))
        }
        #expect(wrong?.kind == .key)
    }

    @Test("a file that is there is never overwritten; a name that is none, or no file, is refused")
    func refusals() async throws {
        let desk = try Desk()
        let sealed = try await desk.encrypt(sample(10))
        await #expect(throws: WalletFailure.self) { try await desk.encrypt(sample(10)) }
        await #expect(throws: WalletFailure.self) { try await desk.decrypt(sealed, to: "plain") }
        #expect(try desk.read("plain") == sample(10))
        #expect(try desk.secrets.list().count == 1)
        for (source, name) in [("missing", "a"), (".", "a"), ("plain", "a/b"), ("plain", "")] {
            await #expect(throws: WalletFailure.self) {
                try await SealedFile.encrypt(
                    desk.path(source), to: desk.path("new"), name: name, mediaType: "a/b", keepingKeyIn: desk.secrets)
            }
        }
        #expect(try desk.others(than: ["plain", "sealed"]) == [])
        #expect(try desk.secrets.list().count == 1)
    }

    @Test("a file that comes to be there while the work is done is not overwritten")
    func lateArrival() async throws {
        let desk = try Desk()
        let sealed = try await desk.encrypt(sample(100_000))
        let kept = try #require(try desk.secrets.content(sealed.root))
        let path = desk.path("out")
        await #expect(throws: WalletFailure.self) {
            try await sealed.decrypt(desk.path("sealed"), to: path, point: kept.point.compressed) { _, _ in
                try? Data("mine".utf8).write(to: URL(filePath: path))
            }
        }
        #expect(try desk.read("out") == Array("mine".utf8))
        #expect(try desk.others(than: ["plain", "sealed", "out"]) == [])
    }

    @Test("a file that is written to while it is read is refused, and no key is kept")
    func changedMeanwhile() async throws {
        let desk = try Desk()
        try desk.write(sample(4_000_000), "plain")
        let path = desk.path("plain")
        await #expect(throws: WalletFailure.self) {
            try await SealedFile.encrypt(
                path, to: desk.path("sealed"), name: "a", mediaType: "a/b", keepingKeyIn: desk.secrets
            ) { _, _ in try? Data([1, 2, 3]).write(to: URL(filePath: path), options: []) }
        }
        #expect(try desk.others(than: ["plain"]) == [])
        #expect(try desk.secrets.list().isEmpty)
    }

    @Test("progress grows to the whole")
    func progress() async throws {
        let desk = try Desk()
        try desk.write(sample(5_000_000), "plain")
        let seen = Mutex<[UInt64]>([])
        let sealed = try await SealedFile.encrypt(
            desk.path("plain"), to: desk.path("sealed"), name: "a", mediaType: "a/b", keepingKeyIn: desk.secrets
        ) { done, all in seen.withLock { $0.append(all >= done ? done : 0) } }
        let steps = seen.withLock { $0 }
        #expect(steps.count == 5 && steps == steps.sorted() && steps.last == sealed.size)
    }
}

@Suite struct SecretFilesTests {
    private func kept(_ number: UInt64, license: LicenseID? = nil) throws -> KeptSealingSecret {
        KeptSealingSecret(
            secret: try #require(SealingSecret(Bytes32(0, 0, 0, number))), purpose: .license, network: nil,
            license: license, madeAt: Timestamp(number))
    }

    @Test("each secret is kept, found, listed and removed by itself")
    func keepAndShred() throws {
        let desk = try Desk()
        for number in [3, 1, 2] as [UInt64] { try desk.secrets.keep(.sealing(kept(number))) }
        #expect(try desk.secrets.list().map(\.madeAt) == [Timestamp(1), Timestamp(2), Timestamp(3)])
        let second = try kept(2)
        let found = try #require(try desk.secrets.sealing(second.secret.key))
        #expect(found.secret.secretBytes == second.secret.secretBytes)
        #expect(try desk.secrets.shred(.sealing(second.secret.key)))
        #expect(try desk.secrets.sealing(second.secret.key) == nil)
        #expect(try !desk.secrets.shred(.sealing(second.secret.key)))
        #expect(try desk.secrets.list().map(\.madeAt) == [Timestamp(1), Timestamp(3)])
        #expect(try desk.secrets.content(.zero) == nil)
    }

    @Test("one that is kept again replaces the old, whose bytes are overwritten")
    func replaced() throws {
        let desk = try Desk()
        let first = try kept(9)
        try desk.secrets.keep(.sealing(first))
        let folder = desk.path("secrets")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        // A second name keeps the old file within sight.
        try FileManager.default.linkItem(atPath: folder + "/" + name, toPath: desk.path("old"))
        let before = try desk.read("old")
        try desk.secrets.keep(.sealing(kept(9, license: LicenseID(Bytes32(1, 1, 1, 1)))))
        #expect(try desk.secrets.list().count == 1)
        #expect(try desk.secrets.sealing(first.secret.key)?.license == LicenseID(Bytes32(1, 1, 1, 1)))
        let after = try desk.read("old")
        #expect(after.count == before.count && after != before)
        #expect(zip(before, after).filter { $0 == $1 }.count < before.count / 4)
    }

    @Test("a removed secret's file is overwritten before it goes")
    func overwritten() throws {
        let desk = try Desk()
        let one = try kept(5)
        try desk.secrets.keep(.sealing(one))
        let folder = desk.path("secrets")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        try FileManager.default.linkItem(atPath: folder + "/" + name, toPath: desk.path("old"))
        let before = try desk.read("old")
        #expect(try desk.secrets.shred(.sealing(one.secret.key)))
        #expect(zip(before, try desk.read("old")).filter { $0 == $1 }.count < before.count / 4)
    }

    @Test("damage is named with the file, and other secrets stay within reach")
    func damage() throws {
        let desk = try Desk()
        let one = try kept(1)
        try desk.secrets.keep(.sealing(one))
        let folder = desk.path("secrets")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        try desk.secrets.keep(.sealing(kept(2)))
        try Data([1, 2, 3]).write(to: URL(filePath: folder + "/" + name))
        let failure = #expect(throws: WalletFailure.self) { try desk.secrets.sealing(one.secret.key) }
        #expect(failure?.kind == .key && failure?.message.contains(name) == true)
        #expect(try desk.secrets.sealing(kept(2).secret.key) != nil)
    }

    @Test("another passphrase leaves every secret readable")
    func passphrases() throws {
        let temporary = TemporaryHome()
        let wallet = Wallet(home: temporary.home, cost: .weak)
        let secrets = SecretFiles(
            home: temporary.home, keystore: try wallet.create(passphrase: passphrase("passphrase")))
        try secrets.keep(.sealing(kept(4)))
        try wallet.changePassphrase(from: passphrase("passphrase"), to: passphrase("another one"))
        let again = SecretFiles(
            home: temporary.home, keystore: try wallet.unlock(passphrase: passphrase("another one")))
        #expect(try again.list().count == 1)
    }
}
