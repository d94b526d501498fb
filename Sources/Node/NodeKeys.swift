internal import Blocks
package import Cryptography
internal import Encoding
internal import FoundationEssentials
internal import Glibc
internal import Governance
package import Primitives

/// The secret keys of a node, each in a file of its own that only its owner may read, and the addresses of peers that
/// it learned.
extension NodeHome {
    package var transportKeyFile: String { path + "/transport.key" }
    private var peersFile: String { path + "/peers" }

    /// More addresses than any network has nodes that serve; what is beyond is not kept.
    package static let maximumLearnedPeers = 1024

    /// The key that signs votes, from the service manager or the home; nil on an observer.
    package func validatorKey() throws -> SecretKey? {
        try credential("validator.key") ?? Self.readKey(validatorKeyFile)
    }

    /// The key that names this node to its peers.
    package func transportKey() throws -> SecretKey {
        guard let key = try credential("transport.key") ?? Self.readKey(transportKeyFile) else {
            throw NodeFailure(
                .configuration, "\(transportKeyFile) is missing",
                hint: "An enrolled validator needs the one it enrolled with: restore it. Any other node can draw a new "
                    + "one: mednexusd keys new --home \(path)")
        }
        return key
    }

    /// Draws the keys that are missing, and leaves those that are there. A key that votes is only made for a home that
    /// has no genesis yet: its guard is made together with the genesis.
    ///
    /// - Returns: the paths of the files that were made.
    package func makeKeys(validator: Bool) throws -> [String] {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var made: [String] = []
        if validator, try validatorKey() == nil {
            guard !exists else {
                throw NodeFailure(
                    .configuration, "\(path) is an observer's home", hint: "Make a validator's in a new --home.")
            }
            let bytes = NodeRandom.bytes32()
            try Self.writeKey(bytes, to: validatorKeyFile)
            try markUnused(try Self.address(of: bytes))
            made.append(validatorKeyFile)
        }
        if try Self.readKey(transportKeyFile) == nil {
            try Self.writeKey(NodeRandom.bytes32(), to: transportKeyFile)
            made.append(transportKeyFile)
        }
        return made
    }

    /// The public transport key of 32 secret bytes.
    package static func transportKey(of secret: Bytes32) throws -> TransportKey {
        guard let key = SecretKey(secret).flatMap({ TransportKey($0.compressedPublicKey) }) else {
            throw NodeFailure(.configuration, "the key is not a scalar of the curve")
        }
        return key
    }

    static func writeKey(_ bytes: Bytes32, to file: String) throws {
        guard SecretKey(bytes) != nil else { throw NodeFailure(.configuration, "the key is not a scalar of the curve") }
        try write(Hexadecimal.encode(bytes.array) + "\n", to: file, mode: 0o600)
    }

    /// A key that the service manager handed over. Its folder is this service's alone, so the mode is not looked at: the
    /// access list that opens it to the service's user shows there as permissions of the group.
    private func credential(_ name: String) throws -> SecretKey? {
        try ServiceCredentials.file(name, environment: ProcessInfo.processInfo.environment).flatMap {
            try Self.readKey($0, isCredential: true)
        }
    }

    private static func readKey(_ file: String, isCredential: Bool = false) throws -> SecretKey? {
        guard let data = try read(file) else { return nil }
        let attributes = try? FileManager.default.attributesOfItem(atPath: file)
        if !isCredential, let mode = attributes?[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw NodeFailure(.configuration, "\(file) may be read by others", hint: "Run: chmod 600 \(file)")
        }
        let text = String(decoding: data, as: UTF8.self)
        guard text.hasSuffix("\n"), let bytes = Hexadecimal.decode(String(text.dropLast())).flatMap({ Bytes32($0) }),
            let key = SecretKey(bytes)
        else {
            throw NodeFailure(.configuration, "\(file) is not a key: 64 lower-case hexadecimal digits and a newline")
        }
        return key
    }

