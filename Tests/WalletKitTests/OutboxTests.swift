import Cryptography
import Encoding
import Interface
import Primitives
import Revenue
import Testing
import Transactions
import WalletKit

/// A wallet, a network and a node for one test.
private struct Scene {
    let temporary = TemporaryHome()
    let node: FakeNode
    let network: PinnedNetwork
    let sender: TransactionSender
    let secret: SecretKey

    init() async throws {
        node = try await FakeNode()
        network = PinnedNetwork(
            name: "devnet", node: node.url, genesis: Hash(Bytes32(1, 2, 3, 4)), kind: .test)
        let client = NodeClient(url: node.url, networkKind: .test, timeoutMilliseconds: 5_000)
        sender = TransactionSender(home: temporary.home, network: network, client: client)
        secret = try #require(SecretKey(Bytes32(0, 0, 0, 42)))
    }

    var outbox: Outbox { sender.outbox }

    func operation(_ units: UInt64 = 5) throws -> Operation {
        let other = try #require(SecretKey(Bytes32(0, 0, 0, 43)))
        return .revenue(
            .transfer(
                RevenueTransfer(
                    to: .account(other.address), asset: AssetID(Bytes32(5, 5, 5, 5)), amount: Amount(units))))
    }

    func body(_ units: UInt64 = 5) async throws -> TransactionBody {
        try await sender.prepare([operation(units)], sender: secret.address)
    }

    func signed(_ body: TransactionBody) throws -> SignedTransaction {
        try TransactionBuilder.assemble(body, [TransactionBuilder.signature(body, with: secret)])
    }
}

private func failure(_ body: () async throws -> Void) async -> WalletFailure? {
    do {
        try await body()
        return nil
    } catch {
        return error as? WalletFailure
    }
}

@Suite struct OutboxTests {
    @Test func aTransactionIsWrittenDownSentAndFinal() async throws {
        let scene = try await Scene()
        let transaction = try scene.signed(await scene.body())
        #expect(transaction.body.sequence == 0)
        let validUntil = try #require(transaction.body.validUntil)
        #expect(validUntil >= WalletClock.now.adding(milliseconds: 9 * 60_000))
        let sent = try await scene.sender.send(transaction, words: ["pay"], waitMilliseconds: 0)
        #expect(sent.state == .submitted && scene.node.taken.count == 1)
        #expect(try scene.outbox.record(transaction.hash)?.bytes.bytes == transaction.bytes)
        scene.node.set { $0.states[transaction.hash.description] = .final }
        let settled = try await scene.outbox.wait(for: sent, client: scene.sender.client, milliseconds: 2_000)
        #expect(settled.state == .final && settled.height == Height(8))
        #expect(try scene.outbox.records().map(\.state) == [.final])
        await scene.node.close()
    }

    @Test func whatWasNotYetThereNeverWasSent() async throws {
        let scene = try await Scene()
        let transaction = try scene.signed(await scene.body())
        await scene.node.close()
        let dead = NodeClient(url: "http://127.0.0.1:1", networkKind: .test, timeoutMilliseconds: 2_000)
        let record = try scene.outbox.add(transaction, words: [])
        let error = await failure { _ = try await scene.outbox.submit(record, client: dead) }
        #expect(error?.kind == .unreachable, "\(error?.message ?? "")")
        #expect(try scene.outbox.record(transaction.hash)?.state == .prepared)
    }

