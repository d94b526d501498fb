public import Encoding
import Identities
public import Primitives
public import StateModel

/// The pool of arbiters who are willing. `[slots, enrolled, firstFree?]`
public struct ArbiterPool: CBORCodable, Codable, Hashable, Sendable {
    /// Places that were ever taken.
    public var slots: UInt64
    /// Arbiters in it now.
    public var enrolled: UInt64
    /// The free place that the next arbiter takes.
    public var firstFree: UInt64?

    public init(slots: UInt64 = 0, enrolled: UInt64 = 0, firstFree: UInt64? = nil) {
        self.slots = slots
        self.enrolled = enrolled
        self.firstFree = firstFree
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(slots)
        writer.write(enrolled)
        writer.write(firstFree)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ArbiterPool(
                slots: try reader.unsigned("slots"), enrolled: try reader.unsigned("enrolled"),
                firstFree: try reader.optional("firstFree"))
        }
    }
}

/// A place of the pool. Places never move, so that nobody steers a draw by coming or going.
public enum ArbiterSlot: CBORCodable, Codable, Hashable, Sendable {
    /// `[0, arbiter, since]`
    case taken(arbiter: Address, since: Timestamp)
    /// `[1, nextFree?]`
    case free(next: UInt64?)

    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .taken(let arbiter, let since):
            writer.array(3)
            writer.write(UInt64(0))
            writer.write(arbiter)
            writer.write(since)
        case .free(let next):
            writer.array(2)
            writer.write(UInt64(1))
            writer.write(next)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 2): .taken(arbiter: try reader.value("arbiter"), since: try reader.value("since"))
            case (1, 1): .free(next: try reader.optional("next"))
            case (0...1, _): throw reader.failure(.wrongCount)
            default: throw reader.failure(.unknownCase)
            }
        }
    }
}

/// What the ledger knows of an arbiter, in the pool or not.
/// `[arbiter, slot?, since, drawn, served, absences, excludedUntil?]`
public struct ArbiterRecord: CBORCodable, Codable, Hashable, Sendable {
    public let arbiter: Address
    /// Null: not in the pool.
    public var slot: UInt64?
    /// When it came into the pool, or left it.
    public var since: Timestamp
    /// Panels for which it was drawn, and on which it voted.
    public var drawn: UInt64
    public var served: UInt64
    /// Since it enrolled last after an exclusion.
    public var absences: UInt64
    public var excludedUntil: Timestamp?

    public init(
        arbiter: Address, slot: UInt64?, since: Timestamp, drawn: UInt64 = 0, served: UInt64 = 0,
        absences: UInt64 = 0, excludedUntil: Timestamp? = nil
    ) {
        self.arbiter = arbiter
        self.slot = slot
        self.since = since
        self.drawn = drawn
        self.served = served
        self.absences = absences
        self.excludedUntil = excludedUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(arbiter)
        writer.write(slot)
        writer.write(since)
        writer.write(drawn)
        writer.write(served)
        writer.write(absences)
        writer.write(excludedUntil)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            ArbiterRecord(
                arbiter: try reader.value("arbiter"), slot: try reader.optional("slot"),
                since: try reader.value("since"), drawn: try reader.unsigned("drawn"),
                served: try reader.unsigned("served"), absences: try reader.unsigned("absences"),
                excludedUntil: try reader.optional("excludedUntil"))
        }
    }
}

/// The pool: coming, going, and what arbiters did.
public enum Arbiters {
    public static func record(_ arbiter: Address, in state: any StateReader) throws(Refusal) -> ArbiterRecord? {
        try state.record(LicenseKeys.arbiter(arbiter))
    }

    public static func pool(in state: any StateReader) throws(Refusal) -> ArbiterPool {
        try state.record(LicenseKeys.arbiterPool) ?? ArbiterPool()
    }

    /// True if it holds a credential of an arbiter in force that none of `issuers` gave it.
    static func isCredentialed(
        _ arbiter: Address, notBy issuers: [Party] = [], at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        try Credentials.first(.account(arbiter), .arbiter, at: time, in: state) { !issuers.contains($0.issuer) } != nil
    }

    /// Takes the first free place, or a new one. `record` is as it was before, if the arbiter was here.
    static func enroll(_ arbiter: Address, in context: OperationContext) throws(Refusal) {
        var pool = try pool(in: context.state)
        let slot = pool.firstFree ?? pool.slots
        if pool.firstFree != nil {
            guard case .free(let next)? = try context.state.record(LicenseKeys.arbiterSlot(slot)) else {
                throw .failed(StateFailure("the free place \(slot) of the pool of arbiters is missing"))
            }
            pool.firstFree = next
        } else {
            pool.slots += 1
        }
        pool.enrolled += 1
        let time = context.block.time
        var record = try record(arbiter, in: context.state) ?? ArbiterRecord(arbiter: arbiter, slot: nil, since: time)
        if record.excludedUntil != nil {
            record.excludedUntil = nil
            record.absences = 0
        }
        record.slot = slot
        record.since = time
        context.state.set(LicenseKeys.arbiterPool, pool)
        context.state.set(LicenseKeys.arbiterSlot(slot), .taken(arbiter: arbiter, since: time))
        context.state.set(LicenseKeys.arbiter(arbiter), record)
        context.emit(LicenseEvent.arbiterEnrolled(ArbiterChanged(record)))
    }

