internal import Encoding
internal import Identities
public import Primitives
public import StateModel

/// The vaults of INFTs: who shares in them, what flows in, what ancestors and holders are due.
public enum Vaults {
    // MARK: Making

    /// Rules of a vault's holders: 1 to 1,000 known parties, sorted, each with a share, together a whole.
    public static func check(holders: [ShareHolder], field: String, in state: any StateReader) throws(Refusal) {
        guard !holders.isEmpty, holders.count <= RevenueLimits.holders else {
            throw RevenueRejection.tooManyHolders.at(field, "\(holders.count) holders; 1 to \(RevenueLimits.holders)")
        }
        var sum: UInt64 = 0
        for (index, holder) in holders.enumerated() {
            guard holder.share > .zero else {
                throw RevenueRejection.shareZero.at("\(field)[\(index)].share", "leave out who has no share")
            }
            guard index == 0 || holders[index - 1].party < holder.party else {
                throw RevenueRejection.holdersUnsorted.at(
                    "\(field)[\(index)].party", "holders are sorted by party (accounts before organizations), each once"
                )
            }
            _ = try Parties.requireKnown(holder.party, field: "\(field)[\(index)].party", in: state)
            sum += UInt64(holder.share.parts)
        }
        guard sum == 1_000_000 else {
            throw RevenueRejection.sharesNotWhole.at(field, "the shares sum to \(sum), not to 1000000")
        }
    }

    public static func create(
        _ inft: INFTID, holders: [ShareHolder], in context: OperationContext
    ) throws(Refusal) {
        guard try record(of: inft, in: context.state) == nil else {
            throw RevenueRejection.vaultExists.at("inft", "\(inft) has a vault")
        }
        try check(holders: holders, field: "holders", in: context.state)
        context.state.set(RevenueKeys.vault(inft), VaultRecord(createdAt: context.block.time))
        context.state.set(RevenueKeys.holders(inft), HoldersRecord(holders: holders))
    }

    /// Rules of a royalty vector, without writing it.
    public static func checkRoyalties(
        _ inft: INFTID, _ vector: [RoyaltyEntry], field: String = "royalties", in state: any StateReader
    ) throws(Refusal) {
        try check(inft, vector, atMost: RevenueLimits.royaltyEntries, field: field, in: state)
    }

    private static func check(
        _ inft: INFTID, _ vector: [RoyaltyEntry], atMost limit: Int, field: String, in state: any StateReader
    ) throws(Refusal) {
        guard vector.count <= limit else {
            throw RevenueRejection.tooManyRoyalties.at(field, "\(vector.count) entries; at most \(limit)")
        }
        var sum: UInt64 = 0
        for (index, entry) in vector.enumerated() {
            guard entry.ancestor != inft, entry.share > .zero, entry.share <= entry.agreed, entry.ceiling != .zero,
                try record(of: entry.ancestor, in: state) != nil
            else {
                throw RevenueRejection.royaltyEntryInvalid.at(
                    "\(field)[\(index)]", "an entry names another INFT, a share, and no ceiling of zero")
            }
            sum += UInt64(entry.share.parts)
        }
        guard sum <= 1_000_000 else {
            throw RevenueRejection.royaltiesAboveWhole.at(
                field, "the royalties of all ancestors sum to \(sum) of 1000000",
                hint: "Derive from fewer parents, or from parents with lower revenue shares.")
        }
    }

    /// Rules of a group's split, without writing it: those of a royalty vector, but of up to a thousand entries.
    public static func checkSplit(
        _ group: INFTID, _ split: [RoyaltyEntry], field: String, in state: any StateReader
    ) throws(Refusal) {
        try check(group, split, atMost: RevenueLimits.splitEntries, field: field, in: state)
    }

    /// Makes the vault one of a group: what it earns, royalties from descendants too, is split over `split`, for good.
    public static func setSplit(
        _ group: INFTID, _ split: [RoyaltyEntry], in context: OperationContext
    ) throws(Refusal) {
        try checkSplit(group, split, field: "members", in: context.state)
        try set(group, split, isSplit: true, in: context)
    }

    /// Sets the immutable royalty vector: once, before anything was paid.
    public static func setRoyalties(
        _ inft: INFTID, _ vector: [RoyaltyEntry], in context: OperationContext
    ) throws(Refusal) {
        try checkRoyalties(inft, vector, in: context.state)
        try set(inft, vector, isSplit: false, in: context)
    }