    /// The node took it and the answer was lost: the wallet says so, signs nothing in its place, and a repeated command
    /// finds that it has happened.
    @Test func aLostAnswerIsAnUnknownOutcomeAndNothingIsDoneTwice() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .takeAndHangUp }
        let transaction = try scene.signed(await scene.body())
        let error = await failure {
            _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 0)
        }
        #expect(error?.kind == .outcomeUnknown && error?.hint.contains(transaction.hash.description) == true)
        #expect(try scene.outbox.record(transaction.hash)?.state == .submitted)
        // Repeating the command while it is under way is refused.
        scene.node.set { $0.temper = .accept }
        #expect(await failure { _ = try await scene.body() }?.kind == .outcomeUnknown)
        // Once final, the same is told as done already; then, knowingly, it may be wanted again.
        scene.node.set {
            $0.states[transaction.hash.description] = .final
            $0.sequence = 1
        }
        let done = await failure { _ = try await scene.body() }
        #expect(done?.kind == .alreadyDone && done?.message.contains("done already") == true)
        #expect(try await scene.body().sequence == 1)
        await scene.node.close()
    }

    @Test func anotherActIsNotMistakenForTheSame() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .takeAndHangUp }
        let transaction = try scene.signed(await scene.body())
        _ = await failure { _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 0) }
        scene.node.set {
            $0.temper = .accept
            $0.states[transaction.hash.description] = .final
            $0.sequence = 1
        }
        #expect(try await scene.body(6).sequence == 1)
        await scene.node.close()
    }

    @Test func sendingAgainSendsTheSameBytes() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .takeAndHangUp }
        let transaction = try scene.signed(await scene.body())
        let record = try scene.outbox.add(transaction, words: [])
        _ = await failure { _ = try await scene.outbox.submit(record, client: scene.sender.client) }
        scene.node.set { $0.temper = .accept }
        let open = try #require(try scene.outbox.record(transaction.hash))
        _ = try await scene.outbox.submit(open, client: scene.sender.client)
        let bytes = Hexadecimal.encode(transaction.bytes)
        #expect(scene.node.taken.allSatisfy { $0 == bytes } && scene.node.taken.count >= 2)
        await scene.node.close()
    }

    @Test func aRefusalSettlesUnlessItMayPass() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .refuse(code: 1504, retryable: false) }
        let transaction = try scene.signed(await scene.body())
        let error = await failure { _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 0) }
        #expect(error?.kind == .refused && error?.answer?.reason == "price_above_maximum")
        #expect(error?.kind.exitCode == 1 && error?.description.contains("1504") == true)
        #expect(try scene.outbox.record(transaction.hash)?.state == .refused)
        scene.node.set { $0.temper = .refuse(code: 1041, retryable: true) }
        let second = try scene.signed(await scene.body(6))
        _ = await failure { _ = try await scene.sender.send(second, words: [], waitMilliseconds: 0) }
        #expect(try scene.outbox.record(second.hash)?.state == .prepared)
        await scene.node.close()
    }

    /// A refusal of a second sending says nothing about the first.
    @Test func aRefusalAfterAnEarlierSendingSettlesNothing() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .takeAndHangUp }
        let transaction = try scene.signed(await scene.body())
        _ = await failure { _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 0) }
        scene.node.set { $0.temper = .refuse(code: 1040, retryable: false) }
        let open = try #require(try scene.outbox.record(transaction.hash))
        let error = await failure { _ = try await scene.outbox.submit(open, client: scene.sender.client) }
        #expect(error?.kind == .outcomeUnknown)
        #expect(try scene.outbox.record(transaction.hash)?.state == .submitted)
        await scene.node.close()
    }

    @Test func whatExpiredCanBeDoneAnew() async throws {
        let scene = try await Scene()
        let transaction = try scene.signed(await scene.body())
        _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 0)
        scene.node.set { $0.states[transaction.hash.description] = .expired }
        #expect(try await scene.body().sequence == 0)
        #expect(try scene.outbox.record(transaction.hash)?.state == .expired)
        try scene.outbox.prune(before: .maximum)
        #expect(try scene.outbox.records().isEmpty)
        await scene.node.close()
    }

    /// A crash between writing down and sending: no node ever heard of it, and block time settles it.
    @Test func whatNoNodeKnowsExpiresByBlockTime() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .hangUp }
        let transaction = try scene.signed(await scene.body())
        let error = await failure { _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 0) }
        #expect(error?.kind == .outcomeUnknown)
        scene.node.set { $0.temper = .accept }
        #expect(await failure { _ = try await scene.body() }?.kind == .outcomeUnknown)
        let validUntil = try #require(transaction.body.validUntil)
        scene.node.set { $0.time = validUntil.adding(milliseconds: 1) }
        #expect(try await scene.body().sequence == 0)
        #expect(try scene.outbox.record(transaction.hash)?.state == .expired)
        await scene.node.close()
    }

    @Test func waitingEndsAtTheDeadlineWithAnUnknownOutcome() async throws {
        let scene = try await Scene()
        let transaction = try scene.signed(await scene.body())
        let error = await failure { _ = try await scene.sender.send(transaction, words: [], waitMilliseconds: 200) }
        #expect(error?.kind == .outcomeUnknown)
        await scene.node.close()
    }
}

