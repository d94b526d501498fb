internal import Interface
public import Primitives

/// A case without what identifies: safe to encrypt and offer.
public struct DeidentifiedCase: Sendable {
    /// JSON with keys ascending and no white space.
    public let bytes: [UInt8]
    public let format: RecordFormat
    public let report: DeidentificationReport
}

/// De-identification by the Safe Harbor method of 45 CFR 164.514(b)(2), of GA4GH Phenopackets v2 and FHIR R4 Bundles.
///
/// Only what a vocabulary lists is kept; everything else goes, and is counted in the report. Specs/health-records.md
/// says what becomes of each element, and what the method can't promise.
public enum Deidentification {
    /// `allowedTexts` are paths as the report writes them (`interpretations[].summary`), or `**.label` for every label:
    /// whoever names one has read what stands there. `seed` is 32 fresh random bytes that nobody keeps.
    public static func run(
        _ bytes: [UInt8], allowedTexts: Set<String> = [], seed: Bytes32
    ) throws(RecordRefusal) -> DeidentifiedCase {
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes, limit: HealthRecordLimits.recordBytes)
        } catch {
            throw RecordRefusal(path: "", what: "the file", why: "it is no JSON that can be read: \(error)")
        }
        guard let object = json.object else {
            throw RecordRefusal(path: "", what: json.kindName, why: "a record is an object")
        }
        var work = Deidentifier(allowedTexts: allowedTexts, seed: seed)
        let format = try format(of: object)
        let kept: JSONValue?
        switch format {
        case .phenopacket: kept = phenopacket(json, &work)
        case .fhirBundle: kept = try bundle(object, &work)
        }
        guard let kept else {
            throw RecordRefusal(path: "", what: "the record", why: "nothing of it would be left")
        }
        guard work.secrets.count <= HealthRecordLimits.pseudonyms else {
            throw RecordRefusal(
                path: "", what: "the record", why: "it names more than \(HealthRecordLimits.pseudonyms) things")
        }
        let report = DeidentificationReport(
            removed: work.removed.lines, replaced: work.replaced.lines, allowed: work.allowed.lines,
            warnings: warnings(work, allowedTexts))
        return DeidentifiedCase(bytes: kept.canonical.serialized, format: format, report: report)
    }

    private static func format(of object: JSONObject) throws(RecordRefusal) -> RecordFormat {
        if let type = object["resourceType"] {
            guard type.string == "Bundle" else {
                throw RecordRefusal(
                    path: "resourceType", what: "a single resource",
                    why: "a case is a Bundle, which holds the patient and what belongs to it")
            }
            return .fhirBundle
        }
        if object["proband"] != nil || object["relatives"] != nil || object["members"] != nil {
            throw RecordRefusal(
                path: "", what: "a family or a cohort",
                why: "each of its people is a case of its own: give the phenopackets one by one")
        }
        if object["meta_data"] != nil || object["phenotypic_features"] != nil {
            throw RecordRefusal(
                path: "", what: "snake_case names", why: "JSON of protobuf writes metaData, phenotypicFeatures")
        }
        guard object["metaData"] != nil || object["phenotypicFeatures"] != nil || object["subject"] != nil else {
            throw RecordRefusal(path: "", what: "an object", why: "it is neither a Phenopacket nor a FHIR Bundle")
        }
        return .phenopacket
    }

    private static func phenopacket(_ json: JSONValue, _ work: inout Deidentifier) -> JSONValue? {
        work.subject = 0
        _ = work.kept(json, PhenopacketShape.topLevel, "")
        work.finishCollecting()
        return work.kept(json, PhenopacketShape.topLevel, "")
    }

    private static func warnings(_ work: Deidentifier, _ allowedTexts: Set<String>) -> [String] {
        var warnings = [
            "Safe Harbor holds only while whoever releases the case knows of nothing in it that could identify the person "
                + "(45 CFR 164.514(b)(2)(ii)). A rare diagnosis with a rare finding can."
        ]
        if work.hasVariants {
            warnings.append(
                "It holds genetic variants. The list of Safe Harbor does not name them; a rare one can single out.")
        }
        if work.replaced.lines.contains(where: { $0.rule == ReplacementRule.shiftedDate.rawValue }) {
            warnings.append(
                "Its dates, a date of birth too, are days of a made-up calendar that begins between the years 1000 and 1100, as "
                    + "1035-04-12: only the time between two of them is true.")
        }
        let used = Set(work.allowed.lines.map(\.path))
        if !used.isEmpty { warnings.append("Texts were let through by an allow-list: read them once more.") }
        for path in allowedTexts.sorted() where !path.hasPrefix("**.") && !used.contains(path) {
            warnings.append("No text was found at one of the allowed paths.")
            break
        }
        return warnings
    }
}

extension JSONValue {
    /// The same with keys ascending by their bytes, so that equal records have equal bytes.
    var canonical: JSONValue {
        switch self {
        case .array(let elements): return .array(elements.map(\.canonical))
        case .object(let object):
            var sorted = JSONObject(reserving: object.count)
            for member in object.members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                sorted.append(member.key, member.value.canonical)
            }
            return .object(sorted)
        default: return self
        }
    }
}
