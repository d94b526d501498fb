public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `revenue.transfer`: from one balance to another, with a memo that is a commitment, never text.
public struct RevenueTransfer: DomainOperation {
    public static let name = "revenue.transfer"
    /// Null: the actor.
    public let from: Party?
    public let to: Party
    public let asset: AssetID
    public let amount: Amount
    public let reference: Hash?

    public init(from: Party? = nil, to: Party, asset: AssetID, amount: Amount, reference: Hash? = nil) {
        self.from = from
        self.to = to
        self.asset = asset
        self.amount = amount
        self.reference = reference
    }

    public struct Plan {
        let payer: Party
        let mandate: MandateUse?
    }

    public var weight: UInt64 { 38 + (from == nil ? 0 : Mandates.weight) }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let payer = from ?? context.actor
        let mandate = try Authority.require(
            payer, for: .treasury, orMandate: .transferMoney, spending: MandateLimit(asset: asset, amount: amount),
            in: context, field: "from")
        guard payer != to else { throw RevenueRejection.sameParty.at("to", "payer and payee are the same party") }
        _ = try Parties.requireKnown(to, field: "to", in: context.state)
        try Balances.checkSpend(amount, of: asset, from: payer, in: context.state)
        return Plan(payer: payer, mandate: mandate)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Mandates.use(plan.mandate, in: context)
        try Balances.debit(amount, of: asset, from: plan.payer, .transfer, .party(to), reference, in: context)
        try Balances.credit(amount, of: asset, to: to, .transfer, .party(plan.payer), reference, in: context)
        context.emit(
            RevenueEvent.transferred(
                Moved(asset: asset, from: plan.payer, to: to, amount: amount, reference: reference)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let payer = from.map { " from \(names.party($0))" } ?? ""
        return ["Pay \(names.amount(amount, of: asset))\(payer) to \(names.party(to))."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(from)
        writer.write(to)
        writer.write(asset)
        writer.write(amount)
        writer.write(reference)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            RevenueTransfer(
                from: try reader.optional("from"), to: try reader.value("to"), asset: try reader.value("asset"),
                amount: try reader.value("amount"), reference: try reader.optional("reference"))
        }
    }
}

/// `revenue.pay`: into the vault of an INFT. Its ancestors' royalties and its holders' accruals follow from it.
public struct RevenuePay: DomainOperation {
    public static let name = "revenue.pay"
    /// Null: the actor.
    public let from: Party?
    public let inft: Reference<INFTKind>
    public let asset: AssetID
    public let amount: Amount
    public let reference: Hash?

    public init(
        from: Party? = nil, inft: Reference<INFTKind>, asset: AssetID, amount: Amount, reference: Hash? = nil
    ) {
        self.from = from
        self.inft = inft
        self.asset = asset
        self.amount = amount
        self.reference = reference
    }

    public struct Plan {
        let payer: Party
        let inft: INFTID
        let mandate: MandateUse?
    }

    /// The domain of INFTs looks up the tags of all ancestors when it hears of the payment.
    public var weight: UInt64 { 38 + UInt64(RevenueLimits.royaltyEntries) + (from == nil ? 0 : Mandates.weight) }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let payer = from ?? context.actor
        let mandate = try Authority.require(
            payer, for: .treasury, orMandate: .payVault, spending: MandateLimit(asset: asset, amount: amount),
            in: context, field: "from")
        let id = try context.state.resolve(inft, in: context, domain: .revenue, field: "inft")
        try Vaults.checkPay(amount, of: asset, from: payer, into: id, in: context.state)
        return Plan(payer: payer, inft: id, mandate: mandate)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Mandates.use(plan.mandate, in: context)
        try Vaults.pay(
            amount, of: asset, from: plan.payer, into: plan.inft, reason: .payment, memo: reference, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        let payer = from.map { " from \(names.party($0))" } ?? ""
        return [
            "Pay \(names.amount(amount, of: asset))\(payer) into the vault of \(inft.words(names)).",
            "It goes to the INFT's ancestors by their royalties, the rest to its holders by their shares.",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(from)
        writer.write(inft)
        writer.write(asset)
        writer.write(amount)
        writer.write(reference)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            RevenuePay(
                from: try reader.optional("from"), inft: try reader.value("inft"), asset: try reader.value("asset"),
                amount: try reader.value("amount"), reference: try reader.optional("reference"))
        }
    }
}

extension Reference {
    /// For people: the id as they know it, or which operation makes it.
    package func words(_ names: any NameResolver) -> String {
        switch self {
        case .id(let id): names.identifier(id.description)
        case .operation(let index): "what operation \(index) of this transaction makes"
        }
    }
}

extension PartsPerMillion {
    /// `12.5 %`, exact.
    package var percent: String {
        let whole = parts / 10_000
        var fraction = String(10_000 + parts % 10_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole) %" : "\(whole).\(fraction) %"
    }
}

/// `revenue.claim`: brings royalties up from descendants, and pays a holder what has accrued to it. An act of the
/// reserved
/// lane: nobody can be kept from it.
public struct RevenueClaim: DomainOperation {
    public static let name = "revenue.claim"
    public let inft: INFTID
    public let asset: AssetID
    /// Null: the actor.
    public let holder: Party?
    /// Whose royalties to take first; sorted, each once.
    public let descendants: [INFTID]

