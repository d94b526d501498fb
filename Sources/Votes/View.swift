public import Encoding

/// An attempt to agree on a block, counted within an epoch. View 0 is the epoch's genesis, which nobody votes on.
public struct View: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: UInt64

    @inlinable public init(_ value: UInt64) { self.value = value }

    public static let genesis = View(0)

    /// Precondition: not the largest view (2^64 views are out of reach; what arrives from outside is bounded by
    /// ``maximum``).
    @inlinable public var next: View { View(value + 1) }
    @inlinable public static func < (left: View, right: View) -> Bool { left.value < right.value }
    public var description: String { String(value) }

    /// At a view a millisecond 2^62 takes 146 million years; decoders refuse more, so that `next` can't trap.
    public static let maximum = View(1 << 62)
}

/// A span of heights with one validator set.
public struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let value: UInt64

    @inlinable public init(_ value: UInt64) { self.value = value }

    public static let genesis = Epoch(0)
    public static let maximum = Epoch(1 << 62)

    @inlinable public var next: Epoch { Epoch(value + 1) }
    @inlinable public static func < (left: Epoch, right: Epoch) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}

/// Where a vote belongs: epoch first, then view.
public struct EpochView: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let epoch: Epoch
    public let view: View

    public init(_ epoch: Epoch, _ view: View) {
        self.epoch = epoch
        self.view = view
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.epoch != right.epoch ? left.epoch < right.epoch : left.view < right.view
    }

    public var description: String { "\(epoch)/\(view)" }
}

extension View: CBORCodable {
    public func encode(into writer: inout CBORWriter) { writer.write(value) }
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self.init(try reader.unsigned(max: View.maximum.value))
    }
}

extension Epoch: CBORCodable {
    public func encode(into writer: inout CBORWriter) { writer.write(value) }
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self.init(try reader.unsigned(max: Epoch.maximum.value))
    }
}

extension View: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension Epoch: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
