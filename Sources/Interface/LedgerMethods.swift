internal import Encoding
public import Primitives
internal import Proofs
public import StateModel

/// Transactions as text, which the rooms of transactions know: injected, so that the table needs no more than this.
public struct TransactionCoding: Sendable {
    /// Parameters of tx_build, and their answer.
    let buildParameters: any (Codable & Sendable).Type
    let buildResult: any (Codable & Sendable).Type
    let decodeResult: any (Codable & Sendable).Type
    let build: @Sendable (any Codable & Sendable, QueryContext) throws -> any Codable & Sendable
    /// Signed or unsigned bytes.
    let decode: @Sendable ([UInt8], NetworkKind) throws -> any Codable & Sendable

    public init<Build: Codable & Sendable, Built: Codable & Sendable, Decoded: Codable & Sendable>(
        build: @escaping @Sendable (Build, QueryContext) throws -> Built,
        decode: @escaping @Sendable ([UInt8], NetworkKind) throws -> Decoded
    ) {
        buildParameters = Build.self
        buildResult = Built.self
        decodeResult = Decoded.self
        self.build = { (parameters, context) in
            guard let parameters = parameters as? Build else { preconditionFailure("decoded as another type") }
            return try build(parameters, context)
        }
        self.decode = { try decode($0, $1) }
    }
}

extension Method {
    /// A method of its own kind: `evaluate` returns the value, or throws. `proof` proves it, where that can be done.
    init<Parameters: Codable & Sendable, Value: Codable & Sendable>(
        _ name: String, _ summary: String, _ parameters: [QueryParameter] = [], from: Parameters.Type,
        value: Value.Type, isLong: Bool = false,
        proof: (@Sendable (Value, any LedgerBackend, Height) async throws -> Proof?)? = nil,
        _ evaluate: @escaping @Sendable (Parameters, any LedgerBackend) async throws -> Value
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        parametersType = from
        result = .value(value)
        common = proof == nil ? [.minHeight] : CommonParameter.read
        self.isLong = isLong
        replay = nil
        body = { arguments, backend, context in
            let own = try arguments.decoded(as: from, backend.networkKind)
            try await MinimumHeight.reach(arguments.minHeight, backend, context)
            // The head is read first: what is answered is at least as new.
            let head = await backend.head()
            let value = try await evaluate(own, backend)
            let json = try JSONValueEncoder.encode(value, networkKind: backend.networkKind)
            var evidence: Proof?
            if arguments.proves, let proof { evidence = try await proof(value, backend, arguments.checkpoint) }
            return Envelope.value(
                json, height: head.height, blockHash: head.blockHash, proof: evidence?.encoded)
        }
    }

    /// A list that is walked by numbers (heights, positions): `evaluate` gets where the page before ended.
    init<Parameters: Codable & Sendable>(
        list name: String, _ summary: String, _ parameters: [QueryParameter] = [], from: Parameters.Type,
        item: JSONValue?, itemType: any (Codable & Sendable).Type, numbers: Int,
        _ evaluate:
            @escaping @Sendable (Parameters, [UInt64]?, Int, any LedgerBackend) async throws
            -> (items: [JSONValue], next: [UInt64]?)
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        parametersType = from
        result = item.map { .describedPage($0) } ?? .page(itemType)
        common = [.limit, .cursor, .minHeight]
        isLong = false
        replay = nil
        body = { arguments, backend, context in
            let own = try arguments.decoded(as: from, backend.networkKind)
            let after = try arguments.cursor.map { (text) throws(CallFailure) in
                try PageCursor.numbers(text, count: numbers, method: name)
            }
            try await MinimumHeight.reach(arguments.minHeight, backend, context)
            let head = await backend.head()
            let (items, next) = try await evaluate(own, after, arguments.limit, backend)
            return Envelope.page(
                items, next: next.map { PageCursor.text($0, method: name) }, height: head.height,
                blockHash: head.blockHash)
        }
    }

    /// What is no read of the ledger's state.
    init<Parameters: Codable & Sendable, Value: Codable & Sendable>(
        plain name: String, _ summary: String, _ parameters: [QueryParameter] = [], from: Parameters.Type,
        to: Value.Type, isLong: Bool = false,
        _ evaluate: @escaping @Sendable (Parameters, any LedgerBackend, CallContext) async throws -> Value
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        parametersType = from
        result = .plain(to)
        common = []
        self.isLong = isLong
        replay = nil
        write = { arguments, backend, context in
            let own = try arguments.decoded(as: from, backend.networkKind)
            let value = try await evaluate(own, backend, context)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(1_024)
            try JSONByteEncoder.append(value, networkKind: backend.networkKind, to: &bytes)
            return bytes
        }
        body = { arguments, backend, context in
            let own = try arguments.decoded(as: from, backend.networkKind)
            let value = try await evaluate(own, backend, context)
            return try JSONValueEncoder.encode(value, networkKind: backend.networkKind)
        }
    }
}

