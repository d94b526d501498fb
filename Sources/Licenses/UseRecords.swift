public import Consents
import Cryptography
public import Encoding
public import Primitives

/// What is said of a batch of uses, in closed codes: nothing of it tells of a patient.
/// `[purpose?, field?, territory?, language?, version?, isCommercial, trainsModels, attributes]`
public struct MeteredUse: CBORCodable, Codable, Hashable, Sendable {
    public var purpose: PurposeOfUse?
    public var field: FieldOfUse?
    /// ISO 3166.
    public var territory: String?
    /// BCP 47.
    public var language: String?
    /// Nil: the version that was bought.
    public var version: UInt64?
    public var isCommercial: Bool
    public var trainsModels: Bool
    /// The user names the work.
    public var attributes: Bool

    public init(
        purpose: PurposeOfUse? = nil, field: FieldOfUse? = nil, territory: String? = nil, language: String? = nil,
        version: UInt64? = nil, isCommercial: Bool = false, trainsModels: Bool = false, attributes: Bool = false
    ) {
        self.purpose = purpose
        self.field = field
        self.territory = territory
        self.language = language
        self.version = version
        self.isCommercial = isCommercial
        self.trainsModels = trainsModels
        self.attributes = attributes
    }

    /// As ``LicenseCheck`` is asked about it.
    func use(by user: Party) -> LicenseUse {
        LicenseUse(
            user: user, purpose: purpose, field: field, territory: territory, language: language, version: version,
            isCommercial: isCommercial, trainsModels: trainsModels, attributes: attributes)
    }

    private enum CodingKeys: String, CodingKey {
        case purpose, field, territory, language, version, isCommercial, trainsModels, attributes
    }

    /// In JSON whatever is left out is not claimed.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func flag(_ key: CodingKeys) throws -> Bool { try container.decodeIfPresent(Bool.self, forKey: key) ?? false }
        self.init(
            purpose: try container.decodeIfPresent(PurposeOfUse.self, forKey: .purpose),
            field: try container.decodeIfPresent(FieldOfUse.self, forKey: .field),
            territory: try container.decodeIfPresent(String.self, forKey: .territory),
            language: try container.decodeIfPresent(String.self, forKey: .language),
            version: try container.decodeIfPresent(UInt64.self, forKey: .version),
            isCommercial: try flag(.isCommercial), trainsModels: try flag(.trainsModels),
            attributes: try flag(.attributes))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(purpose)
        writer.write(field)
        if let territory { writer.write(territory) } else { writer.writeNull() }
        if let language { writer.write(language) } else { writer.writeNull() }
        writer.write(version)
        writer.write(isCommercial)
        writer.write(trainsModels)
        writer.write(attributes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            MeteredUse(
                purpose: try reader.optional("purpose"), field: try reader.optional("field"),
                territory: reader.null() ? nil : try reader.text("territory", max: LicenseLimits.territoryBytes),
                language: reader.null() ? nil : try reader.text("language", max: LicenseLimits.languageBytes),
                version: try reader.optional("version"), isCommercial: try reader.boolean("isCommercial"),
                trainsModels: try reader.boolean("trainsModels"), attributes: try reader.boolean("attributes"))
        }
    }
}

/// One run, or several that nobody reports on one by one. `[input, output, count]`
public struct UseEntry: CBORCodable, Codable, Hashable, Sendable {
    /// Commitments with 32 bytes of salt, so that nobody finds input or output by trying; see ``UseCommitments``.
    public let input: Hash
    public let output: Hash
    public let count: UInt64

    public init(input: Hash, output: Hash, count: UInt64 = 1) {
        self.input = input
        self.output = output
        self.count = count
    }

    private enum CodingKeys: String, CodingKey { case input, output, count }

    /// In JSON the count may be left out: one.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            input: try container.decode(Hash.self, forKey: .input),
            output: try container.decode(Hash.self, forKey: .output),
            count: try container.decodeIfPresent(UInt64.self, forKey: .count) ?? 1)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(input)
        writer.write(output)
        writer.write(count)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            UseEntry(
                input: try reader.value("input"), output: try reader.value("output"),
                count: try reader.unsigned("count"))
        }
    }

    /// Of the entries of one receipt, in order: what its record keeps of them.
    public static func root(_ entries: [UseEntry]) -> Hash { MerkleLog.root(of: entries.map(\.encoded)) }
}

