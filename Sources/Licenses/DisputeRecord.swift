internal import Cryptography
public import Encoding
public import Primitives

/// An arbiter's place on a panel. `[arbiter, drawnAt, state, show?, commitment?, vote?]`
public struct DisputeSeat: CBORCodable, Codable, Hashable, Sendable {
    public let arbiter: Address
    public let drawnAt: Timestamp
    public var state: DisputeSeatState
    /// The delivery by which the arbiter gets the content key.
    public var show: DeliveryID?
    /// To the vote.
    public var commitment: Hash?
    public var vote: DisputeVote?

    public init(
        arbiter: Address, drawnAt: Timestamp, state: DisputeSeatState = .drawn, show: DeliveryID? = nil,
        commitment: Hash? = nil, vote: DisputeVote? = nil
    ) {
        self.arbiter = arbiter
        self.drawnAt = drawnAt
        self.state = state
        self.show = show
        self.commitment = commitment
        self.vote = vote
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(arbiter)
        writer.write(drawnAt)
        writer.write(state)
        writer.write(show)
        writer.write(commitment)
        writer.write(vote)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            DisputeSeat(
                arbiter: try reader.value("arbiter"), drawnAt: try reader.value("drawnAt"),
                state: try reader.value("state"), show: try reader.optional("show"),
                commitment: try reader.optional("commitment"), vote: try reader.optional("vote"))
        }
    }
}

/// What came out, of a round or of the whole. `[outcome, cause, at]`
public struct DisputeFinding: CBORCodable, Codable, Hashable, Sendable {
    public let outcome: DisputeOutcome
    public let cause: DisputeCause
    public let at: Timestamp

    public init(outcome: DisputeOutcome, cause: DisputeCause, at: Timestamp) {
        self.outcome = outcome
        self.cause = cause
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(outcome)
        writer.write(cause)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DisputeFinding(
                outcome: try reader.value("outcome"), cause: try reader.value("cause"), at: try reader.value("at"))
        }
    }
}

/// What one side brings to a round. `[commitment, evidence?, nonce?]`
public struct DisputePleading: CBORCodable, Codable, Hashable, Sendable {
    /// To the nonce; made before the other side's nonce is known.
    public let commitment: Hash
    /// Salted commitment to documents, unique on the ledger.
    public let evidence: Hash?
    /// Once it is revealed.
    public var nonce: Hash?

    public init(commitment: Hash, evidence: Hash?, nonce: Hash? = nil) {
        self.commitment = commitment
        self.evidence = evidence
        self.nonce = nonce
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(commitment)
        writer.write(evidence)
        writer.write(nonce)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DisputePleading(
                commitment: try reader.value("commitment"), evidence: try reader.optional("evidence"),
                nonce: try reader.optional("nonce"))
        }
    }
}

/// One panel's work: the first, or that of the appeal.
/// `[opener, openedAt, bond, opening, answer?, slots, draws, seats, finding?]`
public struct DisputeRound: CBORCodable, Codable, Hashable, Sendable {
    /// The claimant in the first round; in the appeal who lost the first.
    public let opener: DisputeSide
    public let openedAt: Timestamp
    /// The opener's.
    public let bond: Amount
    public var opening: DisputePleading
    public var answer: DisputePleading?
    /// Places of the pool when the round was opened: whoever enrolls later is not drawn, so nobody steers by enrolling.
    public let slots: UInt64
    /// How often the seed was hashed on.
    public var draws: UInt64
    /// Everyone who was drawn, in order.
    public var seats: [DisputeSeat]
    public var finding: DisputeFinding?

    public init(
        opener: DisputeSide, openedAt: Timestamp, bond: Amount, opening: DisputePleading,
        answer: DisputePleading? = nil, slots: UInt64, draws: UInt64 = 0, seats: [DisputeSeat] = [],
        finding: DisputeFinding? = nil
    ) {
        self.opener = opener
        self.openedAt = openedAt
        self.bond = bond
        self.opening = opening
        self.answer = answer
        self.slots = slots
        self.draws = draws
        self.seats = seats
        self.finding = finding
    }

    /// What `side` brought; nil before it answered.
    public func pleading(of side: DisputeSide) -> DisputePleading? { side == opener ? opening : answer }

