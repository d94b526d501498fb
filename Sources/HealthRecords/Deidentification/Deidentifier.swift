internal import Interface
internal import Primitives

/// A walk over a record that keeps what its shape lists. It runs twice: first it learns each subject's first date.
struct Deidentifier {
    let allowedTexts: Set<String>
    var secrets: CaseSecrets
    var removed = ReportCounter()
    var replaced = ReportCounter()
    var allowed = ReportCounter()
    var hasVariants = false
    private var calendars: [Int: SubjectCalendar] = [:]
    /// Pseudonymous URIs of the resources that stay, by what references call them.
    var targets: [String: String] = [:]
    /// The subject of what is walked over; nil where there is none, and then no date can stay.
    var subject: Int?
    /// True inside an observation of an age.
    var isOfAge = false
    var isCollecting = true

    init(allowedTexts: Set<String>, seed: Bytes32) {
        self.allowedTexts = allowedTexts
        secrets = CaseSecrets(seed: seed)
    }

    /// The second walk counts anew.
    mutating func finishCollecting() {
        isCollecting = false
        removed = ReportCounter()
        replaced = ReportCounter()
        allowed = ReportCounter()
    }

    mutating func remove(_ path: String, _ rule: RemovalRule) { removed.count(path, rule.rawValue) }

    private mutating func replace(_ path: String, _ rule: ReplacementRule) { replaced.count(path, rule.rawValue) }

    /// What stays of `value`; nil if nothing does.
    mutating func kept(_ value: JSONValue, _ shape: Shape, _ path: String) -> JSONValue? {
        switch shape {
        case .object(let members): return object(value, members, path)
        case .list(let element):
            guard let elements = value.array else { return wrong(path) }
            let kept = elements.compactMap { self.kept($0, element, path + "[]") }
            return kept.isEmpty ? nil : .array(kept)
        case .boolean: return value.boolean == nil ? wrong(path) : value
        case .number: return number(value, path)
        case .integer: return integer(value, path, most: 90)
        case .lifeDays:
            guard let days = integer(value, path, most: nil) else { return nil }
            guard let count = days.unsigned, count > UInt64(SubjectCalendar.ninetyYears) else { return days }
            replace(path, .aggregatedAge)
            return .integer(SubjectCalendar.ninetyYears)
        case .word(let words): return text(value, path) { words.contains($0) }
        case .code(let form):
            if case .hgvs = form { hasVariants = true }
            return text(value, path) { form.accepts($0) }
        case .coding: return coding(value, path)
        case .quantity: return quantity(value, isAge: isOfAge, path)
        case .ageQuantity: return quantity(value, isAge: true, path)
        case .reference: return reference(value, path)
        case .age: return age(value, path)
        case .date: return date(value, path, suffix: "")
        case .timestamp: return date(value, path, suffix: "T00:00:00Z")
        case .pseudonym:
            guard let original = value.string else { return wrong(path) }
            replace(path, .pseudonym)
            return .string(Hexadecimal.encode(secrets.pseudonym(original)))
        case .label: return free(value, path, .label)
        case .text: return free(value, path, .freeText)
        case .drop(let rule):
            remove(path, rule)
            return nil
        }
    }

    private mutating func wrong(_ path: String) -> JSONValue? {
        remove(path, .wrongShape)
        return nil
    }

    private mutating func object(_ value: JSONValue, _ members: [String: Shape], _ path: String) -> JSONValue? {
        guard let object = value.object else { return wrong(path) }
        // A phenopacket's measurement of an age.
        let wasOfAge = isOfAge
        defer { isOfAge = wasOfAge }
        if let assay = object["assay"]?["id"]?.string, members["assay"] != nil, assay.hasPrefix("LOINC:") {
            isOfAge = Ages.observations.contains(String(assay.dropFirst("LOINC:".count)))
        }
        // An age in another unit than years: kept below ninety of them, and gone above.
        if isOfAge, members["unit"] != nil, let unit = object["unit"]?["id"]?.string, unit != "UCUM:a" {
            let amount = object["value"].flatMap { Double($0.text) }
            let years = amount.flatMap { Ages.years($0, unit: String(unit.dropFirst("UCUM:".count))) }
            guard let years, years < 90, unit.hasPrefix("UCUM:") else {
                remove(path, .date)
                return nil
            }
            isOfAge = false
        }
        var result = JSONObject()
        for member in object.members {
            if let shape = members[member.key] {
                let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
                if let kept = kept(member.value, shape, inner) { result.append(member.key, kept) }
            } else {
                drop(member.key, path)
            }
        }
        // A phenopacket's quantity or its range: a number without its unit would be another number.
        if members["unit"] != nil, object["unit"] != nil, result["unit"] == nil {
            remove(path, .unknownCode)
            return nil
        }
        return result.count == 0 ? nil : .object(result)
    }

    /// Notes an element that no shape lists.
    mutating func drop(_ key: String, _ path: String) {
        let (shown, rule) = KnownElements.rule(key)
        remove(path.isEmpty ? shown : "\(path).\(shown)", rule)
    }

    // MARK: Leaves

    private mutating func free(_ value: JSONValue, _ path: String, _ rule: RemovalRule) -> JSONValue? {
        guard let text = value.string else { return wrong(path) }
        let isAllowed =
            allowedTexts.contains(path)
            || allowedTexts.contains { $0.hasPrefix("**.") && path.hasSuffix($0.dropFirst(2)) }
        guard isAllowed, text.utf8.count <= 65_536 else {
            remove(path, rule)
            return nil
        }
        allowed.count(path, "allowed")
        return value
    }

    private mutating func text(_ value: JSONValue, _ path: String, _ accepts: (String) -> Bool) -> JSONValue? {
        guard let text = value.string else { return wrong(path) }
        guard accepts(text) else {
            remove(path, .unknownCode)
            return nil
        }
        return value
    }

