package import Storage
internal import Synchronization

/// When the power fails at a point where something is made durable.
package enum CrashPoint: UInt8, CaseIterable, Sendable {
    /// Nothing of it reached the disk.
    case before
    /// Some of what was appended did; what is replaced or committed whole counts as not written.
    case torn
    /// All of it did, and nobody was told.
    case after
}

/// What is made durable.
package enum SyncKind: UInt8, CaseIterable, Sendable {
    case journalAppend
    case journalRotation
    case signingGuard
    case blockBody
    case finalBlocks
}

/// A disk in memory that keeps apart what was synchronized from what was only written, and fails where it is told to.
///
/// A power failure keeps any part of what was not synchronized.
package final class SimulatedDisk: Disk {
    private struct Content: Sendable {
        var durable: [String: [UInt8]] = [:]
        var written: [String: [UInt8]] = [:]
        var random: SimulatorRandom
        /// Points to pass until the power fails, and how; nil: never.
        var plan: (left: Int, point: CrashPoint)?
        package var crash: (kind: SyncKind, point: CrashPoint)?
        var passed = [Int](repeating: 0, count: SyncKind.allCases.count)
    }

    /// A mutex since `Disk` is Sendable; one thread uses it.
    private let content: Mutex<Content>

    package convenience init(seed: UInt64) { self.init(random: SimulatorRandom(seed: seed)) }

    init(random: SimulatorRandom) { content = Mutex(Content(random: random)) }

    /// What every call throws once the power has failed.
    static let failure = StorageFailure.system(call: "power", path: "simulated", message: "failed")

    // MARK: Faults

    /// The power fails at the `count`-th point from now on.
    package func failPower(atPoint count: Int, _ point: CrashPoint) { content.withLock { $0.plan = (count, point) } }
    func disarm() { content.withLock { $0.plan = nil } }

    /// Where the power failed, if it did.
    var crash: (kind: SyncKind, point: CrashPoint)? { content.withLock { $0.crash } }

    /// How many points of each kind were passed.
    var passedPoints: [Int] { content.withLock { $0.passed } }

    /// The power comes back: what was synchronized is there, of the rest any part.
    package func restorePower() {
        content.withLock { content in
            for name in content.written.keys.sorted() {
                guard let written = content.written[name], let durable = content.durable[name] else { continue }
                guard written.count > durable.count else { continue }
                let tail = written.count - durable.count
                var kept = Array(written.prefix(durable.count + content.random.below(tail + 1)))
                // Blocks of a file that were never written may be there, and hold anything.
                if content.random.chance(300) { kept += content.random.bytes(content.random.below(24)) }
                content.durable[name] = kept
            }
            content.written = content.durable
            content.crash = nil
            content.plan = nil
        }
    }

    /// Everything is gone.
    func wipe() {
        content.withLock {
            $0.durable = [:]
            $0.written = [:]
            $0.plan = nil
            $0.crash = nil
        }
    }

    /// Damages nothing and makes `apply` happen unless the power fails before it: a transaction of the database.
    func commit(_ kind: SyncKind, _ apply: () -> Void) throws(StorageFailure) {
        try point(kind) { _ in apply() }
    }

    /// A point at which something becomes durable.
    private func point(_ kind: SyncKind, _ apply: (inout Content) -> Void) throws(StorageFailure) {
        let isFailed = content.withLock { content -> Bool in
            if content.crash != nil { return true }
            content.passed[Int(kind.rawValue)] += 1
            guard let plan = content.plan else {
                apply(&content)
                return false
            }
            if plan.left > 0 {
                content.plan = (plan.left - 1, plan.point)
                apply(&content)
                return false
            }
            if plan.point == .after { apply(&content) }
            // Before: nothing of what was appended since the last synchronization is kept either.
            if plan.point == .before, kind == .journalAppend { content.written = content.durable }
            content.crash = (kind, plan.point)
            return true
        }
        if isFailed { throw Self.failure }
    }

    private func checkPower() throws(StorageFailure) {
        if crash != nil { throw Self.failure }
    }

    // MARK: Disk

    package func names() throws(StorageFailure) -> [String] {
        try checkPower()
        return content.withLock { $0.written.keys.sorted() }
    }

    package func read(_ name: String) throws(StorageFailure) -> [UInt8]? {
        try checkPower()
        return content.withLock { $0.written[name] }
    }

    package func replace(_ name: String, with bytes: [UInt8]) throws(StorageFailure) {
        try point(name == "guard" ? .signingGuard : .journalRotation) { content in
            content.written[name] = bytes
            content.durable[name] = bytes
        }
    }

    package func open(_ name: String) throws(StorageFailure) -> any DiskFile {
        try checkPower()
        return File(disk: self, name: name)
    }

    package func remove(_ name: String) throws(StorageFailure) {
        try point(.journalRotation) { content in
            content.written[name] = nil
            content.durable[name] = nil
        }
    }

    private struct File: DiskFile {
        let disk: SimulatedDisk
        let name: String

        func append(_ bytes: [UInt8]) throws(StorageFailure) {
            try disk.checkPower()
            disk.content.withLock { $0.written[name, default: []] += bytes }
        }

        func synchronize() throws(StorageFailure) {
            try disk.point(.journalAppend) { $0.durable[name] = $0.written[name] }
        }

        func truncate(to count: Int) throws(StorageFailure) {
            try disk.point(.journalRotation) { content in
                content.written[name] = Array((content.written[name] ?? []).prefix(count))
                content.durable[name] = content.written[name]
            }
        }

        func read() throws(StorageFailure) -> [UInt8] {
            try disk.checkPower()
            return disk.content.withLock { $0.written[name] ?? [] }
        }
    }
}
