#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Looks whether an LMDB file is well formed before LMDB opens it, since LMDB follows what its pages say: a flipped bit in a
/// page's structure would end the process, hide entries, or have live pages written over.
///
/// From the newer meta page every page of every tree is read once: its own number and kind, the bounds of its nodes, the
/// order of its keys and the span that its parent gives them, the pages of large values, the counts that each tree tells of
/// itself, and that the list of free pages names none that is in use. What values hold has checks of its own.
struct PageCheck: ~Copyable {
    enum Extent {
        case whole
        /// Not the leaves, nor large values, which are nearly all of a large file.
        case branches
    }

    /// A start reads files up to this size whole; `verify` every file.
    static let wholeAtStart: UInt64 = 1 << 30

    private static let pageHeader = 16
    private static let nodeHeader = 8
    private static let treeBytes = 48
    private static let maximumDepth = 32

    private enum Kind {
        static let branch: UInt16 = 0x01
        static let leaf: UInt16 = 0x02
        static let overflow: UInt16 = 0x04
        static let meta: UInt16 = 0x08
    }

    private enum NodeFlag {
        static let large: UInt16 = 0x01
        static let tree: UInt16 = 0x02
    }

    /// A tree as a meta page or the list of tables describes it.
    private struct Tree {
        let depth: Int
        let branches: UInt64
        let leaves: UInt64
        let overflows: UInt64
        let entries: UInt64
        /// Nil: empty.
        let root: UInt64?
    }

    private struct Counts {
        var branches: UInt64 = 0
        var leaves: UInt64 = 0
        var overflows: UInt64 = 0
        var entries: UInt64 = 0
    }

    private struct Meta {
        let free: Tree
        let main: Tree
        let lastPage: UInt64
        let transaction: UInt64
    }

    private let descriptor: Int32
    private let path: String
    private let extent: Extent
    private var pageBytes = 4096
    private var lastPage: UInt64 = 1
    /// A bit for each page that a tree uses or the list of free pages names.
    private var used: [UInt64] = []
    private var freePages: [UInt64] = []

    /// Does nothing if there is no file. Throws ``StorageFailure/damaged(what:)`` with the page.
    static func run(_ file: String, _ extent: Extent? = nil) throws(StorageFailure) {
        let bytes = try Platform.fileBytes(file)
        guard bytes > 0 else { return }
        var check = try PageCheck(file, extent ?? (bytes <= wholeAtStart ? .whole : .branches))
        try check.run(fileBytes: bytes)
    }

    private init(_ file: String, _ extent: Extent) throws(StorageFailure) {
        descriptor = Platform.openFile(file, O_RDONLY)
        guard descriptor >= 0 else { throw Platform.failure("open", file) }
        path = file
        self.extent = extent
    }

    deinit { close(descriptor) }

    private func damaged(_ what: String) -> StorageFailure { .damaged(what: "\(path), \(what)") }

    private func damaged(_ page: UInt64, _ what: String) -> StorageFailure { damaged("page \(page): \(what)") }

    private mutating func run(fileBytes: UInt64) throws(StorageFailure) {
        let meta = try newerMeta()
        guard fileBytes / UInt64(pageBytes) > meta.lastPage else {
            throw damaged("\(fileBytes) bytes of \((meta.lastPage + 1) * UInt64(pageBytes)): it was cut short")
        }
        lastPage = meta.lastPage
        used = [UInt64](repeating: 0, count: Int(lastPage / 64) + 1)
        try walk(meta.main, name: "the list of tables", isList: true)
        try walk(meta.free, name: "the list of free pages", isFreeList: true)
        for page in freePages { try take(page, by: "the list of free pages") }
    }

    // MARK: Meta pages

    private mutating func newerMeta() throws(StorageFailure) -> Meta {
        let first = try meta(0)
        let second = try meta(1)
        // Commits write the two in turns. Both are 0 before the first.
        let isInTurn =
            first.transaction == 0 && second.transaction == 0
            || first.transaction.isMultiple(of: 2) && !second.transaction.isMultiple(of: 2)
                && (first.transaction.subtractingReportingOverflow(second.transaction).partialValue == 1
                    || second.transaction.subtractingReportingOverflow(first.transaction).partialValue == 1)
        guard isInTurn else {
            throw damaged("its two meta pages tell of commits \(first.transaction) and \(second.transaction)")
        }
        return first.transaction > second.transaction ? first : second
    }

    private mutating func meta(_ number: UInt64) throws(StorageFailure) -> Meta {
        let page = try read(number)
        guard page.number(0, 8) == number, page.number(10, 2) == UInt64(Kind.meta),
            page.number(16, 4) == 0xBEEF_C0DE, page.number(20, 4) == 1
        else { throw damaged(number, "no meta page") }
        let size = page.number(40, 4)
        guard size >= 512, size <= 65_536, size & (size - 1) == 0 else { throw damaged(number, "the size of pages") }
        pageBytes = Int(size)
        let lastPage = page.number(136, 8)
        guard lastPage >= 1, lastPage < 1 << 48 else { throw damaged(number, "the number of the last page") }
        // Numbers for keys in the list of free pages, nothing special in the list of tables; a map that can be had.
        guard page.number(44, 2) == 8, page.number(92, 2) == 0, page.number(32, 8) < 1 << 47 else {
            throw damaged(number, "how its trees are kept")
        }
        return Meta(
            free: try tree(page, at: 40, of: number), main: try tree(page, at: 88, of: number), lastPage: lastPage,
            transaction: page.number(144, 8))
    }

