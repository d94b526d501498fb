public import Encoding
public import Primitives

/// Codes without order or repetition: kept and encoded ascending, so that equal sets have equal bytes.
public struct CodeList<Code: NamedCode>: Hashable, Sendable {
    public let codes: [Code]

    public init(_ codes: [Code]) {
        var sorted: [Code] = []
        for code in codes.sorted(by: { $0.rawValue < $1.rawValue }) where sorted.last != code { sorted.append(code) }
        self.codes = sorted
    }

    public var isEmpty: Bool { codes.isEmpty }
    public func contains(_ code: Code) -> Bool { codes.contains(code) }

    /// True if everything here is allowed there; an empty list allows everything.
    public func isWithin(_ other: CodeList) -> Bool {
        other.isEmpty || (!isEmpty && codes.allSatisfy { other.contains($0) })
    }
}

extension CodeList: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(codes.count)
        for code in codes { writer.write(UInt64(code.rawValue)) }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let codes = try reader.list(max: Code.allCases.count) { (reader) throws(EncodingFailure) -> Code in
            guard let code = Code(rawValue: try reader.integer()) else { throw reader.failure(.unknownCase) }
            return code
        }
        guard zip(codes, codes.dropFirst()).allSatisfy({ $0.rawValue < $1.rawValue }) else {
            throw reader.failure(.unsorted)
        }
        self.codes = codes
    }
}

extension CodeList: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([Code].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(codes)
    }
}

/// Short texts without order or repetition: kept and encoded ascending by their bytes.
public struct TextList: Hashable, Sendable {
    public let texts: [String]

    public init(_ texts: [String]) {
        var sorted: [String] = []
        for text in texts.sorted(by: Self.precedes) where sorted.last.map({ !Self.equal($0, text) }) ?? true {
            sorted.append(text)
        }
        self.texts = sorted
    }

    public var isEmpty: Bool { texts.isEmpty }

    // String comparison of the standard library is by canonical equivalence; ours is by bytes.
    private static func precedes(_ one: String, _ other: String) -> Bool {
        one.utf8.lexicographicallyPrecedes(other.utf8)
    }

    private static func equal(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

    public func contains(_ text: String) -> Bool { texts.contains { Self.equal($0, text) } }

    public static func == (one: TextList, other: TextList) -> Bool {
        one.texts.count == other.texts.count && zip(one.texts, other.texts).allSatisfy { equal($0, $1) }
    }

    public func hash(into hasher: inout Hasher) {
        for text in texts { hasher.combine(Array(text.utf8)) }
    }
}

extension TextList: CBOREncodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(texts.count)
        for text in texts { writer.write(text) }
    }

    public init(
        from reader: inout CBORReader, _ field: String, max: Int, bytes: Int
    ) throws(EncodingFailure) {
        let texts = try reader.list(field, max: max) { (reader) throws(EncodingFailure) in
            try reader.text(field, max: bytes)
        }
        guard zip(texts, texts.dropFirst()).allSatisfy({ Self.precedes($0, $1) }) else {
            throw reader.failure(.unsorted, field)
        }
        self.texts = texts
    }
}

extension TextList: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(texts)
    }
}
