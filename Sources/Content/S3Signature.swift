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
        let (date, hour, minute, second) = time.civil
        func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)\(two(date.month))\(two(date.day))T\(two(hour))\(two(minute))\(two(second))Z"
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
