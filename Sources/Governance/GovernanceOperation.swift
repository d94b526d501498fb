public import Encoding
public import Primitives
public import StateModel

/// Acts of validators. A network starts with what its genesis says; this version's ledger has no act that changes it,
/// so no bytes and no JSON are one.
public enum GovernanceOperation: CBORCodable, Codable, Hashable, Sendable {
    public static let names: [String] = []

    public var operation: any DomainOperation {
        switch self {}
    }

    public var weight: UInt64 {
        switch self {}
    }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {}
    }

    public func encode(into writer: inout CBORWriter) {
        switch self {}
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        throw reader.failure(.unknownCase, "kind")
    }

    public static func decode(type: String, from decoder: any Decoder) throws -> GovernanceOperation? { nil }

    public init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "governance has no operation"))
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {}
    }
}
