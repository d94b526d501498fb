internal import Blocks
internal import Cryptography
internal import Dispatch
internal import Encoding
internal import Logging
internal import Networking
internal import Primitives
internal import Proofs
internal import Replica
internal import StateModel
internal import Storage
internal import Synchronization
internal import Transactions
internal import Votes

/// Between the network and the driver, in both directions:
///
///     bytes → PeerMessage → VerifiedMessage → Driver → step → PeerMessage → bytes
///
/// Signatures are checked on the pipeline's threads; a peer's next message of a channel is read when the driver has
/// taken the one before, so nobody makes this node hold more than the transport's windows.
final class PeerGateway: PeerHandler {
    private struct State {
        var network: PeerNetwork?
        var verifier: MessageVerifier
        var current: EpochInformation?
        var previous: EpochInformation?
        var addresses: AddressBook
        var requests = RequestLedger()
        /// Nil where this node has no content store.
        var content: ContentPeers?

        func isValidator(_ key: TransportKey) -> Bool {
            [current, previous].contains { $0?.transportKeys.contains(key) ?? false }
        }
    }

    private let state: Mutex<State>
    private let driver: Driver
    private let pipeline: Pipeline
    private let ledger: Ledger
    private let snapshots: SnapshotKeeper
    private let observers: Set<TransportKey>
    private let ownRecord: PeerAddressRecord?
    private let saveAddresses: @Sendable ([PeerContact]) -> Void
    private let logger: Logger
    /// Reads of the log for peers, not on the driver's thread: validators and others each one at a time.
    private let servingValidators = DispatchQueue(label: "mednexus.serving.validators")
    private let servingOthers = DispatchQueue(label: "mednexus.serving.others")
    private let serving = Mutex((counts: [TransportKey: Int](), others: 0))
    /// Writes of the file of peers: an fsync each.
    private let saving = DispatchQueue(label: "mednexus.peers")
    private let isSavePlanned = Mutex(false)

    /// Requests of one peer, and of all that don't vote, that may wait to be served; more are dropped, and asked again.
    private static let servedPerPeer = 4
    private static let servedOthers = 64
    private static let savingPause = DispatchTimeInterval.seconds(5)

    init(
        driver: Driver, pipeline: Pipeline, ledger: Ledger, snapshots: SnapshotKeeper, addresses: AddressBook,
        observers: Set<TransportKey>,
        ownRecord: PeerAddressRecord?, saveAddresses: @escaping @Sendable ([PeerContact]) -> Void, logger: Logger
    ) {
        let memory = SignatureMemory()
        state = Mutex(
            State(
                network: nil,
                verifier: MessageVerifier(network: ledger.network) { memory.verify($0, message: $1, by: $2) },
                addresses: addresses))
        self.driver = driver
        self.pipeline = pipeline
        self.ledger = ledger
        self.snapshots = snapshots
        self.observers = observers
        self.ownRecord = ownRecord
        self.saveAddresses = saveAddresses
        self.logger = logger
    }

    /// Once, before the network runs.
    func attach(_ network: PeerNetwork) { state.withLock { $0.network = network } }

    /// Once, before the network runs, where there is a content store.
    func attach(_ content: ContentPeers) {
        state.withLock { $0.content = content }
        content.attach(
            ContentPeers.Transport(
                providers: { [self] in contentPeers }, send: { [self] in send($0, to: [$1]) },
                hasRoom: { [self] in network?.hasRoom($0, on: .sync, to: $1) ?? false },
                ban: { [self] in ban($0, because: .badBlock("chunks that are not under the root")) }))
    }

    private var network: PeerNetwork? { state.withLock { $0.network } }

    /// The epoch that the replica is in; nil before it began.
    var epoch: EpochInformation? { state.withLock { $0.current } }

    var connections: [PeerConnectionInfo] { network?.connections() ?? [] }

    /// Connected peers that content is asked of and given to: validators, and nodes that the operator named.
    private var contentPeers: [TransportKey] {
        let keys = connections.map(\.key)
        return state.withLock { state in keys.filter { isTrustedWithContent($0, state) } }
    }

    private func isTrustedWithContent(_ key: TransportKey, _ state: borrowing State) -> Bool {
        state.isValidator(key) || observers.contains(key) || state.addresses.isConfigured(key)
    }

    // MARK: From the network

    func admission(of key: TransportKey, isInbound: Bool) -> PeerAdmission {
        state.withLock { state in
            if state.isValidator(key) { return .admit(.validator) }
            if observers.contains(key) || state.addresses.isConfigured(key) { return .admit(.listed) }
            guard observers.isEmpty else {
                return .refuse("neither a validator's key nor on the list p2p.observers")
            }
            return .admit(.observer)
        }
    }

