import Cryptography
internal import Interface
public import Licenses
public import Primitives

/// What opens the commitments of a batch of uses: salts and digests, which are on no ledger. Whoever recorded the uses
/// keeps it, and gives it to the institution that reports how they ended.
public struct UseOpening: Codable, Equatable, Sendable {
    public static let format = "mednexus-uses"

    public struct Entry: Codable, Equatable, Sendable {
        public let inputSalt: Hash
        /// SHA-256 of what went in.
        public let inputHash: Hash
        public let outputSalt: Hash
        /// SHA-256 of what came out.
        public let outputHash: Hash
        /// Of the predicted bin.
        public let binSalt: Hash
        /// The tenth in which the predicted probability lies, 0 to 9; absent where nothing was predicted.
        public let bin: UInt8?
        public let count: UInt64

        /// With fresh salts.
        public init(inputHash: Hash, outputHash: Hash, bin: UInt8?, count: UInt64) throws(WalletFailure) {
            inputSalt = try Self.salt()
            self.inputHash = inputHash
            outputSalt = try Self.salt()
            self.outputHash = outputHash
            binSalt = try Self.salt()
            self.bin = bin
            self.count = count
        }

        private static func salt() throws(WalletFailure) -> Hash {
            guard let bytes = Bytes32(OperatingSystemRandom.bytes(32)) else {
                throw WalletFailure(.key, "the system gives no random bytes")
            }
            return Hash(bytes)
        }

        /// The salted commitment to the output, inside the one that the ledger has.
        public var inner: Hash { UseCommitments.inner(salt: outputSalt, digest: outputHash) }

        /// As the ledger has it.
        public var entry: UseEntry {
            UseEntry(
                input: UseCommitments.input(salt: inputSalt, digest: inputHash),
                output: UseCommitments.output(salt: binSalt, bin: bin, inner: inner), count: count)
        }
    }

    public let format: String
    public let version: UInt64
    public let license: LicenseID
    /// In the order of the receipt.
    public let entries: [Entry]

    public init(license: LicenseID, entries: [Entry]) {
        format = Self.format
        version = 1
        self.license = license
        self.entries = entries
    }

    /// Of the receipt that these entries made.
    public var root: Hash { UseEntry.root(entries.map(\.entry)) }

    /// The bin of a probability.
    public static func bin(_ probability: PartsPerMillion) -> UInt8 {
        UInt8(min(9, UInt64(probability.parts) / 100_000))
    }

    public static func load(_ path: String, networkKind: NetworkKind) throws(WalletFailure) -> UseOpening {
        let opening: UseOpening
        do {
            opening = try JSONValueDecoder.decode(
                UseOpening.self, from: try JSONParser.parse(try ContentFile.text(path)), networkKind: networkKind)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.usage, "\(path) is not what license use writes: \(error)")
        }
        guard opening.format == format, opening.version == 1, !opening.entries.isEmpty,
            opening.entries.count <= LicenseLimits.useEntries, opening.entries.allSatisfy({ $0.bin ?? 0 <= 9 })
        else { throw WalletFailure(.usage, "\(path) is not what license use writes") }
        return opening
    }

    /// Private, and on disk when it returns. Never over another file: its salts are nowhere else.
    public func save(_ path: String, networkKind: NetworkKind) throws(WalletFailure) {
        guard try !ContentFile.exists(path) else {
            throw WalletFailure(
                .usage, "\(path) is there already", hint: "Name another file: the salts of that one are nowhere else.")
        }
        let text: String
        do {
            text = try JSONValueEncoder.encode(self, networkKind: networkKind).text
        } catch {
            throw WalletFailure(.usage, "the uses can't be written: \(error)")
        }
        try ContentFile.writePrivate(Array((text + "\n").utf8), to: path)
    }
}
