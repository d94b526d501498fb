public import Primitives
public import StateModel
public import Votes

/// What execution and consensus read of governance.
public enum Parameters {
    /// Every state after genesis has parameters; their absence is damage.
    public static func current(in state: any StateReader) throws(Refusal) -> LedgerParameters {
        guard let parameters = try state.record(GovernanceKeys.parameters) else {
            throw .failed(StateFailure("the state has no parameters"))
        }
        return parameters
    }
}

public enum Validators {
    /// Where the state keeps the ``ValidatorsRecord``.
    public static let key = GovernanceKeys.validators.key
    /// Where the state keeps the ``EpochRecord``.
    public static let epochKey = GovernanceKeys.epoch.key

    public static func records(in state: any StateReader) throws(Refusal) -> [ValidatorRecord] {
        guard let record = try state.record(GovernanceKeys.validators) else {
            throw .failed(StateFailure("the state has no validators"))
        }
        return record.validators
    }

    /// The set whose certificates make blocks of the current epoch final.
    public static func currentSet(in state: any StateReader) throws(Refusal) -> ValidatorSet {
        guard let set = ValidatorsRecord(try records(in: state)).set else {
            throw .failed(StateFailure("the state's validators are no set"))
        }
        return set
    }
}

public enum DomainControls {
    /// Until when `domain` is paused at `time`; nil if it is not.
    public static func pausedUntil(
        _ domain: DomainNumber, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Timestamp? {
        guard let control = try state.record(GovernanceKeys.control(domain)),
            control.since <= time, time < control.until
        else { return nil }
        return control.until
    }
}

public enum Upgrades {
    /// The upgrade that was scheduled last and not canceled; nil if there never was one.
    public static func current(in state: any StateReader) throws(Refusal) -> UpgradeRecord? {
        if let record = try state.record(GovernanceKeys.upgrade) { return record }
        return try state.record(GovernanceKeys.formerUpgrade)
    }

    /// The one that lies ahead of the block at `height`.
    static func pending(at height: Height, in state: any StateReader) throws(Refusal) -> UpgradeRecord? {
        guard let record = try current(in: state), record.plan.height > height else { return nil }
        return record
    }

    /// The upgrade without which `release` can't make or judge the block at `height`; nil if it can.
    public static func missing(
        for release: Release, at height: Height, in state: any StateReader
    ) throws(Refusal) -> UpgradePlan? {
        // One that lies ahead does not take back what another one before it already asks for.
        for record in [try state.record(GovernanceKeys.upgrade), try state.record(GovernanceKeys.formerUpgrade)] {
            if let plan = record?.plan, plan.height <= height, release < plan.release { return plan }
        }
        return nil
    }
}
