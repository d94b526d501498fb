internal import Consents
internal import Cryptography
internal import INFTs
public import Licenses
public import Primitives
public import StateModel

// From what the ledger tells to what a custodian works with.

extension CustodianHint {
    /// What a final event means to a custodian; mostly nothing.
    public static func of(_ event: any LedgerEvent) -> [CustodianHint] {
        switch event {
        case let event as LicenseEvent: of(event)
        case let event as INFTEvent: of(event)
        case let event as ConsentEvent: of(event)
        default: []
        }
    }

    private static func of(_ event: LicenseEvent) -> [CustodianHint] {
        switch event {
        case .bought(let body): [.opens(.delivery(DeliveryID(body.license.bytes)))]
        case .deliveryRequested(let body): [.opens(.delivery(body.delivery))]
        case .deliveryBegun(let body), .deliveryCompleted(let body), .deliveryEnded(let body):
            [.touches(.delivery(body.delivery))]
        default: []
        }
    }

    private static func of(_ event: INFTEvent) -> [CustodianHint] {
        switch event {
        case .transferAccepted(let body): [.opens(.delivery(body.delivery))]
        case .transferBegun(let body), .transferEnded(let body): [.touches(.delivery(body.delivery))]
        case .erased(let body): body.consents.map { .touches(.erasure($0)) }
        case .transferred(let body): [.touches(.delivery(body.delivery)), .moves(body.inft)]
        default: []
        }
    }

    private static func of(_ event: ConsentEvent) -> [CustodianHint] {
        guard event.name == "consent.erasureRequested" else { return [] }
        var parties: [Party] = []
        var consent: ConsentID?
        for topic in event.topics {
            if case .party(let party) = topic { parties.append(party) }
            if case .consent(let id) = topic { consent = id }
        }
        return consent.map { [.erasureRequested($0, of: parties)] } ?? []
    }
}

extension DeliveryAnswer {
    /// What a verdict on the state of the block at `height` says.
    public init(_ verdict: DeliveryVerdict, network: Hash, height: Height) {
        let record = verdict.delivery.delivery
        let binding = verdict.custody.flatMap { custody in
            record.sealingKey.map { key in
                DeliveryBinding(
                    statement: SealingStatement(
                        network: network, act: record.act, inft: record.inft.bytes, version: record.version,
                        subject: record.id.bytes, from: verdict.deliverer, to: record.to),
                    from: custody.sealingKey, sealed: custody.sealedKey, to: key)
            }
        }
        let phase: DeliveryPhase
        switch verdict.delivery.state {
        case .offered, .requested: phase = .pending(deadline: record.beginBy)
        case .begun:
            guard let begun = record.begun else { preconditionFailure("the state says that it was begun") }
            phase = .begun(
                commitment: begun.commitment, until: begun.completeBy, untilHeight: begun.completeByHeight)
        case .completed: phase = .completed(commitment: record.begun?.commitment)
        case .failed: phase = .returned
        }
        let begins: BeginVerdict
        if let obstacle = verdict.obstacle {
            begins = .refused(
                CustodianRefusal(code: obstacle.code, reason: obstacle.reason, message: obstacle.message))
        } else {
            begins = verdict.needs.isEmpty ? .accepted : .needs(verdict.needs)
        }
        self = .found(
            DeliveryFacts(
                delivery: record.id, height: height, time: verdict.at, act: record.act, inft: record.inft,
                owner: verdict.deliverer, purposes: verdict.purposes, consentSet: verdict.consentSet,
                requests: verdict.requests,
                binding: binding, phase: phase),
            verdict: begins)
    }
}
