internal import Networking
internal import Primitives
internal import Replica

/// Where peers can be reached: as configured, and as they said themselves.
struct AddressBook: Sendable {
    private let configured: [TransportKey: [PeerAddress]]
    /// Said and signed by their owners since the start.
    private var signed: [TransportKey: PeerAddressRecord] = [:]
    /// Of earlier runs, or without the record at hand.
    private var learned: [TransportKey: PeerAddress] = [:]
    /// When the last record of each key was taken, by this node's clock.
    private var taken: [TransportKey: Timestamp] = [:]

    /// A record of the future would never be replaced.
    private static let aheadMilliseconds: UInt64 = 600_000
    /// Nobody moves twice in so short a time; each record that is taken is told to everyone.
    private static let pauseMilliseconds: UInt64 = 20_000

    /// Entries are `KEY@HOST:PORT`; what is not is passed over (settings are checked where they are read).
    init(configured entries: [String], learned contacts: [PeerContact]) {
        var configured: [TransportKey: [PeerAddress]] = [:]
        for contact in entries.compactMap({ PeerContact($0) }) {
            configured[contact.key, default: []].append(PeerAddress(host: contact.host, port: contact.port))
        }
        self.configured = configured
        for contact in contacts {
            learned[contact.key] = PeerAddress(host: contact.host, port: contact.port)
        }
    }

    func isConfigured(_ key: TransportKey) -> Bool { configured[key] != nil }

    /// True if it is news: of a validator, and later than what is known of it.
    mutating func learn(_ record: PeerAddressRecord, among validators: Set<TransportKey>, now: Timestamp) -> Bool {
        guard validators.contains(record.key), record.time <= now.adding(milliseconds: Self.aheadMilliseconds) else {
            return false
        }
        if let known = signed[record.key], known.time >= record.time { return false }
        if let last = taken[record.key], now < last.adding(milliseconds: Self.pauseMilliseconds) { return false }
        taken[record.key] = now
        signed[record.key] = record
        learned[record.key] = PeerAddress(host: record.host, port: Int(record.port))
        return true
    }

    /// What a peer that connects is told, this node's own first.
    func records(with own: PeerAddressRecord?) -> [PeerAddressRecord] {
        let known = signed.values.sorted { $0.key < $1.key }
        return Array(([own].compactMap { $0 } + known).prefix(PeerMessageLimits.addresses))
    }

    /// Whom to keep connected: everyone configured, and the epoch's validators whose address is known.
    func targets(validators: [TransportKey]) -> [TransportKey: [PeerAddress]] {
        var targets = configured
        for key in validators {
            guard let address = learned[key], !(targets[key]?.contains(address) ?? false) else { continue }
            targets[key, default: []].append(address)
        }
        return targets
    }

    var contacts: [PeerContact] {
        learned.sorted { $0.key < $1.key }.map { PeerContact(key: $0.key, host: $0.value.host, port: $0.value.port) }
    }
}