    private func tree(_ page: [UInt8], at offset: Int, of number: UInt64) throws(StorageFailure) -> Tree {
        let depth = Int(page.number(offset + 6, 2))
        let root = page.number(offset + 40, 8)
        let isEmpty = root == .max
        guard depth <= Self.maximumDepth, isEmpty == (depth == 0) else { throw damaged(number, "a tree's description") }
        return Tree(
            depth: depth, branches: page.number(offset + 8, 8), leaves: page.number(offset + 16, 8),
            overflows: page.number(offset + 24, 8), entries: page.number(offset + 32, 8), root: isEmpty ? nil : root)
    }

    // MARK: Trees

    private mutating func walk(
        _ tree: Tree, name: String, isList: Bool = false, isFreeList: Bool = false
    ) throws(StorageFailure) {
        var counts = Counts()
        if let root = tree.root {
            // What must be known whole is read whole: which tables there are, and which pages are free.
            let isWhole = extent == .whole || isList || isFreeList
            try visit(
                root, level: 1, tree: tree, from: nil, below: nil, isList: isList, isFreeList: isFreeList,
                isWhole: isWhole, &counts)
            guard counts.branches == tree.branches,
                !isWhole
                    || counts.leaves == tree.leaves && counts.overflows == tree.overflows
                        && counts.entries == tree.entries
            else { throw damaged("\(name): its counts of pages and entries are not what is there") }
        } else {
            guard tree.entries == 0 else { throw damaged("\(name): entries without a page") }
        }
    }

    private mutating func take(_ page: UInt64, by who: String) throws(StorageFailure) {
        guard page >= 2, page <= lastPage else { throw damaged("\(who) names page \(page), of \(lastPage)") }
        let (word, bit) = (Int(page / 64), UInt64(1) << (page % 64))
        guard used[word] & bit == 0 else { throw damaged(page, "used twice") }
        used[word] |= bit
    }

    private mutating func visit(
        _ number: UInt64, level: Int, tree: Tree, from low: ArraySlice<UInt8>?, below high: ArraySlice<UInt8>?,
        isList: Bool, isFreeList: Bool, isWhole: Bool, _ counts: inout Counts
    ) throws(StorageFailure) {
        try take(number, by: "a tree")
        let isLeaf = level == tree.depth
        if isLeaf, !isWhole { return }
        let page = try read(number)
        let lower = Int(page.number(12, 2))
        let upper = Int(page.number(14, 2))
        guard page.number(0, 8) == number, page.flags == (isLeaf ? Kind.leaf : Kind.branch), lower >= Self.pageHeader,
            lower <= upper, upper <= pageBytes, lower.isMultiple(of: 2)
        else { throw damaged(number, "its header") }
        let count = (lower - Self.pageHeader) / 2
        guard count >= (isLeaf ? 1 : 2) else { throw damaged(number, "too few entries") }
        if isLeaf { counts.leaves += 1 } else { counts.branches += 1 }
        var last: ArraySlice<UInt8>? = low
        var children: [(page: UInt64, from: ArraySlice<UInt8>?)] = []
        for index in 0..<count {
            let offset = Int(page.number(Self.pageHeader + 2 * index, 2))
            guard offset >= upper, offset.isMultiple(of: 2), offset + Self.nodeHeader <= pageBytes else {
                throw damaged(number, "where entry \(index) is")
            }
            let keyStart = offset + Self.nodeHeader
            let keyEnd = keyStart + Int(page.number(offset + 6, 2))
            guard keyEnd <= pageBytes else { throw damaged(number, "the key of entry \(index)") }
            let key = page[keyStart..<keyEnd]
            // The first key of a branch stands for all that is smaller.
            if isLeaf || index > 0 {
                guard !key.isEmpty, isOrdered(last, key, isStrict: index > 0, isFreeList) else {
                    throw damaged(number, "the order of its keys at entry \(index)")
                }
                guard high.map({ isOrdered(key, $0, isStrict: true, isFreeList) }) ?? true else {
                    throw damaged(number, "a key that belongs behind it")
                }
                last = key
            }
            if isLeaf {
                counts.entries += 1
                try checkValue(
                    page, number, offset: offset, from: keyEnd, key: key, isList: isList, isFreeList: isFreeList,
                    &counts)
            } else {
                let child = page.number(offset, 2) | page.number(offset + 2, 2) << 16 | page.number(offset + 4, 2) << 32
                children.append((child, index == 0 ? low : key))
            }
        }
        for (index, child) in children.enumerated() {
            let end = index + 1 < children.count ? children[index + 1].from : high
            try visit(
                child.page, level: level + 1, tree: tree, from: child.from, below: end, isList: isList,
                isFreeList: isFreeList, isWhole: isWhole, &counts)
        }
    }

