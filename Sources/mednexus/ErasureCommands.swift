import ArgumentParser
import Blocks
import Cryptography
import INFTs
import Interface
import Primitives
import Proofs
import StateModel
import WalletKit

struct ErasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erasure", abstract: "Erasure receipts: shown, and given to a regulator as one file.",
        discussion: example(
            "erasure show tmnxerasure1…", "erasure bundle tmnxerasure1… --out erasure.bundle",
            "erasure verify erasure.bundle --checkpoint 0:9a0b…"),
        subcommands: [ErasureShow.self, ErasureList.self, ErasureBundleCommand.self, ErasureVerify.self])
}

struct ErasureShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A receipt, and who holds the content's key still.",
        discussion: example("erasure show tmnxerasure1…", "erasure show tmnxerasure1… --json"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The receipt.") var erasure: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: ErasureID = try session.id(erasure)
        let view: ErasureView = try await session.client.read("inft_erasure", .object(["erasure": session.json(id)]))
        let holders = try await session.client.items("inft_erasure_holders", ["erasure": session.json(id)])
        let names = session.plainNames
        session.show(.object(["erasure": try session.client.encode(view), "holders": .array(holders)])) {
            Console.fields(ErasureText.fields(view.erasure, contentErasure: view.contentErasure, names))
            let parties = holders.map { names.party($0["delivery"]?["to"]) }
            Console.fields([("Key delivered to", parties.isEmpty ? "nobody" : parties.joined(separator: "\n"))])
        }
    }
}

struct ErasureList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Receipts that a consent's subject asked for, or that a party signed.",
        discussion: example("erasure list --consent my-consent", "erasure list --holder clinic"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Of this consent.") var consent: String?
    @Option(help: "Signed for this party (default: who acts).") var holder: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params: [String: JSONValue] = [:]
        if let consent {
            let id: ConsentID = try session.id(consent)
            params["consent"] = session.json(id)
        } else {
            params["holder"] = session.json(try session.party(orActor: holder))
        }
        let items = try await session.client.items("inft_erasures", params)
        let names = session.plainNames
        session.show(.array(items)) {
            guard !items.isEmpty else { return Console.out("There is none.") }
            Console.table(
                ["ERASED", "INFT", "VERSION", "HOLDER", "RECEIPT"],
                items.map { item in
                    [
                        names.time(item["at"]) ?? "", names.id(item["inft"]),
                        item["version"]?.unsigned.map { "\($0)" } ?? "", names.party(item["holder"]),
                        item["id"]?.string ?? "",
                    ]
                })
        }
    }
}

