public import Primitives

/// How a transaction gets into a block.
public enum Lane: Hashable, Sendable {
    /// Weighed on its sponsor.
    case ordinary
    /// An act that nobody can be kept from, where it has a record to act on.
    case reserved(rank: ReservedRank)
}

/// The order in the reserved lane.
public enum ReservedRank: UInt8, Hashable, Comparable, Sendable {
    /// Withdrawal, refund, recovery cancel, change of sponsor.
    case act = 0
    /// Claims come last: money waits safely.
    case claim = 1
    /// `license.complete`, `inft.completeTransfer`: any number, beyond the lane's weight if need be.
    case delivery = 2

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A verified transaction as the pool sees it. `Payload` is what its owner wants back with it.
public struct PoolTransaction<Payload: Sendable>: Sendable {
    /// Hash of the complete bytes.
    public let wireID: Hash
    /// What is signed; names the transaction.
    public let hash: Hash
    public let sender: Address
    public let sequence: UInt64
    /// Who answers for its weight; in the reserved lane, who last did.
    public let sponsor: Party
    public let weight: UInt64
    public let validUntil: Timestamp?
    public let lane: Lane
    /// For reserved acts: whether the ledger holds something that they act on.
    public let hasRecordToActOn: Bool
    public let bytes: [UInt8]
    public let payload: Payload

    public init(
        wireID: Hash, hash: Hash, sender: Address, sequence: UInt64, sponsor: Party, weight: UInt64,
        validUntil: Timestamp?, lane: Lane, hasRecordToActOn: Bool, bytes: [UInt8], payload: Payload
    ) {
        self.wireID = wireID
        self.hash = hash
        self.sender = sender
        self.sequence = sequence
        self.sponsor = sponsor
        self.weight = weight
        self.validUntil = validUntil
        self.lane = lane
        self.hasRecordToActOn = hasRecordToActOn
        self.bytes = bytes
        self.payload = payload
    }

    public var byteCount: Int { bytes.count }
    public var isReserved: Bool { lane != .ordinary }
}
