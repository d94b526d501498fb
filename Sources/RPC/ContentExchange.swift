import Interface
import Metrics
import NIOCore
import NIOHTTP1
import Primitives

/// One request to the content store: its bodies are streams in both directions, and never held in memory whole.
struct ContentExchange: Sendable {
    typealias Parts = NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator

    let service: any ContentService
    let transfers: TransferSlots
    let timeLimit: TimeLimit
    let measures: ContentMeasures
    let commonHeaders: @Sendable (HTTPRequestHead) -> [(String, String)]

    /// What is read of a body that is refused, so that its sender reads the answer; beyond it the connection is closed.
    private static let drainedBytes = 4 << 20

    /// False if the connection is to be closed.
    func run(
        _ head: HTTPRequestHead, _ parts: inout Parts, _ outbound: HTTPOutbound, _ channel: any Channel
    ) async throws -> Bool {
        // A stopping node waits for no transfer: uploads go on where they stood.
        let stop = timeLimit.onStop { channel.close(promise: nil) }
        defer { timeLimit.forget(stop) }
        do {
            let asked = try ContentHead(head, networkKind: service.networkKind)
            let caller = try await service.authorize(asked.request, asked.authorization)
            switch asked.request.act {
            case .put: return try await put(asked, caller, head, &parts, outbound)
            case .head, .get, .proof:
                guard try await isDrained(&parts) else { return false }
                return try await answer(asked, caller, head, outbound)
            }
        } catch let refusal as ContentRefusal {
            let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            let waits = head.headers.contains(name: "expect")
            var isRead = head.method != .PUT
            if !isRead, !waits, announced <= Self.drainedBytes { isRead = try await isDrained(&parts) }
            return try await refuse(refusal, head, outbound, isRead: isRead)
        }
    }

    // MARK: Up

