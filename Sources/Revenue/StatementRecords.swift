public import Encoding
public import Primitives

/// Why a balance changed.
public enum MovementKind: UInt8, NamedCode, CBORCodable {
    case issue = 0
    case redemption = 1
    case transfer = 2
    /// Paid into a vault without a purchase.
    case payment = 3
    case sale = 4
    case use = 5
    case renewal = 6
    /// Paid out by a vault.
    case claim = 7
    /// Set aside in escrow, as a bond or as a prepaid quota.
    case reserve = 8
    /// Given from what was set aside.
    case release = 9
    case refund = 10
    /// Paid for a share of a vault; the reference is the INFT.
    case shareSale = 11
}

/// Why something was paid into a vault.
public enum PaymentReason: UInt8, NamedCode, CBORCodable {
    case payment = 0
    case sale = 1
    case use = 2
    case renewal = 3
    /// What waited for outcomes.
    case outcome = 4

    package var movement: MovementKind {
        switch self {
        case .payment, .outcome: .payment
        case .sale: .sale
        case .use: .use
        case .renewal: .renewal
        }
    }
}

/// The other side of a movement. `[0, party] / [1, inft] / [2, kind, subject]`
public enum Counterpart: CBORCodable, Codable, Hashable, Sendable {
    case party(Party)
    case vault(INFTID)
    /// What money is set aside for: the 32 bytes of a license, or of a round of a dispute for a bond.
    case reserve(ReserveKind, Hash)

    public func encode(into writer: inout CBORWriter) {
        if case .reserve = self { writer.array(3) } else { writer.array(2) }
        switch self {
        case .party(let party):
            writer.write(UInt64(0))
            writer.write(party)
        case .vault(let inft):
            writer.write(UInt64(1))
            writer.write(inft)
        case .reserve(let kind, let subject):
            writer.write(UInt64(2))
            writer.write(kind)
            writer.write(subject)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 1): .party(try reader.value())
            case (1, 1): .vault(try reader.value())
            case (2, 2): .reserve(try reader.value("kind"), try reader.value("subject"))
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    private enum Key: String, CodingKey { case party, vault, kind, reserve }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let party = try container.decodeIfPresent(Party.self, forKey: .party) {
            self = .party(party)
        } else if let inft = try container.decodeIfPresent(INFTID.self, forKey: .vault) {
            self = .vault(inft)
        } else {
            self = .reserve(
                try container.decode(ReserveKind.self, forKey: .kind),
                try container.decode(Hash.self, forKey: .reserve))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .party(let party): try container.encode(party, forKey: .party)
        case .vault(let inft): try container.encode(inft, forKey: .vault)
        case .reserve(let kind, let subject):
            try container.encode(kind, forKey: .kind)
            try container.encode(subject, forKey: .reserve)
        }
    }
}

/// One movement of one balance: the line of a statement. Part of the state, in a ``StatementPage`` or a ``BalanceRecord``, so
/// a statement can be proved, and each line says what the balance was after it, so a statement that leaves one out does not
/// add up.
public struct StatementEntry: CBORCodable, Codable, Hashable, Sendable {
    public let time: Timestamp
    public let height: Height
    /// Zero for genesis and for due work.
    public let transaction: Hash
    public let kind: MovementKind
    public let isIncoming: Bool
    public let amount: Amount
    public let balanceAfter: Amount
    public let counterpart: Counterpart
    public let reference: Hash?

    public init(
        time: Timestamp, height: Height, transaction: Hash, kind: MovementKind, isIncoming: Bool, amount: Amount,
        balanceAfter: Amount, counterpart: Counterpart, reference: Hash?
    ) {
        self.time = time
        self.height = height
        self.transaction = transaction
        self.kind = kind
        self.isIncoming = isIncoming
        self.amount = amount
        self.balanceAfter = balanceAfter
        self.counterpart = counterpart
        self.reference = reference
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(time)
        writer.write(height)
        writer.write(transaction)
        writer.write(kind)
        writer.write(isIncoming)
        writer.write(amount)
        writer.write(balanceAfter)
        writer.write(counterpart)
        writer.write(reference)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            StatementEntry(
                time: try reader.value("time"), height: try reader.value("height"),
                transaction: try reader.value("transaction"), kind: try reader.value("kind"),
                isIncoming: try reader.boolean("isIncoming"), amount: try reader.value("amount"),
                balanceAfter: try reader.value("balanceAfter"), counterpart: try reader.value("counterpart"),
                reference: try reader.optional("reference"))
        }
    }
}

extension StatementEntry {
    /// Without a reference it takes about so many bytes.
    static let usualBytes = 128
}

/// Eight lines of a statement that follow one another. Made when the eighth comes, and never changed.
public struct StatementPage: CBORCodable, Hashable, Sendable {
    public static let lineCount = 8
    /// A line has at most 145 bytes: its head 1, four numbers 36, two hashes 68, kind and direction 2, a counterpart 38.
    static let maximumBytes = 1 + lineCount * 145
    /// The encoding of an array of none.
    static let noLines: [UInt8] = [0x80]

    /// The lines as an array, whose head is one byte: they are fewer than 24.
    private let encodedLines: [UInt8]

    /// Precondition: the encoding of ``lineCount`` lines.
    init(encoded: [UInt8]) { encodedLines = encoded }

    public init(_ lines: [StatementEntry]) {
        precondition(lines.count == Self.lineCount, "a page is full")
        encodedLines = lines.reduce(Self.noLines) { Self.adding($1, to: $0) }
    }

    /// The encoding of one line more. Precondition: `encoded` has at most seven.
    static func adding(_ line: StatementEntry, to encoded: [UInt8]) -> [UInt8] {
        var writer = CBORWriter(reserving: encoded.count + StatementEntry.usualBytes)
        writer.array(Int(encoded[0] & 31) + 1)
        writer.write(encoded: encoded[1...])
        writer.write(line)
        return writer.bytes
    }

    /// The lines of a page that is not full, as they stand in a balance. What they say is read where it is asked for.
    static func openLines(of entries: UInt64, from reader: inout CBORReader) throws(EncodingFailure) -> [UInt8] {
        let encoded = try reader.byteString("openLines", max: maximumBytes)
        guard encoded.first == noLines[0] + UInt8(entries % UInt64(lineCount)) else {
            throw reader.failure(.wrongCount, "openLines")
        }
        return encoded
    }

    /// Throws if these are not so many lines.
    static func lines(_ encoded: [UInt8], count: Int) throws(EncodingFailure) -> [StatementEntry] {
        var reader = CBORReader(encoded)
        let lines = try reader.record("lines", count: count) { (reader) throws(EncodingFailure) in
            var lines: [StatementEntry] = []
            for _ in 0..<count { lines.append(try reader.value("line")) }
            return lines
        }
        try reader.finish()
        return lines
    }

    /// The lines, in order. Throws if they were not lines.
    public func lines() throws(EncodingFailure) -> [StatementEntry] {
        try Self.lines(encodedLines, count: Self.lineCount)
    }

    public func encode(into writer: inout CBORWriter) { writer.write(encoded: encodedLines) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let start = reader.offset
        // Read once as what they are, so that no other bytes pass for a page.
        try reader.record("lines", count: Self.lineCount) { (reader) throws(EncodingFailure) in
            for _ in 0..<Self.lineCount { _ = try reader.value("line", as: StatementEntry.self) }
        }
        encodedLines = reader.read(since: start)
    }
}
