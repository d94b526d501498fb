internal import Glibc

/// Which of this process's threads runs first when all cores are busy. On Linux each thread has a niceness of its own, and
/// the process 0 means the thread that asks.
package enum ThreadPriority {
    /// From here on the calling thread gets about a third of what others get beside it, and all that they leave.
    ///
    /// For signatures in bulk: there are always more of them, while a block is made by one thread, behind which everything
    /// else waits. A thread that is niced stays so; it costs a quarter of a microsecond to say it again.
    static func yieldToOthers() {
        // Refused where the whole process is nicer already, which is as well.
        _ = setpriority(process, 0, 5)
    }

    /// Of the calling thread.
    package static var niceness: Int { Int(getpriority(process, 0)) }

    private static var process: __priority_which_t { .init(PRIO_PROCESS.rawValue) }
}
