internal import Interface
internal import Primitives

/// FHIR Bundles: which resources stay, what they are called, and whose they are.
extension Deidentification {
    private struct Entry {
        let resource: JSONObject
        let type: String
        let shape: Shape
        /// `urn:uuid:…`, random.
        let uri: String
        let number: Int
    }

    static func bundle(_ bundle: JSONObject, _ work: inout Deidentifier) throws(RecordRefusal) -> JSONValue? {
        guard let elements = bundle["entry"]?.array, !elements.isEmpty else {
            throw RecordRefusal(path: "entry", what: "missing", why: "an empty Bundle holds no case")
        }
        guard elements.count <= HealthRecordLimits.bundleEntries else {
            throw RecordRefusal(
                path: "entry", what: "\(elements.count) entries", why: "at most \(HealthRecordLimits.bundleEntries)")
        }
        let entries = try entries(elements, &work)
        let patients = entries.filter { $0.type == "Patient" }
        // The first walk learns the first dates, the second one writes.
        _ = walk(elements, entries, patients, bundle, &work)
        work.finishCollecting()
        let kept = walk(elements, entries, patients, bundle, &work)
        guard !kept.isEmpty else { return nil }
        return .object(["resourceType": "Bundle", "type": "collection", "entry": .array(kept)])
    }

    private static func entries(_ elements: [JSONValue], _ work: inout Deidentifier) throws(RecordRefusal) -> [Entry] {
        var entries: [Entry] = []
        for (index, element) in elements.enumerated() {
            guard let resource = element["resource"]?.object, let type = resource["resourceType"]?.string,
                let shape = BundleShapes.resources[type]
            else { continue }
            var bytes = work.secrets.pseudonym("entry \(index)")
            // The bits of a random UUID (RFC 9562, version 4).
            bytes[6] = bytes[6] & 0x0f | 0x40
            bytes[8] = bytes[8] & 0x3f | 0x80
            let digits = Hexadecimal.encode(bytes)
            var uuid = ""
            for (position, digit) in digits.enumerated() {
                if [8, 12, 16, 20].contains(position) { uuid += "-" }
                uuid.append(digit)
            }
            let uri = "urn:uuid:" + uuid
            for name in [element["fullUrl"]?.string, resource["id"]?.string.map { "\(type)/\($0)" }] {
                guard let name else { continue }
                guard work.targets[name] == nil || work.targets[name] == uri else {
                    throw RecordRefusal(
                        path: "entry[\(index)]", what: "a \(type)",
                        why: "two resources have the same name, so a reference to it could mean either")
                }
                work.targets[name] = uri
            }
            entries.append(Entry(resource: resource, type: type, shape: shape, uri: uri, number: index))
        }
        return entries
    }

    private static func walk(
        _ elements: [JSONValue], _ entries: [Entry], _ patients: [Entry], _ bundle: JSONObject,
        _ work: inout Deidentifier
    ) -> [JSONValue] {
        for key in bundle.keys where !["resourceType", "type", "entry"].contains(key) { work.drop(key, "") }
        let numbers = Dictionary(uniqueKeysWithValues: entries.map { ($0.number, $0) })
        let people = Dictionary(uniqueKeysWithValues: patients.map { ($0.uri, $0.number) })
        var kept: [JSONValue] = []
        for (index, element) in elements.enumerated() {
            for key in element.object?.keys ?? [] where key != "resource" && key != "fullUrl" {
                work.drop(key, "entry[]")
            }
            guard let entry = numbers[index] else {
                work.remove("entry[].resource", .resourceType)
                continue
            }
            work.subject = subject(of: entry, people, work)
            work.isOfAge = isAge(entry)
            let path = "entry[].resource(\(entry.type))"
            var body = entry.resource
            _ = body.remove("resourceType")
            _ = body.remove("id")
            // At a resource, `text` is its narrative.
            let inner = work.kept(.object(body), entry.shape, path)?.object ?? JSONObject()
            var resource = JSONObject()
            resource.append("resourceType", .string(entry.type))
            resource.append("id", .string(String(entry.uri.dropFirst("urn:uuid:".count))))
            for member in inner.members { resource.append(member.key, member.value) }
            kept.append(.object(["fullUrl": .string(entry.uri), "resource": .object(resource)]))
        }
        return kept
    }

    /// Whose resource it is: the patient it names, or the only one there is.
    private static func subject(of entry: Entry, _ people: [String: Int], _ work: Deidentifier) -> Int? {
        if entry.type == "Patient" { return entry.number }
        for key in ["subject", "patient"] {
            guard let reference = entry.resource[key] else { continue }
            return reference["reference"]?.string.flatMap { work.target(of: $0) }.flatMap { people[$0] }
        }
        return people.count == 1 ? people.first?.value : nil
    }

    /// True for an observation whose value is an age.
    private static func isAge(_ entry: Entry) -> Bool {
        guard entry.type == "Observation" else { return false }
        return (entry.resource["code"]?["coding"]?.array ?? []).contains { coding in
            coding["system"]?.string == "http://loinc.org"
                && Ages.observations.contains(coding["code"]?.string ?? "")
        }
    }
}
