public import Consents
public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `inft.authorizeUse`: an agent may run the INFT for these purposes until then, and never owns it. In place of what it was
/// authorized for before. `[inft, agent, purposes, until]`
public struct AuthorizeUse: DomainOperation {
    public static let name = "inft.authorizeUse"
    public let inft: INFTID
    public let agent: Party
    /// One at least; ascending.
    public let purposes: [PurposeOfUse]
    public let until: Timestamp

    public init(inft: INFTID, agent: Party, purposes: [PurposeOfUse], until: Timestamp) {
        self.inft = inft
        self.agent = agent
        self.purposes = purposes
        self.until = until
    }

    public var weight: UInt64 { 10 + 4 * 8 }

    public struct Plan {
        let authorization: UseAuthorization
        let list: UseAgents
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let record = try INFTRegistry.requireOwned(inft, in: context)
        let now = context.block.time
        guard agent != record.owner else {
            throw INFTRejection.authorizationInvalid.at("agent", "\(agent) owns the INFT, and needs no authorization")
        }
        guard try Parties.requireKnown(agent, field: "agent", in: context.state) != .patient else {
            throw INFTRejection.authorizationInvalid.at("agent", "a patient's pseudonymous account is nobody's agent")
        }
        guard (1...INFTsLimits.purposesPerAgent).contains(purposes.count),
            zip(purposes, purposes.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw INFTRejection.authorizationInvalid.at(
                "purposes", "1 to \(INFTsLimits.purposesPerAgent) purposes, ascending, each once")
        }
        let latest = now.adding(milliseconds: INFTsLimits.authorizationMilliseconds)
        guard now < until, until <= latest else {
            throw INFTRejection.authorizationInvalid.at(
                "until", "after the block's time, and within two years of it", hint: "It can be given anew.")
        }
        var list = try UseAuthorizations.list(record, at: now, in: context.state)
        list.agents.removeAll { $0.agent == agent }
        guard list.agents.count < INFTsLimits.agents else {
            throw INFTRejection.agentsFull.at(
                "agent", "\(INFTsLimits.agents) agents are authorized",
                hint: "Take one back with inft.deauthorizeUse.")
        }
        let place = list.agents.firstIndex { $0.agent > agent } ?? list.agents.count
        list.agents.insert(UseAgent(agent: agent, until: until), at: place)
        var authorization = try UsePeriods.open(of: agent, inft, endedAt: now, in: context.state)
        guard authorization.periods.count < INFTsLimits.periodsPerAgent else {
            throw INFTRejection.agentsFull.at(
                "agent", "what it may do has changed \(INFTsLimits.periodsPerAgent) times",
                hint: "Authorize another account of the agent.")
        }
        authorization.periods.append(
            AuthorizedPeriod(from: now, until: until, purposes: purposes, by: record.owner))
        return Plan(authorization: authorization, list: list)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(INFTKeys.useAgents(inft), plan.list)
        context.state.set(INFTKeys.useAuthorization(inft, agent), plan.authorization)
        context.emit(INFTEvent.useAuthorized(plan.authorization))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Let \(names.party(agent)) run \(names.identifier(inft.description)), without owning it or handing it on",
            "For: \(purposes.map(\.name).joined(separator: ", "))",
            "Until \(names.time(until)), or until the INFT has another owner",
            "It uses a license only where the licensee names it too",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(agent)
        writer.write(purposes)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            AuthorizeUse(
                inft: try reader.value("inft"), agent: try reader.value("agent"),
                purposes: try reader.sortedList("purposes", max: INFTsLimits.purposesPerAgent) {
                    (purpose: PurposeOfUse) in purpose
                }, until: try reader.value("until"))
        }
    }
}

/// `inft.deauthorizeUse`: the owner takes it back, at once. `[inft, agent]`
public struct DeauthorizeUse: DomainOperation {
    public static let name = "inft.deauthorizeUse"
    public let inft: INFTID
    public let agent: Party

    public init(inft: INFTID, agent: Party) {
        self.inft = inft
        self.agent = agent
    }

    public var weight: UInt64 { 10 + 4 * 6 }

    public struct Plan {
        let authorization: UseAuthorization
        let list: UseAgents
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let record = try INFTRegistry.requireOwned(inft, evenWhileHandedOver: true, in: context)
        let now = context.block.time
        var list = try UseAuthorizations.list(record, at: now, in: context.state)
        guard list.agents.contains(where: { $0.agent == agent }) else {
            throw INFTRejection.agentNotAuthorized.at("agent", "\(agent) is not authorized now")
        }
        list.agents.removeAll { $0.agent == agent }
        return Plan(
            authorization: try UsePeriods.open(of: agent, inft, endedAt: now, in: context.state), list: list)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        if plan.list.agents.isEmpty {
            context.state.remove(INFTKeys.useAgents(inft))
        } else {
            context.state.set(INFTKeys.useAgents(inft), plan.list)
        }
        let key = INFTKeys.useAuthorization(inft, agent)
        if plan.authorization.periods.isEmpty {
            context.state.remove(key)
        } else {
            context.state.set(key, plan.authorization)
        }
        context.emit(INFTEvent.useDeauthorized(plan.authorization))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["\(names.party(agent)) may no longer run \(names.identifier(inft.description)), from that block on"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(agent)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            DeauthorizeUse(inft: try reader.value("inft"), agent: try reader.value("agent"))
        }
    }
}

enum UsePeriods {
    /// The agent's record with whatever period runs ended now; one that began in this very block never was.
    static func open(
        of agent: Party, _ inft: INFTID, endedAt now: Timestamp, in state: any StateReader
    ) throws(Refusal) -> UseAuthorization {
        var record =
            try state.record(INFTKeys.useAuthorization(inft, agent))
            ?? UseAuthorization(inft: inft, agent: agent, periods: [])
        if let last = record.periods.last, last.until > now {
            record.periods.removeLast()
            if last.from < now { record.periods.append(last.ended(at: now)) }
        }
        return record
    }
}

public struct AuthorizationsView: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let owner: Party
    /// In force by the time of the state that answers, sorted by agent.
    public let agents: [AuthorizedAgent]
}

public struct AuthorizedAgent: Codable, Hashable, Sendable {
    public let agent: Party
    public let purposes: [PurposeOfUse]
    public let from: Timestamp
    public let until: Timestamp
}

extension INFTQueries {
    static let authorizations = Query(
        "inft_authorizations", "The agents that may run an INFT now, for what and until when.",
        [QueryParameter("inft", "The INFT.")], from: INFTParameters.self, to: AuthorizationsView.self
    ) { (parameters, context) throws(Refusal) in
        let now = context.block.time
        let record = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        var agents: [AuthorizedAgent] = []
        for one in try UseAuthorizations.list(record, at: now, in: context.state).agents {
            guard let period = try UseAuthorizations.period(of: one.agent, for: record, at: now, in: context.state)
            else { continue }
            agents.append(
                AuthorizedAgent(
                    agent: one.agent, purposes: period.purposes, from: period.from, until: period.until))
        }
        return AuthorizationsView(inft: record.id, owner: record.owner, agents: agents)
    }
}
