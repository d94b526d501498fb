public import Encoding
public import Primitives

/// How an ancestor's share goes on beyond the derivatives that it licensed itself. Part of the terms under which the
/// ancestor was licensed, so nobody further down can change it.
public enum RoyaltyPolicy: UInt8, NamedCode, CBORCodable {
    /// The share reaches every descendant undiluted.
    case absolute = 0
    /// Shares multiply along each path.
    case relative = 1
}

/// What an INFT owes an ancestor of all that is ever paid into its vault: a share, up to a ceiling in each asset. One
/// entry for each link by which the ancestor is reached. `[ancestor, agreed, share, ceiling?, policy, revenueCeiling?]`
public struct RoyaltyEntry: CBORCodable, Codable, Hashable, Sendable {
    public let ancestor: INFTID
    /// What the ancestor's terms ask of a direct derivative. The share is less where it was diluted on the way.
    public let agreed: PartsPerMillion
    public let share: PartsPerMillion
    /// The most the entry brings in smallest units, counted in each asset by itself.
    public let ceiling: Amount?
    /// That of the terms under which the ancestor was licensed.
    public let policy: RoyaltyPolicy
    /// The revenue up to which the share is due. The ceiling has it in it already; kept for the entries that follow from
    /// this one, whose shares may be lower.
    public let revenueCeiling: Amount?

    /// - Parameter agreed: the share itself if left out.
    public init(
        ancestor: INFTID, agreed: PartsPerMillion? = nil, share: PartsPerMillion, ceiling: Amount?,
        policy: RoyaltyPolicy = .absolute, revenueCeiling: Amount? = nil
    ) {
        self.ancestor = ancestor
        self.agreed = agreed ?? share
        self.share = share
        self.ceiling = ceiling
        self.policy = policy
        self.revenueCeiling = revenueCeiling
    }

    /// The entry of a direct derivative under terms that ask `share` of it; nil if they ask for nothing.
    ///
    /// - Parameters:
    ///   - most: the most that the share may bring.
    ///   - revenue: the revenue up to which it is due.
    public init?(
        licensing ancestor: INFTID, share: PartsPerMillion, policy: RoyaltyPolicy, most: Amount?, revenue: Amount?
    ) {
        let ceiling = Self.lower(most, revenue?.portion(share))
        guard share > .zero, ceiling != .zero else { return nil }
        self.init(ancestor: ancestor, share: share, ceiling: ceiling, policy: policy, revenueCeiling: revenue)
    }

    /// What becomes of this entry in a derivative that was linked by terms asking for `link`: an absolute entry stays as
    /// it is. The share of a relative one is multiplied by the link's and rounded down to parts per million, and its
    /// ceiling follows where it counts revenue. Nil once nothing is left of it.
    ///
    /// A product of two parts of a whole, rounded down, is at most either: inheriting never makes a vector larger.
    public func inherited(through link: PartsPerMillion) -> RoyaltyEntry? {
        guard policy == .relative else { return self }
        guard let share = PartsPerMillion(UInt64(self.share.parts) * UInt64(link.parts) / 1_000_000) else {
            preconditionFailure("a part of a part is at most a whole")
        }
        let ceiling = Self.lower(self.ceiling, revenueCeiling?.portion(share))
        guard share > .zero, ceiling != .zero else { return nil }
        return RoyaltyEntry(
            ancestor: ancestor, agreed: agreed, share: share, ceiling: ceiling, policy: policy,
            revenueCeiling: revenueCeiling)
    }

    /// Whether less than what the ancestor's own terms ask arrives.
    public var isDiluted: Bool { share < agreed }

    private static func lower(_ one: Amount?, _ other: Amount?) -> Amount? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(ancestor)
        writer.write(agreed)
        writer.write(share)
        writer.write(ceiling)
        writer.write(policy)
        writer.write(revenueCeiling)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            RoyaltyEntry(
                ancestor: try reader.value("ancestor"), agreed: try reader.value("agreed"),
                share: try reader.value("share"), ceiling: try reader.optional("ceiling"),
                policy: try reader.value("policy"), revenueCeiling: try reader.optional("revenueCeiling"))
        }
    }
}
