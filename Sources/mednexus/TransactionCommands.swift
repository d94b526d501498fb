import ArgumentParser
import Cryptography
import Identities
import Interface
import Primitives
import Transactions
import WalletKit

struct TransactionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx", abstract: "Transactions: built, signed by several, submitted, awaited.",
        discussion: example("tx wait 5c0d…", "tx sign split.json --from coauthor"),
        subcommands: [
            TransactionBuild.self, TransactionShow.self, TransactionDecode.self, TransactionSign.self,
            TransactionMerge.self, TransactionSubmit.self, TransactionWait.self,
        ])
}

struct TransactionBuild: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Makes a transaction of operations in JSON, as the RPC takes them.",
        discussion: """
            The file holds an operation or an array of them. With --build-only it is written for others to sign; \
            otherwise it is signed and sent.

            \(example("tx build operations.json --build-only joint.json --from author"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The file of operations.") var file: String

    func perform(_ session: Session) async throws {
        let operations: [LedgerOperation]
        do {
            let json = try JSONParser.parse(try ContentFile.text(file))
            operations = try JSONValueDecoder.decode(
                [LedgerOperation].self, from: json.array == nil ? .array([json]) : json,
                networkKind: session.network.kind)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.usage, "\(file): \(error)", hint: "Write operations as Specs/rpc.md shows them.")
        }
        try await session.act(operations)
    }
}

struct TransactionShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A final transaction and what it did, or what is known of it.",
        discussion: example("tx show 5c0d…"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The transaction's hash.") var hash: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        if Hexadecimal.decode(hash.lowercased()) == nil, (try? ContentFile(path: hash)) != nil {
            throw WalletFailure(
                .usage, "\(hash) is a file, not a hash", hint: "What it says: mednexus tx decode \(hash)")
        }
        let hash = JSONValue.string(try Codes.hash(hash).description)
        let value = try await session.client.read("tx_get", .object(["hash": hash]), as: JSONValue?.self) ?? .null
        guard !value.isNull else {
            let status = try await session.client.read("tx_status", .object(["hash": hash]), as: JSONValue.self)
            return session.show(status) {
                Console.fields([
                    ("Transaction", hash.string), ("State", status["state"]?.string),
                    ("For good", status["definitive"]?.boolean.map { $0 ? "yes" : "no" }),
                    ("Why", status["error"]?["message"]?.string),
                ])
            }
        }
        try await write(value, session)
    }

    private func write(_ value: JSONValue, _ session: Session) async throws {
        let told = value["transaction"]?["transaction"]
        let body = try told.map {
            try JSONValueDecoder.decode(TransactionBody.self, from: $0, networkKind: session.network.kind)
        }
        let names: SessionNames
        if let body { names = try await session.names(for: body.operations) } else { names = try await session.names() }
        session.show(value) {
            Console.fields([
                ("Transaction", value["hash"]?.string), ("Height", value["height"]?.unsigned.map { "\($0)" }),
                ("Time", names.time(value["time"])),
            ])
            if let decoded = body {
                for line in TransactionDraft(body: decoded, names: names).summary(names) { Console.out(line) }
                for one in session.made(by: decoded) {
                    let text = TypedText.encode(one.bytes, kind: one.kind, network: session.network.kind)
                    Console.out("Made \(SessionNames.word(one.kind)) \(names.short(text))")
                }
            }
            for event in value["events"]?.array ?? [] {
                Console.out("Event: \(event["domain"]?.string ?? "").\(event["name"]?.string ?? "")")
            }
        }
    }
}

struct TransactionDecode: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "What transaction bytes or a signing request say; nothing is sent.",
        discussion: example("tx decode split.json", "tx decode 828758…"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "A file of tx build or --build-only, or bytes in hexadecimal.") var source: String

    func perform(_ session: Session) async throws {
        let body: TransactionBody
        var signers: [Address] = []
        if let bytes = Hexadecimal.decode(source.lowercased()), !bytes.isEmpty {
            do {
                let signed = try SignedTransaction(RawTransaction(bytes))
                body = signed.body
                signers = signed.signatures.map(\.account)
            } catch {
                throw WalletFailure.refused(error)
            }
        } else {
            let request = try SigningRequest.load(source)
            body = try request.transaction(on: session.network)
            signers = request.signatures.map(\.account)
        }
        let names = try await session.names(for: body.operations)
        let json = JSONValue.object([
            "hash": .string(body.hash.description), "transaction": try session.client.encode(body),
            "signers": try session.client.encode(signers),
        ])
        let changes = try await session.changes(by: body)
        session.show(json) {
            Console.out("Transaction: \(body.hash)")
            for line in TransactionDraft(body: body, names: names).summary(names) + changes { Console.out(line) }
            for signer in signers { Console.out("Signed by: \(names.party(.account(signer)))") }
        }
    }
}

struct TransactionSign: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Adds this wallet's signature to a transaction that others sign, too.",
        discussion: """
            The node is asked what the ledger would say of it as it is signed then, and so sees the signatures before \
            tx submit; --no-check signs without asking.

            \(example("tx sign split.json --from coauthor", "tx sign split.json --from coauthor --out mine.json"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The file.") var file: String
    @Option(help: ArgumentHelp("Where to write it; the same file if absent.", valueName: "file")) var out: String?
    @Flag(inversion: .prefixedNo, help: "Ask the node what the ledger would say of it.") var check = true

    func perform(_ session: Session) async throws {
        var request = try SigningRequest.load(file)
        let body = try request.transaction(on: session.network)
        let names = try await session.names(for: body.operations)
        let signer = try session.sender()
        let summary =
            try await TransactionDraft(body: body, names: names).summary(names) + session.changes(by: body)
            + session.doubts(about: signer, in: body)
        try session.confirm(summary, question: "Sign as \(names.party(.account(signer)))?")
        try request.sign(with: try session.signingKey(of: signer), on: session.network)
        var rehearsal: Rehearsal?
        if check {
            try await session.verifyNetwork()
            rehearsal = try await session.rehearse(body.signed(request.signatures).bytes)
        }
        // A signature too many makes the whole of it void, and whoever submits it would not know whose to take out.
        if let refusal = rehearsal?.refusal, refusal.reason == "signatures_not_exact",
            refusal.message.hasPrefix("no rule asks"), refusal.message.contains(session.text(.account(signer)))
        {
            throw WalletFailure(
                .usage, "no rule asks for the signature of \(names.party(.account(signer))), so it is not added",
                hint: "Who signs so far: mednexus tx decode \(file). If one will by then: --no-check.")
        }
        let path = out ?? file
        try request.save(path, networkKind: session.network.kind)
        var value = parameters([
            "hash": .string(body.hash.description), "file": .string(path),
            "signatures": .integer(request.signatures.count),
        ])
        if let rehearsal {
            value.append("accepted", .boolean(rehearsal.refusal == nil))
            if let refusal = rehearsal.refusal { value.append("refusal", try session.client.encode(refusal)) }
        }
        session.show(.object(value)) {
            Console.out("Signed: \(Self.count(request)) in \(path).")
            guard let rehearsal else { return }
            guard let refusal = rehearsal.refusal else {
                return Console.out("The ledger would take it as it is: mednexus tx submit \(path).")
            }
            Console.out("As it is, the ledger would not take it: \(names.translated(refusal.failure).message).")
        }
    }
}

extension Session {
    /// What signs for an account now.
    fileprivate func currentKey(of account: Address) async throws -> Address {
        let view: AccountView = try await client.read("account_get", .object(["address": json(.account(account))]))
        return view.key
    }

    /// Whether the signer has a part in it, as far as names tell: who sends it, who is named in it, members of the
    /// organizations that are. Of what an id stands for nothing is known here, so it is said and not refused.
    fileprivate func doubts(about signer: Address, in body: TransactionBody) async throws -> [String] {
        let text = try client.encode(body).text
        guard body.sender != signer, !text.contains(self.text(.account(signer))) else { return [] }
        for entry in book.entries where entry.network == network.genesis {
            guard case .organization(let id) = entry.party, text.contains(self.text(id)) else { continue }
            if try await isMember(signer, of: id) { return [] }
        }
        if let organization = body.actingFor, try await isMember(signer, of: organization) { return [] }
        return [
            "Note: \(plainNames.party(.account(signer))) is not named in it. A signature for which no rule asks makes all of it "
                + "void (tx merge --without takes it out)."
        ]
    }

    private func isMember(_ account: Address, of id: OrganizationID) async throws -> Bool {
        let view: PartyView = try await client.read(
            "identity_get", .object(["party": json(Party.organization(id))]))
        return view.organization?.profile.members.contains { $0.account == account } ?? false
    }
}

extension WalletCommand {
    /// `1 signature is`, `2 signatures are`.
    fileprivate static func count(_ request: SigningRequest) -> String {
        request.signatures.count == 1 ? "1 signature is" : "\(request.signatures.count) signatures are"
    }
}

struct TransactionMerge: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Puts the signatures of several copies together, or takes one out.",
        discussion: example(
            "tx merge anna.json ben.json --out joint.json", "tx merge joint.json --without carol --out smaller.json"))
    @OptionGroup var globals: Globals
    @Argument(help: "The copies.") var files: [String]
    @Option(help: ArgumentHelp("Where to write; the first file if absent.", valueName: "file")) var out: String?
    @Option(help: ArgumentHelp("Leaves out this account's signature (repeatable).", valueName: "account"))
    var without: [String] = []

    func perform(_ session: Session) async throws {
        guard let first = files.first else { throw WalletFailure(.usage, "name the copies") }
        var request = try SigningRequest.load(first)
        for file in files.dropFirst() {
            try request.merge(try SigningRequest.load(file), on: session.network)
        }
        for name in without {
            let account = try session.address(name)
            guard request.remove(signatureOf: try await session.currentKey(of: account)) else {
                throw WalletFailure(.usage, "\(name) signed none of them")
            }
        }
        let path = out ?? first
        try request.save(path, networkKind: session.network.kind)
        let value = JSONValue.object([
            "hash": .string(try request.transaction(on: session.network).hash.description), "file": .string(path),
            "signatures": .integer(request.signatures.count),
        ])
        session.show(value) { Console.out("\(Self.count(request)) in \(path).") }
    }
}