/// A batch of uses that was recorded at once. The entries themselves stay in the transaction; the record keeps their
/// root, under which each can be shown, so that metering costs the state little.
/// `[license, number, user, at, version, use, entries, root, uses, prepaid, fee, reported]`
public struct UseReceipt: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    /// From 0, in order.
    public let number: UInt64
    /// Who recorded it: the licensee, a member, a seat or an agent.
    public let user: Party
    public let at: Timestamp
    public let version: UInt64
    public let use: MeteredUse
    /// How many entries there were.
    public let entries: UInt64
    /// Merkle root (RFC 9162) of the entries' bytes.
    public let root: Hash
    /// The sum of their counts.
    public let uses: UInt64
    /// How many of them the prepaid quota paid.
    public let prepaid: UInt64
    /// What all of them cost.
    public let fee: Amount
    /// Bit i: an outcome was reported of entry i.
    public var reported: UInt64

    public init(
        license: LicenseID, number: UInt64, user: Party, at: Timestamp, version: UInt64, use: MeteredUse,
        entries: UInt64, root: Hash, uses: UInt64, prepaid: UInt64, fee: Amount, reported: UInt64 = 0
    ) {
        self.license = license
        self.number = number
        self.user = user
        self.at = at
        self.version = version
        self.use = use
        self.entries = entries
        self.root = root
        self.uses = uses
        self.prepaid = prepaid
        self.fee = fee
        self.reported = reported
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(12)
        writer.write(license)
        writer.write(number)
        writer.write(user)
        writer.write(at)
        writer.write(version)
        writer.write(use)
        writer.write(entries)
        writer.write(root)
        writer.write(uses)
        writer.write(prepaid)
        writer.write(fee)
        writer.write(reported)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 12) { (reader) throws(EncodingFailure) in
            UseReceipt(
                license: try reader.value("license"), number: try reader.unsigned("number"),
                user: try reader.value("user"), at: try reader.value("at"), version: try reader.unsigned("version"),
                use: try reader.value("use"),
                entries: try reader.unsigned("entries", max: UInt64(LicenseLimits.useEntries)),
                root: try reader.value("root"), uses: try reader.unsigned("uses"),
                prepaid: try reader.unsigned("prepaid"), fee: try reader.value("fee"),
                reported: try reader.unsigned("reported"))
        }
    }
}

/// What was used under a license. What is left of the quota, times the fee of a use, is exactly its `prepaid` reserve.
/// `[license, quota, uses, receipts, fees]`
public struct LicenseMeter: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    /// Prepaid uses that are left.
    public var quota: UInt64
    /// All that were ever recorded.
    public var uses: UInt64
    public var receipts: UInt64
    /// What they cost together.
    public var fees: Amount

    public init(
        license: LicenseID, quota: UInt64 = 0, uses: UInt64 = 0, receipts: UInt64 = 0, fees: Amount = .zero
    ) {
        self.license = license
        self.quota = quota
        self.uses = uses
        self.receipts = receipts
        self.fees = fees
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(license)
        writer.write(quota)
        writer.write(uses)
        writer.write(receipts)
        writer.write(fees)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            LicenseMeter(
                license: try reader.value("license"), quota: try reader.unsigned("quota"),
                uses: try reader.unsigned("uses"), receipts: try reader.unsigned("receipts"),
                fees: try reader.value("fees"))
        }
    }
}

/// How much a version of an INFT was used, under all licenses together. `[inft, version, uses, receipts, ownUses]`
public struct VersionUses: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let version: UInt64
    public var uses: UInt64
    public var receipts: UInt64
    /// Those of `uses` that were under a license of whoever owned the INFT then.
    public var ownUses: UInt64

    public init(inft: INFTID, version: UInt64, uses: UInt64 = 0, receipts: UInt64 = 0, ownUses: UInt64 = 0) {
        self.inft = inft
        self.version = version
        self.uses = uses
        self.receipts = receipts
        self.ownUses = ownUses
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(inft)
        writer.write(version)
        writer.write(uses)
        writer.write(receipts)
        writer.write(ownUses)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            VersionUses(
                inft: try reader.value("inft"), version: try reader.unsigned("version"),
                uses: try reader.unsigned("uses"), receipts: try reader.unsigned("receipts"),
                ownUses: try reader.unsigned("ownUses"))
        }
    }
}
