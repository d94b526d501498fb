public import Encoding
public import Primitives
internal import StateModel

/// Those of a subject's credentials of one type, or of a guardian's for one ward, that rules look at: few, so that whoever
/// asks for one knows what that takes. In the order of acceptance. Bytes: `[ids, since]`.
public struct AcceptedCredentials: CBORCodable, Codable, Hashable, Sendable {
    public var ids: [CredentialID]
    /// From when on these are all that count. About the time before, ``EarlierCredentials`` are asked too; nil: there are
    /// none.
    public var since: Timestamp?

    public init(ids: [CredentialID], since: Timestamp? = nil) {
        self.ids = ids
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(ids)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("accepted", count: 2) { (reader) throws(EncodingFailure) in
            AcceptedCredentials(
                ids: try reader.list("ids", max: IdentityLimits.credentialsThatCount),
                since: try reader.optional("since"))
        }
    }
}

/// What made room for later ones: over by then, or, of guardianships, older than the newest.
public struct EarlierCredentials: CBORCodable, Codable, Hashable, Sendable {
    public var ids: [CredentialID]

    public init(ids: [CredentialID]) { self.ids = ids }

    public func encode(into writer: inout CBORWriter) { writer.write(ids) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        ids = try reader.list("earlier", max: IdentityLimits.credentialsPerType)
    }
}

/// Where credentials stand that rules ask for together. Only their subject puts one there, by accepting it.
struct CredentialShelf {
    let accepted: RecordKey<AcceptedCredentials>
    let earlier: RecordKey<EarlierCredentials>
    /// A subject may have any number: each is about one ward, for whom a shelf of its own is asked.
    let keepsNewest: Bool

    init(_ subject: Party, _ type: CredentialType) {
        accepted = IdentityKeys.accepted(subject, type)
        earlier = IdentityKeys.earlier(subject, type)
        keepsNewest = type == .guardianship
    }

    init(guardian: Party, of ward: Party) {
        accepted = IdentityKeys.guardianships(guardian, of: ward)
        earlier = IdentityKeys.earlierGuardianships(guardian, of: ward)
        keepsNewest = false
    }

    /// On which a credential with this claim stands.
    static func all(of claim: CredentialClaim) -> [CredentialShelf] {
        let own = CredentialShelf(claim.subject, claim.credentialType)
        guard let ward = claim.concerning else { return [own] }
        return [own, CredentialShelf(guardian: claim.subject, of: ward)]
    }

    /// A shelf with one more credential, as it will be stored.
    struct Change {
        let shelf: CredentialShelf
        let accepted: AcceptedCredentials
        /// Nil: as it is.
        let earlier: EarlierCredentials?

        func write(in state: StateOverlay) {
            state.set(shelf.accepted, accepted)
            if let earlier { state.set(shelf.earlier, earlier) }
        }
    }

    /// Puts the credential there at `time`. Where there is no place, what is over makes room: an end is an end for good, be
    /// it its own or that of a right it was issued by.
    func taking(
        _ id: CredentialID, field: String, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Change {
        var stored = try state.record(accepted) ?? AcceptedCredentials(ids: [])
        guard stored.ids.count >= IdentityLimits.credentialsThatCount else {
            stored.ids.append(id)
            return Change(shelf: self, accepted: stored, earlier: nil)
        }
        var standing: [CredentialID] = []
        var over: [CredentialID] = []
        for id in stored.ids {
            if try Credentials.isOver(id, at: time, in: state) { over.append(id) } else { standing.append(id) }
        }
        if over.isEmpty, keepsNewest { over = [standing.removeFirst()] }
        guard !over.isEmpty else {
            throw IdentityRejection.tooManyCredentials.at(
                field, "the subject has \(standing.count) credentials of this type in force",
                hint: "Surrender one of them, or have one that covers what two do.")
        }
        var before = try (state.record(earlier)?.ids ?? []) + over
        if keepsNewest { before = before.suffix(IdentityLimits.credentialsPerType) }
        guard before.count <= IdentityLimits.credentialsPerType else {
            throw IdentityRejection.tooManyCredentials.at(
                field, "the subject has had \(before.count + standing.count) credentials of this type")
        }
        return Change(
            shelf: self, accepted: AcceptedCredentials(ids: standing + [id], since: time),
            earlier: EarlierCredentials(ids: before))
    }

    /// Visits, newest first, what may have been in force at `time`, until `visit` returns false.
    func visit(
        at time: Timestamp, in state: any StateReader, _ visit: (CredentialRecord) throws(Refusal) -> Bool
    ) throws(Refusal) {
        guard let stored = try state.record(accepted) else { return }
        for id in stored.ids.reversed() {
            guard try visit(Credentials.require(id, in: state)) else { return }
        }
        guard let since = stored.since, time < since else { return }
        for id in try state.record(earlier)?.ids.reversed() ?? [] {
            guard try visit(Credentials.require(id, in: state)) else { return }
        }
    }
}

/// What asking for credentials costs, in units of operation weight, as `CredentialCostTests` measures it.
public enum CredentialWeights {
    /// Whether a party holds one of a type, or is a ward's guardian: each that counts is read, and its chain.
    public static let holds: UInt64 = 100
    /// To make room for another.
    static let room: UInt64 = holds + 4 * 4
}
