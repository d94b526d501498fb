public import Interface

/// What a de-identification did, by element and rule. It holds no value of the record.
public struct DeidentificationReport: Hashable, Sendable {
    public struct Line: Hashable, Sendable {
        /// Where, as the format writes it, lists as `[]`: `subject.id`, `entry[].resource(Patient).name`. An element that
        /// no vocabulary lists is `*`, since its very name might tell something.
        public let path: String
        /// A ``RemovalRule``, a ``ReplacementRule``, or for what was let through `allowed`.
        public let rule: String
        public var count: UInt64
    }

    public internal(set) var removed: [Line]
    public internal(set) var replaced: [Line]
    /// Texts that the allow-list let through.
    public internal(set) var allowed: [Line]
    /// What whoever releases the case must still think of.
    public internal(set) var warnings: [String]

    public func json(format: RecordFormat) -> JSONValue {
        func lines(_ lines: [Line], withLetters: Bool) -> JSONValue {
            .array(
                lines.map { line in
                    var object = JSONObject()
                    object.append("path", .string(line.path))
                    object.append("rule", .string(line.rule))
                    if withLetters, let rule = RemovalRule(rawValue: line.rule), !rule.safeHarbor.isEmpty {
                        object.append("safeHarbor", .string(rule.safeHarbor))
                    }
                    object.append("count", .unsigned(line.count))
                    return .object(object)
                })
        }
        return .object([
            "format": .string(format.rawValue), "method": "45 CFR 164.514(b)(2)",
            "removed": lines(removed, withLetters: true), "replaced": lines(replaced, withLetters: false),
            "allowed": lines(allowed, withLetters: false), "warnings": .array(warnings.map { .string($0) }),
        ])
    }
}

public enum RecordFormat: String, Hashable, Sendable {
    /// GA4GH Phenopacket, version 2, JSON.
    case phenopacket
    /// FHIR R4 Bundle, JSON.
    case fhirBundle
}

/// Counts by path and rule.
struct ReportCounter {
    private struct Key: Hashable {
        let path: String
        let rule: String
    }

    private var counts: [Key: UInt64] = [:]

    mutating func count(_ path: String, _ rule: String) {
        var key = Key(path: path, rule: rule)
        // Beyond any honest record; what is removed stays counted.
        if counts[key] == nil, counts.count >= HealthRecordLimits.reportLines { key = Key(path: "*", rule: rule) }
        counts[key, default: 0] += 1
    }

    /// Ascending by path, then rule.
    var lines: [DeidentificationReport.Line] {
        counts.map { DeidentificationReport.Line(path: $0.key.path, rule: $0.key.rule, count: $0.value) }
            .sorted { ($0.path, $0.rule) < ($1.path, $1.rule) }
    }
}
