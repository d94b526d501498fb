public import ContentFormat
public import Cryptography
internal import FoundationEssentials
public import Primitives

/// What is known of a content whose ciphertext lies in a file: what a mint puts on the ledger of it.
public struct SealedFile: Hashable, Sendable {
    public let root: Hash
    /// Bytes of ciphertext.
    public let size: UInt64
    public let salt: Hash
    public let keyCommitment: Hash

    public init(root: Hash, size: UInt64, salt: Hash, keyCommitment: Hash) {
        self.root = root
        self.size = size
        self.salt = salt
        self.keyCommitment = keyCommitment
    }
}

/// How far the work is: bytes done, and of how many.
public typealias FileProgress = @Sendable (_ done: UInt64, _ all: UInt64) -> Void

extension SealedFile {
    public init(_ kept: KeptContentSecret) {
        self.init(root: kept.root, size: kept.size, salt: kept.salt, keyCommitment: kept.keyCommitment)
    }

    /// Throws if there is a file already.
    public static func refuse(existing path: String) throws(WalletFailure) {
        try DurableFile.refuseStandardOutput(path)
        try LargeFileWriter.refuse(existing: path)
    }

    /// Encrypts the file `source` into a new file `target`, on all cores, with the memory of a few MiB, under a fresh
    /// content secret, which is kept under the ciphertext's root. `target` is there whole, on disk, its key kept, or not
    /// at all; one that is there is refused.
    public static func encrypt(
        _ source: String, to target: String, name: String, mediaType: String, keepingKeyIn secrets: SecretFiles,
        progress: @escaping FileProgress = { _, _ in }
    ) async throws(WalletFailure) -> SealedFile {
        let scalar = SecretBytes(OperatingSystemRandom.bytes32())
        guard let key = SecretKey(scalar) else {
            // Once in 2^128.
            throw WalletFailure(.key, "the machine's random numbers gave no key", hint: "Repeat it.")
        }
        let input = try LargeFileReader(source)
        let salt = Hash(OperatingSystemRandom.bytes32())
        return try await translated(source, .usage) {
            let stream = try ContentStream(
                header: ContentHeader(name: name, mediaType: mediaType, fileSize: input.size))
            let keys = try ContentKeys(point: SecretBytes(key.compressedPublicKey), salt: salt)
            let layout = stream.layout
            let sealer = ChunkSealer(keys: keys, layout: layout)
            let output = try LargeFileWriter(target, suffix: Hexadecimal.encode(OperatingSystemRandom.bytes(8)))
            var tree = MerkleLogBuilder()
            try await OrderedSlices.run(0..<layout.sliceCount, width: width) { slice, buffers in
                let chunks = layout.chunks(ofSlice: slice)
                let range = layout.streamRange(chunks)
                let part = stream.filePart(of: range)
                stream.fill(range, of: &buffers.plaintext)
                try input.read(part.file.count, at: part.file.lowerBound, into: &buffers.plaintext, at: part.offset)
                let leaves = try sealer.seal(chunks, buffers.plaintext, into: &buffers.ciphertext)
                let place = layout.ciphertextRange(chunks)
                try output.write(buffers.ciphertext, count: place.count, at: place.lowerBound)
                return leaves
            } result: { slice, leaves in
                tree.append(leaves)
                progress(layout.ciphertextRange(layout.chunks(ofSlice: slice)).upperBound, layout.size)
            }
            try input.checkUnchanged()
            let kept = KeptContentSecret(
                root: tree.root, size: layout.size, salt: salt, keyCommitment: keys.commitment, name: name,
                mediaType: mediaType, madeAt: WalletClock.now, scalar: scalar)
            guard let kept else { preconditionFailure("the scalar was checked above") }
            // First the key: a ciphertext that has its name can be opened.
            try secrets.keep(.content(kept))
            do {
                try output.finish()
            } catch {
                _ = try? secrets.shred(.content(kept.root))
                throw error
            }
            return SealedFile(kept)
        }
    }

    /// Bytes of a file.
    public static func size(of path: String) throws(WalletFailure) -> UInt64 { try LargeFileReader(path).size }

    /// The root of what is in the file. Needs no key; throws where no content can have the file's size.
    public static func root(
        of source: String, progress: @escaping FileProgress = { _, _ in }
    ) async throws(WalletFailure) -> (root: Hash, size: UInt64) {
        let input = try LargeFileReader(source)
        return try await translated(source) {
            let layout = try ContentLayout(size: input.size)
            var tree = MerkleLogBuilder()
            try await OrderedSlices.run(0..<layout.sliceCount, width: width) { slice, buffers in
                let chunks = layout.chunks(ofSlice: slice)
                let place = layout.ciphertextRange(chunks)
                try input.read(place.count, at: place.lowerBound, into: &buffers.ciphertext)
                return ChunkOpener.leaves(chunks, buffers.ciphertext, in: layout)
            } result: { slice, leaves in
                tree.append(leaves)
                progress(layout.ciphertextRange(layout.chunks(ofSlice: slice)).upperBound, layout.size)
            }
            return (tree.root, layout.size)
        }
    }

