internal import Primitives

/// Months of the proleptic Gregorian calendar (UTC): a time limit of data use counts in them.
enum CalendarMonths {
    private static let dayMilliseconds: UInt64 = 86_400_000

    /// The same day and time `months` later; a day that the month lacks becomes its last. At most the latest time.
    static func adding(_ months: UInt64, to time: Timestamp) -> Timestamp {
        guard months <= ConsentsLimits.months else { return .maximum }
        let days = Int64(min(time, .maximum).milliseconds / dayMilliseconds)
        let date = civil(days)
        let month = date.year * 12 + (date.month - 1) + Int64(months)
        let year = month / 12
        let monthOfYear = month % 12 + 1
        let day = min(date.day, length(year, monthOfYear))
        let shifted = UInt64(self.days(year, monthOfYear, day)) * dayMilliseconds
        return min(Timestamp(shifted + min(time, .maximum).milliseconds % dayMilliseconds), .maximum)
    }

    private static func length(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01; years counted from March, so that the leap day is the last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSinceEpoch + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
