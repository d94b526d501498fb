internal import Cryptography
internal import Encoding
internal import Primitives
internal import StateModel

/// Every index table of the domain (tables 16 to 31 of the index).
///
/// | number | key | value | lists |
/// |---|---|---|---|
/// | 0 | subject, type, credential | – | credentials of a subject |
/// | 1 | issuer, credential | – | credentials that a party issued |
/// | 2 | sponsor, address | – | accounts of a sponsor |
/// | 3 | member's address, organization | – | organizations of an account |
/// | 4 | scheme, SHA-256 of the identifier, organization | – | organizations that declare an identifier |
/// | 5 | kind, organization | – | organizations of a kind |
/// | 6 | delegate, delegation | – | delegations to a party |
/// | 7 | grantor, delegation | – | delegations by a party |
/// | 8 | party | – | accreditors |
/// | 9 | delegate's address, mandate | – | mandates to an account |
/// | 10 | grantor, mandate | – | mandates by a party |
/// | 11 | account's address, recovery | – | recoveries of an account |
/// | 12 | guardian, account's address | – | accounts that a party is guardian of |
enum IdentityIndexes {
    static let bySubject = IndexKey(.identities, 0)
    static let byIssuer = IndexKey(.identities, 1)
    static let bySponsor = IndexKey(.identities, 2)
    static let byMember = IndexKey(.identities, 3)
    static let byIdentifier = IndexKey(.identities, 4)
    static let byKind = IndexKey(.identities, 5)
    static let byDelegate = IndexKey(.identities, 6)
    static let byGrantor = IndexKey(.identities, 7)
    static let accreditors = IndexKey(.identities, 8)
    static let mandatesByDelegate = IndexKey(.identities, 9)
    static let mandatesByGrantor = IndexKey(.identities, 10)
    static let recoveries = IndexKey(.identities, 11)
    static let guarded = IndexKey(.identities, 12)

    static func identifier(_ identifier: InstitutionIdentifier) -> IndexKey {
        byIdentifier.appending(byte: identifier.scheme.rawValue)
            .appending(SHA256.hash(Array(identifier.value.utf8)).bytes)
    }

    static func entries(kind: UInt8, key: StateKey, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        switch kind {
        case IdentityKeys.accountKind:
            guard let sponsor = try AccountRecord(decoding: record).sponsor else { return [] }
            return [IndexEntry(bySponsor.appending(sponsor).appending(try subject(of: key)))]
        case IdentityKeys.organizationKind:
            let id = try subject(of: key)
            let profile = try OrganizationRecord(decoding: record).profile
            return [IndexEntry(byKind.appending(byte: profile.kind.rawValue).appending(id))]
                + profile.members.map { IndexEntry(byMember.appending($0.account.bytes).appending(id)) }
                + profile.identifiers.map { IndexEntry(identifier($0).appending(id)) }
        case IdentityKeys.credentialKind:
            let record = try CredentialRecord(decoding: record)
            let type = record.claim.credentialType.rawValue
            return [
                IndexEntry(
                    bySubject.appending(record.claim.subject).appending(byte: type).appending(record.id.bytes)),
                IndexEntry(byIssuer.appending(record.issuer).appending(record.id.bytes)),
            ]
        case IdentityKeys.delegationKind:
            let record = try DelegationRecord(decoding: record)
            return [
                IndexEntry(byDelegate.appending(record.grant.delegate).appending(record.id.bytes)),
                IndexEntry(byGrantor.appending(record.grantor).appending(record.id.bytes)),
            ]
        case IdentityKeys.accreditorKind:
            return [IndexEntry(accreditors.appending(try AccreditorRecord(decoding: record).party))]
        case IdentityKeys.mandateKind:
            let record = try MandateRecord(decoding: record)
            return [
                IndexEntry(mandatesByDelegate.appending(record.grant.delegate.bytes).appending(record.id.bytes)),
                IndexEntry(mandatesByGrantor.appending(record.grantor).appending(record.id.bytes)),
            ]
        case IdentityKeys.recoveryKind:
            let record = try RecoveryRecord(decoding: record)
            return [IndexEntry(recoveries.appending(record.account.bytes).appending(record.id.bytes))]
        case IdentityKeys.guardianKind:
            let account = try subject(of: key)
            return try GuardianRecord(decoding: record).policy.guardians.map {
                IndexEntry(guarded.appending($0).appending(account))
            }
        default: return []
        }
    }

    /// The 32 bytes that a key `[1, kind, bytes]` is about.
    private static func subject(of key: StateKey) throws(EncodingFailure) -> Bytes32 {
        var reader = CBORReader(key.bytes)
        return try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            _ = try reader.unsigned()
            _ = try reader.unsigned()
            return try reader.bytes32()
        }
    }

    /// The last 32 bytes of an index key.
    static func last(_ entry: IndexEntry) throws(Refusal) -> Bytes32 {
        guard let bytes = Bytes32(entry.key.bytes.suffix(32)) else {
            throw .failed(StateFailure("an index key of the identities is too short"))
        }
        return bytes
    }
}
