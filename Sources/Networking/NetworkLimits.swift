/// Every bound of the transport, each with its reason. Sizes of messages and windows are part of the protocol: both
/// ends have the same. The rest is each node's own.
public struct NetworkLimits: Sendable {
    // MARK: Before a key is proven

    /// From the first byte to the first frame, in all. A handshake needs one and a half round trips; whoever dribbles
    /// bytes to hold a place (slow loris) loses it.
    public var handshake: Duration = .seconds(5)
    /// Connections that have not proven a key. Full, the oldest gives way: an honest handshake is over in a few round
    /// trips, one that is meant to hold the place wants all of its time.
    public var unprovenConnections = 256
    /// Of those, from one address (an IPv6 /64 counts as one). A data center's address translation hides many honest
    /// nodes, which don't all start within one handshake.
    public var unprovenPerAddress = 32
    /// Handshakes that may fail from one address within ``failureWindow`` before it is refused for that long. Only
    /// failures count: what succeeds from the same address takes nothing from it.
    public var failuresPerAddress = 20
    public var failureWindow: Duration = .seconds(60)
    /// Connections without a proven key at a time from an address that is refused.
    public var unprovenPerSuspect = 2
    /// Loopback and private addresses are counted and never refused: behind one stand many nodes of an institution,
    /// which one bad neighbor must not lock out.
    public var refusesPrivateAddresses = false

    // MARK: Connections

    /// Inbound observers that the operator did not name. Validators have no such bound but their set, and are never
    /// crowded out.
    public var inboundObservers = 128
    /// Of those, from one address: a stranger with one machine does not take every place. Private addresses have no such
    /// bound.
    public var observersPerAddress = 16
    /// A connection on which nothing arrived for this long is dead.
    public var idle: Duration = .seconds(60)
    /// Four pings fit into ``idle``. A ping that is unanswered for as long as ``idle`` ends the connection as well: the
    /// peer sends, but does not read.
    public var ping: Duration = .seconds(15)
    /// A newcomer that loses against a connection whose peer then does not answer within this time finds that one gone
    /// when it tries again.
    public var duplicateProbe: Duration = .seconds(2)
    /// How long a stopping node waits for handlers to return.
    public var closing: Duration = .seconds(2)
    /// How long a key stays refused for data that is provably invalid: long enough to be no load, short enough that a
    /// validator with repaired software is back soon.
    public var ban: Duration = .seconds(600)
    /// Keys and addresses remembered as banned or failing; full, the one closest to its end is forgotten.
    public var rememberedOffenders = 4_096

    // MARK: Dialing

    /// First pause before dialing again; doubled each time, with jitter.
    public var dialPause: Duration = .milliseconds(500)
    /// The longest pause: a validator that comes back is found within it.
    public var longestDialPause: Duration = .seconds(30)
    /// A connection that lasts less than this did not succeed, so far as pauses go.
    public var settled: Duration = .seconds(10)
    /// Addresses kept for one peer.
    public var addressesPerPeer = 8

    // MARK: Messages

    /// The largest message on each channel. Consensus: a compact proposal of 10,000 transactions is 80 KB, a certificate
    /// of 100 validators 7 KB. Blocks: 2 MiB, and what frames it. Transactions: 64 KiB each, sent in batches. Sync: the
    /// transport's maximum of 8 MiB.
    public var messageBytes = PerChannel<Int> { channel in
        switch channel {
        case .consensus: 1 << 20
        case .blocks: 4 << 20
        case .transactions: 2 << 20
        case .sync: 8 << 20
        }
    }
    /// What is cut off a message for one frame. Small, so that a vote waits for at most one of them: 16 KiB are 0.13 ms
    /// at 1 Gbit/s.
    public var fragmentBytes = 16 << 10
    /// A fragment that is not its message's last holds at least this much.
    public static let smallestFragmentBytes = 1 << 10
    /// A message that was begun is there within this time: the largest over 1 Mbit/s with others before it.
    public var message: Duration = .seconds(180)
    /// What all strangers may make this node hold together, received and not handled, or (the same again) waiting to be
    /// sent. Half of it is shared out evenly, half is for whoever needs more; without any left one that wants more is
    /// disconnected, or its message dropped. Validators are bounded by their set, others by the operator.
    public var observerBytes = 256 << 20
    /// What a peer may send beyond the largest message before the handler has returned: several small messages in flight
    /// while one is handled.
    public var windowSurplus = 256 << 10
    /// A message costs this much of window and queue beside its bytes, so that empty ones are not free.
    public static let messageOverhead = 128
    /// The most credit a peer may hold with us, or we with it. A sum above it is a violation, not an overflow.
    public static let largestWindow = 64 << 20

    /// Bytes that may wait to be sent to one peer. Twice the largest message, so that one can follow another.
    public func queueBytes(_ channel: MessageChannel) -> Int { 2 * messageBytes[channel] }
    /// Messages that may wait to be sent to one peer.
    public var queueMessages = 4_096
    /// What a peer may send on a channel before anything is handled. Below ``largestWindow``.
    public func window(_ channel: MessageChannel) -> Int {
        min(messageBytes[channel] + Self.messageOverhead + windowSurplus, Self.largestWindow)
    }
    /// Bytes that the kernel holds for a peer and has not sent (TCP_NOTSENT_LOWAT): what a vote can't overtake.
    public var unsentBytes = 128 << 10

    // MARK: Rates

    /// What a peer may send on a channel in a second on the long run, and at once. Above it its connection is not read
    /// for as long as it owes, at most ``longestPause``. Consensus: 100 validators send two votes each per view from one
    /// peer only when it relays; transactions: 64 MiB of pool within seconds; sync answers what we asked for.
    public var rates = PerChannel<ChannelRate> { channel in
        switch channel {
        case .consensus: ChannelRate(messages: 2_000, messageBurst: 8_000, bytes: 8_388_608, byteBurst: 16_777_216)
        case .blocks: ChannelRate(messages: 500, messageBurst: 2_000, bytes: 67_108_864, byteBurst: 67_108_864)
        case .transactions: ChannelRate(messages: 4_000, messageBurst: 16_000, bytes: 16_777_216, byteBurst: 33_554_432)
        case .sync: ChannelRate(messages: 1_000, messageBurst: 4_000, bytes: 134_217_728, byteBurst: 134_217_728)
        }
    }
    /// Frames of any kind: eight thousand carry the most bytes that the rates allow.
    public var frameRate = 20_000.0
    public var frameBurst = 60_000.0
    /// Pings and their like, which cost an answer.
    public var controlRate = ChannelRate(messages: 20, messageBurst: 100, bytes: 1_024, byteBurst: 8_192)
    public var longestPause: Duration = .seconds(5)
    /// Pauses for too many messages, in seconds owed, that end the connection: who is at the limit for a minute without
    /// rest floods. Half of the time is forgiven.
    public var floodPauseSeconds = 30.0

    /// Threads that run the connections: two, so that one slow handshake does not hold up every vote.
    public var threads = 2

    public init() {}
}

/// Rates are per second; a burst is what a rested peer may send at once.
public struct ChannelRate: Sendable {
    public var messages: Double
    public var messageBurst: Double
    public var bytes: Double
    public var byteBurst: Double

    public init(messages: Double, messageBurst: Double, bytes: Double, byteBurst: Double) {
        self.messages = messages
        self.messageBurst = messageBurst
        self.bytes = bytes
        self.byteBurst = byteBurst
    }
}
