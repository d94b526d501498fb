internal import AsyncHTTPClient
internal import Cryptography
internal import NIOCore
internal import NIOHTTP1
internal import Primitives

/// Requests to one bucket of an S3-compatible object storage, addressed by path. Each is tried three times where the
/// storage or the way to it fails.
struct S3Client: Sendable {
    /// `http://HOST:PORT` or `https://HOST`, without a path.
    let endpoint: String
    let bucket: String
    let region: String
    let credentials: S3Credentials
    let now: @Sendable () -> Timestamp

    /// What a request carries.
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Bytes of a file, read as they are sent.
        case file(OpenFile, Range<UInt64>)
    }

    struct Answer: Sendable {
        let status: UInt
        let headers: [String: String]
        let body: [UInt8]
    }

    private static let attempts = 3
    /// A window of a blob, or a page of a list.
    private static let answerBytes = 4 << 20
    static let pieceBytes = 1 << 20

    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private var host: String { String(endpoint.split(separator: "/", maxSplits: 2).last ?? "") }

    /// Thrown: absent for 404; system for what else is no success.
    func send(
        _ method: String, _ key: String, query: [(String, String)] = [], headers: [(String, String)] = [],
        body: Body = .none
    ) async throws(ContentStoreFailure) -> Answer {
        let payload = try await hash(of: body)
        var failure = ContentStoreFailure.system(call: method, path: key, message: "was not tried")
        for attempt in 0..<Self.attempts {
            if attempt > 0 { try? await Task.sleep(for: .milliseconds(200 << (2 * attempt))) }
            do throws(ContentStoreFailure) {
                let answer = try await once(method, key, query, headers, body, payload)
                switch answer.status {
                case 200..<300: return answer
                case 404: throw .absent
                default:
                    failure = .system(
                        call: method, path: "\(bucket)/\(key)",
                        message: "status \(answer.status) \(Self.element("Code", in: answer.body) ?? "")")
                    // The request itself is wrong: it won't be right later.
                    if answer.status < 500, answer.status != 429 { throw failure }
                }
            } catch .absent {
                throw .absent
            } catch {
                failure = error
                if case .system(_, _, let message) = error, message.hasPrefix("status 4") { throw error }
            }
        }
        throw failure
    }

    private func hash(of body: Body) async throws(ContentStoreFailure) -> String {
        switch body {
        case .none: return SHA256.hash([]).description
        case .bytes(let bytes): return SHA256.hash(bytes).description
        case .file(let file, let range):
            return try await ContentWork.run { () throws(ContentStoreFailure) in
                var hasher = SHA256()
                var offset = range.lowerBound
                while offset < range.upperBound {
                    let count = min(UInt64(Self.pieceBytes), range.upperBound - offset)
                    hasher.update(try file.read(at: offset, count: Int(count)))
                    offset += count
                }
                return hasher.finalize().description
            }
        }
    }

    private func once(
        _ method: String, _ key: String, _ query: [(String, String)], _ headers: [(String, String)], _ body: Body,
        _ payload: String
    ) async throws(ContentStoreFailure) -> Answer {
        let path = "/" + S3Signature.escaped(bucket) + (key.isEmpty ? "" : "/" + S3Signature.escaped(key, isPath: true))
        let text = S3Signature.query(query)
        let stamp = S3Signature.stamp(now())
        let signed =
            [("host", host), ("x-amz-content-sha256", payload), ("x-amz-date", stamp)]
            + headers.map { ($0.0.lowercased(), $0.1) }
        let authorization = S3Signature.authorization(
            method, path: path, query: text, headers: signed.map { (name: $0.0, value: $0.1) }, payloadHash: payload,
            stamp: stamp, region: region, credentials: credentials)
        var request = HTTPClientRequest(url: endpoint + path + (text.isEmpty ? "" : "?" + text))
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in signed where name != "host" { request.headers.add(name: name, value: value) }
        request.headers.add(name: "Authorization", value: authorization)
        switch body {
        case .none: break
        case .bytes(let bytes): request.body = .bytes(bytes)
        case .file(let file, let range):
            request.body = .stream(FilePieces(file: file, range: range), length: .known(Int64(range.count)))
        }
        do {
            let response = try await Self.http.execute(request, timeout: .seconds(300))
            let buffer = try await response.body.collect(upTo: Self.answerBytes)
            var found: [String: String] = [:]
            for header in response.headers { found[header.name.lowercased()] = header.value }
            return Answer(status: response.status.code, headers: found, body: Array(buffer.readableBytesView))
        } catch {
            throw .system(call: method, path: "\(bucket)/\(key)", message: "\(error)")
        }
    }

    /// The text of the first element of that name.
    static func element(_ name: String, in body: [UInt8]) -> String? { elements(name, in: body).first }

    /// The texts of all elements of that name, which have no attributes and hold only text.
    static func elements(_ name: String, in body: [UInt8]) -> [String] {
        let text = String(decoding: body, as: UTF8.self)
        return text.split(separator: "<\(name)>", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
            rest.firstIndex(of: "<").map { String(rest[..<$0]) }
        }
    }
}

/// A part of a file, a mebibyte at a time.
private struct FilePieces: AsyncSequence, Sendable {
    let file: OpenFile
    let range: Range<UInt64>

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: OpenFile
        var offset: UInt64
        let end: UInt64

        mutating func next() async throws -> ByteBuffer? {
            guard offset < end else { return nil }
            let (file, start) = (file, offset)
            let count = Int(Swift.min(UInt64(S3Client.pieceBytes), end - offset))
            offset += UInt64(count)
            let bytes = try await ContentWork.run { () throws(ContentStoreFailure) in
                try file.read(at: start, count: count)
            }
            return ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(file: file, offset: range.lowerBound, end: range.upperBound)
    }
}
