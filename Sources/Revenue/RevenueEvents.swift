public import Encoding
public import Primitives

public struct AssetCreated: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    public let issuer: Party
    public let code: String

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(asset)
        writer.write(issuer)
        writer.write(code)
    }

    package init(asset: AssetID, issuer: Party, code: String) {
        self.asset = asset
        self.issuer = issuer
        self.code = code
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            AssetCreated(
                asset: try reader.value("asset"), issuer: try reader.value("issuer"),
                code: try reader.text("code", max: RevenueLimits.assetCodeBytes.upperBound))
        }
    }
}

/// Units made, unmade or moved between balances.
public struct Moved: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    /// The issuer when units are made.
    public let from: Party
    /// The issuer when units are unmade.
    public let to: Party
    public let amount: Amount
    public let reference: Hash?

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(asset)
        writer.write(from)
        writer.write(to)
        writer.write(amount)
        writer.write(reference)
    }

    package init(asset: AssetID, from: Party, to: Party, amount: Amount, reference: Hash?) {
        self.asset = asset
        self.from = from
        self.to = to
        self.amount = amount
        self.reference = reference
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            Moved(
                asset: try reader.value("asset"), from: try reader.value("from"), to: try reader.value("to"),
                amount: try reader.value("amount"), reference: try reader.optional("reference"))
        }
    }
}

public struct FreezeChanged: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    /// Null: the whole asset.
    public let party: Party?
    public let isFrozen: Bool

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(asset)
        writer.write(party)
        writer.write(isFrozen)
    }

    package init(asset: AssetID, party: Party?, isFrozen: Bool) {
        self.asset = asset
        self.party = party
        self.isFrozen = isFrozen
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            FreezeChanged(
                asset: try reader.value("asset"), party: try reader.optional("party"),
                isFrozen: try reader.boolean("isFrozen"))
        }
    }
}

public struct Paid: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let asset: AssetID
    public let payer: Party
    public let amount: Amount
    public let reason: PaymentReason
    public let reference: Hash?

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(inft)
        writer.write(asset)
        writer.write(payer)
        writer.write(amount)
        writer.write(reason)
        writer.write(reference)
    }

    package init(
        inft: INFTID, asset: AssetID, payer: Party, amount: Amount, reason: PaymentReason, reference: Hash?
    ) {
        self.inft = inft
        self.asset = asset
        self.payer = payer
        self.amount = amount
        self.reason = reason
        self.reference = reference
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            Paid(
                inft: try reader.value("inft"), asset: try reader.value("asset"), payer: try reader.value("payer"),
                amount: try reader.value("amount"), reason: try reader.value("reason"),
                reference: try reader.optional("reference"))
        }
    }
}

public struct RoyaltyTaken: CBORCodable, Codable, Hashable, Sendable {
    public let ancestor: INFTID
    public let descendant: INFTID
    public let asset: AssetID
    public let amount: Amount

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(ancestor)
        writer.write(descendant)
        writer.write(asset)
        writer.write(amount)
    }

    package init(ancestor: INFTID, descendant: INFTID, asset: AssetID, amount: Amount) {
        self.ancestor = ancestor
        self.descendant = descendant
        self.asset = asset
        self.amount = amount
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            RoyaltyTaken(
                ancestor: try reader.value("ancestor"), descendant: try reader.value("descendant"),
                asset: try reader.value("asset"), amount: try reader.value("amount"))
        }
    }
}

public struct Claimed: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let asset: AssetID
    public let holder: Party
    public let amount: Amount

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(asset)
        writer.write(holder)
        writer.write(amount)
    }

    package init(inft: INFTID, asset: AssetID, holder: Party, amount: Amount) {
        self.inft = inft
        self.asset = asset
        self.holder = holder
        self.amount = amount
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            Claimed(
                inft: try reader.value("inft"), asset: try reader.value("asset"),
                holder: try reader.value("holder"), amount: try reader.value("amount"))
        }
    }
}

public struct ShareTransferred: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let from: Party
    public let to: Party
    public let share: PartsPerMillion
    /// What it was sold for; null if it was given.
    public let price: SharePrice?

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(inft)
        writer.write(from)
        writer.write(to)
        writer.write(share)
        writer.write(price)
    }

    package init(inft: INFTID, from: Party, to: Party, share: PartsPerMillion, price: SharePrice? = nil) {
        self.inft = inft
        self.from = from
        self.to = to
        self.share = share
        self.price = price
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            ShareTransferred(
                inft: try reader.value("inft"), from: try reader.value("from"), to: try reader.value("to"),
                share: try reader.value("share"), price: try reader.optional("price"))
        }
    }
}

public struct Reserved: CBORCodable, Codable, Hashable, Sendable {
    public let kind: ReserveKind
    public let subject: Hash
    public let asset: AssetID
    public let party: Party
    public let amount: Amount

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(kind)
        writer.write(subject)
        writer.write(asset)
        writer.write(party)
        writer.write(amount)
    }

    package init(kind: ReserveKind, subject: Hash, asset: AssetID, party: Party, amount: Amount) {
        self.kind = kind
        self.subject = subject
        self.asset = asset
        self.party = party
        self.amount = amount
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            Reserved(
                kind: try reader.value("kind"), subject: try reader.value("subject"),
                asset: try reader.value("asset"), party: try reader.value("party"),
                amount: try reader.value("amount"))
        }
    }
}
