public import Primitives
public import StateModel

/// Money set aside: escrows of purchases, payments held for a dispute window, bonds, prepaid quotas. One reserve per
/// kind
/// and subject; the domain that sets it aside decides when it is given on.
public enum Reserves {
    public static func record(
        _ kind: ReserveKind, _ subject: Bytes32, in state: any StateReader
    ) throws(Refusal) -> ReserveRecord? {
        try state.record(RevenueKeys.reserve(kind, subject))
    }

    /// Takes from a balance; adds to a reserve of the same asset and payer that is there.
    public static func put(
        _ amount: Amount, of asset: AssetID, from payer: Party, kind: ReserveKind, for subject: Bytes32,
        in context: OperationContext
    ) throws(Refusal) {
        try Balances.checkSpend(amount, of: asset, from: payer, in: context.state)
        try Balances.debit(amount, of: asset, from: payer, .reserve, .reserve(kind, Hash(subject)), nil, in: context)
        try Totals.shift(amount, of: asset, from: .balances, to: Place(kind), in: context.state)
        try add(amount, of: asset, payer: payer, kind: kind, for: subject, in: context)
        context.emit(
            RevenueEvent.reserved(
                Reserved(kind: kind, subject: Hash(subject), asset: asset, party: payer, amount: amount)))
    }

    /// Gives to a party's balance: a refund if it is the payer's own.
    public static func release(
        _ amount: Amount, kind: ReserveKind, for subject: Bytes32, to party: Party, in context: OperationContext
    ) throws(Refusal) {
        let reserve = try take(amount, kind: kind, for: subject, in: context)
        try Totals.shift(amount, of: reserve.asset, from: Place(kind), to: .balances, in: context.state)
        let movement: MovementKind = reserve.payer == party ? .refund : .release
        try Balances.credit(
            amount, of: reserve.asset, to: party, movement, .reserve(kind, Hash(subject)), nil, in: context)
        context.emit(
            RevenueEvent.released(
                Reserved(kind: kind, subject: Hash(subject), asset: reserve.asset, party: party, amount: amount)))
    }

    /// Gives to a vault, as if the payer had paid it.
    ///
    /// - Parameter memo: the license that it was set aside for.
    public static func pay(
        _ amount: Amount, kind: ReserveKind, for subject: Bytes32, into inft: INFTID, reason: PaymentReason,
        memo: Hash?, in context: OperationContext
    ) throws(Refusal) {
        let reserve = try take(amount, kind: kind, for: subject, in: context)
        try Vaults.checkDeposit(amount, of: reserve.asset, into: inft, in: context.state)
        try Totals.shift(amount, of: reserve.asset, from: Place(kind), to: .vaults, in: context.state)
        try Vaults.deposit(amount, of: reserve.asset, into: inft, in: context)
        context.emit(
            RevenueEvent.paid(
                Paid(
                    inft: inft, asset: reserve.asset, payer: reserve.payer, amount: amount, reason: reason,
                    reference: memo)))
    }

    /// Turns all of one reserve into another kind: an escrow whose delivery completed is held.
    public static func turn(
        _ kind: ReserveKind, into other: ReserveKind, for subject: Bytes32, in context: OperationContext
    ) throws(Refusal) {
        let reserve = try require(kind, subject, in: context.state)
        _ = try take(reserve.amount, kind: kind, for: subject, in: context)
        try Totals.shift(reserve.amount, of: reserve.asset, from: Place(kind), to: Place(other), in: context.state)
        try add(
            reserve.amount, of: reserve.asset, payer: reserve.payer, kind: other, for: subject, in: context)
    }

    private static func require(
        _ kind: ReserveKind, _ subject: Bytes32, in state: any StateReader
    ) throws(Refusal) -> ReserveRecord {
        guard let reserve = try record(kind, subject, in: state) else {
            throw RevenueRejection.unknownReserve.at("", "no \(kind.name) stands for \(subject)")
        }
        return reserve
    }

    private static func add(
        _ amount: Amount, of asset: AssetID, payer: Party, kind: ReserveKind, for subject: Bytes32,
        in context: OperationContext
    ) throws(Refusal) {
        let key = RevenueKeys.reserve(kind, subject)
        var reserve =
            try context.state.record(key) ?? ReserveRecord(asset: asset, payer: payer, amount: .zero)
        guard reserve.asset == asset, reserve.payer == payer, let sum = reserve.amount.adding(amount) else {
            throw RevenueRejection.reserveMismatch.at("", "a reserve of another asset or payer stands for \(subject)")
        }
        reserve.amount = sum
        context.state.set(key, reserve)
    }

    private static func take(
        _ amount: Amount, kind: ReserveKind, for subject: Bytes32, in context: OperationContext
    ) throws(Refusal) -> ReserveRecord {
        var reserve = try require(kind, subject, in: context.state)
        guard amount > .zero else { throw RevenueRejection.amountZero.at("amount", "nothing would move") }
        guard let rest = reserve.amount.subtracting(amount) else {
            throw RevenueRejection.reserveMismatch.at(
                "amount", "\(amount) is more than the \(reserve.amount) set aside")
        }
        reserve.amount = rest
        let key = RevenueKeys.reserve(kind, subject)
        if rest == .zero { context.state.remove(key) } else { context.state.set(key, reserve) }
        return reserve
    }
}
