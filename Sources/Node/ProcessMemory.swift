internal import CMalloc

/// What the C library does with memory that was given back to it.
package enum ProcessMemory {
    /// Below this the end of a heap stays with the process; larger single pieces are mapped, and given back, by themselves.
    private static let keptBytes: Int32 = 64 << 20
    /// The largest that glibc takes.
    private static let mappedBytes: Int32 = 32 << 20

    /// Keeps freed memory for what comes next. A block makes and frees tens of mebibytes, a checkpoint hundreds: by default
    /// glibc gives the end of a thread's heap back from 128 KiB on, and then takes it again four kibibytes at a time.
    package static func keepFreed() {
        _ = mallopt(M_TRIM_THRESHOLD, keptBytes)
        _ = mallopt(M_MMAP_THRESHOLD, mappedBytes)
    }
}
