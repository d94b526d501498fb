internal import Primitives
internal import StateModel

/// What the ledger holds about one consent, or about all consents of a subject, in a fixed order: of each consent its
/// record, its earlier policies, what was released under it, then set by set its membership and what was released
/// under that set since. A release under a set is one record, however many members the set has.
///
/// A page reads no more than ``readsPerPage`` ranges; it may have fewer items than asked for, and still a next one.
struct DisclosureWalk {
    static let readsPerPage = 48

    enum Item {
        case consent(ConsentRecord)
        case earlier(EarlierPolicy)
        case membership(SetMember)
        case disclosure(DisclosureRecord, consent: ConsentID)
    }

    private enum Stage: UInt8 { case record, earlier, own, memberships, releases }

    /// Where a page goes on: within `consent`, at `stage`, strictly beyond `inner`. Of releases under a set `inner` is
    /// the key of the membership, and perhaps that of a release.
    private struct Place {
        var consent: ConsentID
        var stage: Stage
        var inner: [UInt8] = []

        /// No domain has an index table of this number.
        private static let table = IndexKey(.consents, 14)
        /// Table, two ids, a time.
        static let entryBytes = 1 + 32 + 8 + 32

        init(_ consent: ConsentID, _ stage: Stage = .record) {
            self.consent = consent
            self.stage = stage
        }

        init?(_ key: IndexKey) {
            let bytes = key.bytes
            guard bytes.count >= 34, bytes.starts(with: Self.table.bytes), let stage = Stage(rawValue: bytes[33]),
                let id = Bytes32(bytes[1..<33])
            else { return nil }
            self.init(ConsentID(id), stage)
            inner = Array(bytes[34...])
            let allowed: [Int]
            switch stage {
            case .record: allowed = [0]
            case .earlier: allowed = [0, 8]
            case .own, .memberships: allowed = [0, Self.entryBytes]
            case .releases: allowed = [Self.entryBytes, 2 * Self.entryBytes]
            }
            guard allowed.contains(inner.count) else { return nil }
        }

        var key: IndexKey {
            inner.reduce(Self.table.appending(consent.bytes).appending(byte: stage.rawValue)) {
                $0.appending(byte: $1)
            }
        }

        /// The membership that the releases are those of.
        var membership: IndexKey { IndexKey(stored: Array(inner.prefix(Self.entryBytes))) }
        var entry: IndexKey? {
            let bytes = stage == .releases ? Array(inner.dropFirst(Self.entryBytes)) : inner
            return bytes.isEmpty ? nil : IndexKey(stored: bytes)
        }
    }

    let context: QueryContext
    /// Releases from here on, up to but without `to`.
    let from: Timestamp?
    let to: Timestamp?
    /// Records, earlier policies and memberships too, not releases alone.
    let isWhole: Bool
    /// Goes on to the subject's next consent; nil: one consent alone.
    let subject: Party?

    private var items: [Item] = []
    private var reads = 0

    init(_ context: QueryContext, from: Timestamp?, to: Timestamp?, isWhole: Bool, subject: Party?) {
        self.context = context
        self.from = from
        self.to = to
        self.isWhole = isWhole
        self.subject = subject
    }

    /// `consent` is asked of one consent, and nil of a subject.
    mutating func page(
        of consent: ConsentID?, _ request: PageRequest
    ) throws(Refusal) -> (items: [Item], next: IndexKey?) {
        var place: Place
        if let after = request.after {
            guard let found = Place(after) else { throw .rejected(PageRequest.foreignCursor) }
            place = found
        } else if let consent {
            place = Place(consent)
        } else {
            guard let first = try nextConsent(after: nil) else { return ([], nil) }
            place = Place(first)
        }
        var record = try require(place.consent, asked: consent)
        while items.count < request.limit, reads < Self.readsPerPage {
            if try advance(&place, record, limit: request.limit - items.count) { continue }
            guard let next = try nextConsent(after: record) else { return (items, nil) }
            place = Place(next)
            record = try require(next, asked: consent)
        }
        return (items, place.key)
    }

    /// A cursor of another list's consent is refused.
    private func require(_ id: ConsentID, asked: ConsentID?) throws(Refusal) -> ConsentRecord {
        let record = try ConsentLedger.require(id, field: "consent", in: context.state)
        guard asked == nil || asked == id, subject == nil || subject == record.subject else {
            throw .rejected(PageRequest.foreignCursor)
        }
        return record
    }

