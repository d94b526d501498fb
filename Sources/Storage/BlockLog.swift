internal import Dispatch
public import Primitives
internal import Synchronization

/// A final block as the log keeps it. The parts are encoded; the log does not look inside.
public struct LoggedBlock: Hashable, Sendable {
    public let height: Height
    public let hash: Hash
    public let header: [UInt8]
    /// The whole block, header included.
    public let block: [UInt8]
    /// The finalization certificate.
    public let certificate: [UInt8]
    public let receipts: [UInt8]
    /// What leads a verifier from the validators of this block to the next ones; nil where they stay.
    public let hop: [UInt8]?

    public init(
        height: Height, hash: Hash, header: [UInt8], block: [UInt8], certificate: [UInt8], receipts: [UInt8],
        hop: [UInt8]? = nil
    ) {
        self.height = height
        self.hash = hash
        self.header = header
        self.block = block
        self.certificate = certificate
        self.receipts = receipts
        self.hop = hop
    }
}

/// What stays of every block forever.
public struct LoggedHeader: Hashable, Sendable {
    public let height: Height
    public let hash: Hash
    public let header: [UInt8]
    public let certificate: [UInt8]

    public init(height: Height, hash: Hash, header: [UInt8], certificate: [UInt8]) {
        self.height = height
        self.hash = hash
        self.header = header
        self.certificate = certificate
    }
}

/// The last final block.
public struct LogTip: Hashable, Sendable {
    public let height: Height
    public let hash: Hash
}

/// The chain on disk: every final block with its certificate and receipts, and the bodies of blocks that may become
/// final. What a call that writes returns from is durable.
///
/// Safe to use from several threads. One thread writes (a serial queue); reads see the last commit and never wait.
public final class BlockLog: Sendable {
    private let environment: LMDBEnvironment
    private let writer = DispatchQueue(label: "mednexus.log")
    private let tipBox: Mutex<LogTip?>

    private var headers: LMDBTable { environment.tables[0] }
    private var blocks: LMDBTable { environment.tables[1] }
    private var receiptsTable: LMDBTable { environment.tables[2] }
    private var hashes: LMDBTable { environment.tables[3] }
    private var bodies: LMDBTable { environment.tables[4] }
    private var hopsTable: LMDBTable { environment.tables[5] }

    static let tableNames = ["headers", "blocks", "receipts", "hashes", "bodies", "hops", "meta"]

    /// A tebibyte of address space: at 2 MiB a block, half a million full blocks; it costs nothing until used.
    public static let defaultMapBytes = 1 << 40

    /// Opens or creates the log in `home`.
    public init(in home: Home, mapBytes: Int = BlockLog.defaultMapBytes) throws(StorageFailure) {
        let environment = try LMDBEnvironment(
            in: home, name: "log", options: .init(mapBytes: mapBytes, tables: Self.tableNames))
        try Schema.settle(environment, name: "log", meta: environment.tables[6], home: home)
        self.environment = environment
        tipBox = Mutex(try Self.tip(in: environment))
    }

    /// The last final block of an environment whose tables are ``tableNames``.
    static func tip(in environment: LMDBEnvironment) throws(StorageFailure) -> LogTip? {
        let transaction = try ReadTransaction(environment)
        var tip: LogTip?
        try unsafe transaction.reads.walk(environment.tables[0], from: [], descending: true) {
            (key, value) throws(StorageFailure) in
            let height = try unsafe Self.height(key)
            let entry = try unsafe Self.header(height, Self.checked(value, "header", height))
            tip = LogTip(height: height, hash: entry.hash)
            return false
        }
        return tip
    }

    /// The last final block; nil while the log is empty.
    public var tip: LogTip? { tipBox.withLock { $0 } }

    /// The lowest block that is kept whole: all from it to the tip are. Nil while the log is empty.
    public func lowestBlock() throws(StorageFailure) -> Height? { try Self.lowestBlock(in: environment) }

    static func lowestBlock(in environment: LMDBEnvironment) throws(StorageFailure) -> Height? {
        let transaction = try ReadTransaction(environment)
        var lowest: Height?
        try unsafe transaction.reads.walk(environment.tables[1], from: []) { (key, _) throws(StorageFailure) in
            lowest = try unsafe height(key)
            return false
        }
        return lowest
    }

    private static func height(_ key: UnsafeRawBufferPointer) throws(StorageFailure) -> Height {
        guard key.count == 8 else { throw .damaged(what: "a key of the log has \(key.count) bytes, not 8") }
        return Height(UInt64(bigEndianBytes: unsafe [UInt8](key)[...]))
    }

