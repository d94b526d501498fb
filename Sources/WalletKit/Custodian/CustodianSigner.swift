internal import Consents
internal import Cryptography
internal import Custodian
internal import INFTs
internal import Interface
internal import Licenses
internal import Primitives
internal import StateModel
internal import Transactions

/// Makes deliveries with the secrets of the keystore, and signs and sends what the custodian decides on: each thing once,
/// however often it is asked for.
struct CustodianSigner: Sendable {
    /// Short, so that what is lost resolves itself soon.
    static let validityMilliseconds: UInt64 = 120_000
    static let waitMilliseconds: UInt64 = 30_000

    let home: WalletHome
    let sending: TransactionSender
    let account: Address
    /// Speaks for the account.
    let key: SecretKey
    /// How long beyond the time for `begin` answers count for the uses of a license.
    let answersMilliseconds: UInt64
    /// The secret of a sealing key, if it is here.
    let secret: @Sendable (CompressedPoint) throws(WalletFailure) -> SealingSecret?

    private var network: PinnedNetwork { sending.network }

    // MARK: Deliveries

    /// The delivery that follows from this randomness: the same whenever it is made.
    func deliver(_ binding: DeliveryBinding, randomness: Bytes32) throws(WalletFailure) -> SealedDelivery {
        guard let secret = try secret(binding.from) else {
            throw WalletFailure(
                .key, "the secret of the sealing key \(Hexadecimal.encode(binding.from.bytes)) is not in this wallet",
                hint: "Bring it from the wallet that made it.")
        }
        do {
            return try SealedKeys.deliver(
                binding.sealed, from: secret, to: binding.to, statement: binding.statement, randomness: randomness)
        } catch {
            throw WalletFailure(.key, "the content key can't be delivered: \(error)")
        }
    }

    /// The operation of an act.
    func operation(
        _ task: CustodianTask, _ act: CustodianAct, verdict: DeliveryVerdict?
    ) throws(WalletFailure) -> Operation {
        switch (task, act) {
        case (.delivery(let id), .begin(let binding, let commitment, let needs)):
            var answers: [NeedAnswer] = []
            for need in needs { answers.append(try answer(need, verdict, to: id)) }
            return binding.statement.act == .transfer
                ? .infts(
                    .beginTransfer(
                        TransferBegin(
                            transfer: id, sealingKey: binding.from, commitment: commitment, answers: answers)))
                : .licenses(
                    .begin(
                        BeginDelivery(
                            delivery: id, sealingKey: binding.from, commitment: commitment, answers: answers)))
        case (.delivery(let id), .complete(let binding, let preparation)):
            let sealed = try deliver(binding, randomness: preparation.randomness)
            guard sealed.commitment == preparation.commitment else {
                throw WalletFailure(.key, "the delivery \(id) can't be made as it was committed to")
            }
            return binding.statement.act == .transfer
                ? .infts(
                    .completeTransfer(
                        TransferComplete(transfer: id, sealedKey: sealed.sealedKey, proof: sealed.proof)))
                : .licenses(
                    .complete(CompleteDelivery(delivery: id, sealedKey: sealed.sealedKey, proof: sealed.proof)))
        case (.disclosure, .disclose(let request)): return try disclosure(request)
        default: preconditionFailure("\(act.name) is no act of such a task")
        }
    }

    /// Signed for the consents' custodian. Everything in it follows from the delivery and the policy, so that the same answer
    /// is given again after a crash. A transfer has no uses.
    private func answer(
        _ need: Need, _ verdict: DeliveryVerdict?, to id: DeliveryID
    ) throws(WalletFailure) -> NeedAnswer {
        guard let verdict, let set = verdict.consentSet, let revision = verdict.consentRevision,
            let custodian = verdict.consentCustodian
        else { throw WalletFailure(.usage, "the delivery \(id) asks nothing of a consent") }
        let record = verdict.delivery.delivery
        let statement = NeedStatement(
            network: network.genesis, basis: .set(set), revision: revision,
            requests: UseRequest.hash(of: verdict.requests), subject: id.bytes, recipient: record.to, need: need,
            by: custodian,
            validUntil: record.act == .transfer
                ? record.beginBy : record.beginBy.adding(milliseconds: answersMilliseconds))
        return NeedAnswer(
            statement, signer: account,
            signature: Schnorr.sign(message: statement.hash, secret: key, auxiliary: .zero))
    }

    // MARK: Disclosures

