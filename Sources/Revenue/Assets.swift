internal import Cryptography
internal import Identities
public import Primitives
public import StateModel

/// Settlement assets: what they are, and who may make them.
public enum Assets {
    public static func record(_ id: AssetID, in state: any StateReader) throws(Refusal) -> AssetRecord? {
        try state.record(RevenueKeys.asset(id))
    }

    /// Rejects `unknown_asset` and `asset_frozen`.
    @discardableResult
    public static func requireActive(
        _ id: AssetID, field: String, in state: any StateReader
    ) throws(Refusal) -> AssetRecord {
        let asset = try requireKnown(id, field: field, in: state)
        guard asset.frozenAt == nil else {
            throw RevenueRejection.assetFrozen.at(field, "\(asset.code) is frozen by its issuer")
        }
        return asset
    }

    public static func requireKnown(
        _ id: AssetID, field: String, in state: any StateReader
    ) throws(Refusal) -> AssetRecord {
        guard let asset = try record(id, in: state) else {
            throw RevenueRejection.unknownAsset.at(field, "there is no asset \(id)", hint: "asset_list names them all.")
        }
        return asset
    }

    public static func totals(_ id: AssetID, in state: any StateReader) throws(Refusal) -> AssetTotals {
        try state.record(RevenueKeys.totals(id)) ?? AssetTotals()
    }

    /// Admits `party` as an issuer beside those that hold a credential: genesis does, and acts of the validators.
    public static func admitIssuer(_ party: Party, in context: OperationContext) {
        context.state.set(RevenueKeys.issuer(party), context.block.time)
    }

    public static func withdrawIssuer(_ party: Party, in context: OperationContext) {
        context.state.remove(RevenueKeys.issuer(party))
    }

    /// Admitted by genesis or the validators' votes.
    public static func isAdmitted(_ party: Party, in state: any StateReader) throws(Refusal) -> Bool {
        try state.record(RevenueKeys.issuer(party)) != nil
    }

    /// Admitted, or holder of an assetIssuer credential in force.
    public static func mayIssue(
        _ party: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        if try state.record(RevenueKeys.issuer(party)) != nil { return true }
        return try Credentials.holds(party, .assetIssuer, jurisdiction: nil, at: time, in: state)
    }

    /// The id of an asset that genesis makes: it follows from the code alone, so that a genesis file needs no ids.
    public static func genesisIdentifier(code: String) -> AssetID {
        AssetID(HashTag("mednexus/genesis-asset").hash(Array(code.utf8)).bytes)
    }

    static func isCode(_ code: String) -> Bool {
        let bytes = Array(code.utf8)
        guard RevenueLimits.assetCodeBytes.contains(bytes.count), let first = bytes.first else { return false }
        return first >= 65 && first <= 90 && bytes.allSatisfy { $0 >= 65 && $0 <= 90 || $0 >= 48 && $0 <= 57 }
    }

    static func isName(_ name: String) -> Bool {
        let count = name.utf8.count
        return count > 0 && count <= RevenueLimits.assetNameBytes
            && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    static func check(code: String, name: String, scale: UInt8, in state: any StateReader) throws(Refusal) {
        guard isCode(code) else {
            throw RevenueRejection.assetCodeInvalid.at("code", "a code is 3 to 12 of A-Z and 0-9, a letter first")
        }
        guard isName(name) else {
            throw RevenueRejection.assetNameInvalid.at("name", "a name is 1 to 64 bytes without control characters")
        }
        guard scale <= RevenueLimits.assetScale else {
            throw RevenueRejection.scaleTooLarge.at("scale", "\(scale) decimals; at most \(RevenueLimits.assetScale)")
        }
        guard try state.record(RevenueKeys.code(code)) == nil else {
            throw RevenueRejection.assetCodeTaken.at("code", "\(code) is the code of another asset")
        }
    }

    static func add(_ asset: AssetRecord, in context: OperationContext) {
        context.state.set(RevenueKeys.asset(asset.id), asset)
        context.state.set(RevenueKeys.code(asset.code), asset.id)
        context.state.set(RevenueKeys.totals(asset.id), AssetTotals())
        context.emit(
            RevenueEvent.assetCreated(AssetCreated(asset: asset.id, issuer: asset.issuer, code: asset.code)))
    }
}

/// Where units are counted; each movement takes from one place and gives to another.
package enum Place {
    case outside, balances, vaults, escrows, held, bonds, prepaid

    init(_ kind: ReserveKind) {
        self =
            switch kind {
            case .escrow: .escrows
            case .held: .held
            case .bond: .bonds
            case .prepaid: .prepaid
            }
    }

    fileprivate var path: WritableKeyPath<AssetTotals, Amount>? {
        switch self {
        case .outside: nil
        case .balances: \.balances
        case .vaults: \.vaults
        case .escrows: \.escrows
        case .held: \.held
        case .bonds: \.bonds
        case .prepaid: \.prepaid
        }
    }
}

package enum Totals {
    /// Moves `amount` in the running totals. From or to outside changes what is issued.
    package static func shift(
        _ amount: Amount, of asset: AssetID, from: Place, to: Place, in state: StateOverlay
    ) throws(Refusal) {
        var totals = try Assets.totals(asset, in: state)
        if let path = from.path {
            totals[keyPath: path] = try less(totals[keyPath: path], amount, asset)
        } else {
            guard let issued = totals.issued.adding(amount) else {
                throw RevenueRejection.supplyOverflow.at("amount", "issued would exceed 2^64 − 1 smallest units")
            }
            totals.issued = issued
        }
        if let path = to.path {
            // Bounded by what is issued, which was checked when it grew.
            guard let sum = totals[keyPath: path].adding(amount) else { throw broken(asset) }
            totals[keyPath: path] = sum
        } else {
            totals.issued = try less(totals.issued, amount, asset)
        }
        state.set(RevenueKeys.totals(asset), totals)
    }

    private static func less(_ amount: Amount, _ other: Amount, _ asset: AssetID) throws(Refusal) -> Amount {
        guard let difference = amount.subtracting(other) else { throw broken(asset) }
        return difference
    }

    private static func broken(_ asset: AssetID) -> Refusal {
        .failed(StateFailure("the running totals of \(asset) do not match its balances"))
    }
}

extension AssetRecord {
    /// For people: `250.00 USD`.
    public func text(_ amount: Amount) -> String {
        let digits = String(amount.units)
        guard scale > 0 else { return "\(digits) \(code)" }
        let padded = String(repeating: "0", count: max(0, Int(scale) + 1 - digits.count)) + digits
        return "\(padded.dropLast(Int(scale))).\(padded.suffix(Int(scale))) \(code)"
    }
}
