internal import Encoding
public import Primitives
public import Votes

/// Keeps a key from signing two things that exclude each other, whatever happens to the database. In a file of its own:
/// `guard record ‖ XXH64 (8)`; the rules are ``GuardRecord``'s.
///
/// Single owner: one thread or actor uses it.
public final class SigningGuard {
    private static let name = "guard"
    private let disk: any Disk
    /// What is durable.
    public private(set) var record: GuardRecord
    private var failure: StorageFailure?

    private init(disk: any Disk, record: GuardRecord) {
        self.disk = disk
        self.record = record
    }

    /// Creates the guard together with its key. Refuses to replace one.
    public static func create(on disk: any Disk, record: GuardRecord) throws(StorageFailure) -> SigningGuard {
        guard try disk.read(name) == nil else { throw .homeExists(path: "the signing guard's directory") }
        let created = SigningGuard(disk: disk, record: record)
        try created.store(record)
        return created
    }

    /// Creates the guard of a key that came without one and may have signed elsewhere. It signs nothing until
    /// ``beginWatching(epoch:)`` was called and the epoch behind that one is over.
    public static func createWatching(
        on disk: any Disk, network: Hash, key: Address
    ) throws(StorageFailure) -> SigningGuard {
        try create(on: disk, record: .watchingEverything(network: network, key: key))
    }

    /// Throws ``StorageFailure/noGuard`` if there is none; then the key must watch an epoch first.
    public static func open(on disk: any Disk, network: Hash, key: Address) throws(StorageFailure) -> SigningGuard {
        guard let bytes = try disk.read(name) else { throw .noGuard }
        guard bytes.count > 8,
            Checksum.xxh64(Array(bytes.dropLast(8))).bigEndianBytes.elementsEqual(bytes.suffix(8)),
            let record = try? GuardRecord(decoding: Array(bytes.dropLast(8)))
        else { throw .damaged(what: "the signing guard fails its check") }
        guard record.network == network else {
            throw .otherNetwork(path: "the signing guard", found: record.network, expected: network)
        }
        guard record.key == key else { throw .damaged(what: "the signing guard belongs to key \(record.key)") }
        return SigningGuard(disk: disk, record: record)
    }

    /// The decision about `vote`. When it says to sign, what it allows is durable already. After a failed write it
    /// allows nothing more: the disk may hold either record.
    public func approve(_ vote: Vote) throws(StorageFailure) -> GuardRecord.Decision {
        if let failure { throw failure }
        let decision = record.decide(vote)
        if case .sign(let new) = decision { try store(new) }
        return decision
    }

    /// The node is synced and in `epoch`; durable when it returns (``GuardRecord/beginningWatch(in:)``).
    public func beginWatching(epoch: Epoch) throws(StorageFailure) {
        if let failure { throw failure }
        let new = record.beginningWatch(in: epoch)
        if new != record { try store(new) }
    }

    /// Durable when it returns true (``GuardRecord/restarting(in:)``); false if the key voted in that epoch already.
    public func restart(in epoch: Epoch) throws(StorageFailure) -> Bool {
        if let failure { throw failure }
        guard let new = record.restarting(in: epoch) else { return false }
        if new != record { try store(new) }
        return true
    }

    private func store(_ new: GuardRecord) throws(StorageFailure) {
        let bytes = new.encoded
        do throws(StorageFailure) {
            try disk.replace(Self.name, with: bytes + Checksum.xxh64(bytes).bigEndianBytes)
        } catch {
            failure = error
            throw error
        }
        record = new
    }
}
