/// How long something takes, as people say it.
public enum DurationText {
    private static let units: [(milliseconds: UInt64, name: String)] = [
        (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"),
    ]

    /// A length that is signed, exactly: `36 hours`, `90 seconds`; the largest unit that it is a whole number of.
    public static func exact(milliseconds: UInt64) -> String {
        for unit in units where milliseconds >= unit.milliseconds && milliseconds.isMultiple(of: unit.milliseconds) {
            return counted(milliseconds / unit.milliseconds, unit.name)
        }
        return counted(milliseconds, "millisecond")
    }

    /// An age, about: `14 days`, `1 day 1 hour`, `90 seconds` as `1 minute 30 seconds`: the two largest units, what is smaller left out.
    public static func words(milliseconds: UInt64) -> String {
        var rest = milliseconds
        var words: [String] = []
        for unit in units {
            let (count, remainder) = rest.quotientAndRemainder(dividingBy: unit.milliseconds)
            rest = remainder
            // Nothing between the two: 1 day and 5 seconds is 1 day.
            if !words.isEmpty, count == 0 || words.count == 2 { break }
            if count > 0 { words.append(counted(count, unit.name)) }
        }
        return words.isEmpty ? "0 seconds" : words.joined(separator: " ")
    }

    /// `1 day`, `2 days`.
    public static func counted(_ count: UInt64, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
