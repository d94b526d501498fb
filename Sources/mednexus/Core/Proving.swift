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
        guard genesis == nil || checkpoint == nil else {
            throw WalletFailure(.usage, "which block is trusted?", hint: "Give --checkpoint or --genesis, not both.")
        }
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

    /// The network of a proof as this wallet knows it: for its clock.
    static func network(of genesis: Hash, _ globals: any GlobalOptions) -> PinnedNetwork? {
        (try? globals.walletHome.networks())?.networks.first { $0.genesis == genesis }
    }

    /// What is named here, else what is pinned. A checkpoint's hash binds its network, too.
    func block(for proof: Proof, _ globals: any GlobalOptions) throws(WalletFailure) -> Checkpoint {
        let claimed = proof.chain.checkpoint.network
        if let stated = try stated(network: nil) {
            return Checkpoint(network: stated.network ?? claimed, height: stated.height, blockHash: stated.hash)
        }
        let list = try globals.walletHome.networks()
        let pinned =
            try globals.network.map { (name) throws(WalletFailure) in try list.network(name) }
            ?? list.networks.first { $0.genesis == claimed && $0.checkpoint != nil }
        guard let pinned, let checkpoint = pinned.checkpoint else { throw Session.nothingTrusted }
        return Checkpoint(network: pinned.genesis, height: checkpoint.height, blockHash: checkpoint.blockHash)
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
        guard network.checkpoint != nil else { throw Self.nothingTrusted }
        return try pinnedCheckpoint()
    }

    /// Where the evidence begins for commands that name no other place: the checkpoint that is pinned with the network.
    func pinnedCheckpoint() throws(WalletFailure) -> Checkpoint {
        guard let pinned = network.checkpoint else {
            throw WalletFailure(
                .usage, "a key is shown only on proof, and no block of \(network.name) is trusted to prove it from",
                hint: "Pin one that you learned from somewhere you trust: mednexus network add \(network.name) --node "
                    + "\(network.node) --genesis genesis.json.")
        }
        return Checkpoint(network: network.genesis, height: pinned.height, blockHash: pinned.blockHash)
    }

    static let nothingTrusted = WalletFailure(
        .usage, "no block is trusted: where should the evidence begin?",
        hint: "Name one with --checkpoint HEIGHT:HASH or --genesis genesis.json, learned from somewhere you trust; or"
            + " pin it: mednexus network add NAME --node URL --genesis genesis.json.")

    /// A decision: asked, or proven and kept where a file is named. What is proven is the answer, whatever the node said.
    func decision(_ method: String, _ params: JSONObject, _ options: ProofOptions) async throws -> JSONValue {
        guard let path = options.proof else {
            return try await client.read(method, .object(params), as: JSONValue.self)
        }
        try ProofFile.refuse(existing: path)
        let checkpoint = try trusted(options.trust)
        let answer = try await client.provenAnswer(method, params, trusting: checkpoint)
        try ProofFile.write(answer.proof, to: path)
        if !globals.json {
            let report = ProofReport(
                proof: answer.proof, verified: answer.verified, checkpoint: checkpoint, network: network)
            Console.err("Proven as of block \(answer.verified.header.height), \(report.validity). Kept in \(path):")
            Console.err("mednexus proof verify \(path)")
        }
        return answer.value
    }
}

/// What a verified proof says, for people and as JSON.
struct ProofReport {
    let proof: Proof
    let verified: VerifiedProof
    let checkpoint: Checkpoint
    /// The network as the wallet knows it, if it does: its clock may be ahead.
    let network: PinnedNetwork?

    var kind: NetworkKind { proof.networkKind.networkKind }

    /// False if a decision is proven that says no.
    static func isGranted(_ method: String, _ value: JSONValue?) -> Bool {
        switch method {
        case "license_check": value?["isValid"]?.boolean == true
        case "consent_check": value?["decision"]?["outcome"]?.string == "permit"
        default: true
        }
    }