    func connected(_ key: TransportKey, address: PeerAddress, isInbound: Bool) {
        logger.info("peer connected", metadata: ["peer": "\(key)", "inbound": "\(isInbound)"])
        state.withLock { $0.requests.connected(key) }
        driver.post(.input(.connected(key)))
        let records = state.withLock { $0.addresses.records(with: ownRecord) }
        if !records.isEmpty { send(.addresses(records), to: [key]) }
    }

    func disconnected(_ key: TransportKey) {
        logger.info("peer disconnected", metadata: ["peer": "\(key)"])
        let content = state.withLock { state in
            state.requests.disconnected(key)
            return state.content
        }
        content?.disconnected(key)
        driver.post(.input(.disconnected(key)))
    }

    func received(_ message: [UInt8], on channel: MessageChannel, from key: TransportKey) async {
        do {
            guard let verified = try await verify(message, on: channel, from: key) else { return }
            await driver.deliver(verified, from: key)
        } catch let offense as PeerOffense {
            ban(key, because: offense)
        } catch let failure as EncodingFailure {
            ban(key, because: .undecodable(failure))
        } catch {
            // The pool of threads is gone: the node stops.
            logger.debug("a message was not verified", metadata: ["because": "\(error)"])
        }
    }

    /// Nil where it can't be judged here; throws where the peer is wrong.
    private func verify(
        _ bytes: [UInt8], on channel: MessageChannel, from key: TransportKey
    ) async throws -> VerifiedMessage? {
        // [N2] Of a later version: nobody's fault. Bulk that can't have been asked for is not even decoded.
        guard PeerMessage.isKindKnown(bytes), state.withLock({ $0.requests.mayTake(bytes, from: key) }) else {
            return nil
        }
        var message = try PeerMessage(decoding: bytes)
        guard message.channel.rawValue == channel.rawValue else {
            throw PeerOffense.badBlock("a message on another's channel")
        }
        // Hashed before the lock is taken, which whoever sends needs.
        var tags: [TransactionTag] = []
        if case .transactions(let all) = message { tags = all.map { TransactionTag(HashTag.wire.hash($0)) } }
        let (isTaken, isValidator, verifier) = state.withLock { [tags] state in
            if case .transactions(let all) = message {
                let asked = state.requests.taken(tags, from: key)
                message = .transactions(asked.map { all[$0] })
                if asked.isEmpty { return (false, state.isValidator(key), state.verifier) }
            }
            if case .addresses(let records) = message {
                // Nobody else's are kept, so nobody else's are checked.
                message = .addresses(records.filter { state.isValidator($0.key) })
            }
            return (state.requests.takes(message, from: key), state.isValidator(key), state.verifier)
        }
        guard isTaken, isValidator || !message.isOfValidators else { return nil }
        let raw = MessageVerifier.transactions(in: message)
        // [N11] Served beside consensus.
        switch message {
        case .snapshotRequest(let checkpoint):
            serve(
                key, on: .sync, upTo: SnapshotManifest.maximumBytes,
                bytes: { [snapshots] in
                    try snapshots.answer(from: checkpoint)
                })
            return nil
        case .chunkRequest(let position):
            serve(key, on: .sync, upTo: StateChunk.maximumBytes) { [snapshots] in
                .chunk(position, try snapshots.chunk(position.index, at: position.height) ?? [])
            }
            return nil
        case .contentRequest(let range):
            let content = state.withLock { isTrustedWithContent(key, $0) ? $0.content : nil }
            if let content { content.serve(range, to: key) } else { send(.content(range, nil), to: [key]) }
            return nil
        case .content(let range, let chunks):
            state.withLock { $0.content }?.answered(range, chunks, by: key)
            return nil
        default: break
        }
        // What a proposal carries is looked at once it is known to be its leader's.
        if !raw.isEmpty, case .proposal(let proposal) = message {
            guard try await pipeline.runFirst({ try verifier.isOfItsLeader(proposal) }) else { return nil }
        }
        var transactions: [VerifiedTransaction] = []
        if !raw.isEmpty {
            for result in try await pipeline.verify(all: raw, untilFailure: true) {
                switch result {
                case .success(let transaction): transactions.append(transaction)
                case .failure(let rejection): throw PeerOffense.badTransaction(rejection)
                }
            }
        }
        let (verified, whole) = (transactions, message)
        // What validators say about views does not wait behind blocks, transactions, and what strangers send.
        let isUrgent = isValidator && message.isOfValidators
        let work: @Sendable () throws -> VerifiedMessage? = { try verifier.verify(whole, transactions: verified) }
        return isUrgent ? try await pipeline.runFirst(work) : try await pipeline.run(work)
    }

    // MARK: From the replica

    func begin(_ information: EpochInformation) {
        let network = state.withLock { state in
            state.verifier.begin(information.epoch, information.validators)
            if let current = state.current, current.epoch != information.epoch { state.previous = current }
            state.current = information
            return state.network
        }
        network?.setRoles()
        network?.setTargets(targets())
        // Who just became a validator is told where this node is.
        if let ownRecord { send(.addresses([ownRecord]), to: connections.map(\.key)) }
    }

