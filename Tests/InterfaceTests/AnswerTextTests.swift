import Interface
import Primitives
import StateModel
import TestSupport
import Testing

/// Answers are written straight to text. They are the bytes of the value that `Codable` makes.
struct AnswerTextTests {
    private static let table = MethodTable.standard(networkKind: .test, version: "1.0.0")

    /// Texts that a careless writer breaks on.
    private static let hostile = [
        "", "\"", "\\", "\"}],{\"x\":1", "\u{0}\u{1}\u{1f}\u{7f}", "\n\r\t\u{8}\u{c}", "</script>", "\u{2028}\u{2029}",
        "e\u{301}", "😀\u{10ffff}", "\\u0000", String(repeating: "\"\\", count: 300),
    ]

    private func expectSame(_ value: any Codable & Sendable, _ what: String) throws {
        for kind in NetworkKind.allCases {
            let through = try JSONValueEncoder.encode(value, networkKind: kind).serialized
            let straight = try JSONValueEncoder.text(of: value, networkKind: kind)
            #expect(
                straight == through,
                "\(what): \(String(decoding: straight, as: UTF8.self)) is not \(String(decoding: through, as: UTF8.self))"
            )
        }
    }

    /// The sample with some of its texts and numbers replaced.
    private static func changed(_ json: JSONValue, _ random: inout SeededRandom) -> JSONValue {
        func isChosen() -> Bool { Int.random(in: 0..<4, using: &random) == 0 }
        switch json {
        case .string where isChosen(): return .string(hostile.randomElement(using: &random) ?? "")
        case .unsigned where isChosen():
            return .unsigned(random.next() >> UInt64.random(in: 0..<64, using: &random))
        case .boolean(let value) where isChosen(): return .boolean(!value)
        case .array(let elements):
            let all = isChosen() ? elements + elements : elements
            return .array(all.map { changed($0, &random) })
        case .object(let object):
            var new = JSONObject()
            for member in object.members { new.append(member.key, changed(member.value, &random)) }
            return .object(new)
        default: return json
        }
    }

    @Test("What methods answer with has the same text either way, whatever it holds", arguments: [1, 2, 3])
    func everyRecord(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var described: [String: JSONValue] = [:]
        for method in Self.table.document["methods"]?.array ?? [] {
            described[method["name"]?.string ?? ""] = method["examples"]?.array?.first
        }
        var (types, values) = (0, 0)
        for method in Self.table.methods {
            guard let example = described[method.name]?["result"]?["value"] else { continue }
            let (type, sample): ((any (Codable & Sendable).Type)?, JSONValue?) =
                switch method.result {
                case .value(let type): (type, example["value"])
                case .page(let type): (type, example["items"]?.array?.first)
                case .plain(let type): (type, example)
                default: (nil, nil)
                }
            guard let type, let sample else { continue }
            types += 1
            for round in 0..<40 {
                let json = round == 0 ? sample : Self.changed(sample, &random)
                // What the type refuses is no record.
                guard let value = try? JSONValueDecoder.decode(type, from: json, networkKind: .test) else { continue }
                values += 1
                try expectSame(value, "\(method.name), seed \(seed)")
            }
        }
        #expect(types > 60, "\(types) types")
        #expect(values > 5 * types, "\(values) values of \(types) types")
    }

    @Test("Hostile texts are escaped, as keys and as values")
    func escaping() throws {
        for text in Self.hostile {
            try expectSame(text, "text")
            try expectSame([text: [text]], "key")
            let written = try JSONValueEncoder.text(of: [text: text], networkKind: .main)
            let read = try JSONParser.parse(written)
            #expect(read.object?.members.first.map { Array($0.key.utf8) } == Array(text.utf8))
            #expect(read.object?.members.first?.value.string.map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    @Test("Numbers of every width, at their bounds")
    func numbers() throws {
        try expectSame(Widths(), "widths")
        var power: UInt64 = 1
        while true {
            for number in [power - 1, power, power + 1] { try expectSame(number, "number") }
            let (next, isTooLarge) = power.multipliedReportingOverflow(by: 10)
            if isTooLarge { break }
            power = next
        }
        try expectSame([UInt64.max, 0, 9, 10], "numbers")
        for number in [0.0, -0.0, 0.1, -1.5e300, 1e15, 3.0, .leastNonzeroMagnitude] {
            try expectSame(number, "fraction")
        }
        #expect(throws: JSONCodingFailure.self) {
            try JSONValueEncoder.text(of: ["a": 1, "b": Double.nan], networkKind: .test)
        }
        try expectSame(PartsPerMillion.whole, "share")
        try expectSame(Amount(.max), "amount")
    }

    @Test("Ids and parties of every kind, of random bytes")
    func identifiers() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<200 {
            let bytes = try #require(Bytes32(random.bytes(32)))
            try expectSame(Address(bytes), "address")
            try expectSame(INFTID(bytes), "inft")
            try expectSame(ConsentSetID(bytes), "set")
            try expectSame(DisclosureID(bytes), "disclosure")
            try expectSame(Identifier<StrangeKind>(bytes), "a kind that the writer does not know")
            try expectSame(Hash(bytes), "hash")
            try expectSame([Party.account(Address(bytes)), .organization(OrganizationID(bytes))], "party")
            try expectSame(ByteString(random.bytes(Int.random(in: 0...40, using: &random))), "bytes")
        }
    }

    @Test("What encodes itself in unusual ways comes out the same")
    func unusual() throws {
        for way in Unusual.Way.allCases { try expectSame(Unusual(way: way), "\(way)") }
        try expectSame([Unusual(way: .emptyNested), Unusual(way: .reopened)], "several")
        try expectSame([String: Int](), "empty object")
        try expectSame([Int?.none, 1], "null")
    }
}

