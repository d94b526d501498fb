import Consents
import Cryptography
import INFTs
import Identities
import Licenses
import Primitives
import StateModel
import TestSupport
import Testing

/// What a custodian is told before it begins is what the block says when it does.
struct DeliveryCheckTests {
    private func verdict(_ id: DeliveryID, _ sandbox: Sandbox) throws -> DeliveryVerdict {
        try DeliveryCheck.check(id, at: sandbox.time, in: sandbox.state)
    }

    @Test("Requested, begun, completed: what would be fixed, what was fixed, and nothing in the way")
    func phases() throws {
        let sandbox = try Sandbox()
        let (_, _, _, delivery) = try sandbox.sold()
        let ready = try verdict(delivery, sandbox)
        #expect(ready.obstacle == nil && ready.needs.isEmpty && ready.requests.isEmpty)
        #expect(ready.deliverer == sandbox.party("alice"))
        #expect(ready.custody?.sealingKey == sealingSecret("alice").key)
        #expect(ready.delivery.state == .requested && ready.at == sandbox.time)

        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        let begun = try verdict(delivery, sandbox)
        #expect(begun.delivery.state == .begun && begun.custody?.sealedKey == ready.custody?.sealedKey)
        #expect(begun.obstacle == nil)
        try sandbox.complete(delivery, made)
        #expect(try verdict(delivery, sandbox).delivery.state == .completed)
        #expect(try reason { _ = try verdict(DeliveryID(.zero), sandbox) } == "unknown_delivery")
    }

    @Test("Whatever stands against begin stands in the check, in the same words")
    func obstacles() throws {
        let late = try Sandbox()
        let sold = try late.sold()
        late.advance(milliseconds: Sandbox.hour)
        let made = try late.deliver(sold.delivery, with: "alice")
        #expect(try verdict(sold.delivery, late).obstacle?.reason == "delivery_late")
        #expect(try reason { try late.begin(sold.delivery, made, key: "alice") } == "delivery_late")

        let withdrawn = try Sandbox()
        let (set, consent) = try withdrawn.consentSet([.access])
        let bought = try withdrawn.sold(OnwardTests.terms, consentSet: set, use: OnwardTests.use)
        #expect(try verdict(bought.delivery, withdrawn).obstacle == nil)
        #expect(try verdict(bought.delivery, withdrawn).consentSet == set)
        #expect(try !verdict(bought.delivery, withdrawn).requests.isEmpty)
        try withdrawn.execute(ConsentWithdraw(consents: [consent]), as: "patient")
        #expect(try verdict(bought.delivery, withdrawn).obstacle?.reason == "consent_does_not_permit")

        let retired = try Sandbox()
        let other = try retired.sold()
        let prepared = try retired.deliver(other.delivery, with: "alice")
        try retired.execute(Retire(inft: other.inft))
        let found = try verdict(other.delivery, retired).obstacle
        #expect(found != nil)
        #expect(try reason { try retired.begin(other.delivery, prepared, key: "alice") } == found?.reason)
    }
}
