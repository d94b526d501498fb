import ArgumentParser
import Cryptography
import INFTs
import Interface
import Primitives
import WalletKit

struct ContentShareKeys: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "share-keys",
        abstract: "Copies the sealing secrets of INFTs for another wallet, as a custodian's.",
        discussion: """
            Encrypted to the key that speaks for an account today, which is proven: only the wallet that has its key can take them in (content receive-keys). Of each INFT \
            it is the secret of every version that is sealed to this wallet today; what is made or resealed later needs a \
            copy again. Whoever has it can open the content and deliver it, and has to destroy it when it is to be erased.

            \(example("content share-keys case --to robot --out keys.json", "content receive-keys keys.json --from robot"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The INFTs: ids or names.") var inft: [String]
    @Option(help: ArgumentHelp("The account of the other wallet.", valueName: "account")) var to: String
    @Option(help: ArgumentHelp("Where they are written.", valueName: "file")) var out: String

    func perform(_ session: Session) async throws {
        try RecordFile.refuse(existing: out)
        try await session.verifyNetwork()
        let account = try session.address(to)
        let secrets = SecretFiles(home: session.home, keystore: try session.unlock())
        var found: [KeptSecret] = []
        for text in inft {
            let id: INFTID = try session.id(text)
            var keys: Set<CompressedPoint> = []
            for item in try await session.client.items("inft_versions", ["inft": session.json(id)]) {
                let version = try session.decode(item, as: VersionRecord.self)
                guard let key = version.custody?.sealingKey, keys.insert(key).inserted,
                    let kept = try secrets.sealing(key)
                else { continue }
                found.append(.sealing(kept))
            }
            guard !keys.isEmpty else { throw WalletFailure(.usage, "\(text) has no sealed version") }
            guard
                found.contains(where: {
                    if case .sealing(let kept) = $0 { keys.contains(kept.secret.key) } else { false }
                })
            else { throw WalletFailure(.key, "this wallet has no sealing secret of \(text)") }
        }
        guard found.count <= SecretTransfer.limit else {
            throw WalletFailure(.usage, "\(found.count) secrets; a file takes \(SecretTransfer.limit)")
        }
        let key = try await session.provenKey(of: account)
        try session.confirm(
            [
                "Copy \(found.count) sealing secrets for \(session.plainNames.party(.account(account))), who can then open and "
                    + "deliver what they open.",
                "The key that speaks for them: \(session.text(.account(key)))",
            ], question: "Write them?")
        try RecordFile.write(try SecretTransfer.seal(found, to: account, key: key, on: session.network), to: out)
        session.show(.object(["file": .string(out), "secrets": .integer(found.count)])) {
            Console.out("\(found.count) secrets in \(out), for \(session.plainNames.party(.account(account))) alone.")
        }
    }
}

struct ContentReceiveKeys: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive-keys", abstract: "Takes in sealing secrets that another wallet shared with this one.",
        discussion: example("content receive-keys keys.json"))
    @OptionGroup var globals: Globals
    @Argument(help: "The file.") var file: String

    func perform(_ session: Session) async throws {
        let bytes = try ContentFile.text(file)
        let recipient = try SecretTransfer.recipient(of: bytes, on: session.network)
        let keystore = try session.unlock()
        guard let key = keystore.key(of: recipient.key) else {
            throw WalletFailure(
                .key,
                "they are for \(session.text(.account(recipient.account))), by a key that is not in this wallet: "
                    + session.text(.account(recipient.key)))
        }
        let secrets = SecretFiles(home: session.home, keystore: keystore)
        let received = try SecretTransfer.open(bytes, with: key, on: session.network)
        for secret in received { try secrets.keep(secret) }
        session.show(.object(["secrets": .integer(received.count)])) {
            Console.out("\(received.count) secrets taken in. Delete \(file), it is not needed any more.")
        }
    }
}