struct ErasureBundleCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle", abstract: "One file for a regulator: the receipt, and the proof of all it says.",
        discussion: """
            The request, the consent, the INFT, the deliveries, and the transaction with its signatures. It is verified \
            before it is kept, and anybody verifies it without a node.

            \(example("erasure bundle tmnxerasure1… --out erasure.bundle"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The receipt.") var erasure: String
    @Option(help: ArgumentHelp("Where the bundle is kept.", valueName: "file")) var out: String
    @OptionGroup(title: "Trust") var trust: TrustOptions

    func perform(_ session: Session) async throws {
        try ProofFile.refuse(existing: out)
        try await session.verifyNetwork()
        let id: ErasureID = try session.id(erasure)
        let checkpoint = try session.trusted(trust)
        let bundle = try await session.bundle(of: id, trusting: checkpoint)
        let verified = try ErasureFile.verify(bundle, trusting: checkpoint)
        try ErasureFile.write(bundle, to: out)
        try ErasureText.show(verified, session.plainNames, kind: session.network.kind, json: globals.json)
        if !globals.json { Console.err("Kept in \(out): mednexus erasure verify \(out)") }
    }
}

struct ErasureVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Verifies a bundle without any node. Exit code 6: it proves nothing.",
        discussion: example(
            "erasure verify erasure.bundle --checkpoint 120000:9a0b…",
            "erasure verify erasure.bundle --genesis genesis.json --json"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The file.") var file: String
    @OptionGroup(title: "Trust") var trust: TrustOptions

    func run() async throws {
        let bundle = try ErasureFile.read(file)
        let session = try? await Session.open(globals)
        let checkpoint: Checkpoint
        if let stated = try trust.stated(network: session?.isPinned == true ? session?.network.genesis : nil) {
            // Who names a block by its hash names its network, too: the header says it.
            let network = stated.network ?? bundle.transaction.chain.checkpoint.network
            checkpoint = Checkpoint(network: network, height: stated.height, blockHash: stated.hash)
        } else if let session, session.isPinned {
            checkpoint = try session.trusted(trust)
        } else {
            throw Session.nothingTrusted
        }
        let verified = try ErasureFile.verify(bundle, trusting: checkpoint)
        try ErasureText.show(
            verified, session?.plainNames, kind: bundle.transaction.networkKind.networkKind, json: globals.json)
    }
}

extension Session {
    /// Asks for everything that a bundle holds, as proven.
    fileprivate func bundle(
        of id: ErasureID, trusting checkpoint: Checkpoint
    ) async throws(WalletFailure) -> ErasureBundle {
        let view: ErasureView = try await client.read("inft_erasure", .object(["erasure": json(id)]))
        let record = view.erasure
        let versions = try await client.items("inft_versions", ["inft": json(record.inft)])
        let version = versions.first { $0["number"]?.unsigned == record.version }
        let set: ConsentSetID? = try version?["consentSet"]?.string.map { (text) throws(WalletFailure) in
            try self.id(text)
        }
        let deliveries = try await client.items("inft_erasure_holders", ["erasure": json(id)]).compactMap {
            $0["delivery"]?["id"]?.string
        }.map { (text) throws(WalletFailure) -> DeliveryID in try self.id(text) }
        let keys = ErasureBundle.keys(of: record, set: set, deliveries: deliveries)
        let (transaction, _) = try await client.proven(
            "tx_get", parameters(["hash": .string(record.transaction.description)]), trusting: checkpoint)
        var states: [Proof] = []
        for start in stride(from: 0, to: keys.count, by: ErasureBundle.recordsPerState) {
            guard states.count < ErasureBundle.maximumStates else {
                throw WalletFailure(.refused, "the content was delivered too often for one file")
            }
            let part = keys[start..<min(start + ErasureBundle.recordsPerState, keys.count)]
            let asked = JSONValue.array(part.map { .string(Hexadecimal.encode($0.bytes)) })
            states.append(
                try await client.proven("proof_state", parameters(["keys": asked]), trusting: checkpoint).proof)
        }
        return ErasureBundle(erasure: id, transaction: transaction, states: states)
    }
}

/// A receipt for people and as JSON.
enum ErasureText {
    static func fields(
        _ record: ErasureRecord, contentErasure: ErasureID?, _ names: any NameResolver
    ) -> [(String, String?)] {
        let custodians = record.custodians.map { names.party(.account($0)) }
        return [
            ("Receipt", names.identifier(record.id.description)),
            ("INFT", "\(names.identifier(record.inft.description)), version \(record.version)"),
            ("Erased", "\(names.time(record.at)), height \(record.height)"),
            ("Key destroyed", Hexadecimal.encode(record.sealingKey.bytes)), ("By", names.party(record.holder)),
            (
                "Because",
                record.consents.isEmpty
                    ? "of its own decision"
                    : "subjects asked: "
                        + record.consents.map { names.identifier($0.description) }.joined(separator: ", ")
            ),
            ("Asked for", record.requestedAt.map { names.time($0) }),
            (
                "Key custodians",
                record.threshold == 0
                    ? nil : "\(record.threshold) had to sign, these did:\n" + custodians.joined(separator: "\n")
            ),
            (
                "Ciphertext",
                contentErasure == nil ? "\(record.root), kept for a clone that lives" : "\(record.root), deleted"
            ),
            ("Transaction", record.transaction.description),
        ]
    }

    static func show(
        _ verified: VerifiedErasure, _ known: SessionNames?, kind: NetworkKind, json: Bool
    ) throws(WalletFailure) {
        let record = verified.record
        // A regulator has no wallet of this network, and so no names.
        let names: any NameResolver = known ?? NetworkNames(kind: kind)
        func text(_ party: Party) -> String { party.text(on: kind) }
        guard !json else {
            let encoded: JSONValue
            do {
                encoded = try JSONValueEncoder.encode(record, networkKind: kind)
            } catch {
                throw WalletFailure(.proofInvalid, "the receipt has no JSON: \(error)")
            }
            let value = JSONValue.object([
                "erasure": encoded,
                "contentErased": .boolean(verified.contentErasure != nil),
                "requests": .array(
                    verified.requests.map { request in
                        .object([
                            "consent": .string(
                                TypedText.encode(request.consent.bytes, kind: ConsentKind.name, network: kind)),
                            "subject": .string(text(request.subject)),
                            "requestedAt": .unsigned(request.requestedAt.milliseconds),
                        ])
                    }),
                "signers": .array(verified.signers.map { .string(text(.account($0))) }),
                "deliveredTo": .array(verified.deliveries.map { .string(text($0.to)) }),
                "provenAt": .unsigned(verified.provenAt.milliseconds),
            ])
            return Console.out(value.text)
        }
        Console.fields(fields(record, contentErasure: verified.contentErasure, names))
        let delivered = verified.deliveries.map { names.party($0.to) }
        Console.fields([
            ("Signed by", verified.signers.map { names.party(.account($0)) }.joined(separator: "\n")),
            (
                "Key delivered to",
                delivered.isEmpty ? "nobody" : delivered.joined(separator: "\n") + "\n(they keep it)"
            ),
            ("Proven", "as of \(dateText(verified.provenAt)): all of this, and that no delivery is left out"),
            ("Not proven", "that those who signed told the truth"),
        ])
    }
}

/// Ids in the writing of a network, for who knows nobody's names.
struct NetworkNames: NameResolver {
    let kind: NetworkKind

    func party(_ party: Party) -> String { party.text(on: kind) }
    func amount(_ amount: Amount, of asset: AssetID) -> String {
        "\(amount.units) smallest units of \(TypedText.encode(asset.bytes, kind: AssetKind.name, network: kind))"
    }
    func time(_ time: Timestamp) -> String { dateText(time) }
    func identifier(_ text: String) -> String { SessionNames.rewritten(text, on: kind) }
}

extension Party {
    fileprivate func text(on kind: NetworkKind) -> String {
        switch self {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: kind)
        case .organization(let id): TypedText.encode(id.bytes, kind: OrganizationKind.name, network: kind)
        }
    }
}
