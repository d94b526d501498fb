/// Bech32m of BIP-350: the text form of addresses and identifiers, with a checksum that finds up to four errors.
public enum Bech32m {
    public enum Failure: Error, Equatable, Sendable {
        case empty, tooLong, mixedCase, noSeparator, badCharacter, badChecksum, badPadding
    }

    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let checksumConstant: UInt32 = 0x2bc8_30a3
    /// BIP-350 keeps BIP-173's limit, up to which the checksum's promise holds.
    public static let maximumCount = 90

    public static func encode(humanReadablePart: String, bytes: [UInt8]) -> String {
        encode(humanReadablePart: humanReadablePart, fiveBitGroups: regroup(bytes, from: 8, to: 5, pad: true) ?? [])
    }

    package static func encode(humanReadablePart: String, fiveBitGroups groups: [UInt8]) -> String {
        let prefix = Array(humanReadablePart.utf8)
        let checksum = polymod(expand(prefix) + groups + [0, 0, 0, 0, 0, 0]) ^ checksumConstant
        let tail = (0..<6).map { UInt8(truncatingIfNeeded: checksum >> UInt32(5 * (5 - $0)) & 31) }
        return humanReadablePart + "1" + String(decoding: (groups + tail).map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// Appends the text of 32 bytes behind a human-readable part whose checksum is known: what answers hold most of.
    ///
    /// ```
    /// prefix · 1 · 52 characters: 256 bits and four of padding, five each · 6 characters: the checksum
    /// ```
    static func append(_ bytes: Bytes32, behind prefix: TypedPrefix, to text: inout [UInt8]) {
        let (alphabet, feedback) = (alphabet, feedback)
        text.append(contentsOf: prefix.characters)
        var checksum = prefix.checksum
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        for index in 0..<Bytes32.count {
            accumulator = accumulator << 8 | UInt32(bytes[index])
            bits += 8
            while bits >= 5 {
                bits -= 5
                let group = accumulator >> bits & 31
                checksum = step(checksum, group, feedback)
                text.append(alphabet[Int(group)])
            }
            accumulator &= (1 << bits) - 1
        }
        let last = accumulator << (5 - bits) & 31
        checksum = step(checksum, last, feedback)
        text.append(alphabet[Int(last)])
        for _ in 0..<6 { checksum = step(checksum, 0, feedback) }
        checksum ^= checksumConstant
        for place in 0..<6 { text.append(alphabet[Int(checksum >> UInt32(5 * (5 - place)) & 31)]) }
    }

    /// The checksum's state behind a human-readable part.
    fileprivate static func checksum(of prefix: [UInt8]) -> UInt32 { polymod(expand(prefix)) }

    /// What the five bits that leave the checksum's top add to it: one look-up instead of five questions.
    private static let feedback: [UInt32] = (0..<32).map { top in
        generator.enumerated().reduce(0) { $0 ^ (top >> $1.offset & 1 == 1 ? $1.element : 0) }
    }

    private static func step(_ checksum: UInt32, _ group: UInt32, _ feedback: [UInt32]) -> UInt32 {
        (checksum & 0x1ff_ffff) << 5 ^ group ^ feedback[Int(checksum >> 25)]
    }

    /// The lower-case human-readable part and the bytes behind it.
    public static func decode(_ text: String) throws(Failure) -> (humanReadablePart: String, bytes: [UInt8]) {
        let (prefix, groups) = try decodeGroups(text)
        guard let bytes = regroup(groups, from: 5, to: 8, pad: false) else { throw .badPadding }
        return (prefix, bytes)
    }

    package static func decodeGroups(_ text: String) throws(Failure) -> (humanReadablePart: String, groups: [UInt8]) {
        var characters = Array(text.utf8)
        guard !characters.isEmpty else { throw .empty }
        guard characters.count <= maximumCount else { throw .tooLong }
        let hasLower = characters.contains { $0 >= 97 && $0 <= 122 }
        let hasUpper = characters.contains { $0 >= 65 && $0 <= 90 }
        guard !(hasLower && hasUpper) else { throw .mixedCase }
        guard characters.allSatisfy({ $0 >= 33 && $0 <= 126 }) else { throw .badCharacter }
        if hasUpper { characters = characters.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 } }
        guard let separator = characters.lastIndex(of: 49), separator >= 1 else { throw .noSeparator }
        let tail = characters[(separator + 1)...]
        guard tail.count >= 6 else { throw .badChecksum }
        var groups: [UInt8] = []
        groups.reserveCapacity(tail.count)
        for character in tail {
            let group = groupOfCharacter[Int(character)]
            guard group < 32 else { throw .badCharacter }
            groups.append(group)
        }
        let prefix = Array(characters[..<separator])
        guard polymod(expand(prefix) + groups) == checksumConstant else { throw .badChecksum }
        return (String(decoding: prefix, as: UTF8.self), Array(groups.dropLast(6)))
    }

    private static func expand(_ prefix: [UInt8]) -> [UInt8] {
        prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 }
    }

