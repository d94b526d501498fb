internal import Encoding
internal import Primitives
internal import StateModel

/// The index tables of the domain; each list is read from its end, newest first.
///
/// | table | key | from |
/// |---|---|---|
/// | 0 | created at, offer | open offers |
/// | 1 | INFT, created at, offer | all offers of an INFT |
/// | 2 | seller, created at, offer | all offers of a party |
/// | 3 | INFT, purchased at, license | licenses on an INFT |
/// | 4 | party, purchased at, license | licenses that a party holds or held |
/// | 5 | licensor, purchased at, license | licenses that a party gave |
/// | 6 | registered at, terms | all terms |
/// | 7 | license, raised at, dispute | disputes over a license |
/// | 8 | party, raised at, dispute | disputes of a claimant or respondent |
/// | 9 | account, raised at, dispute | disputes for which an arbiter was drawn |
/// | 10 | INFT, raised at, dispute | disputes on an INFT |
/// | 11 | enrolled at, account | arbiters in the pool |
/// | 12 | buyer, created at, offer | offers to one party alone |
/// | 13 | number | cursor of the licenses that a recall reaches; nothing is stored |
/// | 14, 0 | license, agent | agents that a licensee named |
/// | 14, 1 | agent, named at, license | licenses that an agent may use |
/// | 14, 2 | number | cursor of a list of receipts; nothing is stored |
/// | 14, 3 | INFT, version, measure, institution or none | what was reported of an INFT |
/// | 14, 4 | license, account | accounts that have or had a seat |
/// | 15 | license, purchased at, license | sublicenses of a license |
enum LicenseIndexes {
    static let openOffers = IndexKey(.licenses, 0)
    static func offers(of inft: INFTID) -> IndexKey { IndexKey(.licenses, 1).appending(inft.bytes) }
    static func offers(by seller: Party) -> IndexKey { IndexKey(.licenses, 2).appending(seller) }
    static func licenses(on inft: INFTID) -> IndexKey { IndexKey(.licenses, 3).appending(inft.bytes) }
    static func licenses(of licensee: Party) -> IndexKey { IndexKey(.licenses, 4).appending(licensee) }
    static func licenses(by licensor: Party) -> IndexKey { IndexKey(.licenses, 5).appending(licensor) }
    static let terms = IndexKey(.licenses, 6)
    static func disputes(over license: LicenseID) -> IndexKey { IndexKey(.licenses, 7).appending(license.bytes) }
    static func disputes(of party: Party) -> IndexKey { IndexKey(.licenses, 8).appending(party) }
    static func disputes(judgedBy arbiter: Address) -> IndexKey { IndexKey(.licenses, 9).appending(arbiter.bytes) }
    static func disputes(on inft: INFTID) -> IndexKey { IndexKey(.licenses, 10).appending(inft.bytes) }
    static let arbiters = IndexKey(.licenses, 11)
    static let made = IndexKey(.licenses, 13)
    static func offers(to buyer: Party) -> IndexKey { IndexKey(.licenses, 12).appending(buyer) }
    static func agents(of license: LicenseID) -> IndexKey {
        IndexKey(.licenses, 14).appending(byte: 0).appending(license.bytes)
    }
    static func licenses(usedBy agent: Party) -> IndexKey {
        IndexKey(.licenses, 14).appending(byte: 1).appending(agent)
    }
    static func outcomes(of inft: INFTID) -> IndexKey {
        IndexKey(.licenses, 14).appending(byte: 3).appending(inft.bytes)
    }
    static let receipts = IndexKey(.licenses, 14).appending(byte: 2)
    static func sublicenses(of license: LicenseID) -> IndexKey { IndexKey(.licenses, 15).appending(license.bytes) }
    static func seats(of license: LicenseID) -> IndexKey {
        IndexKey(.licenses, 14).appending(byte: 4).appending(license.bytes)
    }

