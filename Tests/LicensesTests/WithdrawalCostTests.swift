import Consents
import Cryptography
import Encoding
import INFTs
import Licenses
import Primitives
import StateModel
import TestSupport
import Testing

/// What a withdrawal takes with all that follows from it, beside a signature's verification, of which the weight is 45.
@Suite(.serialized) struct WithdrawalCostTests {
    private static func microseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    private static func unit() throws -> Double {
        let secret = try #require(SecretKey(testHash("secret signer").bytes))
        let message = testHash("message")
        let signature = Schnorr.sign(message: message, secret: secret, auxiliary: testHash("fresh").bytes)
        var best = Double.infinity
        for _ in 0..<200 {
            let start = ContinuousClock.now
            let isValid = Schnorr.verify(signature, message: message, by: secret.address)
            if isValid { best = min(best, microseconds(ContinuousClock.now - start)) }
        }
        return best / 45
    }

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
        var best = Double.infinity
        var events = 0
        for _ in 0..<9 {
            let overlay = StateOverlay(over: sandbox.state)
            let context = makeContext(overlay, sender: testAddress("patient"), time: sandbox.time)
            let start = ContinuousClock.now
            try operation.execute(in: context)
            for event in context.events { try LicensesDomain.react(to: event, in: context) }
            best = min(best, Self.microseconds(ContinuousClock.now - start))
            events = context.events.count
        }
        #expect(events == 1 + 16 + 16 * 16)
        let cost = try best / Self.unit()
        #expect(cost < 2 * Double(operation.weight))
    }
}
