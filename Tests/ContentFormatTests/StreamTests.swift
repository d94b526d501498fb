import ContentFormat
import Encoding
import Fixtures
import Primitives
import TestSupport
import Testing

private let region = ContentHeader.regionCount

private func header(_ size: Int, name: String = "case.json") throws -> ContentHeader {
    try ContentHeader(name: name, mediaType: "application/json", fileSize: UInt64(size))
}

/// The whole plaintext of a file.
private func plaintext(_ header: ContentHeader, _ file: [UInt8]) throws -> ([UInt8], ContentLayout) {
    let stream = try ContentStream(header: header)
    var bytes = [UInt8](repeating: 0xcc, count: Int(stream.layout.streamSize))
    let range = 0..<stream.layout.streamSize
    stream.fill(range, of: &bytes)
    let part = stream.filePart(of: range)
    bytes.replaceSubrange(part.offset..<part.offset + part.file.count, with: file)
    return (bytes, stream.layout)
}

@Suite struct StreamTests {
    @Test("the plaintext is header, file and zeros; the header says what it was made from")
    func layout() throws {
        var random = FixtureRandom(seed: 3)
        for size in [0, 1, chunk - region - 1, chunk - region, chunk - region + 1, chunk, 3 * chunk + 7] {
            let file = random.bytes(size)
            let (bytes, layout) = try plaintext(header(size), file)
            #expect(Array(bytes[region..<region + size]) == file)
            #expect(bytes[(region + size)...].allSatisfy { $0 == 0 })
            let read = try ContentStream(plaintext: bytes, layout: layout)
            #expect(try read == ContentStream(header: header(size)))
            try read.checkPadding(0..<layout.streamSize, of: bytes)
        }
    }

    @Test("chunk by chunk it is the same plaintext as at once")
    func pieces() throws {
        var random = FixtureRandom(seed: 4)
        let file = random.bytes(4 * chunk + 4_000)
        let (whole, layout) = try plaintext(header(file.count), file)
        let stream = try ContentStream(header: header(file.count))
        var made: [UInt8] = []
        for index in 0..<layout.chunkCount {
            let range = layout.streamRange(index..<index + 1)
            var bytes = [UInt8](repeating: 0xcc, count: range.count)
            stream.fill(range, of: &bytes)
            let part = stream.filePart(of: range)
            bytes.replaceSubrange(
                part.offset..<part.offset + part.file.count,
                with: file[Int(part.file.lowerBound)..<Int(part.file.upperBound)])
            made += bytes
        }
        #expect(made == whole)
    }

    @Test("the size on the ledger says little: it has few bits behind the first, and grows by at most an eighth")
    func padding() throws {
        var sizes: Set<UInt64> = []
        var random = FixtureRandom(seed: 8)
        for round in 0..<2_000 {
            let file = round < 1_500 ? UInt64(round) * 37 : random.next() >> (20 + random.next() % 30)
            guard let stream = try? ContentStream(header: header(Int(file))) else { continue }
            let exact = UInt64(region) + file
            let padded = stream.layout.streamSize
            #expect(padded >= exact && Double(padded) <= Double(exact) * 1.12)
            let significant = 64 - padded.leadingZeroBitCount - padded.trailingZeroBitCount
            #expect(significant <= 7)
            if round < 1_500 { sizes.insert(padded) }
        }
        #expect(sizes.count < 100, "1,500 files have few sizes between them")
        #expect(try ContentStream(header: header(1)).layout.streamSize == 1088)
        #expect(try ContentStream(header: header(9_000)).layout.streamSize == 10_240)
        #expect(try ContentStream(header: header(5 << 30)).layout.streamSize == (5 << 30) + (64 << 20))
    }

