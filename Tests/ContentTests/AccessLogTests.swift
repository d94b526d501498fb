import Content
import Cryptography
import Foundation
import Primitives
import Testing

@Suite struct AccessLogTests {
    private static func entry(_ number: UInt64) -> AccessEntry {
        AccessEntry(.get, by: "mnx1reader", Hash(Bytes32(0, 0, 0, number)), offset: number, length: 10)
    }

    private func log(_ scratch: Scratch, lines: Range<UInt64>, fileBytes: UInt64 = 1_000, files: Int = 4) throws
        -> AccessLog
    {
        let log = try AccessLog(folder: scratch.path, fileBytes: fileBytes, files: files)
        for number in lines { try log.append(Self.entry(number), at: Timestamp(number), isDurable: false) }
        try log.synchronize()
        return log
    }

    @Test("the chain goes on over files and restarts, and old files go")
    func chain() throws {
        let scratch = Scratch()
        let first = try log(scratch, lines: 1..<20).position
        #expect(try log(scratch, lines: 20..<60).position.next == 60)
        var seen: [String] = []
        let report = try AccessLogFiles.verify(scratch.path) { seen.append($0) }
        #expect(report.files == 4 && report.end.next == 60 && !report.isTorn)
        #expect(report.start.next > 1 && UInt64(seen.count) == report.lines)
        #expect(scratch.files("").count == 4)
        #expect(seen.last?.hasPrefix("59 59 get mnx1reader ") == true)
        // What was noted of the beginning is older than what is kept.
        #expect(throws: ContentStoreFailure.self) {
            try AccessLogFiles.verify(scratch.path, known: (first.next - 1, first.hash))
        }
        #expect(try AccessLogFiles.verify(scratch.path, known: (59, report.end.hash)).lines == report.lines)
    }

    @Test("a line that is changed, missing, doubled or out of order is found")
    func tampering() throws {
        let scratch = Scratch()
        _ = try log(scratch, lines: 1..<20, fileBytes: 1 << 20)
        let file = try present(scratch.files("").first)
        let lines = String(decoding: scratch.bytes(file), as: UTF8.self).split(separator: "\n").map(String.init)
        var tampered: [[String]] = []
        for index in 1..<lines.count - 1 {
            var other = lines
            other.remove(at: index)
            tampered.append(other)
            other = lines
            other.insert(lines[index], at: index)
            tampered.append(other)
            other = lines
            other.swapAt(index, index + 1)
            tampered.append(other)
            other = lines
            other[index] = lines[index].replacingOccurrences(of: "mnx1reader", with: "mnx1nobody")
            tampered.append(other)
        }
        for other in tampered {
            try scratch.write(Array((other.joined(separator: "\n") + "\n").utf8), to: file)
            #expect(throws: ContentStoreFailure.self) { try AccessLogFiles.verify(scratch.path) }
            // Nor does the node write behind it.
            #expect(throws: ContentStoreFailure.self) { try AccessLog(folder: scratch.path, files: 4) }
        }
        #expect(tampered.count > 50)
        // Lines cut off at the end are found by who noted the end.
        let end = String(lines[lines.count - 1].suffix(64))
        try scratch.write(Array((lines.dropLast().joined(separator: "\n") + "\n").utf8), to: file)
        #expect(try AccessLogFiles.verify(scratch.path).end.next == 19)
        let hash = Hash(try present(Bytes32(try present(Hexadecimal.decode(end)))))
        #expect(throws: ContentStoreFailure.self) { try AccessLogFiles.verify(scratch.path, known: (19, hash)) }
    }

    @Test("a whole file that is taken away is found")
    func missingFile() throws {
        let scratch = Scratch()
        _ = try log(scratch, lines: 1..<40, files: 100)
        let files = scratch.files("")
        #expect(files.count > 4)
        try FileManager.default.removeItem(atPath: scratch.path + "/" + files[2])
        #expect(throws: ContentStoreFailure.self) { try AccessLogFiles.verify(scratch.path) }
    }

    @Test("a crash in the middle of a line costs that line only")
    func torn() throws {
        let scratch = Scratch()
        let whole = try log(scratch, lines: 1..<6, fileBytes: 1 << 20).position
        let file = try present(scratch.files("").first)
        let bytes = scratch.bytes(file)
        for cut in 1..<150 {
            try scratch.write(Array(bytes.dropLast(cut)), to: file)
            let log = try AccessLog(folder: scratch.path, files: 4)
            #expect(log.position.next == whole.next - 1)
            try log.append(Self.entry(9), at: Timestamp(9), isDurable: true)
            let report = try AccessLogFiles.verify(scratch.path)
            #expect(!report.isTorn && report.end == log.position)
        }
        // Not even the first line of the newest file was written.
        try scratch.write(Array("# 1".utf8), to: file)
        #expect(try AccessLog(folder: scratch.path, files: 4).position == .start)
    }

    @Test("a store writes a line for each act")
    func acts() async throws {
        let shop = try await Shop()
        let (blob, other) = (Blob(chunk), Blob(chunk, seed: 2))
        try await shop.put(blob)
        try await shop.put(other, nil)
        _ = try await shop.get(blob.root, 5..<25)
        shop.clock.advance(shop.store.limits.graceMilliseconds)
        _ = try await shop.store.collect { $0 == blob.root ? .named : .unnamed }
        try await shop.store.erase(blob.root, receipt: Bytes32(1, 1, 1, 1))
        try await shop.store.synchronize()
        var lines: [String] = []
        _ = try AccessLogFiles.verify(shop.scratch.path + "/access") { lines.append($0) }
        let acts = lines.map { line in line.split(separator: " ")[2...6].joined(separator: " ") }
        #expect(
            acts == [
                "put someone \(blob.root) 0 \(blob.size)", "fetch someone \(other.root) 0 \(other.size)",
                "get reader \(blob.root) 5 20", "delete node \(other.root) 0 \(other.size)",
                "erase node \(blob.root) 0 \(blob.size)",
            ])
    }
}
