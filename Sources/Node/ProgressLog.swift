internal import Logging
internal import ServiceLifecycle

/// Says in the log, and to the service manager, how far the node is while it catches up, and why the chain stalls while
/// it does: the sentences of `status` and `/readyz`, for whoever reads only the log.
package struct ProgressLog: Service {
    let backend: NodeBackend
    let notification: ServiceNotification?
    let logger: Logger

    private static let pause = Duration.seconds(5)
    /// A stall that goes on is said again after so many pauses.
    private static let repeats = 12

    package func run() async throws {
        var last: StallReport?
        var said: String?
        var silentFor = 0
        while true {
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
            } catch {
                return
            }
            let report = await backend.stallReport()
            let progress = Self.progress(report, since: last)
            let sentence = progress ?? report.stalledBecause
            silentFor += 1
            if let progress {
                logger.notice("\(progress)")
                notification?.status(progress)
            } else if let sentence, sentence != said || silentFor >= Self.repeats {
                // The chain may go on without this node.
                let isStill = report.millisecondsSinceBlock > report.expectedMilliseconds
                logger.warning(
                    isStill ? "no block becomes final" : "this node is cut off", metadata: ["because": "\(sentence)"])
                notification?.status(sentence)
                silentFor = 0
            } else if sentence == nil, said != nil {
                logger.notice("level with the network", metadata: ["height": "\(report.height)"])
                notification?.status("serving at block \(report.height)")
            }
            (said, last) = (sentence, report)
        }
    }

    /// Nil while nothing is to be caught up with.
    package static func progress(_ report: StallReport, since last: StallReport?) -> String? {
        guard report.targetHeight > report.height + StallReport.tolerableLag else { return nil }
        let missing = report.targetHeight - report.height
        let share = report.height * 100 / max(1, report.targetHeight)
        var text = "catching up: block \(report.height) of \(report.targetHeight) (\(share) %)"
        let gained = last.map { report.height > $0.height ? report.height - $0.height : 0 } ?? 0
        if gained > 0 {
            let perSecond = Double(gained) / (pause / .seconds(1))
            text +=
                ", \(Int(perSecond.rounded())) blocks/s, about \(ProgressText.duration(Double(missing) / perSecond)) left"
        }
        return text
    }
}

/// How long something takes, for people.
package enum ProgressText {
    package static func duration(_ seconds: Double) -> String {
        seconds < 90 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) min"
    }

    /// How fast something comes, for people.
    package static func pace(_ bytesASecond: UInt64) -> String {
        bytesASecond < 1 << 20 ? "\(bytesASecond >> 10) KiB a second" : "\(bytesASecond >> 20) MiB a second"
    }
}
