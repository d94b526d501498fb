public import Encoding
public import Primitives

/// What an issuer may freeze, declared when the asset is created and never widened.
public enum FreezePolicy: UInt8, NamedCode, CBORCodable {
    case never = 0
    /// Single balances.
    case balances = 1
    /// Single balances, and the whole asset.
    case balancesAndAsset = 2
}

/// A settlement asset.
public struct AssetRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: AssetID
    /// Unique in the ledger: `USD`.
    public let code: String
    public let name: String
    /// Decimals: 2 means that 100 smallest units make one.
    public let scale: UInt8
    public let issuer: Party
    public let freezePolicy: FreezePolicy
    /// Hash of the issuer's redemption terms.
    public let terms: Hash?
    public let createdAt: Timestamp
    public var frozenAt: Timestamp?

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(id)
        writer.write(code)
        writer.write(name)
        writer.write(UInt64(scale))
        writer.write(issuer)
        writer.write(freezePolicy)
        writer.write(terms)
        writer.write(createdAt)
        writer.write(frozenAt)
    }

    public init(
        id: AssetID, code: String, name: String, scale: UInt8, issuer: Party, freezePolicy: FreezePolicy, terms: Hash?,
        createdAt: Timestamp, frozenAt: Timestamp? = nil
    ) {
        self.id = id
        self.code = code
        self.name = name
        self.scale = scale
        self.issuer = issuer
        self.freezePolicy = freezePolicy
        self.terms = terms
        self.createdAt = createdAt
        self.frozenAt = frozenAt
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            AssetRecord(
                id: try reader.value("id"),
                code: try reader.text("code", max: RevenueLimits.assetCodeBytes.upperBound),
                name: try reader.text("name", max: RevenueLimits.assetNameBytes),
                scale: try reader.integer("scale"), issuer: try reader.value("issuer"),
                freezePolicy: try reader.value("freezePolicy"), terms: try reader.optional("terms"),
                createdAt: try reader.value("createdAt"), frozenAt: try reader.optional("frozenAt"))
        }
    }
}

/// Where the units of an asset are. `issued` equals the sum of the others, in every state there is.
public struct AssetTotals: CBORCodable, Codable, Hashable, Sendable {
    public var issued: Amount
    public var balances: Amount
    public var vaults: Amount
    public var escrows: Amount
    public var held: Amount
    public var bonds: Amount
    public var prepaid: Amount

    public init(
        issued: Amount = .zero, balances: Amount = .zero, vaults: Amount = .zero, escrows: Amount = .zero,
        held: Amount = .zero, bonds: Amount = .zero, prepaid: Amount = .zero
    ) {
        self.issued = issued
        self.balances = balances
        self.vaults = vaults
        self.escrows = escrows
        self.held = held
        self.bonds = bonds
        self.prepaid = prepaid
    }

    /// Nil on overflow, which alone proves that units were made from nothing.
    public var sum: Amount? {
        var sum = Amount.zero
        for part in [balances, vaults, escrows, held, bonds, prepaid] {
            guard let next = sum.adding(part) else { return nil }
            sum = next
        }
        return sum
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        for part in [issued, balances, vaults, escrows, held, bonds, prepaid] { writer.write(part) }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            AssetTotals(
                issued: try reader.value("issued"), balances: try reader.value("balances"),
                vaults: try reader.value("vaults"), escrows: try reader.value("escrows"),
                held: try reader.value("held"), bonds: try reader.value("bonds"),
                prepaid: try reader.value("prepaid"))
        }
    }
}

/// What a party has of an asset, with the latest lines of its statement.
///
/// Eight lines make a page, a record of its own that never changes; those of the page that is not full yet stand here. So a
/// payment changes one record of each party, and seven times of eight adds none.
public struct BalanceRecord: CBORCodable, Hashable, Sendable {
    public var amount: Amount
    public var frozenAt: Timestamp?
    /// How many lines the statement has; the next one's number.
    public private(set) var entries: UInt64
    /// The last `entries` mod 8 lines, encoded as an array. Left so: whoever pays asks for none of them.
    private var openLines: [UInt8]

    public init(amount: Amount = .zero, frozenAt: Timestamp? = nil) {
        self.init(amount: amount, frozenAt: frozenAt, entries: 0, openLines: StatementPage.noLines)
    }

    private init(amount: Amount, frozenAt: Timestamp?, entries: UInt64, openLines: [UInt8]) {
        self.amount = amount
        self.frozenAt = frozenAt
        self.entries = entries
        self.openLines = openLines
    }

    /// How many pages of the statement are full, each a record of its own.
    public var pages: UInt64 { entries / UInt64(StatementPage.lineCount) }

    /// Adds a line. If it fills the page, that page comes back and stands here no longer.
    package mutating func append(_ line: StatementEntry) -> StatementPage? {
        openLines = StatementPage.adding(line, to: openLines)
        entries += 1
        guard entries % UInt64(StatementPage.lineCount) == 0 else { return nil }
        defer { openLines = StatementPage.noLines }
        return StatementPage(encoded: openLines)
    }

    /// The amount of a stored record, without the rest of it.
    static func amount(in stored: [UInt8]) throws(EncodingFailure) -> Amount {
        var reader = CBORReader(stored)
        return try reader.record(count: 4) { (reader) throws(EncodingFailure) in try reader.value("amount") }
    }

    /// The lines behind the last full page, in order. Throws if the record is damaged.
    func lines() throws(EncodingFailure) -> [StatementEntry] {
        try StatementPage.lines(openLines, count: Int(entries % UInt64(StatementPage.lineCount)))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(amount)
        writer.write(frozenAt)
        writer.write(entries)
        writer.write(bytes: openLines)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            let (amount, frozenAt): (Amount, Timestamp?) = (
                try reader.value("amount"), try reader.optional("frozenAt")
            )
            let entries = try reader.unsigned("entries")
            return BalanceRecord(
                amount: amount, frozenAt: frozenAt, entries: entries,
                openLines: try StatementPage.openLines(of: entries, from: &reader))
        }
    }
}

/// A party's share of a vault.
public struct ShareHolder: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    public let share: PartsPerMillion

    public init(party: Party, share: PartsPerMillion) {
        self.party = party
        self.share = share
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(party)
        writer.write(share)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            ShareHolder(party: try reader.value("party"), share: try reader.value("share"))
        }
    }
}
