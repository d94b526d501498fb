import ArgumentParser
import Blocks
import Interface
import Primitives
import Proofs
import WalletKit

struct ProofCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proof", abstract: "Evidence that needs no trust in a node: got from one, verified without.",
        discussion: example(
            "proof get license_check --params '{\"license\":\"tmnxlic1…\"}' --out license.proof",
            "proof verify license.proof --checkpoint 0:9a0b…"),
        subcommands: [
            ProofGet.self, ProofTransaction.self, ProofBlock.self, ProofState.self, ProofVerify.self,
        ])
}

/// A command that gets a proof, verifies it, and keeps it in a file.
protocol ProofGetting: WalletCommand {
    var out: String { get }
    var trust: TrustOptions { get }
}

extension ProofGetting {
    func get(_ method: String, _ params: JSONObject, _ session: Session) async throws {
        try ProofFile.refuse(existing: out)
        try await session.verifyNetwork()
        let checkpoint = try session.trusted(trust)
        let (proof, verified) = try await session.client.proven(method, params, trusting: checkpoint)
        let report = ProofReport(proof: proof, verified: verified, checkpoint: checkpoint, network: session.network)
        _ = try report.json()
        try ProofFile.write(proof, to: out)
        try report.show(json: globals.json)
        if !globals.json { Console.err("Kept in \(out): mednexus proof verify \(out)") }
    }
}

struct ProofGet: ProofGetting {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Asks any question of the state, with the proof of its answer.",
        discussion: example(
            "proof get revenue_balance --params '{\"party\":\"tmnx1…\",\"asset\":\"tmnxasset1…\"}' --out balance.proof")
    )
    @Argument(help: "A method of the RPC that has the parameter prove.") var method: String
    @Option(help: ArgumentHelp("Its parameters, a JSON object.", valueName: "json")) var params: String?
    @Option(help: ArgumentHelp("Where the proof is kept.", valueName: "file")) var out: String
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        var object = JSONObject()
        if let params {
            let parsed: JSONValue
            do throws(JSONFailure) {
                parsed = try JSONParser.parse(params)
            } catch {
                throw WalletFailure(.usage, "--params is no JSON: \(error)")
            }
            guard case .object(let members) = parsed else {
                throw WalletFailure(.usage, "--params is no JSON object", hint: "Write {\"name\": value}.")
            }
            object = members
        }
        try await get(method, object, session)
    }
}

struct ProofTransaction: ProofGetting {
    static let configuration = CommandConfiguration(
        commandName: "transaction", abstract: "Permanent evidence that a transaction is final, and what it did.",
        discussion: example("proof transaction 5c0d… --out purchase.proof"))
    @Argument(help: "The transaction's hash.") var hash: String
    @Option(help: ArgumentHelp("Where the proof is kept.", valueName: "file")) var out: String
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        var params = JSONObject()
        params.append("hash", .string(try Codes.hash(hash).description))
        try await get("tx_get", params, session)
    }
}

struct ProofBlock: ProofGetting {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Evidence that a block is final; HEIGHT:HASH of it is a new checkpoint.",
        discussion: example("proof block 120000 --out block.proof"))
    @Argument(help: "Its height; the newest if absent.") var height: UInt64?
    @Option(help: ArgumentHelp("Where the proof is kept.", valueName: "file")) var out: String
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        var params = JSONObject()
        if let height { params.append("height", .unsigned(height)) }
        try await get("chain_header", params, session)
    }
}

struct ProofState: ProofGetting {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract: "What the state holds under raw keys (Specs/state.md), or that it holds nothing.",
        discussion: example("proof state 820601 --out validators.proof"))
    @Argument(help: "State keys, hexadecimal.") var keys: [String]
    @Option(help: ArgumentHelp("Where the proof is kept.", valueName: "file")) var out: String
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        var params = JSONObject()
        params.append("keys", .array(keys.map { .string($0) }))
        try await get("proof_state", params, session)
    }
}

