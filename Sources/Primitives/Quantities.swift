/// An unsigned count of an asset's smallest unit. In JSON a decimal string, since 2^53 is not enough for money.
public struct Amount: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let units: UInt64

    @inlinable public init(_ units: UInt64) { self.units = units }

    public static let zero = Amount(0)

    @inlinable public static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }

    /// Nil on overflow.
    @inlinable public func adding(_ other: Amount) -> Amount? {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        return overflow ? nil : Amount(sum)
    }

    /// Nil if `other` is the larger.
    @inlinable public func subtracting(_ other: Amount) -> Amount? {
        units >= other.units ? Amount(units - other.units) : nil
    }

    /// ⌊self × share⌋, exact: the product is formed in 128 bits and can't overflow.
    @inlinable public func portion(_ share: PartsPerMillion) -> Amount {
        Amount(UInt64(UInt128(units) * UInt128(share.parts) / 1_000_000))
    }

    public var description: String { String(units) }
}

/// A share as millionths of a whole, 0...1,000,000.
public struct PartsPerMillion: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let parts: UInt32

    public static let whole = PartsPerMillion(clamped: 1_000_000)
    public static let zero = PartsPerMillion(clamped: 0)

    /// Nil above one million.
    public init?(_ parts: UInt64) {
        guard parts <= 1_000_000 else { return nil }
        self.parts = UInt32(parts)
    }

    private init(clamped parts: UInt32) { self.parts = parts }

    public static func < (left: Self, right: Self) -> Bool { left.parts < right.parts }
    public var description: String { String(parts) }
}

/// A block's position; genesis is 0.
public struct Height: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: UInt64

    @inlinable public init(_ value: UInt64) { self.value = value }

    public static let genesis = Height(0)
    /// The largest that bytes may name: the one after it exists, and both fit signed counters.
    public static let maximum = Height(1 << 62)

    /// Precondition: not the largest height (2^64 blocks are out of reach).
    @inlinable public var next: Height { Height(value + 1) }
    @inlinable public static func < (left: Height, right: Height) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}

/// Unix time in milliseconds. The ledger's times are block times, never a machine's clock.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let milliseconds: UInt64

    /// 9999-12-31T23:59:59.999Z: the largest time a record may name, so that every time has a date.
    public static let maximum = Timestamp(253_402_300_799_999)

    @inlinable public init(_ milliseconds: UInt64) { self.milliseconds = milliseconds }

    @inlinable public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// Saturates at ``maximum``.
    public func adding(milliseconds duration: UInt64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration)
        return overflow ? .maximum : min(Timestamp(sum), .maximum)
    }

    /// Not before 1970.
    public func subtracting(milliseconds duration: UInt64) -> Timestamp {
        Timestamp(milliseconds - min(milliseconds, duration))
    }

    public var description: String { String(milliseconds) }
}

extension Timestamp {
    /// Date and time of day in UTC.
    public var civil: (date: CivilDate, hour: UInt64, minute: UInt64, second: UInt64) {
        let (days, rest) = (milliseconds / 1_000).quotientAndRemainder(dividingBy: 86_400)
        return (CivilDate(days: Int64(days)), rest / 3_600, rest / 60 % 60, rest % 60)
    }

    /// For people: `2026-01-31 09:05:00 UTC`.
    public var text: String {
        let (date, hour, minute, second) = civil
        func two(_ value: some BinaryInteger) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day)) \(two(hour)):\(two(minute)):\(two(second)) UTC"
    }
}