    private static func set(
        _ inft: INFTID, _ vector: [RoyaltyEntry], isSplit: Bool, in context: OperationContext
    ) throws(Refusal) {
        var vault = try requireRecord(of: inft, field: "inft", in: context.state)
        guard vault.assets.isEmpty else {
            throw RevenueRejection.vaultAlreadyPaid.at("inft", "payments were made before the royalties were set")
        }
        guard try context.state.record(RevenueKeys.royalties(inft)) == nil else {
            throw RevenueRejection.royaltiesSet.at("inft", "the royalty vector of \(inft) is set")
        }
        let entries = VaultArithmetic.sorted(vector)
        vault.royaltyShare =
            PartsPerMillion(entries.reduce(0) { $0 + UInt64($1.share.parts) }) ?? .whole  // at most a whole: checked
        vault.royaltyCount = UInt64(entries.count)
        vault.isSplit = isSplit
        vault.firstBinding = entries.first.flatMap { VaultArithmetic.binding(of: $0) }
        context.state.set(RevenueKeys.vault(inft), vault)
        context.state.set(RevenueKeys.royalties(inft), RoyaltiesRecord(entries: entries))
    }

    // MARK: Reading

    public static func record(of inft: INFTID, in state: any StateReader) throws(Refusal) -> VaultRecord? {
        try state.record(RevenueKeys.vault(inft))
    }

    public static func requireRecord(
        of inft: INFTID, field: String, in state: any StateReader
    ) throws(Refusal) -> VaultRecord {
        guard let vault = try record(of: inft, in: state) else {
            throw RevenueRejection.unknownVault.at(field, "no INFT \(inft) has a vault")
        }
        return vault
    }

    /// Sorted by the total at which ceilings bind; empty for what derives from nothing.
    public static func royalties(of inft: INFTID, in state: any StateReader) throws(Refusal) -> [RoyaltyEntry] {
        try state.record(RevenueKeys.royalties(inft))?.entries ?? []
    }

    /// Sorted by party; empty if there is no vault.
    public static func holders(of inft: INFTID, in state: any StateReader) throws(Refusal) -> [ShareHolder] {
        try state.record(RevenueKeys.holders(inft))?.holders ?? []
    }

    /// The share of one holder, found without decoding the others.
    public static func share(
        of party: Party, in inft: INFTID, state: any StateReader
    ) throws(Refusal) -> PartsPerMillion {
        try entries(RevenueKeys.holders(inft).key, key: party, fields: 1, as: ShareHolder.self, in: state).first?.share
            ?? .zero
    }

    /// The entries of one ancestor in the vector of `descendant`, found without decoding the others.
    public static func royalties(
        to ancestor: INFTID, from descendant: INFTID, in state: any StateReader
    ) throws(Refusal) -> [RoyaltyEntry] {
        try entries(
            RevenueKeys.royalties(descendant).key, key: ancestor, fields: 5, as: RoyaltyEntry.self, in: state)
    }

    private static func entries<Entry: CBORCodable>(
        _ key: StateKey, key entry: some CBORCodable, fields: Int, as type: Entry.Type, in state: any StateReader
    ) throws(Refusal) -> [Entry] {
        do throws(StateFailure) {
            guard let bytes = try state.read(key) else { return [] }
            do throws(EncodingFailure) {
                var found: [Entry] = []
                for range in try EntryScan(bytes, key: entry, fields: fields).ranges() {
                    var reader = CBORReader(bytes, in: range)
                    found.append(try Entry(from: &reader))
                }
                return found
            } catch {
                throw StateFailure(
                    "the record under \(Hexadecimal.encode(key.bytes)) is damaged: \(error.description)")
            }
        } catch {
            throw .failed(error)
        }
    }

    /// The account in `asset`; a fresh one if nothing was paid in it.
    public static func account(
        of inft: INFTID, _ asset: AssetID, in state: any StateReader
    ) throws(Refusal) -> VaultAccount {
        if let account = try state.record(RevenueKeys.account(inft, asset)) { return account }
        let vault = try requireRecord(of: inft, field: "inft", in: state)
        return VaultAccount(activeShare: vault.royaltyShare, nextBinding: vault.firstBinding)
    }

    // MARK: Paying in

    /// Every rule of ``pay(_:of:from:into:reason:memo:in:)`` but the payer's authority, which is the caller's.
    public static func checkPay(
        _ amount: Amount, of asset: AssetID, from payer: Party, into inft: INFTID, in state: any StateReader
    ) throws(Refusal) {
        try checkDeposit(amount, of: asset, into: inft, in: state)
        try Balances.checkSpend(amount, of: asset, from: payer, in: state)
    }

