internal import Encoding
public import Primitives

/// How an S3-compatible object storage is reached.
public struct S3Settings: Sendable {
    /// `http://HOST:PORT` or `https://HOST`, without a path.
    public let endpoint: String
    public let bucket: String
    public let region: String
    let credentials: S3Credentials

    public init(endpoint: String, bucket: String, region: String, accessKey: String, secretKey: String) {
        self.endpoint = endpoint
        self.bucket = bucket
        self.region = region
        credentials = S3Credentials(accessKey: accessKey, secretKey: secretKey)
    }
}

/// Blobs in a bucket, which is this store's alone:
///
/// - `data/ROOT`, `tree/ROOT` · `blobs/ROOT/SIZE/TIME/PARTY`: empty, written last: without it there is no blob
/// - `erased/ROOT/RECEIPT/TIME`: empty, a tombstone
///
/// What names say needs no reading: a store opens with one list of each kind.
public struct S3Content: ContentBackend {
    private let client: S3Client

    /// Above it an object is sent in parts, of which the storage takes ten thousand.
    private static let partBytes: UInt64 = 16 << 20
    private static let parts: UInt64 = 9_000

    public init(_ settings: S3Settings, now: @escaping @Sendable () -> Timestamp) {
        client = S3Client(
            endpoint: settings.endpoint, bucket: settings.bucket, region: settings.region,
            credentials: settings.credentials, now: now)
    }

    private func marker(_ record: BlobRecord) -> String {
        "blobs/\(record.root)/\(record.size)/\(record.storedAt.milliseconds)/\(Self.text(record.party))"
    }

    /// A kind and 64 hexadecimal digits: no name of a network in it.
    private static func text(_ party: Party?) -> String {
        switch party {
        case .account(let address): "a\(address.bytes)"
        case .organization(let id): "o\(id.bytes)"
        case nil: "copy"
        }
    }

    private static func party(_ text: Substring) -> Party?? {
        if text == "copy" { return .some(nil) }
        guard let bytes = bytes(text.dropFirst()) else { return nil }
        switch text.first {
        case "a": return .some(.account(Address(bytes)))
        case "o": return .some(.organization(OrganizationID(bytes)))
        default: return nil
        }
    }

    private static func bytes(_ text: Substring) -> Bytes32? {
        Hexadecimal.decode(String(text)).flatMap { Bytes32($0) }
    }

    public func open() async throws(ContentStoreFailure) -> (blobs: [BlobRecord], tombstones: [Tombstone]) {
        var blobs: [BlobRecord] = []
        for key in try await keys(prefix: "blobs/") {
            let words = key.split(separator: "/")
            guard words.count == 5, let root = Self.bytes(words[1]), let size = UInt64(words[2]),
                let time = UInt64(words[3]), let party = Self.party(words[4])
            else { throw .damaged("the bucket holds \(key), which is no blob's name") }
            blobs.append(BlobRecord(root: Hash(root), size: size, party: party, storedAt: Timestamp(time)))
        }
        var tombstones: [Tombstone] = []
        for key in try await keys(prefix: "erased/") {
            let words = key.split(separator: "/")
            guard words.count == 4, let root = Self.bytes(words[1]), let receipt = Self.bytes(words[2]),
                let time = UInt64(words[3])
            else { throw .damaged("the bucket holds \(key), which is no tombstone's name") }
            tombstones.append(Tombstone(root: Hash(root), receipt: receipt, time: Timestamp(time)))
        }
        return (blobs, tombstones)
    }

    /// All keys that begin so, a thousand with each request.
    private func keys(prefix: String) async throws(ContentStoreFailure) -> [String] {
        var keys: [String] = []
        var token: String?
        repeat {
            let more = token.map { [("continuation-token", $0)] } ?? []
            let answer = try await client.send("GET", "", query: [("list-type", "2"), ("prefix", prefix)] + more)
            keys += S3Client.elements("Key", in: answer.body)
            token = S3Client.element("NextContinuationToken", in: answer.body)
        } while token != nil
        return keys
    }

