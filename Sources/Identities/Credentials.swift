public import Primitives
public import StateModel

/// Who may attest what, answered for any time by walking at most four links.
public enum Credentials {
    public static func record(
        _ id: CredentialID, in state: any StateReader
    ) throws(Refusal) -> CredentialRecord? {
        try state.record(IdentityKeys.credential(id))
    }

    /// True if `party` held a credential of `type` at `time`: accepted, in its validity, not revoked, and issued over a
    /// chain of which no link was revoked by then. `jurisdiction` nil asks for none in particular; a credential for a
    /// country holds in its subdivisions.
    public static func holds(
        _ party: Party, _ type: CredentialType, jurisdiction: String?, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        try first(party, type, at: time, in: state) { record in
            guard let jurisdiction else { return true }
            return Jurisdictions.covers(record.claim.scope.jurisdictions, jurisdiction)
        } != nil
    }

    /// True if `guardian` may consent for `ward` at `time`.
    public static func isGuardian(
        _ guardian: Party, of ward: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        try first(guardian, .guardianship, at: time, in: state) { $0.claim.concerning == ward } != nil
    }

    /// The first credential in force that `matches`, newest first.
    public static func first(
        _ party: Party, _ type: CredentialType, at time: Timestamp, in state: any StateReader,
        where matches: (CredentialRecord) -> Bool
    ) throws(Refusal) -> CredentialRecord? {
        var found: CredentialRecord?
        try visitAccepted(party, type, in: state) { (record) throws(Refusal) in
            if matches(record), try isInForce(record, at: time, in: state) { found = record }
            return found == nil
        }
        return found
    }

    /// Visits the credentials of a type that `party` held at `time`, newest first, until `visit` returns false.
    public static func visitInForce(
        _ party: Party, _ type: CredentialType, at time: Timestamp, in state: any StateReader,
        _ visit: (CredentialRecord) -> Bool
    ) throws(Refusal) {
        try visitAccepted(party, type, in: state) { (record) throws(Refusal) in
            try !isInForce(record, at: time, in: state) || visit(record)
        }
    }

    private static func visitAccepted(
        _ party: Party, _ type: CredentialType, in state: any StateReader,
        _ visit: (CredentialRecord) throws(Refusal) -> Bool
    ) throws(Refusal) {
        for id in try state.record(IdentityKeys.accepted(party, type))?.ids.reversed() ?? [] {
            guard let record = try record(id, in: state) else {
                throw .failed(StateFailure("the accepted credential \(id) is missing"))
            }
            guard try visit(record) else { return }
        }
    }

    public static func isInForce(
        _ record: CredentialRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard record.isAccepted(at: time) else { return false }
        return try Delegations.isIntact(record.delegation, issuer: record.issuer, at: time, in: state)
    }
}

public enum Delegations {
    public static func record(
        _ id: DelegationID, in state: any StateReader
    ) throws(Refusal) -> DelegationRecord? {
        try state.record(IdentityKeys.delegation(id))
    }

    /// The links from `id` up to the accreditor, nearest first.
    static func chain(
        _ id: DelegationID?, in state: any StateReader
    ) throws(Refusal) -> [DelegationRecord] {
        var links: [DelegationRecord] = []
        var next = id
        while let id = next {
            guard let link = try record(id, in: state), links.count < IdentityLimits.delegationDepth else {
                throw .failed(StateFailure("the chain of delegation above \(id) is broken"))
            }
            links.append(link)
            next = link.parent
        }
        return links
    }

    /// True if by `time` neither a link nor the accreditor at its end was revoked. A link that merely ran out still
    /// carries what was issued under it.
    static func isIntact(
        _ id: DelegationID?, issuer: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        let links = try chain(id, in: state)
        for link in links {
            if let revocation = link.revocation, revocation.at <= time { return false }
        }
        let accreditor = try accreditor(links.last?.grantor ?? issuer, in: state)
        if let revokedAt = accreditor.revokedAt, revokedAt <= time { return false }
        return true
    }

    /// The accreditor at the beginning of a chain.
    static func root(of id: DelegationID, in state: any StateReader) throws(Refusal) -> AccreditorRecord {
        guard let last = try chain(id, in: state).last else { preconditionFailure("a chain has its first link") }
        return try accreditor(last.grantor, in: state)
    }

    private static func accreditor(_ party: Party, in state: any StateReader) throws(Refusal) -> AccreditorRecord {
        guard let record = try state.record(IdentityKeys.accreditor(party)) else {
            throw .failed(StateFailure("the accreditor \(party) is missing"))
        }
        return record
    }
}