    /// Appends final blocks, in order of height and without gaps, in one durable transaction; bodies of their heights
    /// and below go. An empty log begins at any height (a node that synced state begins there).
    public func append(_ entries: [LoggedBlock]) throws(StorageFailure) {
        guard !entries.isEmpty else { return }
        try onWriter { () throws(StorageFailure) in try self.write(entries) }
    }

    public func append(_ entry: LoggedBlock) throws(StorageFailure) { try append([entry]) }

    private func write(_ entries: [LoggedBlock]) throws(StorageFailure) {
        var expected = tip.map(\.height.next)
        let transaction = try WriteTransaction(environment)
        for entry in entries {
            guard expected == nil || entry.height == expected else {
                throw .outOfOrder("block \(entry.height) can't be appended where \(expected ?? .genesis) is due")
            }
            expected = entry.height.next
            let key = entry.height.value.bigEndianBytes
            let header = Self.headerValue(entry.hash, header: entry.header, certificate: entry.certificate)
            try transaction.put(headers, key, Self.check(header, entry.height), isAppended: true)
            try transaction.put(blocks, key, Self.check(entry.block, entry.height), isAppended: true)
            try transaction.put(receiptsTable, key, Self.check(entry.receipts, entry.height), isAppended: true)
            try transaction.put(hashes, entry.hash.bytes.array, key)
            if let hop = entry.hop { try transaction.put(hopsTable, key, Self.check(hop, entry.height)) }
        }
        let last = entries[entries.count - 1]
        try dropBodies(upTo: last.height, transaction)
        try transaction.commit()
        tipBox.withLock { $0 = LogTip(height: last.height, hash: last.hash) }
    }

    /// Makes an empty log one that goes on behind the last of `headers`, whose state came by other means: blocks without
    /// bodies, ascending, with gaps between them, and the hops that came along. One durable transaction.
    public func begin(
        behind headers: [LoggedHeader], hops: [(height: Height, hop: [UInt8])]
    ) throws(StorageFailure) {
        guard let last = headers.last else { return }
        try onWriter { () throws(StorageFailure) in
            guard self.tip == nil else { throw .outOfOrder("The log has blocks already.") }
            let transaction = try WriteTransaction(self.environment)
            for entry in headers {
                let key = entry.height.value.bigEndianBytes
                let value = Self.headerValue(entry.hash, header: entry.header, certificate: entry.certificate)
                try transaction.put(self.headers, key, Self.check(value, entry.height), isAppended: true)
                try transaction.put(self.hashes, entry.hash.bytes.array, key)
            }
            for (height, hop) in hops {
                try transaction.put(self.hopsTable, height.value.bigEndianBytes, Self.check(hop, height))
            }
            try transaction.commit()
            self.tipBox.withLock { $0 = LogTip(height: last.height, hash: last.hash) }
        }
    }

    private static func headerValue(_ hash: Hash, header: [UInt8], certificate: [UInt8]) -> [UInt8] {
        hash.bytes.array + UInt32(header.count).bigEndianBytes + header + certificate
    }

    private func dropBodies(
        upTo height: Height, _ transaction: borrowing WriteTransaction
    ) throws(StorageFailure) {
        var settled: [[UInt8]] = []
        // A handful: those proposed since the last final block.
        try unsafe transaction.walk(bodies, from: []) { (key, value) throws(StorageFailure) in
            if unsafe Self.bodyHeight(value) <= height { settled.append(unsafe [UInt8](key)) }
            return true
        }
        for key in settled { try transaction.delete(bodies, key) }
    }

    /// Makes the body of a block that is not final durable; before one's own notarize.
    public func storeBody(hash: Hash, height: Height, block: [UInt8]) throws(StorageFailure) {
        let value = height.value.bigEndianBytes + block
        let checked = Checksum.xxh64(value, seed: hash.bytes.firstWord).bigEndianBytes + value
        try onWriter { () throws(StorageFailure) in
            let transaction = try WriteTransaction(self.environment)
            try transaction.put(self.bodies, hash.bytes.array, checked)
            try transaction.commit()
        }
    }

    /// The body of a block that is not final.
    public func body(_ hash: Hash) throws(StorageFailure) -> [UInt8]? {
        let transaction = try ReadTransaction(environment)
        return try unsafe transaction.reads.get(bodies, hash.bytes.array) { (value) throws(StorageFailure) in
            try unsafe Self.bodyParts(value, hash).block
        }
    }

