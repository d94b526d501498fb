internal import ContentFormat
internal import Cryptography
internal import Interface
public import Primitives

extension ContentClient {
    /// Chunks that are asked for, proven and written at once: 8 MiB.
    private static let windowChunks: UInt64 = 128

    /// Downloads a content into a file, going on where an earlier download stood. No chunk is written that the root does
    /// not prove. The file appears whole: until then it is `PATH.part`. `progress` gets bytes that are here, of so many.
    ///
    /// Thrown: refused with the node's reason; proofInvalid if what it sends is not under the root.
    public func download(
        _ root: Hash, size: UInt64, to path: String, progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) async throws(WalletFailure) {
        let layout: ContentLayout
        do {
            layout = try ContentLayout(size: size)
        } catch {
            throw WalletFailure(.usage, "\(error)", hint: "Check the size that the ledger names.")
        }
        let part = path + ".part"
        let file = try TransferFile(writing: part)
        var builder = MerkleLogBuilder()
        // What an interruption left are whole windows, but for a crash: they are under the root in the end, or it all
        // begins anew.
        let kept = min(try file.size() / UInt64(ContentLayout.ciphertextChunk), layout.chunkCount) / Self.windowChunks
        for window in 0..<kept {
            let range = layout.ciphertextRange(chunks(window, layout))
            builder.append(ContentLeaves.of(try file.read(at: range.lowerBound, count: range.count)))
            progress(range.upperBound, size)
        }
        var next = kept
        while builder.count < layout.chunkCount {
            let chunks = chunks(next, layout)
            let bytes = try await window(chunks, of: root, layout)
            try file.write(bytes, at: layout.ciphertextRange(chunks).lowerBound)
            builder.append(ContentLeaves.of(bytes))
            next += 1
            progress(layout.ciphertextRange(chunks).upperBound, size)
        }
        guard builder.root == root else {
            try file.truncate(to: 0)
            throw WalletFailure(
                .proofInvalid, "what was kept of an earlier download in \(part) is not this content",
                hint: "It was emptied; start the download again.")
        }
        try file.truncate(to: size)
        try file.finish(as: path)
    }

    private func chunks(_ window: UInt64, _ layout: ContentLayout) -> Range<UInt64> {
        let first = window * Self.windowChunks
        return first..<min(first + Self.windowChunks, layout.chunkCount)
    }

    /// Chunks, proven. Waits where the node asks for it, and repeats what broke off.
    private func window(
        _ chunks: Range<UInt64>, of root: Hash, _ layout: ContentLayout
    ) async throws(WalletFailure) -> [UInt8] {
        let range = layout.ciphertextRange(chunks)
        let bytes = try await patiently(
            ContentRequest(.get, root, offset: range.lowerBound, length: UInt64(range.count)),
            headers: [("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")], status: 206
        ).body
        let answer = try await patiently(
            ContentRequest(.proof, root, offset: chunks.lowerBound, length: UInt64(chunks.count)),
            query: "?from=\(chunks.lowerBound)&count=\(chunks.count)", status: 200)
        guard let json = answer.json,
            let proof = try? JSONValueDecoder.decode(ContentProofView.self, from: json, networkKind: network.kind)
        else { throw failure(answer) }
        guard bytes.count == range.count,
            MerkleLog.verifyRange(
                ContentLeaves.of(bytes), from: chunks.lowerBound, count: layout.chunkCount, siblings: proof.siblings,
                root: root)
        else {
            throw WalletFailure(
                .proofInvalid, "chunks \(chunks.lowerBound) to \(chunks.upperBound - 1) are not under the root",
                hint: "The node is damaged or lies: ask another one, the download goes on there.")
        }
        return bytes
    }

    private func patiently(
        _ request: ContentRequest, headers: [(String, String)] = [], query: String = "", status: UInt
    ) async throws(WalletFailure) -> Answer {
        var failures = 0
        while true {
            do throws(WalletFailure) {
                let answer = try await send(request, headers: headers, query: query)
                if answer.status == status { return answer }
                // A node that fetches it from another may take its time.
                guard let pause = Self.pause(answer), failures < 10 * Self.attempts else { throw failure(answer) }
                failures += 1
                try? await Task.sleep(for: .seconds(Int64(min(pause, 30))))
            } catch {
                guard error.kind == .unreachable, error.answer == nil, failures < Self.attempts else { throw error }
                failures += 1
                try? await Task.sleep(for: .milliseconds(250 << failures))
            }
        }
    }
}
