public import Primitives

/// What a server keeps between calls, so that it need not be made again. The interface itself remembers nothing.
public protocol AnswerMemory: Sendable {
    /// The answer to this question at the state after the block at `height`, if it was kept.
    func answer(to question: AnswerKey, at height: Height) -> [UInt8]?
    /// Keeps an answer until a newer state answers. It may be dropped at any time, and is where the bounds say so.
    func keep(_ answer: [UInt8], to question: AnswerKey, at height: Height)
    /// The OpenRPC document's text: what `write` made when it was first asked for.
    func document(_ write: () -> [UInt8]) -> [UInt8]
}

/// A question by its text: the method, and the parameters as they were written. Two ways of writing one question are two
/// keys, which costs a computation and never a wrong answer.
public struct AnswerKey: Hashable, Sendable {
    /// Longer questions are rare, and not remembered.
    public static let maximumBytes = 1_024

    public let bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }

    public func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

/// A request in the form that clients write, found without parsing it: an object of `jsonrpc`, `id`, `method` and
/// `params`, each once, in any order.
///
/// Of the parameters only the end is looked for. That is enough where they are compared with some that were parsed: the
/// same bytes are the same parameters, however they are nested.
struct PlainRequest {
    let method: Range<Int>
    let params: Range<Int>?
    let id: Range<Int>

    /// Nil for anything else: that is parsed, and refused where it is wrong.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= 2 * AnswerKey.maximumBytes else { return nil }
        var scan = Scan(bytes: bytes)
        guard scan.take(UInt8(ascii: "{")) else { return nil }
        var (method, params, id): (Range<Int>?, Range<Int>?, Range<Int>?)
        var hasVersion = false
        repeat {
            guard let key = scan.plainText(), scan.take(UInt8(ascii: ":")) else { return nil }
            if bytes[key].elementsEqual("method".utf8) {
                guard method == nil, let found = scan.plainText() else { return nil }
                method = found
            } else if bytes[key].elementsEqual("params".utf8) {
                guard params == nil, let found = scan.nested() else { return nil }
                params = found
            } else if bytes[key].elementsEqual("id".utf8) {
                guard id == nil, let found = scan.identity() else { return nil }
                id = found
            } else if bytes[key].elementsEqual("jsonrpc".utf8) {
                guard !hasVersion, let found = scan.plainText(), bytes[found].elementsEqual("2.0".utf8) else {
                    return nil
                }
                hasVersion = true
            } else {
                return nil
            }
        } while scan.take(UInt8(ascii: ","))
        guard scan.take(UInt8(ascii: "}")), scan.isAtEnd, hasVersion, let method, let id else { return nil }
        self.method = method
        self.params = params
        self.id = id
    }

    /// Nil if it is too long.
    func key(_ bytes: [UInt8]) -> AnswerKey? {
        let count = method.count + 1 + (params?.count ?? 0)
        guard count <= AnswerKey.maximumBytes else { return nil }
        var key: [UInt8] = []
        key.reserveCapacity(count)
        key.append(contentsOf: bytes[method])
        // In no method's name, which has no escapes.
        key.append(0)
        if let params { key.append(contentsOf: bytes[params]) }
        return AnswerKey(bytes: key)
    }

    private struct Scan {
        let bytes: [UInt8]
        var offset = 0

        private mutating func skipSpace() {
            while offset < bytes.count {
                switch bytes[offset] {
                case 0x20, 0x0a, 0x0d, 0x09: offset += 1
                default: return
                }
            }
        }

        var isAtEnd: Bool {
            mutating get {
                skipSpace()
                return offset == bytes.count
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard offset < bytes.count, bytes[offset] == byte else { return false }
            offset += 1
            return true
        }

        /// What stands between quotes: ASCII that no escape is needed for.
        mutating func plainText() -> Range<Int>? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            let start = offset
            while offset < bytes.count {
                let byte = bytes[offset]
                offset += 1
                if byte == UInt8(ascii: "\"") { return start..<offset - 1 }
                guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\\") else { return nil }
            }
            return nil
        }

        /// A text as above, quotes included, or a number that is written as the answer will write it.
        mutating func identity() -> Range<Int>? {
            skipSpace()
            let start = offset
            guard offset < bytes.count else { return nil }
            if bytes[offset] == UInt8(ascii: "\"") { return plainText().map { _ in start..<offset } }
            while offset < bytes.count, bytes[offset] >= 48, bytes[offset] <= 57 { offset += 1 }
            // 19 digits are below 2^64.
            guard (1...19).contains(offset - start), offset - start == 1 || bytes[start] != 48 else { return nil }
            return start..<offset
        }

        /// An object or an array up to where it is closed.
        mutating func nested() -> Range<Int>? {
            skipSpace()
            let start = offset
            var depth = 0
            while offset < bytes.count {
                let byte = bytes[offset]
                offset += 1
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                case UInt8(ascii: "\""):
                    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
                        offset += bytes[offset] == UInt8(ascii: "\\") ? 2 : 1
                    }
                    offset += 1
                default: break
                }
                if depth == 0 { return byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") ? start..<offset : nil }
                guard depth > 0 else { return nil }
            }
            return nil
        }
    }
}
