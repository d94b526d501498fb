public import Consents
public import Primitives
public import StateModel

/// What beginning a transfer would rest on.
public struct ReadyTransfer: Sendable {
    /// Who begins.
    public let owner: Party
    public let custody: Custody
    public let consentSet: ConsentSetID?
    /// What the consents are asked.
    public let requests: [UseRequest]
}

extension Deliveries {
    /// Everything that must hold when a transfer is begun but its signature, its commitment and the answers to needs.
    public static func ready(
        transfer delivery: DeliveryRecord, in state: any StateReader
    ) throws(Refusal) -> ReadyTransfer {
        let (record, _) = try Transfers.open(delivery.id, in: state)
        try Transfers.checkStanding(record, in: state)
        guard delivery.version == record.versionCount else {
            throw INFTRejection.revisedSince.at(
                "transfer", "version \(record.versionCount) is the newest, \(delivery.version) was accepted",
                hint: "Cancel the transfer and offer it again.")
        }
        let custody = try custody(
            of: delivery.version, of: record.id, heldBy: record.owner, field: "transfer", in: state)
        return ReadyTransfer(
            owner: record.owner, custody: custody, consentSet: record.consentSet,
            requests: record.consentSet == nil
                ? [] : [UseRequest(actor: delivery.to, action: .deposit, purposes: [])])
    }
}