    /// Pays from a balance into the vault: T grows, and nothing loops over ancestors or holders.
    public static func pay(
        _ amount: Amount, of asset: AssetID, from payer: Party, into inft: INFTID, reason: PaymentReason, memo: Hash?,
        in context: OperationContext
    ) throws(Refusal) {
        try checkPay(amount, of: asset, from: payer, into: inft, in: context.state)
        try Balances.debit(amount, of: asset, from: payer, reason.movement, .vault(inft), memo, in: context)
        try Totals.shift(amount, of: asset, from: .balances, to: .vaults, in: context.state)
        try deposit(amount, of: asset, into: inft, in: context)
        context.emit(
            RevenueEvent.paid(
                Paid(inft: inft, asset: asset, payer: payer, amount: amount, reason: reason, reference: memo)))
    }

    package static func checkDeposit(
        _ amount: Amount, of asset: AssetID, into inft: INFTID, in state: any StateReader
    ) throws(Refusal) {
        if let account = try state.record(RevenueKeys.account(inft, asset)) {
            guard account.total.adding(account.received)?.adding(amount) != nil else { throw overflow(inft) }
            return
        }
        let vault = try requireRecord(of: inft, field: "inft", in: state)
        guard vault.assets.count < RevenueLimits.assetsPerVault else {
            throw RevenueRejection.tooManyAssets.at(
                "asset", "the vault takes \(vault.assets.count) assets already", hint: "Pay in one of those.")
        }
    }

    /// Raises T. The caller has taken the money elsewhere and shifted the totals.
    package static func deposit(
        _ amount: Amount, of asset: AssetID, into inft: INFTID, in context: OperationContext
    ) throws(Refusal) {
        let account = try requireAccount(of: inft, asset, in: context)
        context.state.set(
            RevenueKeys.account(inft, asset), try deposited(amount, to: account, of: inft, in: context.state))
    }

