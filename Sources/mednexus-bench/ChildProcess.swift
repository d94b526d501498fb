import Foundation

/// A program that is started, waited for, and stopped by its own process id.
final class ChildProcess {
    private let process = Process()

    init(_ program: String, _ arguments: [String], log: String? = nil) throws {
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let log {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            process.standardError = FileHandle(forWritingAtPath: log)
        }
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw BenchFailure("\(program) is not there; `make build` makes it")
        }
        try Self.start(process)
    }

    /// A child inherits which signals its parent's thread blocks, and threads that run tasks block nearly all: pgbench, which
    /// an alarm is to end, would never.
    private static func start(_ process: Process) throws {
        var all = sigset_t()
        var before = sigset_t()
        _ = unsafe sigfillset(&all)
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &all, &before)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    var identifier: Int32 { process.processIdentifier }

    /// Until the program has written `file`, looking every half millisecond; at most a minute.
    func waitFor(_ file: String) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !FileManager.default.fileExists(atPath: file) {
            guard process.isRunning else {
                throw BenchFailure("\(process.executableURL?.path ?? "") ended with \(process.terminationStatus)")
            }
            guard ContinuousClock.now < deadline else { throw BenchFailure("no \(file) within a minute") }
            usleep(500)
        }
    }

    /// The exit code.
    @discardableResult
    func wait() -> Int32 {
        Self.wait(for: process)
        return process.terminationStatus
    }

    /// Foundation's own waiting turns in circles where no run loop has anything to do, on a core that is measured.
    private static func wait(for process: Process) { while process.isRunning { usleep(100) } }

    func stop() {
        if process.isRunning { process.terminate() }
        wait()
    }

    /// What a program prints.
    static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try start(process)
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        wait(for: process)
        guard process.terminationStatus == 0 else {
            throw BenchFailure("\(program) ended with \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }
}

/// A folder that goes when the measurement is over.
struct TemporaryFolder {
    let path: String

    init(_ name: String) throws {
        path = NSTemporaryDirectory() + "mednexus-bench-\(name)-\(ProcessInfo.processInfo.processIdentifier)"
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }

    static func read(_ file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: file))) }
    static func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }
    static func removeFile(_ file: String) { try? FileManager.default.removeItem(atPath: file) }
}
