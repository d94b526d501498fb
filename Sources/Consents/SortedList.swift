public import Encoding
internal import Primitives

/// A list that is always ascending and without duplicates, so that equal meanings have equal bytes. Empty means
/// "no restriction" wherever a provision holds one.
public struct SortedList<Element: Comparable & Hashable & Sendable>: Hashable, Sendable {
    public let elements: [Element]

    /// Sorts, and keeps one of equal elements.
    public init(_ elements: some Sequence<Element>) {
        var unique: [Element] = []
        for element in elements.sorted() where unique.last != element { unique.append(element) }
        self.elements = unique
    }

    /// What is known to be ascending and without duplicates.
    init(ascending elements: [Element]) { self.elements = elements }

    public var isEmpty: Bool { elements.isEmpty }
    public var count: Int { elements.count }
    public func contains(_ element: Element) -> Bool { elements.contains(element) }

    /// How many elements are in both, in one pass over the two.
    func countShared(with other: SortedList) -> Int {
        var count = 0
        var (own, others) = (elements[...], other.elements[...])
        while let one = own.first, let another = others.first {
            if one == another {
                count += 1
                own.removeFirst()
                others.removeFirst()
            } else if one < another {
                own.removeFirst()
            } else {
                others.removeFirst()
            }
        }
        return count
    }
}

extension SortedList: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Element...) { self.init(elements) }
}

extension SortedList: Codable where Element: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try [Element](from: decoder))
    }

    public func encode(to encoder: any Encoder) throws { try elements.encode(to: encoder) }
}

extension SortedList: CBOREncodable where Element: CBOREncodable {
    public func encode(into writer: inout CBORWriter) { writer.write(elements) }
}

extension CBORReader {
    /// Codes, ascending.
    public mutating func codedTerms(_ field: String, max: Int) throws(EncodingFailure) -> SortedList<CodedTerm> {
        try sorted(field, max: max)
    }

    mutating func sorted<Element: Comparable & Hashable & Sendable & CBORDecodable>(
        _ field: String, max: Int
    ) throws(EncodingFailure) -> SortedList<Element> {
        SortedList(ascending: try sortedList(field, max: max, by: { (element: Element) in element }))
    }

    /// Of elements whose order is that of their canonical bytes: without writing them anew to compare them.
    mutating func sortedByBytes<Element: Comparable & Hashable & Sendable & CBORDecodable>(
        _ field: String, max: Int
    ) throws(EncodingFailure) -> SortedList<Element> {
        SortedList(ascending: try ascendingList(field, max: max))
    }
}
