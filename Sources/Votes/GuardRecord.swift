public import Encoding
public import Primitives

/// The double-sign guard: the highest position at which this key signed, and what. It lives in a file of its own,
/// independent of the database and never backed up, and is durable before a signature leaves the signer.
///
/// | position of the new vote | kind | slots at the held position | answer |
/// |---|---|---|---|
/// | higher | any | any | sign; both slots start anew |
/// | same | any | the same vote is held | sign again (the same message) |
/// | same | notarize | both empty | sign |
/// | same | notarize | any taken | refuse |
/// | same | nullify, finalize | terminal empty | sign |
/// | same | nullify, finalize | terminal taken | refuse |
/// | lower | any | any | refuse |
///
/// No order of kinds would do: each permits finalize after nullify, or the reverse.
/// Bytes: `[version, network, key, watching / null, epoch, view, notarize / null, terminal / null]`.
public struct GuardRecord: CBORCodable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 1

    public let network: Hash
    /// Whose signatures are guarded.
    public let key: Address
    /// Set where a key came without its guard: nothing is signed in this epoch or before. If no vote by the key
    /// appears in it, the key votes from the next one on. ``Epoch/maximum`` until the node knows which epoch it is.
    public let watching: Epoch?
    public let position: EpochView
    public let notarize: Vote?
    /// A nullify or a finalize.
    public let terminal: Vote?

    /// What a new key starts with: nothing signed.
    public init(network: Hash, key: Address) {
        self.init(
            network: network, key: key, watching: nil, position: EpochView(.genesis, .genesis), notarize: nil,
            terminal: nil)
    }

    /// For a key that may have signed elsewhere, before this node knows which epoch it is: it watches every epoch.
    public static func watchingEverything(network: Hash, key: Address) -> GuardRecord {
        GuardRecord(network: network, key: key, watching: .maximum)
    }

    /// For a key that may have signed elsewhere.
    public init(network: Hash, key: Address, watching epoch: Epoch) {
        self.init(
            network: network, key: key, watching: epoch, position: EpochView(.genesis, .genesis), notarize: nil,
            terminal: nil)
    }

    private init(
        network: Hash, key: Address, watching: Epoch?, position: EpochView, notarize: Vote?, terminal: Vote?
    ) {
        self.network = network
        self.key = key
        self.watching = watching
        self.position = position
        self.notarize = notarize
        self.terminal = terminal
    }

    // MARK: A key that came without its guard

    /// True if nothing is signed in `epoch` because the key watches it.
    public func isWatching(_ epoch: Epoch) -> Bool { watching.map { epoch <= $0 } ?? false }

    /// The node is synced and in `epoch`: the key watches what is left of it and the whole next one. Called at every
    /// start. A watch that is under way goes on, so that restarts don't prolong it; one that ended while the node was
    /// away begins anew, unless the key has voted since.
    public func beginningWatch(in epoch: Epoch) -> GuardRecord {
        guard let watching, position.epoch <= watching, watching == .maximum || watching < epoch else { return self }
        return GuardRecord(
            network: network, key: key, watching: epoch.next, position: position, notarize: notarize,
            terminal: terminal)
    }

    /// The operator says that no other machine has the key, and signs that `epoch` begins: from then on the key votes in
    /// it and in no earlier one. Nil if it has voted there already, or later.
    public func restarting(in epoch: Epoch) -> GuardRecord? {
        guard position.epoch < epoch || position == EpochView(epoch, .genesis) else { return nil }
        return GuardRecord(
            network: network, key: key, watching: nil, position: EpochView(epoch, .genesis), notarize: nil,
            terminal: nil)
    }

    /// True if the vote proves that another copy of the key runs: it is of the watched epoch, which began after this
    /// node was synced, so nothing that this machine signed before it lost its guard is of it. Votes of earlier epochs
    /// prove nothing. Precondition: the signature was verified with `set`, the vote's epoch's.
    public func provesAnotherCopy(_ vote: SignedVote, in set: ValidatorSet) -> Bool {
        vote.vote.epoch == watching && set[vote.validator]?.key == key
    }

    /// The same of a certificate, which may come with a block of the watched epoch long after it was signed.
    public func provesAnotherCopy(_ certificate: Certificate, in set: ValidatorSet) -> Bool {
        guard certificate.epoch == watching, let index = set.index(of: key) else { return false }
        return certificate.signers.contains(index)
    }

    public enum Decision: Hashable, Sendable {
        /// Make the new record durable, then sign.
        case sign(GuardRecord)
        /// The very vote is held: sign again, nothing to write.
        case signAgain
        case refuse(Reason)
    }

    public enum Reason: String, Hashable, Sendable {
        case lowerPosition = "something is signed at a higher position"
        case notarizeTaken = "another notarize, or a later vote, is signed at this position"
        case terminalTaken = "another nullify or finalize is signed at this position"
        case watching = "the key came without its guard and watches this epoch"
        case malformed = "the vote is not well formed"
    }

    /// The table above.
    public func decide(_ vote: Vote) -> Decision {
        guard vote.isWellFormed else { return .refuse(.malformed) }
        if let watching, vote.epoch <= watching { return .refuse(.watching) }
        if vote.position > position { return .sign(holding(vote, at: vote.position, notarize: nil, terminal: nil)) }
        guard vote.position == position else { return .refuse(.lowerPosition) }
        if vote == notarize || vote == terminal { return .signAgain }
        if vote.kind == .notarize {
            guard notarize == nil, terminal == nil else { return .refuse(.notarizeTaken) }
        } else {
            guard terminal == nil else { return .refuse(.terminalTaken) }
        }
        return .sign(holding(vote, at: position, notarize: notarize, terminal: terminal))
    }

    private func holding(_ vote: Vote, at position: EpochView, notarize: Vote?, terminal: Vote?) -> GuardRecord {
        GuardRecord(
            network: network, key: key, watching: watching, position: position,
            notarize: vote.kind == .notarize ? vote : notarize, terminal: vote.kind.isTerminal ? vote : terminal)
    }

    /// What it holds, to be merged into the journal and sent again after a restart.
    public var votes: [Vote] { [notarize, terminal].compactMap(\.self) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(Self.formatVersion)
        writer.write(network)
        writer.write(key)
        writer.write(watching)
        writer.write(position.epoch)
        writer.write(position.view)
        writer.write(notarize)
        writer.write(terminal)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("guard", count: 8) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            let record = GuardRecord(
                network: try reader.value("network"), key: try reader.value("key"),
                watching: try reader.optional("watching"),
                position: EpochView(try reader.value("epoch"), try reader.value("view")),
                notarize: try reader.optional("notarize"), terminal: try reader.optional("terminal"))
            guard record.votes.allSatisfy({ $0.position == record.position }),
                record.notarize.map({ $0.kind == .notarize }) ?? true,
                record.terminal.map({ $0.kind.isTerminal }) ?? true
            else { throw reader.failure(.outOfRange, "guard") }
            return record
        }
    }
}
