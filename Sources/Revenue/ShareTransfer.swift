public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// What a share is sold for. `[asset, amount]`
public struct SharePrice: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    public let amount: Amount

    public init(asset: AssetID, amount: Amount) {
        self.asset = asset
        self.amount = amount
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(asset)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            SharePrice(asset: try reader.value("asset"), amount: try reader.value("amount"))
        }
    }
}

/// `revenue.transferShare`: a holder gives or sells some of its share of a vault. Both sides are settled first, so what
/// accrued stays with who held the share while it did; share and price change hands together or not at all. A holder's
/// share is of what the ancestors leave: whoever holds it, their royalties are the same, so a sale skips nobody.
public struct RevenueTransferShare: DomainOperation {
    public static let name = "revenue.transferShare"
    public let inft: INFTID
    /// Who loses, and must sign. Null: the actor.
    public let from: Party?
    public let to: Party
    public let share: PartsPerMillion
    /// What `to` pays for it, and must sign. Null: a gift.
    public let price: SharePrice?

    public init(inft: INFTID, from: Party? = nil, to: Party, share: PartsPerMillion, price: SharePrice? = nil) {
        self.inft = inft
        self.from = from
        self.to = to
        self.share = share
        self.price = price
    }

    public struct Plan {
        let giver: Party
        let before: HoldersRecord
        let after: HoldersRecord
        let assets: [AssetID]
    }

    /// Twice per asset that the vault may have, and two records of up to 1,000 holders; a sale moves money, too.
    public var weight: UInt64 { 140 + 8 * UInt64(RevenueLimits.assetsPerVault) + (price == nil ? 0 : 38) }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let giver = from ?? context.actor
        try Authority.require(giver, for: .treasury, in: context, field: "from")
        guard giver != to else { throw RevenueRejection.sameParty.at("to", "giver and taker are the same party") }
        guard share > .zero else { throw RevenueRejection.shareZero.at("share", "nothing would be given") }
        let vault = try Vaults.requireRecord(of: inft, field: "inft", in: context.state)
        _ = try Parties.requireKnown(to, field: "to", in: context.state)
        let before = HoldersRecord(holders: try Vaults.holders(of: inft, in: context.state))
        let held = before.share(of: giver)
        guard held > .zero else {
            throw RevenueRejection.notAHolder.at("from", "\(giver) has no share of this vault")
        }
        guard let rest = PartsPerMillion(UInt64(held.parts) - min(UInt64(held.parts), UInt64(share.parts))),
            let sum = PartsPerMillion(UInt64(before.share(of: to).parts) + UInt64(share.parts)), held >= share
        else {
            throw RevenueRejection.shareTooLarge.at("share", "\(share) would be given, \(held) are held")
        }
        var after = before
        after.set(giver, rest)
        after.set(to, sum)
        guard after.holders.count <= RevenueLimits.holders else {
            throw RevenueRejection.tooManyHolders.at("to", "the vault has \(RevenueLimits.holders) holders already")
        }
        if let price {
            try Authority.require(to, for: .treasury, in: context, field: "to")
            try Balances.checkSpend(price.amount, of: price.asset, from: to, field: "price.amount", in: context.state)
        }
        return Plan(giver: giver, before: before, after: after, assets: vault.assets)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        for asset in plan.assets {
            for party in [plan.giver, to] {
                let settled = try Vaults.settled(
                    party, in: inft, asset, share: plan.before.share(of: party), state: context.state)
                context.state.set(RevenueKeys.holder(inft, asset, party), settled)
            }
        }
        context.state.set(RevenueKeys.holders(inft), plan.after)
        if let price {
            // The statements of both name the INFT whose share it was.
            let reference = Hash(inft.bytes)
            try Balances.debit(
                price.amount, of: price.asset, from: to, .shareSale, .party(plan.giver), reference, in: context)
            try Balances.credit(
                price.amount, of: price.asset, to: plan.giver, .shareSale, .party(to), reference, in: context)
        }
        context.emit(
            RevenueEvent.shareTransferred(
                ShareTransferred(inft: inft, from: plan.giver, to: to, share: share, price: price)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let giver = from.map { names.party($0) } ?? "you"
        var lines = [
            "\(share.percent) of the revenue of \(names.identifier(inft.description)) pass from \(giver) to "
                + "\(names.party(to)), for good.",
            "What has accrued until now stays with \(giver).",
        ]
        if let price {
            lines.append(
                "\(names.party(to)) pays \(names.amount(price.amount, of: price.asset)) for it to \(giver), in the same "
                    + "step: both happen or neither.")
        }
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(inft)
        writer.write(from)
        writer.write(to)
        writer.write(share)
        writer.write(price)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            RevenueTransferShare(
                inft: try reader.value("inft"), from: try reader.optional("from"), to: try reader.value("to"),
                share: try reader.value("share"), price: try reader.optional("price"))
        }
    }
}

extension HoldersRecord {
    /// Sets a share; none takes the party off the list.
    fileprivate mutating func set(_ party: Party, _ share: PartsPerMillion) {
        let (index, isFound) = position(of: party)
        if isFound { holders.remove(at: index) }
        if share > .zero { holders.insert(ShareHolder(party: party, share: share), at: index) }
    }
}
