import Encoding
import Fixtures
import Primitives
import Testing

/// Any value of the profile, as the generic reading of what the typed readers accept.
enum AnyValue: CBORCodable, Equatable {
    case unsigned(UInt64)
    case bytes([UInt8])
    case text(String)
    case list([AnyValue])
    case boolean(Bool)
    case null

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        switch reader.nextMajorType {
        case 0: self = .unsigned(try reader.unsigned())
        case 2: self = .bytes(try reader.byteString(max: .max))
        case 3: self = .text(try reader.text(max: .max))
        case 4: self = .list(try reader.list(max: .max))
        case 7: self = reader.null() ? .null : .boolean(try reader.boolean())
        case nil: throw reader.failure(.truncated)
        default: throw reader.failure(.unsupported)
        }
    }

    func encode(into writer: inout CBORWriter) {
        switch self {
        case .unsigned(let value): writer.write(value)
        case .bytes(let value): writer.write(bytes: value)
        case .text(let value): writer.write(value)
        case .list(let values): writer.write(values)
        case .boolean(let value): writer.write(value)
        case .null: writer.writeNull()
        }
    }

    static func random(_ random: inout FixtureRandom, depth: Int = 0) -> AnyValue {
        switch random.next() % (depth < 6 ? 7 : 5) {
        case 0: .unsigned(random.next() >> (random.next() % 64))
        case 1: .bytes(random.bytes(Int(random.next() % 300)))
        case 2: .text(String(decoding: random.bytes(Int(random.next() % 40)), as: UTF8.self))
        case 3: .boolean(random.next() % 2 == 0)
        case 4: .null
        default:
            .list((0..<Int(random.next() % 6)).map { _ in AnyValue.random(&random, depth: depth + 1) })
        }
    }
}

private struct Vectors: Decodable {
    struct WellFormed: Decodable { let bytes: String, meaning: String, isInProfile: Bool }
    struct Refused: Decodable { let bytes: String, reason: String }
    let wellFormed: [WellFormed]
    let refused: [Refused]
}

@Suite struct CBORVectorTests {
    @Test func wellFormedVectorsAreReadIfAndOnlyIfTheyAreInTheProfile() throws {
        let vectors = try Fixture.load("cbor", as: Vectors.self).wellFormed
        #expect(vectors.contains { $0.isInProfile } && vectors.contains { !$0.isInProfile })
        for one in vectors {
            let bytes = one.bytes.hexadecimalBytes
            if one.isInProfile {
                #expect(try AnyValue(decoding: bytes).encoded == bytes, "\(one.meaning)")
            } else {
                #expect(throws: EncodingFailure.self, "\(one.meaning)") { try AnyValue(decoding: bytes) }
            }
        }
    }

    @Test func whatIsNotWellFormedOrNotDeterministicIsRefused() throws {
        let vectors = try Fixture.load("cbor", as: Vectors.self).refused
        #expect(!vectors.isEmpty)
        for one in vectors {
            #expect(throws: EncodingFailure.self, "\(one.bytes): \(one.reason)") {
                try AnyValue(decoding: one.bytes.hexadecimalBytes)
            }
        }
    }
}