    /// Frees the arbiter's place, if it has one.
    static func leave(_ record: inout ArbiterRecord, in context: OperationContext) throws(Refusal) {
        guard let slot = record.slot else { return }
        var pool = try pool(in: context.state)
        guard pool.enrolled > 0 else { throw .failed(StateFailure("the pool of arbiters is miscounted")) }
        context.state.set(LicenseKeys.arbiterSlot(slot), .free(next: pool.firstFree))
        pool.firstFree = slot
        pool.enrolled -= 1
        context.state.set(LicenseKeys.arbiterPool, pool)
        record.slot = nil
        record.since = context.block.time
        context.emit(LicenseEvent.arbiterLeft(ArbiterChanged(record)))
    }

    /// Counts what an arbiter did or left undone; who is absent too often leaves the pool.
    static func note(_ arbiter: Address, _ seat: DisputeSeatState, in context: OperationContext) throws(Refusal) {
        guard var record = try record(arbiter, in: context.state) else {
            throw .failed(StateFailure("the record of the arbiter \(arbiter) is missing"))
        }
        switch seat {
        case .drawn: record.drawn += 1
        case .revealed: record.served += 1
        case .absent:
            record.absences += 1
            if record.absences >= DisputeLimits.absences, record.excludedUntil == nil {
                record.excludedUntil = context.block.time.adding(milliseconds: DisputeLimits.exclusionMilliseconds)
                try leave(&record, in: context)
            }
        default: return
        }
        context.state.set(LicenseKeys.arbiter(arbiter), record)
    }
}

/// Enrolls the sender as one who is willing to judge. `[]`
public struct EnrollArbiter: DomainOperation {
    public static let name = "arbiter.enroll"

    public init() {}

    public var weight: UInt64 { 10 + 4 * 10 + CredentialWeights.holds }

    public struct Plan {
        let arbiter: Address
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let arbiter = try DisputeAct.arbiter(in: context)
        let time = context.block.time
        guard try Arbiters.isCredentialed(arbiter, at: time, in: context.state) else {
            throw LicenseRejection.notArbiter.at("", "\(arbiter) holds no credential of an arbiter in force")
        }
        let record = try Arbiters.record(arbiter, in: context.state)
        guard record?.slot == nil else {
            throw LicenseRejection.arbiterEnrolled.at("", "\(arbiter) is in the pool already")
        }
        if let until = record?.excludedUntil, time < until {
            throw LicenseRejection.arbiterExcluded.at(
                "", "\(arbiter) was absent \(DisputeLimits.absences) times, and is out of the pool until \(until.text)")
        }
        guard try Arbiters.pool(in: context.state).enrolled < DisputeLimits.arbiters else {
            throw LicenseRejection.poolFull.at(
                "", "the pool has \(DisputeLimits.arbiters) places", hint: "Wait until one leaves.", retryable: true)
        }
        return Plan(arbiter: arbiter)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Arbiters.enroll(plan.arbiter, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Be drawn as an arbiter of disputes from now on; who does not come when drawn is out after three times"]
    }

    public func encode(into writer: inout CBORWriter) { writer.array(0) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 0) { (_) throws(EncodingFailure) in EnrollArbiter() }
    }
}

/// Takes an arbiter out of the pool: itself, or anyone once its credential is no longer in force. Panels on which it
/// sits keep it. `[arbiter]`
public struct LeaveArbiter: DomainOperation {
    public static let name = "arbiter.leave"

    public let arbiter: Address

    public init(arbiter: Address) { self.arbiter = arbiter }

    public var weight: UInt64 { 10 + 4 * 10 + CredentialWeights.holds }

    public struct Plan {
        let record: ArbiterRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        guard let record = try Arbiters.record(arbiter, in: context.state), record.slot != nil else {
            throw LicenseRejection.notInPool.at("arbiter", "\(arbiter) is not in the pool")
        }
        if try Arbiters.isCredentialed(arbiter, at: context.block.time, in: context.state) {
            try Authority.require(.account(arbiter), for: .licensing, in: context, field: "arbiter")
        }
        return Plan(record: record)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var record = plan.record
        try Arbiters.leave(&record, in: context)
        context.state.set(LicenseKeys.arbiter(arbiter), record)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Take \(names.party(.account(arbiter))) out of the pool of arbiters"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(arbiter)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            LeaveArbiter(arbiter: try reader.value("arbiter"))
        }
    }
}
