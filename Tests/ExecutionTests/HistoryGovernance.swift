import Blocks
import Cryptography
import Governance
import Primitives
import TestSupport
import Transactions

extension History {
    /// Proposals and votes of the hospital, which runs the only validator, and of the clinic, which may come to.
    mutating func governance() -> Attempt {
        let isHospital = happens(80)
        let institution = Party.organization(isHospital ? Ledger.hospital : Ledger.clinic)
        let name = isHospital ? "registrar" : "director"
        let proposal = pick(proposals) ?? testIdentifier("nothing")
        if happens(25) {
            return Attempt(
                .governance(
                    .vote(GovernanceVote(proposal: .id(proposal), institution: institution, approves: happens(70)))),
                by: name)
        }
        let minutes = happens(5) ? 0 : number(1...120)
        let propose = Transactions.Operation.governance(
            .propose(
                GovernancePropose(
                    institution: institution, change: change(),
                    deadline: ledger.time.adding(milliseconds: minutes * 60_000),
                    rationale: testHash("reasons"))))
        guard happens(70) else { return Attempt(propose, by: name, made: [(0, .proposal)]) }
        return Attempt(
            propose,
            .governance(
                .vote(GovernanceVote(proposal: .operation(0), institution: institution, approves: happens(80)))),
            by: name, made: [(0, .proposal)])
    }

    private mutating func change() -> GovernanceChange {
        switch number(0...9) {
        case 0: return .remove(.organization(happens(50) ? Ledger.hospital : Ledger.clinic))
        case 1, 2, 3: return .enroll(request(Ledger.clinic, key: "carol"))
        case 4: return .rotate(request(Ledger.hospital, key: happens(50) ? "dave" : "registrar"))
        default:
            let parameter: LedgerParameter = happens(50) ? .deltaMilliseconds : .heartbeatMilliseconds
            return .parameters([ParameterChange(parameter, happens(10) ? 1 : number(100...60_000))])
        }
    }

    private func request(_ institution: OrganizationID, key: String) -> EnrollmentRequest {
        EnrollmentRequest.signed(
            network: ledger.genesis.hash, name: institution == Ledger.hospital ? "node" : "clinic",
            institution: .organization(institution), validatorSecret: Ledger.key(key),
            transportSecret: Ledger.key(institution == Ledger.hospital ? "alice" : "bob"), auxiliary: .zero)
    }
}
