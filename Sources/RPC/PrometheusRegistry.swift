public import Metrics
import Synchronization

/// The metrics of a process, written in Prometheus' text format. Bootstrap swift-metrics with it, and hand it to the
/// server. Labels are metric names (`mednexus_chain_height`), dimensions are Prometheus labels.
///
/// Timers and recorders become histograms in seconds (timers) or in the recorded unit; gauges and recorders that do not
/// aggregate become gauges.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    private struct Key: Hashable, Comparable {
        let name: String
        let labels: String

        static func < (left: Key, right: Key) -> Bool {
            left.name == right.name ? left.labels < right.labels : left.name < right.name
        }
    }

    private struct State {
        var series: [Key: PrometheusSeries] = [:]
        var help: [String: String] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// A sentence about a metric, shown with it.
    public func describe(_ name: String, _ help: String) { state.withLock { $0.help[Self.clean(name)] = help } }

    private func series(
        _ label: String, _ dimensions: [(String, String)], _ kind: PrometheusSeries.Kind
    ) -> PrometheusSeries {
        let labels = dimensions.map { "\(Self.clean($0.0))=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        let key = Key(name: Self.clean(label), labels: labels)
        return state.withLock { state in
            if let known = state.series[key] { return known }
            let series = PrometheusSeries(kind)
            state.series[key] = series
            return series
        }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .histogram : .gauge)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram)
    }

    // Series stay for the life of the process: a counter that vanished and came back would read as a reset.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything, sorted by name.
    public var text: String {
        let (series, help) = state.withLock { ($0.series.sorted { $0.key < $1.key }, $0.help) }
        var text = ""
        var last = ""
        for (key, one) in series {
            if key.name != last {
                if let help = help[key.name] { text += "# HELP \(key.name) \(help)\n" }
                text += "# TYPE \(key.name) \(one.kind.rawValue)\n"
                last = key.name
            }
            text += one.lines(name: key.name, labels: key.labels)
        }
        return text
    }

    private static func clean(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }
}

/// One time series.
final class PrometheusSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// Upper bounds from a tenth of a millisecond to a minute: fsyncs, calls and block intervals all fall inside.
    private static let bounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    private struct Values {
        var value = 0.0
        var count: UInt64 = 0
        var buckets = [UInt64](repeating: 0, count: PrometheusSeries.bounds.count)
    }

    let kind: Kind
    private let values = Mutex(Values())

    init(_ kind: Kind) { self.kind = kind }

    func increment(by amount: Int64) { values.withLock { $0.value += Double(amount) } }
    func increment(by amount: Double) { values.withLock { $0.value += amount } }
    func decrement(by amount: Double) { values.withLock { $0.value -= amount } }
    func reset() { values.withLock { $0 = Values() } }
    func set(_ value: Int64) { values.withLock { $0.value = Double(value) } }
    func set(_ value: Double) { values.withLock { $0.value = value } }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        values.withLock { values in
            guard kind == .histogram else {
                values.value = value
                return
            }
            values.value += value
            values.count += 1
            if let bucket = Self.bounds.firstIndex(where: { value <= $0 }) { values.buckets[bucket] += 1 }
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    fileprivate func lines(name: String, labels: String) -> String {
        let values = values.withLock { $0 }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        guard kind == .histogram else { return "\(name)\(braces) \(Self.number(values.value))\n" }
        let prefix = labels.isEmpty ? "" : labels + ","
        var text = ""
        var total: UInt64 = 0
        for (bound, count) in zip(Self.bounds, values.buckets) {
            total += count
            text += "\(name)_bucket{\(prefix)le=\"\(Self.number(bound))\"} \(total)\n"
        }
        text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(values.count)\n"
        text += "\(name)_sum\(braces) \(Self.number(values.value))\n"
        text += "\(name)_count\(braces) \(values.count)\n"
        return text
    }

    private static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }
}