    /// One step within a consent; false at its end.
    private mutating func advance(
        _ place: inout Place, _ record: ConsentRecord, limit: Int
    ) throws(Refusal) -> Bool {
        switch place.stage {
        case .record:
            if isWhole { items.append(.consent(record)) }
            place.stage = isWhole ? .earlier : .own
        case .earlier:
            let number = place.inner.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard number < record.narrowings else {
                place = Place(record.id, .own)
                return true
            }
            guard let earlier = try context.state.record(ConsentsKeys.earlier(record.id, number)) else {
                throw .failed(StateFailure("policy \(number) of the consent \(record.id) is missing"))
            }
            items.append(.earlier(earlier))
            reads += 1
            place.inner = Array(IndexKey(.consents, 14).appending(number + 1).bytes.dropFirst())
        case .own:
            let prefix = ConsentIndexes.disclosures(under: .consent(record.id))
            if let last = try addReleases(prefix, since: nil, place.entry, record.id, limit: limit) {
                place.inner = last.bytes
            } else {
                place = Place(record.id, .memberships)
            }
        case .memberships:
            let prefix = ConsentIndexes.memberships(of: record.id)
            guard let entry = try scan(prefix, after: place.entry, limit: 1).first else { return false }
            guard let set = ConsentIndexes.lastBytes(of: entry) else { return false }
            if isWhole { items.append(.membership(try membership(ConsentSetID(set), record.id))) }
            place.stage = .releases
            place.inner = entry.key.bytes
        case .releases:
            guard let set = ConsentIndexes.lastBytes(of: IndexEntry(place.membership)) else { return false }
            let member = try membership(ConsentSetID(set), record.id)
            let prefix = ConsentIndexes.disclosures(under: .set(member.set))
            let membership = place.membership.bytes
            if let last = try addReleases(prefix, since: member.addedAt, place.entry, record.id, limit: limit) {
                place.inner = membership + last.bytes
            } else {
                place.stage = .memberships
                place.inner = membership
            }
        }
        return true
    }

    private func membership(_ set: ConsentSetID, _ consent: ConsentID) throws(Refusal) -> SetMember {
        guard let member = try context.state.record(ConsentsKeys.member(set, consent)) else {
            throw .rejected(PageRequest.foreignCursor)
        }
        return member
    }

    /// Where to go on; nil once the range is done.
    private mutating func addReleases(
        _ prefix: IndexKey, since: Timestamp?, _ after: IndexKey?, _ consent: ConsentID, limit: Int
    ) throws(Refusal) -> IndexKey? {
        if let after, !after.bytes.starts(with: prefix.bytes) { throw .rejected(PageRequest.foreignCursor) }
        // A key without an id comes before all entries of its time.
        let start = [since, from].compactMap { $0 }.max().map { prefix.appending($0.milliseconds) }
        let entries = try scan(prefix, after: [after, start].compactMap { $0 }.max(), limit: limit)
        for entry in entries {
            guard let bytes = ConsentIndexes.lastBytes(of: entry),
                let record = try context.state.record(ConsentsKeys.disclosure(DisclosureID(bytes)))
            else { throw .failed(StateFailure("a disclosure under \(prefix.bytes) is missing")) }
            if let to, record.at >= to { return nil }
            items.append(.disclosure(record, consent: consent))
        }
        return entries.count == limit ? entries.last?.key : nil
    }

    private mutating func nextConsent(after record: ConsentRecord?) throws(Refusal) -> ConsentID? {
        guard let subject else { return nil }
        let prefix = ConsentIndexes.bySubject(subject)
        let after = record.map { prefix.appending($0.grantedAt.milliseconds).appending($0.id.bytes) }
        return try scan(prefix, after: after, limit: 1).first.flatMap { ConsentIndexes.lastBytes(of: $0) }
            .map { ConsentID($0) }
    }

    private mutating func scan(_ prefix: IndexKey, after: IndexKey?, limit: Int) throws(Refusal) -> [IndexEntry] {
        reads += 1
        do {
            return try context.index.scan(prefix: prefix, after: after, limit: limit, descending: false)
        } catch {
            throw .failed(error)
        }
    }
}
