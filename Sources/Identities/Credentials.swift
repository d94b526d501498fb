internal import Encoding
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
        try first(CredentialShelf(guardian: guardian, of: ward), at: time, in: state) { _ in true } != nil
    }

    /// The first credential in force that `matches`, newest first.
    public static func first(
        _ party: Party, _ type: CredentialType, at time: Timestamp, in state: any StateReader,
        where matches: (CredentialRecord) -> Bool
    ) throws(Refusal) -> CredentialRecord? {
        try first(CredentialShelf(party, type), at: time, in: state, where: matches)
    }

    private static func first(
        _ shelf: CredentialShelf, at time: Timestamp, in state: any StateReader,
        where matches: (CredentialRecord) -> Bool
    ) throws(Refusal) -> CredentialRecord? {
        var found: CredentialRecord?
        try shelf.visit(at: time, in: state) { (record) throws(Refusal) in
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
        try CredentialShelf(party, type).visit(at: time, in: state) { (record) throws(Refusal) in
            try !isInForce(record, at: time, in: state) || visit(record)
        }
    }

    /// The record of one that was accepted.
    static func require(_ id: CredentialID, in state: any StateReader) throws(Refusal) -> CredentialRecord {
        guard let record = try record(id, in: state) else {
            throw .failed(StateFailure("the accepted credential \(id) is missing"))
        }
        return record
    }

    /// True of what holds at no time from `time` on, whatever happens.
    static func isOver(_ id: CredentialID, at time: Timestamp, in state: any StateReader) throws(Refusal) -> Bool {
        let record = try require(id, in: state)
        if let end = record.claim.validUntil, end <= time { return true }
        if let revocation = record.revocation, revocation.at <= time { return true }
        return try !Delegations.isIntact(record.delegation, issuer: record.issuer, at: time, in: state)
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
        var next = id
        var grantor = issuer
        for _ in 0..<IdentityLimits.delegationDepth {
            guard let id = next else { break }
            let link = try read(LinkStanding.self, IdentityKeys.delegation(id).key, "delegation \(id)", in: state)
            if let revocation = link.revocation, revocation.at <= time { return false }
            (next, grantor) = (link.parent, link.grantor)
        }
        guard next == nil else { throw .failed(StateFailure("the chain of delegation above \(issuer) is broken")) }
        let accreditor = try read(
            AccreditorStanding.self, IdentityKeys.accreditor(grantor).key, "accreditor \(grantor)", in: state)
        if let revokedAt = accreditor.revokedAt, revokedAt <= time { return false }
        return true
    }

    private static func read<Standing: CBORDecodable>(
        _: Standing.Type, _ key: StateKey, _ what: @autoclosure () -> String, in state: any StateReader
    ) throws(Refusal) -> Standing {
        let stored: [UInt8]?
        do {
            stored = try state.read(key)
        } catch {
            throw .failed(error)
        }
        guard let stored else { throw .failed(StateFailure("the \(what()) is missing")) }
        do {
            return try Standing(decoding: stored)
        } catch {
            throw .failed(StateFailure("the \(what()) is damaged: \(error.description)"))
        }
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

/// What of a delegation says whether a chain through it holds. What it allows matters to who issues, and is passed over:
/// chains are walked for each credential that somebody is asked for.
private struct LinkStanding: CBORDecodable {
    let grantor: Party
    let parent: DelegationID?
    let revocation: Revocation?

    private init(grantor: Party, parent: DelegationID?, revocation: Revocation?) {
        self.grantor = grantor
        self.parent = parent
        self.revocation = revocation
    }

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            try reader.skip()
            let grantor: Party = try reader.value("grantor")
            let parent: DelegationID? = try reader.optional("parent")
            for _ in 0..<3 { try reader.skip() }
            return LinkStanding(grantor: grantor, parent: parent, revocation: try reader.optional("revocation"))
        }
    }
}

/// The same of an accreditor.
private struct AccreditorStanding: CBORDecodable {
    let revokedAt: Timestamp?

    private init(revokedAt: Timestamp?) { self.revokedAt = revokedAt }

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            for _ in 0..<4 { try reader.skip() }
            return AccreditorStanding(revokedAt: try reader.optional("revokedAt"))
        }
    }
}
