public import Primitives
public import StateModel

/// Which events a client wants; what is given must all hold.
public struct EventFilter: Hashable, Sendable, Codable {
    /// A domain's name: `licenses`.
    public var domain: String?
    /// An event's name: `license.sold`.
    public var name: String?
    public var party: Party?
    public var inft: INFTID?
    public var license: LicenseID?
    public var consent: ConsentID?

    public init(
        domain: String? = nil, name: String? = nil, party: Party? = nil, inft: INFTID? = nil,
        license: LicenseID? = nil, consent: ConsentID? = nil
    ) {
        self.domain = domain
        self.name = name
        self.party = party
        self.inft = inft
        self.license = license
        self.consent = consent
    }

    public func admits(_ event: any LedgerEvent) -> Bool {
        if let domain, type(of: event).domain.name != domain { return false }
        if let name, event.name != name { return false }
        guard party != nil || inft != nil || license != nil || consent != nil else { return true }
        let topics = event.topics
        if let party, !topics.contains(.party(party)) { return false }
        if let inft, !topics.contains(.inft(inft)) { return false }
        if let license, !topics.contains(.license(license)) { return false }
        if let consent, !topics.contains(.consent(consent)) { return false }
        return true
    }

    func checked() throws(CallFailure) -> EventFilter {
        if let domain, !DomainNumber.allCases.contains(where: { $0.name == domain }) {
            let names = DomainNumber.allCases.map(\.name).joined(separator: ", ")
            throw .invalidParameters("filter.domain", "Expected one of \(names).")
        }
        return self
    }
}

/// Where a client stands in the stream of events, as text: opaque to clients, and the same on every node, since it
/// names a position of the chain.
public enum EventCursor {
    /// `01`, height and index as sixteen hexadecimal digits each.
    public static func text(_ position: EventPosition) -> String {
        var bytes: [UInt8] = [1]
        for number in [position.height.value, position.index] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return Hexadecimal.encode(bytes)
    }

    public static func position(_ text: String) -> EventPosition? {
        guard let bytes = Hexadecimal.decode(text), bytes.count == 17, bytes[0] == 1 else { return nil }
        func number(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return EventPosition(height: Height(number(1)), index: number(9))
    }

    /// `text` nil stands for `standard`; `start` and `now` may be said in words.
    static func resolve(
        _ text: String?, standard: String, backend: some LedgerBackend
    ) async throws(CallFailure) -> EventPosition {
        switch text ?? standard {
        case "start": return EventPosition(height: .genesis, index: 0)
        case "now":
            let head = await backend.head().height.value
            return EventPosition(height: Height(head.adding(1) ?? head), index: 0)
        case let text:
            guard let position = position(text) else {
                throw .invalidParameters("cursor", "Give a cursor that this ledger's events carried, start, or now.")
            }
            return position
        }
    }
}

/// One event with its cursor: whoever continues from that cursor gets everything after this event.
public struct EventItem: Sendable {
    public let cursor: String
    public let json: JSONValue

    init(_ entry: LedgerEventEntry, networkKind: NetworkKind) throws {
        let next = EventPosition(height: entry.height, index: entry.index + 1)
        cursor = EventCursor.text(next)
        json = .object([
            "cursor": .string(cursor), "height": .unsigned(entry.height.value),
            "blockHash": .string(entry.blockHash.description), "time": .unsigned(entry.time.milliseconds),
            "index": .unsigned(entry.index), "transaction": entry.transaction.map { .string($0.description) } ?? .null,
            "domain": .string(type(of: entry.event).domain.name), "name": .string(entry.event.name),
            "event": try JSONValueEncoder.encode(entry.event, networkKind: networkKind),
        ])
    }
}

/// Walks the stream of events: in order, none skipped. Long polls, WebSockets and server-sent events all follow it.
public struct EventFollower: Sendable {
    /// How many events one call may look at to find those that a filter wants; above it, it answers with a cursor and
    /// fewer items, so that no call's work is unbounded.
    public static let scanLimit = 5_000
    private static let batch = 500
    /// How many reads of the backend one call makes: blocks without events cost work as well.
    private static let readLimit = 16

    public private(set) var position: EventPosition
    public let filter: EventFilter

    public init(position: EventPosition, filter: EventFilter) {
        self.position = position
        self.filter = filter
    }

    /// `cursor` nil means now.
    public static func following(
        cursor: String?, filter: EventFilter, backend: some LedgerBackend
    ) async throws(CallFailure) -> EventFollower {
        EventFollower(
            position: try await EventCursor.resolve(cursor, standard: "now", backend: backend),
            filter: try filter.checked())
    }

    public var cursor: String { EventCursor.text(position) }

    /// The next events, at most `limit`; empty if none is there yet, or if the scan limit was met first.
    /// `isCaughtUp` says that all of the head's events have been seen.
    public mutating func next(
        limit: Int, backend: some LedgerBackend
    ) async throws -> (items: [EventItem], isCaughtUp: Bool, head: ChainHead) {
        var items: [EventItem] = []
        var scanned = 0
        let head = await backend.head()
        for _ in 0..<Self.readLimit where scanned < Self.scanLimit {
            let wanted = min(Self.batch, Self.scanLimit - scanned)
            let (entries, next) = try await backend.events(from: position, limit: wanted)
            for entry in entries {
                position = EventPosition(height: entry.height, index: entry.index + 1)
                if filter.admits(entry.event) {
                    items.append(try EventItem(entry, networkKind: backend.networkKind))
                    if items.count == limit { return (items, false, head) }
                }
            }
            scanned += entries.count
            let isAtEnd = next.height > head.height
            // Never backwards, so that a cursor beyond the head stays where its owner put it.
            position = max(position, next)
            if isAtEnd { return (items, true, head) }
        }
        return (items, false, head)
    }
}
