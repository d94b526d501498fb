internal import Primitives
internal import Revenue
internal import StateModel

/// Words for a node, which knows nobody's names: ids as they are, amounts in units of the asset where the state tells.
struct PlainNames: NameResolver {
    let networkKind: NetworkKind
    let state: (any StateReader)?

    func party(_ party: Party) -> String {
        switch party {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: networkKind)
        case .organization(let id): TypedText.encode(id.bytes, kind: OrganizationKind.name, network: networkKind)
        }
    }

    func amount(_ amount: Amount, of asset: AssetID) -> String {
        if let state, let record = try? Assets.record(asset, in: state) {
            return "\(Self.decimal(amount.units, scale: Int(record.scale))) \(record.code)"
        }
        return
            "\(amount.units) smallest units of \(TypedText.encode(asset.bytes, kind: AssetKind.name, network: networkKind))"
    }

    /// 25000 at scale 2 is `250.00`.
    static func decimal(_ units: UInt64, scale: Int) -> String {
        guard scale > 0 else { return String(units) }
        var digits = String(units)
        if digits.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.count) + digits }
        return "\(digits.dropLast(scale)).\(digits.suffix(scale))"
    }

    func identifier(_ text: String) -> String { text }

    /// `2026-01-31 09:05:00 UTC`, by the proleptic Gregorian calendar.
    func time(_ time: Timestamp) -> String {
        let seconds = time.milliseconds / 1_000
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // Days since 0000-03-01, so that leap days end their years.
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day)) \(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60)) UTC"
    }
}
