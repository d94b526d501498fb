internal import Blocks
internal import Cryptography
internal import FoundationEssentials
internal import Governance
internal import Interface
package import Primitives
internal import StateModel

/// A genesis with texts that begin with `@` in the places of keys and ids: `@account:clinic`, `@organization:clinic`,
/// `@credential:issuer`, `@validator:0`. genesis/devnet.json is one.
package enum GenesisTemplate {
    /// The public keys of a founding validator's node.
    package struct ValidatorKeys: Sendable {
        /// Nil takes the template's name.
        package let name: String?
        package let key: Address
        package let transportKey: TransportKey?

        package init(name: String? = nil, key: Address, transportKey: TransportKey?) {
            self.name = name
            self.key = key
            self.transportKey = transportKey
        }

        /// From `[NAME=]KEY[+TRANSPORT]`: KEY an address or 64 hexadecimal digits, TRANSPORT 66 of them.
        package init(_ text: String) throws {
            let named = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let keys = (named.last ?? "").split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
            let key = String(keys.first ?? "")
            let bytes =
                TypedText.decode(key, kind: "", network: nil) ?? Hexadecimal.decode(key).flatMap { Bytes32($0) }
            let transport = keys.count > 1 ? TransportKey(hexadecimal: String(keys[1])) : nil
            guard let bytes, keys.count == 1 || transport != nil else {
                throw NodeFailure(
                    .usage, "\(text) names no validator",
                    hint: "Write [NAME=]KEY[+TRANSPORT] with what `mednexusd keys show` prints.")
            }
            self.init(
                name: named.count > 1 ? String(named[0]) : nil, key: Address(bytes), transportKey: transport)
        }
    }

    /// A template's text, and what to call it.
    package struct Source: Sendable {
        let name: String
        package let text: String

        init(name: String, text: String) {
            self.name = name
            self.text = text
        }

        package init(file: String) throws {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw NodeFailure(.configuration, "can't read the genesis template \(file)")
            }
            // What is not UTF-8 is no JSON either, and is refused as that.
            self.init(name: file, text: String(decoding: data, as: UTF8.self))
        }
    }

    /// Puts keys and ids into a template.
    ///
    /// - Parameters:
    ///   - accounts: the address of each named account; every name of the template must be there.
    ///   - validators: keys in the order of the template's entries; for more than it has, the last entry is repeated,
    ///     with an institution and an administrator's account of its own for each.
    /// - Returns: the genesis as text, without the template's explanations.
    package static func fill(
        _ source: Source, name: String?, accounts: (String) throws -> Address, validators: [ValidatorKeys],
        time: Timestamp
    ) throws -> String {
        var template = try stretch(try parse(source), to: validators)
        if let name { template.set("name", .string(name)) }
        template.set("time", .integer(time.milliseconds))
        let kind = template["kind"]?.string.flatMap { NetworkKindName(name: $0) }?.networkKind ?? .test
        let filled = try replace(.object(template)) { text in
            let parts = text.dropFirst().split(separator: ":", maxSplits: 1).map { String($0) }
            guard parts.count == 2 else { throw unknown(text) }
            switch parts[0] {
            case "account": return TypedText.encode(try accounts(parts[1]).bytes, kind: "", network: kind)
            case "organization": return self.text(OrganizationID(identifier(text)), kind)
            case "credential": return self.text(CredentialID(identifier(text)), kind)
            case "validator":
                guard let index = Int(parts[1]), validators.indices.contains(index) else { throw unknown(text) }
                return TypedText.encode(validators[index].key.bytes, kind: "", network: kind)
            case "transport":
                guard let index = Int(parts[1]), validators.indices.contains(index),
                    let key = validators[index].transportKey
                else { throw unknown(text) }
                return key.description
            default: throw unknown(text)
            }
        }
        return filled.text + "\n"
    }

    /// The organization that a template calls `name`.
    package static func organization(_ name: String) -> OrganizationID {
        OrganizationID(identifier("@organization:\(name)"))
    }

    /// The names of the accounts of a template, in the order of their first appearance; with as many validators as
    /// asked for, else as many as it has.
    package static func accountNames(_ source: Source, validators count: Int? = nil) throws -> [String] {
        var template = try parse(source)
        if let count {
            let sample = ValidatorKeys(key: Address(identifier("@sample-validator")), transportKey: nil)
            template = try stretch(template, to: Array(repeating: sample, count: count))
        }
        var names: [String] = []
        _ = try replace(.object(template)) { text in
            let name = text.dropFirst("@account:".count)
            if text.hasPrefix("@account:"), !names.contains(String(name)) { names.append(String(name)) }
            return text
        }
        return names
    }

    package static func isTemplate(_ source: Source) throws -> Bool { try !accountNames(source).isEmpty }

    /// What `genesis check` prints. A template is filled with keys that nobody holds, to see whether it is sound.
    package static func describe(_ file: String) throws -> [String] {
        let source = try Source(file: file)
        let isTemplate = try isTemplate(source)
        let genesis: Genesis
        if isTemplate {
            let text = try fill(
                source, name: nil, accounts: { Address(identifier("@sample:\($0)")) },
                validators: try samples(source), time: NodeClock.now)
            genesis = try GenesisFile.parse(text, name: file)
        } else {
            genesis = try GenesisFile.read(file)
        }
        let (block, layer) = try Ledger.genesisBlock(genesis)
        var lines = ["network   \(genesis.name) (\(genesis.kind.name))"]
        if isTemplate {
            lines.append("template  sound; its hash is fixed once keys are in it")
        } else {
            lines.append("hash      \(genesis.hash)")
            lines.append("block 0   \(block.hash)")
        }
        lines.append("state     \(layer.stateCount) entries")
        for validator in genesis.governance.validators {
            lines.append("validator \(validator.name) \(isTemplate ? "" : validator.key.bytes.description)")
        }
        return lines
    }

    /// A genesis for a real network: validators from their keys, accounts from a file of names and addresses.
    package static func make(
        from file: String, name: String, validators: [String], accounts: [String: Address], time: Timestamp
    ) throws -> String {
        return try fill(
            Source(file: file), name: name,
            accounts: { wanted in
                guard let address = accounts[wanted] else {
                    throw NodeFailure(
                        .usage, "the template names account \(wanted)", hint: "Give it: --account \(wanted)=ADDRESS")
                }
                return address
            }, validators: try validators.map { try ValidatorKeys($0) }, time: time)
    }

    package static func write(_ text: String, to path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw NodeFailure(.usage, "\(path) exists", hint: "Name another --out.")
        }
        try NodeHome.write(text, to: path, mode: 0o644)
    }

    /// Writes a file whole or not at all, over an older one if there is one.
    package static func replace(_ text: String, at path: String) throws {
        try NodeHome.write(text, to: path, mode: 0o644)
    }

    private static func parse(_ source: Source) throws -> JSONObject {
        do {
            let value = try JSONParser.parse(Array(source.text.utf8), limit: GenesisFile.maximumBytes)
            guard case .object(let object) = value else {
                throw NodeFailure(.configuration, "\(source.name) is no JSON object")
            }
            return object
        } catch let failure as JSONFailure {
            throw NodeFailure(.configuration, "\(source.name): \(failure)")
        }
    }

    /// As many keys that nobody holds as the template has validators.
    private static func samples(_ source: Source) throws -> [ValidatorKeys] {
        let count = try parse(source)["governance"]?["validators"]?.array?.count ?? 0
        return (0..<count).map {
            ValidatorKeys(key: Address(identifier("@sample-validator:\($0)")), transportKey: nil)
        }
    }

    private static func unknown(_ text: String) -> NodeFailure {
        NodeFailure(.configuration, "the template has \(text), which names nothing that can be filled in")
    }

    private static func identifier(_ text: String) -> Bytes32 { SHA256.hash(Array(text.utf8)).bytes }

    private static func text<Kind>(_ id: Identifier<Kind>, _ kind: NetworkKind) -> String {
        TypedText.encode(id.bytes, kind: Kind.name, network: kind)
    }

    private static func replace(_ value: JSONValue, _ fill: (String) throws -> String) throws -> JSONValue {
        switch value {
        case .string(let text) where text.hasPrefix("@"): return .string(try fill(text))
        case .array(let elements): return .array(try elements.map { try replace($0, fill) })
        case .object(let object):
            var kept = JSONObject(reserving: object.count)
            for member in object.members where !member.key.hasPrefix("_") {
                kept.append(member.key, try replace(member.value, fill))
            }
            return .object(kept)
        default: return value
        }
    }
}
