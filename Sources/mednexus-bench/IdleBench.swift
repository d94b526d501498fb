import Foundation
import Glibc

/// What a node costs that nobody asks anything: processor time and resident memory of the real program on the network of
/// the other figures. The ceilings are the goals.
struct IdleBench {
    static let identifiers = ["idle.cpu", "idle.memory"]
    private static let secondsPerRun = 4.0
    private static let goalPercent = 1.0
    private static let goalMebibytes = 80.0

    let setting: Setting

    func run(_ ids: [String]) throws -> [Figure] {
        let folder = try TemporaryFolder("idle")
        defer { folder.remove() }
        let node = try BenchNode(in: folder, programs: setting.programs)
        // A home that was used before, as of most nodes that start.
        try node.start().stop()
        let child = try node.start()
        defer { child.stop() }
        var percents: [Double] = []
        var mebibytes: [Double] = []
        for run in 0...setting.runs {
            let before = try Self.processorSeconds(child.identifier)
            let started = ContinuousClock.now
            usleep(UInt32(Self.secondsPerRun * 1_000_000))
            let used = try Self.processorSeconds(child.identifier) - before
            let elapsed = (ContinuousClock.now - started) / .seconds(1)
            // The first run holds what starting left to be done.
            guard run > 0 else { continue }
            percents.append(100 * used / elapsed)
            mebibytes.append(try Self.residentMebibytes(child.identifier))
        }
        func figure(_ id: String, _ name: String, _ unit: String, _ values: [Double], _ goal: Double) -> Figure {
            Figure(
                id: id, name: name, unit: unit, values: values, ceilings: values.map { _ in goal }, isRate: false)
        }
        return [
            figure("idle.cpu", "idle node, of a core ÷ goal", "%", percents, Self.goalPercent),
            figure("idle.memory", "idle node, resident ÷ goal", "MiB", mebibytes, Self.goalMebibytes),
        ].filter { ids.contains($0.id) }
    }

    /// Of all its threads, in nanoseconds: the first field of /proc/PID/task/TID/schedstat. The ticks of /proc/PID/stat
    /// are too coarse for a node that does nothing.
    private static func processorSeconds(_ process: Int32) throws -> Double {
        let tasks = "/proc/\(process)/task"
        var nanoseconds = 0.0
        for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
            // A thread may end between being listed and being read.
            guard let bytes = try? TemporaryFolder.read("\(tasks)/\(task)/schedstat") else { continue }
            let field = String(decoding: bytes.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            nanoseconds += Double(field) ?? 0
        }
        guard nanoseconds > 0 else { throw BenchFailure("\(tasks) has no schedstat") }
        return nanoseconds / 1e9
    }

    private static func residentMebibytes(_ process: Int32) throws -> Double {
        let text = String(decoding: try TemporaryFolder.read("/proc/\(process)/status"), as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = Double(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1])
        else { throw BenchFailure("/proc/\(process)/status is not understood") }
        return kibibytes / 1024
    }
}
