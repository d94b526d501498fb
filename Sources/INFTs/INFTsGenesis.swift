public import Encoding

/// INFTs are minted by their owners: a genesis has none. The record keeps its place in the genesis file.
public struct INFTsGenesis: CBORCodable, Codable, Hashable, Sendable {
    public init() {}

    public func encode(into writer: inout CBORWriter) { writer.array(0) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 0) { (_) throws(EncodingFailure) in INFTsGenesis() }
    }
}
