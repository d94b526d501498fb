internal import Content
internal import ContentFormat
internal import Interface
internal import Primitives
internal import Synchronization

/// Bytes that are here.
actor StoredSource: ContentSource {
    nonisolated let size: UInt64
    nonisolated let range: Range<UInt64>
    private var reader: ContentReader
    private let content: NodeContent

    init(_ reader: ContentReader, _ content: NodeContent) {
        self.reader = reader
        self.content = content
        size = reader.record.size
        range = reader.range
    }

    func next() async throws(ContentRefusal) -> [UInt8]? {
        var reader = reader
        do throws(ContentStoreFailure) {
            let bytes = try await reader.next()
            self.reader = reader
            return bytes
        } catch {
            throw content.failed(error)
        }
    }

    nonisolated func close() {}
}

/// Bytes that come from a peer meanwhile.
actor PulledSource: ContentSource {
    nonisolated let size: UInt64
    nonisolated let range: Range<UInt64>
    private let pull: ContentPull
    private let content: NodeContent
    private var position: UInt64

    init(_ pull: ContentPull, _ range: Range<UInt64>, _ content: NodeContent) {
        self.pull = pull
        self.range = range
        self.content = content
        size = pull.layout.size
        position = range.lowerBound
    }

    func next() async throws(ContentRefusal) -> [UInt8]? {
        guard position < range.upperBound else { return nil }
        let chunk = UInt64(ContentLayout.ciphertextChunk)
        let first = position / chunk
        do throws(ContentStoreFailure) {
            let reached = try await pull.wait(for: position + 1)
            // Whole chunks, as many as are there: a mebibyte at most.
            let there = reached == size ? pull.layout.chunkCount : reached / chunk
            let last = min(first + ContentLayout.chunksPerSlice, there, (range.upperBound - 1) / chunk + 1)
            let bytes = try await pull.read(first..<last)
            let start = first * chunk
            let end = min(start + UInt64(bytes.count), range.upperBound)
            let wanted = Array(bytes[Int(position - start)..<Int(end - start)])
            position = end
            return wanted
        } catch {
            throw content.failed(error)
        }
    }

    nonisolated func close() {}
}

/// Takes the bytes of one request into the store.
struct UploadSink: ContentSink {
    private let upload: ContentUpload
    private let root: Hash
    private let size: UInt64
    private let content: NodeContent

    init(_ upload: ContentUpload, root: Hash, size: UInt64, _ content: NodeContent) {
        self.upload = upload
        self.root = root
        self.size = size
        self.content = content
    }

    func append(_ bytes: [UInt8]) async throws(ContentRefusal) {
        do throws(ContentStoreFailure) {
            try await upload.append(bytes)
        } catch {
            throw content.failed(error)
        }
    }

    func end() async throws(ContentRefusal) -> ContentStatus {
        do throws(ContentStoreFailure) {
            switch try await upload.end() {
            case .reached(let reached): return ContentStatus(root: root, size: size, reached: reached)
            case .stored: return ContentStatus(root: root, size: size, reached: size)
            }
        } catch {
            throw content.failed(error)
        }
    }

    func interrupt() async { await upload.interrupt() }
}

/// Nonces of requests that stored something, until their time has passed: none is taken twice.
final class NonceMemory: Sendable {
    enum Answer: Sendable { case fresh, used, full }

    private struct State {
        var nonces: [[UInt8]: (account: Address, until: UInt64)] = [:]
        var counts: [Address: Int] = [:]
        var swept: UInt64 = 0
    }

    /// Four minutes of uploads of everybody, and of one account.
    private static let all = 65_536
    private static let perAccount = 4_096

    private let state = Mutex(State())

    /// Times are Unix milliseconds.
    func take(_ nonce: [UInt8], of account: Address, until: UInt64, now: UInt64) -> Answer {
        state.withLock { state in
            if now >= state.swept + 1_000 {
                state.swept = now
                for (nonce, entry) in state.nonces where entry.until < now {
                    state.nonces[nonce] = nil
                    let left = (state.counts[entry.account] ?? 1) - 1
                    state.counts[entry.account] = left > 0 ? left : nil
                }
            }
            if state.nonces[nonce] != nil { return .used }
            let own = state.counts[account] ?? 0
            guard state.nonces.count < Self.all, own < Self.perAccount else { return .full }
            state.nonces[nonce] = (account, until)
            state.counts[account] = own + 1
            return .fresh
        }
    }
}