    /// The group that a character stands for; 255 for one that stands for none. Characters are below 128 here.
    private static let groupOfCharacter: [UInt8] = (0..<128).map { character in
        alphabet.firstIndex(of: UInt8(character)).map { UInt8($0) } ?? 255
    }

    private static let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        let feedback = feedback
        return values.reduce(1) { step($0, UInt32($1), feedback) }
    }

    /// Nil if unpadded bits are left over that are not zero, or a whole group of them.
    private static func regroup(_ values: [UInt8], from: UInt32, to: UInt32, pad: Bool) -> [UInt8]? {
        var accumulator: UInt32 = 0
        var bits: UInt32 = 0
        var groups: [UInt8] = []
        groups.reserveCapacity(values.count * Int(from) / Int(to) + 1)
        let mask = UInt32(1) << to - 1
        for value in values {
            accumulator = accumulator << from | UInt32(value)
            bits += from
            while bits >= to {
                bits -= to
                groups.append(UInt8(accumulator >> bits & mask))
            }
            accumulator &= (1 << bits) - 1
        }
        if pad {
            if bits > 0 { groups.append(UInt8(accumulator << (to - bits) & mask)) }
        } else if bits >= from || accumulator != 0 {
            return nil
        }
        return groups
    }
}

/// Which prefix the text of addresses and identifiers carries.
public enum NetworkKind: UInt8, Sendable, CaseIterable {
    case main = 0
    case test = 1

    public var prefix: String { self == .main ? "mnx" : "tmnx" }
}

/// The human-readable part of a kind's texts on a network, its separator, and the checksum's state behind it.
public struct TypedPrefix: Sendable {
    let characters: [UInt8]
    let checksum: UInt32

    public init(kind: String, network: NetworkKind) {
        let prefix = Array((network.prefix + kind).utf8)
        characters = prefix + [UInt8(ascii: "1")]
        checksum = Bech32m.checksum(of: prefix)
    }

    /// Appends what ``TypedText/encode(_:kind:network:)`` makes a string of.
    public func append(_ bytes: Bytes32, to text: inout [UInt8]) { Bech32m.append(bytes, behind: self, to: &text) }
}

/// The typed text of 32 bytes: network prefix, kind, bech32m.
public enum TypedText {
    /// In plain descriptions (logs, failures) the main network's prefix stands, since a value doesn't know its network.
    public static func encode(_ bytes: Bytes32, kind: String, network: NetworkKind = .main) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(Bech32m.maximumCount)
        TypedPrefix(kind: kind, network: network).append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless `text` is 32 bytes of that kind. `network` nil accepts both prefixes.
    public static func decode(_ text: String, kind: String, network: NetworkKind?) -> Bytes32? {
        guard let (prefix, bytes) = try? Bech32m.decode(text) else { return nil }
        let accepted = network.map { [$0] } ?? NetworkKind.allCases
        guard accepted.contains(where: { $0.prefix + kind == prefix }) else { return nil }
        return Bytes32(bytes)
    }

    /// `text` with every typed text in it (`mnxinft1…`) under the prefix of `network`: what values that don't know their
    /// network wrote about themselves, made what a reader on that network can copy. Everything else stays as it is.
    public static func localized(_ text: String, network: NetworkKind) -> String {
        guard network != .main, text.utf8.count > NetworkKind.main.prefix.utf8.count else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(where: isPartOfWord) {
            result += rest[..<start]
            let end = rest[start...].firstIndex { !isPartOfWord($0) } ?? rest.endIndex
            result += word(rest[start..<end], network)
            rest = rest[end...]
        }
        return result + rest
    }

    private static func isPartOfWord(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber)
    }

    private static func word(_ word: Substring, _ network: NetworkKind) -> String {
        let main = NetworkKind.main.prefix
        guard word.hasPrefix(main), word.utf8.count <= Bech32m.maximumCount,
            let (prefix, bytes) = try? Bech32m.decode(String(word)), let bytes = Bytes32(bytes)
        else { return String(word) }
        return encode(bytes, kind: String(prefix.dropFirst(main.count)), network: network)
    }
}