struct BlockSelector: Codable, Sendable {
    let height: Height?
    let hash: Hash?

    static let parameters = [
        QueryParameter("height", "The block's height; the head if neither is given.", required: false),
        QueryParameter("hash", "Or its hash.", required: false),
    ]

    /// Nil if no final block has that hash.
    private func height(_ backend: any LedgerBackend) async throws -> Height? {
        if let hash {
            guard height == nil else { throw CallFailure.invalidParameters("hash", "Give height or hash, not both.") }
            return try await backend.height(of: hash)
        }
        if let height { return height }
        return await backend.head().height
    }

    func block(_ backend: any LedgerBackend) async throws -> BlockView? {
        guard let height = try await height(backend) else { return nil }
        return try await backend.block(at: height)
    }

    func header(_ backend: any LedgerBackend) async throws -> HeaderView? {
        guard let height = try await height(backend) else { return nil }
        return try await backend.header(at: height)
    }
}

struct EventsParameters: Codable, Sendable {
    let filter: EventFilter?
    let waitMilliseconds: UInt64?
}

struct SubscribeParameters: Codable, Sendable {
    let topic: SubscriptionRequest.Kind
    let filter: EventFilter?
    let cursor: String?
}

struct UnsubscribeParameters: Codable, Sendable {
    let subscription: String
}

extension Method {
    static let chain: [Method] = [
        Method(
            "chain_head", "The last final block.", from: NoParameters.self, value: ChainHead.self,
            proof: Self.headProof
        ) { await $1.head() },
        Method(
            "chain_block", "A final block: header, transaction hashes, certificate, bytes; null if there is none.",
            BlockSelector.parameters, from: BlockSelector.self, value: BlockView?.self,
            proof: Self.fullBlockProof
        ) { try await $0.block($1) },
        Method(
            "chain_header", "A final block's header, with its canonical bytes.", BlockSelector.parameters,
            from: BlockSelector.self, value: HeaderView?.self,
            proof: Self.headerProof
        ) { try await $0.header($1) },
        Method(
            "chain_certificate",
            "The finalization certificate of a block; null for genesis and where a later block's certificate covers it.",
            BlockSelector.parameters, from: BlockSelector.self, value: CertificateView?.self
        ) { try await $0.block($1)?.certificate },
        Method(
            list: "chain_blocks", "Headers of final blocks, newest first.", from: NoParameters.self, item: nil,
            itemType: HeaderView.self, numbers: 1
        ) { _, after, limit, backend in
            var next = await backend.head().height.value
            if let after {
                guard after[0] > 0 else { return ([], nil) }
                next = min(next, after[0] - 1)
            }
            var items: [JSONValue] = []
            while items.count < limit, let header = try await Self.header(at: next, items.isEmpty, backend) {
                items.append(try JSONValueEncoder.encode(header, networkKind: backend.networkKind))
                if next == 0 { return (items, nil) }
                next -= 1
            }
            return (items, items.count == limit ? [next + 1] : nil)
        },
        Method(
            list: "chain_evidence", "Evidence of misbehavior in final blocks, newest first.", from: NoParameters.self,
            item: nil, itemType: EvidenceView.self, numbers: 2
        ) { _, after, limit, backend in
            let before = after.map { EvidencePosition(height: Height($0[0]), index: $0[1]) }
            let found = try await backend.evidence(before: before, limit: limit)
            let items = try found.map { try JSONValueEncoder.encode($0, networkKind: backend.networkKind) }
            return (items, found.count == limit ? found.last.map { [$0.height.value, $0.index] } : nil)
        },
        chainEvents,
        Method(
            plain: "chain_subscribe",
            "WebSocket only: notifications chain_subscription {subscription, result}. topic: events or heads.",
            [
                QueryParameter("topic", "events, or heads (a header per final block)."),
                QueryParameter("filter", "Which events; what is given must all hold.", required: false),
                QueryParameter("cursor", "From where on: a cursor, start, or now (if absent).", required: false),
            ], from: SubscribeParameters.self, to: String.self
        ) { parameters, backend, context in
            guard let host = context.subscriptions else { throw ServerState.needsWebSocket }
            let follower = try await EventFollower.following(
                cursor: parameters.cursor, filter: parameters.filter ?? EventFilter(), backend: backend)
            return try await host.subscribe(SubscriptionRequest(kind: parameters.topic, follower: follower))
        },
        Method(
            plain: "chain_unsubscribe", "Ends a subscription; false if there was none.",
            [QueryParameter("subscription", "Its id.")], from: UnsubscribeParameters.self, to: Bool.self
        ) { parameters, _, context in
            guard let host = context.subscriptions else { throw ServerState.needsWebSocket }
            return await host.unsubscribe(parameters.subscription)
        },
    ]