struct ProofVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verifies a proof without any node. Exit code 6: invalid or too old; 1: it proves a refusal.",
        discussion: """
            A decision (is the license valid, is consent in force) is made again here, of nothing but what is proven, by \
            the function that the ledger uses.

            \(example(
                "proof verify license.proof --checkpoint 120000:9a0b…",
                "proof verify purchase.proof --genesis genesis.json --json"))
            """)
    @Argument(help: "The file.") var file: String
    @Option(
        help: ArgumentHelp(
            "How old it may be: 10m, 30d, any; else what the proof itself says.", valueName: "duration"))
    var maxAge: String?
    @Option(help: ArgumentHelp("Refuse it unless it answers this method.", valueName: "method")) var method: String?
    @Option(
        help: ArgumentHelp(
            "Refuse it unless it answers these parameters: those of a question about the license, consent, use that you"
                + " mean.", valueName: "json"))
    var params: String?
    @OptionGroup(title: "Trust") var trust: TrustOptions
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        let proof = try ProofFile.read(file)
        let checkpoint = try trust.block(for: proof, globals)
        let verified = try ProofFile.verify(proof, trusting: checkpoint)
        let network = TrustOptions.network(of: verified.header.network, globals)
        if maxAge != "any" {
            let limit = try maxAge.map { (text) throws(WalletFailure) in
                guard let limit = Inputs.duration(text) else {
                    throw WalletFailure(.usage, "\(text) is no duration", hint: "Write 10m, 12h, 30d, or any.")
                }
                return limit
            }
            try ProofFile.checkAge(verified, of: proof, limit: limit, at: network?.now ?? WalletClock.now)
        }
        try checkQuestion(verified)
        let report = ProofReport(proof: proof, verified: verified, checkpoint: checkpoint, network: network)
        try report.show(json: globals.json)
        if case .state(_, _, let question?) = verified.fact {
            let value = try ProofFile.answer(verified, kind: report.kind)?["value"]
            if !ProofReport.isGranted(question.method, value) {
                throw WalletFailure(.refused, "the proof is valid, and what it proves is a refusal")
            }
        }
    }

    /// A proof of something else is no proof of what a script asks for; and an answer about another time than the block's
    /// is only taken by whoever names its parameters.
    private func checkQuestion(_ verified: VerifiedProof) throws(WalletFailure) {
        var question: ProvenQuestion?
        if case .state(_, _, let asked) = verified.fact { question = asked }
        if let method, question?.method != method {
            throw WalletFailure(.proofInvalid, "the proof answers \(question?.method ?? "no question"), not \(method)")
        }
        guard let question else {
            if params != nil { throw WalletFailure(.proofInvalid, "the proof answers no question") }
            return
        }
        let asked = try Self.parsed(question.parameters, .proofInvalid, "what the proof says was asked")
        if let params {
            guard Self.isSame(try Self.parsed(params, .usage, "--params"), asked) else {
                throw WalletFailure(.proofInvalid, "the proof answers \(question.parameters), not \(params)")
            }
        } else if let at = asked["at"]?.unsigned, at != verified.header.time.milliseconds, maxAge != "any" {
            throw WalletFailure(
                .proofInvalid,
                "the proof answers for \(dateText(Timestamp(at))), which is not its block's time",
                hint: "If that is what you want to know: --max-age any, or name the question with --params.")
        }
    }

    private static func parsed(
        _ text: String, _ kind: WalletFailure.Kind, _ what: String
    ) throws(WalletFailure) -> JSONValue {
        do throws(JSONFailure) {
            return try JSONParser.parse(text)
        } catch {
            throw WalletFailure(kind, "\(what) is no JSON: \(error)")
        }
    }

    /// Whatever the order of members.
    private static func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.members.allSatisfy { member in right[member.key].map { isSame(member.value, $0) } ?? false }
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
        default: one == other
        }
    }
}
