public import Consents
public import Encoding
import Identities
public import Primitives
public import StateModel

/// Gives a seat of the license to an account, which may then use it. `[license, account]`
public struct AssignSeat: DomainOperation {
    public static let name = "license.assignSeat"

    public let license: LicenseID
    public let account: Address

    public init(license: LicenseID, account: Address) {
        self.license = license
        self.account = account
    }

    public var weight: UInt64 { 10 + 4 * 6 }

    public struct Plan {
        let record: LicenseRecord
        let seat: SeatRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: context.block.time)
        try LicenseCheck.requireAbove(record, at: context.block.time, in: context.state)
        let seats = try Seats.count(of: record, in: context.state)
        try Parties.requireKnown(.account(account), field: "account", in: context.state)
        var seat = try context.state.record(LicenseKeys.seat(license, account)) ?? SeatRecord(periods: [])
        guard !seat.isTaken else {
            throw LicenseRejection.nothingChanged.at("account", "\(account) has a seat")
        }
        guard record.seatsTaken < seats else {
            throw LicenseRejection.seatsTaken.at(
                "account", "all \(seats) seats are taken", hint: "Release a seat with license.releaseSeat.")
        }
        guard seat.periods.count < LicenseLimits.seatPeriods else {
            throw LicenseRejection.historyFull.at("account", "its seat changed \(LicenseLimits.seatPeriods) times")
        }
        seat.periods.append(Period(from: context.block.time))
        record.seatsTaken += 1
        return Plan(record: record, seat: seat)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        Seats.store(plan.record, plan.seat, account, in: context)
        context.emit(LicenseEvent.seatAssigned(SeatChanged(plan.record, account)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Let \(names.party(.account(account))) use the license \(names.identifier(license.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(license)
        writer.write(account)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            AssignSeat(license: try reader.value("license"), account: try reader.value("account"))
        }
    }
}

/// Takes a seat back. `[license, account]`
public struct ReleaseSeat: DomainOperation {
    public static let name = "license.releaseSeat"

    public let license: LicenseID
    public let account: Address

    public init(license: LicenseID, account: Address) {
        self.license = license
        self.account = account
    }

    public var weight: UInt64 { 10 + 4 * 5 }

    public struct Plan {
        let record: LicenseRecord
        let seat: SeatRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: context.block.time)
        guard var seat = try context.state.record(LicenseKeys.seat(license, account)), seat.isTaken,
            let last = seat.periods.popLast()
        else { throw LicenseRejection.seatUnknown.at("account", "\(account) has no seat of the license") }
        // A seat given and taken within one block was never held.
        if let from = last.from, from < context.block.time {
            seat.periods.append(Period(from: from, until: context.block.time))
        }
        record.seatsTaken -= 1
        return Plan(record: record, seat: seat)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        Seats.store(plan.record, plan.seat, account, in: context)
        context.emit(LicenseEvent.seatReleased(SeatChanged(plan.record, account)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Take the seat of \(names.party(.account(account))) in the license \(names.identifier(license.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(license)
        writer.write(account)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            ReleaseSeat(license: try reader.value("license"), account: try reader.value("account"))
        }
    }
}

/// An account that has, or had, a seat of a license.
public struct SeatView: Codable, Hashable, Sendable {
    public let account: Address
    /// By the time of the state that answers.
    public let isTaken: Bool
    public let periods: [Period]
}

public struct SeatListParameters: Codable, Sendable {
    public let license: LicenseID
    public let onlyTaken: Bool?
}

extension LicenseQueries {
    static let seats = Query(
        list: "license_seats", "Who has a seat of a license, by account.",
        [
            QueryParameter("license", "The license."),
            QueryParameter("onlyTaken", "False: those who had one, too (default true).", required: false),
        ],
        from: SeatListParameters.self, of: SeatView.self
    ) { (parameters, request, context) throws(Refusal) in
        _ = try LicenseLedger.requireLicense(parameters.license, field: "license", in: context.state)
        return try context.page(LicenseIndexes.seats(of: parameters.license), request) { (entry) throws(Refusal) in
            guard let account = LicenseIndexes.id(entry.key).map({ Address($0) }),
                let seat = try context.state.record(LicenseKeys.seat(parameters.license, account)),
                seat.isTaken || parameters.onlyTaken == false
            else { return nil }
            return SeatView(account: account, isTaken: seat.isTaken, periods: seat.periods)
        }
    }
}

enum Seats {
    static func count(of license: LicenseRecord, in state: any StateReader) throws(Refusal) -> UInt64 {
        guard let seats = license.seats(try LicenseLedger.storedTerms(license.terms, in: state)) else {
            throw LicenseRejection.withoutSeats.at(
                "license", "its terms count no seats: whoever acts for the licensee may use it")
        }
        return seats
    }

    static func store(_ record: LicenseRecord, _ seat: SeatRecord, _ account: Address, in context: OperationContext) {
        context.state.set(LicenseKeys.license(record.id), record)
        if seat.periods.isEmpty {
            context.state.remove(LicenseKeys.seat(record.id, account))
        } else {
            context.state.set(LicenseKeys.seat(record.id, account), seat)
        }
    }
}