struct TransactionSubmit: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Sends a transaction that has all its signatures.",
        discussion: example("tx submit joint.json"))
    @OptionGroup var globals: Globals
    @Argument(help: "The file.") var file: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var lock: HomeLock? = try await session.takeLock()
        let request = try SigningRequest.load(file)
        guard !request.signatures.isEmpty else {
            throw WalletFailure(
                .usage, "nobody has signed \(file) yet", hint: "Who sends it signs first: mednexus tx sign \(file).")
        }
        let transaction = try request.assemble(on: session.network)
        let names = try await session.names(for: transaction.body.operations)
        let words = TransactionDraft(body: transaction.body, names: names).summary(names)
        try session.requireFreeName(for: session.made(by: transaction.body))
        let sending = TransactionSender(home: session.home, network: session.network, client: session.client)
        var record = try await sending.send(transaction, words: words, waitMilliseconds: 0)
        withExtendedLifetime(lock) {}
        lock = nil
        if globals.wait { record = try await session.settled(record, sending) }
        try await session.report(record, made: session.made(by: transaction.body))
    }
}

struct TransactionWait: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Asks until it is certain what became of a transaction.",
        discussion: example("tx wait 5c0d…"))
    @OptionGroup var globals: Globals
    @Argument(help: "The transaction's hash.") var hash: String

    func perform(_ session: Session) async throws {
        let hash = try Codes.hash(hash)
        try await session.verifyNetwork()
        let outbox = Outbox(home: session.home, network: session.network)
        if var record = try outbox.record(hash) {
            // What was never sent, or not surely, is sent again: the ledger takes the same bytes once.
            if record.state == .prepared { record = try await outbox.submit(record, client: session.client) }
            let settled = try await outbox.wait(for: record, client: session.client, milliseconds: 120_000)
            if let failure = Outbox.failure(of: settled) { throw failure }
            let body = try SignedTransaction(RawTransaction(settled.bytes.bytes)).body
            return try await session.report(settled, made: session.made(by: body))
        }
        for _ in 0..<240 {
            let status = try await session.client.transactionStatus(hash)
            if status.state == .final {
                return session.show(try session.client.encode(status)) {
                    Console.out("Transaction \(hash) is final at height \(status.height ?? .genesis).")
                }
            }
            if status.definitive {
                throw WalletFailure(
                    .refused, status.error?.message ?? "transaction \(hash) is \(status.state.rawValue)",
                    hint: status.error?.hint ?? "Nothing has happened.")
            }
            guard globals.wait else { break }
            try await Task.sleep(nanoseconds: 500_000_000)
        }
        throw WalletFailure(
            .outcomeUnknown, "transaction \(hash) is not settled", hint: "Ask again later: mednexus tx wait \(hash)")
    }
}
