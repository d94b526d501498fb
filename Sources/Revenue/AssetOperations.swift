public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `asset.create`: the actor becomes the issuer of a new asset.
public struct AssetCreate: DomainOperation {
    public static let name = "asset.create"
    public let code: String
    public let title: String
    public let scale: UInt8
    public let freezePolicy: FreezePolicy
    public let terms: Hash?

    public init(code: String, title: String, scale: UInt8, freezePolicy: FreezePolicy, terms: Hash?) {
        self.code = code
        self.title = title
        self.scale = scale
        self.freezePolicy = freezePolicy
        self.terms = terms
    }

    public var weight: UInt64 { 30 + CredentialWeights.holds }

    public func check(in context: OperationContext) throws(Refusal) -> AssetRecord {
        let issuer = context.actor
        try Authority.require(issuer, for: .treasury, in: context, field: "actor")
        guard try Assets.mayIssue(issuer, at: context.block.time, in: context.state) else {
            throw RevenueRejection.issuerNotAdmitted.at(
                "actor", "an issuer of assets needs an assetIssuer credential in force, or admission by the validators")
        }
        try Assets.check(code: code, name: title, scale: scale, in: context.state)
        return AssetRecord(
            id: context.madeIdentifier(), code: code, name: title, scale: scale, issuer: issuer,
            freezePolicy: freezePolicy, terms: terms, createdAt: context.block.time)
    }

    public func apply(_ plan: AssetRecord, in context: OperationContext) throws(Refusal) {
        Assets.add(plan, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Create the settlement asset \(code) (\(title)) with \(scale) decimals, issued by you.",
            freezePolicy == .never
                ? "Nobody can ever freeze it." : "You may freeze: \(freezePolicy.name). This can never be widened.",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(code)
        writer.write(title)
        writer.write(UInt64(scale))
        writer.write(freezePolicy)
        writer.write(terms)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            AssetCreate(
                code: try reader.text("code", max: RevenueLimits.assetCodeBytes.upperBound),
                title: try reader.text("title", max: RevenueLimits.assetNameBytes),
                scale: try reader.integer("scale"), freezePolicy: try reader.value("freezePolicy"),
                terms: try reader.optional("terms"))
        }
    }
}

/// `asset.issue`: the issuer makes units against what it was given outside.
public struct AssetIssue: DomainOperation {
    public static let name = "asset.issue"
    public let asset: AssetID
    public let to: Party
    public let amount: Amount
    public let reference: Hash?

    public init(asset: AssetID, to: Party, amount: Amount, reference: Hash? = nil) {
        self.asset = asset
        self.to = to
        self.amount = amount
        self.reference = reference
    }

    public var weight: UInt64 { 38 + CredentialWeights.holds }

    public func check(in context: OperationContext) throws(Refusal) -> AssetRecord {
        let asset = try Assets.requireActive(asset, field: "asset", in: context.state)
        try Authority.require(asset.issuer, for: .treasury, in: context, field: "asset")
        guard try Assets.mayIssue(asset.issuer, at: context.block.time, in: context.state) else {
            throw RevenueRejection.issuerNotAdmitted.at(
                "asset", "the issuer's credential is no longer in force; it can redeem, not issue")
        }
        guard amount > .zero else { throw RevenueRejection.amountZero.at("amount", "nothing would be issued") }
        _ = try Parties.requireKnown(to, field: "to", in: context.state)
        guard try Assets.totals(asset.id, in: context.state).issued.adding(amount) != nil else {
            throw RevenueRejection.supplyOverflow.at("amount", "issued would exceed 2^64 − 1 smallest units")
        }
        return asset
    }

    public func apply(_ plan: AssetRecord, in context: OperationContext) throws(Refusal) {
        try Totals.shift(amount, of: asset, from: .outside, to: .balances, in: context.state)
        try Balances.credit(amount, of: asset, to: to, .issue, .party(plan.issuer), reference, in: context)
        context.emit(
            RevenueEvent.issued(
                Moved(asset: asset, from: plan.issuer, to: to, amount: amount, reference: reference)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Issue \(names.amount(amount, of: asset)) to \(names.party(to))."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(asset)
        writer.write(to)
        writer.write(amount)
        writer.write(reference)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            AssetIssue(
                asset: try reader.value("asset"), to: try reader.value("to"), amount: try reader.value("amount"),
                reference: try reader.optional("reference"))
        }
    }
}

/// `asset.redeem`: units end, against payment outside. The issuer signs that it paid, and the holder that it gave them.
public struct AssetRedeem: DomainOperation {
    public static let name = "asset.redeem"
    public let asset: AssetID
    /// Null: the issuer's own balance.
    public let holder: Party?
    public let amount: Amount
    public let reference: Hash?

