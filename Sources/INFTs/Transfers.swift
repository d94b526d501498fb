internal import Consents
internal import Cryptography
internal import Primitives
internal import Revenue
internal import StateModel

/// The rules of a change of owner. This is the only place that writes another owner into an INFT.
enum Transfers {
    /// A transfer that has not ended, and its INFT.
    static func open(
        _ id: DeliveryID, in state: any StateReader
    ) throws(Refusal) -> (record: INFTRecord, delivery: DeliveryRecord) {
        let delivery = try Deliveries.require(id, field: "transfer", in: state)
        guard delivery.act == .transfer else {
            throw INFTRejection.unknownDelivery.at("transfer", "\(id) is no transfer of an INFT")
        }
        try Deliveries.requireOpen(delivery, field: "transfer")
        return (try INFTRegistry.requireKnown(delivery.inft, field: "transfer", in: state), delivery)
    }

    /// What is disputed or recalled stays where it is. And a clone is no way around those who are due a part of the
    /// revenue: while there are several of a work, none leaves its owner unless nobody else is due anything, since what
    /// is handed over for money off the ledger pays nobody.
    static func checkStanding(_ record: INFTRecord, in state: any StateReader) throws(Refusal) {
        try INFTRegistry.requireUntagged(record, field: "inft", in: state)
        try Erasures.requireNotErased(latest(record, in: state), of: record.id, field: "inft", in: state)
        guard record.cloneOf != nil || record.cloneCount > 0 else { return }
        let isOwnersAlone = try Vaults.holders(of: record.id, in: state).allSatisfy { $0.party == record.owner }
        let owes = try !Vaults.royalties(of: record.id, in: state).isEmpty
        guard isOwnersAlone, !owes else {
            throw INFTRejection.cloneBound.at(
                "inft", "\(record.id) has clones or is one, and others are due a part of its revenue")
        }
    }

    /// The next owner of data about people must be one to whom the set permits its deposit.
    static func checkConsent(
        _ record: INFTRecord, to receiver: Party, in context: OperationContext
    ) throws(Refusal) {
        try INFTRules.checkConsent(
            record.consentSet, hasHumanData: record.hasHumanData, inftClass: record.inftClass,
            isOpen: !record.latest.isSealed, actor: receiver, in: context)
    }

    /// What the handover asks of the consents: that the next owner may be given the data. Nil where it is about nobody.
    static func release(
        _ record: INFTRecord, by delivery: DeliveryRecord, answers: [NeedAnswer], in context: OperationContext
    ) throws(Refusal) -> ReleasePlan? {
        guard let set = record.consentSet else {
            guard answers.isEmpty else {
                throw INFTRejection.consentSetUnneeded.at("answers", "no consent stands behind the INFT")
            }
            return nil
        }
        return try Release.check(
            set: set, requests: [UseRequest(actor: delivery.to, action: .deposit, purposes: [])], answers: answers,
            subject: delivery.id.bytes, recipient: delivery.to, at: context.block, in: context.state)
    }

    static func latest(_ record: INFTRecord, in state: any StateReader) throws(Refusal) -> VersionRecord {
        guard let version = try INFTRegistry.version(record.versionCount, of: record.id, in: state) else {
            throw .failed(StateFailure("version \(record.versionCount) of \(record.id) is missing"))
        }
        return version
    }

    /// Writes the new owner, by a delivery that was completed just now. Keys of older versions stay with who holds them.
    static func move(
        _ record: INFTRecord, by delivery: DeliveryRecord, in context: OperationContext
    ) throws(Refusal) {
        var record = record
        record.owner = delivery.to
        record.ownerSince = context.block.time
        record.transfer = nil
        if let custody = delivery.custody {
            guard var version = try INFTRegistry.version(delivery.version, of: record.id, in: context.state) else {
                throw .failed(StateFailure("version \(delivery.version) of \(record.id) is missing"))
            }
            version.custody = custody
            context.state.set(INFTKeys.version(record.id, delivery.version), version)
        }
        INFTRegistry.append(.transferred, to: &record, in: context)
        context.state.set(INFTKeys.inft(record.id), record)
        context.emit(INFTEvent.transferred(DeliveryChanged(delivery)))
    }

    /// Writes that a transfer came to nothing.
    static func close(
        _ record: INFTRecord, _ delivery: DeliveryRecord, in context: OperationContext
    ) throws(Refusal) {
        var record = record
        record.transfer = nil
        context.state.set(INFTKeys.inft(record.id), record)
        try Deliveries.store(delivery, in: context)
        context.emit(INFTEvent.transferEnded(DeliveryChanged(delivery)))
    }
}

/// What this domain leaves to the due queue.
enum INFTDue: UInt8 {
    /// An offered or accepted transfer that nobody began.
    case transferExpiry = 0
    /// A transfer that was begun and not completed.
    case transferCompletion = 1

    static func schedule(
        _ kind: INFTDue, _ subject: Bytes32, at time: Timestamp, in state: StateOverlay
    ) throws(Refusal) {
        try DueQueue.schedule(DueItem(domain: .infts, kind: kind.rawValue, subject: subject), at: time, in: state)
    }

    func perform(_ subject: Bytes32, in context: OperationContext) throws(Refusal) {
        guard let delivery = try Deliveries.record(DeliveryID(subject), in: context.state), delivery.act == .transfer,
            delivery.ending == nil
        else { return }
        guard let outcome = Deliveries.failure(of: delivery, in: context.block) else {
            // The hour is over, the hundred blocks are not.
            if self == .transferCompletion {
                try Self.schedule(.transferCompletion, subject, at: context.block.time, in: context.state)
            }
            return
        }
        try Transfers.close(
            try INFTRegistry.requireKnown(delivery.inft, field: "transfer", in: context.state),
            Deliveries.failed(delivery, outcome, at: context.block.time), in: context)
    }
}
