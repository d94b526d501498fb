import Interface
import Primitives
import Testing

struct JSONTests {
    @Test("Integers are exact over the whole 64-bit range, other numbers keep their text")
    func numbers() throws {
        #expect(try JSONParser.parse("18446744073709551615") == .unsigned(.max))
        #expect(try JSONParser.parse("-9223372036854775808") == .negative(.min))
        #expect(try JSONParser.parse("18446744073709551616") == .decimal("18446744073709551616"))
        #expect(try JSONParser.parse("-0") == .unsigned(0))
        #expect(try JSONParser.parse("1.50e+3") == .decimal("1.50e+3"))
        for text in ["01", "-", "1.", ".5", "1e", "+1", "0x1", "1e+", "--1", "NaN", "Infinity"] {
            #expect(throws: JSONFailure.self) { try JSONParser.parse(text) }
        }
    }

    @Test("Escapes and surrogate pairs read as the characters they name; lone surrogates are refused")
    func strings() throws {
        #expect(
            try JSONParser.parse(#""\"\\\/\b\f\n\r\t\u0041\ud83d\ude00\u00e9""#).string == "\"\\/\u{8}\u{c}\n\r\tA😀é")
        for text in [
            #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\x""#, #""\u12""#, "\"\n\"", "\"abc",
        ] {
            #expect(throws: JSONFailure.self) { try JSONParser.parse(text) }
        }
        #expect(throws: JSONFailure.self) { try JSONParser.parse([0x22, 0xc3, 0x28, 0x22]) }
        #expect(throws: JSONFailure.self) { try JSONParser.parse([0x22, 0xed, 0xa0, 0x80, 0x22]) }
    }

    @Test("Duplicate keys, trailing text, excessive depth and size are refused")
    func bounds() throws {
        func reason(_ text: String) -> JSONFailure.Reason? {
            do throws(JSONFailure) {
                _ = try JSONParser.parse(text)
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(reason(#"{"a":1,"a":2}"#) == .duplicateKey)
        #expect(reason(#"{"a":1,"\u0061":2}"#) == .duplicateKey)
        #expect(reason("1 2") == .trailing)
        #expect(reason("[1,]") == .unexpectedByte)
        #expect(reason("{\"a\":1,}") == .unexpectedByte)
        #expect(reason("") == .unexpectedEnd)
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(reason(deep) == nil)
        #expect(reason("[" + deep + "]") == .tooDeep)
        #expect(throws: JSONFailure.self) { try JSONParser.parse([0x20, 0x20, 0x20, 0x20, 0x31], limit: 4) }
        let many = "{" + (0..<5_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        #expect(reason(many + "}") == nil)
        #expect(reason(many + ",\"k17\":0}") == .duplicateKey)
    }

    @Test("What is written is read back as it was")
    func roundTrip() throws {
        let value: JSONValue = .object([
            "a": [1, .negative(-5), .decimal("0.1"), .null, true], "ß\u{1}\"\\\n": "é😀", "o": .object([:]), "l": [],
            "m": .unsigned(.max),
        ])
        #expect(try JSONParser.parse(value.serialized) == value)
    }

    @Test("A million random and mutated texts raise errors only, and what is accepted survives a round trip")
    func hostileTexts() throws {
        let seeds = [
            #"{"jsonrpc":"2.0","method":"inft_get","params":{"id":"tmnxinft1","minHeight":12},"id":1}"#,
            #"[{"a":[1,2.5e3,-7,null,true,false,"\u00e9\ud83d\ude00\n"]},[[[]]],{"x":{"y":{}}}]"#,
        ].map { Array($0.utf8) }
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let alphabet = Array(#"{}[]",:\u0dD8eE+-.tfn 19"#.utf8) + [0xff, 0xc3, 0x00]
        var accepted = 0
        var broken = 0
        let rounds = Self.fuzzRounds
        for round in 0..<rounds {
            var bytes: [UInt8]
            if round.isMultiple(of: 3) {
                bytes = (0..<random(24)).map { _ in alphabet[random(alphabet.count)] }
            } else {
                bytes = seeds[random(seeds.count)]
                for _ in 0...random(3) {
                    let at = random(bytes.count)
                    switch random(3) {
                    case 0: bytes[at] = alphabet[random(alphabet.count)]
                    case 1: if bytes.count > 1 { bytes.remove(at: at) }
                    default: bytes.insert(alphabet[random(alphabet.count)], at: at)
                    }
                }
            }
            do throws(JSONFailure) {
                let value = try JSONParser.parse(bytes)
                accepted += 1
                if round.isMultiple(of: 16), try JSONParser.parse(value.serialized) != value { broken += 1 }
                _ = CallMessage(parsing: bytes)
            } catch {
                if error.offset > bytes.count { broken += 1 }
            }
        }
        #expect(broken == 0)
        #expect(accepted > rounds / 100)
    }

    #if DEBUG
        // Unoptimized code is thirty times slower; release builds run the whole million.
        static let fuzzRounds = 30_000
    #else
        static let fuzzRounds = 1_000_000
    #endif
}

struct JSONCodingTests {
    struct Inner: Codable, Equatable {
        var amount: Amount
        var note: String?
    }

    struct Outer: Codable, Equatable {
        var party: Party
        var list: [Inner]
        var number: UInt64
        var signed: Int64?
    }

    private func failure(_ text: String) -> JSONCodingFailure? {
        do {
            _ = try JSONValueDecoder.decode(Outer.self, from: try JSONParser.parse(text), networkKind: .test)
            return nil
        } catch {
            return error as? JSONCodingFailure
        }
    }

    private let party = TypedText.encode(.zero, kind: "", network: .test)

    @Test("Codable values pass through JSON unchanged, with the network's prefix")
    func roundTrip() throws {
        let value = Outer(
            party: .account(Address(.zero)), list: [Inner(amount: Amount(.max), note: nil)], number: .max, signed: -3)
        let json = try JSONValueEncoder.encode(value, networkKind: .test)
        #expect(json["party"]?.string == party)
        #expect(json["list"]?.array?.first?["amount"] == "18446744073709551615")
        #expect(try JSONValueDecoder.decode(Outer.self, from: json, networkKind: .test) == value)
        #expect(throws: JSONCodingFailure.self) {
            try JSONValueDecoder.decode(Outer.self, from: json, networkKind: .main)
        }
    }

    @Test("A failure names the path of what is wrong, missing or unknown")
    func paths() {
        #expect(failure(#"{"party":"\#(party)","list":[{"amount":5}],"number":1}"#)?.path == "list[0].amount")
        #expect(failure(#"{"party":"\#(party)","list":[{"amount":"5","x":1}],"number":1}"#)?.path == "list[0].x")
        #expect(failure(#"{"party":"\#(party)","list":[],"number":1,"extra":null}"#)?.path == "extra")
        #expect(failure(#"{"party":"\#(party)","list":[]}"#)?.path == "number")
        #expect(failure(#"{"party":"\#(party)","list":[],"number":-1}"#)?.path == "number")
        #expect(failure(#"{"party":"\#(party)","list":[],"number":1.0}"#)?.path == "number")
        #expect(failure("[]") != nil)
    }
}
