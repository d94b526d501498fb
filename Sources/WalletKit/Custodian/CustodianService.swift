public import Cryptography
public import Custodian
internal import INFTs
internal import Interface
internal import Licenses
public import Primitives
public import Proofs

/// Performs a custodian: follows final events, asks the node, signs, and keeps the journal. It decides nothing;
/// ``CustodianCore`` does.
///
/// It runs until its task is canceled, and resumes from its journal as if nothing had happened, also after a crash.
public final class CustodianService {
    /// Looks into the inbox, and goes on with what waits for the time.
    private static let tickMilliseconds: UInt64 = 1_000
    private static let firstPauseMilliseconds: UInt64 = 500
    private static let longestPauseMilliseconds: UInt64 = 30_000

    private let folder: CustodianFolder
    private let network: PinnedNetwork
    private let signer: CustodianSigner
    private let questions: CustodianQuestions
    private let account: Address
    private let policy: CustodianPolicy
    private let log: @Sendable (String) -> Void
    /// The last that was read of each open delivery, for the answers that are signed with `begin`.
    private var verdicts: [DeliveryID: DeliveryVerdict] = [:]
    private var refusedFiles: Set<String> = []
    /// What the effects of a step have started, for the task group.
    private var jobs: [@Sendable () async -> Void] = []

    /// - Parameters:
    ///   - account: who signs; it should hold no money. Nil: the account that is named by the key.
    ///   - key: speaks for the account.
    ///   - trusted: from where what the node says of deliveries is proven; nil believes the node.
    ///   - secret: the secret of a sealing key, if the wallet has it.
    ///   - log: gets a line for each thing worth knowing.
    public init(
        home: WalletHome, network: PinnedNetwork, client: NodeClient, account: Address? = nil, key: SecretKey,
        trusted: Checkpoint? = nil,
        secret: @escaping @Sendable (CompressedPoint) throws(WalletFailure) -> SealingSecret?,
        log: @escaping @Sendable (String) -> Void
    ) throws(WalletFailure) {
        folder = CustodianFolder(home: home, network: network)
        self.network = network
        self.account = account ?? key.address
        policy = try folder.policy()
        signer = CustodianSigner(
            home: home, sending: TransactionSender(home: home, network: network, client: client),
            account: account ?? key.address, key: key, answersMilliseconds: policy.answersMilliseconds, secret: secret)
        questions = CustodianQuestions(client: client, network: network, trusted: trusted)
        self.log = log
    }

    /// What a task of its own found out, for the one loop.
    private enum Found: Sendable {
        case input(CustodianInput)
        case verdict(DeliveryVerdict)
        case failed(WalletFailure)
        case tick
    }

    public func run() async throws(WalletFailure) {
        let lock = try folder.lock()
        defer { withExtendedLifetime(lock) {} }
        let policy = policy
        let start = EventPosition(height: .genesis, index: 0)
        let (journal, records) = try CustodianJournalFile.open(
            folder.journalPath, network: network.genesis, account: account
        ) { CustodianCore(policy: policy, start: start, records: $0).compacted }
        var core = CustodianCore(policy: policy, start: start, records: records)
        log("started at block \(core.cursor.height) with \(core.status.tasks.count) open tasks")
        let (stream, feed) = AsyncStream.makeStream(of: Found.self)
        var failure: WalletFailure?
        await withDiscardingTaskGroup { group in
            group.addTask {
                while (try? await Task.sleep(nanoseconds: Self.tickMilliseconds * 1_000_000)) != nil {
                    feed.yield(.tick)
                }
            }
            feed.yield(.input(.started))
            loop: for await found in stream {
                do throws(WalletFailure) {
                    for input in try inputs(of: found) { try step(&core, input, journal, feed) }
                    if case .tick = found { try readInbox(&core, journal, feed) }
                } catch {
                    failure = error
                    break loop
                }
                for job in takeJobs() { group.addTask(operation: job) }
            }
            group.cancelAll()
        }
        log("stopped at block \(core.cursor.height) with \(core.status.tasks.count) open tasks")
        if let failure { throw failure }
    }

    private func takeJobs() -> [@Sendable () async -> Void] {
        defer { jobs = [] }
        return jobs
    }

    private func step(
        _ core: inout CustodianCore, _ input: CustodianInput, _ journal: CustodianJournalFile,
        _ feed: AsyncStream<Found>.Continuation
    ) throws(WalletFailure) {
        for effect in core.step(input, now: WalletClock.now) { try perform(effect, journal, feed) }
    }

    private func inputs(of found: Found) throws(WalletFailure) -> [CustodianInput] {
        switch found {
        case .input(let input): return [input]
        case .verdict(let verdict):
            verdicts[verdict.delivery.delivery.id] = verdict
            return []
        case .failed(let failure): throw failure
        case .tick: return [.tick]
        }
    }

    /// A file goes once what it says is in the journal.
    private func readInbox(
        _ core: inout CustodianCore, _ journal: CustodianJournalFile, _ feed: AsyncStream<Found>.Continuation
    ) throws(WalletFailure) {
        let (messages, refused) = try folder.messages()
        for path in refused where refusedFiles.insert(path).inserted {
            log("\(path) is nothing that a custodian understands; it is left where it is")
        }
        for (path, message) in messages {
            let input: CustodianInput =
                switch message {
                case .decided(let delivery, let decision): .decided(delivery, decision)
                case .erased(let consent): .erased(consent)
                case .disclosure(let hash, let request): .disclosureRequested(hash, request)
                }
            try step(&core, input, journal, feed)
            try DurableFile.remove(path)
        }
    }

