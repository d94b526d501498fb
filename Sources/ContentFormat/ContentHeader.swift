public import Encoding

/// What is said of the file, inside the ciphertext: 1,024 bytes at the start of the plaintext, whatever is said.
///
/// Bytes: length of the record (2, big-endian) ‖ `[1, name, mediaType, size]` ‖ zeros. The region has one size so that the
/// size on the ledger says nothing of the name, and byte n of the file is always byte 1,024 + n of the plaintext.
public struct ContentHeader: CBORCodable, Hashable, Sendable {
    public static let regionCount = 1024
    public static let maximumName = 255
    public static let maximumMediaType = 127
    static let version: UInt64 = 1

    /// Without folders. For people: nothing is ever written where it says.
    public let name: String
    /// `application/json`
    public let mediaType: String
    /// Bytes.
    public let fileSize: UInt64

    /// Throws unless the name is 1 to 255 bytes that can be shown without harm and the media type is type/subtype.
    public init(name: String, mediaType: String, fileSize: UInt64) throws(ContentFailure) {
        guard Self.isName(name) else {
            throw .header("a name has 1 to 255 bytes, and neither / nor characters that steer a terminal")
        }
        guard Self.isMediaType(mediaType) else { throw .header("a media type is type/subtype (RFC 6838)") }
        guard fileSize <= ContentLayout.maximumSize else { throw .header("a file has at most 2^44 bytes") }
        self.name = name
        self.mediaType = mediaType
        self.fileSize = fileSize
    }

    /// Reads the region. Throws unless it is the one way to write what it says.
    init(region: ArraySlice<UInt8>) throws(ContentFailure) {
        precondition(region.count == Self.regionCount)
        let bytes = Array(region)
        let count = Int(bytes[0]) << 8 | Int(bytes[1])
        guard count <= Self.regionCount - 2 else { throw .header("it is longer than it may be") }
        guard bytes[(2 + count)...].allSatisfy({ $0 == 0 }) else { throw .padding(chunk: 0) }
        do throws(EncodingFailure) {
            self = try ContentHeader(decoding: Array(bytes[2..<2 + count]))
        } catch {
            throw .header("\(error)")
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("header", count: 4) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("version") == Self.version else { throw reader.failure(.unknownCase, "version") }
            let name = try reader.text("name", max: Self.maximumName)
            guard Self.isName(name) else { throw reader.failure(.outOfRange, "name") }
            let mediaType = try reader.text("mediaType", max: Self.maximumMediaType)
            guard Self.isMediaType(mediaType) else { throw reader.failure(.outOfRange, "mediaType") }
            let size = try reader.unsigned("size", max: ContentLayout.maximumSize)
            return ContentHeader(checkedName: name, mediaType: mediaType, fileSize: size)
        }
    }

    private init(checkedName name: String, mediaType: String, fileSize: UInt64) {
        self.name = name
        self.mediaType = mediaType
        self.fileSize = fileSize
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(Self.version)
        writer.write(name)
        writer.write(mediaType)
        writer.write(fileSize)
    }

    var region: [UInt8] {
        let record = encoded
        let length = [UInt8(record.count >> 8), UInt8(record.count & 0xff)]
        return length + record + [UInt8](repeating: 0, count: Self.regionCount - 2 - record.count)
    }

    /// Control characters, line and paragraph separators, and marks that turn the direction of text are none of a name:
    /// whoever made the content could make a terminal show what is not so.
    static func isName(_ text: String) -> Bool {
        guard (1...maximumName).contains(text.utf8.count), text != ".", text != ".." else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
            default: scalar != "/" && !isDirectionMark(scalar)
            }
        }
    }

    private static func isDirectionMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061c, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    /// `type/subtype` of restricted names (RFC 6838), in lower case, without parameters, as on the ledger.
    static func isMediaType(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= maximumMediaType else { return false }
        return parts.allSatisfy { part in
            guard let first = part.first, isLowerOrDigit(first) else { return false }
            return part.allSatisfy { isLowerOrDigit($0) || "!#$&-^_.+".utf8.contains($0) }
        }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
