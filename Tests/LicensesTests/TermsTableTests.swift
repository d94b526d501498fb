import Foundation
import Licenses
import Primitives
import TestSupport
import Testing

/// The table of Specs/domains/licenses.md, term → rule → where → test, against the terms and the tests there are.
@Suite struct TermsTableTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Row {
        let fields: [String]
        let rule: String
        let tests: [String]
    }

    private static func rows(_ first: String = "term") throws -> [Row] {
        let page = try String(contentsOf: root.appending(path: "Specs/domains/licenses.md"), encoding: .utf8)
        let lines = page.split(separator: "\n")
        guard let head = lines.firstIndex(where: { $0.hasPrefix("| \(first) | rule |") }) else { return [] }
        return lines[(head + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            // `payment.asset`, `fee`: the second stands in the group of the first.
            var group = ""
            let fields = cells[0].split(separator: ",").map { text -> String in
                let name = text.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
                if let dot = name.firstIndex(of: ".") { group = String(name[...dot]) }
                return name.contains(".") ? name : group + name
            }
            return Row(
                fields: fields, rule: cells[1],
                tests: cells[3].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
        }
    }

    /// Every field of the terms, as JSON names it.
    private static var fields: Set<String> {
        var found: Set<String> = []
        for group in Mirror(reflecting: TermsPreset.commercial.terms).children {
            guard let name = group.label else { continue }
            let members = Mirror(reflecting: group.value)
            if members.displayStyle == .struct {
                for member in members.children { found.insert("\(name).\(member.label ?? "")") }
            } else {
                found.insert(name)
            }
        }
        return found
    }

    @Test("Every field of the terms has one row, and no row speaks of what is none")
    func rowsAreFields() throws {
        let named = try Self.rows().flatMap(\.fields)
        #expect(Set(named).count == named.count)
        #expect(Set(named) == Self.fields)
        #expect(Self.fields.contains("grant.trialMilliseconds") && Self.fields.contains("legalText"))
    }

    @Test("Every row names tests that exist")
    func testsExist() throws {
        let tests = Self.root.appending(path: "Tests")
        let files = try FileManager.default.subpathsOfDirectory(atPath: tests.path).filter {
            $0.hasSuffix("Tests.swift")
        }
        let sources = try files.map { try String(contentsOf: tests.appending(path: $0), encoding: .utf8) }
        let acts = try Self.rows("act")
        let rows = try Self.rows() + acts
        #expect(rows.count > 20 && files.count > 50)
        #expect(acts.map(\.fields) == [[SurrenderLicense.name]])
        for row in rows {
            #expect(!row.tests.isEmpty, "no test for \(row.fields)")
            for test in row.tests {
                #expect(
                    sources.contains { $0.contains("func \(test)(") }, "\(row.fields) name \(test), which is no test")
            }
        }
    }
}