    public init(asset: AssetID, holder: Party?, amount: Amount, reference: Hash? = nil) {
        self.asset = asset
        self.holder = holder
        self.amount = amount
        self.reference = reference
    }

    public var weight: UInt64 { 34 }

    public func check(in context: OperationContext) throws(Refusal) -> AssetRecord {
        let record = try Assets.requireActive(asset, field: "asset", in: context.state)
        try Authority.require(record.issuer, for: .treasury, in: context, field: "asset")
        let holder = holder ?? record.issuer
        if holder != record.issuer {
            try Authority.require(holder, for: .treasury, in: context, field: "holder")
        }
        try Balances.checkSpend(amount, of: asset, from: holder, in: context.state)
        return record
    }

    public func apply(_ plan: AssetRecord, in context: OperationContext) throws(Refusal) {
        let holder = holder ?? plan.issuer
        try Balances.debit(amount, of: asset, from: holder, .redemption, .party(plan.issuer), reference, in: context)
        try Totals.shift(amount, of: asset, from: .balances, to: .outside, in: context.state)
        context.emit(
            RevenueEvent.redeemed(
                Moved(asset: asset, from: holder, to: plan.issuer, amount: amount, reference: reference)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let from = holder.map { names.party($0) } ?? "the issuer's own balance"
        return ["Redeem \(names.amount(amount, of: asset)) of \(from): the units end, paid outside the ledger."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(asset)
        writer.write(holder)
        writer.write(amount)
        writer.write(reference)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            AssetRedeem(
                asset: try reader.value("asset"), holder: try reader.optional("holder"),
                amount: try reader.value("amount"), reference: try reader.optional("reference"))
        }
    }
}

/// `asset.freeze`: the issuer freezes or releases a balance, or the asset, as far as its declared policy goes.
public struct AssetFreeze: DomainOperation {
    public static let name = "asset.freeze"
    public let asset: AssetID
    /// Null: the whole asset.
    public let party: Party?
    public let isFrozen: Bool

    public init(asset: AssetID, party: Party?, isFrozen: Bool) {
        self.asset = asset
        self.party = party
        self.isFrozen = isFrozen
    }

    public var weight: UInt64 { 22 }

    public func check(in context: OperationContext) throws(Refusal) -> AssetRecord {
        let record = try Assets.requireKnown(asset, field: "asset", in: context.state)
        try Authority.require(record.issuer, for: .treasury, in: context, field: "asset")
        let isAllowed =
            switch record.freezePolicy {
            case .never: false
            case .balances: party != nil
            case .balancesAndAsset: true
            }
        guard isAllowed else {
            throw RevenueRejection.freezeNotAllowed.at(
                "party", "\(record.code) was declared with the freeze policy \(record.freezePolicy.name)")
        }
        let current: Timestamp?
        if let party {
            _ = try Parties.requireKnown(party, field: "party", in: context.state)
            current = try Balances.record(of: party, asset, in: context.state).frozenAt
        } else {
            current = record.frozenAt
        }
        guard (current != nil) != isFrozen else {
            throw RevenueRejection.freezeUnchanged.at("isFrozen", "it is \(isFrozen ? "" : "not ")frozen already")
        }
        return record
    }

    public func apply(_ plan: AssetRecord, in context: OperationContext) throws(Refusal) {
        let frozenAt = isFrozen ? context.block.time : nil
        if let party {
            var balance = try Balances.record(of: party, asset, in: context.state)
            balance.frozenAt = frozenAt
            context.state.set(RevenueKeys.balance(party, asset), balance)
        } else {
            var record = plan
            record.frozenAt = frozenAt
            context.state.set(RevenueKeys.asset(asset), record)
        }
        context.emit(RevenueEvent.freezeChanged(FreezeChanged(asset: asset, party: party, isFrozen: isFrozen)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let what = party.map { "the balance of \(names.party($0)) in" } ?? "all of"
        return ["\(isFrozen ? "Freeze" : "Release") \(what) the asset \(names.identifier(asset.description))."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(asset)
        writer.write(party)
        writer.write(isFrozen)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            AssetFreeze(
                asset: try reader.value("asset"), party: try reader.optional("party"),
                isFrozen: try reader.boolean("isFrozen"))
        }
    }
}