    public init(inft: INFTID, asset: AssetID, holder: Party? = nil, descendants: [INFTID] = []) {
        self.inft = inft
        self.asset = asset
        self.holder = holder
        self.descendants = descendants
    }

    public var weight: UInt64 { 70 + 24 * UInt64(descendants.count) }

    public func check(in context: OperationContext) throws(Refusal) -> Party {
        let holder = holder ?? context.actor
        try Authority.require(holder, for: .treasury, in: context, field: "holder")
        _ = try Assets.requireKnown(asset, field: "asset", in: context.state)
        let vault = try Vaults.requireRecord(of: inft, field: "inft", in: context.state)
        guard descendants.count <= RevenueLimits.descendantsPerClaim else {
            throw RevenueRejection.tooManyDescendants.at(
                "descendants", "\(descendants.count) descendants; at most \(RevenueLimits.descendantsPerClaim)")
        }
        for (index, descendant) in descendants.enumerated() {
            guard index == 0 || descendants[index - 1] < descendant else {
                throw RevenueRejection.descendantsUnsorted.at("descendants[\(index)]", "sorted, each once")
            }
            guard try !Vaults.royalties(to: inft, from: descendant, in: context.state).isEmpty else {
                throw RevenueRejection.notAnAncestor.at(
                    "descendants[\(index)]", "\(descendant) owes \(inft) no royalties")
            }
        }
        let share = try Vaults.share(of: holder, in: inft, state: context.state)
        let account = try context.state.record(RevenueKeys.holder(inft, asset, holder))
        // What comes up to a group goes to its members, who need not wait for the organizer to fetch it.
        let isForMembers = vault.isSplit && !descendants.isEmpty
        guard isForMembers || share > .zero || account.map({ $0.accrued > .zero }) == true else {
            throw RevenueRejection.notAHolder.at("holder", "\(holder) has neither share nor accrual in this vault")
        }
        return holder
    }

    public func apply(_ plan: Party, in context: OperationContext) throws(Refusal) {
        var moved = false
        for descendant in descendants {
            let amount = try Vaults.takeRoyalty(of: inft, from: descendant, asset, in: context)
            if amount > .zero { moved = true }
        }
        let paid = try Vaults.payOut(to: plan, from: inft, asset, in: context)
        // Known only once royalties were taken; the executor discards what was written before.
        guard moved || paid > .zero else {
            throw RevenueRejection.nothingToClaim.at(
                "", "nothing has accrued since the last claim", hint: "revenue_vault shows what a holder can claim.")
        }
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines: [String] = []
        if !descendants.isEmpty {
            lines.append(
                descendants.count == 1
                    ? "Take the royalties that a descendant owes."
                    : "Take the royalties that \(descendants.count) descendants owe.")
        }
        let whom = holder.map { names.party($0) } ?? "you"
        lines.append("Pay to \(whom) what has accrued in the vault of \(names.identifier(inft.description)).")
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(asset)
        writer.write(holder)
        writer.write(descendants)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            RevenueClaim(
                inft: try reader.value("inft"), asset: try reader.value("asset"),
                holder: try reader.optional("holder"),
                descendants: try reader.sortedList("descendants", max: RevenueLimits.descendantsPerClaim) {
                    (descendant: INFTID) in descendant
                })
        }
    }

    private enum CodingKeys: String, CodingKey { case inft, asset, holder, descendants }

    /// In JSON the descendants may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            inft: try container.decode(INFTID.self, forKey: .inft),
            asset: try container.decode(AssetID.self, forKey: .asset),
            holder: try container.decodeIfPresent(Party.self, forKey: .holder),
            descendants: try container.decodeIfPresent([INFTID].self, forKey: .descendants) ?? [])
    }
}
