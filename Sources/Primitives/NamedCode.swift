/// A coded enumeration: a small number in canonical bytes, its name in JSON.
public protocol NamedCode: RawRepresentable, CaseIterable, Codable, Hashable, Sendable where RawValue == UInt8 {
    /// As in JSON, the CLI and the specifications.
    var name: String { get }
}

extension NamedCode {
    public var name: String { String(describing: self) }

    /// Nil unless `name` names a case.
    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    public static var names: [String] { allCases.map(\.name) }

    public init(from decoder: any Decoder) throws {
        self = try decoder.text("one of " + Self.names.joined(separator: ", ")) { Self(name: $0) }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(name) }
}

/// The key that tells an operation's or an event's kind in JSON: `{"type": "inft.mint", …}`.
public enum OperationTypeKey: String, CodingKey {
    case type
}
