public import Primitives

/// What `node_status` answers: how this node sees itself and its chain.
public struct NodeStatus: Hashable, Sendable, Codable {
    public let version: String
    /// ``ProgramVersion/ledger`` of the node; absent of builds before it was told.
    public let ledgerVersion: UInt64?
    public let network: Hash
    public let networkKind: String
    public let head: ChainHead
    /// The lowest block that this node keeps whole; of those below it has headers and certificates only.
    public let lowestBlock: Height
    /// The epoch that the next block belongs to.
    public let epoch: UInt64
    /// The view of consensus that this node is in, or last heard of if it doesn't vote.
    public let view: UInt64
    /// The highest height that a peer proved to have; the own one if none is higher.
    public let targetHeight: Height
    /// Blocks behind ``targetHeight``.
    public let lag: UInt64
    public let isSyncing: Bool
    public let isReady: Bool
    /// Why it is not ready, in a sentence for people.
    public let notReadyBecause: String?
    /// Why no block becomes final although one is due, in a sentence for people; absent while the chain goes on.
    public let stalledBecause: String?
    public let isValidator: Bool
    /// The last epoch in which this node's validator key watches for another copy of itself instead of voting; absent if it
    /// votes. Until the node has caught up, which one that is is not known, and it is the largest number.
    public let watchesThroughEpoch: UInt64?
    public let validatorCount: UInt64
    /// How many validators must vote for a block.
    public let quorum: UInt64
    public let peerCount: UInt64
    public let pendingCount: UInt64
    public let uptimeMilliseconds: UInt64
    /// The upgrade that the network has scheduled last; absent if there is none.
    public let upgrade: UpgradeStatus?

    public init(
        version: String, network: Hash, networkKind: String, head: ChainHead, lowestBlock: Height = .genesis,
        epoch: UInt64, view: UInt64, targetHeight: Height, isSyncing: Bool, isReady: Bool, notReadyBecause: String?,
        stalledBecause: String?,
        isValidator: Bool, watchesThroughEpoch: UInt64? = nil, validatorCount: UInt64, quorum: UInt64,
        peerCount: UInt64, pendingCount: UInt64,
        uptimeMilliseconds: UInt64, upgrade: UpgradeStatus? = nil, ledgerVersion: UInt64? = ProgramVersion.ledger
    ) {
        self.version = version
        self.ledgerVersion = ledgerVersion
        self.network = network
        self.networkKind = networkKind
        self.head = head
        self.lowestBlock = lowestBlock
        self.epoch = epoch
        self.view = view
        self.targetHeight = max(targetHeight, head.height)
        lag = self.targetHeight.value - head.height.value
        self.isSyncing = isSyncing
        self.isReady = isReady
        self.notReadyBecause = notReadyBecause
        self.stalledBecause = stalledBecause
        self.isValidator = isValidator
        self.watchesThroughEpoch = watchesThroughEpoch
        self.validatorCount = validatorCount
        self.quorum = quorum
        self.peerCount = peerCount
        self.pendingCount = pendingCount
        self.uptimeMilliseconds = uptimeMilliseconds
        self.upgrade = upgrade
    }
}

/// From which height on which release makes blocks, and whether this node's is new enough.
public struct UpgradeStatus: Hashable, Sendable, Codable {
    public let height: Height
    public let release: Release
    /// False: the node stops before that height.
    public let isInstalled: Bool

    public init(height: Height, release: Release, isInstalled: Bool) {
        self.height = height
        self.release = release
        self.isInstalled = isInstalled
    }
}

/// A connected peer, as `node_peers` lists it.
public struct PeerView: Hashable, Sendable, Codable {
    /// Its static transport key, proved in the handshake.
    public let transportKey: TransportKey
    /// `HOST:PORT` at the other end of the connection; of an inbound one the port is of no use for dialing.
    public let address: String
    public let isInbound: Bool
    /// `validator` if the key is enrolled in the current epoch, else `observer`.
    public let role: String
    /// The validator's name, if it is one.
    public let validator: String?
    /// The highest final height that it proved.
    public let height: Height
    /// The highest view that it told of.
    public let view: UInt64
    /// Of the last ping; absent before the first.
    public let roundTripMicroseconds: UInt64?
    public let bytesReceived: UInt64
    public let bytesSent: UInt64
    public let connectedMilliseconds: UInt64

    public init(
        transportKey: TransportKey, address: String, isInbound: Bool, role: String, validator: String?,
        height: Height, view: UInt64, roundTripMicroseconds: UInt64?, bytesReceived: UInt64, bytesSent: UInt64,
        connectedMilliseconds: UInt64
    ) {
        self.transportKey = transportKey
        self.address = address
        self.isInbound = isInbound
        self.role = role
        self.validator = validator
        self.height = height
        self.view = view
        self.roundTripMicroseconds = roundTripMicroseconds
        self.bytesReceived = bytesReceived
        self.bytesSent = bytesSent
        self.connectedMilliseconds = connectedMilliseconds
    }
}

/// A validator of the current epoch, as `node_validators` lists it: what the ledger says, and what this node sees.
public struct ValidatorView: Hashable, Sendable, Codable {
    public let index: UInt64
    public let name: String
    /// Signs its votes.
    public let key: Address
    public let party: Party?
    /// Absent where the ledger has none: a network of one needs none.
    public let transportKey: TransportKey?
    /// Whether it is the node that answers.
    public let isOwn: Bool
    /// Whether the node that answers has a connection to it; true for the own one.
    public let isConnected: Bool
    /// The highest view that a vote of it was seen in since this node started.
    public let lastVoteView: UInt64?
    /// The highest final height that it proved; absent while unknown.
    public let height: Height?
    /// Blocks behind the highest of all validators; absent while its height is unknown.
    public let lag: UInt64?

    public init(
        index: UInt64, name: String, key: Address, party: Party?, transportKey: TransportKey?, isOwn: Bool,
        isConnected: Bool, lastVoteView: UInt64?, height: Height?, lag: UInt64?
    ) {
        self.index = index
        self.name = name
        self.key = key
        self.party = party
        self.transportKey = transportKey
        self.isOwn = isOwn
        self.isConnected = isConnected
        self.lastVoteView = lastVoteView
        self.height = height
        self.lag = lag
    }
}
