internal import Cryptography
public import Primitives
internal import Synchronization

/// What was done with content.
public enum ContentAct: String, Sendable, CaseIterable {
    /// A blob was taken whole.
    case put
    /// A range was asked for by an account, and is being served.
    case get
    /// Likewise by another node.
    case peerGet = "peer-get"
    /// A copy was fetched from another node.
    case fetch
    /// A blob, or an unfinished upload, went since nothing on the ledger names it, or since room was needed.
    case delete
    /// A blob was destroyed by an erasure.
    case erase
}

/// One line of the access log.
public struct AccessEntry: Hashable, Sendable {
    public let act: ContentAct
    /// An account, a node's transport key, or `node` for the node itself; no spaces.
    public let who: String
    public let root: Hash
    public let offset: UInt64
    /// Bytes.
    public let length: UInt64

    public init(_ act: ContentAct, by who: String, _ root: Hash, offset: UInt64 = 0, length: UInt64) {
        precondition(!who.isEmpty && who.utf8.allSatisfy { $0 > 32 && $0 < 127 }, "a name is one word")
        self.act = act
        self.who = who
        self.root = root
        self.offset = offset
        self.length = length
    }
}

/// Who did what with which content: lines of text, each chained to the one before by a hash (Specs/content-store.md), in
/// files of bounded size. Old files go; the chain goes on.
///
///     # FIRST-INDEX HASH-BEFORE
///     INDEX TIME ACT WHO ROOT OFFSET LENGTH HASH
public final class AccessLog: Sendable {
    private struct Content {
        var file: OpenFile
        var number: UInt64
        var size: UInt64
        var position: AccessLogPosition
        var isDirty = false
        /// The last write failed: nothing is served until a line can be written again.
        var hasFailed = false
    }

    private let folder: String
    private let fileBytes: UInt64
    private let files: Int
    private let content: Mutex<Content>

    /// - Parameters:
    ///   - fileBytes: a file that has reached so many is followed by the next.
    ///   - files: how many are kept.
    ///
    /// Thrown: ``ContentStoreFailure/damaged(_:)`` if a line of the newest file was changed. A line that a crash left
    /// half written is cut off.
    public init(folder: String, fileBytes: UInt64 = 16 << 20, files: Int) throws(ContentStoreFailure) {
        self.folder = folder
        self.fileBytes = fileBytes
        self.files = max(2, files)
        try FileCalls.makeFolder(folder)
        if let number = try AccessLogFiles.numbers(in: folder).last {
            let path = AccessLogFiles.path(number, in: folder)
            let read = try AccessLogFiles.read(path)
            let file = try OpenFile.open(path, writing: true)
            try file.truncate(to: read.wholeBytes)
            if let end = read.end {
                content = Mutex(Content(file: file, number: number, size: read.wholeBytes, position: end))
                return
            }
            // Not even its first line was written whole.
            try FileCalls.removeFile(path)
            let before = try AccessLogFiles.numbers(in: folder).last.map { (number) throws(ContentStoreFailure) in
                try AccessLogFiles.read(AccessLogFiles.path(number, in: folder)).end
            }
            content = Mutex(try Self.begin(number, at: (before ?? nil) ?? .start, in: folder))
        } else {
            content = Mutex(try Self.begin(1, at: .start, in: folder))
        }
    }

    private static func begin(
        _ number: UInt64, at position: AccessLogPosition, in folder: String
    ) throws(ContentStoreFailure) -> Content {
        let file = try OpenFile.open(AccessLogFiles.path(number, in: folder), writing: true, isMade: true)
        let line = Array("# \(position.next) \(position.hash)\n".utf8)
        try file.truncate(to: 0)
        try file.write(line, at: 0)
        try file.synchronize()
        try FileCalls.synchronizeFolder(folder)
        return Content(file: file, number: number, size: UInt64(line.count), position: position)
    }

    /// Where the chain stands: to be kept elsewhere by whoever wants to see later that no line went missing at its end.
    public var position: AccessLogPosition { content.withLock { $0.position } }

    /// Adds a line. It is durable on return if `isDurable`, else after the next ``synchronize()``.
    public func append(_ entry: AccessEntry, at time: Timestamp, isDurable: Bool) throws(ContentStoreFailure) {
        let result = content.withLock { content -> Result<[UInt64], ContentStoreFailure> in
            do throws(ContentStoreFailure) {
                return .success(try write(entry, time, isDurable, &content))
            } catch {
                // What was written of the line is overwritten by the next.
                return .failure(error)
            }
        }
        for number in try result.get() { try FileCalls.removeFile(AccessLogFiles.path(number, in: folder)) }
    }

    /// The numbers of files that are no longer kept.
    private func write(
        _ entry: AccessEntry, _ time: Timestamp, _ isDurable: Bool, _ content: inout Content
    ) throws(ContentStoreFailure) -> [UInt64] {
        var outdated: [UInt64] = []
        if content.size >= fileBytes {
            try content.file.synchronize()
            content = try Self.begin(content.number + 1, at: content.position, in: folder)
            let all = try AccessLogFiles.numbers(in: folder)
            outdated = Array(all.dropLast(files))
        }
        let text =
            "\(content.position.next) \(time.milliseconds) \(entry.act.rawValue) \(entry.who) \(entry.root)"
            + " \(entry.offset) \(entry.length)"
        let position = content.position.advanced(by: text)
        let line = Array("\(text) \(position.hash)\n".utf8)
        try content.file.write(line, at: content.size)
        content.size += UInt64(line.count)
        content.position = position
        content.isDirty = true
        if isDurable {
            try content.file.synchronize()
            content.isDirty = false
        }
        return outdated
    }

    /// Makes durable what was added.
    public func synchronize() throws(ContentStoreFailure) {
        let file = content.withLock { content -> OpenFile? in
            defer { content.isDirty = false }
            return content.isDirty ? content.file : nil
        }
        try file?.synchronize()
    }
}

/// Where a chain of lines stands: the next line's number, and the hash of the last.
public struct AccessLogPosition: Hashable, Sendable {
    public let next: UInt64
    public let hash: Hash

    public static let start = AccessLogPosition(next: 1, hash: .zero)

    static let tag = HashTag("mednexus/content-access")

    /// After a line, `text` being all of it before its hash and the space before that.
    func advanced(by text: String) -> AccessLogPosition {
        var hasher = Self.tag.hasher
        hasher.update(hash.bytes)
        hasher.update(Array(text.utf8))
        return AccessLogPosition(next: next + 1, hash: hasher.finalize())
    }
}
