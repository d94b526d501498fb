import Consents
import Cryptography
import Governance
import INFTs
import Identities
import Interface
import Licenses
import Primitives
import Revenue
import StateModel
import Transactions
import WalletKit

typealias LedgerOperation = Transactions.Operation

/// A thing that an operation makes, whose id follows from the transaction's hash.
struct Made {
    let operation: Int
    let type: String
    let kind: String
    let bytes: Bytes32
}

extension LedgerOperation {
    /// The kind of what it makes; nil if it makes nothing with an id of its own.
    private var madeKind: String? {
        switch self {
        case .identities(.createOrganization): OrganizationKind.name
        case .identities(.offerCredential): CredentialKind.name
        case .identities(.grantDelegation): DelegationKind.name
        case .identities(.grantMandate): MandateKind.name
        case .identities(.startRecovery): RecoveryKind.name
        case .consents(.grant): ConsentKind.name
        case .consents(.createSet): ConsentSetKind.name
        case .consents(.disclose), .consents(.breakGlass): DisclosureKind.name
        case .revenue(.createAsset): AssetKind.name
        case .infts(.mint), .infts(.clone), .licenses(.createGroup): INFTKind.name
        case .infts(.erase): ErasureKind.name
        case .infts(.recall): RecallKind.name
        case .infts(.transfer), .licenses(.requestVersion): DeliveryKind.name
        case .licenses(.transfer(let operation)) where operation.delivery != nil: DeliveryKind.name
        case .licenses(.raiseDispute), .licenses(.raiseClaim): DisputeKind.name
        case .licenses(.acceptDispute(let operation)) where operation.delivery != nil: DeliveryKind.name
        case .licenses(.createOffer): OfferKind.name
        case .licenses(.purchase), .licenses(.sublicense): LicenseKind.name
        case .licenses(.registerTerms): TermsKind.name
        case .governance(.propose): ProposalKind.name
        default: nil
        }
    }

    func made(at index: Int, of transaction: Hash) -> Made? {
        guard let kind = madeKind else { return nil }
        if case .licenses(.registerTerms(let operation)) = self {
            return Made(operation: index, type: name, kind: kind, bytes: operation.terms.id.bytes)
        }
        let id: Identifier<INFTKind> = makeIdentifier(transactionHash: transaction, operationIndex: index)
        return Made(operation: index, type: name, kind: kind, bytes: id.bytes)
    }
}

extension Session {
    /// The longest that a command waits for finality; the transaction itself stays valid longer.
    private static let waitMilliseconds: UInt64 = 120_000
    private static let jointValidityMilliseconds: UInt64 = 12 * 3_600_000

    /// The whole way of an act: body, words, consent, signatures, outbox, node, finality, and what was made.
    ///
    /// `notes` are read before the words: what the command knows and the operations can't say. `before` is done once the
    /// person has agreed and the signatures are there, and before anything is sent; it must do no harm done again.
    func act(
        _ operations: [LedgerOperation], notes: [String] = [],
        before: (SignedTransaction) async throws(WalletFailure) -> Void = { _ in }
    ) async throws {
        try await act(notes: notes, before: before) { _ in operations }
    }

    /// The same for operations whose proofs are bound to where they will stand. `anyones`: what anyone may say, so the sender
    /// says it, whomever they act for otherwise.
    func act(
        notes: [String] = [], anyones: Bool = false,
        before: (SignedTransaction) async throws(WalletFailure) -> Void = { _ in },
        _ operations: (OperationPlace) throws(WalletFailure) -> [LedgerOperation]
    ) async throws {
        guard isPinned else {
            throw WalletFailure(
                .usage, "nothing is signed for a network that is not pinned",
                hint: "Pin it: mednexus network add NAME --node \(network.node) --genesis \(network.genesis)")
        }
        var lock: HomeLock? = try await takeLock()
        let sender = try sender()
        let sending = TransactionSender(home: home, network: network, client: client)
        let body = try await sending.prepare(
            sender: sender, actingFor: anyones ? nil : try actingFor(), validityMilliseconds: try validity(), operations
        )
        if let path = globals.buildOnly { return try await saveRequest(body, notes: notes, to: path) }
        try requireFreeName(for: made(by: body))
        let names = try await names(for: body.operations)
        let summary = try await notes + TransactionDraft(body: body, names: names).summary(names) + changes(by: body)
        try confirm(summary, question: "Sign and send?")
        // What anyone may say the sender says alone: a further signature would be one too many.
        let signers =
            try [sender] + (anyones ? [] : globals.coSign).map { (name) throws(WalletFailure) in try account(name) }
        let transaction = try TransactionBuilder.assemble(body, try signatures(body, signers))
        try await before(transaction)
        var record = try await sending.send(transaction, words: summary, waitMilliseconds: 0)
        // What follows only watches, so that other commands of this wallet need not wait.
        withExtendedLifetime(lock) {}
        lock = nil
        if globals.wait { record = try await patiently(record, sending) }
        try await report(record, made: made(by: body))
    }

