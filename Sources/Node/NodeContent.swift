internal import Content
internal import ContentFormat
internal import Interface
internal import Logging
internal import Primitives

/// The node's content store as others reach it: who may ask, what is here, and what is fetched from peers meanwhile.
final class NodeContent: ContentService {
    let network: Hash
    let networkKind: NetworkKind
    let store: ContentStore
    let rules: ContentLedger
    let peers: ContentPeers
    private let fetcher: ContentFetcher
    private let nonces = NonceMemory()
    private let logger: Logger

    /// How long a proof waits for a copy that is being fetched.
    private static let patience = Duration.seconds(20)

    private init(ledger: Ledger, store: ContentStore, rules: ContentLedger, logger: Logger) {
        network = ledger.network
        networkKind = ledger.networkKind
        self.store = store
        self.rules = rules
        self.logger = logger
        peers = ContentPeers(store: store, logger: logger)
        fetcher = ContentFetcher(store: store, peers: peers, logger: logger)
    }

    /// Nil if the settings say that there is none.
    static func open(
        home: NodeHome, configuration: Configuration, ledger: Ledger, logger: Logger
    ) async throws -> NodeContent? {
        guard let place = try ContentPlace(home: home, configuration: configuration) else { return nil }
        let store = try await place.open(configuration)
        let totals = store.totals
        logger.info(
            "content store opened",
            metadata: [
                "folder": "\(place.folder)", "blobs": "\(totals.blobs)", "bytes": "\(totals.bytes)",
                "unfinished": "\(totals.uploads)",
            ])
        let rules = ContentLedger(
            ledger: ledger, uploaders: ContentLedger.Uploaders(configuration.list("content.uploaders")))
        return NodeContent(ledger: ledger, store: store, rules: rules, logger: logger)
    }

    // MARK: Who

    func authorize(
        _ request: ContentRequest, _ authorization: ContentAuthorization
    ) async throws(ContentRefusal) -> ContentCaller {
        let (now, time) = (NodeClock.now.milliseconds, authorization.time.milliseconds)
        let distance = max(now, time) - min(now, time)
        guard distance <= ContentRequest.windowMilliseconds else {
            throw ContentRefusal(
                401, "clock", "The request was signed \(distance / 1000) seconds from this node's time.",
                hint: "Set the clock; it may differ by \(ContentRequest.windowMilliseconds / 1000) seconds.",
                field: "time",
                extra: ["time": .unsigned(now)])
        }
        guard authorization.isSignature(of: request, network: network) else {
            throw ContentRefusal(
                401, "signature_invalid", "The signature is not the account's over this request.",
                hint: "Sign the network, act, root, offset, length, time and nonce as Specs/content-store.md says.",
                field: "signature")
        }
        let found: ContentLedger.Standing?
        do {
            found = try rules.standing(of: authorization.account)
        } catch {
            throw failed(error)
        }
        guard let found else {
            throw ContentRefusal(
                403, "unknown_account", "The key is not that of an account of this ledger, or was replaced.",
                hint: "Sign with the account's present key, or ask an enrolled institution to sponsor it.",
                field: "account")
        }
        let account = found.account
        if request.act == .put {
            guard found.mayUpload else {
                throw ContentRefusal(
                    403, "not_an_uploader", "This node takes no uploads of this account.",
                    hint: "Use the node of your institution, or ask this one's operator (content.uploaders).",
                    field: "account")
            }
            switch nonces.take(
                authorization.nonce, of: account, until: time + ContentRequest.windowMilliseconds, now: now)
            {
            case .fresh: break
            case .used:
                throw ContentRefusal(
                    401, "replayed", "A request with this nonce was taken already.",
                    hint: "Sign each request anew, with a nonce of its own.", field: "nonce")
            case .full: throw .limited
            }
        }
        return ContentCaller(account: account, party: found.party)
    }

    private func name(_ caller: ContentCaller) -> String {
        TypedText.encode(caller.account.bytes, kind: "", network: networkKind)
    }

    // MARK: What is here

    /// What the ledger calls erased is destroyed before anything else is said of it.
    private func refuseErased(_ root: Hash) async throws(ContentRefusal) {
        let receipt: Bytes32?
        do {
            receipt = try rules.erasure(root)
        } catch {
            throw failed(error)
        }
        guard let receipt else { return }
        do throws(ContentStoreFailure) {
            try await store.erase(root, receipt: receipt)
        } catch {
            throw failed(error)
        }
        throw .erased(receipt: Hash(receipt))
    }

    func status(of root: Hash, for caller: ContentCaller) async throws(ContentRefusal) -> ContentStatus {
        try await refuseErased(root)
        switch store.presence(of: root, for: caller.party) {
        case .absent: throw .absent
        case .partial(let reached, let size): return ContentStatus(root: root, size: size, reached: reached)
        case .whole(let record): return ContentStatus(root: root, size: record.size, reached: record.size)
        case .erased(let receipt): throw .erased(receipt: Hash(receipt))
        }
    }

    func holding(of root: Hash) async -> ContentHolding {
        if let receipt = try? rules.erasure(root) { return .erased(receipt: Hash(receipt)) }
        switch store.holding(of: root) {
        case .absent: return .absent
        case .partial(let reached, let size): return .partial(reached: reached, size: size)
        case .whole(let record): return .whole(size: record.size)
        case .erased(let receipt): return .erased(receipt: Hash(receipt))
        }
    }

    // MARK: Down