    // MARK: Effects

    private func perform(
        _ effect: CustodianEffect, _ journal: CustodianJournalFile, _ feed: AsyncStream<Found>.Continuation
    ) throws(WalletFailure) {
        let questions = questions
        let signer = signer
        switch effect {
        case .append(let records):
            try journal.append(records)
            for record in records { tell(record) }
        case .follow(let position):
            jobs.append { await Self.follow(position, questions, feed) }
        case .ask(let id, let height):
            jobs.append {
                let (answer, verdict) = await questions.verdict(of: id, minimumHeight: height)
                if let verdict { feed.yield(.verdict(verdict)) }
                feed.yield(.input(.delivery(id, answer)))
            }
        case .askDisclosure(let hash, let request):
            jobs.append { feed.yield(.input(.disclosure(hash, await signer.ask(request)))) }
        case .prepare(let id, let binding):
            do throws(WalletFailure) {
                let randomness = OperatingSystemRandom.bytes32()
                let sealed = try signer.deliver(binding, randomness: randomness)
                let preparation = Preparation(
                    binding: binding.hash, randomness: randomness, commitment: sealed.commitment)
                feed.yield(.input(.prepared(id, preparation)))
            } catch {
                feed.yield(
                    .input(.unprepared(id, CustodianRefusal(code: 0, reason: "\(error.kind)", message: error.message))))
            }
        case .submit(let task, let act): submit(task, act, feed)
        case .notify(let notice):
            log("\(name(notice.task)): \(notice.reason.kind.words) \(notice.reason.detail)")
        case .askErasure(let consent, let height):
            jobs.append {
                feed.yield(.input(.erasure(consent, await questions.erasure(of: consent, minimumHeight: height))))
            }
        }
    }

    private func submit(
        _ task: CustodianTask, _ act: CustodianAct, _ feed: AsyncStream<Found>.Continuation
    ) {
        log("\(name(task)): \(act.name)")
        let signer = signer
        var verdict: DeliveryVerdict?
        if case .delivery(let id) = task { verdict = verdicts[id] }
        do throws(WalletFailure) {
            let operation = try signer.operation(task, act, verdict: verdict)
            jobs.append { feed.yield(.input(.outcome(task, await signer.submit(operation)))) }
        } catch {
            let refusal = CustodianRefusal(code: 0, reason: "\(error.kind)", message: error.message)
            feed.yield(.input(.outcome(task, .refused(refusal))))
        }
    }

    /// Until there is a page; a node that can't be reached is asked again, later and later.
    private static func follow(
        _ position: EventPosition, _ questions: CustodianQuestions, _ feed: AsyncStream<Found>.Continuation
    ) async {
        var pause = firstPauseMilliseconds
        while !Task.isCancelled {
            do throws(WalletFailure) {
                feed.yield(.input(.events(try await questions.events(from: position))))
                return
            } catch {
                if error.answer?.reason == ServerState.cursorGone.reason {
                    feed.yield(.failed(error))
                    return
                }
            }
            guard (try? await Task.sleep(nanoseconds: pause * 1_000_000)) != nil else { return }
            pause = min(2 * pause, longestPauseMilliseconds)
        }
    }

    // MARK: Words

    private func tell(_ record: CustodianRecord) {
        switch record {
        case .opened(let task, let height): log("\(name(task)): noticed at block \(height)")
        case .releases(let id): log("\(name(.delivery(id))): its begin is final")
        case .closed(let task, let end):
            if case .delivery(let id) = task { verdicts[id] = nil }
            log("\(name(task)): \(end.name)")
        case .waits(let task, let reason?) where !reason.kind.isForPeople:
            log("\(name(task)): waits, \(reason.kind.words)" + (reason.until.map { " until \(dateText($0))" } ?? ""))
        case .cursor, .prepared, .begins, .waits, .decided, .requested: break
        }
    }

    private func name(_ task: CustodianTask) -> String {
        switch task {
        case .delivery(let id): TypedText.encode(id.bytes, kind: DeliveryKind.name, network: network.kind)
        case .disclosure(let hash): "disclosure \(hash)"
        case .erasure(let id): TypedText.encode(id.bytes, kind: ConsentKind.name, network: network.kind)
        }
    }
}

extension WaitKind {
    /// For people.
    public var words: String {
        switch self {
        case .notServed: "the policy does not serve it"
        case .approval: "it waits for approval (mednexus custodian approve):"
        case .declined: "it was declined"
        case .outsideHours: "it is outside the hours of the policy"
        case .rateLimit: "as many as the policy allows were begun within the hour"
        case .refused: "the ledger would refuse it:"
        case .signatures: "it waits for signatures:"
        case .keyMissing: "the key is missing:"
        case .begunElsewhere: "another custodian, or the owner, has begun it"
        case .begunForOtherKeys: "it was begun for other keys, can't be completed, and will be refunded"
        case .tooLate: "too little time is left to release the key safely; it will be refunded"
        case .unknown: "the ledger does not know it"
        case .erasure: "a subject asked for erasure:"
        }
    }
}