    func disclosure(_ request: ByteString) throws(WalletFailure) -> Operation {
        let operation: Operation
        do {
            operation = try JSONValueDecoder.decode(
                Operation.self, from: try JSONParser.parse(request.bytes), networkKind: network.kind)
        } catch {
            throw WalletFailure(.usage, "the request is no operation: \(error)")
        }
        guard operation.name == "consent.disclose" else {
            throw WalletFailure(
                .usage, "the request is \(operation.name)", hint: "A custodian discloses with consent.disclose only.")
        }
        return operation
    }

    /// Whether a block would record it, or has.
    func ask(_ request: ByteString) async -> DisclosureAnswer {
        do throws(WalletFailure) {
            let operation = try disclosure(request)
            switch try known(operation)?.state {
            case .final: return .recorded(try known(operation)?.height ?? .genesis)
            case .prepared, .submitted: return .underWay
            case .refused, .expired, .replaced, nil: break
            }
            let body = try await TransactionBuilder.body(
                [operation], sender: account, network: network, client: sending.client)
            let signed = try TransactionBuilder.assemble(body, [TransactionBuilder.signature(body, with: key)])
            let simulated = try await sending.client.read(
                "tx_simulate", .object(["bytes": .string(Hexadecimal.encode(signed.bytes))]), as: JSONValue.self)
            if simulated["accepted"]?.boolean == true { return .accepted }
            let error = simulated["error"]
            let reason = error?["reason"]?.string ?? "refused"
            // Its reference stands in the ledger: it was recorded from here, or from elsewhere, before.
            if reason == "reference_used" { return .recorded(.genesis) }
            return .refused(CustodianRefusal(code: 0, reason: reason, message: error?["message"]?.string ?? ""))
        } catch {
            guard error.kind == .usage || error.kind == .refused || error.kind == .key else { return .lost }
            return .refused(refusal(error))
        }
    }

    // MARK: Sending

    private func intent(_ operation: Operation) -> Hash {
        OutboxRecord.intent(
            of: TransactionBody(
                network: network.genesis, sender: account, sequence: 0, validUntil: nil, operations: [operation]))
    }

    /// The newest transaction of this wallet that says the same; one that may be under way before all others.
    private func known(_ operation: Operation) throws(WalletFailure) -> OutboxRecord? {
        let intent = intent(operation)
        let same = try sending.outbox.records().filter { $0.intent == intent && $0.sender == account }
        return same.last { $0.state.isOpen } ?? same.last
    }

    /// Sends the operation, in the same bytes if it is under way already, and waits a while for what becomes of it.
    func submit(_ operation: Operation) async -> ActOutcome {
        do throws(WalletFailure) {
            let record = try await send(operation)
            let settled = try await sending.outbox.wait(
                for: record, client: sending.client, milliseconds: Self.waitMilliseconds)
            switch settled.state {
            case .final: return .final(settled.height ?? .genesis)
            case .expired, .replaced: return .gone
            case .refused: return .refused(refusal(Outbox.failure(of: settled) ?? WalletFailure(.refused, "refused")))
            case .prepared, .submitted: return .unknown
            }
        } catch {
            switch error.kind {
            case .refused, .key, .usage, .proofInvalid: return .refused(refusal(error))
            case .alreadyDone:
                let height = try? known(operation)?.height
                return .final((height ?? nil) ?? .genesis)
            case .unreachable, .outcomeUnknown: return .unknown
            }
        }
    }

    /// Other programs of this wallet wait while it is signed, and no longer.
    private func send(_ operation: Operation) async throws(WalletFailure) -> OutboxRecord {
        let lock = try await takeLock()
        defer { withExtendedLifetime(lock) {} }
        if let open = try known(operation), open.state.isOpen {
            return try await sending.outbox.submit(open, client: sending.client)
        }
        let body = try await sending.prepare(
            [operation], sender: account, validityMilliseconds: Self.validityMilliseconds)
        let transaction = try TransactionBuilder.assemble(body, [TransactionBuilder.signature(body, with: key)])
        let words = operation.operation.words(WalletNames(network: network))
        let record = try sending.outbox.add(transaction, words: ["by the custodian: \(operation.name)"] + words)
        return try await sending.outbox.submit(record, client: sending.client)
    }

    private func takeLock() async throws(WalletFailure) -> HomeLock {
        for _ in 0..<200 {
            do throws(WalletFailure) {
                return try home.lock()
            } catch {
                guard (try? await Task.sleep(nanoseconds: 50_000_000)) != nil else { throw error }
            }
        }
        throw WalletFailure(.outcomeUnknown, "another program holds this wallet")
    }

    private func refusal(_ error: WalletFailure) -> CustodianRefusal {
        CustodianRefusal(
            code: error.answer?.code ?? 0, reason: error.answer?.reason ?? "\(error.kind)", message: error.message)
    }
}
