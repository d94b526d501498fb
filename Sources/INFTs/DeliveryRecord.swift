public import Cryptography
public import Encoding
public import Primitives

/// What a receiver brings to a delivery of sealed content. `[sealingKey, possession, fetchedRoot]`
public struct DeliveryRequest: CBORCodable, Codable, Hashable, Sendable {
    /// B: fresh, so that destroying its secret shreds this one delivery.
    public let sealingKey: CompressedPoint
    /// That the receiver holds the sealing key.
    public let possession: KeyProof
    /// What the receiver computed over the ciphertext that it fetched: with this transaction it signs that it has it.
    public let fetchedRoot: Hash

    public init(sealingKey: CompressedPoint, possession: KeyProof, fetchedRoot: Hash) {
        self.sealingKey = sealingKey
        self.possession = possession
        self.fetchedRoot = fetchedRoot
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(sealingKey)
        writer.write(possession)
        writer.write(fetchedRoot)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DeliveryRequest(
                sealingKey: try reader.value("sealingKey"), possession: try reader.value("possession"),
                fetchedRoot: try reader.value("fetchedRoot"))
        }
    }
}

/// To which key a version's content key is sealed, and whose that key is. `[holder, sealingKey, sealedKey, since]`
///
/// The version itself says how it was published; this says who can open it today.
public struct Custody: CBORCodable, Codable, Hashable, Sendable {
    public let holder: Party
    /// A
    public let sealingKey: CompressedPoint
    /// C
    public let sealedKey: SealedKey
    public let since: Timestamp

    public init(holder: Party, sealingKey: CompressedPoint, sealedKey: SealedKey, since: Timestamp) {
        self.holder = holder
        self.sealingKey = sealingKey
        self.sealedKey = sealedKey
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(holder)
        writer.write(sealingKey)
        writer.write(sealedKey)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            Custody(
                holder: try reader.value("holder"), sealingKey: try reader.value("sealingKey"),
                sealedKey: try reader.value("sealedKey"), since: try reader.value("since"))
        }
    }
}

/// Where a sealing key is used; no other use is admitted. `[inft, version, holder, at]`
public struct SealingKeyUse: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let version: UInt64
    public let holder: Party
    public let at: Timestamp

    public init(inft: INFTID, version: UInt64, holder: Party, at: Timestamp) {
        self.inft = inft
        self.version = version
        self.holder = holder
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(version)
        writer.write(holder)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            SealingKeyUse(
                inft: try reader.value("inft"), version: try reader.unsigned("version"),
                holder: try reader.value("holder"), at: try reader.value("at"))
        }
    }
}

/// What `begin` fixed: the completion is checked against this and nothing else.
/// `[sealingKey, sealedKey, commitment, at, height]`
public struct DeliveryBegun: CBORCodable, Codable, Hashable, Sendable {
    /// A, as it stood then.
    public let sealingKey: CompressedPoint
    /// C, as it stood then.
    public let sealedKey: SealedKey
    /// Tagged hash of D and its proof.
    public let commitment: Hash
    public let at: Timestamp
    public let height: Height

    public init(
        sealingKey: CompressedPoint, sealedKey: SealedKey, commitment: Hash, at: Timestamp, height: Height
    ) {
        self.sealingKey = sealingKey
        self.sealedKey = sealedKey
        self.commitment = commitment
        self.at = at
        self.height = height
    }

    /// The completion is admitted before this time, and until ``completeByHeight`` if that comes later.
    public var completeBy: Timestamp { at.adding(milliseconds: INFTsLimits.completeMilliseconds) }
    public var completeByHeight: Height { Height(height.value + INFTsLimits.completeHeights) }

    /// True once both have passed.
    public func isLate(at time: Timestamp, height: Height) -> Bool {
        time >= completeBy && height >= completeByHeight
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(sealingKey)
        writer.write(sealedKey)
        writer.write(commitment)
        writer.write(at)
        writer.write(height)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            DeliveryBegun(
                sealingKey: try reader.value("sealingKey"), sealedKey: try reader.value("sealedKey"),
                commitment: try reader.value("commitment"), at: try reader.value("at"),
                height: try reader.value("height"))
        }
    }
}

/// How a delivery came to its end. New ones go at the end.
public enum DeliveryOutcome: UInt8, NamedCode, CBORCodable {
    case completed = 0
    /// Nobody began it before its deadline.
    case notBegun = 1
    /// Begun, and never completed.
    case notCompleted = 2
    /// It could not be begun any more, and its receiver did not wait.
    case impossible = 3
    /// Ended before it was begun: by who would deliver what was bought, or by either side of what no money waits for.
    case canceled = 4
}

/// `[outcome, at, sealedKey?]`
public struct DeliveryEnding: CBORCodable, Codable, Hashable, Sendable {
    public let outcome: DeliveryOutcome
    public let at: Timestamp
    /// D, where sealed content was delivered.
    public let sealedKey: SealedKey?

    public init(outcome: DeliveryOutcome, at: Timestamp, sealedKey: SealedKey? = nil) {
        self.outcome = outcome
        self.at = at
        self.sealedKey = sealedKey
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(outcome)
        writer.write(at)
        writer.write(sealedKey)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DeliveryEnding(
                outcome: try reader.value("outcome"), at: try reader.value("at"),
                sealedKey: try reader.optional("sealedKey"))
        }
    }
}

