import Consents
import Encoding
import INFTs
import Licenses
import Primitives
import StateModel
import TestSupport
import Testing

/// What a withdrawal takes with all that follows from it, beside a signature's verification, of which the weight is 45.
@Suite(.serialized) struct WithdrawalCostTests {
    @Test("A withdrawal weighs what it takes to tell of all that it suspends: sixteen INFTs of each of sixteen sets")
    func told() throws {
        let sandbox = try Sandbox()
        let (first, consent) = try sandbox.consentSet([.access])
        var sets = [first]
        for _ in 1..<ConsentsLimits.setsPerConsent {
            sets.append(
                try sandbox.execute(
                    ConsentSetCreate(custodian: sandbox.party("hospital"), members: [.id(consent)]), as: "hospital"
                ).madeIdentifier())
        }
        for set in sets {
            let infts: [INFTID] = (0..<LicenseLimits.notifiedINFTs).map { testIdentifier("\(set) \($0)") }
            sandbox.state.set(LicenseKeys.setINFTs(set), SetINFTs(infts: infts))
            for inft in infts { sandbox.state.set(LicenseKeys.live(inft), LiveLicenses(count: 1)) }
        }
        let operation = ConsentWithdraw(consents: [consent])
        let bound = 2 * Double(operation.weight)
        var events = 0
        let cost = try ProcessorCost.units(below: bound, tries: 60) {
            let overlay = StateOverlay(over: sandbox.state)
            let context = makeContext(overlay, sender: testAddress("patient"), time: sandbox.time)
            let taken = try ProcessorCost.microseconds {
                try operation.execute(in: context)
                for event in context.events { try LicensesDomain.react(to: event, in: context) }
            }
            events = context.events.count
            return taken
        }
        #expect(events == 1 + 16 + 16 * 16)
        #expect(cost < bound)
    }
}
