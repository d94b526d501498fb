internal import Encoding
public import Primitives
public import StateModel

/// For each asset: issued = balances + vaults + escrows + held + bonds + prepaid, in every state there is.
public enum Conservation {
    /// The running totals of `asset` agree with each other. One read; each block asks it for what it changed.
    public static func check(_ asset: AssetID, in state: any StateReader) throws(Refusal) {
        let totals = try Assets.totals(asset, in: state)
        guard totals.sum == totals.issued else {
            throw .failed(StateFailure("units of \(asset) were made or lost: \(totals)"))
        }
    }

    /// The assets whose totals a block changed, in order.
    public static func changedAssets(_ changes: [(key: StateKey, value: [UInt8]?)]) -> [AssetID] {
        changes.compactMap { change in
            guard let header = change.key.header, header.domain == .revenue,
                header.kind == RevenueKeys.Kind.totals.rawValue
            else { return nil }
            return try? RevenueKeys.firstComponent(change.key) as AssetID
        }
    }

    /// What a block changed in balances, vaults and reserves is what it changed in the running totals, and these agree
    /// with each other. The cost is that of the block, not of the state.
    public static func check(_ changes: [StateChange]) throws(Refusal) {
        var before = Tally(isWhole: false)
        var after = Tally(isWhole: false)
        // By position: most are passed over, and an element taken out would have its arrays counted.
        for position in changes.indices {
            guard let header = changes[position].key.header, header.domain == .revenue,
                Tally.counts(header.kind)
            else { continue }
            let change = changes[position]
            do throws(StateFailure) {
                if let old = change.before { try before.add(change.key, old) }
                if let new = change.after { try after.add(change.key, new) }
            } catch {
                throw .failed(error)
            }
        }
        for asset in Set(before.places.keys).union(before.totals.keys).union(after.places.keys)
            .union(after.totals.keys).sorted()
        {
            try compare(asset, before: before, after: after)
        }
    }

    private static func compare(_ asset: AssetID, before: Tally, after: Tally) throws(Refusal) {
        let oldPlaces = before.places[asset] ?? PlaceSums()
        let newPlaces = after.places[asset] ?? PlaceSums()
        let oldTotals = before.totals[asset] ?? AssetTotals()
        let newTotals = after.totals[asset] ?? oldTotals
        let oldSums = PlaceSums(before.totals[asset] == nil && after.totals[asset] == nil ? AssetTotals() : oldTotals)
        let newSums = PlaceSums(newTotals)
        // Sums of at most 2^64 records of 64 bits: no 128-bit overflow.
        for (index, (old, new)) in zip(oldPlaces.sums, newPlaces.sums).enumerated() {
            guard old + newSums.sums[index] == new + oldSums.sums[index] else {
                throw .failed(
                    StateFailure("the \(PlaceSums.names[index]) of \(asset) changed by another sum than its total"))
            }
        }
        guard newTotals.sum == newTotals.issued else {
            throw .failed(StateFailure("units of \(asset) were made or lost: \(newTotals)"))
        }
    }

    /// What `verify` found about an asset.
    public struct Finding: Hashable, Sendable {
        public let asset: AssetID
        public let issued: Amount
        /// Empty if every unit is accounted for.
        public let problem: String
    }

    /// Recomputes every total from every record of a state. `next` yields the records in any order, nil at the end.
    /// Also checks each vault by itself: what it holds covers what it owes, and what was taken and claimed is what the
    /// takers' records say. Findings are sorted by asset. Throws if a record does not decode.
    public static func recompute(
        _ next: () throws(StateFailure) -> (key: StateKey, value: [UInt8])?
    ) throws(StateFailure) -> [Finding] {
        var tally = Tally(isWhole: true)
        while let (key, value) = try next() {
            guard let header = key.header, header.domain == .revenue, Tally.counts(header.kind) else { continue }
            try tally.add(key, value)
        }
        return Set(tally.places.keys).union(tally.totals.keys).sorted().map { asset in
            Finding(
                asset: asset, issued: tally.totals[asset]?.issued ?? .zero,
                problem: tally.problem(of: asset) ?? tally.vaultProblem(of: asset) ?? "")
        }
    }
}

/// Units by place, in 128 bits.
private struct PlaceSums {
    static let names = ["balances", "vaults", "escrows", "held", "bonds", "prepaid"]
    var sums: [UInt128] = [0, 0, 0, 0, 0, 0]

    init() {}

    init(_ totals: AssetTotals) {
        sums = [totals.balances, totals.vaults, totals.escrows, totals.held, totals.bonds, totals.prepaid]
            .map { UInt128($0.units) }
    }
}

/// What the records of one state sum to.
private struct Tally {
    struct VaultKey: Hashable {
        let inft: INFTID
        let asset: AssetID
    }

    var totals: [AssetID: AssetTotals] = [:]
    var places: [AssetID: PlaceSums] = [:]
    var accounts: [VaultKey: VaultAccount] = [:]
    var claimed: [VaultKey: UInt128] = [:]
    var accrued: [VaultKey: UInt128] = [:]
    var taken: [VaultKey: UInt128] = [:]
    var received: [VaultKey: UInt128] = [:]
    var split: Set<INFTID> = []
    /// Whether all of a balance's record is decoded. What a block changed was decoded before it was changed.
    private let isWhole: Bool