    /// Until when it is to be believed.
    var validity: String {
        guard let age = proof.maximumAge else { return "good for ever" }
        return "good until \(dateText(verified.header.time.adding(milliseconds: age)))"
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
            object.append("did", .array(try ProofFile.events(of: inclusion, kind)))
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
            let answer = try ProofFile.answer(verified, kind: kind)
            object.append("answer", answer?["value"] ?? answer?["items"] ?? .null)
            object.append("listIsComplete", question.hints.isEmpty ? .null : "notProven")
        }
        return .object(object)
    }

    private static func sentences(_ says: JSONValue?) -> String {
        (says?["words"]?.array ?? []).compactMap(\.string).joined(separator: "\n")
    }

    /// The lines of a decision, dates for the ledger's milliseconds.
    private func decision(_ method: String, _ answer: JSONValue?) -> [(String, String?)] {
        func dated(_ written: String) -> String {
            let message = SessionNames.rewritten(message: written, on: kind)
            guard let space = message.lastIndex(of: " "),
                let time = UInt64(message[message.index(after: space)...]), time > 1_000_000_000_000
            else { return message }
            return message[...space] + dateText(Timestamp(time))
        }
        let at = answer?["at"]?.unsigned.map { dateText(Timestamp($0)) }
        switch method {
        case "license_check":
            let reasons = (answer?["reasons"]?.array ?? []).map { reason in
                "\(reason["reason"]?.string ?? ""): \(dated(reason["message"]?.string ?? ""))"
            }
            return [
                ("At", at), ("State", answer?["state"]?.string),
                ("Covered", Self.isGranted(method, answer) ? "yes" : "no"),
                ("Because", reasons.isEmpty ? nil : reasons.joined(separator: "\n")),
            ]
        case "consent_check":
            let decision = answer?["decision"]
            return [
                ("At", at), ("Decision", decision?["outcome"]?.string),
                ("Because", (decision?["reasons"]?.array ?? []).compactMap(\.string).joined(separator: ", ")),
            ]
        default: return [("Answer", Console.pretty(answer ?? .null))]
        }
    }

    private static func says(_ inclusion: TransactionInclusion, _ kind: NetworkKind) throws(WalletFailure) -> JSONValue
    {
        do {
            return try TransactionText.json(inclusion.transaction, networkKind: kind)
        } catch {
            throw WalletFailure(.proofInvalid, "the proven transaction does not decode: \(error)")
        }
    }

    func show(json isJSON: Bool) throws(WalletFailure) {
        let json = try json()
        if isJSON { return Console.out(json.text) }
        let header = verified.header
        let subject = kindOfSubject == "block" ? "" : kindOfSubject + " of "
        let age = ProofFile.age(
            of: header.time, at: network?.now ?? WalletClock.now, clockAhead: network?.clockAhead ?? 0)
        var fields: [(String, String?)] = [
            ("Proven", "\(subject)block \(header.height), final on \(dateText(header.time)), \(age)"),
            ("Block", header.hash.description), ("Network", header.network.description),
            ("Trusting", "block \(checkpoint.height) \(checkpoint.blockHash)"), ("Validity", validity),
        ]
        switch verified.fact {
        case .block: fields.append(("State root", header.stateRoot.description))
        case .transaction(_, let hash):
            fields.append(("Transaction", hash.description))
            fields.append(("It says", Self.sentences(json["says"])))
            let events = (json["did"]?.array ?? []).map { event in
                (event["name"]?.string ?? "") + " " + (event["event"]?.text ?? "")
            }
            fields.append(("It did", events.joined(separator: "\n")))
        case .state(_, let reads, let question):
            let absent = reads.filter { $0.value == nil }.count
            fields.append(("Records", "\(reads.count) proven" + (absent > 0 ? ", \(absent) of them absent" : "")))
            if let question {
                fields.append(("Asked", "\(question.method) \(question.parameters)"))
                fields += decision(question.method, json["answer"])
                fields.append(("Not proven", "what changed behind block \(header.height)"))
                if !question.hints.isEmpty {
                    fields.append(("Nor", "that the list is complete: indexes are no part of the state's root"))
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
