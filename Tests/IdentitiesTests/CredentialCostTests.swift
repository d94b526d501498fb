import Encoding
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// What asking for credentials takes where nothing is found in the end, beside a signature's verification, of which the weight
/// is 45.
@Suite(.serialized) struct CredentialCostTests {
    /// As many as count, as long as they get, each issued over a chain of its own of four links under an accreditor that
    /// was revoked.
    private static func crowd(_ state: StateOverlay, _ subject: Party, ward: Party) {
        let places = (0..<IdentityLimits.jurisdictions).map { "Z\($0 < 32 ? "A" : "B")-\(100 + $0)" }
        let specialties = (0..<IdentityLimits.specialties).map { "207R0000\(10 + $0)X-LONGES" }
        let accreditor = Party.account(testAddress("accreditor"))
        state.set(
            IdentityKeys.accreditor(accreditor),
            AccreditorRecord(
                party: accreditor, types: CredentialType.allCases, jurisdictions: places, accreditedAt: testStart,
                revokedAt: testStart))
        var ids: [CredentialID] = []
        for number in 0..<IdentityLimits.credentialsThatCount {
            var parent: DelegationID?
            var grantor = accreditor
            for depth in 1...UInt64(IdentityLimits.delegationDepth) {
                let id: DelegationID = testIdentifier("link \(number) \(depth)")
                let delegate = Party.account(testAddress("issuer \(number) \(depth)"))
                state.set(
                    IdentityKeys.delegation(id),
                    DelegationRecord(
                        id: id, grantor: grantor, parent: parent, depth: depth,
                        grant: DelegationGrant(
                            delegate: delegate, types: CredentialType.allCases, jurisdictions: places,
                            mayDelegate: true, validFrom: testStart), grantedAt: testStart))
                (parent, grantor) = (id, delegate)
            }
            let id: CredentialID = testIdentifier("credential \(number)")
            ids.append(id)
            state.set(
                IdentityKeys.credential(id),
                CredentialRecord(
                    id: id, issuer: grantor, delegation: parent,
                    claim: CredentialClaim(
                        subject: subject, credentialType: .guardianship,
                        scope: CredentialScope(jurisdictions: places, specialties: specialties),
                        validFrom: testStart, concerning: ward), offeredAt: testStart, acceptedAt: testStart))
        }
        state.set(IdentityKeys.accepted(subject, .guardianship), AcceptedCredentials(ids: ids))
        state.set(IdentityKeys.guardianships(subject, of: ward), AcceptedCredentials(ids: ids))
    }

    @Test("Whether a party holds a credential, or is a guardian, weighs what it takes")
    func weights() throws {
        let state = StateOverlay(over: MemoryState())
        let subject = Party.account(testAddress("subject"))
        let ward = Party.account(testAddress("ward"))
        Self.crowd(state, subject, ward: ward)
        let bound = 2 * Double(CredentialWeights.holds)
        var found = false
        let holding = try ProcessorCost.units(below: bound) {
            try ProcessorCost.microseconds {
                let holds = try Credentials.holds(
                    subject, .guardianship, jurisdiction: "ZB-140", at: testStart, in: state)
                found = holds || found
            }
        }
        let guarding = try ProcessorCost.units(below: bound) {
            try ProcessorCost.microseconds {
                found = try Credentials.isGuardian(subject, of: ward, at: testStart, in: state) || found
            }
        }
        #expect(!found, "every chain is walked to its end")
        #expect(holding < bound)
        #expect(guarding < bound)
    }
}
