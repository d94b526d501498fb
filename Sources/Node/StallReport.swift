/// Why a network makes no final blocks, or why this node is not ready to serve, in one sentence for people.
///
/// Pure: what is known of the validators and of the chain goes in, the sentence comes out. `/readyz`, `status` and the
/// log say the same.
package struct StallReport: Sendable {
    /// What this node knows of a validator of the current epoch.
    package struct Validator: Sendable {
        package let name: String
        /// Connected to this node, or this node itself.
        package let isConnected: Bool
        /// The highest view in which a vote of it was seen; nil if none since the start.
        package let lastVoteView: UInt64?

        package init(name: String, isConnected: Bool, lastVoteView: UInt64?) {
            self.name = name
            self.isConnected = isConnected
            self.lastVoteView = lastVoteView
        }
    }

    /// A reader doesn't notice two blocks; more is a node that would answer from the past (readiness, chapter 60).
    package static let tolerableLag: UInt64 = 2
    /// Views that a validator may miss before it is called silent: two turns of a leader are skipped lawfully.
    package static let tolerableViews: UInt64 = 2
    /// Names in a sentence; a hundred validators would fill the screen.
    static let maximumNames = 8

    package let validators: [Validator]
    package let quorum: Int
    package let isValidator: Bool
    package let peerCount: Int
    package let view: UInt64
    package let height: UInt64
    /// The highest height that a peer proved.
    package let targetHeight: UInt64
    /// The next block, if no connected peer keeps it any more.
    package let lackedBlock: UInt64?
    /// How long ago the last block became final.
    package let millisecondsSinceBlock: UInt64
    /// How far this machine's clock is behind the last block's time; 0 if it isn't.
    package let clockBehindMilliseconds: UInt64
    /// After how long without one something is wrong: the heartbeat and the time that its views may take.
    package let expectedMilliseconds: UInt64
    /// The last epoch in which this node's validator key signs nothing; nil if it votes, or is none.
    package let watchesThroughEpoch: UInt64?

    package init(
        validators: [Validator], quorum: Int, isValidator: Bool, peerCount: Int, view: UInt64, height: UInt64,
        targetHeight: UInt64, lackedBlock: UInt64? = nil, clockBehindMilliseconds: UInt64 = 0,
        millisecondsSinceBlock: UInt64, expectedMilliseconds: UInt64, watchesThroughEpoch: UInt64? = nil
    ) {
        self.validators = validators
        self.quorum = quorum
        self.isValidator = isValidator
        self.peerCount = peerCount
        self.view = view
        self.height = height
        self.targetHeight = targetHeight
        self.lackedBlock = lackedBlock
        self.clockBehindMilliseconds = clockBehindMilliseconds
        self.millisecondsSinceBlock = millisecondsSinceBlock
        self.expectedMilliseconds = expectedMilliseconds
        self.watchesThroughEpoch = watchesThroughEpoch
    }

    /// Why this node should not be asked now; nil if it is ready.
    package var notReadyBecause: String? { peersMissing ?? behind ?? stalledBecause }

    /// Why no block becomes final; nil while the chain goes on as far as this node can tell.
    package var stalledBecause: String? {
        if let peersMissing { return peersMissing }
        // A node that is behind sees the past: it can't tell whether the chain goes on.
        guard behind == nil, millisecondsSinceBlock > expectedMilliseconds else { return nil }
        return watchEndless ?? clockBehind ?? silent ?? nothingVisible
    }

    /// Only validators connect to every validator, so only they can tell how many are missing.
    private var peersMissing: String? {
        guard isValidator else {
            return peerCount == 0 && !validators.isEmpty ? "no peer is connected" : nil
        }
        let missing = validators.filter { !$0.isConnected }
        guard validators.count - missing.count < quorum else { return nil }
        return "\(missing.count) of \(validators.count) unreachable: \(Self.list(missing.map(\.name))); need \(quorum)"
    }

    /// A watch ends with an epoch, and an epoch with blocks: it can't where the others are too few without this one.
    private var watchEndless: String? {
        guard isValidator, watchesThroughEpoch != nil, validators.count - 1 < quorum else { return nil }
        return "this node's key lost its guard and watches for another copy of itself, and without its vote no epoch "
            + "ends: validators, \(quorum) of \(validators.count), sign a new one with `mednexusd epoch restart`"
    }

    private var behind: String? {
        if let lackedBlock {
            return
                "no connected peer has block \(lackedBlock), which is needed next: they keep later ones only; connect"
                + " one that keeps the whole log, or restore a newer backup"
        }
        guard targetHeight > height, targetHeight - height > Self.tolerableLag else { return nil }
        return "catching up: block \(height) of \(targetHeight)"
    }

    /// More than any network's tolerance; a node votes for no block that is further ahead of its clock.
    package static let tolerableClockMilliseconds: UInt64 = 10_000

    private var clockBehind: String? {
        guard clockBehindMilliseconds > Self.tolerableClockMilliseconds else { return nil }
        return "this machine's clock is \(clockBehindMilliseconds / 1000) s behind the last block's time: set it right"
    }

    private var silent: String? {
        let silent = validators.filter { validator in
            let (next, overflow) = (validator.lastVoteView ?? 0).addingReportingOverflow(Self.tolerableViews)
            return validator.isConnected && !overflow && next < view
        }
        let voting = validators.count { $0.isConnected } - silent.count
        guard !silent.isEmpty, voting < quorum else { return nil }
        let names = silent.map { validator in
            validator.name + (validator.lastVoteView.map { " (last vote in view \($0))" } ?? " (no vote seen)")
        }
        return "\(silent.count) of \(validators.count) connected but silent in view \(view): \(Self.list(names)); "
            + "need \(quorum)"
    }

    private var nothingVisible: String {
        let seconds = millisecondsSinceBlock / 1000
        return isValidator
            ? "no final block for \(seconds) s in view \(view) although a quorum votes: see the log"
            : "no final block for \(seconds) s: ask a validator, `mednexusd status` there says why"
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(maximumNames).joined(separator: ", ")
        return names.count > maximumNames ? "\(shown) and \(names.count - maximumNames) more" : shown
    }
}
