internal import Cryptography
package import Primitives

/// Who may use the object storage.
package struct S3Credentials: Sendable {
    let accessKey: String
    let secretKey: String

    package init(accessKey: String, secretKey: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
    }
}

/// AWS signature version 4 for one request: the canonical request, hashed, and signed by keys derived of date, region and
/// service.
package enum S3Signature {
    /// `20260301T120000Z`, in UTC.
    package static func stamp(_ time: Timestamp) -> String {
        let seconds = Int64(time.milliseconds / 1000)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        // Days since 0000-03-01, in eras of 400 years (the proleptic Gregorian calendar).
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)\(two(month))\(two(day))T\(two(rest / 3600))\(two(rest / 60 % 60))\(two(rest % 60))Z"
    }

    /// Every byte but letters, digits and `-._~`, and in paths the slash, as `%XX`.
    package static func escaped(_ text: String, isPath: Bool = false) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: escaped.unicodeScalars.append(Unicode.Scalar(byte))
            case 47 where isPath: escaped += "/"
            default: escaped += "%" + Hexadecimal.encode([byte]).uppercased()
            }
        }
        return escaped
    }

    /// `a=1&b=`, sorted, escaped.
    package static func query(_ items: [(String, String)]) -> String {
        items.map { (escaped($0), escaped($1)) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    /// The value of `Authorization`.
    ///
    /// - Parameters:
    ///   - path: escaped.
    ///   - query: as ``query(_:)`` makes it.
    ///   - headers: all that are signed, names in lower case, `host` and `x-amz-date` among them.
    ///   - payloadHash: SHA-256 of the body, hexadecimal.
    package static func authorization(
        _ method: String, path: String, query: String, headers: [(name: String, value: String)], payloadHash: String,
        stamp: String, region: String, credentials: S3Credentials
    ) -> String {
        let sorted = headers.sorted { $0.name < $1.name }
        let names = sorted.map(\.name).joined(separator: ";")
        let request =
            [method, path, query].joined(separator: "\n") + "\n" + sorted.map { "\($0.name):\($0.value)\n" }.joined()
            + "\n" + names + "\n" + payloadHash
        let date = String(stamp.prefix(8))
        let scope = "\(date)/\(region)/s3/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope)\n\(SHA256.hash(Array(request.utf8)))"
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in [date, region, "s3", "aws4_request"] { key = HMAC.sha256(key: key, Array(part.utf8)) }
        let signature = Hexadecimal.encode(HMAC.sha256(key: key, Array(text.utf8)))
        return
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    }
}
