internal import Primitives
internal import StateModel

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Sorts more index entries than memory holds: runs of a bounded size, each sorted and written to a file, and one merge
/// over all of them at the end.
///
/// A run's file has no name any more once it is open, so nothing is left behind by a crash. An entry in it is
/// `key length (2) ‖ value length (4) ‖ key ‖ value`. Single owner.
final class SortedRuns {
    /// What a merge reads of each run at a time.
    private static let readBytes = 128 << 10

    private let directory: String
    private let memoryBytes: Int
    private var entries: [IndexEntry] = []
    private var bytes = 0
    private var runs: [Run] = []

    /// Runs are files in `directory`; at most about `memoryBytes` of entries are in memory at once.
    init(in directory: String, memoryBytes: Int) {
        self.directory = directory
        self.memoryBytes = memoryBytes
    }

    func append(_ entry: IndexEntry) throws(StorageFailure) {
        guard !entry.key.bytes.isEmpty, entry.key.bytes.count <= StateLayer.maximumIndexKeyBytes else {
            throw .outOfOrder(
                "An index key has \(entry.key.bytes.count) bytes, of 1...\(StateLayer.maximumIndexKeyBytes).")
        }
        // Beside their bytes, the arrays take a header each, and the entry itself two words.
        bytes += 112 + entry.key.bytes.count + entry.value.count
        entries.append(entry)
        if bytes >= memoryBytes { try spill() }
    }

    private func spill() throws(StorageFailure) {
        entries.sort { $0.key < $1.key }
        let run = try Run(path: "\(directory)/run-\(runs.count)")
        var part: [UInt8] = []
        for entry in entries {
            part += UInt16(entry.key.bytes.count).bigEndianBytes
            part += UInt32(entry.value.count).bigEndianBytes
            part += entry.key.bytes
            part += entry.value
            if part.count >= 1 << 20 {
                try run.write(part)
                part.removeAll(keepingCapacity: true)
            }
        }
        try run.write(part)
        runs.append(run)
        entries = []
        bytes = 0
    }

    /// Hands out every entry in order of its key; of two with one key only the first. Empties this.
    func drain(_ use: (IndexEntry) throws(StorageFailure) -> Void) throws(StorageFailure) {
        entries.sort { $0.key < $1.key }
        var heap = MergeHeap()
        var sources: [any EntrySource] = [MemorySource(entries)]
        for run in runs { sources.append(RunSource(run, chunk: Self.readBytes)) }
        entries = []
        runs = []
        bytes = 0
        for index in sources.indices {
            if let entry = try sources[index].next() { heap.push(entry, from: index) }
        }
        var last: IndexKey?
        while let (entry, source) = heap.pop() {
            if let entry = try sources[source].next() { heap.push(entry, from: source) }
            if entry.key == last { continue }
            last = entry.key
            try use(entry)
        }
    }
}

/// A file that lives as long as it is open.
private final class Run {
    private let descriptor: Int32
    private let path: String
    private(set) var byteCount = 0

    init(path: String) throws(StorageFailure) {
        descriptor = Platform.openFile(path, O_RDWR | O_CREAT | O_TRUNC)
        self.path = path
        guard descriptor >= 0 else { throw Platform.failure("open", path) }
        guard unsafe unlink(path) == 0 else { throw Platform.failure("unlink", path) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: [UInt8]) throws(StorageFailure) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, $0.count, byteCount)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Platform.failure("write", path) }
            written += count
            byteCount += count
        }
    }

    /// Up to `count` bytes from `offset` on; fewer only at the end.
    func read(at offset: Int, count: Int) throws(StorageFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: min(count, byteCount - offset))
        var found = 0
        while found < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[found...])
                return unsafe pread(descriptor, rest.baseAddress, rest.count, offset + found)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Platform.failure("read", path) }
            found += count
        }
        return bytes
    }
}

private protocol EntrySource {
    mutating func next() throws(StorageFailure) -> IndexEntry?
}

private struct MemorySource: EntrySource {
    private var rest: IndexingIterator<[IndexEntry]>

    init(_ entries: [IndexEntry]) { rest = entries.makeIterator() }

    mutating func next() -> IndexEntry? { rest.next() }
}

private struct RunSource: EntrySource {
    private static let headBytes = 6
    private let run: Run
    private let chunk: Int
    private var offset = 0
    private var buffer: [UInt8] = []
    private var position = 0

    init(_ run: Run, chunk: Int) {
        self.run = run
        self.chunk = chunk
    }

    mutating func next() throws(StorageFailure) -> IndexEntry? {
        guard try fill(Self.headBytes) else { return nil }
        let keyCount = Int(UInt16(bigEndianBytes: buffer[position..<position + 2]))
        let valueCount = Int(UInt32(bigEndianBytes: buffer[position + 2..<position + 6]))
        guard try fill(Self.headBytes + keyCount + valueCount) else {
            throw .damaged(what: "a run of index entries is cut short")
        }
        let key = position + Self.headBytes
        let value = key + keyCount
        position = value + valueCount
        return IndexEntry(
            IndexKey(stored: Array(buffer[key..<value])), value: Array(buffer[value..<position]))
    }

    /// Whether `count` bytes stand from the position on, after reading on if need be.
    private mutating func fill(_ count: Int) throws(StorageFailure) -> Bool {
        if buffer.count - position >= count { return true }
        buffer.removeFirst(position)
        position = 0
        let more = try run.read(at: offset, count: max(chunk, count - buffer.count))
        offset += more.count
        buffer += more
        return buffer.count >= count
    }
}

/// The smallest key of all sources on top.
private struct MergeHeap {
    private var items: [(entry: IndexEntry, source: Int)] = []

    /// Among equal keys the source that began first.
    private func precedes(_ one: Int, _ other: Int) -> Bool {
        if items[one].entry.key == items[other].entry.key { return items[one].source < items[other].source }
        return items[one].entry.key < items[other].entry.key
    }

    mutating func push(_ entry: IndexEntry, from source: Int) {
        items.append((entry, source))
        var child = items.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (entry: IndexEntry, source: Int)? {
        guard !items.isEmpty else { return nil }
        items.swapAt(0, items.count - 1)
        let top = items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && precedes(child, least) {
                least = child
            }
            if least == parent { return top }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
