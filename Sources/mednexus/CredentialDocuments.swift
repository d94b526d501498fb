import ArgumentParser
import Blocks
import Interface
import Primitives
import Proofs
import WalletKit

struct CredentialExport: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a credential as a W3C Verifiable Credential whose evidence is the ledger's proof.",
        discussion: """
            For who is shown the credential outside the ledger. Nothing is believed of the node: the document is made from \
            what it proved. It says how things stood at the block of the proof; a later revocation is not in it \
            (Specs/credentials.md).

            \(example("credential export author-license --vc --out license.vc.json"))
            """)
    @Argument(help: "The credential.") var credential: String
    @Flag(help: "As a Verifiable Credential, data model 2.0; the only form there is.") var vc = false
    @Option(help: ArgumentHelp("Where to write it; standard output if absent.", valueName: "file")) var out: String?
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func validate() throws {
        if !vc { throw ValidationError("Say --vc: a Verifiable Credential is the only form there is.") }
    }

    func perform(_ session: Session) async throws {
        if let out { try ProofFile.refuse(existing: out) }
        try await session.verifyNetwork()
        let id: CredentialID = try session.id(credential)
        let params = parameters(["credential": .string(session.text(id))])
        let (proof, verified) = try await session.client.proven(
            "identity_credential", params, trusting: try session.trusted(trust))
        let made = try VerifiableCredential.make(proof, verified)
        guard made.status == "accepted" else {
            throw WalletFailure(
                .refused, "the credential is \(made.status), and so nothing to show",
                hint: "Its record, with proof: mednexus proof get identity_credential.")
        }
        guard let out else { return Console.out(Console.pretty(made.document)) }
        try ContentFile.writePrivate(Console.pretty(made.document) + "\n", to: out)
        let value = JSONValue.object([
            "credential": .string(session.text(id)), "file": .string(out), "status": .string(made.status),
            "height": .unsigned(verified.header.height.value),
        ])
        session.show(value) {
            Console.out("Written to \(out), as of \(dateText(verified.header.time)).")
            Console.out("Whoever is shown it: mednexus credential verify-vc \(out)")
        }
    }
}

struct CredentialVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-vc",
        abstract: "Verifies such a document without any node. Exit code 6: invalid or too old; 1: it was not in force.",
        discussion: example(
            "credential verify-vc license.vc.json --checkpoint 120000:9a0b…",
            "credential verify-vc license.vc.json --genesis genesis.json --max-age 30d --json"))
    @Argument(help: "The file.") var file: String
    @Option(
        help: ArgumentHelp(
            "How old it may be: 10m, 30d, any; else what the proof itself says.", valueName: "duration"))
    var maxAge: String?
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        let document: JSONValue
        do {
            document = try JSONParser.parse(try ContentFile.text(file, limit: 4 << 20))
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.proofInvalid, "\(file) is no JSON: \(error)")
        }
        let (proof, made) = try VerifiableCredential.verify(document) { (proof) throws(WalletFailure) in
            try trust.block(for: proof, globals)
        }
        if maxAge != "any" {
            let limit = try maxAge.map { (text) throws(WalletFailure) in
                guard let limit = Inputs.duration(text) else {
                    throw WalletFailure(.usage, "\(text) is no duration", hint: "Write 10m, 12h, 30d, or any.")
                }
                return limit
            }
            let network = TrustOptions.network(of: made.verified.header.network, globals)
            try ProofFile.checkAge(made.verified, of: proof, limit: limit, at: network?.now ?? WalletClock.now)
        }
        show(made, proof.networkKind.networkKind)
        guard made.status == "accepted" else {
            throw WalletFailure(.refused, "the document is genuine, and the credential was \(made.status)")
        }
    }

    /// As everywhere in the wallet; the document itself has it as a URL that names the network.
    private func text(_ party: Party, _ kind: NetworkKind) -> String {
        switch party {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: kind)
        case .organization(let id): TypedText.encode(id.bytes, kind: OrganizationKind.name, network: kind)
        }
    }

    private func show(_ made: VerifiableCredential.Made, _ kind: NetworkKind) {
        let document = made.document
        let header = made.verified.header
        if globals.json {
            return Console.out(
                JSONValue.object([
                    "valid": .boolean(true), "status": .string(made.status), "height": .unsigned(header.height.value),
                    "time": .unsigned(header.time.milliseconds), "issuer": document["issuer"] ?? .null,
                    "credentialSubject": document["credentialSubject"] ?? .null,
                    "validFrom": document["validFrom"] ?? .null, "validUntil": document["validUntil"] ?? .null,
                ]).text)
        }
        Console.fields(
            [
                ("Genuine", "as of block \(header.height), \(dateText(header.time))"),
                ("Network", header.network.description), ("Status", made.status), ("Of", text(made.subject, kind)),
                ("By", text(made.issuer, kind)),
            ] + made.facts.map { ($0.name, $0.text) } + [
                ("Not proven", "what changed after that block: ask for a newer document where it matters")
            ])
    }
}
