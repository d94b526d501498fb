import Foundation
import Interface

/// Finality of four real validators in network namespaces with 50 ms one way, beside three such delays and an fsync of
/// the same disk: measured by Tests/Python/test_finality.py, which this runs and whose figures it reads.
struct FinalityBench {
    let setting: Setting

    func run() throws -> Figure {
        let python = ".build/venv/bin/python"
        guard TemporaryFolder.exists(python) else {
            throw BenchFailure("\(python) is not there; `make bench` makes it")
        }
        var values: [Double] = []
        var ceilings: [Double] = []
        // Each run takes some fifteen seconds and is a median of forty blocks at four validators itself.
        for _ in 0..<min(setting.runs, 3) {
            TemporaryFolder.removeFile(".build/finality.json")
            _ = try ChildProcess.output(
                python,
                ["-m", "pytest", "-q", "-p", "no:cacheprovider", "Tests/Python/test_finality.py", "-k", "without"])
            let results = try JSONParser.parse(try TemporaryFolder.read(".build/finality.json")).array ?? []
            guard let result = results.first(where: { $0["validators"]?.unsigned == 4 }),
                let value = result["slowestMedian"]?.text, let measured = Double(value),
                let probe = result["fsyncMilliseconds"]?.text, let fsync = Double(probe),
                let delay = result["delayMilliseconds"]?.unsigned
            else { throw BenchFailure("no finality was measured: root and /dev/net/tun are needed") }
            values.append(measured)
            ceilings.append(3 * Double(delay) + fsync)
        }
        return Figure(
            id: "finality", name: "finality, 4 validators, 50 ms ÷ 3 delays + fsync", unit: "ms", values: values,
            ceilings: ceilings, isRate: false)
    }
}
