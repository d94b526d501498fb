import FoundationEssentials
import Testing

/// The house as drawn in Specs/ARCHITECTURE.md against Package.swift's and the sources' own arrows.
@Suite struct HouseTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let groups = [
        "foundations": ["Primitives", "Encoding", "Cryptography", "StateModel", "Votes"],
        "domains": ["Identities", "Consents", "Revenue", "INFTs", "Licenses", "Governance"],
    ]

    struct Room {
        let name: String
        let kind: String
        let mayImport: Set<String>
    }

    static func rooms() throws -> [Room] {
        let page = try String(contentsOf: root.appending(path: "Specs/ARCHITECTURE.md"), encoding: .utf8)
        return page.split(separator: "\n").compactMap { line -> Room? in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters
            }
            guard cells.count == 6, ["library", "pure", "effect", "program"].contains(cells[2]) else { return nil }
            let names = cells[4].split(separator: " ").map { String($0) }.flatMap { groups[$0] ?? [$0] }
            return Room(name: cells[1], kind: cells[2], mayImport: Set(names))
        }
    }

    static func swiftFiles(in room: String) -> [URL] {
        let folder = root.appending(path: "Sources/\(room)")
        guard let paths = try? FileManager.default.subpathsOfDirectory(atPath: folder.path) else { return [] }
        return paths.filter { $0.hasSuffix(".swift") }.map { folder.appending(path: $0) }
    }

    static func imports(of file: URL) throws -> Set<String> {
        let text = try String(contentsOf: file, encoding: .utf8)
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ").map { String($0) }
            while let first = words.first, first != "import",
                ["public", "package", "internal", "private", "fileprivate"].contains(first) || first.hasPrefix("@")
            {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { continue }
            let name = ["struct", "enum", "func", "class", "protocol"].contains(words[1]) ? words[2] : words[1]
            found.insert(String(name.split(separator: ".")[0]))
        }
        return found
    }

    @Test("every folder of Sources is a room of the page, and every room a folder")
    func roomsAreFolders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
        let rooms = try Self.rooms().map(\.name)
        #expect(rooms.count > 20)
        #expect(Set(folders) == Set(rooms))
    }

    @Test("no room imports another room that the page does not allow")
    func arrows() throws {
        let rooms = try Self.rooms()
        let names = Set(rooms.map(\.name))
        var arrows = 0
        for room in rooms where !room.mayImport.contains("any") {
            for file in Self.swiftFiles(in: room.name) {
                let imported = try Self.imports(of: file).intersection(names)
                arrows += imported.count
                let forbidden = imported.subtracting(room.mayImport)
                #expect(forbidden.isEmpty, "\(file.lastPathComponent) of \(room.name) imports \(forbidden)")
            }
        }
        #expect(arrows > 100)
    }

    @Test("pure rooms import no clock, file, socket or Foundation")
    func purity() throws {
        let effects: Set<String> = [
            "Foundation", "FoundationEssentials", "FoundationNetworking", "Dispatch", "Glibc", "Musl", "Darwin",
            "Logging", "Metrics", "Synchronization", "NIOCore", "NIOPosix", "NIOHTTP1",
        ]
        for room in try Self.rooms() where room.kind == "pure" {
            for file in Self.swiftFiles(in: room.name) {
                var found = try Self.imports(of: file).intersection(effects)
                // One lock guards the randomized curve context, which is made once.
                if room.name == "Cryptography" { found.remove("Synchronization") }
                #expect(found.isEmpty, "\(file.lastPathComponent) of \(room.name) imports \(found)")
            }
        }
    }

    @Test("no effect room imports another, but Node")
    func effectsStandAlone() throws {
        let effects = Set(try Self.rooms().filter { $0.kind == "effect" }.map(\.name))
        for room in try Self.rooms() where room.kind == "effect" && room.name != "Node" {
            #expect(room.mayImport.isDisjoint(with: effects), "\(room.name) looks into another effect room")
        }
    }

    @Test("files stay readable: at most 600 lines; columns are swift-format's business")
    func fileSizes() throws {
        for room in try Self.rooms() {
            for file in Self.swiftFiles(in: room.name) {
                let lines = try String(contentsOf: file, encoding: .utf8).split(
                    separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.count <= 601, "\(file.lastPathComponent) has \(lines.count) lines")
            }
        }
    }
}

extension Substring {
    fileprivate var trimmingCharacters: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
