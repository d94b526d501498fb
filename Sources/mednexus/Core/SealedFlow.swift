import ContentFormat
import Cryptography
import FoundationEssentials
import INFTs
import Interface
import Licenses
import Primitives
import WalletKit

/// What commands about sealed content share.
extension Session {
    func keyring() throws(WalletFailure) -> SealedKeyring {
        SealedKeyring(secrets: SecretFiles(home: home, keystore: try unlock()), network: network.genesis)
    }

    /// Ciphertexts of this wallet, by root.
    private func ciphertextPath(_ root: Hash) throws(WalletFailure) -> String {
        try home.contentFolder() + "/\(root)"
    }

    /// Removes the ciphertext from this machine; the node's store keeps its own.
    func dropCopy(of root: Hash) throws(WalletFailure) {
        try ContentFile.remove(try ciphertextPath(root))
    }

    /// Encrypts a file and uploads the ciphertext to the node's store. Returns what a mint or a revision is made from.
    func encryptAndUpload(
        _ file: String, mediaType: String?
    ) async throws(WalletFailure) -> KeptContentSecret {
        let secrets = SecretFiles(home: home, keystore: try unlock())
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let working = try home.contentFolder() + "/new-\(Hexadecimal.encode(OperatingSystemRandom.bytes(8)))"
        let bar = ProgressBar("Encrypting", isShown: !globals.json)
        let sealed = try await SealedFile.encrypt(
            file, to: working, name: name, mediaType: mediaType ?? Inputs.mediaType(of: file),
            keepingKeyIn: secrets, progress: bar.show)
        bar.clear()
        let path = try ciphertextPath(sealed.root)
        try ContentFile.rename(working, to: path)
        try await upload(try CiphertextFile(path: path, sealed))
        guard let kept = try secrets.content(sealed.root) else {
            throw WalletFailure(.key, "the key of the content \(sealed.root) is gone from this wallet")
        }
        return kept
    }

    /// The same for bytes that are to lie on no disk for longer than it takes.
    func encryptAndUpload(
        _ bytes: [UInt8], name: String, mediaType: String
    ) async throws(WalletFailure) -> KeptContentSecret {
        let folder = try home.contentFolder() + "/plain-\(Hexadecimal.encode(OperatingSystemRandom.bytes(8)))"
        let path = folder + "/" + name
        try ContentFile.writePrivate(bytes, to: path)
        let made: Result<KeptContentSecret, WalletFailure>
        do throws(WalletFailure) {
            made = .success(try await encryptAndUpload(path, mediaType: mediaType))
        } catch {
            made = .failure(error)
        }
        try ContentFile.shred(path, folder: folder)
        return try made.get()
    }

    private func upload(_ ciphertext: CiphertextFile) async throws(WalletFailure) {
        let bar = ProgressBar("Uploading", isShown: !globals.json)
        defer { bar.clear() }
        try await contentClient().upload(ciphertext, progress: bar.show)
    }

    /// The ciphertext of `content`, on this machine: fetched if it is not here, every chunk proven under the root.
    func ciphertext(of content: SealedContent) async throws(WalletFailure) -> String {
        let path = try ciphertextPath(content.root)
        if FileManager.default.fileExists(atPath: path) {
            let bar = ProgressBar("Verifying", isShown: !globals.json)
            defer { bar.clear() }
            do throws(WalletFailure) {
                _ = try await SealedFile.verify(path, root: content.root, size: content.size, progress: bar.show)
                return path
            } catch {
                guard error.kind == .proofInvalid else { throw error }
                try ContentFile.remove(path)
            }
        }
        let bar = ProgressBar("Fetching", isShown: !globals.json)
        defer { bar.clear() }
        try await contentClient().download(content.root, size: content.size, to: path, progress: bar.show)
        return path
    }

    /// The sealed content of a version and who can open it.
    func sealedVersion(
        _ number: UInt64, of inft: INFTID
    ) async throws(WalletFailure) -> (content: SealedContent, custody: Custody) {
        for item in try await client.items("inft_versions", ["inft": json(inft)], limit: Int(clamping: number)) {
            let version = try decode(item, as: VersionRecord.self)
            guard version.number == number else { continue }
            guard case .sealed(let content) = version.content, let custody = version.custody else { break }
            return (content, custody)
        }
        throw WalletFailure(.usage, "version \(number) of \(text(inft)) is not sealed", hint: "Anyone can read it.")
    }

    /// Decrypts what `custody` opens into a new file.
    func openContent(
        _ content: SealedContent, _ custody: Custody, to file: String
    ) async throws(WalletFailure) -> ContentHeader {
        try SealedFile.refuse(existing: file)
        let point = try keyring().open(custody, of: content)
        let path = try await ciphertext(of: content)
        let bar = ProgressBar("Decrypting", isShown: !globals.json)
        defer { bar.clear() }
        let sealed = SealedFile(
            root: content.root, size: content.size, salt: content.salt, keyCommitment: content.keyCommitment)
        return try await sealed.decrypt(path, to: file, point: point.compressed, progress: bar.show)
    }

    func showOpened(_ header: ContentHeader, _ content: SealedContent, file: String) {
        show(
            .object([
                "file": .string(file), "root": .string("\(content.root)"), "name": .string(header.name),
                "mediaType": .string(header.mediaType), "size": .unsigned(header.fileSize),
            ])
        ) {
            Console.fields([
                ("File", file), ("Name", header.name), ("Media type", header.mediaType),
                ("Size", "\(header.fileSize) bytes"), ("Root", "\(content.root)"),
            ])
        }
    }
}
