public import Consents
public import INFTs
public import Primitives
public import StateModel

/// Why a delivery can't be begun: what the ledger would say.
public struct DeliveryObstacle: Codable, Hashable, Sendable {
    public let code: Int
    public let reason: String
    public let message: String

    init(_ rejection: Rejection) {
        code = rejection.code
        reason = rejection.reason
        message = rejection.message
    }
}

/// What it takes to begin a delivery, and what stands against it.
public struct DeliveryVerdict: Codable, Hashable, Sendable {
    public let delivery: DeliveryView
    /// The block time that it holds for.
    public let at: Timestamp
    /// What the receiver said the content is for; empty of a transfer.
    public let purposes: [PurposeOfUse]
    /// Who begins, or has begun.
    public let deliverer: Party
    /// The sealed key to deliver from, as `begin` would fix it or has fixed it; null if an obstacle came before.
    public let custody: Custody?
    /// What the consents are asked at `begin`, or for the uses of what was delivered; null where none stand behind the
    /// INFT, and of a delivery by which no license in force is used.
    public let consentSet: ConsentSetID?
    public let consentRevision: UInt64?
    /// Who signs for the consents' restrictions.
    public let consentCustodian: Party?
    public let requests: [UseRequest]
    /// What has to be answered for `begin`; of what was delivered, for `license.answerNeeds`, also while it
    /// is answered: answers are renewed before they run out.
    public let needs: [Need]
    /// Null: nothing but signature, commitment and answers is missing; or it was begun already, or has ended.
    public let obstacle: DeliveryObstacle?

    package init(
        delivery: DeliveryView, at: Timestamp, purposes: [PurposeOfUse], deliverer: Party, custody: Custody?,
        consentSet: ConsentSetID?, consentRevision: UInt64?, consentCustodian: Party?, requests: [UseRequest],
        needs: [Need], obstacle: DeliveryObstacle?
    ) {
        self.delivery = delivery
        self.at = at
        self.purposes = purposes
        self.deliverer = deliverer
        self.custody = custody
        self.consentSet = consentSet
        self.consentRevision = consentRevision
        self.consentCustodian = consentCustodian
        self.requests = requests
        self.needs = needs
        self.obstacle = obstacle
    }
}

/// Whether a delivery can be begun: pure, and by the functions that `license.begin` and `inft.beginTransfer` themselves
/// check with, so that a custodian never prepares what a block would refuse.
public enum DeliveryCheck {
    public static func check(
        _ id: DeliveryID, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> DeliveryVerdict {
        let delivery = try Deliveries.require(id, field: "delivery", in: state)
        let license = try delivery.license.flatMap { (id) throws(Refusal) in
            try LicenseLedger.license(id, in: state)
        }
        let purposes = license?.use.purposes.codes ?? []
        if delivery.ending != nil || delivery.begun != nil {
            return try past(delivery, license, purposes, at: time, in: state)
        }
        let basis: Basis
        do throws(Refusal) {
            try Deliveries.requireRequested(delivery, at: time, field: "delivery")
            basis = try self.basis(of: delivery, license, at: time, in: state)
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            return DeliveryVerdict(
                delivery: DeliveryView(delivery), at: time, purposes: purposes, deliverer: delivery.from, custody: nil,
                consentSet: nil, consentRevision: nil, consentCustodian: nil, requests: [], needs: [],
                obstacle: DeliveryObstacle(rejection))
        }
        var needs: [Need] = []
        var obstacle: DeliveryObstacle?
        var set: ConsentSetRecord?
        if let id = basis.consentSet {
            let record = try ConsentSets.require(id, field: "delivery", in: state)
            set = record
            let memo = DecisionMemo(delivery.to, at: time, in: state)
            for request in basis.requests {
                switch try ConsentSets.decide(record, request, memo: memo, at: time, in: state) {
                case .permit: break
                case .needs(let found, _): needs += found.filter { !needs.contains($0) }
                case .deny(let reasons):
                    let denial = LicenseRejection.consentDoesNotPermit.rejection(
                        "delivery", ConsentGate.sentence(.deny(reasons), request))
                    obstacle = obstacle ?? DeliveryObstacle(denial)
                }
            }
        }
        return DeliveryVerdict(
            delivery: DeliveryView(delivery), at: time, purposes: purposes, deliverer: basis.deliverer,
            custody: basis.custody,
            consentSet: basis.consentSet, consentRevision: set?.policyRevision, consentCustodian: set?.custodian,
            requests: basis.requests, needs: needs, obstacle: obstacle)
    }

    /// Begun or ended. Where it brought what a license in force is for, consents may ask for answers anew.
    private static func past(
        _ delivery: DeliveryRecord, _ license: LicenseRecord?, _ purposes: [PurposeOfUse], at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> DeliveryVerdict {
        var standing: LicenseNeeds.Standing?
        if let license, license.delivery == delivery.id,
            try LicenseCheck.state(of: license, at: time, in: state) == .active
        {
            let inft = try INFTRegistry.requireKnown(license.inft, field: "delivery", in: state)
            standing = try LicenseNeeds.standing(license, inft, at: time, in: state)
        }
        let denial = standing?.denial.map { denial in
            DeliveryObstacle(
                LicenseRejection.consentDoesNotPermit.rejection(
                    "delivery", ConsentGate.sentence(denial.decision, denial.request)))
        }
        return DeliveryVerdict(
            delivery: DeliveryView(delivery), at: time, purposes: purposes, deliverer: delivery.from,
            custody: delivery.begun.map { begun in
                Custody(
                    holder: delivery.from, sealingKey: begun.sealingKey, sealedKey: begun.sealedKey, since: begun.at)
            }, consentSet: standing?.set.id, consentRevision: standing?.set.policyRevision,
            consentCustodian: standing?.set.custodian, requests: standing?.requests ?? [],
            needs: standing?.needs ?? [], obstacle: denial)
    }

    private struct Basis {
        let deliverer: Party
        let custody: Custody
        let consentSet: ConsentSetID?
        let requests: [UseRequest]
    }

    private static func basis(
        of delivery: DeliveryRecord, _ license: LicenseRecord?, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Basis {
        guard let license else {
            let ready = try Deliveries.ready(transfer: delivery, in: state)
            return Basis(
                deliverer: ready.owner, custody: ready.custody, consentSet: ready.consentSet,
                requests: ready.requests)
        }
        let ready = try LicenseDelivery.ready(delivery, license, at: time, in: state)
        return Basis(
            deliverer: ready.deliverer, custody: ready.custody, consentSet: ready.consentSet,
            requests: ready.requests)
    }
}

public struct DeliveryCheckParameters: Codable, Sendable {
    public let delivery: DeliveryID
}

extension LicenseQueries {
    static let deliveryCheck = Query(
        "delivery_check", "What it takes to begin a delivery now, and what stands against it.",
        [QueryParameter("delivery", "The delivery.")], from: DeliveryCheckParameters.self, to: DeliveryVerdict.self
    ) { (parameters, context) throws(Refusal) in
        try DeliveryCheck.check(parameters.delivery, at: context.block.time, in: context.state)
    }
}
