public import Consents
public import Encoding
public import Primitives
public import StateModel

/// From when to when an agent may run an INFT, for what, and by whose word. `[from, until, purposes, by]`
public struct AuthorizedPeriod: CBORCodable, Codable, Hashable, Sendable {
    public let from: Timestamp
    /// The end that was named, or the moment it was taken back.
    public let until: Timestamp
    /// Ascending; each includes its kinds.
    public let purposes: [PurposeOfUse]
    /// The owner who authorized it. The word of a former owner ends with the change of owner.
    public let by: Party

    public init(from: Timestamp, until: Timestamp, purposes: [PurposeOfUse], by: Party) {
        self.from = from
        self.until = until
        self.purposes = purposes
        self.by = by
    }

    public func contains(_ time: Timestamp) -> Bool { from <= time && time < until }

    public func covers(_ purpose: PurposeOfUse) -> Bool { purposes.contains { $0.includes(purpose) } }

    func ended(at time: Timestamp) -> AuthorizedPeriod {
        AuthorizedPeriod(from: from, until: min(until, time), purposes: purposes, by: by)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(from)
        writer.write(until)
        writer.write(purposes)
        writer.write(by)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            AuthorizedPeriod(
                from: try reader.value("from"), until: try reader.value("until"),
                purposes: try reader.sortedList("purposes", max: INFTsLimits.purposesPerAgent) {
                    (purpose: PurposeOfUse) in purpose
                }, by: try reader.value("by"))
        }
    }
}

/// An agent that runs an INFT and never owns it. Every period it was authorized for is dated, so the past is answered
/// from the record of today. `[inft, agent, periods]`
public struct UseAuthorization: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let agent: Party
    /// Oldest first; at least one.
    public var periods: [AuthorizedPeriod]

    public init(inft: INFTID, agent: Party, periods: [AuthorizedPeriod]) {
        self.inft = inft
        self.agent = agent
        self.periods = periods
    }

    var topics: [Topic] {
        var topics: [Topic] = [.inft(inft), .party(agent)]
        if let by = periods.last?.by { topics.append(.party(by)) }
        return topics
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(agent)
        writer.write(periods)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            UseAuthorization(
                inft: try reader.value("inft"), agent: try reader.value("agent"),
                periods: try reader.list("periods", max: INFTsLimits.periodsPerAgent))
        }
    }
}

/// An agent of the list, and when its authorization ends. `[agent, until]`
public struct UseAgent: CBORCodable, Codable, Hashable, Sendable {
    public let agent: Party
    public let until: Timestamp

    public init(agent: Party, until: Timestamp) {
        self.agent = agent
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(agent)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            UseAgent(agent: try reader.value("agent"), until: try reader.value("until"))
        }
    }
}

/// The agents that one owner has authorized, sorted. It counts only while they own the INFT since the same moment: with a
/// change of owner the list is empty without anything being written. `[ownerSince, agents]`
public struct UseAgents: CBORCodable, Codable, Hashable, Sendable {
    public let ownerSince: Timestamp
    public var agents: [UseAgent]

    public init(ownerSince: Timestamp, agents: [UseAgent]) {
        self.ownerSince = ownerSince
        self.agents = agents
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(ownerSince)
        writer.write(agents)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            UseAgents(
                ownerSince: try reader.value("ownerSince"),
                agents: try reader.sortedList("agents", max: INFTsLimits.agents) { (one: UseAgent) in one.agent })
        }
    }
}

/// Who may run an INFT beside its owner and licensees.
public enum UseAuthorizations {
    /// What the owner of `time` allowed `agent` then; nil if nothing.
    public static func period(
        of agent: Party, for inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> AuthorizedPeriod? {
        guard let record = try state.record(INFTKeys.useAuthorization(inft.id, agent)),
            let period = record.periods.last(where: { $0.contains(time) }),
            period.from >= (try ownerSince(inft, at: time, in: state)),
            // An owner of today is known by name too, should the word and the handover share a block.
            time < inft.ownerSince || period.by == inft.owner
        else { return nil }
        return period
    }

    /// Sorted by agent; those of today's owner that have not ended.
    public static func list(
        _ inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> UseAgents {
        guard var list = try state.record(INFTKeys.useAgents(inft.id)), list.ownerSince == inft.ownerSince else {
            return UseAgents(ownerSince: inft.ownerSince, agents: [])
        }
        list.agents.removeAll { $0.until <= time }
        return list
    }

    /// Since when who owned the INFT at `time` had owned it.
    private static func ownerSince(
        _ inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Timestamp {
        if time >= inft.ownerSince { return inft.ownerSince }
        var index = inft.historyCount
        while index > 0 {
            guard let entry = try state.record(INFTKeys.history(inft.id, index - 1)) else {
                throw .failed(StateFailure("the history of \(inft.id) has a gap at \(index - 1)"))
            }
            if entry.kind == .transferred, entry.time <= time { return entry.time }
            index -= 1
        }
        return inft.createdAt
    }
}
