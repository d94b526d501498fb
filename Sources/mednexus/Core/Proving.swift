import ArgumentParser
import Blocks
import Encoding
import Interface
import Primitives
import Proofs
import StateModel
import WalletKit

/// What a person trusts, where evidence is verified.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "HEIGHT:HASH of a final block that you trust; else the one pinned with the network.",
            valueName: "height:hash"))
    var checkpoint: String?

    @Option(help: ArgumentHelp("Trust the genesis block of this genesis.json.", valueName: "file"))
    var genesis: String?

    /// Nil if nothing is said.
    func stated(network: Hash?) throws(WalletFailure) -> (height: Height, hash: Hash, network: Hash?)? {
        if let genesis {
            let found = try ProofFile.checkpoint(genesisFile: genesis)
            if let network, network != found.network {
                throw WalletFailure(.usage, "\(genesis) is of network \(found.network), the pinned one is \(network)")
            }
            return (found.height, found.blockHash, found.network)
        }
        guard let checkpoint else { return nil }
        guard let parsed = PinnedNetwork.Checkpoint(checkpoint) else {
            throw WalletFailure(.usage, "\(checkpoint) is no checkpoint", hint: "Write HEIGHT:HASH.")
        }
        return (parsed.height, parsed.blockHash, network)
    }
}

/// `--proof FILE` of commands that ask for a decision.
struct ProofOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Verify the answer, and keep the evidence in this file.", valueName: "file"))
    var proof: String?
    @OptionGroup var trust: TrustOptions
}

extension Session {
    /// What evidence has to begin with, on the pinned network.
    func trusted(_ trust: TrustOptions) throws(WalletFailure) -> Checkpoint {
        if let stated = try trust.stated(network: isPinned ? network.genesis : nil) {
            return Checkpoint(
                network: stated.network ?? network.genesis, height: stated.height, blockHash: stated.hash)
        }
        guard let pinned = network.checkpoint else { throw Self.nothingTrusted }
        return Checkpoint(network: network.genesis, height: pinned.height, blockHash: pinned.blockHash)
    }

    static let nothingTrusted = WalletFailure(
        .usage, "no block is trusted: where should the evidence begin?",
        hint: "Name one with --checkpoint HEIGHT:HASH or --genesis genesis.json, learned from somewhere you trust; or"
            + " pin it: mednexus network add NAME --genesis HASH --checkpoint HEIGHT:HASH.")

    /// Asks `method` with its proof, and verifies it.
    func proven(
        _ method: String, _ params: JSONObject, trusting checkpoint: Checkpoint
    ) async throws(WalletFailure) -> (proof: Proof, verified: VerifiedProof) {
        var params = params
        params.set("prove", .boolean(true))
        params.set("checkpoint", .unsigned(checkpoint.height.value))
        let result = try await client.call(method, .object(params))
        guard let text = result["proof"]?.string, let bytes = Hexadecimal.decode(text) else {
            guard result["value"]?.isNull != true else {
                throw WalletFailure(.refused, "there is nothing to prove: the node answers null")
            }
            throw WalletFailure(.unreachable, "\(network.node) gives no proof of \(method)")
        }
        let proof = try ProofFile.decode(bytes, from: "the answer of \(network.node)")
        let verified = try ProofFile.verify(proof, trusting: checkpoint)
        return (proof, verified)
    }

    /// A decision: asked, or proven and kept where a file is named. What is proven is the answer, whatever the node said.
    func decision(_ method: String, _ params: JSONObject, _ options: ProofOptions) async throws -> JSONValue {
        guard let path = options.proof else {
            return try await client.read(method, .object(params), as: JSONValue.self)
        }
        let (proof, verified) = try await proven(method, params, trusting: try trusted(options.trust))
        guard case .state(_, _, let question?) = verified.fact, question.method == method,
            let asked = try? JSONParser.parse(question.parameters), asked == .object(params),
            let answer = try ProofReport.answer(verified, kind: network.kind), let value = answer["value"]
        else { throw WalletFailure(.proofInvalid, "the proof is of another question") }
        try ProofFile.write(proof, to: path)
        return value
    }
}

/// What a verified proof says, for people and as JSON.
struct ProofReport {
    let proof: Proof
    let verified: VerifiedProof
    let checkpoint: Checkpoint