    /// Nil where a list has come to what the node does not keep; a list that begins there is refused.
    private static func header(at height: UInt64, _ isFirst: Bool, _ backend: any LedgerBackend) async throws
        -> HeaderView?
    {
        do {
            return try await backend.header(at: Height(height))
        } catch let state as ServerState where state == .pruned && !isFirst {
            return nil
        }
    }

    /// The longest wait of a long poll; below the idle time-outs of usual proxies.
    static let longestWaitMilliseconds: UInt64 = 25_000

    private static let chainEvents = Method(
        name: "chain_events",
        summary: """
            Events of final blocks from a cursor on, in order, none skipped. next is where to go on, always given. \
            With waitMilliseconds it waits for the first when none is there.
            """,
        parameters: [
            QueryParameter("filter", "Which events; what is given must all hold.", required: false),
            QueryParameter(
                "waitMilliseconds", "How long to wait for the first event, at most \(longestWaitMilliseconds).",
                required: false),
        ],
        parametersType: EventsParameters.self, result: .describedPage(eventItemSchema), common: [.limit, .cursor],
        replay: nil, isLong: true
    ) { arguments, backend, context in
        let own = try arguments.decoded(as: EventsParameters.self, backend.networkKind)
        let wait = own.waitMilliseconds ?? 0
        guard wait <= longestWaitMilliseconds else {
            throw CallFailure.invalidParameters("waitMilliseconds", "Expected 0 to \(longestWaitMilliseconds).")
        }
        let start = try await EventCursor.resolve(arguments.cursor, standard: "start", backend: backend)
        var follower = EventFollower(position: start, filter: try (own.filter ?? EventFilter()).checked())
        var left = context.mayWait ? wait : 0
        while true {
            let (items, isCaughtUp, head) = try await follower.next(limit: arguments.limit, backend: backend)
            if !items.isEmpty || left == 0 || !isCaughtUp || Task.isCancelled {
                return Envelope.page(
                    items.map(\.json), next: follower.cursor, height: head.height, blockHash: head.blockHash)
            }
            left = await backend.waitForBlock(above: head.height, milliseconds: left)
        }
    }

    static let eventItemSchema: JSONValue = .object([
        "type": "object",
        "properties": .object([
            "cursor": .object(["type": "string"]), "height": Height.jsonSchema, "blockHash": Hash.jsonSchema,
            "time": Timestamp.jsonSchema, "index": .object(["type": "integer", "minimum": 0]),
            "transaction": .object(["type": ["string", "null"]]), "domain": .object(["type": "string"]),
            "name": .object(["type": "string"]), "event": .object(["type": "object"]),
        ]),
        "required": ["cursor", "height", "blockHash", "time", "index", "transaction", "domain", "name", "event"],
    ])

    static let node: [Method] = [
        Method(
            "node_status", "Version, network, head, lag, readiness.", from: NoParameters.self, value: NodeStatus.self
        ) { try await $1.nodeStatus() },
        Method(
            "node_health", "Whether the node is ready, and why not.", from: NoParameters.self, value: NodeHealth.self
        ) {
            let status = try await $1.nodeStatus()
            return NodeHealth(ready: status.isReady, syncing: status.isSyncing, reason: status.notReadyBecause)
        },
        Method("node_peers", "Connected peers.", from: NoParameters.self, value: [PeerView].self) {
            try await $1.peers()
        },
        Method(
            "node_validators", "The validators of the current epoch, by index.", from: NoParameters.self,
            value: [ValidatorView].self
        ) { try await $1.validators() },
    ]
}

struct NodeHealth: Codable, Sendable {
    let ready: Bool
    let syncing: Bool
    let reason: String?
}
