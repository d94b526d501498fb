public import Primitives

/// The files of an access log, read and verified; the node may run meanwhile.
public enum AccessLogFiles {
    /// Lines are far shorter, and a file ends soon after its bound.
    static let maximumBytes = 1 << 30

    static func path(_ number: UInt64, in folder: String) -> String {
        let digits = String(number)
        return folder + "/access-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".log"
    }

    /// Ascending.
    static func numbers(in folder: String) throws(ContentStoreFailure) -> [UInt64] {
        try FileCalls.names(in: folder).compactMap { name in
            guard name.hasPrefix("access-"), name.hasSuffix(".log") else { return nil }
            return UInt64(name.dropFirst(7).dropLast(4))
        }.sorted()
    }

    struct Read {
        var start: AccessLogPosition?
        /// Nil if not even the first line is whole.
        var end: AccessLogPosition?
        /// Up to the end of the last whole line.
        var wholeBytes: UInt64 = 0
        var isTorn = false
    }

    /// Thrown: damaged, with file and line, where a line does not follow from the one before it.
    static func read(_ path: String, each: (String) -> Void = { _ in }) throws(ContentStoreFailure) -> Read {
        guard let bytes = try FileCalls.contents(path, atMost: maximumBytes) else { throw .absent }
        var read = Read()
        var start = bytes.startIndex
        var number = 0
        while start < bytes.endIndex {
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
                read.isTorn = true
                break
            }
            number += 1
            let line = String(decoding: bytes[start..<end], as: UTF8.self)
            guard let position = next(line, after: read.end) else {
                throw .damaged("\(path):\(number) does not follow from the line before it")
            }
            if read.end == nil { read.start = position } else { each(line) }
            read.end = position
            start = end + 1
            read.wholeBytes = UInt64(start)
        }
        return read
    }

    private static func next(_ line: String, after position: AccessLogPosition?) -> AccessLogPosition? {
        guard let position else {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 3, words[0] == "#", let next = UInt64(words[1]), next > 0,
                let bytes = Hexadecimal.decode(String(words[2])).flatMap({ Bytes32($0) })
            else { return nil }
            return AccessLogPosition(next: next, hash: Hash(bytes))
        }
        guard let space = line.lastIndex(of: " ") else { return nil }
        let text = String(line[..<space])
        let made = position.advanced(by: text)
        guard made.hash.description == line[line.index(after: space)...], text.hasPrefix("\(position.next) "),
            text.split(separator: " ", omittingEmptySubsequences: false).count == 7
        else { return nil }
        return made
    }

    /// What a whole log is.
    public struct Report: Hashable, Sendable {
        public let files: Int
        public let lines: UInt64
        /// Before the first line that is kept.
        public let start: AccessLogPosition
        public let end: AccessLogPosition
        /// The last line is half written: the node runs, or a crash cut it.
        public let isTorn: Bool
    }

    /// Reads every kept file in order, line by line, and checks the chain.
    ///
    /// - Parameter known: a position that was noted before; the log must have passed it.
    /// - Parameter each: gets every line without the first ones of files.
    public static func verify(
        _ folder: String, known: (index: UInt64, hash: Hash)? = nil, each: (String) -> Void = { _ in }
    ) throws(ContentStoreFailure) -> Report {
        var start: AccessLogPosition?
        var end: AccessLogPosition?
        var isTorn = false
        var isKnownFound = false
        let numbers = try numbers(in: folder)
        for number in numbers {
            let path = path(number, in: folder)
            if isTorn { throw .damaged("the file before \(path) ends in the middle of a line") }
            let read = try read(path) { line in
                if let known, line.hasPrefix("\(known.index) ") {
                    isKnownFound = line.hasSuffix(" \(known.hash)")
                }
                each(line)
            }
            guard let first = read.start else { throw .damaged("\(path) has no first line") }
            if let end, first != end {
                throw .damaged(
                    "\(path) begins behind line \(first.next - 1), but the file before ends with \(end.next - 1)")
            }
            if let known, first.next == known.index + 1, first.hash == known.hash { isKnownFound = true }
            start = start ?? first
            end = read.end
            isTorn = read.isTorn
        }
        guard let start, let end else { throw .absent }
        if let known, !isKnownFound {
            guard known.index + 1 < start.next else {
                throw .damaged("line \(known.index) with hash \(known.hash) is not there")
            }
            throw .damaged("line \(known.index) is older than what is kept, which begins with line \(start.next)")
        }
        return Report(files: numbers.count, lines: end.next - start.next, start: start, end: end, isTorn: isTorn)
    }
}
