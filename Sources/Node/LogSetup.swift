internal import FoundationEssentials
internal import Glibc
internal import Interface
internal import Logging
internal import Primitives
internal import Synchronization

/// Logs by swift-log: one line per event on standard error, as text for people or JSON for a collector.
package enum LogSetup {
    private static let levels = Mutex<(standard: Logger.Level, modules: [String: Logger.Level])>((.info, [:]))
    private static let isStarted = Mutex(false)

    package static func start(_ configuration: Configuration) {
        reload(configuration)
        let isJSON = configuration.text("log.format") == "json"
        let isFirst = isStarted.withLock { started in
            defer { started = true }
            return !started
        }
        if isFirst { LoggingSystem.bootstrap { LineLogger(label: $0, isJSON: isJSON) } }
    }

    /// Takes effect for the next line.
    package static func reload(_ configuration: Configuration) {
        var modules: [String: Logger.Level] = [:]
        for entry in configuration.list("log.modules") {
            let parts = entry.split(separator: "=").map { String($0) }
            modules[parts[0]] = Logger.Level(rawValue: parts[1])
        }
        let standard = Logger.Level(rawValue: configuration.text("log.level")) ?? .info
        levels.withLock { $0 = (standard, modules) }
    }

    static func allows(_ level: Logger.Level, module: String) -> Bool {
        levels.withLock { level >= $0.modules[module] ?? $0.standard }
    }
}

private struct LineLogger: LogHandler {
    let label: String
    let isJSON: Bool
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        guard LogSetup.allows(event.level, module: label) else { return }
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = Date().ISO8601Format(.iso8601(timeZone: .gmt, includingFractionalSeconds: true))
        let line: String
        if isJSON {
            var object = JSONObject()
            object.append("time", .string(time))
            object.append("level", .string(event.level.rawValue))
            object.append("module", .string(label))
            object.append("message", .string("\(event.message)"))
            for (key, value) in all { object.set(key, .string("\(value)")) }
            line = JSONValue.object(object).text
        } else {
            let facts = all.map { " \($0.key)=\($0.value)" }.joined()
            line = "\(time) \(event.level.rawValue.uppercased()) \(label): \(event.message)\(facts)"
        }
        let bytes = Array((line + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }
}
