internal import Glibc

/// Which of this process's threads runs first when all cores are busy.
enum ThreadPriority {
    /// From here on the calling thread gets about a third of what others get beside it, and all that they leave.
    ///
    /// For signatures in bulk: there are always more of them, while a block is made by one thread, behind which everything
    /// else waits. A thread that is niced stays so; it costs a quarter of a microsecond to say it again.
    static func yieldToOthers() {
        // Linux takes 0 as the calling thread, not as the process. It can't fail for a larger value.
        _ = setpriority(.init(PRIO_PROCESS.rawValue), 0, 5)
    }
}