    private func targets() -> [TransportKey: [PeerAddress]] {
        state.withLock { state in
            state.addresses.targets(validators: state.current?.transportKeys.compactMap { $0 } ?? [])
        }
    }

    func send(_ message: PeerMessage, to keys: [TransportKey]) {
        guard let network, !keys.isEmpty, let channel = MessageChannel(rawValue: message.channel.rawValue) else {
            return
        }
        let bytes = message.encoded
        if message.isRequest { state.withLock { for key in keys { $0.requests.asked(message, of: key) } } }
        for key in keys { network.send(bytes, on: channel, to: key) }
    }

    func sendBlock(_ hash: Hash, to key: TransportKey) {
        serve(key, on: .blocks) { [ledger] in try ledger.storedBlock(hash).map { .block($0) } }
    }

    func sendBlocks(_ range: BlockRange, to key: TransportKey) {
        serve(key, on: .sync) { [ledger] in .blocks(try ledger.finalBlocks(range)) }
    }

    private func serve(
        _ key: TransportKey, on channel: MessageChannel, upTo bytes: Int = PeerMessageLimits.blocksBytes,
        _ answer: @escaping @Sendable () throws -> PeerMessage?
    ) {
        serve(key, on: channel, upTo: bytes, bytes: { try answer()?.encoded })
    }

    /// - Parameter answer: a message that is no request, encoded; nil: nothing is said.
    private func serve(
        _ key: TransportKey, on channel: MessageChannel, upTo bytes: Int,
        bytes answer: @escaping @Sendable () throws -> [UInt8]?
    ) {
        let isValidator = state.withLock { $0.isValidator(key) }
        let isTaken = serving.withLock { serving in
            let own = serving.counts[key] ?? 0
            guard own < Self.servedPerPeer, isValidator || serving.others < Self.servedOthers else { return false }
            serving.counts[key] = own + 1
            if !isValidator { serving.others += 1 }
            return true
        }
        guard isTaken else { return }
        (isValidator ? servingValidators : servingOthers).async { [self] in
            defer {
                serving.withLock { serving in
                    let left = (serving.counts[key] ?? 1) - 1
                    serving.counts[key] = left > 0 ? left : nil
                    if !isValidator { serving.others -= 1 }
                }
            }
            // Nothing is read for whom it could not be sent to.
            guard network?.hasRoom(bytes, on: channel, to: key) ?? false else { return }
            do {
                if let message = try answer() { network?.send(message, on: channel, to: key) }
            } catch {
                logger.error("a block can't be read for a peer", metadata: ["failure": "\(error)"])
            }
        }
    }

    /// At most once in a few seconds, with what is known then.
    private func save() {
        let isFirst = isSavePlanned.withLock { isPlanned in
            defer { isPlanned = true }
            return !isPlanned
        }
        guard isFirst else { return }
        saving.asyncAfter(deadline: .now() + Self.savingPause) { [self] in
            isSavePlanned.withLock { $0 = false }
            saveAddresses(state.withLock { $0.addresses.contacts })
        }
    }

    func ban(_ key: TransportKey, because offense: PeerOffense) {
        logger.warning("peer banned", metadata: ["peer": "\(key)", "because": "\(offense)"])
        network?.ban(key, because: offense.reason)
    }

    /// Addresses that validators said of themselves: kept, dialed, passed on to whoever does not know them.
    func learned(_ records: [PeerAddressRecord], now: Timestamp) {
        let new = state.withLock { state in
            let validators = Set(state.current?.transportKeys.compactMap { $0 } ?? [])
            let new = records.filter { record in
                record.key != ownRecord?.key && state.addresses.learn(record, among: validators, now: now)
            }
            return new
        }
        guard !new.isEmpty else { return }
        save()
        network?.setTargets(targets())
        send(.addresses(new), to: connections.map(\.key))
    }
}

/// Signatures that were found good lately: a certificate is made of votes that came one by one before. Two generations.
final class SignatureMemory: Sendable {
    private struct Entry: Hashable {
        let signature: Signature
        let message: Hash
        let signer: Address
    }

    private struct Generations {
        var younger: Set<Entry> = []
        var elder: Set<Entry> = []
    }

    private let generations = Mutex(Generations())
    /// A hundred validators' votes of some twenty views.
    private static let entries = 8_192

    func verify(_ signature: Signature, message: Hash, by signer: Address) -> Bool {
        let entry = Entry(signature: signature, message: message, signer: signer)
        if generations.withLock({ $0.younger.contains(entry) || $0.elder.contains(entry) }) { return true }
        guard Schnorr.verify(signature, message: message, by: signer) else { return false }
        generations.withLock {
            if $0.younger.count >= Self.entries {
                $0.elder = $0.younger
                $0.younger = []
            }
            $0.younger.insert(entry)
        }
        return true
    }
}
