public import Encoding
public import Primitives

/// An INFT's vault. Its holders, its royalty vector and its accounts stand under keys of their own, so that a payment
/// touches none of them.
public struct VaultRecord: CBORCodable, Codable, Hashable, Sendable {
    public let createdAt: Timestamp
    /// Sum of the royalty vector's shares.
    public var royaltyShare: PartsPerMillion
    /// Entries of the royalty vector.
    public var royaltyCount: UInt64
    /// The cumulative total at which the vector's first ceiling binds.
    public var firstBinding: Amount?
    /// Every asset that was ever paid in, in order of first payment.
    public var assets: [AssetID]
    /// The vault of a group: its vector is the split over its members, and what it gets of descendants is split, too.
    public var isSplit: Bool

    public init(
        createdAt: Timestamp, royaltyShare: PartsPerMillion = .zero,
        royaltyCount: UInt64 = 0, firstBinding: Amount? = nil, assets: [AssetID] = [], isSplit: Bool = false
    ) {
        self.createdAt = createdAt
        self.royaltyShare = royaltyShare
        self.royaltyCount = royaltyCount
        self.firstBinding = firstBinding
        self.assets = assets
        self.isSplit = isSplit
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(createdAt)
        writer.write(royaltyShare)
        writer.write(royaltyCount)
        writer.write(firstBinding)
        writer.write(assets)
        writer.write(isSplit)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            VaultRecord(
                createdAt: try reader.value("createdAt"),
                royaltyShare: try reader.value("royaltyShare"), royaltyCount: try reader.unsigned("royaltyCount"),
                firstBinding: try reader.optional("firstBinding"),
                assets: try reader.list("assets", max: RevenueLimits.assetsPerVault),
                isSplit: try reader.boolean("isSplit"))
        }
    }
}

/// The holders of a vault, sorted by party; their shares sum to one million.
public struct HoldersRecord: CBORCodable, Codable, Hashable, Sendable {
    public var holders: [ShareHolder]

    public init(holders: [ShareHolder]) { self.holders = holders }

    public func encode(into writer: inout CBORWriter) { writer.write(holders) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        holders = try reader.sortedList("holders", max: RevenueLimits.holders) { $0.party }
    }

    /// Where `party` stands, or where it would.
    package func position(of party: Party) -> (index: Int, isFound: Bool) {
        var low = 0
        var high = holders.count
        while low < high {
            let middle = (low + high) / 2
            if holders[middle].party < party { low = middle + 1 } else { high = middle }
        }
        return (low, low < holders.count && holders[low].party == party)
    }

    public func share(of party: Party) -> PartsPerMillion {
        let (index, isFound) = position(of: party)
        return isFound ? holders[index].share : .zero
    }
}

/// The royalty vector, sorted by the cumulative total at which each entry's ceiling binds (those without one last).
public struct RoyaltiesRecord: CBORCodable, Codable, Hashable, Sendable {
    public let entries: [RoyaltyEntry]

    public init(entries: [RoyaltyEntry]) { self.entries = entries }

    public func encode(into writer: inout CBORWriter) { writer.write(entries) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        entries = try reader.list("entries", max: max(RevenueLimits.royaltyEntries, RevenueLimits.splitEntries))
    }
}

/// A vault's account in one asset. With T = `total`, S = `activeShare` and C = `boundCeilings`, the holders' net is
/// N = ⌊(10⁶ − S)·T / 10⁶⌋ − C + `received`; see ``VaultArithmetic``.
public struct VaultAccount: CBORCodable, Codable, Hashable, Sendable {
    /// T: everything ever paid in, which only grows.
    public var total: Amount
    /// Royalties ever received from descendants. They raise N, never T.
    public var received: Amount
    /// How many entries of the royalty vector have reached their ceiling: a prefix of it.
    public var boundCount: UInt64
    /// Sum of the shares of the entries that have not.
    public var activeShare: PartsPerMillion
    /// Sum of the ceilings of the entries that have.
    public var boundCeilings: Amount
    /// T at which the next entry's ceiling binds.
    public var nextBinding: Amount?
    /// What ancestors have taken.
    public var royaltiesTaken: Amount
    /// What holders have claimed.
    public var claimed: Amount

    public init(
        total: Amount = .zero, received: Amount = .zero, boundCount: UInt64 = 0, activeShare: PartsPerMillion,
        boundCeilings: Amount = .zero, nextBinding: Amount?, royaltiesTaken: Amount = .zero, claimed: Amount = .zero
    ) {
        self.total = total
        self.received = received
        self.boundCount = boundCount
        self.activeShare = activeShare
        self.boundCeilings = boundCeilings
        self.nextBinding = nextBinding
        self.royaltiesTaken = royaltiesTaken
        self.claimed = claimed
    }

    /// What the vault holds now, rounding remainders included. Nil if more went out than came in.
    public var held: Amount? {
        total.adding(received)?.subtracting(royaltiesTaken)?.subtracting(claimed)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(total)
        writer.write(received)
        writer.write(boundCount)
        writer.write(activeShare)
        writer.write(boundCeilings)
        writer.write(nextBinding)
        writer.write(royaltiesTaken)
        writer.write(claimed)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            VaultAccount(
                total: try reader.value("total"), received: try reader.value("received"),
                boundCount: try reader.unsigned("boundCount"), activeShare: try reader.value("activeShare"),
                boundCeilings: try reader.value("boundCeilings"), nextBinding: try reader.optional("nextBinding"),
                royaltiesTaken: try reader.value("royaltiesTaken"), claimed: try reader.value("claimed"))
        }
    }
}

/// A holder's account in one asset of a vault, settled up to N = `settled`.
public struct HolderAccount: CBORCodable, Codable, Hashable, Sendable {
    public var settled: Amount
    /// Millionths of a smallest unit that have accrued beyond whole ones; below 10⁶.
    public var carry: UInt64
    /// Whole units that have accrued and were not claimed.
    public var accrued: Amount
    public var claimed: Amount

    public init(settled: Amount = .zero, carry: UInt64 = 0, accrued: Amount = .zero, claimed: Amount = .zero) {
        self.settled = settled
        self.carry = carry
        self.accrued = accrued
        self.claimed = claimed
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(settled)
        writer.write(carry)
        writer.write(accrued)
        writer.write(claimed)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            HolderAccount(
                settled: try reader.value("settled"), carry: try reader.unsigned("carry", max: 999_999),
                accrued: try reader.value("accrued"), claimed: try reader.value("claimed"))
        }
    }
}

/// Why money is set aside.
public enum ReserveKind: UInt8, NamedCode, CBORCodable {
    case escrow = 0
    case held = 1
    case bond = 2
    case prepaid = 3
}

/// Money set aside for a license, a dispute or a quota.
public struct ReserveRecord: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    public let payer: Party
    public var amount: Amount

    public init(asset: AssetID, payer: Party, amount: Amount) {
        self.asset = asset
        self.payer = payer
        self.amount = amount
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(asset)
        writer.write(payer)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ReserveRecord(
                asset: try reader.value("asset"), payer: try reader.value("payer"),
                amount: try reader.value("amount"))
        }
    }
}
