/// How long a person waits: from starting the node until it serves, and for the wallet's help. The ceiling is starting and
/// ending a program that does nothing.
struct StartupBench {
    let setting: Setting

    func run(_ ids: [String]) async throws -> [Figure] {
        var figures: [Figure] = []
        if ids.contains("startup") { figures.append(try node()) }
        if ids.contains("startup.wallet") {
            figures.append(
                try figure("startup.wallet", "mednexus --help ÷ an empty program") {
                    try Self.milliseconds {
                        let code = try ChildProcess(setting.programs + "/mednexus", ["--help"]).wait()
                        guard code == 0 else { throw BenchFailure("mednexus --help ended with \(code)") }
                    }
                })
        }
        return figures
    }

    /// A home that has been used: the state is on disk, the genesis block in the log.
    private func node() throws -> Figure {
        let folder = try TemporaryFolder("startup")
        defer { folder.remove() }
        let node = try BenchNode(in: folder, programs: setting.programs)
        try node.start().stop()
        return try figure("startup", "node serves, \(Workload.accountCount) accounts") {
            var child: ChildProcess?
            let milliseconds = try Self.milliseconds { child = try node.start() }
            child?.stop()
            return milliseconds
        }
    }

    private func figure(_ id: String, _ name: String, _ measure: () throws -> Double) throws -> Figure {
        var values: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let ceiling = try Self.milliseconds { try ChildProcess("/bin/true", []).wait() }
            let value = try measure()
            guard run > 0 else { continue }
            ceilings.append(ceiling)
            values.append(value)
        }
        return Figure(id: id, name: name, unit: "ms", values: values, ceilings: ceilings, isRate: false)
    }

    private static func milliseconds(_ body: () throws -> Void) throws -> Double {
        let started = ContinuousClock.now
        try body()
        return (ContinuousClock.now - started) / .milliseconds(1)
    }
}
