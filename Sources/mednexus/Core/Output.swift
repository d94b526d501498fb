import FoundationEssentials
import Interface
import Primitives
import WalletKit

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The terminal. Written through at once, so that the order of both streams is what was meant.
enum Console {
    static func out(_ text: String) { write(text + "\n", to: 1) }
    static func err(_ text: String) { write(text + "\n", to: 2) }

    /// Replaces the terminal's line that was written so before.
    static func status(_ text: String) { write("\r\u{1b}[K" + text, to: 2) }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let rest = Array(bytes[written...])
            let count = unsafe Glibc.write(descriptor, rest, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return failed(descriptor, errno) }
            written += count
        }
    }

    /// Whoever asked for an answer must not take a part of it for the whole: a full disk ends the program. Where the reader
    /// is gone (`| head`) nobody is misled.
    private static func failed(_ descriptor: Int32, _ error: Int32) {
        guard descriptor == 1 else { return }
        if error == EPIPE { exit(0) }
        let reason = unsafe String(cString: strerror(error))
        err("mednexus: the answer can't be written: \(reason). What was signed before stays signed (account history).")
        exit(WalletFailure.Kind.outcomeUnknown.exitCode)
    }

    static var isInteractive: Bool { isatty(0) == 1 }

    /// Asks on standard error; only `y` or `yes` is yes.
    static func confirm(_ question: String) -> Bool {
        write(question + " [y/N] ", to: 2)
        guard let answer = readLine(strippingNewline: true) else { return false }
        return ["y", "yes"].contains(answer.lowercased())
    }

    static func pretty(_ value: JSONValue) -> String {
        var text = ""
        prettyPrint(value, indent: "", into: &text)
        return text
    }

    private static func prettyPrint(_ value: JSONValue, indent: String, into text: inout String) {
        let inner = indent + "  "
        switch value {
        case .object(let object) where object.count > 0:
            text += "{\n"
            for (index, member) in object.members.enumerated() {
                text += inner + JSONValue.string(member.key).text + ": "
                prettyPrint(member.value, indent: inner, into: &text)
                text += index + 1 < object.count ? ",\n" : "\n"
            }
            text += indent + "}"
        case .array(let elements) where !elements.isEmpty:
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += inner
                prettyPrint(element, indent: inner, into: &text)
                text += index + 1 < elements.count ? ",\n" : "\n"
            }
            text += indent + "]"
        default: text += value.text
        }
    }

    /// Columns as wide as what is in them; the last is not filled up.
    static func table(_ headers: [String], _ rows: [[String]]) {
        var widths = headers.map(\.count)
        for row in rows {
            for (column, cell) in row.enumerated() where column < widths.count {
                widths[column] = max(widths[column], cell.count)
            }
        }
        for row in [headers] + rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                guard column + 1 < row.count else { break }
                line += String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            out(line)
        }
    }

    /// Columns of the terminal, or what COLUMNS says; nil where the output goes elsewhere: programs get whole lines.
    static var width: Int? {
        if let told = ProcessInfo.processInfo.environment["COLUMNS"].flatMap({ Int($0) }), told > 0 { return told }
        var size = winsize()
        guard isatty(1) == 1, unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Lines of at most `width` characters, broken between words. A word that is longer, such as an id, stays whole: it is to
    /// be copied.
    static func wrapped(_ text: String, _ width: Int?) -> [String] {
        guard let width else { return [text] }
        var lines = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + 1 + word.count <= width {
                lines[lines.count - 1] = line + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// `label: value`, values below each other; what has no value is left out.
    static func fields(_ fields: [(String, String?)]) {
        let shown = fields.filter { $0.1 != nil }
        let width = shown.map(\.0.count).max() ?? 0
        for (label, value) in shown {
            let lines = (value ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() {
                let start = index == 0 ? label + ":" : ""
                out(start + String(repeating: " ", count: width + 2 - start.count) + line)
            }
        }
    }
}

extension Session {
    /// A single thing: its JSON, or what `people` writes.
    func show(_ value: JSONValue, people: () throws -> Void) rethrows {
        if globals.json { Console.out(value.text) } else { try people() }
    }

    /// A list: its JSON, or a table with a sentence where it is empty.
    func list(
        _ items: [JSONValue], _ headers: [String], empty: String, row: (JSONValue) throws -> [String]
    ) rethrows {
        if globals.json {
            Console.out(JSONValue.array(items).text)
        } else if items.isEmpty {
            Console.out(empty)
        } else {
            Console.table(headers, try items.map(row))
        }
    }
}
