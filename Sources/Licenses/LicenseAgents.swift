import Consents
public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// Agents of licensees: who uses a license for a licensee without being one, needs the licensee's word and the owner's.
enum LicenseAgents {
    static func record(
        _ agent: Party, of license: LicenseID, in state: any StateReader
    ) throws(Refusal) -> LicenseAgent? {
        try state.record(LicenseKeys.agent(license, agent))
    }

    /// True if the licensee of `time` had named it.
    static func isNamed(
        _ agent: Party, of license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard let holder = license.holders.last(where: { $0.since <= time }),
            let period = try record(agent, of: license.id, in: state)?.periods.last(where: { $0.contains(time) })
        else { return false }
        // The word of a former licensee ended with the handover.
        return period.by == holder.party && period.from >= holder.since
    }

    /// What stands against a use by an agent; nil if it is none that the licensee named.
    static func findings(
        _ agent: Party, _ use: LicenseUse, _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [LicenseFinding]? {
        guard try isNamed(agent, of: license, at: time, in: state) else { return nil }
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        guard let period = try UseAuthorizations.period(of: agent, for: inft, at: time, in: state) else {
            return [LicenseFinding(.agentNotAuthorized, "the owner of the INFT has not authorized \(agent)")]
        }
        guard let purpose = use.purpose, period.covers(purpose) else {
            let purposes = period.purposes.map(\.name).joined(separator: ", ")
            return [
                LicenseFinding(.agentNotAuthorized, "the owner of the INFT authorized \(agent) for \(purposes) alone")
            ]
        }
        return []
    }

    /// The agent's record with the period that runs ended now; one that began in this very block never was.
    static func open(
        _ agent: Party, of license: LicenseID, endedAt now: Timestamp, in state: any StateReader
    ) throws(Refusal) -> LicenseAgent {
        var record =
            try record(agent, of: license, in: state) ?? LicenseAgent(license: license, agent: agent, periods: [])
        if let last = record.periods.last, last.until == nil {
            record.periods.removeLast()
            if last.from < now { record.periods.append(NamedPeriod(from: last.from, until: now, by: last.by)) }
        }
        return record
    }
}

/// The licensee lets an agent use the license, up to so many uses. It pays with the prepaid quota, never with the licensee's
/// balance. `[license, agent, allowance?]`
public struct NameAgent: DomainOperation {
    public static let name = "license.nameAgent"

    public let license: LicenseID
    public let agent: Party
    /// Nil: whatever the quota holds.
    public let allowance: UInt64?

    public init(license: LicenseID, agent: Party, allowance: UInt64? = nil) {
        self.license = license
        self.agent = agent
        self.allowance = allowance
    }

    public var weight: UInt64 { 10 + 4 * 8 }

    public struct Plan {
        let license: LicenseRecord
        let agent: LicenseAgent
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: context.block.time)
        let terms = try LicenseLedger.storedTerms(record.terms, in: context.state)
        guard terms.grant.seats == nil else {
            throw LicenseRejection.agentInvalid.at(
                "license", "its terms count seats, and whoever has one uses it without being named",
                hint: "Give the account a seat, unless it has one: license.assignSeat.")
        }
        guard agent != record.licensee else {
            throw LicenseRejection.agentInvalid.at("agent", "\(agent) is the licensee, and needs no naming")
        }
        guard try Parties.requireKnown(agent, field: "agent", in: context.state) != .patient else {
            throw LicenseRejection.agentInvalid.at("agent", "a patient's pseudonymous account is nobody's agent")
        }
        guard allowance != 0 else {
            throw LicenseRejection.agentInvalid.at("allowance", "an agent that may use nothing is not named")
        }
        var named = try LicenseAgents.open(
            agent, of: license, endedAt: context.block.time, in: context.state)
        guard named.periods.count < LicenseLimits.agentPeriods else {
            throw LicenseRejection.historyFull.at("agent", "it was named \(LicenseLimits.agentPeriods) times")
        }
        named.periods.append(NamedPeriod(from: context.block.time, by: record.licensee))
        named.allowance = allowance
        return Plan(license: record, agent: named)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.agent(license, agent), plan.agent)
        context.emit(LicenseEvent.agentNamed(AgentChanged(plan.license, plan.agent)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Let \(names.party(agent)) use the license \(names.identifier(license.description)) for the licensee",
            allowance.map { "For at most \($0) uses" } ?? "For as many uses as are prepaid",
            "It spends the prepaid quota alone, and only while the INFT's owner authorizes it too",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(agent)
        writer.write(allowance)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            NameAgent(
                license: try reader.value("license"), agent: try reader.value("agent"),
                allowance: try reader.optional("allowance"))
        }
    }
}

/// The licensee takes it back, at once. `[license, agent]`
public struct DismissAgent: DomainOperation {
    public static let name = "license.dismissAgent"

    public let license: LicenseID
    public let agent: Party

    public init(license: LicenseID, agent: Party) {
        self.license = license
        self.agent = agent
    }

    public var weight: UInt64 { 10 + 4 * 5 }

    public struct Plan {
        let license: LicenseRecord
        let agent: LicenseAgent
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let record = try LicenseAct.held(license, in: context)
        let now = context.block.time
        guard try LicenseAgents.isNamed(agent, of: record, at: now, in: context.state) else {
            throw LicenseRejection.agentNotNamed.at("agent", "\(agent) is not named")
        }
        var named = try LicenseAgents.open(agent, of: license, endedAt: now, in: context.state)
        named.allowance = nil
        return Plan(license: record, agent: named)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.agent(license, agent), plan.agent)
        context.emit(LicenseEvent.agentDismissed(AgentChanged(plan.license, plan.agent)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["\(names.party(agent)) no longer uses the license \(names.identifier(license.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(license)
        writer.write(agent)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            DismissAgent(license: try reader.value("license"), agent: try reader.value("agent"))
        }
    }
}
