import ArgumentParser
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct LicenseRefund: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "refund",
        abstract: "Gives the price of what is not delivered back: late, impossible, or declined by who would deliver.",
        discussion: """
            Who bought takes it back once the time to deliver is over, or as soon as it can't be delivered any more (a \
            consent was withdrawn, the INFT recalled, the key is gone). The ledger does it by itself soon after a deadline has \
            passed; this does not wait for that. Who is to deliver, and will not, gives all of it back at any time before the \
            delivery is begun.

            \(example("license refund ward --from clinic", "license refund tmnxlic1… --from author"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The license, or the delivery: id or name.") var license: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.openDelivery(license)
        let record = view.delivery
        let now = try await session.ledgerTime()
        let isOver = (record.begun == nil ? record.beginBy : view.completeBy ?? .maximum) <= now
        let names = try await session.names()
        var notes: [String] = []
        if let payment = record.payment {
            let all = try await whole(record, payment, session)
            notes.append("\(names.amount(all, of: payment.asset)) go back to \(names.party(record.to)).")
        }
        if !isOver, record.payment != nil, try session.actor() != record.to {
            notes.append("You decline to deliver. What was sold counts as not sold, and the license ends.")
        }
        // What anyone may say once the time is over, before only who is concerned says.
        try await session.act(notes: notes, anyones: isOver) { _ in
            [.licenses(.refund(RefundDelivery(delivery: record.id)))]
        }
    }

    /// What was set aside for uses and outcomes comes back too.
    private func whole(
        _ record: DeliveryRecord, _ payment: DeliveryPayment, _ session: Session
    ) async throws(WalletFailure) -> Amount {
        guard let id = record.license else { return payment.amount }
        let view = try await session.license(session.text(id))
        guard view.license.under == nil else { return payment.amount }
        return view.license.price.adding(view.outcome?.amount ?? .zero) ?? payment.amount
    }
}
