/// The text of `config.toml`: how `init` writes it, and how a command changes single settings of it.
extension Configuration {
    /// The file that `init` writes: every setting, commented out, with its explanation.
    package static var template: String {
        var text = """
            # MedNexus node. Every setting is listed with its default; take the # away to change one.
            # Each may also be set by an environment variable, named behind it. Flags (--set KEY=VALUE) are the strongest.

            """
        var section = ""
        for setting in Setting.all {
            let parts = setting.key.split(separator: ".", maxSplits: 1)
            if String(parts[0]) != section {
                section = String(parts[0])
                text += "\n[\(section)]\n"
            }
            text += "# \(setting.explanation)\n# Takes \(setting.allowed). (\(setting.environmentName))\n"
            text += "# \(parts[1]) = \(setting.standard.tomlText)\n"
        }
        return text
    }

    /// The text of a configuration file with one setting changed, in the line where it stood, commented out or not. A
    /// setting that the file doesn't mention is added under its section.
    package static func setting(_ key: String, to value: Setting.Default, in text: String) -> String {
        let parts = key.split(separator: ".", maxSplits: 1).map { String($0) }
        precondition(parts.count == 2 && Setting.named(key) != nil, "\(key) is a setting")
        let line = "\(parts[1]) = \(value.tomlText)"
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        guard let header = lines.firstIndex(where: { trimmed($0) == "[\(parts[0])]" }) else {
            let separator = text.isEmpty || text.hasSuffix("\n") ? "" : "\n"
            return text + separator + "\n[\(parts[0])]\n\(line)\n"
        }
        let end = lines[(header + 1)...].firstIndex { trimmed($0).hasPrefix("[") } ?? lines.endIndex
        let section = (header + 1)..<end
        if let index = section.first(where: { sets(parts[1], lines[$0], commented: false) })
            ?? section.first(where: { sets(parts[1], lines[$0], commented: true) })
        {
            lines[index] = line
        } else {
            lines.insert(line, at: header + 1)
        }
        return lines.joined(separator: "\n")
    }

    private static func trimmed(_ line: String) -> String {
        String(line.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// Whether a line gives `name` a value; a commented one as the template writes it.
    private static func sets(_ name: String, _ line: String, commented: Bool) -> Bool {
        var rest = Substring(trimmed(line))
        if commented {
            guard rest.hasPrefix("# ") else { return false }
            rest = rest.dropFirst(2)
        }
        guard rest.hasPrefix(name) else { return false }
        return rest.dropFirst(name.count).drop { $0 == " " }.first == "="
    }
}
