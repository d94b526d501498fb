internal import FoundationEssentials
package import Governance
internal import Interface
package import Primitives
package import StateModel
internal import Storage

/// The release of this program, against what the network's next block asks for.
package enum NodeRelease {
    /// On a test network a trial may call this program another release; on the main network it is what it is.
    package static func own(_ kind: NetworkKind) -> Release {
        kind == .test ? trial ?? ProgramVersion.release : ProgramVersion.release
    }

    private static let trial = ProcessInfo.processInfo.environment["MEDNEXUS_TRIAL_RELEASE"].flatMap { Release($0) }

    /// The upgrade without which this program can't execute the block at `height` on `state`.
    package static func missing(
        at height: Height, in state: any StateReader, _ kind: NetworkKind
    ) throws(Refusal) -> UpgradePlan? {
        try Upgrades.missing(for: own(kind), at: height, in: state)
    }

    /// The same of the block after the last final one.
    static func missing(after ledger: Ledger) throws -> UpgradePlan? {
        let state = try ledger.state.snapshot()
        return try missing(at: (state.height ?? .genesis).next, in: state, ledger.networkKind)
    }

    package static func failure(_ plan: UpgradePlan) -> NodeFailure {
        NodeFailure(
            .upgrade,
            "the network decided that from block \(plan.height) on only release \(plan.release) or newer makes blocks,"
                + " and this is release \(ProgramVersion.text)",
            hint: "Install mednexusd \(plan.release) and start it on this home: it goes on where this one stopped.")
    }
}