    /// Throws unless the file is the ciphertext of that root, and of that size where one is given. Needs no key.
    public static func verify(
        _ source: String, root: Hash, size: UInt64? = nil, progress: @escaping FileProgress = { _, _ in }
    ) async throws(WalletFailure) -> UInt64 {
        if let size {
            let input = try LargeFileReader(source)
            try await translated(source) { try ContentLayout(size: size).check(found: input.size) }
        }
        let found = try await Self.root(of: source, progress: progress)
        guard found.root == root else {
            throw WalletFailure(
                .proofInvalid, "\(source): \(ContentFailure.wrongRoot(found: found.root, expected: root))")
        }
        return found.size
    }

    /// Decrypts the file `source` into a new file `target`, which is there whole, on disk, every chunk authentic and all
    /// of them under the root, or not at all; one that is there is refused. `point` is the content point, compressed.
    /// Returns what the content says of its file.
    public func decrypt(
        _ source: String, to target: String, point: SecretBytes, progress: @escaping FileProgress = { _, _ in }
    ) async throws(WalletFailure) -> ContentHeader {
        let input = try LargeFileReader(source)
        return try await Self.translated(source) {
            let keys = try ContentKeys(point: point, salt: salt, commitment: keyCommitment)
            let layout = try ContentLayout(size: size)
            try layout.check(found: input.size)
            let opener = ChunkOpener(keys: keys, layout: layout)
            let stream = try Self.stream(input, opener)
            let output = try LargeFileWriter(target, suffix: Hexadecimal.encode(OperatingSystemRandom.bytes(8)))
            var tree = MerkleLogBuilder()
            try await OrderedSlices.run(0..<layout.sliceCount, width: Self.width) { slice, buffers in
                let chunks = layout.chunks(ofSlice: slice)
                let place = layout.ciphertextRange(chunks)
                try input.read(place.count, at: place.lowerBound, into: &buffers.ciphertext)
                try opener.open(chunks, buffers.ciphertext, into: &buffers.plaintext)
                let range = layout.streamRange(chunks)
                try stream.checkPadding(range, of: buffers.plaintext)
                let part = stream.filePart(of: range)
                try output.write(
                    buffers.plaintext, from: part.offset, count: part.file.count, at: part.file.lowerBound)
                return ChunkOpener.leaves(chunks, buffers.ciphertext, in: layout)
            } result: { slice, leaves in
                tree.append(leaves)
                progress(layout.ciphertextRange(layout.chunks(ofSlice: slice)).upperBound, layout.size)
            }
            guard tree.root == root else { throw ContentFailure.wrongRoot(found: tree.root, expected: root) }
            try output.finish()
            return stream.header
        }
    }

    /// The first chunk holds the header, without which nobody knows where the file ends.
    private static func stream(_ input: LargeFileReader, _ opener: ChunkOpener) throws -> ContentStream {
        let place = opener.layout.ciphertextRange(0..<1)
        var ciphertext = [UInt8](repeating: 0, count: place.count)
        var plaintext = [UInt8](repeating: 0, count: opener.layout.streamRange(0..<1).count)
        defer { Wipe.array(&plaintext) }
        try input.read(place.count, at: 0, into: &ciphertext)
        try opener.open(0..<1, ciphertext, into: &plaintext)
        return try ContentStream(plaintext: plaintext, layout: opener.layout)
    }

    private static var width: Int { 2 * ProcessInfo.processInfo.activeProcessorCount }

    /// `kind` is that of failures which the content is to blame for.
    private static func translated<Value>(
        _ path: String, _ kind: WalletFailure.Kind = .proofInvalid, _ body: () async throws -> Value
    ) async throws(WalletFailure) -> Value {
        do {
            return try await body()
        } catch let failure as WalletFailure {
            throw failure
        } catch ContentFailure.wrongKey {
            throw WalletFailure(.key, "\(path): \(ContentFailure.wrongKey)")
        } catch let failure as ContentFailure {
            throw WalletFailure(kind, "\(path): \(failure)")
        } catch is CancellationError {
            throw WalletFailure(.usage, "\(path): stopped before it was done")
        } catch {
            throw WalletFailure(.usage, "\(path): \(error)")
        }
    }
}
