internal import CLMDB
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What remains if a page is damaged while LMDB has it mapped, or was not looked at when it was opened: LMDB trusts its
/// pages, and would end the process without a word. Here it ends with one, and with the exit code of damage; nothing that
/// was final is lost by it, since nothing that was not committed counts.
///
/// A fault at any other address is not told here: it ends the process as it would without this.
enum MemoryFaults {
    /// The exit code of damage (README).
    private static let exitCode: Int32 = 4
    private static let slots = 16

    /// A mapped file; none while `end` is 0. The table never moves: a signal handler reads it.
    @safe private struct Slot {
        var start: UInt
        var end: UInt
        var message: UnsafeMutablePointer<UInt8>
        var count: Int
    }

    private struct State {
        var isInstalled = false
        var isTaken = [Bool](repeating: false, count: slots)
    }

    private static let state = Mutex(State())
    nonisolated(unsafe) private static let table = {
        let table = UnsafeMutablePointer<Slot>.allocate(capacity: slots)
        for index in 0..<slots {
            unsafe (table + index).initialize(
                to: Slot(start: 0, end: 0, message: UnsafeMutablePointer<UInt8>.allocate(capacity: 1), count: 0))
        }
        return unsafe table
    }()

    /// For an environment that was opened; `file` is its data file. What it answers is given back by ``forget(_:)``.
    static func watch(_ environment: OpaquePointer, file: String) -> Int? {
        _ = unsafe mdb_env_set_assert(environment) { _, _ in MemoryFaults.end(MemoryFaults.asserted) }
        #if os(Linux)
            guard let (start, end) = range(of: file) else { return nil }
            let text = Array(
                (StorageFailure.damaged(what: "\(file): reading a page of it failed in LMDB").description + "\n").utf8)
            return state.withLock { state in
                guard let index = state.isTaken.firstIndex(of: false) else { return nil }
                let message = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count)
                unsafe message.initialize(from: text, count: text.count)
                unsafe table[index].message.deallocate()
                unsafe table[index] = Slot(start: start, end: end, message: message, count: text.count)
                state.isTaken[index] = true
                if !state.isInstalled { install() }
                state.isInstalled = true
                return index
            }
        #else
            return nil
        #endif
    }

    /// The environment is closed: its addresses may become anything's.
    static func forget(_ slot: Int?) {
        guard let slot else { return }
        state.withLock { state in
            unsafe table[slot].start = 0
            unsafe table[slot].end = 0
            state.isTaken[slot] = false
        }
    }

    private static let asserted: StaticString =
        "Damage found: a store's pages contradict each other. Stop, check the disk, and restore from a backup or sync this node anew.\n"

    private static func end(_ text: StaticString) {
        _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
        _exit(exitCode)
    }

    #if os(Linux)
        private static func install() {
            var action = sigaction()
            unsafe action.__sigaction_handler.sa_sigaction = { signal, information, _ in
                let address = UInt(bitPattern: unsafe information?.pointee._sifields._sigfault.si_addr)
                for index in 0..<MemoryFaults.slots {
                    let slot = unsafe MemoryFaults.table[index]
                    guard slot.start <= address, address < slot.end else { continue }
                    _ = unsafe write(STDERR_FILENO, slot.message, slot.count)
                    _exit(MemoryFaults.exitCode)
                }
                // Not a store's: the instruction runs into it again, and the system has its way.
                var standard = sigaction()
                unsafe standard.__sigaction_handler.sa_handler = SIG_DFL
                _ = unsafe sigaction(signal, &standard, nil)
            }
            action.sa_flags = SA_SIGINFO
            _ = unsafe sigaction(SIGSEGV, &action, nil)
            _ = unsafe sigaction(SIGBUS, &action, nil)
        }

        /// Where the file is mapped, as the system lists it.
        private static func range(of file: String) -> (UInt, UInt)? {
            guard let resolved = unsafe realpath(file, nil) else { return nil }
            defer { unsafe free(resolved) }
            let name = unsafe String(cString: resolved)
            guard let stream = unsafe fopen("/proc/self/maps", "r") else { return nil }
            defer { unsafe fclose(stream) }
            var line = [CChar](repeating: 0, count: 8192)
            while unsafe fgets(&line, Int32(line.count), stream) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                guard text.hasSuffix(" " + name + "\n") else { continue }
                let bounds = text.prefix { $0 != " " }.split(separator: "-")
                guard bounds.count == 2, let start = UInt(bounds[0], radix: 16), let end = UInt(bounds[1], radix: 16)
                else { return nil }
                return (start, end)
            }
            return nil
        }
    #endif
}
