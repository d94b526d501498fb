import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How far a long work is, on standard error; nothing where that is no terminal, or nobody is to read it.
final class ProgressBar: Sendable {
    private static let width = 30
    private let label: String
    private let isShown: Bool
    /// Percent shown last.
    private let last = Mutex(-1)

    init(_ label: String, isShown: Bool) {
        self.label = label
        self.isShown = isShown && isatty(2) == 1
    }

    /// Bytes done, and of how many.
    func show(_ done: UInt64, _ all: UInt64) {
        guard isShown, all > 0 else { return }
        let percent = Int(Double(done) / Double(all) * 100)
        let isNew = last.withLock { last in
            defer { last = percent }
            return percent != last
        }
        guard isNew else { return }
        let full = Self.width * percent / 100
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: Self.width - full)
        Console.status("\(label) [\(bar)] \(percent) % of \(all >> 20) MiB")
    }

    /// Takes the line away again.
    func clear() { if isShown { Console.status("") } }
}