@Suite struct CanonicalFormTests {
    /// Every head in every longer form than needed.
    @Test(arguments: [0, 2, 3, 4] as [UInt8])
    func longerHeadsThanNeededAreRefused(_ major: UInt8) {
        for value in [0, 1, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295] as [UInt64] {
            var writer = CBORWriter()
            writer.head(major, value)
            let shortest = writer.bytes.count
            for (information, size) in [(24, 1), (25, 2), (26, 4), (27, 8)] as [(UInt8, Int)] where size + 1 > shortest
            {
                let head = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (size - 1 - $0))) }
                var reader = CBORReader([major << 5 | information] + head + [UInt8](repeating: 0, count: 100_000))
                let failure = #expect(throws: EncodingFailure.self) { try AnyValue(from: &reader) }
                #expect(failure?.reason == .nonCanonical)
            }
        }
    }

    @Test func trailingBytesAreRefused() throws {
        let failure = #expect(throws: EncodingFailure.self) { try AnyValue(decoding: [0x00, 0x00]) }
        #expect(failure?.reason == .trailing)
    }

    @Test func lengthsBeyondTheBytesAreRefusedBeforeAnythingIsAllocated() {
        for major in [2, 3, 4] as [UInt8] {
            let bytes = [major << 5 | 27] + [UInt8](repeating: 0xff, count: 8) + [0, 0]
            let failure = #expect(throws: EncodingFailure.self) { try AnyValue(decoding: bytes) }
            #expect(failure?.reason == .truncated)
        }
    }

    @Test func nestingIsBounded() throws {
        let deepest = [UInt8](repeating: 0x81, count: WireLimits.encodingDepth) + [0]
        _ = try AnyValue(decoding: deepest)
        let failure = #expect(throws: EncodingFailure.self) { try AnyValue(decoding: [0x81] + deepest) }
        #expect(failure?.reason == .tooDeep)
    }

    @Test func textMustBeValidUTF8() {
        for text in [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff]] as [[UInt8]] {
            let failure = #expect(throws: EncodingFailure.self) {
                try AnyValue(decoding: [0x60 | UInt8(text.count)] + text)
            }
            #expect(failure?.reason == .invalidUTF8)
        }
    }

    @Test func sortedListsAreStrictlyAscending() throws {
        func read(_ values: [UInt64]) throws -> [UInt64] {
            var reader = CBORReader(encoded(values))
            return try reader.sortedList(max: 8) { (one: UInt64) in one }
        }
        func encoded(_ values: [UInt64]) -> [UInt8] {
            var writer = CBORWriter()
            writer.write(values)
            return writer.bytes
        }
        #expect(try read([1, 2, 3]) == [1, 2, 3])
        #expect(throws: EncodingFailure.self) { try read([1, 1]) }
        #expect(throws: EncodingFailure.self) { try read([2, 1]) }
        #expect(throws: EncodingFailure.self) { try read([1, 2, 3, 4, 5, 6, 7, 8, 9]) }
    }

    @Test func leafValuesHaveOneForm() throws {
        for party in [Party.account(Address(Bytes32(1, 2, 3, 4))), .organization(OrganizationID(.zero))] {
            #expect(try Party(decoding: party.encoded) == party)
        }
        #expect(throws: EncodingFailure.self) {
            try Party(decoding: [0x82, 0x02, 0x58, 0x20] + [UInt8](repeating: 0, count: 32))
        }
        #expect(throws: EncodingFailure.self) { try Hash(decoding: [0x58, 0x1f] + [UInt8](repeating: 0, count: 31)) }
        #expect(throws: EncodingFailure.self) { try PartsPerMillion(decoding: [0x1a, 0x00, 0x0f, 0x42, 0x41]) }
        let reference = Reference<INFTKind>.operation(7)
        #expect(try Reference<INFTKind>(decoding: reference.encoded) == reference)
        #expect(throws: EncodingFailure.self) { try Reference<INFTKind>(decoding: [0x1a, 0, 1, 0, 0]) }
    }
}

@Suite struct CBORPropertyTests {
    /// Inputs per run; 20 seconds of the CI machine at most, in release.
    static let inputs = 1_000_000

    @Test func whatIsWrittenIsReadBack() throws {
        var random = FixtureRandom(seed: 3)
        for _ in 0..<20_000 {
            let value = AnyValue.random(&random)
            #expect(try AnyValue(decoding: value.encoded) == value)
        }
    }

    /// Random and mutated bytes end in a value or in an `EncodingFailure`, never in a trap; and a value that was read is
    /// written as the bytes it came from: one value, one encoding.
    @Test func hostileBytesAreReadOrRefused() {
        var random = FixtureRandom(seed: 4)
        var accepted = 0
        var sample: [UInt8] = []
        for round in 0..<CBORPropertyTests.inputs {
            if round % 64 == 0 { sample = AnyValue.random(&random).encoded }
            var bytes = round % 4 == 0 ? random.bytes(Int(random.next() % 24)) : sample
            if round % 4 != 0 {
                for _ in 0...(random.next() % 3) where !bytes.isEmpty {
                    let index = Int(random.next() % UInt64(bytes.count))
                    switch random.next() % 4 {
                    case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                    case 1: bytes[index] ^= 1 << UInt8(random.next() % 8)
                    case 2: bytes.removeLast(bytes.count - index)
                    default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                    }
                }
            }
            guard let value = try? AnyValue(decoding: bytes) else { continue }
            accepted += 1
            guard value.encoded == bytes else {
                Issue.record("read from \(Hexadecimal.encode(bytes)), written as \(Hexadecimal.encode(value.encoded))")
                return
            }
        }
        #expect(accepted > CBORPropertyTests.inputs / 100)
    }
}