    /// Every body, by hash; a restart offers them to consensus again.
    public func storedBodies() throws(StorageFailure) -> [(hash: Hash, height: Height, block: [UInt8])] {
        let transaction = try ReadTransaction(environment)
        var found: [(hash: Hash, height: Height, block: [UInt8])] = []
        try unsafe transaction.reads.walk(bodies, from: []) { (key, value) throws(StorageFailure) in
            guard let bytes = unsafe Bytes32([UInt8](key)) else { throw .damaged(what: "a key of a stored body") }
            let hash = Hash(bytes)
            let parts = try unsafe Self.bodyParts(value, hash)
            found.append((hash, parts.height, parts.block))
            return true
        }
        return found
    }

    public func header(at height: Height) throws(StorageFailure) -> LoggedHeader? {
        let transaction = try ReadTransaction(environment)
        return try unsafe transaction.reads.get(headers, height.value.bigEndianBytes) {
            (value) throws(StorageFailure) in
            try Self.header(height, unsafe Self.checked(value, "header", height))
        }
    }

    /// The hops of blocks in `heights`, ascending, at most `limit`: where the validators changed.
    public func hops(in heights: Range<UInt64>, limit: Int) throws(StorageFailure) -> [(height: Height, hop: [UInt8])] {
        let transaction = try ReadTransaction(environment)
        var found: [(height: Height, hop: [UInt8])] = []
        try unsafe transaction.reads.walk(hopsTable, from: heights.lowerBound.bigEndianBytes) {
            (key, value) throws(StorageFailure) in
            let height = Height(UInt64(bigEndianBytes: unsafe [UInt8](key)[...]))
            guard found.count < limit, heights.contains(height.value) else { return false }
            found.append((height, try unsafe Self.checked(value, "hop", height)))
            return true
        }
        return found
    }

    /// The last hop of a block below `height`.
    public func lastHop(below height: Height) throws(StorageFailure) -> [UInt8]? {
        guard height > .genesis else { return nil }
        let transaction = try ReadTransaction(environment)
        var found: [UInt8]?
        try unsafe transaction.reads.walk(hopsTable, from: (height.value - 1).bigEndianBytes, descending: true) {
            (key, value) throws(StorageFailure) in
            let height = Height(UInt64(bigEndianBytes: unsafe [UInt8](key)[...]))
            found = try unsafe Self.checked(value, "hop", height)
            return false
        }
        return found
    }

    /// Adds hops that came with a snapshot, in one durable transaction.
    public func store(hops: [(height: Height, hop: [UInt8])]) throws(StorageFailure) {
        try onWriter { () throws(StorageFailure) in
            let transaction = try WriteTransaction(self.environment)
            for (height, hop) in hops {
                try transaction.put(self.hopsTable, height.value.bigEndianBytes, Self.check(hop, height))
            }
            try transaction.commit()
        }
    }

    /// The lowest height from `height` on of which the header is here. Only a log that began with a snapshot has gaps.
    public func nextHeader(from height: Height) throws(StorageFailure) -> Height? {
        let transaction = try ReadTransaction(environment)
        var found: Height?
        try unsafe transaction.reads.walk(headers, from: height.value.bigEndianBytes) {
            (key, _) throws(StorageFailure) in
            found = try unsafe Self.height(key)
            return false
        }
        return found
    }

    /// The whole block; nil if there is none, or its body was pruned.
    public func block(at height: Height) throws(StorageFailure) -> [UInt8]? {
        try part(blocks, "block", height)
    }

    public func receipts(at height: Height) throws(StorageFailure) -> [UInt8]? {
        try part(receiptsTable, "receipts", height)
    }

    private func part(_ table: LMDBTable, _ name: String, _ height: Height) throws(StorageFailure) -> [UInt8]? {
        let transaction = try ReadTransaction(environment)
        return try unsafe transaction.reads.get(table, height.value.bigEndianBytes) { (value) throws(StorageFailure) in
            try unsafe Self.checked(value, name, height)
        }
    }

    /// The height of a final block.
    public func height(of hash: Hash) throws(StorageFailure) -> Height? {
        let transaction = try ReadTransaction(environment)
        return try unsafe transaction.reads.get(hashes, hash.bytes.array) { (value) throws(StorageFailure) in
            guard value.count == 8 else { throw .damaged(what: "the height of block \(hash)") }
            return Height(UInt64(bigEndianBytes: unsafe [UInt8](value)[...]))
        }
    }