    /// Seats that are neither declined nor absent.
    public var activeSeats: [DisputeSeat] { seats.filter { $0.state.isActive } }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(opener)
        writer.write(openedAt)
        writer.write(bond)
        writer.write(opening)
        writer.write(answer)
        writer.write(slots)
        writer.write(draws)
        writer.write(seats)
        writer.write(finding)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            DisputeRound(
                opener: try reader.value("opener"), openedAt: try reader.value("openedAt"),
                bond: try reader.value("bond"), opening: try reader.value("opening"),
                answer: try reader.optional("answer"), slots: try reader.unsigned("slots"),
                draws: try reader.unsigned("draws"),
                seats: try reader.list("seats", max: DisputeLimits.seats),
                finding: try reader.optional("finding"))
        }
    }
}

/// A dispute. Every ground has the same record: which of `license`, `delivery` and `amount` it fills depends on it.
///
/// `[id, ground, inft, version, license?, delivery?, claimant, respondent, asset, amount, raisedAt, stage, deadline?,
/// rounds, ending?]`
public struct DisputeRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: DisputeID
    public let ground: DisputeGround
    public let inft: INFTID
    /// Of the INFT's content.
    public let version: UInt64
    public let license: LicenseID?
    /// The delivery whose payment is held for it.
    public let delivery: DeliveryID?
    public let claimant: Party
    public let respondent: Party
    /// Of bonds and payment.
    public let asset: AssetID
    /// The payment that is held; zero if none is.
    public let amount: Amount
    public let raisedAt: Timestamp
    public var stage: DisputeStage
    /// When the stage ends if nobody ends it before; null once the dispute has ended.
    public var deadline: Timestamp?
    /// The first, and that of the appeal.
    public var rounds: [DisputeRound]
    public var ending: DisputeFinding?

    public init(
        id: DisputeID, ground: DisputeGround, inft: INFTID, version: UInt64, license: LicenseID?,
        delivery: DeliveryID?, claimant: Party, respondent: Party, asset: AssetID, amount: Amount,
        raisedAt: Timestamp, stage: DisputeStage, deadline: Timestamp?, rounds: [DisputeRound],
        ending: DisputeFinding? = nil
    ) {
        self.id = id
        self.ground = ground
        self.inft = inft
        self.version = version
        self.license = license
        self.delivery = delivery
        self.claimant = claimant
        self.respondent = respondent
        self.asset = asset
        self.amount = amount
        self.raisedAt = raisedAt
        self.stage = stage
        self.deadline = deadline
        self.rounds = rounds
        self.ending = ending
    }

    /// The round that is played, or was played last.
    public var round: DisputeRound {
        get {
            guard let last = rounds.last else { preconditionFailure("a dispute has a round") }
            return last
        }
        set { rounds[rounds.count - 1] = newValue }
    }

    public func party(of side: DisputeSide) -> Party { side == .claimant ? claimant : respondent }

    /// Nil if `party` is no side of it.
    public func side(of party: Party) -> DisputeSide? {
        if party == claimant { return .claimant }
        return party == respondent ? .respondent : nil
    }

    public func isOpen(at time: Timestamp) -> Bool { time >= raisedAt && (ending.map { time < $0.at } ?? true) }

    /// Under what the bond of a round is set aside: the first under the dispute's id.
    public func bondSubject(round index: Int) -> Bytes32 {
        index == 0 ? id.bytes : HashTag.identifier.hash(id.bytes.array + [UInt8(truncatingIfNeeded: index)]).bytes
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(15)
        writer.write(id)
        writer.write(ground)
        writer.write(inft)
        writer.write(version)
        writer.write(license)
        writer.write(delivery)
        writer.write(claimant)
        writer.write(respondent)
        writer.write(asset)
        writer.write(amount)
        writer.write(raisedAt)
        writer.write(stage)
        writer.write(deadline)
        writer.write(rounds)
        writer.write(ending)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 15) { (reader) throws(EncodingFailure) in
            let record = DisputeRecord(
                id: try reader.value("id"), ground: try reader.value("ground"), inft: try reader.value("inft"),
                version: try reader.unsigned("version"), license: try reader.optional("license"),
                delivery: try reader.optional("delivery"), claimant: try reader.value("claimant"),
                respondent: try reader.value("respondent"), asset: try reader.value("asset"),
                amount: try reader.value("amount"), raisedAt: try reader.value("raisedAt"),
                stage: try reader.value("stage"), deadline: try reader.optional("deadline"),
                rounds: try reader.list("rounds", max: DisputeLimits.rounds), ending: try reader.optional("ending"))
            guard !record.rounds.isEmpty else { throw reader.failure(.wrongCount, "rounds") }
            return record
        }
    }
}
