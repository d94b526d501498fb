internal import Encoding

extension CBORWriter {
    mutating func write(texts: [String]) {
        array(texts.count)
        for text in texts { write(text) }
    }
}

extension CBORReader {
    /// Texts strictly ascending by their bytes.
    mutating func sortedTexts(_ field: String, max: Int, bytes: Int) throws(EncodingFailure) -> [String] {
        let texts = try list(field, max: max) { (reader) throws(EncodingFailure) in
            try reader.text(field, max: bytes)
        }
        guard texts.isAscending else { throw failure(.unsorted, field) }
        return texts
    }
}

extension [String] {
    /// By bytes: `String` itself compares canonical equivalents as equal.
    var isAscending: Bool {
        zip(self, dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
