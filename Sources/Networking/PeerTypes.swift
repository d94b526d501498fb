public import Primitives

/// What a message is about. The order is that of sending: what comes first overtakes what comes later.
public enum MessageChannel: UInt8, CaseIterable, Hashable, Sendable {
    /// Votes, certificates, compact proposals.
    case consensus = 0
    /// Blocks, and what a compact proposal lacks.
    case blocks = 1
    case transactions = 2
    case sync = 3

    /// As in metrics and logs.
    public var name: String {
        switch self {
        case .consensus: "consensus"
        case .blocks: "blocks"
        case .transactions: "transactions"
        case .sync: "sync"
        }
    }
}

/// One value for each channel.
public struct PerChannel<Value> {
    private var values: [Value]

    public init(_ value: (MessageChannel) -> Value) { values = MessageChannel.allCases.map(value) }

    public subscript(channel: MessageChannel) -> Value {
        get { values[Int(channel.rawValue)] }
        set { values[Int(channel.rawValue)] = newValue }
    }
}

extension PerChannel: Sendable where Value: Sendable {}

/// Where a peer listens: a numeric address or a name, and a port.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Nil unless `text` is `HOST:PORT`, with a port between 0 and 65535 and an IPv6 address in brackets. That a name
    /// exists is not checked.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        guard let port = UInt16(digits) else { return nil }
        var host = text[..<colon]
        if host.first == "[" {
            guard host.last == "]", host.contains(":") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let isPlain = host.utf8.allSatisfy { byte in
            (48...58).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "%")].contains(byte)
        }
        guard !host.isEmpty, host.utf8.count <= 253, isPlain else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a peer is to this node.
public enum PeerRole: Hashable, Sendable {
    case validator
    /// A stranger that follows the chain.
    case observer
    /// An observer that the operator named, which has a place whatever strangers do.
    case listed
}

/// The answer to: may this key stay?
public enum PeerAdmission: Hashable, Sendable {
    case admit(PeerRole)
    /// The reason is logged here; the peer learns only that it was refused.
    case refuse(String)
}

/// What the network tells, and asks of, whoever uses it.
public protocol PeerHandler: Sendable {
    /// Right after act three (inbound), or before dialing and once more when the peer has answered (outbound): may this
    /// key stay? Called on an event loop: it looks something up and does not wait.
    func admission(of key: TransportKey, isInbound: Bool) -> PeerAdmission

    /// Before anything is received from this peer. After it `send` reaches the peer. For one key, calls of `connected`
    /// and `disconnected` alternate.
    func connected(_ key: TransportKey, address: PeerAddress, isInbound: Bool)

    /// After the last message of this connection was handled.
    func disconnected(_ key: TransportKey)

    /// Called in order, one at a time per (peer, channel). What the message took of the peer's window is given back when
    /// it returns: until then the peer may send only what is left of it.
    func received(_ message: [UInt8], on channel: MessageChannel, from key: TransportKey) async
}

/// A connection as operators see it.
public struct PeerConnectionInfo: Sendable {
    public let key: TransportKey
    public let address: PeerAddress
    public let isInbound: Bool
    public let role: PeerRole
    public let since: ContinuousClock.Instant
    /// Messages' bytes and their frames', before encryption.
    public let bytesIn: PerChannel<UInt64>
    public let bytesOut: PerChannel<UInt64>
    /// Of the last answered ping; nil before the first.
    public let roundTrip: Duration?
    /// Bytes that wait to be sent.
    public let queuedBytes: PerChannel<Int>
}
