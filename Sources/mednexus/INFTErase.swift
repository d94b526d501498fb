import ArgumentParser
import Cryptography
import INFTs
import Interface
import Primitives
import Transactions
import WalletKit

struct INFTEraseCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Destroys this wallet's keys of a version, and attests it on the ledger.",
        discussion: """
            In this order: you agree, the keys are destroyed, the transaction is sent. If anything stops it after the \
            keys are gone, run it again: the account's own key signs, and nothing else is needed. Delete other copies \
            first, backups too; the node's store deletes the ciphertext by itself once the receipt is final.

            With --build-only nothing is destroyed: each signer destroys its own copies (content forget) before it signs.

            \(example(
                "inft erase scan-17 --consent consent-17", "inft erase scan-17 --version 2 --own-decision",
                "inft erase scan-17 --consent consent-17 --co-sign vault-a --co-sign vault-b"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The INFT.") var inft: String
    @Option(help: "The version's number; the newest if absent.") var version: UInt64?
    @Option(help: ArgumentHelp("A consent whose subject asked for it; repeatable.", valueName: "consent"))
    var consent: [String] = []
    @Flag(help: "Nobody asked for it.") var ownDecision = false

    func perform(_ session: Session) async throws {
        guard ownDecision == consent.isEmpty else {
            throw WalletFailure(
                .usage, "why is it erased?", hint: "Name consents with --consent, or say --own-decision.")
        }
        try await session.verifyNetwork()
        let record = try await session.inft(inft)
        let number = version ?? record.versionCount
        let consents: [ConsentID] = try consent.map { (text) throws(WalletFailure) in try session.id(text) }.sorted()
        let target = try await session.erasable(number, of: record, keepsClones: consents.isEmpty)
        let operation = Erase(
            inft: record.id, version: number, sealingKey: target.custody.sealingKey, consents: consents)
        if globals.buildOnly != nil {
            let forget = "Each signer first: mednexus content forget "
            return try await session.act(
                [.infts(.erase(operation))],
                notes: [forget + Hexadecimal.encode(target.custody.sealingKey.bytes) + ", and of \(target.root)"])
        }
        let secrets = SecretFiles(home: session.home, keystore: try session.unlock())
        let names = try secrets.list().map(\.name).filter { target.names.contains($0) }
        let count = names.count == 1 ? "1 key" : "\(names.count) keys"
        try await session.act(
            [.infts(.erase(operation))],
            notes: [
                names.isEmpty ? "This wallet has no key of it" : "This wallet's \(count) of it will be destroyed now"
            ]
        ) { (transaction) throws(WalletFailure) in
            // Nothing is destroyed for a receipt that the ledger refuses.
            if let refusal = try await session.rehearse(transaction.bytes).refusal {
                throw WalletFailure(
                    .refused, "the ledger would refuse it: \(refusal.message)",
                    hint: refusal.hint.isEmpty ? "Nothing was destroyed." : refusal.hint)
            }
            for name in names { try secrets.shred(name) }
            if target.names.contains(.content(target.root)) { try session.dropCopy(of: target.root) }
        }
    }
}

extension Session {
    /// What opens a version: its key's custody of today, and by what names a wallet keeps secrets of it. What it shares with
    /// a clone that may live is left out: the first version of a clone was published with the original's sealing key.
    fileprivate func erasable(
        _ number: UInt64, of record: INFTRecord, keepsClones: Bool
    ) async throws(WalletFailure) -> (custody: Custody, root: Hash, names: Set<KeptSecret.Name>) {
        let all = try await client.items("inft_versions", ["inft": json(record.id)])
        guard let found = all.first(where: { $0["number"]?.unsigned == number }) else {
            throw WalletFailure(.usage, "the INFT has \(record.versionCount) versions, and none is \(number)")
        }
        let version: VersionRecord
        do {
            version = try JSONValueDecoder.decode(VersionRecord.self, from: found, networkKind: network.kind)
        } catch {
            throw WalletFailure(.unreachable, "the node describes a version in a way this wallet can't read: \(error)")
        }
        guard case .sealed(let content) = version.content, let custody = version.custody else {
            throw WalletFailure(.usage, "version \(number) is open: there is no key to destroy")
        }
        var names: Set<KeptSecret.Name> = [.sealing(custody.sealingKey)]
        if record.cloneOf == nil || number > 1 { names.insert(.sealing(content.sealingKey)) }
        let isShared = record.cloneOf != nil || record.cloneCount > 0
        if !isShared || !keepsClones { names.insert(.content(content.root)) }
        return (custody, content.root, names)
    }
}

struct INFTKeyCustodians: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "key-custodians", abstract: "Who keeps copies of the owner's keys, and signs their destruction.",
        discussion: """
            Without options it shows them. Who is newly named signs (--co-sign, or --build-only and tx sign), and of \
            those before as many as their threshold asks for.

            \(example(
                "inft key-custodians scan-17",
                "inft key-custodians scan-17 --threshold 2 --custodian vault-a --custodian vault-b --custodian vault-c",
                "inft key-custodians scan-17 --nobody"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The INFT.") var inft: String
    @Option(help: "How many of them must sign.") var threshold: UInt64?
    @Option(help: ArgumentHelp("An account; repeatable.", valueName: "account")) var custodian: [String] = []
    @Flag(help: "From now on nobody but the owner.") var nobody = false

    func perform(_ session: Session) async throws {
        let id: INFTID = try session.id(inft)
        guard nobody || threshold != nil || !custodian.isEmpty else { return try await show(id, session) }
        guard nobody == custodian.isEmpty, nobody == (threshold == nil) else {
            throw WalletFailure(
                .usage, "who keeps the keys, and how many of them sign?",
                hint: "Give --threshold and --custodian, or --nobody alone.")
        }
        let accounts = try custodian.map { (text) throws(WalletFailure) in try session.address(text) }.sorted()
        try await session.act([
            .infts(.setKeyCustodians(SetKeyCustodians(inft: id, threshold: threshold ?? 0, custodians: accounts)))
        ])
    }

    private func show(_ id: INFTID, _ session: Session) async throws {
        try await session.verifyNetwork()
        let found: KeyCustodians = try await session.client.read(
            "inft_key_custodians", .object(["inft": session.json(id)]))
        let names = session.plainNames
        session.show(try session.client.encode(found)) {
            guard !found.custodians.isEmpty else {
                return Console.out("Nobody but \(names.party(found.holder)) keeps its keys.")
            }
            Console.fields([
                ("Keys of", names.party(found.holder)),
                ("Custodians", found.custodians.map { names.party(.account($0)) }.joined(separator: "\n")),
                ("Must sign", "\(found.threshold) of \(found.custodians.count)"),
            ])
        }
    }
}
