public import Primitives
public import StateModel

/// Where chains of delegation begin: genesis and the validators' votes entrust parties with attesting, and take it back.
public enum Accreditors {
    /// Why a party can't be entrusted so.
    public enum Conflict: Sendable {
        case unchanged, invalid
    }

    public static func isInForce(
        _ party: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard let record = try state.record(IdentityKeys.accreditor(party)) else { return false }
        return record.revokedAt.map { time < $0 } ?? true
    }

    /// Nil if the party can be entrusted with these types. One that was revoked never is again: what it attested would be in
    /// force once more.
    public static func conflict(
        of party: Party, _ types: [CredentialType], _ jurisdictions: [String], at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> Conflict? {
        guard let kind = try Parties.kind(of: party, in: state), kind != .patient, !types.isEmpty,
            zip(types, types.dropFirst()).allSatisfy({ $0.rawValue < $1.rawValue }),
            jurisdictions.count <= IdentityLimits.jurisdictions, jurisdictions.isAscending,
            jurisdictions.allSatisfy({ Jurisdictions.isValid($0) })
        else { return .invalid }
        guard let record = try state.record(IdentityKeys.accreditor(party)) else { return nil }
        guard record.revokedAt == nil else { return .invalid }
        return record.types == types && record.jurisdictions == jurisdictions ? .unchanged : nil
    }

    /// Entrusts the party, or changes what it is entrusted with: what it attested before stays.
    public static func accredit(
        _ party: Party, _ types: [CredentialType], _ jurisdictions: [String], in context: OperationContext
    ) throws(Refusal) {
        let since = try context.state.record(IdentityKeys.accreditor(party))?.accreditedAt ?? context.block.time
        let record = AccreditorRecord(
            party: party, types: types, jurisdictions: jurisdictions, accreditedAt: since)
        context.state.set(IdentityKeys.accreditor(party), record)
        context.emit(IdentityEvent.accreditorChanged(record))
    }

    /// From `time` on nothing holds that hangs from the party: its credentials, its delegations, theirs.
    public static func revoke(_ party: Party, at time: Timestamp, in state: StateOverlay) throws(Refusal) {
        guard var record = try state.record(IdentityKeys.accreditor(party)) else {
            throw .failed(StateFailure("the accreditor \(party) is missing"))
        }
        record.revokedAt = time
        state.set(IdentityKeys.accreditor(party), record)
    }

    /// The same, with its event.
    public static func revoke(_ party: Party, in context: OperationContext) throws(Refusal) {
        try revoke(party, at: context.block.time, in: context.state)
        guard let record = try context.state.record(IdentityKeys.accreditor(party)) else { return }
        context.emit(IdentityEvent.accreditorChanged(record))
    }
}
