internal import Primitives

/// A date or time of a health record, as precise as it was written: a year, a month, a day, or a time of day with its
/// zone. What has no zone (a year, a month, a day) is read as UTC.
struct RecordTime: Hashable {
    enum Precision: Hashable { case year, month, day, time }

    let precision: Precision
    /// The first millisecond that the text covers, counted from 1970-01-01T00:00Z.
    let start: Int64
    /// The first millisecond behind it.
    let end: Int64

    static let dayMilliseconds: Int64 = 86_400_000

    /// FHIR `date`, `dateTime` and `instant`, and RFC 3339 as protobuf writes it. Nil for anything else, for days that
    /// the calendar lacks, and for fractions of a second beyond nine digits. Digits beyond three are cut off.
    init?(_ text: String) {
        var scanner = Scanner(Array(text.utf8))
        guard scanner.count <= 40, let year = scanner.digits(4), year >= 1 else { return nil }
        guard scanner.take(45) else {
            guard scanner.isAtEnd else { return nil }
            self.init(.year, CivilDate(year: year, month: 1, day: 1), CivilDate(year: year + 1, month: 1, day: 1))
            return
        }
        guard let month = scanner.digits(2), (1...12).contains(month) else { return nil }
        guard scanner.take(45) else {
            guard scanner.isAtEnd else { return nil }
            let next =
                month == 12
                ? CivilDate(year: year + 1, month: 1, day: 1) : CivilDate(year: year, month: month + 1, day: 1)
            self.init(.month, CivilDate(year: year, month: month, day: 1), next)
            return
        }
        guard let day = scanner.digits(2), day >= 1, day <= CivilDate.length(year, month) else { return nil }
        let days = CivilDate(year: year, month: month, day: day).days
        if scanner.isAtEnd {
            let start = days * Self.dayMilliseconds
            self.init(.day, start, start + Self.dayMilliseconds)
            return
        }
        guard scanner.take(84), let hour = scanner.digits(2), hour < 24, scanner.take(58),
            let minute = scanner.digits(2), minute < 60, scanner.take(58), let second = scanner.digits(2), second < 60
        else { return nil }
        var milliseconds: Int64 = 0
        var width: Int64 = 1000
        if scanner.take(46) {
            guard let fraction = scanner.fraction() else { return nil }
            milliseconds = fraction
            width = 1
        }
        guard let offset = scanner.zone(), scanner.isAtEnd else { return nil }
        let time = (hour * 60 + minute - offset) * 60 + second
        let start = days * Self.dayMilliseconds + time * 1000 + milliseconds
        self.init(.time, start, start + width)
    }

    private init(_ precision: Precision, _ first: CivilDate, _ next: CivilDate) {
        self.init(precision, first.days * Self.dayMilliseconds, next.days * Self.dayMilliseconds)
    }

    private init(_ precision: Precision, _ start: Int64, _ end: Int64) {
        self.precision = precision
        self.start = start
        self.end = end
    }

    /// `2026-11-29T20:53:21.004Z`. Precondition: years 1 to 9999.
    static func instant(_ milliseconds: Int64) -> String {
        let days = milliseconds.flooredQuotient(dayMilliseconds)
        let rest = milliseconds - days * dayMilliseconds
        let seconds = rest / 1000
        return CivilDate(days: days).text + "T" + pad(seconds / 3600, 2) + ":" + pad(seconds / 60 % 60, 2) + ":"
            + pad(seconds % 60, 2) + "." + pad(rest % 1000, 3) + "Z"
    }

    fileprivate static func pad(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

extension CivilDate {
    /// The day that holds a moment.
    static func dayNumber(milliseconds: Int64) -> Int64 { milliseconds.flooredQuotient(RecordTime.dayMilliseconds) }

    var text: String {
        RecordTime.pad(year, 4) + "-" + RecordTime.pad(month, 2) + "-" + RecordTime.pad(day, 2)
    }
}

/// Walks over ASCII.
private struct Scanner {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var count: Int { bytes.count }
    var isAtEnd: Bool { offset == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == byte else { return false }
        offset += 1
        return true
    }

    mutating func digits(_ width: Int) -> Int64? {
        guard bytes.count - offset >= width else { return nil }
        var value: Int64 = 0
        for _ in 0..<width {
            guard bytes[offset] >= 48, bytes[offset] <= 57 else { return nil }
            value = value * 10 + Int64(bytes[offset]) - 48
            offset += 1
        }
        return value
    }

    /// One to nine digits behind the point, in milliseconds.
    mutating func fraction() -> Int64? {
        var digits: [Int64] = []
        while offset < bytes.count, bytes[offset] >= 48, bytes[offset] <= 57 {
            digits.append(Int64(bytes[offset]) - 48)
            offset += 1
        }
        guard (1...9).contains(digits.count) else { return nil }
        let three = (digits + [0, 0]).prefix(3)
        return three.reduce(0) { $0 * 10 + $1 }
    }

    /// `Z` or `±hh:mm`, in minutes east.
    mutating func zone() -> Int64? {
        if take(90) { return 0 }
        let isWest = take(45)
        guard isWest || take(43), let hours = digits(2), hours <= 14, take(58), let minutes = digits(2), minutes < 60
        else { return nil }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }
}
