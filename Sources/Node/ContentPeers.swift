package import Content
internal import ContentFormat
package import Logging
package import Primitives
package import Replica
internal import Synchronization

/// Chunks of content between nodes: asks peers for them, and answers peers that ask [N12].
///
/// Only validators and nodes that the operator named are asked and answered.
package final class ContentPeers: Sendable {
    enum Answer: Sendable {
        case chunks(ContentChunks)
        /// The peer does not have them.
        case absent
        /// It did not answer in time, or left.
        case silent
    }

    /// How messages reach peers.
    package struct Transport: Sendable {
        /// Connected peers that may be asked and answered.
        let providers: @Sendable () -> [TransportKey]
        let send: @Sendable (PeerMessage, TransportKey) -> Void
        /// Whether so many bytes may wait to be sent to a peer.
        let hasRoom: @Sendable (Int, TransportKey) -> Bool
        /// The peer sent what is provably wrong.
        let ban: @Sendable (TransportKey) -> Void

        package init(
            providers: @escaping @Sendable () -> [TransportKey],
            send: @escaping @Sendable (PeerMessage, TransportKey) -> Void,
            hasRoom: @escaping @Sendable (Int, TransportKey) -> Bool,
            ban: @escaping @Sendable (TransportKey) -> Void
        ) {
            self.providers = providers
            self.send = send
            self.hasRoom = hasRoom
            self.ban = ban
        }
    }

    private struct Question: Hashable {
        let key: TransportKey
        let range: ContentChunkRange
    }

    private struct State {
        var transport: Transport?
        var open: [Question: CheckedContinuation<Answer, Never>] = [:]
        var servedPeers: [TransportKey: Int] = [:]
        var served = 0
    }

    private let store: ContentStore
    private let logger: Logger
    private let state = Mutex(State())

    static let maximumProviders = 16
    private static let patience = Duration.seconds(5)
    /// Requests of one peer, and of all, that are answered at a time: each holds a mebibyte.
    private static let servedPerPeer = 32
    private static let servedAtOnce = 64

    package init(store: ContentStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Once, before the network runs.
    package func attach(_ transport: Transport) { state.withLock { $0.transport = transport } }

    private var transport: Transport? { state.withLock { $0.transport } }

    // MARK: Asking

    /// Connected peers that may be asked.
    var providers: [TransportKey] { Array((transport?.providers() ?? []).sorted().prefix(Self.maximumProviders)) }

    func ask(_ range: ContentChunkRange, of key: TransportKey) async -> Answer {
        guard let transport else { return .silent }
        let question = Question(key: key, range: range)
        let timer = Task { [self] in
            try? await Task.sleep(for: Self.patience)
            if !Task.isCancelled { resume(question, .silent) }
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            // The same range is asked of a peer once at a time.
            let isAsked = state.withLock { state in
                guard state.open[question] == nil else { return false }
                state.open[question] = continuation
                return true
            }
            guard isAsked else { return continuation.resume(returning: .silent) }
            transport.send(.contentRequest(range), key)
        }
    }

    package func answered(_ range: ContentChunkRange, _ chunks: ContentChunks?, by key: TransportKey) {
        resume(Question(key: key, range: range), chunks.map { .chunks($0) } ?? .absent)
    }

    package func disconnected(_ key: TransportKey) {
        let left = state.withLock { state in state.open.keys.filter { $0.key == key } }
        for question in left { resume(question, .silent) }
    }

    private func resume(_ question: Question, _ answer: Answer) {
        state.withLock { $0.open.removeValue(forKey: question) }?.resume(returning: answer)
    }

    func ban(_ key: TransportKey) { transport?.ban(key) }

    // MARK: Answering

    package func serve(_ range: ContentChunkRange, to key: TransportKey) {
        guard let transport else { return }
        let isTaken = state.withLock { state in
            let own = state.servedPeers[key] ?? 0
            guard own < Self.servedPerPeer, state.served < Self.servedAtOnce else { return false }
            state.servedPeers[key] = own + 1
            state.served += 1
            return true
        }
        // Who asks for more than that asks again.
        guard isTaken else { return }
        Task { [self] in
            defer {
                state.withLock { state in
                    state.served -= 1
                    let left = (state.servedPeers[key] ?? 1) - 1
                    state.servedPeers[key] = left > 0 ? left : nil
                }
            }
            guard transport.hasRoom(Int(range.count) * PeerMessageLimits.contentChunkBytes, key) else { return }
            transport.send(.content(range, await chunks(range, for: key)), key)
        }
    }

    private func chunks(_ range: ContentChunkRange, for key: TransportKey) async -> ContentChunks? {
        do throws(ContentStoreFailure) {
            let record = try store.whole(range.root)
            let chunks = range.first..<range.first + range.count
            guard record.size == range.size else { return nil }
            let proof = try await store.proof(of: range.root, chunks)
            let bytes = try await store.chunks(of: range.root, chunks)
            try store.note(
                AccessEntry(
                    .peerGet, by: "\(key)", range.root, offset: range.first * UInt64(ContentLayout.ciphertextChunk),
                    length: UInt64(bytes.count)))
            return ContentChunks(
                chunks: stride(from: 0, to: bytes.count, by: ContentLayout.ciphertextChunk).map {
                    Array(bytes[$0..<min($0 + ContentLayout.ciphertextChunk, bytes.count)])
                }, siblings: proof.siblings)
        } catch {
            switch error {
            case .absent, .erased, .outOfRange: break
            default: logger.error("content can't be read for a peer", metadata: ["failure": "\(error)"])
            }
            return nil
        }
    }
}
