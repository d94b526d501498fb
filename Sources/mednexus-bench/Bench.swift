import ArgumentParser
import Dispatch
import Foundation
import Node
import Primitives

@main
enum Program {
    /// Not asynchronous itself: callgrind, under which `guard-run` runs, can't follow a main thread that ends.
    static func main() {
        if CommandLine.arguments.dropFirst().first == GuardRun.configuration.commandName {
            return GuardRun.main(Array(CommandLine.arguments.dropFirst(2)))
        }
        // As a node does.
        ProcessMemory.keepFreed()
        Task {
            await Bench.main()
            exit(0)
        }
        dispatchMain()
    }
}

/// `make bench`: what this build does, as ratios of what this machine could do, measured side by side in the same run.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mednexus-bench",
        abstract: "Measures this build beside the ceilings of this machine.",
        discussion: """
            Prints a table and writes .build/bench.json. The measurements and what their ceilings are:
            Specs/performance.md.
            """,
        subcommands: [
            Measure.self, Echo.self, GrowthBuild.self, GrowthMeasure.self, GrowthOpen.self, PipelineMeasure.self,
        ],
        defaultSubcommand: Measure.self)

    struct Measure: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "measure", abstract: "Measures, prints and writes the figures.")

        @Option(help: "Only these, separated by commas: \(Figure.identifiers.joined(separator: ", ")).")
        var only = ""
        @Flag(help: "Three runs instead of five.") var quick = false
        @Flag(help: "The growth bench with a state of 10 million entries too: 10 GB of disk, many minutes.") var large =
            false
        @Option(help: "Where the figures go, each as it is measured; those that are not measured again stay.")
        var output = ".build/bench.json"
        @Option(help: "Where the programs are.") var programs = ".build/release"

        func run() async throws {
            let wanted = only.split(separator: ",").map { String($0) }
            for id in wanted where !Figure.identifiers.contains(id) && id != "growth" {
                throw ValidationError("\(id) is none of \(Figure.identifiers.joined(separator: ", "))")
            }
            func isWanted(_ id: String) -> Bool { wanted.isEmpty || wanted.contains(id) }
            let setting = Setting(
                runs: quick ? 3 : 5, cores: ProcessorCount.available, programs: programs)
            print("\(setting.cores) cores, \(setting.runs) runs each; medians.\n")
            var figures: [Figure] = []
            // Written as they come: one that fails takes none of the others with it.
            func add(_ more: [Figure]) throws {
                figures += more
                try Figure.merge(more, into: output)
            }
            if isWanted("pipeline") { try add(PipelineBench(setting: setting).run()) }
            if isWanted("rpc.one") { try add([await ThroughputBench(setting: setting, validators: 1).run()]) }
            if isWanted("rpc.four") { try add([await ThroughputBench(setting: setting, validators: 4).run()]) }
            if isWanted("postgres") { try add([await PostgresBench(setting: setting).run()]) }
            if isWanted("replay") { try add([await ReplayBench(setting: setting).run()]) }
            if isWanted("delivery.verify") { try add([DeliveryBench(setting: setting).run()]) }
            if isWanted("royalty.graph") { try add([RoyaltyBench(setting: setting).run()]) }
            if isWanted("finality") { try add([FinalityBench(setting: setting).run()]) }
            let reads = ReadsBench.identifiers.filter(isWanted)
            if !reads.isEmpty { try add(await ReadsBench(setting: setting).run(reads)) }
            let starts = ["startup", "startup.wallet"].filter(isWanted)
            if !starts.isEmpty { try add(await StartupBench(setting: setting).run(starts)) }
            let idle = IdleBench.identifiers.filter(isWanted)
            if !idle.isEmpty { try add(IdleBench(setting: setting).run(idle)) }
            if isWanted("content.encrypt") { try add([await ContentBench(setting: setting).run()]) }
            if isWanted("growth") { try add(GrowthBench(setting: setting, isLarge: large).run()) }
            print("\n" + Figure.table(figures))
            print("\nWritten to \(output).")
        }
    }
}

extension Bench {
    /// The parts of the growth bench, each a process of its own.
    struct GrowthBuild: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "growth-build", shouldDisplay: false)
        @Argument var folder: String
        @Option var entries: Int
        /// For a node that others join.
        @Flag var shortEpochs = false
        /// So many entries more, all in one place.
        @Option var crowded = 0

        func run() throws {
            let started = ContinuousClock.now
            let state = GrowthState(entries: entries, isKeyed: true, hasShortEpochs: shortEpochs, crowded: crowded)
            try state.build(NodeHome(folder + "/node")) { line in
                let seconds = Int((ContinuousClock.now - started) / .seconds(1))
                if entries >= 1_000_000 { print("growth, building \(entries): \(line), \(seconds) s") }
            }
        }
    }

    struct GrowthMeasure: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "growth-run", shouldDisplay: false)
        @Argument var folder: String
        @Option var entries: Int
        @Option var windows: Int

        func run() async throws {
            let run = GrowthRun(
                entries: entries, home: NodeHome(folder + "/node"), windows: windows, cores: ProcessorCount.available)
            try await run.run(report: folder + "/report.json")
        }
    }

    /// The streams of the pipeline bench.
    struct PipelineMeasure: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "pipeline-run", shouldDisplay: false)
        @Argument var folder: String
        @Option var entries: Int
        @Option var windows: Int

        func run() async throws {
            let run = PipelineRun(
                entries: entries, home: NodeHome(folder + "/node"), windows: windows, cores: ProcessorCount.available)
            try await run.run(report: folder + "/report.json")
        }
    }

    struct GrowthOpen: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "growth-open", shouldDisplay: false)
        @Argument var folder: String

        func run() throws {
            let opened = try GrowthReopening.measure(NodeHome(folder + "/node"))
            try JSONEncoder().encode(opened).write(to: URL(filePath: folder + "/opened.json"))
        }
    }
}

/// What all measurements share.
struct Setting: Sendable {
    let runs: Int
    let cores: Int
    let programs: String
}

/// What a measurement that takes longer is at.
enum Progress {
    static func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