    public func publish(_ record: BlobRecord, from folder: String) async throws(ContentStoreFailure) {
        for name in ["data", "tree"] {
            let (file, size) = try await ContentWork.run { () throws(ContentStoreFailure) in
                let file = try OpenFile.open("\(folder)/\(name)")
                return (file, try file.size())
            }
            try await put("\(name)/\(record.root)", file, size)
        }
        _ = try await client.send("PUT", marker(record))
        try await ContentWork.run { () throws(ContentStoreFailure) in try FileCalls.removeFolder(folder) }
    }

    private func put(_ key: String, _ file: OpenFile, _ size: UInt64) async throws(ContentStoreFailure) {
        guard size > Self.partBytes else {
            _ = try await client.send("PUT", key, body: .file(file, 0..<size))
            return
        }
        let started = try await client.send("POST", key, query: [("uploads", "")])
        guard let upload = S3Client.element("UploadId", in: started.body) else {
            throw .system(call: "POST", path: key, message: "an answer without UploadId")
        }
        do throws(ContentStoreFailure) {
            let partBytes = max(Self.partBytes, size / Self.parts + 1)
            var tags: [String] = []
            var offset: UInt64 = 0
            while offset < size {
                let end = min(offset + partBytes, size)
                let answer = try await client.send(
                    "PUT", key, query: [("partNumber", "\(tags.count + 1)"), ("uploadId", upload)],
                    body: .file(file, offset..<end))
                guard let tag = answer.headers["etag"] else {
                    throw ContentStoreFailure.system(call: "PUT", path: key, message: "a part without ETag")
                }
                tags.append(tag)
                offset = end
            }
            let list = tags.enumerated().map {
                "<Part><PartNumber>\($0.offset + 1)</PartNumber><ETag>\($0.element)</ETag></Part>"
            }.joined()
            let body = "<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>"
            let done = try await client.send("POST", key, query: [("uploadId", upload)], body: .bytes(Array(body.utf8)))
            // It may answer 200 and then fail.
            if S3Client.element("Code", in: done.body) != nil {
                throw ContentStoreFailure.system(call: "POST", path: key, message: "the parts were not joined")
            }
        } catch {
            // What is not aborted here goes by the bucket's own rule for unfinished uploads.
            _ = try? await client.send("DELETE", key, query: [("uploadId", upload)])
            throw error
        }
    }

    public func data(of root: Hash, at offset: UInt64, count: Int) async throws(ContentStoreFailure) -> [UInt8] {
        try await read("data/\(root)", offset, count)
    }

    public func tree(of root: Hash, at offset: UInt64, count: Int) async throws(ContentStoreFailure) -> [UInt8] {
        try await read("tree/\(root)", offset, count)
    }

    private func read(_ key: String, _ offset: UInt64, _ count: Int) async throws(ContentStoreFailure) -> [UInt8] {
        let answer = try await client.send(
            "GET", key, headers: [("Range", "bytes=\(offset)-\(offset + UInt64(count) - 1)")])
        guard answer.body.count == count else { throw .damaged("\(key) ends before byte \(offset + UInt64(count))") }
        return answer.body
    }

    public func remove(_ record: BlobRecord) async throws(ContentStoreFailure) {
        // The marker first: what a stop leaves behind it is no blob, and is overwritten or removed the next time.
        for key in [marker(record), "data/\(record.root)", "tree/\(record.root)"] {
            do throws(ContentStoreFailure) {
                _ = try await client.send("DELETE", key)
            } catch .absent {
                continue
            }
        }
    }

    public func bury(_ tombstone: Tombstone) async throws(ContentStoreFailure) {
        _ = try await client.send(
            "PUT", "erased/\(tombstone.root)/\(tombstone.receipt)/\(tombstone.time.milliseconds)")
    }

    public func freeBytes() async throws(ContentStoreFailure) -> UInt64? { nil }
}
