internal import Cryptography
internal import FoundationEssentials
package import Primitives

/// The file `MANIFEST` of a backup: what it holds, and the SHA-256 of every file. It is written last, so a folder
/// without it is no backup.
///
/// ```
/// mednexus backup
/// format 1
/// program 0.1.0
/// schema 1
/// network <genesis hash>
/// height <last final block>
/// lowest-block <the first that is kept whole>
/// checkpoint <the block the state stands for>
/// file <SHA-256> <bytes> <path>
/// …
/// check <SHA-256 of all lines above>
/// ```
package struct BackupManifest: Equatable, Sendable {
    package struct File: Equatable, Sendable {
        package let path: String
        package let bytes: UInt64
        package let hash: Hash

        package init(path: String, bytes: UInt64, hash: Hash) {
            self.path = path
            self.bytes = bytes
            self.hash = hash
        }
    }

    package let program: String
    package let schema: UInt64
    package let network: Hash
    package let height: Height
    package let lowestBlock: Height
    /// Nil before the first checkpoint.
    package let checkpoint: Height?
    package let files: [File]

    package static let name = "MANIFEST"
    private static let format = "1"
    private static let maximumBytes = 64 * 1024

    package init(
        program: String, schema: UInt64, network: Hash, height: Height, lowestBlock: Height, checkpoint: Height?,
        files: [File]
    ) {
        self.program = program
        self.schema = schema
        self.network = network
        self.height = height
        self.lowestBlock = lowestBlock
        self.checkpoint = checkpoint
        self.files = files
    }

    package var text: String {
        var lines = [
            "mednexus backup", "format \(Self.format)", "program \(program)", "schema \(schema)", "network \(network)",
            "height \(height)", "lowest-block \(lowestBlock)",
            "checkpoint \(checkpoint.map { "\($0)" } ?? "none")",
        ]
        lines += files.map { "file \($0.hash) \($0.bytes) \($0.path)" }
        let text = lines.map { $0 + "\n" }.joined()
        return text + "check \(SHA256.hash(Array(text.utf8)))\n"
    }

    /// Refuses, with the line, what ``text`` never gives; and a folder without a manifest.
    package static func read(in folder: String) throws -> BackupManifest {
        let path = folder + "/" + name
        guard let bytes = try NodeHome.read(path) else {
            throw NodeFailure(
                .configuration, "\(folder) has no \(name): it is no backup, or one that was not finished",
                hint: "Take another one. What is in it can be removed.")
        }
        guard bytes.count <= maximumBytes else {
            throw NodeFailure(.configuration, "\(path) has \(bytes.count) bytes, of at most \(maximumBytes)")
        }
        return try parse(String(decoding: bytes, as: UTF8.self), name: path)
    }

    package static func parse(_ text: String, name: String) throws -> BackupManifest {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        func damaged(_ line: Int, _ what: String) -> NodeFailure {
            NodeFailure(.corruption, "\(name):\(line + 1): \(what)", hint: "The backup is damaged: take another one.")
        }
        func field(_ line: Int, _ key: String) throws -> String {
            guard line < lines.count, lines[line].hasPrefix(key + " ") else { throw damaged(line, "\(key) is missing") }
            return String(lines[line].dropFirst(key.count + 1))
        }
        func number(_ line: Int, _ key: String) throws -> UInt64 {
            guard let value = UInt64(try field(line, key)) else { throw damaged(line, "\(key) is not a number") }
            return value
        }
        func hash(_ line: Int, _ text: String) throws -> Hash {
            guard let bytes = Hexadecimal.decode(text).flatMap({ Bytes32($0) }) else {
                throw damaged(line, "not 64 hexadecimal digits: \(text)")
            }
            return Hash(bytes)
        }
        guard lines.first == "mednexus backup" else { throw damaged(0, "not a manifest of a backup") }
        guard try field(1, "format") == Self.format else {
            throw NodeFailure(
                .newerSchema, "\(name) has format \(try field(1, "format")); this build knows \(Self.format)",
                hint: "Use the newer build that wrote it.")
        }
        // The check, the line before the last newline, covers all that stands above it.
        let last = lines.count - 2
        guard last > 8, lines[last + 1].isEmpty else { throw damaged(lines.count - 1, "it is cut short") }
        let above = lines[..<last].map { $0 + "\n" }.joined()
        guard try hash(last, try field(last, "check")) == SHA256.hash(Array(above.utf8)) else {
            throw damaged(last, "the lines above are not what they were")
        }
        let checkpoint = try field(7, "checkpoint")
        let files = try (8..<last).map { line -> File in
            let parts = try field(line, "file").split(separator: " ", maxSplits: 2).map { String($0) }
            guard parts.count == 3, let bytes = UInt64(parts[1]) else { throw damaged(line, "not a file's line") }
            return File(path: parts[2], bytes: bytes, hash: try hash(line, parts[0]))
        }
        return BackupManifest(
            program: try field(2, "program"), schema: try number(3, "schema"),
            network: try hash(4, try field(4, "network")), height: Height(try number(5, "height")),
            lowestBlock: Height(try number(6, "lowest-block")),
            checkpoint: checkpoint == "none" ? nil : Height(try number(7, "checkpoint")), files: files)
    }
}
