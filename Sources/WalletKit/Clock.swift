internal import FoundationEssentials
public import Primitives

/// The wallet's clock: for deadlines and file dates only. What is valid when, the ledger says.
public enum WalletClock {
    public static var now: Timestamp {
        let seconds = Date().timeIntervalSince1970
        return Timestamp(seconds > 0 ? min(UInt64(seconds * 1000), Timestamp.maximum.milliseconds) : 0)
    }
}

/// `2026-11-22 22:45:07 UTC`
public func dateText(_ time: Timestamp) -> String {
    let seconds = time.milliseconds / 1000
    // Days since 0000-03-01, so that the leap day is a year's last (Hinnant, "chrono-compatible date algorithms").
    let days = seconds / 86_400 + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let clock = seconds % 86_400
    return "\(year)-\(two(month))-\(two(day)) \(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60)) UTC"
}
