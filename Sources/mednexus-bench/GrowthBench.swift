import Foundation
import Node

/// What a transaction costs on states of different sizes, in one run: each state is built in bulk, and each is measured
/// in a process of its own.
struct GrowthBench {
    static let mapBytes = 128 << 30
    static let reference = 100_000
    static let sizes = [10_000, 100_000, 1_000_000]
    static let large = 10_000_000

    let setting: Setting
    let isLarge: Bool

    func run() throws -> [Figure] {
        var reports: [(entries: Int, report: GrowthReport)] = []
        var opened: [Int: GrowthReopening] = [:]
        for entries in Self.sizes + (isLarge ? [Self.large] : []) {
            let folder = ".build/growth-\(entries)"
            try? FileManager.default.removeItem(atPath: folder)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try child(["growth-build", folder, "--entries", "\(entries)"])
            try child(
                ["growth-run", folder, "--entries", "\(entries)", "--windows", "\(setting.runs)"], isKilled: true)
            try child(["growth-open", folder])
            let report = try Self.read(GrowthReport.self, folder + "/report.json")
            opened[entries] = try Self.read(GrowthReopening.self, folder + "/opened.json")
            reports.append((entries, report))
            Self.print(entries, report, opened[entries])
        }
        return figures(reports, opened)
    }

    func child(_ arguments: [String], isKilled: Bool = false) throws {
        let process = Process()
        process.executableURL = URL(filePath: "\(setting.programs)/mednexus-bench")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let isAsExpected =
            isKilled
            ? process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL
            : process.terminationReason == .exit && process.terminationStatus == 0
        guard isAsExpected else {
            throw BenchFailure("\(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
        }
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ file: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: file)))
    }

    private static func print(_ entries: Int, _ report: GrowthReport, _ opened: GrowthReopening?) {
        for line in report.stages { Swift.print("growth, \(entries) entries, \(line)") }
        for pattern in TouchPattern.allCases {
            let windows = report.windows.filter { $0.pattern == pattern }
            let parts = windows.map { String(format: "%.1f (%.1f of cores, %.0f/s)", $0.cost, $0.cores, $0.ceiling) }
            Swift.print(
                "growth, \(entries) entries, \(pattern): µs a transaction (verifications a second right before)")
            Swift.print("  " + parts.joined(separator: ", "))
        }
        let line = String(
            format: "%.0f bytes of file and %.0f bytes written a transaction; memory %.0f MiB, with files %.0f MiB;",
            report.fileBytes, report.writtenBytes, Double(report.ownMemory) / 1_048_576,
            Double(report.mappedMemory) / 1_048_576)
        Swift.print("growth, \(entries) entries: \(line)")
        if let opened {
            Swift.print(
                String(
                    format: "growth, %d entries: opened in %.0f ms after a kill, %d blocks executed again", entries,
                    opened.milliseconds, opened.blocks))
        }
    }

    /// Costs beside that of the reference, and starts beside five seconds.
    private func figures(
        _ reports: [(entries: Int, report: GrowthReport)], _ opened: [Int: GrowthReopening]
    ) -> [Figure] {
        guard let reference = reports.first(where: { $0.entries == Self.reference })?.report else { return [] }
        var figures: [Figure] = []
        for (entries, report) in reports where entries > Self.reference {
            let size = entries / 1_000_000
            for pattern in TouchPattern.allCases {
                figures.append(
                    Figure(
                        id: "growth.\(pattern).\(size)M",
                        name: "cost at 100 k ÷ at \(size) M entries, \(pattern) touches", unit: "µs/tx",
                        values: report.costs(pattern), ceilings: reference.costs(pattern), isRate: false))
            }
            guard let opening = opened[entries] else { continue }
            figures.append(
                Figure(
                    id: "growth.start.\(size)M", name: "start after a kill at \(size) M entries ÷ 5 s", unit: "ms",
                    values: [opening.milliseconds], ceilings: [5000], isRate: false))
        }
        return figures
    }
}
