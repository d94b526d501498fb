public import Primitives
public import StateModel

/// What parties have.
public enum Balances {
    public static func balance(
        of party: Party, _ asset: AssetID, in state: any StateReader
    ) throws(Refusal) -> Amount {
        try record(of: party, asset, in: state).amount
    }

    public static func record(
        of party: Party, _ asset: AssetID, in state: any StateReader
    ) throws(Refusal) -> BalanceRecord {
        try state.record(RevenueKeys.balance(party, asset)) ?? BalanceRecord()
    }

    /// Whether `party` can spend `amount`: asset and balance not frozen, amount not zero and covered.
    public static func checkSpend(
        _ amount: Amount, of asset: AssetID, from party: Party, field: String = "amount", in state: any StateReader
    ) throws(Refusal) {
        let record = try Assets.requireActive(asset, field: "asset", in: state)
        guard amount > .zero else { throw RevenueRejection.amountZero.at(field, "nothing would move") }
        let balance = try self.record(of: party, asset, in: state)
        guard balance.frozenAt == nil else {
            throw RevenueRejection.balanceFrozen.at(
                "asset", "the issuer of \(record.code) has frozen this balance", hint: "Ask the issuer of the asset.")
        }
        guard balance.amount >= amount else {
            throw RevenueRejection.insufficientBalance.at(
                field, "\(record.text(amount)) are needed, \(record.text(balance.amount)) are there")
        }
    }

    /// Moves between two balances, with a line on both statements. Who may do so is the caller's check.
    public static func move(
        _ amount: Amount, of asset: AssetID, from payer: Party, to payee: Party, kind: MovementKind = .transfer,
        reference: Hash? = nil, in context: OperationContext
    ) throws(Refusal) {
        guard payer != payee else { throw RevenueRejection.sameParty.at("to", "payer and payee are the same party") }
        try checkSpend(amount, of: asset, from: payer, in: context.state)
        try debit(amount, of: asset, from: payer, kind, .party(payee), reference, in: context)
        try credit(amount, of: asset, to: payee, kind, .party(payer), reference, in: context)
    }

    /// Precondition: ``checkSpend(_:of:from:field:in:)`` passed. The caller shifts the totals.
    package static func debit(
        _ amount: Amount, of asset: AssetID, from party: Party, _ kind: MovementKind, _ counterpart: Counterpart,
        _ reference: Hash?, in context: OperationContext
    ) throws(Refusal) {
        let key = RevenueKeys.balance(party, asset)
        var balance = try context.state.record(key) ?? BalanceRecord()
        guard let rest = balance.amount.subtracting(amount) else {
            throw RevenueRejection.insufficientBalance.at(
                "amount", "\(amount) smallest units are needed, \(balance.amount) are there")
        }
        balance.amount = rest
        append(
            &balance, key, party, asset, amount, isIncoming: false, kind: kind, counterpart: counterpart,
            reference: reference, in: context)
    }

    package static func credit(
        _ amount: Amount, of asset: AssetID, to party: Party, _ kind: MovementKind, _ counterpart: Counterpart,
        _ reference: Hash?, in context: OperationContext
    ) throws(Refusal) {
        let key = RevenueKeys.balance(party, asset)
        var balance = try context.state.record(key) ?? BalanceRecord()
        guard let sum = balance.amount.adding(amount) else {
            throw RevenueRejection.supplyOverflow.at("amount", "the balance would exceed 2^64 − 1 smallest units")
        }
        balance.amount = sum
        append(
            &balance, key, party, asset, amount, isIncoming: true, kind: kind, counterpart: counterpart,
            reference: reference, in: context)
    }

    private static func append(
        _ balance: inout BalanceRecord, _ key: RecordKey<BalanceRecord>, _ party: Party, _ asset: AssetID,
        _ amount: Amount, isIncoming: Bool, kind: MovementKind, counterpart: Counterpart, reference: Hash?,
        in context: OperationContext
    ) {
        let entry = StatementEntry(
            time: context.block.time, height: context.block.height, transaction: context.transactionHash, kind: kind,
            isIncoming: isIncoming, amount: amount, balanceAfter: balance.amount, counterpart: counterpart,
            reference: reference)
        if let page = balance.append(entry) {
            context.state.set(RevenueKeys.statement(party, asset, page: balance.pages - 1), page)
        }
        context.state.set(key, balance)
    }
}
