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
