import Consents
import Encoding
import Identities
import Primitives
import StateModel
import TestSupport

/// A small ledger: two hospitals, two patients, a guardian, a licensed clinician, a researcher.
final class World {
    let state = StateOverlay(over: MemoryState())
    var time = testStart
    private var transactions = 0

    static let hospital = testAddress("hospital")
    static let clinic = testAddress("clinic")
    static let patient = testAddress("patient")
    static let otherPatient = testAddress("other patient")
    static let guardian = testAddress("guardian")
    static let clinician = testAddress("clinician")
    static let researcher = testAddress("researcher")

    init() throws {
        DueQueue.start(at: testStart, in: state)
        for (address, kind) in [
            (World.hospital, PartyKind.institution), (World.clinic, .institution), (World.patient, .patient),
            (World.otherPatient, .patient), (World.guardian, .professional), (World.clinician, .professional),
            (World.researcher, .researcher),
        ] { addAccount(address, kind) }
        state.set(
            IdentityKeys.accreditor(.account(World.hospital)),
            AccreditorRecord(
                party: .account(World.hospital), types: CredentialType.allCases, jurisdictions: [],
                accreditedAt: testStart))
        attest(World.guardian, .guardianship, concerning: .account(World.patient))
        attest(World.clinician, .medicalLicense)
    }

    func addAccount(_ address: Address, _ kind: PartyKind) {
        state.set(
            IdentityKeys.account(address),
            AccountRecord(
                kind: kind, sponsor: nil, createdAt: testStart, createdHeight: .genesis, sponsoredAt: testStart))
    }

    /// A credential in force from the start, issued by the hospital.
    func attest(_ subject: Address, _ type: CredentialType, concerning: Party? = nil, until: Timestamp? = nil) {
        let id: CredentialID = testIdentifier("credential \(subject) \(type)")
        let claim = CredentialClaim(
            subject: .account(subject), credentialType: type, validFrom: testStart, validUntil: until,
            concerning: concerning)
        state.set(
            IdentityKeys.credential(id),
            CredentialRecord(
                id: id, issuer: .account(World.hospital), delegation: nil, claim: claim, offeredAt: testStart,
                acceptedAt: testStart))
        state.set(IdentityKeys.accepted(.account(subject), type), AcceptedCredentials(ids: [id]))
        if let concerning {
            state.set(
                IdentityKeys.guardianships(.account(subject), of: concerning), AcceptedCredentials(ids: [id]))
        }
    }

    /// Executes operations as one transaction, signed by `signers`; returns its context.
    @discardableResult
    func execute(_ signers: [Address], _ operations: any DomainOperation...) throws -> OperationContext {
        transactions += 1
        let overlay = StateOverlay(over: state)
        let context = makeContext(
            overlay, sender: signers[0], cosigners: Array(signers.dropFirst()), time: time,
            transaction: "transaction \(transactions)")
        for (index, operation) in operations.enumerated() {
            context.operationIndex = index
            try operation.execute(in: context)
        }
        overlay.commit(to: state)
        return context
    }

    /// A consent of the patient in force at the hospital.
    func consent(
        _ policy: ConsentPolicy, of patient: Address = World.patient, custodian: Address = World.hospital,
        commitments: [CommittedRestriction] = [], expiresAt: Timestamp? = nil
    ) throws -> ConsentID {
        let context = try execute(
            [patient, custodian],
            ConsentGrant(
                scope: .individual, subject: .account(patient), custodian: .account(custodian), policy: policy,
                commitments: commitments, expiresAt: expiresAt),
            ConsentCountersign(consent: .operation(0)))
        return makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
    }

    /// A set of the hospital.
    func set(_ members: [ConsentID], succeeds: ConsentSetID? = nil) throws -> ConsentSetID {
        let context = try execute(
            [World.hospital],
            ConsentSetCreate(
                custodian: .account(World.hospital), members: members.map { .id($0) }, succeeds: succeeds))
        return makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
    }

    func decide(_ id: ConsentID, _ request: UseRequest, at time: Timestamp? = nil) throws -> Decision {
        try ConsentLedger.decide(id, request, at: time ?? self.time, in: state)
    }

    func decide(_ id: ConsentSetID, _ request: UseRequest, at time: Timestamp? = nil) throws -> Decision {
        try ConsentSets.decide(id, request, at: time ?? self.time, in: state)
    }

    /// Passes time, and does the due work that it brings.
    func advance(days: UInt64) throws -> [any LedgerEvent] {
        time = time.adding(milliseconds: days * millisecondsPerDay)
        let context = makeContext(state, sender: World.hospital, time: time)
        for item in try DueQueue.takeOverdue(at: time, limit: 1_000, in: state) {
            try ConsentsDomain.performDue(kind: item.kind, subject: item.subject, in: context)
        }
        return context.events
    }
}

func request(
    _ actor: Address = World.researcher, _ action: ConsentAction = .analyze, _ purposes: [PurposeOfUse] = [.research],
    aims: SortedList<ResearchAim>? = nil, jurisdiction: String? = nil, commercial: Bool = false
) -> UseRequest {
    UseRequest(
        actor: .account(actor), action: action, purposes: purposes, dataUse: aims.map { ResearchUse(aims: $0) },
        jurisdiction: jurisdiction, commercial: commercial)
}

extension Decision {
    /// What has to be answered; empty of what is permitted or denied.
    var openNeeds: [Need] { if case .needs(let needs, _) = self { needs } else { [] } }
}

/// How much a decision allows: deny 0, needs 1, permit 2.
func rank(_ decision: Decision) -> Int {
    switch decision {
    case .deny: 0
    case .needs: 1
    case .permit: 2
    }
}