    init(isWhole: Bool) { self.isWhole = isWhole }

    static func counts(_ kind: UInt8) -> Bool {
        switch RevenueKeys.Kind(rawValue: kind) {
        case .totals, .balance, .vault, .account, .holder, .taken, .reserve: true
        default: false
        }
    }

    mutating func add(_ key: StateKey, _ value: [UInt8]) throws(StateFailure) {
        do throws(EncodingFailure) {
            try addDecoded(key, value)
        } catch {
            throw StateFailure("the record under \(Hexadecimal.encode(key.bytes)) is damaged: \(error.description)")
        }
    }

    private mutating func addDecoded(_ key: StateKey, _ value: [UInt8]) throws(EncodingFailure) {
        switch key.header.flatMap({ RevenueKeys.Kind(rawValue: $0.kind) }) {
        case .totals:
            totals[try RevenueKeys.firstComponent(key)] = try AssetTotals(decoding: value)
        case .balance:
            let amount = try isWhole ? BalanceRecord(decoding: value).amount : BalanceRecord.amount(in: value)
            count(amount, try RevenueKeys.balanceComponents(key).asset, 0)
        case .vault:
            if try VaultRecord(decoding: value).isSplit { split.insert(try RevenueKeys.firstComponent(key)) }
        case .account:
            let vault = try RevenueKeys.components(key, count: 2) { (reader) throws(EncodingFailure) in
                VaultKey(inft: try reader.value(), asset: try reader.value())
            }
            let account = try VaultAccount(decoding: value)
            accounts[vault] = account
            // More out than in shows as a total that does not match.
            count(account.held ?? .zero, vault.asset, 1)
        case .holder:
            let vault = try RevenueKeys.components(key, count: 3) { (reader) throws(EncodingFailure) in
                let vault = VaultKey(inft: try reader.value(), asset: try reader.value())
                _ = try reader.value(as: Party.self)
                return vault
            }
            let holder = try HolderAccount(decoding: value)
            claimed[vault, default: 0] += UInt128(holder.claimed.units)
            accrued[vault, default: 0] += UInt128(holder.accrued.units)
        case .taken:
            let (giver, taker) = try RevenueKeys.components(key, count: 3) { (reader) throws(EncodingFailure) in
                let descendant: INFTID = try reader.value()
                let ancestor: INFTID = try reader.value()
                let asset: AssetID = try reader.value()
                return (VaultKey(inft: descendant, asset: asset), VaultKey(inft: ancestor, asset: asset))
            }
            let amount = UInt128(try Amount(decoding: value).units)
            taken[giver, default: 0] += amount
            received[taker, default: 0] += amount
        case .reserve:
            let kind = try RevenueKeys.components(key, count: 2) { (reader) throws(EncodingFailure) in
                let kind: ReserveKind = try reader.value()
                _ = try reader.bytes32()
                return kind
            }
            let reserve = try ReserveRecord(decoding: value)
            count(reserve.amount, reserve.asset, 2 + Int(kind.rawValue))
        default:
            break
        }
    }

    private mutating func count(_ amount: Amount, _ asset: AssetID, _ place: Int) {
        places[asset, default: PlaceSums()].sums[place] += UInt128(amount.units)
    }

    func problem(of asset: AssetID) -> String? {
        let stored = totals[asset] ?? AssetTotals()
        let found = places[asset] ?? PlaceSums()
        for (index, sum) in PlaceSums(stored).sums.enumerated() where sum != found.sums[index] {
            return "\(PlaceSums.names[index]): the total says \(sum), the records sum to \(found.sums[index])"
        }
        return stored.sum == stored.issued ? nil : "issued \(stored.issued) is not the sum of all places"
    }

    func vaultProblem(of asset: AssetID) -> String? {
        for vault in accounts.keys.filter({ $0.asset == asset }).sorted(by: { $0.inft < $1.inft }) {
            guard let account = accounts[vault] else { continue }
            let net = UInt128(VaultArithmetic.net(account).units)
            let owed = accrued[vault] ?? 0
            let claims = UInt128(account.claimed.units)
            if account.held == nil { return "vault \(vault.inft): more went out than came in" }
            if claimed[vault] ?? 0 != claims { return "vault \(vault.inft): its claims are not its holders'" }
            if claims + owed > net { return "vault \(vault.inft): holders have accrued more than its net" }
            if taken[vault] ?? 0 != UInt128(account.royaltiesTaken.units) {
                return "vault \(vault.inft): what ancestors took is not what it gave"
            }
            // A group's royalties are part of what was paid into it.
            let came = UInt128((split.contains(vault.inft) ? account.total : account.received).units)
            let isSound = split.contains(vault.inft) ? received[vault] ?? 0 <= came : received[vault] ?? 0 == came
            if !isSound {
                return "vault \(vault.inft): what it received is not what descendants gave"
            }
        }
        return nil
    }
}
