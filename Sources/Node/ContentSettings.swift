internal import Content
internal import FoundationEssentials
internal import Primitives

extension Setting {
    /// The content store's.
    static let content: [Setting] = [
        .choice(
            "content.backend", "none", of: ["none", "disk", "s3"],
            "Where encrypted content is kept: nowhere, in a folder, or in an S3-compatible object storage."),
        Setting(
            key: "content.path", standard: .text(""), allowed: "a folder, or \"\" for HOME/content",
            explanation: "Where blobs, unfinished uploads and the access log are; with s3 only the last two."
        ) { if case .text = $0 { true } else { false } },
        .number(
            "content.maximum-mebibytes", 102_400, in: 1...1_073_741_824,
            "How much may be stored, copies and unfinished uploads included; more gets 507."),
        .number(
            "content.party-mebibytes", 20_480, in: 1...1_073_741_824,
            "How much of it one party may store: an institution with all the accounts that it sponsors."),
        .number(
            "content.grace-hours", 24, in: 1...8_760,
            "How long content may stay that no version on the ledger names, and an upload that nobody goes on with."),
        .list(
            "content.uploaders",
            "Who may upload: \"any\" registered account; or accounts and organizations, whose members and sponsored"
                + " accounts may.",
            allowed: "a list of \"any\", addresses and organizations"
        ) { $0 == "any" || Party(text: $0, network: nil) != nil },
        .number(
            "content.log-files", 64, in: 2...100_000,
            "Files of the access log that are kept, 16 MiB each; the oldest goes for the next."),
        Setting(
            key: "content.s3-endpoint", standard: .text(""),
            allowed: "http://HOST:PORT or https://HOST, without a path",
            explanation: "With s3: where the object storage answers."
        ) { if case .text(let value) = $0 { value.isEmpty || isEndpoint(value) } else { false } },
        Setting(
            key: "content.s3-bucket", standard: .text(""),
            allowed: "3 to 63 lower-case letters, digits, dots and hyphens",
            explanation: "With s3: the bucket, which must exist and is this node's alone."
        ) { if case .text(let value) = $0 { value.isEmpty || isBucket(value) } else { false } },
        Setting(
            key: "content.s3-region", standard: .text("us-east-1"), allowed: "letters, digits and hyphens",
            explanation: "With s3: the region that requests are signed for."
        ) { if case .text(let value) = $0 { !value.isEmpty && value.utf8.allSatisfy(isWord) } else { false } },
        Setting(
            key: "content.s3-access-key-file", standard: .text(""), allowed: "a file",
            explanation: "With s3: the file that holds the access key's id."
        ) { if case .text = $0 { true } else { false } },
        Setting(
            key: "content.s3-secret-key-file", standard: .text(""), allowed: "a file",
            explanation: "With s3: the file that holds the secret key; nobody else should be able to read it."
        ) { if case .text = $0 { true } else { false } },
    ]

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
    }

    private static func isBucket(_ text: String) -> Bool {
        (3...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46 }
    }

    private static func isEndpoint(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && (parts[0] == "http:" || parts[0] == "https:") && parts[1].isEmpty
            && !parts[2].isEmpty && parts[2].utf8.allSatisfy { isWord($0) || $0 == 46 || $0 == 58 }
    }
}

/// What a home's settings say of its content store.
package struct ContentPlace: Sendable {
    package let folder: String
    let backend: any ContentBackend
    package let isOnDisk: Bool

    /// Nil without a store. Thrown: a `NodeFailure` of configuration that names the setting.
    package init?(home: NodeHome, configuration: Configuration) throws {
        let kind = configuration.text("content.backend")
        guard kind != "none" else { return nil }
        folder = Self.folder(home, configuration)
        isOnDisk = kind == "disk"
        backend = isOnDisk ? DiskContent(path: folder) : try Self.objectStorage(configuration)
    }

    static func folder(_ home: NodeHome, _ configuration: Configuration) -> String {
        let path = configuration.text("content.path")
        return path.isEmpty ? home.path + "/content" : path
    }

    private static func objectStorage(_ configuration: Configuration) throws -> S3Content {
        for key in [
            "content.s3-endpoint", "content.s3-bucket", "content.s3-access-key-file", "content.s3-secret-key-file",
        ]
        where configuration.text(key).isEmpty {
            throw NodeFailure(.configuration, "content.backend is s3, and \(key) is not set", hint: "Set it.")
        }
        return S3Content(
            S3Settings(
                endpoint: configuration.text("content.s3-endpoint"), bucket: configuration.text("content.s3-bucket"),
                region: configuration.text("content.s3-region"),
                accessKey: try secret(configuration, "content.s3-access-key-file"),
                secretKey: try secret(configuration, "content.s3-secret-key-file")),
            now: { NodeClock.now })
    }

    private static func secret(_ configuration: Configuration, _ key: String) throws -> String {
        let path = configuration.text(key)
        guard let bytes = try NodeHome.read(path) else {
            throw NodeFailure(.configuration, "\(key): there is no file \(path)")
        }
        let text =
            String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw NodeFailure(.configuration, "\(key): \(path) must hold one word on its first line")
        }
        return text
    }

    static func limits(_ configuration: Configuration) -> ContentStoreLimits {
        var limits = ContentStoreLimits()
        limits.bytes = configuration.number("content.maximum-mebibytes") << 20
        limits.partyBytes = configuration.number("content.party-mebibytes") << 20
        limits.reserveBytes = configuration.number("storage.reserve-mebibytes") << 20
        limits.graceMilliseconds = configuration.number("content.grace-hours") * 3_600_000
        limits.logFiles = Int(configuration.number("content.log-files"))
        return limits
    }

    func open(_ configuration: Configuration) async throws -> ContentStore {
        do {
            return try await ContentStore.open(
                folder, backend: backend, limits: Self.limits(configuration), now: { NodeClock.now })
        } catch {
            throw NodeFailure(error)
        }
    }
}

extension NodeFailure {
    init(_ failure: ContentStoreFailure) {
        switch failure {
        case .locked: self.init(.homeInUse, "content store: \(failure)")
        case .damaged:
            self.init(
                .corruption, "content store: \(failure)",
                hint:
                    "`mednexusd content verify` and `content log verify` say more. A damaged access log is evidence: move"
                    + " its folder away and keep it; the node then begins a new one.")
        case .full: self.init(.disk, "content store: \(failure)")
        default: self.init(.configuration, "content store: \(failure)", hint: "See content.* in config.toml.")
        }
    }
}
