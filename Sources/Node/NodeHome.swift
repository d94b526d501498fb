package import Blocks
internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Governance
internal import Identities
internal import Interface
package import Primitives
internal import Storage
internal import Votes

/// The folder of a node:
///
/// - `config.toml` settings · `genesis.json` the network it belongs to
/// - `validator.key` (mode 0600) 64 hexadecimal digits: signs votes, nothing else; absent on an observer
/// - `transport.key` (mode 0600) names the node to its peers · `peers` addresses of peers that it learned
/// - `guard` what that key signed last (chapter "journal and guard" of Specs/state.md); never backed up
/// - `ledger/`: `log/`, `state/` the two stores · `journal/` votes
/// - `snapshots/` states of past epochs, for peers that join
/// - `content/` encrypted content, if content.backend says so (Specs/content-store.md)
/// - `mempool` what waited at the last stop · `restored` in a home from a backup, until it has a guard
package struct NodeHome: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// `$MEDNEXUS_HOME`, else `$XDG_DATA_HOME/mednexusd`, else `~/.local/share/mednexusd`.
    package static func standard(environment: [String: String]) -> NodeHome {
        if let home = environment["MEDNEXUS_HOME"], !home.isEmpty { return NodeHome(home) }
        if let data = environment["XDG_DATA_HOME"], !data.isEmpty { return NodeHome(data + "/mednexusd") }
        return NodeHome((environment["HOME"] ?? ".") + "/.local/share/mednexusd")
    }

    package var configurationFile: String { path + "/config.toml" }
    package var genesisFile: String { path + "/genesis.json" }
    package var validatorKeyFile: String { path + "/validator.key" }
    package var storageDirectory: String { path + "/ledger" }
    package var mempoolFile: String { path + "/mempool" }
    package var snapshotsFolder: String { path + "/snapshots" }

    /// True once the node has run.
    package var hasLedger: Bool { FileManager.default.fileExists(atPath: storageDirectory + "/home") }

    package var exists: Bool { FileManager.default.fileExists(atPath: genesisFile) }

    package func configuration(
        environment: [String: String], flags: [(key: String, text: String)]
    ) throws -> Configuration {
        let text = try Self.read(configurationFile).map { String(decoding: $0, as: UTF8.self) }
        do {
            return try Configuration(
                file: text.map { (configurationFile, $0) }, environment: environment, flags: flags)
        } catch {
            throw NodeFailure(.configuration, "\(error)")
        }
    }

    package func genesis() throws -> Genesis { try GenesisFile.read(genesisFile) }

    /// Makes the home of a node that starts or joins a network. Nothing that is there is overwritten: keys that
    /// `keys new` made are taken.
    ///
    /// - Parameters:
    ///   - validatorKey: 32 bytes; nil for an observer, or to take the key that is there.
    ///   - history: what the validator key may have signed before. Nil: known only of a key that `keys new` drew here.
    ///   - transportKey: drawn if nil and there is none.
    ///   - settings: what differs from the defaults in the new `config.toml`.
    package func create(
        genesis text: String, validatorKey: SecretKeyBytes?, history: KeyHistory? = nil,
        transportKey: SecretKeyBytes? = nil, settings: [(key: String, value: Setting.Default)] = []
    ) throws {
        guard !exists else {
            throw NodeFailure(
                .configuration, "\(path) is a node's home already", hint: "Choose another --home, or start this one.")
        }
        let parsed = try GenesisFile.parse(text, name: "genesis")
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            if try Self.read(configurationFile) == nil {
                try Self.write(Configuration.template, to: configurationFile, mode: 0o644)
            }
            if !settings.isEmpty { try change(settings: settings) }
            let present = try self.validatorKey()
            if let validatorKey {
                guard let secret = SecretKey(validatorKey.bytes) else {
                    throw NodeFailure(.configuration, "the validator key is not a scalar of the curve")
                }
                guard present == nil || present?.address == secret.address else {
                    throw NodeFailure(.configuration, "\(validatorKeyFile) is another key", hint: "Take that one.")
                }
                try createGuard(network: parsed.hash, key: secret.address, history)
                try Self.writeKey(validatorKey.bytes, to: validatorKeyFile)
            } else if let present {
                try createGuard(network: parsed.hash, key: present.address, history)
            }
            if let transportKey { try Self.writeKey(transportKey.bytes, to: transportKeyFile) }
            _ = try makeKeys(validator: false)
            // Last, since its presence is what makes the folder a home.
            try Self.write(text, to: genesisFile, mode: 0o644)
        } catch let failure as NodeFailure {
            throw failure
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        } catch {
            throw NodeFailure(
                .disk, "can't write \(path)", hint: "Check that the disk has room and the folder is writable.")
        }
    }

    package static func address(of key: Bytes32) throws -> Address {
        guard let secret = SecretKey(key) else {
            throw NodeFailure(.configuration, "the key is not a scalar of the curve")
        }
        return secret.address
    }

    /// The file's bytes; nil only if there is none. One that can't be read is an error, never an absence.
    static func read(_ path: String) throws -> [UInt8]? {
        if let data = FileManager.default.contents(atPath: path) { return [UInt8](data) }
        var status = stat()
        if unsafe stat(path, &status) != 0, errno == ENOENT { return nil }
        throw NodeFailure(
            .configuration, "\(path) is there and can't be read", hint: "Check its owner and permissions.")
    }

    /// Durable on return, whole or not at all, never with wider permissions than `mode`.
    static func write(_ text: String, to path: String, mode: Int) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    static func write(_ bytes: [UInt8], to path: String, mode: Int) throws {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode_t(mode))
        var isWritten = descriptor >= 0 && fchmod(descriptor, mode_t(mode)) == 0
        var offset = 0
        while isWritten, offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            isWritten = count > 0
            offset += max(0, count)
        }
        isWritten = isWritten && fsync(descriptor) == 0
        if descriptor >= 0 { close(descriptor) }
        guard isWritten, unsafe rename(temporary, path) == 0 else {
            throw NodeFailure(.disk, "can't write \(path)", hint: "Check free space and permissions.")
        }
        let folder = unsafe open(
            URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw NodeFailure(.disk, "can't open the folder of \(path)") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw NodeFailure(.disk, "can't make \(path) durable") }
    }
}