@Suite struct NodeClientTests {
    @Test func anotherNetworkOrChainIsFoundBeforeAnythingIsSigned() async throws {
        let scene = try await Scene()
        scene.node.set { $0.network = .zero }
        #expect(await failure { _ = try await scene.body() }?.kind == .usage)
        scene.node.set { $0.network = Hash(Bytes32(1, 2, 3, 4)) }
        // A build that writes another ledger, and one that does not tell.
        for version in [ProgramVersion.ledger + 1, nil] {
            scene.node.set { $0.ledgerVersion = version }
            let error = await failure { _ = try await scene.body() }
            #expect(error?.kind == .unreachable && error?.message.contains("writes the ledger") == true)
        }
        scene.node.set { $0.ledgerVersion = ProgramVersion.ledger }
        _ = try await scene.body()
        let checkpoint = PinnedNetwork.Checkpoint(height: Height(3), blockHash: .zero)
        let pinned = PinnedNetwork(
            name: "devnet", node: scene.node.url, genesis: Hash(Bytes32(1, 2, 3, 4)), kind: .test,
            checkpoint: checkpoint)
        #expect(await failure { _ = try await scene.sender.client.verify(pinned) }?.kind == .proofInvalid)
        await scene.node.close()
    }

    @Test func whatIsNoNodeAndWhatIsBusyIsUnreachable() async throws {
        let scene = try await Scene()
        scene.node.set { $0.temper = .garbage }
        let garbage = await failure { _ = try await scene.sender.client.status() }
        #expect(garbage?.kind == .unreachable && garbage?.mayHaveArrived == true)
        scene.node.set { $0.temper = .busy }
        #expect(await failure { _ = try await scene.sender.client.status() }?.kind == .unreachable)
        let wrong = NodeClient(url: "not a url", networkKind: .test)
        #expect(await failure { _ = try await wrong.status() }?.kind == .unreachable)
        await scene.node.close()
    }

    /// A clock that is behind the ledger's must not make every transaction stillborn.
    @Test func validityCountsFromBlockTimeWhereThatIsLater() async throws {
        let scene = try await Scene()
        let later = WalletClock.now.adding(milliseconds: 30 * 86_400_000)
        scene.node.set { $0.time = later }
        let body = try await scene.body()
        #expect(body.validUntil == later.adding(milliseconds: TransactionBuilder.standardValidityMilliseconds))
        await scene.node.close()
    }
}

@Suite struct SigningRequestTests {
    @Test func twoSignApartAndTheFilesAreMerged() async throws {
        let scene = try await Scene()
        let body = try await scene.body()
        let other = try #require(SecretKey(Bytes32(0, 0, 0, 43)))
        var first = SigningRequest(body)
        var second = first
        try first.sign(with: scene.secret, on: scene.network)
        try second.sign(with: other, on: scene.network)
        _ = try scene.temporary.home.lock()
        let path = scene.temporary.home.path + "/request.json"
        try second.save(path, networkKind: .test)
        try first.merge(try SigningRequest.load(path), on: scene.network)
        let signed = try first.assemble(on: scene.network)
        #expect(signed.hash == body.hash)
        #expect(signed.signatures.map(\.account) == [scene.secret.address, other.address].sorted())
        await scene.node.close()
    }

    @Test func foreignNetworksOtherTransactionsAndBadSignaturesAreRefused() async throws {
        let scene = try await Scene()
        var request = SigningRequest(try await scene.body())
        let foreign = PinnedNetwork(name: "other", node: "", genesis: .zero, kind: .test)
        #expect(throws: WalletFailure.self) { try request.transaction(on: foreign) }
        let other = SigningRequest(try await scene.body(6))
        #expect(throws: WalletFailure.self) { try request.merge(other, on: scene.network) }
        // Without the sender's signature it is no transaction.
        #expect(throws: WalletFailure.self) { try request.assemble(on: scene.network) }
        try request.sign(with: scene.secret, on: scene.network)
        _ = try request.assemble(on: scene.network)
        await scene.node.close()
    }

    @Test func theWordsNameWhoSignsAndWhatIsDone() async throws {
        let scene = try await Scene()
        let body = try await scene.body()
        let account = KeystoreAccount(
            name: "main", network: .test, path: DerivationPath([]), address: scene.secret.address)
        let style = AssetStyle(code: "USD", decimals: 2)
        let names = WalletNames(
            network: scene.network, accounts: [account], assets: [AssetID(Bytes32(5, 5, 5, 5)): style])
        let text = TransactionDraft(body: body, names: names).summary(names).joined(separator: "\n")
        #expect(text.contains("main (you, …") && text.contains("revenue.transfer") && text.contains("0.05 USD"))
        #expect(try names.parse("main") == .account(scene.secret.address))
        #expect(throws: WalletFailure.self) { try names.parse("nobody") }
        await scene.node.close()
    }
}
