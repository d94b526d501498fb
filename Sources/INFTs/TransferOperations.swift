internal import Cryptography
public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `inft.transfer`: the owner offers the INFT to a party. Nothing moves before the receiver has accepted, and content that
/// is sealed was delivered. `[inft, to, expiresAt]`
public struct TransferOffer: DomainOperation {
    public static let name = "inft.transfer"
    public let inft: INFTID
    public let to: Party
    /// Until then the receiver accepts, and the owner begins.
    public let expiresAt: Timestamp

    public init(inft: INFTID, to: Party, expiresAt: Timestamp) {
        self.inft = inft
        self.to = to
        self.expiresAt = expiresAt
    }

    public var weight: UInt64 { 10 + 4 * 10 }

    public struct Plan {
        let record: INFTRecord
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var record = try INFTRegistry.requireOwned(inft, in: context)
        try Transfers.checkStanding(record, in: context.state)
        guard record.transfer == nil else {
            throw INFTRejection.transferOpen.at("inft", "\(inft) is offered already", hint: "Use inft.cancelTransfer.")
        }
        guard to != record.owner else { throw INFTRejection.receiverIsOwner.at("to", "\(to) owns \(inft)") }
        try Parties.requireKnown(to, field: "to", in: context.state)
        let now = context.block.time
        guard expiresAt > now, expiresAt <= now.adding(milliseconds: INFTsLimits.transferMilliseconds) else {
            throw INFTRejection.transferExpiryInvalid.at(
                "expiresAt", "after the block's time \(now), by at most 92 days")
        }
        let delivery = DeliveryRecord(
            id: context.madeIdentifier(), act: .transfer, inft: inft, version: record.versionCount, license: nil,
            from: record.owner, to: to, sealingKey: nil, requestedAt: now, beginBy: expiresAt)
        record.transfer = delivery.id
        return Plan(record: record, delivery: delivery)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(INFTKeys.inft(inft), plan.record)
        Deliveries.open(plan.delivery, in: context)
        try INFTDue.schedule(.transferExpiry, plan.delivery.id.bytes, at: expiresAt, in: context.state)
        context.emit(INFTEvent.transferOffered(DeliveryChanged(plan.delivery)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Offer to hand \(names.identifier(inft.description)) over to \(names.party(to)), for nothing on the ledger",
            "They may accept until \(names.time(expiresAt))",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(to)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TransferOffer(
                inft: try reader.value("inft"), to: try reader.value("to"),
                expiresAt: try reader.value("expiresAt"))
        }
    }
}

/// `inft.acceptTransfer`: the receiver names a sealing key and signs what it fetched; of open content, the hash of it,
/// and the INFT is theirs in this block. `[transfer, delivery?, fetchedHash?]`
public struct TransferAccept: DomainOperation {
    public static let name = "inft.acceptTransfer"
    public let transfer: DeliveryID
    /// Where the newest version is sealed.
    public let delivery: DeliveryRequest?
    /// Where the newest version is open: SHA-256 of its bytes.
    public let fetchedHash: Hash?

    public init(transfer: DeliveryID, delivery: DeliveryRequest? = nil, fetchedHash: Hash? = nil) {
        self.transfer = transfer
        self.delivery = delivery
        self.fetchedHash = fetchedHash
    }

    public var weight: UInt64 { 10 + 4 * 14 + 20 + (delivery == nil ? 0 : INFTsWeights.keyProof) }

    public struct Plan {
        let record: INFTRecord
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let open = try Transfers.open(transfer, in: context.state)
        guard open.delivery.sealingKey == nil else {
            throw INFTRejection.transferOpen.at("transfer", "it is accepted; the owner begins next")
        }
        guard open.delivery.to == context.actor else {
            throw INFTRejection.notReceiver.at("transfer", "it is offered to \(open.delivery.to)")
        }
        try Authority.require(open.delivery.to, for: .content, in: context, field: "transfer")
        guard context.block.time < open.delivery.beginBy else {
            throw INFTRejection.deliveryLate.at("transfer", "it was offered until \(open.delivery.beginBy.text)")
        }
        try Transfers.checkStanding(open.record, in: context.state)
        try Transfers.checkConsent(open.record, to: open.delivery.to, in: context)
        let version = try Transfers.latest(open.record, in: context.state)
        var delivery = open.delivery
        delivery.version = version.number
        switch (version.content, self.delivery, fetchedHash) {
        case (.open(let content), nil, let hash?):
            guard hash == content.hash else {
                throw INFTRejection.fetchedRootDiffers.at(
                    "fetchedHash", "version \(version.number) has the hash \(content.hash)")
            }
            delivery.ending = DeliveryEnding(outcome: .completed, at: context.block.time)
        case (.sealed, let request?, nil):
            try Deliveries.check(
                request, act: .transfer, inft: open.record.id, version: version, by: delivery.to, field: "delivery",
                in: context)
            delivery.sealingKey = request.sealingKey
        case (.open, _, _):
            throw INFTRejection.deliveryUnneeded.at(
                "fetchedHash", "the content is open: give the SHA-256 of what was fetched, and nothing else")
        case (.sealed, _, _):
            throw INFTRejection.deliveryNeeded.at(
                "delivery", "the content is sealed: give sealing key, possession and fetched root, and nothing else")
        }
        return Plan(record: open.record, delivery: delivery)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        if let key = plan.delivery.sealingKey { Deliveries.note(key, of: plan.delivery, in: context) }
        try Deliveries.store(plan.delivery, in: context)
        context.emit(INFTEvent.transferAccepted(DeliveryChanged(plan.delivery)))
        if plan.delivery.ending != nil { try Transfers.move(plan.record, by: plan.delivery, in: context) }
    }

    public func words(_ names: any NameResolver) -> [String] {
        let fetched = delivery?.fetchedRoot ?? fetchedHash
        return [
            "Accept the INFT that the transfer \(names.identifier(transfer.description)) offers",
            "You have fetched its content: \(fetched.map { "\($0)" } ?? "nothing")",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(transfer)
        writer.write(delivery)
        writer.write(fetchedHash)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TransferAccept(
                transfer: try reader.value("transfer"), delivery: try reader.optional("delivery"),
                fetchedHash: try reader.optional("fetchedHash"))
        }
    }
}

/// `inft.cancelTransfer`: owner or receiver takes an offer back before it is begun. `[transfer]`
public struct TransferCancel: DomainOperation {
    public static let name = "inft.cancelTransfer"
    public let transfer: DeliveryID

    public init(transfer: DeliveryID) { self.transfer = transfer }

    public var weight: UInt64 { 10 + 4 * 5 }

    public struct Plan {
        let record: INFTRecord
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let open = try Transfers.open(transfer, in: context.state)
        guard context.actor == open.record.owner || context.actor == open.delivery.to else {
            throw INFTRejection.notOwner.at("transfer", "\(open.record.id) belongs to \(open.record.owner)")
        }
        try Authority.require(context.actor, for: .content, in: context, field: "transfer")
        guard open.delivery.begun == nil else {
            throw INFTRejection.deliveryBegun.at("transfer", "it was begun and can't be taken back")
        }
        return Plan(
            record: open.record, delivery: Deliveries.failed(open.delivery, .canceled, at: context.block.time))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Transfers.close(plan.record, plan.delivery, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Take back the transfer \(names.identifier(transfer.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(transfer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            TransferCancel(transfer: try reader.value("transfer"))
        }
    }
}
