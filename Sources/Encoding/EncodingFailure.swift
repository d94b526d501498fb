/// Why bytes are not the one canonical encoding of a value of the expected type.
public struct EncodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case truncated = "the bytes end too early"
        case trailing = "bytes follow the value"
        case nonCanonical = "not the shortest form"
        case indefinite = "indefinite lengths are not allowed"
        case wrongType = "another type was expected"
        case unsupported = "this kind of item is not allowed"
        case tooDeep = "nested too deeply"
        case tooLong = "longer than allowed"
        case outOfRange = "value out of range"
        case invalidUTF8 = "text is not valid UTF-8"
        case wrongCount = "wrong number of fields"
        case unknownCase = "unknown kind"
        case unsorted = "not sorted, or not unique"
    }

    public let reason: Reason
    /// Where in the bytes.
    public let offset: Int
    /// What was being read: `transaction.operations`.
    public let field: String

    public init(_ reason: Reason, at offset: Int, field: String = "") {
        self.reason = reason
        self.offset = offset
        self.field = field
    }

    public var description: String {
        (field.isEmpty ? "" : "\(field): ") + "\(reason.rawValue) (byte \(offset))"
    }
}