    /// A complete entry.
    public func entry(at height: Height) throws(StorageFailure) -> LoggedBlock? {
        guard let header = try header(at: height), let block = try block(at: height),
            let receipts = try receipts(at: height)
        else { return nil }
        return LoggedBlock(
            height: height, hash: header.hash, header: header.header, block: block, certificate: header.certificate,
            receipts: receipts)
    }

    /// Complete entries from `height` on, at most `limit` and, behind the first, `maximumBytes` of blocks. Ends at the
    /// first that is missing or pruned.
    public func entries(
        from height: Height, limit: Int, maximumBytes: Int = .max
    ) throws(StorageFailure) -> [LoggedBlock] {
        var found: [LoggedBlock] = []
        var bytes = 0
        var height = height
        while found.count < limit, let entry = try entry(at: height) {
            bytes += entry.block.count
            if bytes > maximumBytes, !found.isEmpty { break }
            found.append(entry)
            height = height.next
        }
        return found
    }

    /// Removes blocks and receipts below `height`; headers and certificates stay. At most `limit` at a time, so that
    /// appends don't wait long. Returns how many went.
    @discardableResult
    public func prune(below height: Height, limit: Int = 256) throws(StorageFailure) -> Int {
        try onWriter { () throws(StorageFailure) in
            let transaction = try WriteTransaction(self.environment)
            var keys: [[UInt8]] = []
            try unsafe transaction.walk(self.blocks, from: []) { (key, _) throws(StorageFailure) in
                guard keys.count < limit, try unsafe Self.height(key) < height else { return false }
                keys.append(unsafe [UInt8](key))
                return true
            }
            for key in keys {
                try transaction.delete(self.blocks, key)
                try transaction.delete(self.receiptsTable, key)
            }
            try transaction.commit()
            return keys.count
        }
    }

    /// Copies the log as of now into a new directory, while reads and writes go on.
    public func copy(to directory: String) throws(StorageFailure) { try environment.copy(to: directory) }

    private func onWriter<Value: Sendable>(
        _ body: @Sendable () throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value {
        // One writer at a time; the transaction begins and ends on the thread that runs the block.
        let result = writer.sync { () -> Result<Value, StorageFailure> in
            do throws(StorageFailure) { return .success(try body()) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

extension BlockLog {
    private static func check(_ bytes: [UInt8], _ height: Height) -> [UInt8] {
        Checksum.xxh64(bytes, seed: height.value).bigEndianBytes + bytes
    }

    private static func checked(
        _ stored: UnsafeRawBufferPointer, _ part: String, _ height: Height
    ) throws(StorageFailure) -> [UInt8] {
        guard stored.count >= 8 else { throw .damaged(what: "the \(part) of height \(height) is cut short") }
        let expected = UInt64(bigEndian: unsafe stored.loadUnaligned(as: UInt64.self))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: stored[8...])
        guard unsafe Checksum.xxh64(rest, seed: height.value) == expected else {
            throw .damaged(what: "the \(part) of height \(height) fails its check")
        }
        return unsafe [UInt8](rest)
    }

    private static func header(_ height: Height, _ bytes: [UInt8]) throws(StorageFailure) -> LoggedHeader {
        guard bytes.count >= 36 else { throw .damaged(what: "the header of height \(height) is cut short") }
        let end = 36 + Int(UInt32(bigEndianBytes: bytes[32..<36]))
        guard end <= bytes.count else { throw .damaged(what: "the header of height \(height) is cut short") }
        return LoggedHeader(
            height: height, hash: Hash(Bytes32(unchecked: bytes, at: 0)), header: Array(bytes[36..<end]),
            certificate: Array(bytes[end...]))
    }

    private static func bodyHeight(_ stored: UnsafeRawBufferPointer) -> Height {
        guard stored.count >= 16 else { return .genesis }
        return Height(UInt64(bigEndian: unsafe stored.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    private static func bodyParts(
        _ stored: UnsafeRawBufferPointer, _ hash: Hash
    ) throws(StorageFailure) -> (height: Height, block: [UInt8]) {
        guard stored.count >= 16 else { throw .damaged(what: "the body of block \(hash) is cut short") }
        let expected = UInt64(bigEndian: unsafe stored.loadUnaligned(as: UInt64.self))
        let rest = unsafe UnsafeRawBufferPointer(rebasing: stored[8...])
        guard unsafe Checksum.xxh64(rest, seed: hash.bytes.firstWord) == expected else {
            throw .damaged(what: "the body of block \(hash) fails its check")
        }
        return unsafe (bodyHeight(stored), [UInt8](UnsafeRawBufferPointer(rebasing: rest[8...])))
    }
}