private enum StrangeKind: IdentifierKind { static let name = "strange" }

private struct Widths: Codable, Sendable {
    var a = Int8.min
    var b = Int16.min
    var c = Int32.min
    var d = Int64.min
    var e = Int.max
    var f = UInt8.max
    var g = UInt16.max
    var h = UInt32.max
    var i = UInt64.max
    var j = UInt.max
    var k = Float(0.25)
    var l = true
    var m: [Int8] = [-1, 0, 1]
    var n: String?
}

private struct Unusual: Codable, Sendable {
    enum Way: String, Codable, CaseIterable, Sendable {
        case nothing, reopened, reopenedTwiceSaid, nested, emptyNested, interleaved, elements, emptyElements
        case parent, keyedParent, single, singleTwice, value, swallowed
    }

    enum Key: String, CodingKey { case a, b, c }

    let way: Way

    func encode(to encoder: any Encoder) throws {
        switch way {
        case .nothing: break
        case .reopened, .reopenedTwiceSaid:
            var first = encoder.container(keyedBy: Key.self)
            try first.encode(1, forKey: .a)
            var second = encoder.container(keyedBy: Key.self)
            try second.encode("two", forKey: way == .reopened ? .b : .a)
            try first.encode(3, forKey: .c)
        case .nested, .emptyNested, .interleaved:
            var outer = encoder.container(keyedBy: Key.self)
            var inner = outer.nestedContainer(keyedBy: Key.self, forKey: .a)
            if way != .emptyNested { try inner.encode(1, forKey: .a) }
            try outer.encode(2, forKey: .b)
            if way == .interleaved { try inner.encode(3, forKey: .b) }
        case .elements, .emptyElements:
            var list = encoder.unkeyedContainer()
            try list.encode("first")
            try list.encodeNil()
            var inner = list.nestedUnkeyedContainer()
            if way == .elements { try inner.encode(list.count) }
            try list.encode(4)
        case .parent, .keyedParent:
            var object = encoder.container(keyedBy: Key.self)
            try object.encode(1, forKey: .a)
            let parent = way == .parent ? object.superEncoder() : object.superEncoder(forKey: .b)
            var other = parent.container(keyedBy: Key.self)
            try other.encode(2, forKey: .c)
        case .single, .singleTwice:
            var container = encoder.singleValueContainer()
            try container.encode([1, 2])
            if way == .singleTwice { try container.encode("other") }
        case .swallowed:
            var object = encoder.container(keyedBy: Key.self)
            try object.encode(1, forKey: .a)
            try? object.encode(Failing(), forKey: .b)
            try? object.encode(Double.infinity, forKey: .b)
            try object.encode(2, forKey: .c)
        case .value:
            try JSONValue.object(["a": [1, "\n", .null], "b": .decimal("1.50")]).encode(to: encoder)
        }
    }
}

private struct Failing: Codable, Sendable {
    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Unusual.Key.self)
        try object.encode(1, forKey: .a)
        throw CancellationError()
    }
}
