internal import Cryptography

/// What one slice works with: a slice of plaintext and of ciphertext, used by one slice after the other.
///
/// Unchecked Sendable because ``OrderedSlices`` gives it to one task at a time.
public final class SliceBuffers: @unchecked Sendable {
    public var plaintext: [UInt8]
    public var ciphertext: [UInt8]

    public init() {
        let chunks = Int(ContentLayout.chunksPerSlice)
        plaintext = [UInt8](repeating: 0, count: chunks * ContentLayout.plaintextChunk)
        ciphertext = [UInt8](repeating: 0, count: chunks * ContentLayout.ciphertextChunk)
    }

    deinit { Wipe.array(&plaintext) }
}

/// Does the slices of a content at the same time and hands on the results in order. Memory is that of a few slices,
/// whatever the size. Its tasks end before it returns; it ends early if its task is cancelled.
public enum OrderedSlices {
    /// - Parameters:
    ///   - width: how many are under way at once: twice the cores keeps all of them busy between two slices.
    ///   - work: done for each slice, at the same time as others.
    ///   - result: called for each slice in order, never twice at the same time.
    /// - Throws: the first error of `work` or `result`; what is under way then ends unheard.
    public static func run<Result: Sendable>(
        _ slices: Range<UInt64>, width: Int,
        work: @escaping @Sendable (UInt64, SliceBuffers) throws -> Result,
        result: (UInt64, Result) throws -> Void
    ) async throws {
        precondition(width >= 1, "nothing can be done by no task")
        try await withThrowingTaskGroup(of: (UInt64, SliceBuffers, Result).self) { group in
            var free = (0..<width).map { _ in SliceBuffers() }
            var next = slices.lowerBound
            var finished: [UInt64: Result] = [:]
            var following = slices.lowerBound
            while following < slices.upperBound {
                // One slow slice must not let the results of the others pile up.
                while next < slices.upperBound, next - following < UInt64(4 * width), let buffers = free.popLast() {
                    let slice = next
                    group.addTask { (slice, buffers, try work(slice, buffers)) }
                    next += 1
                }
                guard let (slice, buffers, value) = try await group.next() else { break }
                try Task.checkCancellation()
                free.append(buffers)
                finished[slice] = value
                while let value = finished.removeValue(forKey: following) {
                    try result(following, value)
                    following += 1
                }
            }
        }
    }
}