    @Test("names that can steer a terminal or a path are refused, those of people in any script are not")
    func names() throws {
        for name in ["a", "Fall 12 – Röntgen.dcm", "症例.json", "حالة.txt", String(repeating: "x", count: 255)] {
            #expect(try header(1, name: name).name == name)
        }
        for name in [
            "", ".", "..", "a/b", "/etc/passwd", "a\nb", "\u{1b}[31mred", "a\u{0}", "a\u{202e}gpj.exe", "\u{2028}",
            String(repeating: "x", count: 256), String(repeating: "é", count: 128), "\u{9b}31m",
        ] {
            #expect(throws: ContentFailure.self, "\(name.debugDescription)") { try header(1, name: name) }
        }
        for type in ["", "json", "a/b/c", "text/", "/x", "Text/plain", "text/plain; charset=utf-8", "te xt/plain"] {
            #expect(throws: ContentFailure.self, "\(type)") {
                try ContentHeader(name: "a", mediaType: type, fileSize: 1)
            }
        }
        #expect(throws: ContentFailure.self) {
            try ContentStream(header: ContentHeader(name: "a", mediaType: "a/b", fileSize: 1 << 44))
        }
    }

    @Test("a longest name and media type fit the header's region")
    func fits() throws {
        let long = try ContentHeader(
            name: String(repeating: "n", count: 255), mediaType: "a/" + String(repeating: "b", count: 125),
            fileSize: (1 << 44) - (1 << 39))
        var bytes = [UInt8](repeating: 0, count: region)
        let stream = try ContentStream(header: long)
        stream.fill(0..<UInt64(region), of: &bytes)
        #expect(try ContentStream(plaintext: bytes, layout: stream.layout).header == long)
    }

    @Test("another size than the header's, and bytes where zeros belong, are refused")
    func untruths() throws {
        let (bytes, layout) = try plaintext(header(9_000), [UInt8](repeating: 7, count: 9_000))
        let other = try ContentLayout(streamSize: layout.streamSize + 1)
        #expect(throws: ContentFailure.wrongFileSize(stated: 9_000)) {
            try ContentStream(plaintext: bytes + [0], layout: other)
        }
        let unpadded = try ContentLayout(streamSize: UInt64(region) + 9_000)
        #expect(throws: ContentFailure.wrongFileSize(stated: 9_000)) {
            try ContentStream(plaintext: bytes, layout: unpadded)
        }
        let stream = try ContentStream(plaintext: bytes, layout: layout)
        for place in [region + 9_000, bytes.count - 1] {
            var changed = bytes
            changed[place] = 1
            #expect(throws: ContentFailure.padding(chunk: 0)) {
                try stream.checkPadding(0..<layout.streamSize, of: changed)
            }
        }
        var behindHeader = bytes
        behindHeader[region - 1] = 1
        #expect(throws: ContentFailure.padding(chunk: 0)) { try ContentStream(plaintext: behindHeader, layout: layout) }
        #expect(throws: ContentFailure.self) {
            try ContentStream(plaintext: Array(bytes[..<100]), layout: ContentLayout(streamSize: 100))
        }
    }

    @Test("hostile: changed headers are refused, or are what they say")
    func hostile() throws {
        let (bytes, layout) = try plaintext(header(9_000), [UInt8](repeating: 7, count: 9_000))
        var random = SeededRandom(seed: 12)
        var accepted = 0
        let start = Array(bytes[..<region])
        for round in 0..<(hostileInputs ?? 4_000) {
            var region = start
            if round % 2 == 0 {
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    region[Int.random(in: 0..<60, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            } else {
                region.replaceSubrange(2..<82, with: random.bytes(80))
            }
            guard let stream = try? ContentStream(plaintext: region, layout: layout) else { continue }
            accepted += 1
            var again = region
            stream.fill(0..<UInt64(region.count), of: &again)
            #expect(again == region)
        }
        #expect(accepted > 0, "another letter in the name is another header")
    }
}

@Suite struct SliceTests {
    private struct Stop: Error {}

    @Test("results come in order, whatever order the work ends in; each slice is done once")
    func order() async throws {
        var seen: [UInt64] = []
        try await OrderedSlices.run(3..<203, width: 4) { slice, buffers in
            // Unequal work.
            var sum: UInt64 = 0
            for step in 0..<(slice % 7 * 20_000) { sum &+= step }
            buffers.plaintext[0] = UInt8(truncatingIfNeeded: slice &+ sum &- sum)
            return UInt64(buffers.plaintext[0])
        } result: { slice, value in
            #expect(value == slice % 256)
            seen.append(slice)
        }
        #expect(seen == Array(3..<203))
        try await OrderedSlices.run(5..<5, width: 1) { slice, _ in
            slice
        } result: { _, _ in
            Issue.record("there is nothing to do")
        }
    }

    @Test("an error of the work or of the result ends all, and is thrown")
    func errors() async throws {
        var results = 0
        await #expect(throws: Stop.self) {
            try await OrderedSlices.run(0..<1_000_000, width: 3) { slice, _ in
                if slice == 10 { throw Stop() }
                return slice
            } result: { _, _ in
                results += 1
            }
        }
        #expect(results <= 10)
        await #expect(throws: Stop.self) {
            try await OrderedSlices.run(0..<1_000_000, width: 3) { slice, _ in
                slice
            } result: { slice, _ in
                if slice == 5 { throw Stop() }
            }
        }
    }

    @Test("a cancelled task ends soon")
    func cancelled() async throws {
        let task = Task {
            try await OrderedSlices.run(0..<UInt64.max, width: 2) { slice, _ in
                slice
            } result: { _, _ in
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