    /// Addresses that this node learned from its peers. A line that is damaged is left out: they are learned again.
    package func learnedPeers() -> [PeerContact] {
        guard let data = FileManager.default.contents(atPath: peersFile) else { return [] }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").prefix(Self.maximumLearnedPeers)
        return lines.compactMap { PeerContact(String($0)) }
    }

    /// Replaces them, whole or not at all.
    package func writeLearnedPeers(_ peers: [PeerContact]) throws {
        let lines = Set(peers.map(\.description)).sorted().prefix(Self.maximumLearnedPeers)
        try Self.write(lines.map { $0 + "\n" }.joined(), to: peersFile, mode: 0o644)
    }

    /// Changes settings in `config.toml`, and refuses to leave a file that can't be read.
    package func change(settings: [(key: String, value: Setting.Default)]) throws {
        var text =
            try Self.read(configurationFile).map { String(decoding: $0, as: UTF8.self) } ?? Configuration.template
        for (key, value) in settings { text = Configuration.setting(key, to: value, in: text) }
        do {
            _ = try Configuration(file: (configurationFile, text), environment: [:])
        } catch {
            throw NodeFailure(.configuration, "\(error)")
        }
        try Self.write(text, to: configurationFile, mode: 0o644)
    }
}

/// What a node shows of its keys, and how it asks to become a validator.
package enum NodeIdentity {
    /// Lines for `keys show`.
    package static func describe(_ home: NodeHome) throws -> [String] {
        var lines: [String] = []
        if let text = try validatorText(home) {
            lines.append("validator  \(text)")
        } else {
            lines.append("validator  none: an observer")
        }
        switch Result(catching: { try home.isGuardWatching() }) {
        case .success(true?): lines.append("guard      watches an epoch for another copy of the key before it votes")
        case .success: break
        case .failure:
            lines.append("guard      missing or damaged: the key signs nothing (`mednexusd keys recover-guard`)")
        }
        lines.append("transport  \(try contactKey(home))")
        return lines
    }

    /// The validator's address as the network writes it; in hexadecimal before there is one.
    package static func validatorText(_ home: NodeHome) throws -> String? {
        let kind = home.exists ? try home.genesis().kind.networkKind : nil
        return try home.validatorKey().map { key in
            kind.map { TypedText.encode(key.address.bytes, kind: "", network: $0) } ?? key.address.bytes.description
        }
    }

    package static func contactKey(_ home: NodeHome) throws -> TransportKey {
        guard let key = TransportKey(try home.transportKey().compressedPublicKey) else {
            preconditionFailure("a public key is a compressed point")
        }
        return key
    }

    /// The bytes of an enrollment request, proved by both keys.
    ///
    /// - Parameter institution: an organization's id, bech32m.
    package static func request(_ home: NodeHome, name: String, institution: String) throws -> [UInt8] {
        guard home.exists else {
            throw NodeFailure(.configuration, "\(home.path) is no home", hint: "Name it with --home.")
        }
        guard let validator = try home.validatorKey() else {
            throw NodeFailure(.configuration, "\(home.path) has no validator key", hint: "It is an observer's home.")
        }
        let genesis = try home.genesis()
        let kind = genesis.kind.networkKind
        guard let bytes = TypedText.decode(institution, kind: OrganizationKind.name, network: kind) else {
            throw NodeFailure(
                .usage, "\(institution) is no organization of this network",
                hint: "Take the id that `mednexus org show NAME` prints.")
        }
        guard (1...GovernanceLimits.nameBytes).contains(name.utf8.count) else {
            throw NodeFailure(.usage, "a validator's name has 1 to \(GovernanceLimits.nameBytes) bytes")
        }
        return EnrollmentRequest.signed(
            network: genesis.hash, name: name, institution: .organization(OrganizationID(bytes)),
            validatorSecret: validator, transportSecret: try home.transportKey(), auxiliary: NodeRandom.bytes32()
        ).encoded
    }
}
