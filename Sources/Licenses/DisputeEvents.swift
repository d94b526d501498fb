public import Encoding
public import Primitives
import StateModel

/// `[dispute, ground, inft, license?, claimant, respondent, round, stage, deadline?, outcome?, cause?]`
public struct DisputeChanged: CBORCodable, Codable, Hashable, Sendable {
    public let dispute: DisputeID
    public let ground: DisputeGround
    public let inft: INFTID
    public let license: LicenseID?
    public let claimant: Party
    public let respondent: Party
    /// From 0; 1 is the appeal.
    public let round: UInt64
    public let stage: DisputeStage
    public let deadline: Timestamp?
    /// Of the whole if it has ended, else of the round.
    public let outcome: DisputeOutcome?
    public let cause: DisputeCause?

    init(_ record: DisputeRecord) {
        let finding = record.ending ?? record.round.finding
        self.init(
            dispute: record.id, ground: record.ground, inft: record.inft, license: record.license,
            claimant: record.claimant, respondent: record.respondent, round: UInt64(record.rounds.count - 1),
            stage: record.stage, deadline: record.deadline, outcome: finding?.outcome, cause: finding?.cause)
    }

    private init(
        dispute: DisputeID, ground: DisputeGround, inft: INFTID, license: LicenseID?, claimant: Party,
        respondent: Party, round: UInt64, stage: DisputeStage, deadline: Timestamp?, outcome: DisputeOutcome?,
        cause: DisputeCause?
    ) {
        self.dispute = dispute
        self.ground = ground
        self.inft = inft
        self.license = license
        self.claimant = claimant
        self.respondent = respondent
        self.round = round
        self.stage = stage
        self.deadline = deadline
        self.outcome = outcome
        self.cause = cause
    }

    var topics: [Topic] {
        [.inft(inft), .party(claimant), .party(respondent)] + (license.map { [.license($0)] } ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(11)
        writer.write(dispute)
        writer.write(ground)
        writer.write(inft)
        writer.write(license)
        writer.write(claimant)
        writer.write(respondent)
        writer.write(round)
        writer.write(stage)
        writer.write(deadline)
        writer.write(outcome)
        writer.write(cause)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 11) { (reader) throws(EncodingFailure) in
            DisputeChanged(
                dispute: try reader.value("dispute"), ground: try reader.value("ground"),
                inft: try reader.value("inft"), license: try reader.optional("license"),
                claimant: try reader.value("claimant"), respondent: try reader.value("respondent"),
                round: try reader.unsigned("round"), stage: try reader.value("stage"),
                deadline: try reader.optional("deadline"), outcome: try reader.optional("outcome"),
                cause: try reader.optional("cause"))
        }
    }
}

/// `[dispute, inft, claimant, respondent, round, arbiter, state, show?, vote?]`
public struct DisputeSeatChanged: CBORCodable, Codable, Hashable, Sendable {
    public let dispute: DisputeID
    public let inft: INFTID
    public let claimant: Party
    public let respondent: Party
    public let round: UInt64
    public let arbiter: Address
    public let state: DisputeSeatState
    public let show: DeliveryID?
    public let vote: DisputeVote?

    init(_ record: DisputeRecord, _ seat: DisputeSeat) {
        self.init(
            dispute: record.id, inft: record.inft, claimant: record.claimant, respondent: record.respondent,
            round: UInt64(record.rounds.count - 1), arbiter: seat.arbiter, state: seat.state, show: seat.show,
            vote: seat.vote)
    }

    private init(
        dispute: DisputeID, inft: INFTID, claimant: Party, respondent: Party, round: UInt64, arbiter: Address,
        state: DisputeSeatState, show: DeliveryID?, vote: DisputeVote?
    ) {
        self.dispute = dispute
        self.inft = inft
        self.claimant = claimant
        self.respondent = respondent
        self.round = round
        self.arbiter = arbiter
        self.state = state
        self.show = show
        self.vote = vote
    }

    var topics: [Topic] {
        [.inft(inft), .party(.account(arbiter)), .party(claimant), .party(respondent)]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(dispute)
        writer.write(inft)
        writer.write(claimant)
        writer.write(respondent)
        writer.write(round)
        writer.write(arbiter)
        writer.write(state)
        writer.write(show)
        writer.write(vote)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            DisputeSeatChanged(
                dispute: try reader.value("dispute"), inft: try reader.value("inft"),
                claimant: try reader.value("claimant"), respondent: try reader.value("respondent"),
                round: try reader.unsigned("round"), arbiter: try reader.value("arbiter"),
                state: try reader.value("state"), show: try reader.optional("show"),
                vote: try reader.optional("vote"))
        }
    }
}

/// `[arbiter, absences, excludedUntil?]`
public struct ArbiterChanged: CBORCodable, Codable, Hashable, Sendable {
    public let arbiter: Address
    public let absences: UInt64
    public let excludedUntil: Timestamp?

    init(_ record: ArbiterRecord) {
        self.init(arbiter: record.arbiter, absences: record.absences, excludedUntil: record.excludedUntil)
    }

    private init(arbiter: Address, absences: UInt64, excludedUntil: Timestamp?) {
        self.arbiter = arbiter
        self.absences = absences
        self.excludedUntil = excludedUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(arbiter)
        writer.write(absences)
        writer.write(excludedUntil)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ArbiterChanged(
                arbiter: try reader.value("arbiter"), absences: try reader.unsigned("absences"),
                excludedUntil: try reader.optional("excludedUntil"))
        }
    }
}