/// Whether a validator key may have signed on the network before its guard is made.
package enum KeyHistory: String, CaseIterable, Sendable { case unused, used }

/// Thirty-two bytes that are a secret; a type of its own so that no description prints them.
package struct SecretKeyBytes: Sendable {
    let bytes: Bytes32
    package init(_ bytes: Bytes32) { self.bytes = bytes }
}

/// The genesis document as a file: JSON in which every key that starts with `_` is an explanation.
package enum GenesisFile {
    package static let maximumBytes = 4 * 1024 * 1024

    package static func read(_ path: String) throws -> Genesis {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NodeFailure(
                .configuration, "can't read \(path)", hint: "Run `mednexusd init`, or name another --home.")
        }
        guard data.count <= maximumBytes else {
            throw NodeFailure(.configuration, "\(path) has \(data.count) bytes, of at most \(maximumBytes)")
        }
        return try parse(String(decoding: data, as: UTF8.self), name: path)
    }

    /// The organizations that exist from the start.
    package static func organizations(_ path: String) throws -> [OrganizationID] {
        try read(path).identities.organizations.map(\.id)
    }

    /// The founding validators, in the order of their indexes.
    package static func validators(
        _ path: String
    ) throws -> [(name: String, institution: Party, key: Address, transportKey: TransportKey?)] {
        try read(path).governance.validators.map {
            ($0.name, $0.institution, $0.key, $0.transportKey.flatMap { TransportKey($0.bytes) })
        }
    }

    /// The name of the network that a genesis file begins.
    package static func hash(_ path: String) throws -> Hash { try read(path).hash }

    package static func parse(_ text: String, name: String) throws -> Genesis {
        do {
            let value = try JSONParser.parse(Array(text.utf8), limit: maximumBytes).withoutExplanations
            // Which prefix addresses must carry depends on the kind of network, which is inside.
            let kind = value["kind"]?.string.flatMap { NetworkKindName(name: $0) }?.networkKind
            return try JSONValueDecoder.decode(Genesis.self, from: value, networkKind: kind)
        } catch {
            throw NodeFailure(.configuration, "\(name): \(error)", hint: "genesis/devnet.json explains every field.")
        }
    }
}

extension JSONValue {
    fileprivate var withoutExplanations: JSONValue {
        switch self {
        case .object(let members):
            var kept = JSONObject(reserving: members.count)
            for member in members.members where !member.key.hasPrefix("_") {
                kept.append(member.key, member.value.withoutExplanations)
            }
            return .object(kept)
        case .array(let elements): return .array(elements.map(\.withoutExplanations))
        default: return self
        }
    }
}

// MARK: The signing guard, the pool's file, the clock's offset

extension NodeHome {
    private var guardDirectory: String { path + "/guard" }

    private var unusedKeyFile: String { path + "/validator.unused" }

    /// Notes that the key was drawn here and has signed nothing yet.
    func markUnused(_ key: Address) throws {
        try Self.write(Hexadecimal.encode(key.bytes.array) + "\n", to: unusedKeyFile, mode: 0o644)
    }

    private func isMarkedUnused(_ key: Address) throws -> Bool {
        try Self.read(unusedKeyFile).map { String(decoding: $0, as: UTF8.self) }
            == Hexadecimal.encode(key.bytes.array) + "\n"
    }