    static func entries(kind: UInt8, key: StateKey, record: [UInt8]) throws(EncodingFailure) -> [IndexEntry] {
        switch kind {
        case 0:
            let record = try TermsRecord(decoding: record)
            return [entry(terms, record.registeredAt, record.terms.id.bytes)]
        case 1:
            let record = try OfferRecord(decoding: record)
            let open = record.closing == nil ? [entry(openOffers, record.createdAt, record.id.bytes)] : []
            let directed = record.buyer.map { [entry(offers(to: $0), record.createdAt, record.id.bytes)] } ?? []
            return open + directed + [
                entry(offers(of: record.inft), record.createdAt, record.id.bytes),
                entry(offers(by: record.seller), record.createdAt, record.id.bytes),
            ]
        case 2:
            let record = try LicenseRecord(decoding: record)
            var holders: [Party] = []
            for holder in record.holders where !holders.contains(holder.party) { holders.append(holder.party) }
            let above = record.under.map { [entry(sublicenses(of: $0.license), record.purchasedAt, record.id.bytes)] }
            return (above ?? []) + [
                entry(licenses(on: record.inft), record.purchasedAt, record.id.bytes),
                entry(licenses(by: record.licensor), record.purchasedAt, record.id.bytes),
            ] + holders.map { entry(licenses(of: $0), record.purchasedAt, record.id.bytes) }
        case 3:
            let (license, account) = try seat(key)
            return [IndexEntry(seats(of: license).appending(account.bytes))]
        case 8:
            let record = try LicenseAgent(decoding: record)
            guard let last = record.periods.last else { return [] }
            return [
                IndexEntry(agents(of: record.license).appending(record.agent)),
                entry(licenses(usedBy: record.agent), last.from, record.license.bytes),
            ]
        case 14, 15:
            let record = try OutcomeTotals(decoding: record)
            let key = outcomes(of: record.inft).appending(record.version).appending(record.measure.bytes)
            // All together come first.
            return [
                IndexEntry(record.institution.map { key.appending(byte: 1).appending($0) } ?? key.appending(byte: 0))
            ]
        case 20:
            let record = try DisputeRecord(decoding: record)
            return
                ((record.license.map { [disputes(over: $0)] } ?? [])
                + [disputes(of: record.claimant), disputes(of: record.respondent), disputes(on: record.inft)]
                + record.seated.map { disputes(judgedBy: $0) })
                .map { entry($0, record.raisedAt, record.id.bytes) }
        case 24:
            let record = try ArbiterRecord(decoding: record)
            return record.slot == nil ? [] : [entry(arbiters, record.since, record.arbiter.bytes)]
        default: return []
        }
    }

    private static func entry(_ prefix: IndexKey, _ time: Timestamp, _ id: Bytes32) -> IndexEntry {
        IndexEntry(prefix.appending(time.milliseconds).appending(id))
    }

    /// Whose seat of which license a state key stands for.
    private static func seat(_ key: StateKey) throws(EncodingFailure) -> (LicenseID, Address) {
        var reader = CBORReader(key.bytes)
        return try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            _ = try reader.unsigned("domain")
            _ = try reader.unsigned("kind")
            return (try reader.value("license"), try reader.value("account"))
        }
    }

    /// What an entry of ``outcomes(of:)`` is about.
    static func outcomes(_ key: IndexKey) -> (version: UInt64, measure: Hash, institution: Party?)? {
        let tail = key.bytes.dropFirst(34)
        guard tail.count == 41 || tail.count == 74, let measure = Bytes32(tail.dropFirst(8).prefix(32)) else {
            return nil
        }
        let version = tail.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        return (version, Hash(measure), tail.count == 41 ? nil : agent(key))
    }

    /// The agent at the end of an entry of ``agents(of:)``.
    static func agent(_ key: IndexKey) -> Party? {
        let tail = key.bytes.suffix(33)
        guard tail.count == 33, let kind = tail.first, let bytes = Bytes32(tail.dropFirst()) else { return nil }
        return kind == 0 ? .account(Address(bytes)) : .organization(OrganizationID(bytes))
    }

    /// The id at the end of a key of any of these tables.
    static func id(_ key: IndexKey) -> Bytes32? { Bytes32(key.bytes.suffix(32)) }
}
