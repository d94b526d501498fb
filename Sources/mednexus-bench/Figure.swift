import Foundation
import Interface

/// One measurement beside its ceiling.
struct Figure: Codable {
    static let identifiers = [
        "pipeline", "pipeline.uniform", "rpc.one", "rpc.four", "postgres", "reads.point", "reads.point.anew",
        "reads.page", "reads.page.anew", "finality", "replay", "delivery.verify", "royalty.graph", "content.encrypt",
        "startup", "startup.wallet", "idle.cpu", "idle.memory", "growth.skewed.1M", "growth.uniform.1M",
        "growth.start.1M", "growth.skewed.10M", "growth.uniform.10M", "growth.start.10M",
    ]

    let id: String
    let name: String
    let unit: String
    /// The median.
    let value: Double
    let ceiling: Double
    /// How close to the ceiling, 1 being there: value ÷ ceiling where more is better, ceiling ÷ value where less is.
    let ratio: Double
    let runs: Int
    let min: Double
    let max: Double

    /// - Parameter isRate: more is better.
    init(id: String, name: String, unit: String, values: [Double], ceilings: [Double], isRate: Bool = true) {
        self.id = id
        self.name = name
        self.unit = unit
        value = Self.rounded(Self.median(values))
        ceiling = Self.rounded(Self.median(ceilings))
        let ratio = Self.median(values) / Self.median(ceilings)
        self.ratio = ((isRate ? ratio : 1 / ratio) * 1000).rounded() / 1000
        runs = values.count
        min = Self.rounded(values.min() ?? 0)
        max = Self.rounded(values.max() ?? 0)
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Four figures are more than a measurement is good for.
    private static func rounded(_ value: Double) -> Double {
        value >= 1000 ? value.rounded() : (value * 100).rounded() / 100
    }

    static func table(_ figures: [Figure]) -> String {
        let head = ["id", "what", "value", "ceiling", "unit", "ratio", "min", "max", "runs"]
        let rows = figures.map { figure in
            [
                figure.id, figure.name, text(figure.value), text(figure.ceiling), figure.unit,
                String(format: "%.3f", figure.ratio), text(figure.min), text(figure.max), "\(figure.runs)",
            ]
        }
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        return ([head] + rows).map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return [2, 3, 5, 6, 7, 8].contains(column) ? padding + row[column] : row[column] + padding
            }
            .joined(separator: "  ")
        }
        .joined(separator: "\n")
    }

    private static func text(_ value: Double) -> String { String(format: value >= 1000 ? "%.0f" : "%.2f", value) }

    /// Replaces the figures of the same ids in the file, and keeps the others.
    static func merge(_ figures: [Figure], into path: String) throws {
        let url = URL(filePath: path)
        let known = (try? JSONDecoder().decode([Figure].self, from: Data(contentsOf: url))) ?? []
        let all = identifiers.compactMap { id in
            figures.first { $0.id == id } ?? known.first { $0.id == id }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try encoder.encode(all).write(to: url, options: .atomic)
    }
}

enum ProcessorCount {
    static var available: Int { ProcessInfo.processInfo.activeProcessorCount }
}
