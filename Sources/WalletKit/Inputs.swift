public import Primitives

/// How people write shares, times and durations. Every function answers nil for what it does not understand.
public enum Inputs {
    /// `25`, `12.5`, `12.5%`, at most four decimals: a percentage in parts per million.
    public static func percent(_ text: String) -> PartsPerMillion? {
        let number = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let units = decimal(number, decimals: 4) else { return nil }
        return PartsPerMillion(units)
    }

    /// `25.00` of two decimals is 2500. No sign, no more decimals than there are, no overflow.
    public static func decimal(_ text: String, decimals: Int) -> UInt64? {
        AssetStyle(code: "", decimals: decimals).amount(text)?.units
    }

    /// `NAME=25` into its two parts.
    public static func assignment(_ text: String) -> (name: String, value: String)? {
        guard let position = text.firstIndex(of: "=") else { return nil }
        let name = text[..<position]
        let value = text[text.index(after: position)...]
        return name.isEmpty || value.isEmpty ? nil : (String(name), String(value))
    }

    /// `SYSTEM:CODE`, parted at the last colon, since systems may be URIs.
    public static func code(_ text: String) -> (system: String, code: String)? {
        guard let position = text.lastIndex(of: ":") else { return nil }
        let system = text[..<position]
        let code = text[text.index(after: position)...]
        return system.isEmpty || code.isEmpty ? nil : (String(system), String(code))
    }

    /// `45s`, `10m`, `12h`, `30d`, `4w`, `1y` in milliseconds.
    public static func duration(_ text: String) -> UInt64? {
        let units: [Character: UInt64] = [
            "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000, "y": 365 * 86_400_000,
        ]
        guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()) else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }

    /// As ``time(_:now:)``, but of a duration alone: so long ago. What a period begins with lies in the past.
    public static func pastTime(_ text: String, now: Timestamp) -> Timestamp? {
        duration(text).map { now.subtracting(milliseconds: $0) } ?? time(text, now: now)
    }

    /// `2026-11-22`, `2026-11-22T10:30`, `2026-11-22T10:30:05Z` (all UTC), Unix milliseconds, a duration from `now`
    /// on, as `30d`, or one before it, as `30d ago`.
    public static func time(_ text: String, now: Timestamp) -> Timestamp? {
        if text.hasSuffix(" ago") {
            return duration(String(text.dropLast(4))).map { now.subtracting(milliseconds: $0) }
        }
        if let duration = duration(text) { return now.adding(milliseconds: duration) }
        if let milliseconds = UInt64(text), milliseconds <= Timestamp.maximum.milliseconds {
            return Timestamp(milliseconds)
        }
        var rest = text.hasSuffix("Z") ? text.dropLast() : text[...]
        guard let separator = rest.firstIndex(where: { $0 == "T" || $0 == " " }) else {
            return date(rest).map { Timestamp($0 * 86_400_000) }
        }
        guard let days = date(rest[..<separator]) else { return nil }
        rest = rest[rest.index(after: separator)...]
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        let limits: [UInt64] = [24, 60, 60]
        guard (2...3).contains(parts.count) else { return nil }
        var seconds: UInt64 = 0
        for (part, limit) in zip(parts, limits) {
            guard part.utf8.count == 2, let number = UInt64(part), number < limit else { return nil }
            seconds = seconds * 60 + number
        }
        if parts.count == 2 { seconds *= 60 }
        return Timestamp((days * 86_400 + seconds) * 1000)
    }

    /// Days since 1970 of `YYYY-MM-DD`, by the proleptic Gregorian calendar.
    private static func date(_ text: Substring) -> UInt64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2]), year >= 1970,
            (1...12).contains(month), (1...CivilDate.length(year, month)).contains(day)
        else { return nil }
        return UInt64(CivilDate(year: year, month: month, day: day).days)
    }

    /// By the ending of a file's name; `application/octet-stream` for what is not known.
    public static func mediaType(of path: String) -> String {
        let known = [
            "json": "application/json", "csv": "text/csv", "txt": "text/plain", "md": "text/markdown",
            "pdf": "application/pdf", "html": "text/html", "xml": "application/xml", "png": "image/png",
            "jpg": "image/jpeg", "jpeg": "image/jpeg", "svg": "image/svg+xml", "tsv": "text/tab-separated-values",
            "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip", "gz": "application/gzip",
            "dcm": "application/dicom", "py": "text/x-python", "r": "text/x-r", "ttl": "text/turtle",
            "onnx": "application/octet-stream", "cql": "text/cql",
        ]
        guard let dot = path.lastIndex(of: ".") else { return "application/octet-stream" }
        return known[path[path.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }
}