    /// What takes longer than a block is said, with what the node says of it.
    private func patiently(
        _ record: OutboxRecord, _ sending: TransactionSender
    ) async throws(WalletFailure) -> OutboxRecord {
        let client = client
        let hash = record.hash
        let teller = Task {
            guard (try? await Task.sleep(nanoseconds: 5_000_000_000)) != nil else { return }
            Console.err(
                "Sent: transaction \(hash) is not final yet. It stays valid if you stop here (mednexus tx wait).")
            let status = try? await client.call("node_status")
            if let reason = (status?["value"] ?? status)?["stalledBecause"]?.string, !Task.isCancelled {
                Console.err("The node says: \(reason)")
            }
        }
        defer { teller.cancel() }
        return try await settled(record, sending)
    }

    /// Final, or a failure that says what it is instead.
    func settled(_ record: OutboxRecord, _ sending: TransactionSender) async throws(WalletFailure) -> OutboxRecord {
        let settled = try await sending.outbox.wait(
            for: record, client: client, milliseconds: Self.waitMilliseconds)
        if let failure = Outbox.failure(of: settled) { throw failure }
        return settled
    }

    /// Two commands of one wallet take turns; a person who reads words may hold it longer than that.
    func takeLock() async throws(WalletFailure) -> HomeLock {
        for _ in 0..<200 {
            do throws(WalletFailure) {
                return try home.lock()
            } catch {
                guard (try? await Task.sleep(nanoseconds: 50_000_000)) != nil else { throw error }
            }
        }
        return try home.lock()
    }

    private func validity() throws(WalletFailure) -> UInt64 {
        guard let text = globals.validFor else {
            return globals.buildOnly == nil
                ? TransactionBuilder.standardValidityMilliseconds : Self.jointValidityMilliseconds
        }
        guard let duration = Inputs.duration(text), duration > 0, duration <= 24 * 3_600_000 else {
            throw WalletFailure(.usage, "\(text) is no duration", hint: "Write 10m or 12h; at most 24h.")
        }
        return duration
    }

    func signatures(
        _ body: TransactionBody, _ signers: [Address]
    ) throws(WalletFailure) -> [AccountSignature] {
        var signatures: [AccountSignature] = []
        for signer in signers {
            let key = try signingKey(of: signer)
            guard !signatures.contains(where: { $0.account == key.address }) else { continue }
            signatures.append(TransactionBuilder.signature(body, with: key))
        }
        return signatures
    }

    /// What a transaction changes of what is on the ledger now, where its operations say only what will be: which members
    /// an organization loses. Proven where there is a checkpoint: a node that leaves a member out hides that it goes.
    func changes(by body: TransactionBody) async throws(WalletFailure) -> [String] {
        var lines: [String] = []
        for case .identities(.updateOrganization(let update)) in body.operations {
            let question = parameters(["party": try client.encode(Party.organization(update.organization))])
            let view: PartyView
            if network.checkpoint != nil {
                let answer = try await client.provenAnswer("identity_get", question, trusting: try pinnedCheckpoint())
                view = try decode(answer.value)
            } else {
                view = try await client.read("identity_get", .object(question))
                lines.append("What changes is said by the node alone: this wallet trusts no block yet.")
            }
            guard let profile = view.organization?.profile else { continue }
            lines += OrganizationDifference.lines(from: profile, to: update, names: try await names())
        }
        return lines
    }

    /// Shows what will be signed, and asks. Without a terminal nothing is signed unless `--yes` says so.
    func confirm(_ summary: [String], question: String) throws(WalletFailure) {
        let text = summary.joined(separator: "\n")
        if globals.json { if !globals.yes { Console.err(text) } } else { Console.out(text) }
        guard !globals.yes else { return }
        guard Console.isInteractive else {
            throw WalletFailure(
                .usage, "nobody can be asked: this is not a terminal", hint: "Repeat with --yes to sign without asking."
            )
        }
        guard Console.confirm(question) else { throw WalletFailure(.usage, "nothing was signed") }
    }

