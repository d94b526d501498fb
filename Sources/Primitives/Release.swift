/// A release of the program: what an upgrade of the network names. Written `1.2.0`.
public struct Release: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let major: UInt16
    public let minor: UInt16
    public let patch: UInt16

    public init(_ major: UInt16, _ minor: UInt16, _ patch: UInt16) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Nil unless `text` is three numbers without leading zeros, joined by dots.
    public init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: 46, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var numbers: [UInt16] = []
        for part in parts {
            guard !part.isEmpty, part.count == 1 || part.first != 48, part.allSatisfy({ $0 >= 48 && $0 <= 57 }),
                let number = UInt16(String(decoding: part, as: UTF8.self))
            else { return nil }
            numbers.append(number)
        }
        self.init(numbers[0], numbers[1], numbers[2])
    }

    public static func < (left: Release, right: Release) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    public var description: String { "\(major).\(minor).\(patch)" }
}

extension Release: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let release = Release(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a release such as 1.2.0")
        }
        self = release
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
