internal import Primitives

/// Months of the proleptic Gregorian calendar (UTC): a time limit of data use counts in them.
enum CalendarMonths {
    private static let dayMilliseconds: UInt64 = 86_400_000

    /// The same day and time `months` later; a day that the month lacks becomes its last. At most the latest time.
    static func adding(_ months: UInt64, to time: Timestamp) -> Timestamp {
        guard months <= ConsentsLimits.months else { return .maximum }
        let days = Int64(min(time, .maximum).milliseconds / dayMilliseconds)
        let date = CivilDate(days: days)
        let month = date.year * 12 + (date.month - 1) + Int64(months)
        let year = month / 12
        let monthOfYear = month % 12 + 1
        let day = min(date.day, CivilDate.length(year, monthOfYear))
        let shifted = UInt64(CivilDate(year: year, month: monthOfYear, day: day).days) * dayMilliseconds
        return min(Timestamp(shifted + min(time, .maximum).milliseconds % dayMilliseconds), .maximum)
    }
}
