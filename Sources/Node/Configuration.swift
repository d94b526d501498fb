package import Primitives
internal import TOMLKit

/// The values of every setting, and where each came from: file < environment < flags.
package struct Configuration: Sendable {
    package enum Source: String, Sendable {
        case standard = "default"
        case file, environment, flag
    }

    /// What the command line set.
    package let flags: [(key: String, text: String)]
    private var values: [String: (value: Setting.Default, source: Source)] = [:]

    /// Every refusal, each with where it stands and what is allowed.
    package struct Failure: Error, CustomStringConvertible {
        package let problems: [String]
        package var description: String { problems.joined(separator: "\n") }
    }

    /// Reads `file` (TOML text and its name) if there is one, then `environment`, then `flags` (key, text).
    package init(
        file: (name: String, text: String)?, environment: [String: String], flags: [(key: String, text: String)] = []
    ) throws {
        self.flags = flags
        var problems: [String] = []
        for setting in Setting.all { values[setting.key] = (setting.standard, .standard) }
        if let file { problems += read(file) }
        for setting in Setting.all {
            if let text = environment[setting.environmentName] {
                problems += set(setting, text: text, .environment, place: setting.environmentName)
            }
        }
        let known = Set(Setting.all.map(\.environmentName))
        // MEDNEXUS_RPC_LISTEN is a setting's name, MEDNEXUS_HOME is not: what begins like a section must be one.
        let sections = Set(Setting.all.map { "MEDNEXUS_\($0.key.prefix { $0 != "." }.uppercased())_" })
        for name in environment.keys.sorted()
        where !known.contains(name) && sections.contains(where: { name.hasPrefix($0) }) {
            problems.append("\(name): no such setting; `mednexusd config show` lists them")
        }
        for (key, text) in flags {
            guard let setting = Setting.named(key) else {
                problems.append("--set \(key): no such setting; `mednexusd config show` lists them")
                continue
            }
            problems += set(setting, text: text, .flag, place: "--set \(key)")
        }
        guard problems.isEmpty else { throw Failure(problems: problems) }
    }

    private mutating func read(_ file: (name: String, text: String)) -> [String] {
        let table: TOMLTable
        do {
            table = try TOMLTable(string: file.text)
        } catch let error as TOMLParseError {
            return ["\(file.name):\(error.source.begin.line): \(error.description)"]
        } catch {
            return ["\(file.name): not a TOML document"]
        }
        var problems: [String] = []
        for section in table.keys.sorted() {
            guard let inner = table[section]?.table else {
                problems.append("\(place(of: section, in: file)): \(section) must be a table, [\(section)]")
                continue
            }
            for name in inner.keys.sorted() {
                let key = "\(section).\(name)"
                guard let setting = Setting.named(key) else {
                    let known = Setting.all.filter { $0.key.hasPrefix(section + ".") }.map(\.key)
                    problems.append(
                        "\(place(of: name, in: file)): unknown setting \(key)"
                            + (known.isEmpty ? "" : "; [\(section)] knows \(known.joined(separator: ", "))"))
                    continue
                }
                guard let value = Self.value(inner[name]), setting.isAllowed(value) else {
                    problems.append("\(place(of: name, in: file)): \(key) takes \(setting.allowed)")
                    continue
                }
                values[key] = (value, .file)
            }
        }
        return problems
    }

    private static func value(_ found: (any TOMLValueConvertible)?) -> Setting.Default? {
        if let text = found?.string { return .text(text) }
        if let number = found?.int { return UInt64(exactly: number).map { .number($0) } }
        if let array = found?.array {
            var texts: [String] = []
            for index in 0..<array.count {
                guard let text = array[index].string else { return nil }
                texts.append(text)
            }
            return .list(texts)
        }
        return nil
    }

    /// File and line; the parser forgets where a value stood, so the line is looked for by its key.
    private func place(of name: String, in file: (name: String, text: String)) -> String {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        let index = lines.firstIndex { line in
            let text = line.drop { $0 == " " || $0 == "\t" || $0 == "[" }
            return text.hasPrefix(name) && text.dropFirst(name.count).first.map { " =]\t".contains($0) } ?? false
        }
        return index.map { "\(file.name):\($0 + 1)" } ?? file.name
    }

    private mutating func set(_ setting: Setting, text: String, _ source: Source, place: String) -> [String] {
        let value: Setting.Default? =
            switch setting.standard {
            case .text: .text(text)
            case .number: UInt64(text).map { .number($0) }
            case .list: .list(text.split(separator: ",").map { String($0) })
            }
        guard let value, setting.isAllowed(value) else {
            return ["\(place): takes \(setting.allowed), found \"\(text)\""]
        }
        values[setting.key] = (value, source)
        return []
    }

    package func text(_ key: String) -> String {
        guard case .text(let value)? = values[key]?.value else { preconditionFailure("\(key) is a text setting") }
        return value
    }

    package func number(_ key: String) -> UInt64 {
        guard case .number(let value)? = values[key]?.value else { preconditionFailure("\(key) is a number setting") }
        return value
    }

    package func list(_ key: String) -> [String] {
        guard case .list(let value)? = values[key]?.value else { preconditionFailure("\(key) is a list setting") }
        return value
    }

    package func address(_ key: String) -> ListenAddress {
        guard let address = ListenAddress(text(key)) else { preconditionFailure("\(key) was checked when it was set") }
        return address
    }

    /// Nil where the setting is empty: nothing listens.
    package func optionalAddress(_ key: String) -> ListenAddress? {
        text(key).isEmpty ? nil : address(key)
    }

    /// `p2p.peers`
    package var peers: [PeerContact] { list("p2p.peers").compactMap { PeerContact($0) } }

    /// `p2p.observers`; empty admits every observer.
    package var observers: [TransportKey] { list("p2p.observers").compactMap { TransportKey(hexadecimal: $0) } }

    /// Every setting with its value and source, as `config show` prints it.
    package var lines: [String] {
        Setting.all.map { setting in
            guard let (value, source) = values[setting.key] else { preconditionFailure("every setting has a value") }
            return "\(setting.key) = \(value.tomlText)  # \(source.rawValue)"
        }
    }
}

extension Setting.Default {
    package var tomlText: String {
        switch self {
        case .text(let value): "\"\(value)\""
        case .number(let value): String(value)
        case .list(let values): "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
    }
}
