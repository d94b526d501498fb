internal import Encoding
internal import Primitives
internal import StateModel

/// The index tables of the domain (domain number 2):
///
///     0  [subject, granted at, consent]      what a subject consented to
///     1  [custodian, granted at, consent]    what a custodian keeps
///     2  [set, index] → consent              members in the order of addition
///     3  [custodian, created at, set]        the sets of a custodian
///     4  [consent, at, disclosure]           what was released under a consent
///     5  [set, at, disclosure]               what was released under a set
///     6  [custodian, at, disclosure]         what a custodian released
///     7  [recipient, at, disclosure]         what a party received
///     8  [consent, added at, set]            the sets that a consent ever joined
///     9  [party, deadline, disclosure]       reviews that wait, for the custodian and each reviewer
///     10 [custodian, asked for at, consent]  requests for erasure
enum ConsentIndexes {
    static func bySubject(_ subject: Party) -> IndexKey { IndexKey(.consents, 0).appending(subject) }
    static func byCustodian(_ custodian: Party) -> IndexKey { IndexKey(.consents, 1).appending(custodian) }
    static func members(of set: ConsentSetID) -> IndexKey { IndexKey(.consents, 2).appending(set.bytes) }
    static func sets(of custodian: Party) -> IndexKey { IndexKey(.consents, 3).appending(custodian) }

    static func disclosures(under basis: ConsentBasis) -> IndexKey {
        switch basis {
        case .consent(let id): IndexKey(.consents, 4).appending(id.bytes)
        case .set(let id): IndexKey(.consents, 5).appending(id.bytes)
        }
    }
    static func disclosures(by custodian: Party) -> IndexKey { IndexKey(.consents, 6).appending(custodian) }
    static func disclosures(to recipient: Party) -> IndexKey { IndexKey(.consents, 7).appending(recipient) }

    /// The value of an entry for a disclosure by which nobody got a copy.
    static let withoutCopy: [UInt8] = [1]

    static func memberships(of consent: ConsentID) -> IndexKey { IndexKey(.consents, 8).appending(consent.bytes) }
    static func reviews(of party: Party) -> IndexKey { IndexKey(.consents, 9).appending(party) }
    static func erasures(of custodian: Party) -> IndexKey { IndexKey(.consents, 10).appending(custodian) }

    static func entries(kind: UInt8, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        switch kind {
        case ConsentsKeys.consentKind:
            let consent = try ConsentListing(decoding: record)
            let time = consent.grantedAt.milliseconds
            let asked = consent.erasure.map { mark in
                erasures(of: consent.custodian).appending(mark.requestedAt.milliseconds)
            }
            return [
                bySubject(consent.subject).appending(time), byCustodian(consent.custodian).appending(time), asked,
            ].compactMap { prefix in prefix.map { IndexEntry($0.appending(consent.id.bytes)) } }
        case ConsentsKeys.setKind:
            let set = try SetStanding(decoding: record)
            return [
                IndexEntry(
                    sets(of: set.custodian).appending(set.createdAt.milliseconds).appending(set.id.bytes))
            ]
        case ConsentsKeys.memberKind:
            let member = try SetMember(decoding: record)
            return [
                IndexEntry(members(of: member.set).appending(member.index), value: member.consent.encoded),
                IndexEntry(
                    memberships(of: member.consent).appending(member.addedAt.milliseconds)
                        .appending(member.set.bytes)),
            ]
        case ConsentsKeys.reviewKind:
            let review = try ReviewRecord(decoding: record)
            guard review.closing == nil else { return [] }
            return SortedList(review.reviewers.elements + [review.custodian]).elements.map {
                IndexEntry(
                    reviews(of: $0).appending(review.deadline.milliseconds).appending(review.disclosure.bytes))
            }
        case ConsentsKeys.disclosureKind:
            let disclosure = try DisclosureRecord(decoding: record)
            let mark = disclosure.occasion == .uses ? withoutCopy : []
            let lists = [
                disclosures(under: disclosure.basis), disclosures(by: disclosure.custodian),
                disclosures(to: disclosure.recipient),
            ]
            return lists.map {
                IndexEntry($0.appending(disclosure.at.milliseconds).appending(disclosure.id.bytes), value: mark)
            }
        default: return []
        }
    }

    /// The 32 bytes that end an entry's key.
    static func lastBytes(of entry: IndexEntry) -> Bytes32? { Bytes32(entry.key.bytes.suffix(32)) }
}

/// What of a consent's record the lists need. It passes over the policy, which is long, at each change of the record.
private struct ConsentListing: CBORDecodable {
    let id: ConsentID
    let subject: Party
    let custodian: Party
    let grantedAt: Timestamp
    let erasure: ErasureMark?

    private init(id: ConsentID, subject: Party, custodian: Party, grantedAt: Timestamp, erasure: ErasureMark?) {
        self.id = id
        self.subject = subject
        self.custodian = custodian
        self.grantedAt = grantedAt
        self.erasure = erasure
    }

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 17) { (reader) throws(EncodingFailure) in
            let id: ConsentID = try reader.value("id")
            try reader.skip()
            let subject: Party = try reader.value("subject")
            try reader.skip()
            let custodian: Party = try reader.value("custodian")
            for _ in 0..<2 { try reader.skip() }
            let grantedAt: Timestamp = try reader.value("grantedAt")
            for _ in 0..<8 { try reader.skip() }
            return ConsentListing(
                id: id, subject: subject, custodian: custodian, grantedAt: grantedAt,
                erasure: try reader.optional("erasure"))
        }
    }
}