    private func put(
        _ asked: ContentHead, _ caller: ContentCaller, _ head: HTTPRequestHead, _ parts: inout Parts,
        _ outbound: HTTPOutbound
    ) async throws -> Bool {
        let slot = try transfers.take(caller.account)
        defer { transfers.give(slot) }
        let (root, size) = (asked.request.root, asked.size)
        guard let sink = try await service.upload(root, size: size, at: asked.request.offset, for: caller) else {
            // It is here already; whoever sends it all the same is told so.
            guard try await isDrained(&parts) else { return false }
            return try await write(status: .ok, ContentStatus(root: root, size: size, reached: size), head, outbound)
        }
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            try await outbound.write(.head(HTTPResponseHead(version: head.version, status: .continue)))
        }
        do {
            while let part = try await parts.next() {
                switch part {
                case .head:
                    await sink.interrupt()
                    return false
                case .body(let buffer):
                    measures.received.increment(by: buffer.readableBytes)
                    try await sink.append(Array(buffer.readableBytesView))
                case .end:
                    let status: ContentStatus
                    do throws(ContentRefusal) {
                        status = try await sink.end()
                    } catch {
                        await sink.interrupt()
                        return try await refuse(error, head, outbound, isRead: true)
                    }
                    return try await write(status: status.isWhole ? .created : .accepted, status, head, outbound)
                }
            }
        } catch {
            await sink.interrupt()
            throw error
        }
        await sink.interrupt()
        return false
    }

    private func write(
        status: HTTPResponseStatus, _ value: ContentStatus, _ head: HTTPRequestHead, _ outbound: HTTPOutbound
    ) async throws -> Bool {
        let body = JSONValue.object([
            "root": .string(value.root.description), "size": .unsigned(value.size), "reached": .unsigned(value.reached),
        ])
        let headers = [("Upload-Offset", "\(value.reached)"), ("Upload-Length", "\(value.size)")]
        return try await write(status, headers, body.serialized, head, outbound)
    }

    // MARK: Down

    private func answer(
        _ asked: ContentHead, _ caller: ContentCaller, _ head: HTTPRequestHead, _ outbound: HTTPOutbound
    ) async throws -> Bool {
        let (root, offset, length) = (asked.request.root, asked.request.offset, asked.request.length)
        switch asked.request.act {
        case .proof:
            let proof = try await service.proof(of: root, first: offset, count: length, for: caller)
            let json = try JSONValueEncoder.encode(proof, networkKind: service.networkKind)
            return try await write(.ok, [("Content-Type", "application/json")], json.serialized, head, outbound)
        case .head:
            let status = try await service.status(of: root, for: caller)
            var headers = [
                ("Upload-Offset", "\(status.reached)"), ("Upload-Length", "\(status.size)"), Self.tag(root),
            ]
            guard status.isWhole else { return try await write(.noContent, headers, [], head, outbound) }
            headers += [("Accept-Ranges", "bytes"), ("Content-Length", "\(status.size)")]
            return try await write(.ok, headers, [], head, outbound)
        case .get, .put:
            let slot = try transfers.take(caller.account)
            defer { transfers.give(slot) }
            let source = try await service.read(
                root, from: offset, length: asked.hasRange && length > 0 ? length : nil, for: caller)
            defer { source.close() }
            var headers = [
                ("Content-Type", "application/octet-stream"), ("Content-Length", "\(source.range.count)"),
                ("Accept-Ranges", "bytes"), ("Cache-Control", "private, immutable"), Self.tag(root),
            ]
            if asked.hasRange {
                headers.append(
                    ("Content-Range", "bytes \(source.range.lowerBound)-\(source.range.upperBound - 1)/\(source.size)"))
            }
            // Read before a status is sent, so that what can't be read is refused.
            var piece = try await source.next()
            try await outbound.write(.head(self.head(asked.hasRange ? .partialContent : .ok, headers, head)))
            do {
                while let bytes = piece {
                    try await outbound.write(.body(ByteBuffer(bytes: bytes)))
                    measures.sent.increment(by: bytes.count)
                    piece = try await source.next()
                }
            } catch is ContentRefusal {
                // Fewer bytes than were promised: the connection's end says that they are not all.
                return false
            }
            try await outbound.write(.end(nil))
            return head.isKeepAlive
        }
    }

    private static func tag(_ root: Hash) -> (String, String) { ("ETag", "\"\(root)\"") }

    // MARK: Answers

    /// Reads what is left of a request. False if it is too much, or the connection ended.
    private func isDrained(_ parts: inout Parts) async throws -> Bool {
        var left = Self.drainedBytes
        while let part = try await parts.next() {
            switch part {
            case .head: return false
            case .body(let buffer):
                left -= buffer.readableBytes
                guard left >= 0 else { return false }
            case .end: return true
            }
        }
        return false
    }

    private func refuse(
        _ refusal: ContentRefusal, _ head: HTTPRequestHead, _ outbound: HTTPOutbound, isRead: Bool
    ) async throws -> Bool {
        measures.refused(refusal.status)
        var headers = [("Content-Type", "application/json")]
        if let seconds = refusal.retryAfter { headers.append(("Retry-After", "\(seconds)")) }
        if let reached = refusal.reached { headers.append(("Upload-Offset", "\(reached)")) }
        if let size = refusal.size { headers.append(("Content-Range", "bytes */\(size)")) }
        if refusal.status == 401 { headers.append(("WWW-Authenticate", ContentAuthorization.scheme)) }
        return try await write(
            HTTPResponseStatus(statusCode: refusal.status), headers, refusal.failure.json.serialized, head, outbound,
            closes: !isRead)
    }

    private func head(
        _ status: HTTPResponseStatus, _ headers: [(String, String)], _ request: HTTPRequestHead
    ) -> HTTPResponseHead {
        var head = HTTPResponseHead(version: .http1_1, status: status)
        for (name, value) in headers + commonHeaders(request) { head.headers.add(name: name, value: value) }
        return head
    }

    private func write(
        _ status: HTTPResponseStatus, _ headers: [(String, String)], _ body: [UInt8], _ request: HTTPRequestHead,
        _ outbound: HTTPOutbound, closes: Bool = false
    ) async throws -> Bool {
        var head = head(status, headers, request)
        let keepsOpen = request.isKeepAlive && !closes
        if status != .noContent, !head.headers.contains(name: "content-length") {
            head.headers.add(name: "Content-Length", value: "\(body.count)")
        }
        if !keepsOpen { head.headers.add(name: "Connection", value: "close") }
        try await outbound.write(.head(head))
        if !body.isEmpty, request.method != .HEAD { try await outbound.write(.body(ByteBuffer(bytes: body))) }
        try await outbound.write(.end(nil))
        return keepsOpen
    }
}