/// The money that waits for a delivery. `[asset, amount, windowMilliseconds, heldUntil?, settledAt?, isReturned]`
public struct DeliveryPayment: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    public let amount: Amount
    /// How long it can be disputed after completion; zero: not at all.
    public let windowMilliseconds: UInt64
    /// Set by the completion of what is held.
    public var heldUntil: Timestamp?
    /// When it was distributed or given back.
    public var settledAt: Timestamp?
    /// It was given back.
    public var isReturned: Bool

    public init(
        asset: AssetID, amount: Amount, windowMilliseconds: UInt64, heldUntil: Timestamp? = nil,
        settledAt: Timestamp? = nil, isReturned: Bool = false
    ) {
        self.asset = asset
        self.amount = amount
        self.windowMilliseconds = windowMilliseconds
        self.heldUntil = heldUntil
        self.settledAt = settledAt
        self.isReturned = isReturned
    }

    public mutating func settle(at time: Timestamp, isReturned: Bool) {
        settledAt = time
        self.isReturned = isReturned
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(asset)
        writer.write(amount)
        writer.write(windowMilliseconds)
        writer.write(heldUntil)
        writer.write(settledAt)
        writer.write(isReturned)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            DeliveryPayment(
                asset: try reader.value("asset"), amount: try reader.value("amount"),
                windowMilliseconds: try reader.unsigned("windowMilliseconds"),
                heldUntil: try reader.optional("heldUntil"), settledAt: try reader.optional("settledAt"),
                isReturned: try reader.boolean("isReturned"))
        }
    }
}

public enum DeliveryState: UInt8, NamedCode {
    /// A transfer that its receiver has not accepted.
    case offered = 0
    /// Waits for `begin`.
    case requested = 1
    /// Waits for `complete`.
    case begun = 2
    case completed = 3
    /// Ended without delivery; the ending says why.
    case failed = 4
}

/// One delivery of content from one party to another: of a purchase, of a license that is handed on, of a newer version
/// to a licensee, of an INFT to its next owner. The delivery of a purchase has the license's id.
///
/// `[id, act, inft, version, license?, from, to, sealingKey?, requestedAt, beginBy, payment?, begun?, ending?, dispute?]`
public struct DeliveryRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: DeliveryID
    /// license, licenseTransfer, licenseRevision or transfer.
    public let act: SealingAct
    public let inft: INFTID
    /// Of the content; of a transfer, what was the newest when it was accepted.
    public var version: UInt64
    public let license: LicenseID?
    /// Who was to deliver when it was asked for; from `begin` on, who does.
    public var from: Party
    public let to: Party
    /// B; null before a transfer is accepted, and where content is open.
    public var sealingKey: CompressedPoint?
    public let requestedAt: Timestamp
    /// T: nobody begins it from then on.
    public let beginBy: Timestamp
    public var payment: DeliveryPayment?
    public var begun: DeliveryBegun?
    public var ending: DeliveryEnding?
    /// The dispute that keeps the payment held.
    public var dispute: Hash?

    public init(
        id: DeliveryID, act: SealingAct, inft: INFTID, version: UInt64, license: LicenseID?, from: Party, to: Party,
        sealingKey: CompressedPoint?, requestedAt: Timestamp, beginBy: Timestamp, payment: DeliveryPayment? = nil,
        begun: DeliveryBegun? = nil, ending: DeliveryEnding? = nil, dispute: Hash? = nil
    ) {
        self.id = id
        self.act = act
        self.inft = inft
        self.version = version
        self.license = license
        self.from = from
        self.to = to
        self.sealingKey = sealingKey
        self.requestedAt = requestedAt
        self.beginBy = beginBy
        self.payment = payment
        self.begun = begun
        self.ending = ending
        self.dispute = dispute
    }

    public var state: DeliveryState {
        if let ending { return ending.outcome == .completed ? .completed : .failed }
        if begun != nil { return .begun }
        return sealingKey == nil ? .offered : .requested
    }

    /// What the receiver of a completed delivery holds, and can deliver onward.
    public var custody: Custody? {
        guard let ending, ending.outcome == .completed, let sealingKey, let sealedKey = ending.sealedKey else {
            return nil
        }
        return Custody(holder: to, sealingKey: sealingKey, sealedKey: sealedKey, since: ending.at)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(14)
        writer.write(id)
        writer.write(act)
        writer.write(inft)
        writer.write(version)
        writer.write(license)
        writer.write(from)
        writer.write(to)
        writer.write(sealingKey)
        writer.write(requestedAt)
        writer.write(beginBy)
        writer.write(payment)
        writer.write(begun)
        writer.write(ending)
        writer.write(dispute)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 14) { (reader) throws(EncodingFailure) in
            DeliveryRecord(
                id: try reader.value("id"), act: try reader.value("act"), inft: try reader.value("inft"),
                version: try reader.unsigned("version"), license: try reader.optional("license"),
                from: try reader.value("from"), to: try reader.value("to"),
                sealingKey: try reader.optional("sealingKey"), requestedAt: try reader.value("requestedAt"),
                beginBy: try reader.value("beginBy"), payment: try reader.optional("payment"),
                begun: try reader.optional("begun"), ending: try reader.optional("ending"),
                dispute: try reader.optional("dispute"))
        }
    }
}