    static func answer(_ verified: VerifiedProof, kind: NetworkKind) throws(WalletFailure) -> JSONValue? {
        let table = MethodTable.standard(
            networkKind: kind, version: ProgramVersion.text, isDescribed: false)
        do {
            return try table.replay(verified, networkKind: kind)
        } catch let failure as CallFailure {
            let hint = failure.data?["hint"]?.string ?? failure.message
            let field = failure.data?["field"]?.string ?? ""
            throw WalletFailure(
                .proofInvalid,
                "what is proven does not answer the question: \(field.isEmpty ? "" : field + ": ")\(hint)")
        } catch {
            throw WalletFailure(.proofInvalid, "what is proven does not answer the question: \(error)")
        }
    }

    var kind: NetworkKind { proof.networkKind.networkKind }

    /// False if a decision is proven that says no.
    static func isGranted(_ method: String, _ value: JSONValue?) -> Bool {
        switch method {
        case "license_check": value?["isValid"]?.boolean == true
        case "consent_check": value?["decision"]?["outcome"]?.string == "permit"
        default: true
        }
    }

    private var kindOfSubject: String {
        switch verified.fact {
        case .block: "block"
        case .state: "state"
        case .transaction: "transaction"
        }
    }

    func json() throws(WalletFailure) -> JSONValue {
        let header = verified.header
        var object = JSONObject()
        object.append("network", .string(header.network.description))
        object.append("checkpoint", .string("\(checkpoint.height):\(checkpoint.blockHash)"))
        object.append("height", .unsigned(header.height.value))
        object.append("blockHash", .string(header.hash.description))
        object.append("time", .unsigned(header.time.milliseconds))
        object.append("subject", .string(kindOfSubject))
        switch verified.fact {
        case .block: object.append("stateRoot", .string(header.stateRoot.description))
        case .transaction(let inclusion, let hash):
            object.append("transaction", .string(hash.description))
            object.append("says", try Self.says(inclusion, kind))
        case .state(_, let reads, let question):
            object.append(
                "reads",
                .array(
                    reads.map { read in
                        .object([
                            "key": .string(Hexadecimal.encode(read.key.bytes)),
                            "value": read.value.map { .string(Hexadecimal.encode($0)) } ?? .null,
                        ])
                    }))
            guard let question else { break }
            object.append("method", .string(question.method))
            object.append("parameters", (try? JSONParser.parse(question.parameters)) ?? .null)
            let answer = try Self.answer(verified, kind: kind)
            object.append("answer", answer?["value"] ?? answer?["items"] ?? .null)
            object.append("listIsComplete", question.hints.isEmpty ? .null : "notProven")
        }
        return .object(object)
    }

    private static func says(_ inclusion: TransactionInclusion, _ kind: NetworkKind) throws(WalletFailure) -> JSONValue
    {
        do {
            return try TransactionText.json(inclusion.transaction, networkKind: kind)
        } catch {
            throw WalletFailure(.proofInvalid, "the proven transaction does not decode: \(error)")
        }
    }

    func show(_ session: SessionNames?, json isJSON: Bool) throws(WalletFailure) {
        let json = try json()
        if isJSON { return Console.out(json.text) }
        let header = verified.header
        let subject = kindOfSubject == "block" ? "" : kindOfSubject + " of "
        let age = WalletClock.now.milliseconds / 1000
        let seconds = age > header.time.milliseconds / 1000 ? age - header.time.milliseconds / 1000 : 0
        var fields: [(String, String?)] = [
            ("Proven", "\(subject)block \(header.height), final on \(dateText(header.time)), \(seconds) s ago"),
            ("Block", header.hash.description), ("Network", header.network.description),
            ("Trusting", "block \(checkpoint.height) \(checkpoint.blockHash)"),
        ]
        switch verified.fact {
        case .block: fields.append(("State root", header.stateRoot.description))
        case .transaction(_, let hash):
            fields.append(("Transaction", hash.description))
            fields.append(("It says", Console.pretty(json["says"] ?? .null)))
        case .state(_, let reads, let question):
            let absent = reads.filter { $0.value == nil }.count
            fields.append(("Records", "\(reads.count) proven" + (absent > 0 ? ", \(absent) of them absent" : "")))
            if let question {
                fields.append(("Asked", "\(question.method) \(question.parameters)"))
                fields.append(("Answer", Console.pretty(json["answer"] ?? .null)))
                if !question.hints.isEmpty {
                    fields.append(("Not proven", "that the list is complete: indexes are no part of the state's root"))
                }
            } else {
                for read in reads {
                    fields.append(
                        (Hexadecimal.encode(read.key.bytes), read.value.map { Hexadecimal.encode($0) } ?? "nothing"))
                }
            }
        }
        Console.fields(fields)
    }
}