    private func isOrdered(
        _ one: ArraySlice<UInt8>?, _ other: ArraySlice<UInt8>, isStrict: Bool, _ areNumbers: Bool
    ) -> Bool {
        guard let one else { return true }
        if areNumbers {
            guard one.count == 8, other.count == 8 else { return false }
            let (first, second) = (one.littleEndian, other.littleEndian)
            return isStrict ? first < second : first <= second
        }
        let order = unsafe one.withUnsafeBytes { first in
            unsafe other.withUnsafeBytes { second -> Int32 in
                guard let one = first.baseAddress, let other = second.baseAddress else { return 0 }
                return unsafe memcmp(one, other, min(first.count, second.count))
            }
        }
        if order != 0 { return order < 0 }
        return isStrict ? one.count < other.count : one.count <= other.count
    }

    // MARK: Values

    private mutating func checkValue(
        _ page: [UInt8], _ number: UInt64, offset: Int, from start: Int, key: ArraySlice<UInt8>, isList: Bool,
        isFreeList: Bool, _ counts: inout Counts
    ) throws(StorageFailure) {
        let bytes = Int(page.number(offset, 2) | page.number(offset + 2, 2) << 16)
        let flags = UInt16(page.number(offset + 4, 2))
        if flags == NodeFlag.large {
            guard start + 8 <= pageBytes else { throw damaged(number, "where a large value is") }
            try checkLarge(page.number(start, 8), bytes: bytes, isFreeList: isFreeList, &counts)
            return
        }
        guard flags == (isList ? NodeFlag.tree : 0), start + bytes <= pageBytes else {
            throw damaged(number, "the value of an entry")
        }
        if isList {
            guard bytes == Self.treeBytes, page.number(start + 4, 2) == 0 else {
                throw damaged(number, "a table's description")
            }
            let name = String(decoding: key, as: UTF8.self)
            try walk(try tree(page, at: start, of: number), name: "table \(name)")
        } else if isFreeList {
            try noteFree(page[start..<start + bytes])
        }
    }

    private mutating func checkLarge(
        _ first: UInt64, bytes: Int, isFreeList: Bool, _ counts: inout Counts
    ) throws(StorageFailure) {
        let pages = (bytes + Self.pageHeader - 1) / pageBytes + 1
        guard first >= 2, first <= lastPage, UInt64(pages) <= lastPage - first + 1 else {
            throw damaged("a large value at page \(first), of \(lastPage)")
        }
        let header = try read(first, bytes: Self.pageHeader)
        guard header.number(0, 8) == first, header.flags == Kind.overflow, header.number(12, 4) == UInt64(pages) else {
            throw damaged(first, "its header")
        }
        for page in first..<first + UInt64(pages) { try take(page, by: "a large value") }
        counts.overflows += UInt64(pages)
        guard isFreeList else { return }
        let value = try read(first, bytes: Self.pageHeader + bytes)
        try noteFree(value[Self.pageHeader...])
    }

    /// count (8) ‖ page (8)…
    private mutating func noteFree(_ list: ArraySlice<UInt8>) throws(StorageFailure) {
        guard list.count >= 8, list.count.isMultiple(of: 8) else {
            throw damaged("the list of free pages is cut short")
        }
        let count = list.prefix(8).littleEndian
        guard count <= UInt64(list.count / 8 - 1) else { throw damaged("the list of free pages counts too many") }
        for index in 1..<Int(count) + 1 {
            freePages.append(list[(list.startIndex + 8 * index)..<(list.startIndex + 8 * index + 8)].littleEndian)
        }
    }

    // MARK: Reading

    private func read(_ page: UInt64, bytes: Int? = nil) throws(StorageFailure) -> [UInt8] {
        let wanted = bytes ?? pageBytes
        var buffer = [UInt8](repeating: 0, count: wanted)
        var done = 0
        while done < wanted {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(
                    descriptor, $0.baseAddress?.advanced(by: done), wanted - done, Int(page) * pageBytes + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Platform.failure("read", path) }
            guard count > 0 else { throw damaged(page, "the file ends before it") }
            done += count
        }
        return buffer
    }
}

extension [UInt8] {
    /// A little-endian number at an offset that is inside.
    fileprivate func number(_ offset: Int, _ bytes: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<bytes { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
        return value
    }

    /// Of a page, without the bits that only pages in memory mean: dirty, loose, kept.
    fileprivate var flags: UInt16 { UInt16(number(10, 2)) & ~0xC010 }
}

extension ArraySlice<UInt8> {
    fileprivate var littleEndian: UInt64 {
        var value: UInt64 = 0
        for (index, byte) in enumerated() where index < 8 { value |= UInt64(byte) << UInt64(8 * index) }
        return value
    }
}