    /// What an account becomes by a payment.
    private static func deposited(
        _ amount: Amount, to account: VaultAccount, of inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> VaultAccount {
        var account = account
        guard let total = account.total.adding(amount), total.adding(account.received) != nil else {
            throw overflow(inft)
        }
        account.total = total
        if let next = account.nextBinding, next <= total {
            VaultArithmetic.bind(&account, entries: try royalties(of: inft, in: state))
        }
        return account
    }

    /// Keeps a place for `asset` in the vault, so that what is set aside for it now can be paid in later whatever others
    /// pay meanwhile.
    public static func openAccount(
        of inft: INFTID, _ asset: AssetID, in context: OperationContext
    ) throws(Refusal) {
        guard try context.state.record(RevenueKeys.account(inft, asset)) == nil else { return }
        let account = try requireAccount(of: inft, asset, in: context)
        context.state.set(RevenueKeys.account(inft, asset), account)
    }

    /// The account in `asset`, noted in the vault's list when it is the first.
    private static func requireAccount(
        of inft: INFTID, _ asset: AssetID, in context: OperationContext
    ) throws(Refusal) -> VaultAccount {
        if let account = try context.state.record(RevenueKeys.account(inft, asset)) { return account }
        var vault = try requireRecord(of: inft, field: "inft", in: context.state)
        guard vault.assets.count < RevenueLimits.assetsPerVault else {
            throw RevenueRejection.tooManyAssets.at("asset", "the vault takes \(vault.assets.count) assets already")
        }
        vault.assets.append(asset)
        context.state.set(RevenueKeys.vault(inft), vault)
        return VaultAccount(activeShare: vault.royaltyShare, nextBinding: vault.firstBinding)
    }

    private static func overflow(_ inft: INFTID) -> Refusal {
        RevenueRejection.totalOverflow.at("amount", "the cumulative total of \(inft) would exceed 2^64 − 1")
    }

    // MARK: Royalties

    /// What `ancestor` can take now from the vault of `descendant`.
    public static func claimable(
        by ancestor: INFTID, from descendant: INFTID, _ asset: AssetID, in state: any StateReader
    ) throws(Refusal) -> (due: Amount, taken: Amount) {
        let entries = try royalties(to: ancestor, from: descendant, in: state)
        return try claimable(by: ancestor, from: descendant, entries, asset, in: state)
    }

    /// The same by the `entries` of the ancestor, which are those of every asset.
    static func claimable(
        by ancestor: INFTID, from descendant: INFTID, _ entries: [RoyaltyEntry], _ asset: AssetID,
        in state: any StateReader
    ) throws(Refusal) -> (due: Amount, taken: Amount) {
        guard let account = try state.record(RevenueKeys.account(descendant, asset)) else { return (.zero, .zero) }
        let taken = try state.record(RevenueKeys.taken(descendant, by: ancestor, asset)) ?? .zero
        return (VaultArithmetic.due(entries, to: ancestor, of: account.total), taken)
    }

    /// Moves what `ancestor` is due from one vault to the other; the amount.
    package static func takeRoyalty(
        of ancestor: INFTID, from descendant: INFTID, _ asset: AssetID, in context: OperationContext
    ) throws(Refusal) -> Amount {
        let (due, taken) = try claimable(by: ancestor, from: descendant, asset, in: context.state)
        guard let amount = due.subtracting(taken) else {
            throw .failed(StateFailure("\(ancestor) has taken more from \(descendant) than it was due"))
        }
        guard amount > .zero else { return .zero }
        var giver = try account(of: descendant, asset, in: context.state)
        guard let takenFromGiver = giver.royaltiesTaken.adding(amount), (giver.held ?? .zero) >= amount else {
            throw .failed(StateFailure("the vault of \(descendant) cannot pay what it owes"))
        }
        giver.royaltiesTaken = takenFromGiver
        context.state.set(RevenueKeys.account(descendant, asset), giver)
        context.state.set(RevenueKeys.taken(descendant, by: ancestor, asset), due)

        try receive(amount, of: asset, by: ancestor, in: context)
        context.emit(
            RevenueEvent.royaltyTaken(
                RoyaltyTaken(ancestor: ancestor, descendant: descendant, asset: asset, amount: amount)))
        return amount
    }

    /// Royalties raise what holders have earned; those of a group are split over its members first.
    private static func receive(
        _ amount: Amount, of asset: AssetID, by ancestor: INFTID, in context: OperationContext
    ) throws(Refusal) {
        let receiver = try requireAccount(of: ancestor, asset, in: context)
        context.state.set(
            RevenueKeys.account(ancestor, asset), try received(amount, by: receiver, of: ancestor, in: context.state))
    }

    /// What an account becomes by royalties that come up.
    private static func received(
        _ amount: Amount, by account: VaultAccount, of inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> VaultAccount {
        guard try !requireRecord(of: inft, field: "inft", in: state).isSplit else {
            return try deposited(amount, to: account, of: inft, in: state)
        }
        var account = account
        guard let received = account.received.adding(amount), received.adding(account.total) != nil else {
            throw overflow(inft)
        }
        account.received = received
        return account
    }

    // MARK: Holders

    /// As it is where the claim would be refused: a total that overflows keeps nobody from reading.
    private static func raised(
        _ account: VaultAccount, by royalties: Amount, of inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> VaultAccount {
        do throws(Refusal) {
            return try received(royalties, by: account, of: inft, in: state)
        } catch {
            guard case .rejected = error else { throw error }
            return account
        }
    }

    /// The holder's account, settled up to now; nothing is written. With `royalties`: as if so much of them had come up.
    public static func settled(
        _ party: Party, in inft: INFTID, _ asset: AssetID, share: PartsPerMillion, after royalties: Amount = .zero,
        state: any StateReader
    ) throws(Refusal) -> HolderAccount {
        var holder = try state.record(RevenueKeys.holder(inft, asset, party)) ?? HolderAccount()
        var account = try account(of: inft, asset, in: state)
        if royalties > .zero { account = try raised(account, by: royalties, of: inft, in: state) }
        VaultArithmetic.settle(&holder, share: share, net: VaultArithmetic.net(account))
        return holder
    }

    /// Pays a holder's accrual to its balance; the amount, which may be zero.
    package static func payOut(
        to party: Party, from inft: INFTID, _ asset: AssetID, in context: OperationContext
    ) throws(Refusal) -> Amount {
        let share = try share(of: party, in: inft, state: context.state)
        var holder = try settled(party, in: inft, asset, share: share, state: context.state)
        let amount = holder.accrued
        guard amount > .zero else { return .zero }
        var account = try account(of: inft, asset, in: context.state)
        guard let claimed = account.claimed.adding(amount), let claimedByHolder = holder.claimed.adding(amount),
            (account.held ?? .zero) >= amount
        else { throw .failed(StateFailure("the vault of \(inft) cannot pay what its holders have accrued")) }
        account.claimed = claimed
        holder.claimed = claimedByHolder
        holder.accrued = .zero
        context.state.set(RevenueKeys.account(inft, asset), account)
        context.state.set(RevenueKeys.holder(inft, asset, party), holder)
        try Totals.shift(amount, of: asset, from: .vaults, to: .balances, in: context.state)
        try Balances.credit(amount, of: asset, to: party, .claim, .vault(inft), nil, in: context)
        context.emit(RevenueEvent.claimed(Claimed(inft: inft, asset: asset, holder: party, amount: amount)))
        return amount
    }
}
