internal import Primitives

/// BIP-39: entropy as English words with a checksum, and the seed that they and a passphrase make.
public struct Mnemonic: Sendable, CustomStringConvertible {
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case badEntropyCount(Int)
        case badWordCount(Int)
        /// Position from 0; the word itself is a secret and not repeated.
        case unknownWord(index: Int)
        case badChecksum
        case badPassphrase

        public var description: String {
            switch self {
            case .badEntropyCount(let count): "\(count) bytes of entropy, where 16, 20, 24, 28 or 32 are allowed"
            case .badWordCount(let count): "\(count) words, where 12, 15, 18, 21 or 24 are allowed"
            case .unknownWord(let index): "word \(index + 1) is not in the English list of BIP-39"
            case .badChecksum: "the words' checksum does not match: a word is wrong or out of place"
            case .badPassphrase:
                "only ASCII passphrases are taken, so that every wallet derives the same keys from them"
            }
        }
    }

    /// 16, 20, 24, 28 or 32 bytes.
    public let entropy: SecretBytes

    /// 16, 20, 24, 28 or 32 bytes of randomness give 12, 15, 18, 21 or 24 words.
    public init(entropy: SecretBytes) throws(Failure) {
        guard entropy.count >= 16, entropy.count <= 32, entropy.count % 4 == 0 else {
            throw .badEntropyCount(entropy.count)
        }
        self.entropy = entropy
    }

    /// Words separated by white space, in either case, as people type them. The list is ASCII, so that BIP-39's
    /// normalization (NFKD) changes nothing.
    public init(words text: String) throws(Failure) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard [12, 15, 18, 21, 24].contains(words.count) else { throw .badWordCount(words.count) }
        var bits: [Bool] = []
        bits.reserveCapacity(words.count * 11)
        for (index, word) in words.enumerated() {
            guard let number = EnglishWords.index(of: word.lowercased()) else { throw .unknownWord(index: index) }
            for shift in stride(from: 10, through: 0, by: -1) { bits.append(number >> shift & 1 == 1) }
        }
        let checksumCount = words.count / 3
        let entropyCount = (bits.count - checksumCount) / 8
        var entropy = (0..<entropyCount).map { byte in
            (0..<8).reduce(UInt8(0)) { $0 << 1 | (bits[byte * 8 + $1] ? 1 : 0) }
        }
        defer { Wipe.array(&entropy) }
        let checksum = SHA256.hash(entropy).bytes
        guard (0..<checksumCount).allSatisfy({ checksum.bit($0) == bits[entropyCount * 8 + $0] }) else {
            throw .badChecksum
        }
        try self.init(entropy: SecretBytes(entropy))
    }

    /// The words, to be shown once and written down.
    public var words: [String] {
        var bytes = entropy.copy()
        defer { Wipe.array(&bytes) }
        let checksum = SHA256.hash(bytes).bytes
        let count = bytes.count * 3 / 4
        func bit(_ index: Int) -> Bool {
            let byte = index >> 3
            return byte < bytes.count
                ? bytes[byte] >> UInt8(7 - index & 7) & 1 == 1 : checksum.bit(index - bytes.count * 8)
        }
        return (0..<count).map { word in
            EnglishWords.list[(0..<11).reduce(0) { $0 << 1 | (bit(word * 11 + $1) ? 1 : 0) }]
        }
    }

    /// The 64-byte seed of BIP-32. BIP-39 wants NFKD of the passphrase; the standard library has none, so other than
    /// ASCII is refused instead of giving keys that no other wallet finds.
    public func seed(passphrase: String = "") throws(Failure) -> SecretBytes {
        guard passphrase.utf8.allSatisfy({ $0 < 128 }) else { throw .badPassphrase }
        var sentence = Array(words.joined(separator: " ").utf8)
        var salt = Array("mnemonic".utf8) + Array(passphrase.utf8)
        defer {
            Wipe.array(&sentence)
            Wipe.array(&salt)
        }
        do {
            return try PBKDF2.sha512(passphrase: sentence, salt: salt, iterations: 2048, count: 64)
        } catch {
            preconditionFailure("PBKDF2 of a sentence has no failure but memory")
        }
    }

    public var description: String { "Mnemonic(\(entropy.count * 3 / 4) words)" }
}