    func read(
        _ root: Hash, from first: UInt64, length: UInt64?, for caller: ContentCaller
    ) async throws(ContentRefusal) -> any ContentSource {
        try await refuseErased(root)
        do throws(ContentStoreFailure) {
            if case .whole(let record) = store.presence(of: root, for: nil) {
                let range = try Self.range(first, length, of: record.size)
                return StoredSource(try store.read(root, range, act: .get, by: name(caller)), self)
            }
            if case .erased(let receipt) = store.presence(of: root, for: nil) { throw .erased(receipt: receipt) }
            let pull = try await fetched(root)
            let range = try Self.range(first, length, of: pull.layout.size)
            try store.note(
                AccessEntry(.get, by: name(caller), root, offset: range.lowerBound, length: UInt64(range.count)))
            return PulledSource(pull, range, self)
        } catch {
            throw failed(error)
        }
    }

    /// A copy that is being fetched, its first chunk here: a content that no peer has is refused before anything is sent.
    private func fetched(_ root: Hash) async throws(ContentStoreFailure) -> ContentPull {
        let sizes: [UInt64]
        do {
            sizes = try rules.sizes(root)
        } catch {
            throw .system(call: "read", path: "ledger", message: "\(error)")
        }
        for size in sizes {
            let pull = try await fetcher.pull(root, size: size)
            do throws(ContentStoreFailure) {
                try await pull.wait(for: 1)
                return pull
            } catch .absent {
                continue
            }
        }
        throw .absent
    }

    private static func range(
        _ first: UInt64, _ length: UInt64?, of size: UInt64
    ) throws(ContentStoreFailure) -> Range<UInt64> {
        guard first < size else { throw .outOfRange(size: size) }
        // As HTTP has it, a range that ends behind the content ends with it.
        return first..<first + min(length ?? size, size - first)
    }

    func proof(
        of root: Hash, first: UInt64, count: UInt64, for caller: ContentCaller
    ) async throws(ContentRefusal) -> ContentProofView {
        try await refuseErased(root)
        do {
            switch store.presence(of: root, for: nil) {
            case .whole, .erased: break
            case .absent, .partial:
                let pull = try await fetched(root)
                guard try await pull.waitToEnd(Self.patience) else {
                    throw ContentRefusal(
                        503, "fetching", "The content is being fetched from another node.", hint: "Ask again shortly.",
                        retryAfter: 2)
                }
            }
            guard case .whole(let record) = store.presence(of: root, for: nil) else {
                try store.whole(root)
                throw ContentStoreFailure.absent
            }
            guard let end = first.adding(count), end <= UInt64(UInt32.max) else {
                throw ContentStoreFailure.outOfRange(size: record.size)
            }
            let proof = try await store.proof(of: root, first..<end)
            return ContentProofView(root: root, size: record.size, from: first, count: count, siblings: proof.siblings)
        } catch let refusal as ContentRefusal {
            throw refusal
        } catch {
            throw failed(error)
        }
    }

    // MARK: Up

    func upload(
        _ root: Hash, size: UInt64, at offset: UInt64, for caller: ContentCaller
    ) async throws(ContentRefusal) -> (any ContentSink)? {
        try await refuseErased(root)
        do throws(ContentStoreFailure) {
            let upload = try await store.upload(root, size: size, at: offset, party: caller.party, by: name(caller))
            return upload.map { UploadSink($0, root: root, size: size, self) }
        } catch {
            throw failed(error)
        }
    }

    // MARK: Refusals

    func failed(_ failure: any Error) -> ContentRefusal {
        guard let failure = failure as? ContentStoreFailure else {
            logger.error("content can't be served", metadata: ["because": "\(failure)"])
            return .internal
        }
        let text = "\(failure)."
        switch failure {
        case .absent: return .absent
        case .erased(let receipt): return .erased(receipt: Hash(receipt))
        case .outOfRange(let size):
            return ContentRefusal(
                416, "range", "The range is not within the content.", hint: text, field: "Range", size: size)
        case .badSize(let maximum):
            return ContentRefusal(
                413, "size", "No content has so many bytes.",
                hint: "It has whole chunks of 65,552 bytes and a last one of 17 to 65,552; at most \(maximum) in all.",
                field: "Content-Range")
        case .otherSize(let size):
            return ContentRefusal(
                409, "other_size", "The content was begun with another size.", hint: text, field: "Content-Range",
                size: size)
        case .wrongOffset(let reached):
            return ContentRefusal(
                409, "offset", "The upload goes on elsewhere.", hint: text, field: "Content-Range", reached: reached)
        case .busy:
            return ContentRefusal(
                409, "busy", "Another request is writing this upload.", hint: "Wait until it has ended.", retryAfter: 1)
        case .wrongRoot(let found):
            return ContentRefusal(
                422, "wrong_root", "The bytes have another root, and were removed.", hint: text, field: "root",
                extra: ["found": .string(found.description)])
        case .partyQuota(let used, let allowed):
            return ContentRefusal(
                507, "party_quota", "Your party has stored as much here as it may.", hint: text,
                extra: ["used": .unsigned(used), "allowed": .unsigned(allowed)])
        case .full:
            logger.warning("the content store is full")
            return ContentRefusal(507, "full", "The store has no room for it.", hint: text)
        case .tooManyUploads:
            return ContentRefusal(
                429, "too_many_uploads", "Your party has too many unfinished uploads.",
                hint: "Finish one; what nobody goes on with is removed in time.", retryAfter: 60)
        case .damaged(let what):
            logger.error("stored content is damaged", metadata: ["what": "\(what)"])
            return ContentRefusal(
                500, "damaged", "The content is damaged on this node.", hint: "Ask another node; its operator is told.")
        case .stopping: return .unavailable
        case .locked, .system:
            logger.error("content can't be served", metadata: ["because": "\(failure)"])
            return .internal
        }
    }
}