    private func saveRequest(_ body: TransactionBody, notes: [String], to path: String) async throws(WalletFailure) {
        // Whatever may fail comes first: once the file is there, others may sign it.
        let names = try await names(for: body.operations)
        var summary: [String] = []
        if !globals.json {
            summary = try await notes + TransactionDraft(body: body, names: names).summary(names) + changes(by: body)
        }
        try SigningRequest(body).save(path, networkKind: network.kind)
        if globals.json {
            let value = JSONValue.object(["hash": .string(body.hash.description), "file": .string(path)])
            return Console.out(value.text)
        }
        for line in summary { Console.out(line) }
        let named = globals.named.map { " \(path) --as \($0)" } ?? ""
        Console.out(
            "Written to \(path). Each signer: mednexus tx sign \(path) --from NAME; then mednexus tx submit\(named).")
    }

    func made(by body: TransactionBody) -> [Made] {
        let hash = body.hash
        return body.operations.enumerated().compactMap { $0.element.made(at: $0.offset, of: hash) }
    }

    /// For a command that sends several transactions: with `--json` what became of them is one document. What was sent
    /// before a failure is told too.
    func together(_ body: () async throws -> Void) async throws {
        guard globals.json, globals.buildOnly == nil else { return try await body() }
        reports = []
        defer {
            let sent = reports ?? []
            reports = nil
            if !sent.isEmpty { Console.out(JSONValue.object(["transactions": .array(sent)]).text) }
        }
        try await body()
    }

    /// Names what was made, and says what became of the transaction.
    func report(_ record: OutboxRecord, made: [Made]) async throws(WalletFailure) {
        try await remember(made)
        if globals.json {
            var value = JSONObject()
            value.append("transaction", .string(record.hash.description))
            value.append("state", .string(record.state.rawValue))
            if let height = record.height { value.append("height", .unsigned(height.value)) }
            value.append("made", .array(made.map { json($0) }))
            guard reports == nil else {
                reports?.append(.object(value))
                return
            }
            return Console.out(JSONValue.object(value).text)
        }
        if record.state == .final {
            Console.out(
                "Done: transaction \(record.hash) is final" + (record.height.map { " at height \($0)." } ?? "."))
        } else {
            Console.out("Sent: transaction \(record.hash). Ask what becomes of it: mednexus tx wait \(record.hash)")
        }
        for one in made {
            let text = TypedText.encode(one.bytes, kind: one.kind, network: network.kind)
            let name = globals.named.map { ", called \($0)" } ?? ""
            Console.out("Made \(SessionNames.word(one.kind)) \(text)\(name)")
        }
    }

    private func json(_ made: Made) -> JSONValue {
        var object = JSONObject()
        object.append("operation", .integer(made.operation))
        object.append("type", .string(made.type))
        object.append("kind", .string(made.kind))
        object.append("id", .string(TypedText.encode(made.bytes, kind: made.kind, network: network.kind)))
        if let name = globals.named { object.append("name", .string(name)) }
        return .object(object)
    }

    /// Before anything is signed: `--as` takes no name away.
    func requireFreeName(for made: [Made]) throws(WalletFailure) {
        guard let name = globals.named else { return }
        for kind in Set(made.map(\.kind)).sorted() {
            if kind == OrganizationKind.name {
                let id = made.first { $0.kind == kind }.map { Party.organization(OrganizationID($0.bytes)) }
                try requireFree(name, for: id)
            } else {
                // Terms have the same id whoever registers them, and whenever.
                try requireFree(name, for: made.first { $0.kind == kind }?.bytes, kind: kind)
            }
        }
    }

    /// `--as`: the first thing of each kind gets the name. What another command called so meanwhile keeps it.
    private func remember(_ made: [Made]) async throws(WalletFailure) {
        guard let name = globals.named else { return }
        guard !made.isEmpty else {
            return Console.err("It makes nothing that could be called \(name); the name was not kept.")
        }
        let lock = try await takeLock()
        defer { withExtendedLifetime(lock) {} }
        book = try home.addressBook()
        things = try home.namedThings()
        do throws(WalletFailure) {
            try keep(name, made)
        } catch {
            return Console.err("\(error.message): the name was not kept. It is done all the same.")
        }
        try home.save(book)
        try home.save(things)
    }

    private func keep(_ name: String, _ made: [Made]) throws(WalletFailure) {
        var kinds: Set<String> = []
        for one in made where kinds.insert(one.kind).inserted {
            if one.kind == OrganizationKind.name {
                try book.add(
                    name, .organization(OrganizationID(one.bytes)), on: network.genesis, moves: globals.moveName)
            } else {
                try things.add(name, one.bytes, kind: one.kind, on: network.genesis, moves: globals.moveName)
            }
        }
    }
}