    private func isNumber(_ value: JSONValue) -> Bool {
        switch value {
        case .unsigned, .negative: true
        case .decimal(let text): text.utf8.count <= 32
        default: false
        }
    }

    private mutating func number(_ value: JSONValue, _ path: String) -> JSONValue? {
        guard isNumber(value) else { return wrong(path) }
        guard isOfAge, let amount = Double(value.text), amount >= 90 else { return value }
        replace(path, .aggregatedAge)
        return .unsigned(90)
    }

    /// `most` is the most that an age may be, where it is one.
    private mutating func integer(_ value: JSONValue, _ path: String, most: UInt64?) -> JSONValue? {
        switch value {
        case .unsigned(let number):
            guard isOfAge, let most, number > most else { return value }
            replace(path, .aggregatedAge)
            return .unsigned(most)
        case .negative: return value
        case .string(let text):
            guard Digits.all(text, 1...12), let number = UInt64(text) else { return wrong(path) }
            return integer(.unsigned(number), path, most: most)
        default: return wrong(path)
        }
    }

    private mutating func coding(_ value: JSONValue, _ path: String) -> JSONValue? {
        guard let object = value.object else { return wrong(path) }
        guard let system = object["system"]?.string, let code = object["code"]?.string,
            CodeSystems.accepts(system: system, code: code)
        else {
            remove(path, .unknownCode)
            return nil
        }
        var result = JSONObject()
        result.append("system", .string(system))
        result.append("code", .string(code))
        for member in object.members where member.key != "system" && member.key != "code" {
            if member.key == "display" {
                if let kept = free(member.value, "\(path).display", .label) { result.append("display", kept) }
            } else if member.key == "userSelected" {
                remove("\(path).userSelected", .unlisted)
            } else {
                drop(member.key, path)
            }
        }
        return .object(result)
    }

    /// A number without its unit would be another number: an unknown unit takes the value with it.
    private mutating func quantity(_ value: JSONValue, isAge: Bool, _ path: String) -> JSONValue? {
        guard let object = value.object else { return wrong(path) }
        for key in object.keys where !["value", "comparator", "unit", "system", "code"].contains(key) {
            drop(key, path)
        }
        guard let number = object["value"], isNumber(number) else { return wrong(path) }
        let isUCUM = object["system"].map { $0.string == CodeSystems.ucum } ?? true
        let written = isUCUM ? object["code"]?.string ?? object["unit"]?.string : nil
        let hasUnit = object["unit"] != nil || object["code"] != nil || object["system"] != nil
        guard !hasUnit || written.map({ Units.isUCUM($0) }) == true else {
            remove(path, .unknownCode)
            return nil
        }
        var result = JSONObject()
        result.append("value", number)
        if let comparator = object["comparator"]?.string, ["<", "<=", ">=", ">"].contains(comparator) {
            result.append("comparator", .string(comparator))
        }
        if let written {
            result.append("system", .string(CodeSystems.ucum))
            result.append("code", .string(written))
            if object["unit"] != nil { replace("\(path).unit", .unit) }
        }
        guard isAge else { return .object(result) }
        guard let amount = Double(number.text), let years = Ages.years(amount, unit: written ?? "a") else {
            remove(path, .unknownCode)
            return nil
        }
        guard years >= 90 else { return .object(result) }
        replace(path, .aggregatedAge)
        return .object(["value": 90, "comparator": ">=", "system": .string(CodeSystems.ucum), "code": "a"])
    }

    private mutating func reference(_ value: JSONValue, _ path: String) -> JSONValue? {
        guard let object = value.object else { return wrong(path) }
        for key in object.keys where key != "reference" && key != "type" { drop(key, path) }
        guard let text = object["reference"]?.string, let target = target(of: text) else {
            if object["reference"] != nil { remove("\(path).reference", .otherParty) }
            return nil
        }
        replace("\(path).reference", .pseudonym)
        return .object(["reference": .string(target)])
    }

    /// `Patient/1`, an absolute URL that ends so, either with a version, or a URN.
    func target(of reference: String) -> String? {
        if let found = targets[reference] { return found }
        guard reference.utf8.count <= 2_048 else { return nil }
        var parts = reference.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count >= 4, parts[parts.count - 2] == "_history" { parts.removeLast(2) }
        guard parts.count >= 2 else { return nil }
        return targets[parts.suffix(2).joined(separator: "/")]
    }

    private mutating func age(_ value: JSONValue, _ path: String) -> JSONValue? {
        guard let text = value.string, let age = Ages.parse(text) else { return wrong(path) }
        guard age.isAggregated else { return value }
        replace(path, .aggregatedAge)
        return "P90Y"
    }

    private mutating func date(_ value: JSONValue, _ path: String, suffix: String) -> JSONValue? {
        guard let text = value.string, let time = RecordTime(text) else { return wrong(path) }
        guard let subject else {
            remove(path, .date)
            return nil
        }
        // The day as it was written where the person was, not the day in UTC.
        let written = time.precision == .time ? RecordTime(String(text.prefix(10))) ?? time : time
        let middle = written.start + (written.end - written.start) / 2
        let day = CivilDate.dayNumber(milliseconds: middle)
        if isCollecting {
            calendars[subject, default: SubjectCalendar(origin: secrets.originDay(subject: subject))].note(day)
            return value
        }
        guard let calendar = calendars[subject] else { preconditionFailure("the first walk met every date") }
        replace(path, .shiftedDate)
        let shifted = calendar.shifted(day).text
        switch time.precision {
        case .year: return .string(String(shifted.prefix(4)))
        case .month: return .string(String(shifted.prefix(7)))
        case .day, .time: return .string(shifted + suffix)
        }
    }
}
