internal import AsyncHTTPClient
internal import ContentFormat
internal import Cryptography
internal import Interface
internal import NIOCore
public import Primitives
internal import Synchronization

/// A file of ciphertext as it is uploaded: its size and root.
public struct CiphertextFile: Sendable {
    public let path: String
    public let root: Hash
    public let size: UInt64
    let layout: ContentLayout

    /// A file that this wallet made just now: its root is known, and the node computes it again.
    public init(path: String, _ made: SealedFile) throws(WalletFailure) {
        do {
            layout = try ContentLayout(size: made.size)
        } catch {
            throw WalletFailure(.usage, "\(path) is no encrypted content: \(error)")
        }
        self.path = path
        root = made.root
        size = made.size
    }

    /// Reads the file once. `progress` gets bytes done, of so many.
    public init(path: String, progress: (UInt64, UInt64) -> Void = { _, _ in }) throws(WalletFailure) {
        let file = try TransferFile(reading: path)
        let size = try file.size()
        do {
            layout = try ContentLayout(size: size)
        } catch {
            throw WalletFailure(
                .usage, "\(path) is no encrypted content: \(error)", hint: "Make it with mednexus content encrypt.")
        }
        var builder = MerkleLogBuilder()
        for slice in 0..<layout.sliceCount {
            let range = layout.ciphertextRange(layout.chunks(ofSlice: slice))
            builder.append(ContentLeaves.of(try file.read(at: range.lowerBound, count: range.count)))
            progress(range.upperBound, size)
        }
        self.path = path
        self.size = size
        root = builder.root
    }
}

enum ContentLeaves {
    /// The hashes of the chunks that `bytes` are.
    static func of(_ bytes: [UInt8]) -> [Hash] {
        stride(from: 0, to: bytes.count, by: ContentLayout.ciphertextChunk).map { start in
            MerkleLog.leafHash(bytes.span.extracting(start..<min(start + ContentLayout.ciphertextChunk, bytes.count)))
        }
    }
}

extension ContentClient {
    /// Sent with one request: what an interruption may cost.
    private static let requestBytes: UInt64 = 1_024 * 65_552
    /// Failures in a row, with longer and longer pauses, before it is given up.
    static let attempts = 8

    /// Uploads a file, going on where an earlier upload stood. `progress` gets bytes that are there, of so many.
    ///
    /// Thrown: refused with the node's reason; unreachable if it can't be reached for about a minute.
    public func upload(
        _ file: CiphertextFile, progress: @escaping @Sendable (UInt64, UInt64) -> Void = { _, _ in }
    ) async throws(WalletFailure) {
        let source = try TransferFile(reading: file.path)
        guard try source.size() == file.size else { throw WalletFailure(.usage, "\(file.path) was changed") }
        var failures = 0
        var offset: UInt64?
        while true {
            do throws(WalletFailure) {
                if offset == nil {
                    let status = try await status(of: file.root)
                    if let status, status.isWhole { return progress(file.size, file.size) }
                    offset = status?.reached ?? 0
                }
                let start = offset ?? 0
                progress(start, file.size)
                let answer = try await put(file, source, start, progress)
                switch answer.status {
                case 200, 201: return progress(file.size, file.size)
                case 202:
                    guard let reached = answer.number("Upload-Offset"), reached > start, reached <= file.size else {
                        throw failure(answer)
                    }
                    offset = reached
                    failures = 0
                case 409 where answer.number("Upload-Offset") != nil:
                    offset = answer.number("Upload-Offset")
                    failures += 1
                    guard failures < Self.attempts else { throw failure(answer) }
                default:
                    guard let pause = Self.pause(answer), failures < Self.attempts else { throw failure(answer) }
                    failures += 1
                    offset = nil
                    try? await Task.sleep(for: .seconds(Int64(min(pause, 30))))
                }
            } catch {
                // A connection that broke: the node says how far it came.
                guard error.kind == .unreachable, error.answer == nil, failures < Self.attempts else { throw error }
                failures += 1
                offset = nil
                try? await Task.sleep(for: .milliseconds(250 << failures))
            }
        }
    }

    private func put(
        _ file: CiphertextFile, _ source: TransferFile, _ start: UInt64,
        _ progress: @escaping @Sendable (UInt64, UInt64) -> Void
    ) async throws(WalletFailure) -> Answer {
        let end = min(start + Self.requestBytes, file.size)
        let request = ContentRequest(.put, file.root, offset: start, length: end - start)
        guard start < end else {
            return try await send(
                request, headers: [("Content-Range", "bytes */\(file.size)"), ("Content-Length", "0")])
        }
        let pieces = TransferPieces(file: source, range: start..<end) { progress($0, file.size) }
        return try await send(
            request, headers: [("Content-Range", "bytes \(start)-\(end - 1)/\(file.size)")],
            body: .stream(pieces, length: .known(Int64(end - start))))
    }
}

/// A part of a file as the body of a request, a mebibyte at a time.
private struct TransferPieces: AsyncSequence, Sendable {
    let file: TransferFile
    let range: Range<UInt64>
    let progress: @Sendable (UInt64) -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: TransferFile
        var offset: UInt64
        let end: UInt64
        let progress: @Sendable (UInt64) -> Void

        mutating func next() async throws -> ByteBuffer? {
            guard offset < end else { return nil }
            let count = Int(Swift.min(1 << 20, end - offset))
            let bytes = try file.read(at: offset, count: count)
            offset += UInt64(count)
            progress(offset)
            return ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(file: file, offset: range.lowerBound, end: range.upperBound, progress: progress)
    }
}