    /// Made together with the key, before the home counts as one: a key never exists without its guard. An empty guard
    /// allows everything, so only a key that has signed nothing gets one.
    func createGuard(network: Hash, key: Address, _ history: KeyHistory?) throws {
        let known = try history ?? (isMarkedUnused(key) ? .unused : nil)
        let disk = try FileDisk.making(guardDirectory)
        switch known {
        case .unused:
            try refuseUnusedKeyWhereRestored()
            _ = try SigningGuard.create(on: disk, record: GuardRecord(network: network, key: key))
        case .used:
            _ = try SigningGuard.createWatching(on: disk, network: network, key: key)
            try unmarkRestored()
        case nil:
            throw NodeFailure(
                .signingGuard,
                "nobody knows whether the validator key has signed on this network: it was not drawn here",
                hint:
                    "If it never has: --key-history unused. If it may have (a restored or moved key): --key-history used;"
                    + " it then watches an epoch before it votes. Make sure that no other machine has it.")
        }
        // The mark is of one use: a copy of the home that is made later is no fresh key.
        try? FileManager.default.removeItem(atPath: unusedKeyFile)
    }

    /// A home with a guard was a validator's: without its key it is no observer's, but one whose key is missing.
    func requireKeyOfGuard(_ key: SecretKey?) throws {
        guard key == nil, FileManager.default.fileExists(atPath: guardDirectory + "/guard") else { return }
        throw NodeFailure(
            .configuration, "\(path) has a signing guard and no validator key",
            hint:
                "Put \(validatorKeyFile) back, or the service's credential. To run an observer, make it a home of its own."
        )
    }

    /// For a key whose guard was lost: nothing says what it signed, so it first watches a whole epoch for another copy.
    /// Refused while a guard is there.
    package func recoverGuard() throws {
        guard let key = try validatorKey() else {
            throw NodeFailure(.configuration, "\(path) has no validator key", hint: "An observer needs no guard.")
        }
        let network = try genesis().hash
        do {
            _ = try SigningGuard.createWatching(
                on: try FileDisk.making(guardDirectory), network: network, key: key.address)
            try unmarkRestored()
        } catch StorageFailure.homeExists {
            throw NodeFailure(
                .signingGuard, "\(guardDirectory) has a guard",
                hint: "It is in force, and nothing was changed. If it is damaged, move that folder away first.")
        }
    }

    /// True while the validator key watches for another copy instead of signing; nil without a key or a genesis.
    package func isGuardWatching() throws -> Bool? {
        guard exists, let key = try validatorKey() else { return nil }
        return try openGuard(network: try genesis().hash, key: key.address).record.watching != nil
    }

    func openGuard(network: Hash, key: Address) throws -> SigningGuard {
        try refuseForeignGuard(in: guardDirectory)
        do throws(StorageFailure) {
            return try SigningGuard.open(on: FileDisk(guardDirectory), network: network, key: key)
        } catch {
            let recover = "mednexusd keys recover-guard --home \(path) --no-other-copy"
            switch error {
            case .noGuard:
                throw NodeFailure(
                    .signingGuard,
                    "the signing guard in \(guardDirectory) is missing: nobody knows what the key signed last",
                    hint: "It belongs to the key, and no backup has it. If it is lost for good: \(recover)")
            case .damaged(let what):
                throw NodeFailure(
                    .signingGuard, what,
                    hint:
                        "If validator.key is not the key that this home was made with, put that one back. If the guard"
                        + " itself is damaged, move the folder \(guardDirectory) away, then: \(recover)")
            default: throw NodeFailure(error)
            }
        }
    }

    func writeMempool(_ bytes: [UInt8]) {
        // Losing it costs a resubmission, so a failed write is not worth a failed stop.
        _ = FileManager.default.createFile(atPath: mempoolFile, contents: Data(bytes))
    }

    func readMempool() -> [UInt8]? { FileManager.default.contents(atPath: mempoolFile).map { [UInt8]($0) } }

    /// Once what is in it is in the pool.
    func removeMempool() { try? FileManager.default.removeItem(atPath: mempoolFile) }

    /// Milliseconds that `devnet advance` put this node's clock ahead by.
    package var clockOffset: UInt64? {
        FileManager.default.contents(atPath: path + "/clock-offset").flatMap {
            UInt64(String(decoding: $0, as: UTF8.self).filter { $0 != "\n" })
        }
    }

    /// What a node of this home takes for now.
    package var clockNow: Timestamp { NodeClock.now.adding(milliseconds: clockOffset ?? 0) }

    package func setClockOffset(milliseconds: UInt64) throws {
        try Self.write("\(milliseconds)\n", to: path + "/clock-offset", mode: 0o644)
    }

    /// `{"network", "pid", "operator", "p2p", "rpc"}`, renamed into place.
    func writeReady(_ file: String, network: Hash, ports: [String: Int]) throws {
        var ready = JSONObject()
        ready.append("network", .string(network.description))
        ready.append("pid", .integer(Int(getpid())))
        for name in ports.keys.sorted() { ready.append(name, .integer(ports[name] ?? 0)) }
        try Self.write(JSONValue.object(ready).text + "\n", to: file, mode: 0o644)
    }
}
