import Encoding
import Fixtures
import Primitives
import Testing
import Transactions

struct Sample: Decodable, Sendable {
    let rule: String
    let hex: String

    static func all() throws -> [Sample] { try Fixture.load("encodings") }
}

/// Specs/vectors/encodings.json holds samples of every rule of Specs/ledger.cddl, made from the schema alone
/// (Tests/Python/schema.py). That these types read them and write the very same bytes proves that schema and code say
/// the same; that the file is part of the repository pins the bytes.
@Suite struct SampleTests {
    @Test func `every rule has a type, and every type a sample`() throws {
        let rules = Set(try Sample.all().map(\.rule))
        #expect(rules == Set(SchemaTypes.all.keys).union(SchemaTypes.withoutType))
    }

    @Test func `what the schema says is read, and written as the same bytes`() throws {
        let types = SchemaTypes.all
        for sample in try Sample.all() {
            guard let type = types[sample.rule] else { continue }
            do {
                let value = try type.init(decoding: sample.hex.hexadecimalBytes)
                #expect(Hexadecimal.encode(value.encoded) == sample.hex, "\(sample.rule)")
            } catch {
                Issue.record("\(sample.rule) \(sample.hex): \(error)")
            }
        }
    }

    @Test func `a record with a field more or less is refused`() throws {
        let types = SchemaTypes.all
        for sample in try Sample.all() {
            guard let type = types[sample.rule] else { continue }
            let bytes = sample.hex.hexadecimalBytes
            guard let count = bytes.first.map({ Int($0) - 0x80 }), (1..<23).contains(count) else { continue }
            let more = [UInt8(0x80 + count + 1)] + bytes.dropFirst() + [0xf6]
            #expect(throws: EncodingFailure.self, "\(sample.rule)") { try type.init(decoding: more) }
            let fewer = [UInt8(0x80 + count - 1)] + bytes.dropFirst()
            #expect(throws: EncodingFailure.self, "\(sample.rule)") { try type.init(decoding: fewer) }
        }
    }

    @Test func `bytes behind a value, and bytes that end too early, are refused`() throws {
        let types = SchemaTypes.all
        for sample in try Sample.all() {
            guard let type = types[sample.rule] else { continue }
            let bytes = sample.hex.hexadecimalBytes
            #expect(throws: EncodingFailure.self, "\(sample.rule)") { try type.init(decoding: bytes + [0]) }
            #expect(throws: EncodingFailure.self, "\(sample.rule)") { try type.init(decoding: bytes.dropLast()) }
        }
    }

    @Test func `no mutation of a sample is read as anything but itself`() throws {
        var random = FixtureRandom(seed: 2)
        let types = SchemaTypes.all
        for sample in try Sample.all() {
            guard let type = types[sample.rule] else { continue }
            for _ in 0..<40 {
                var bytes = sample.hex.hexadecimalBytes
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                // Either refused, or a canonical value of its own.
                if let value = try? type.init(decoding: bytes) { #expect(value.encoded == bytes, "\(sample.rule)") }
            }
        }
    }
}
