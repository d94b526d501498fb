/// One thing in a health record that stands in the way, or that was left behind: where, what, and why.
public struct RecordNote: Hashable, Sendable, CustomStringConvertible {
    /// As FHIR writes it: `provision.provision[0].securityLabel`.
    public let path: String
    /// What stands there, in a few words; a code of a terminology where it is one, never a person's name or a text.
    public let what: String
    public let why: String

    public init(path: String, what: String, why: String) {
        self.path = path
        self.what = what
        self.why = why
    }

    public var description: String { "\(path) (\(what)): \(why)" }
}

/// A record that can't be taken over, with every reason at once.
public struct RecordRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty; at most ``HealthRecordLimits/notes``.
    public let problems: [RecordNote]

    public init(_ problems: [RecordNote]) { self.problems = problems }

    public init(path: String, what: String, why: String) {
        problems = [RecordNote(path: path, what: what, why: why)]
    }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Bounds of what is read, with their reasons.
public enum HealthRecordLimits {
    /// A consent is a page; the largest published example has 20 KiB.
    public static let consentBytes = 1 << 20
    /// A patient's whole FHIR record without images.
    public static let recordBytes = 64 << 20
    /// Problems that are worth reading at once.
    public static let notes = 64
    /// Resources of one bundle.
    public static let bundleEntries = 100_000
    /// Different people, samples and records of one case: each gets a pseudonym.
    public static let pseudonyms = 100_000
    /// Different (path, rule) pairs of a report; paths are those of the vocabulary, so honest records stay far below.
    public static let reportLines = 4_096
    /// Characters of any code or reference that is looked at.
    public static let codeBytes = 256
}
