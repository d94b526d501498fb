public import Encoding
import Primitives

/// Terms that a network starts with, so that its first offers can name them. `[terms]`
public struct LicensesGenesis: CBORCodable, Codable, Hashable, Sendable {
    public let terms: [Terms]

    public init(terms: [Terms] = []) { self.terms = terms }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(terms)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            LicensesGenesis(terms: try reader.list("terms", max: LicenseLimits.genesisTerms))
        }
    }
}
