internal import INFTs
public import Primitives
internal import StateModel

/// What became of an applied change that can be over.
public enum ProposalOutcome: UInt8, NamedCode {
    /// The upgrade was called off before its height.
    case cancelled = 0
    /// A later one stands in its place.
    case superseded = 1
    /// Its time was over.
    case ended = 2
    /// It was ended before its time.
    case lifted = 3

    /// Read from what the state holds of the change. Nil while it lasts, and of what is never over.
    static func of(_ record: ProposalRecord, in context: QueryContext) throws(Refusal) -> ProposalOutcome? {
        guard record.state == .applied else { return nil }
        return switch record.change {
        case .upgrade(let plan): try upgrade(plan, of: record.id, in: context)
        case .pause(let order): try pause(order, since: record.decidedAt ?? record.proposedAt, in: context)
        case .recall:
            try Recalls.record(RecallID(record.id.bytes), in: context.state)?.lifting == nil ? nil : .lifted
        default: nil
        }
    }

    private static func upgrade(
        _ plan: UpgradePlan, of proposal: ProposalID, in context: QueryContext
    ) throws(Refusal) -> ProposalOutcome? {
        let last = try context.state.record(GovernanceKeys.upgrade)
        let former = try context.state.record(GovernanceKeys.formerUpgrade)
        if last?.proposal == proposal { return nil }
        if former?.proposal == proposal {
            // One that lies ahead takes nothing back from it.
            return last.map { $0.plan.height <= context.block.height } == true ? .superseded : nil
        }
        // Only a cancellation takes out what was not reached; and who comes after one that was reached is newer.
        guard plan.height <= context.block.height else { return .cancelled }
        return [last, former].contains { ($0?.plan.release).map { $0 >= plan.release } == true }
            ? .superseded : .cancelled
    }

    private static func pause(
        _ order: PauseOrder, since start: Timestamp, in context: QueryContext
    ) throws(Refusal) -> ProposalOutcome? {
        let end = start.adding(milliseconds: order.milliseconds)
        guard let control = try context.state.record(GovernanceKeys.control(order.domain.domain)),
            control.since == start
        else { return context.block.time < end ? .superseded : .ended }
        if control.until < end { return .lifted }
        // Another of the same block that lasts longer.
        if control.until > end { return .superseded }
        return context.block.time < end ? nil : .ended
    }
}
