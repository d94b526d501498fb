public import Encoding
public import Primitives

/// From when to when a licensee named an agent. `[from, until?, by]`
public struct NamedPeriod: CBORCodable, Codable, Hashable, Sendable {
    public let from: Timestamp
    public let until: Timestamp?
    /// The licensee who named it; the next licensee names their own.
    public let by: Party

    public init(from: Timestamp, until: Timestamp? = nil, by: Party) {
        self.from = from
        self.until = until
        self.by = by
    }

    public func contains(_ time: Timestamp) -> Bool { from <= time && until.map { time < $0 } ?? true }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(from)
        writer.write(until)
        writer.write(by)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            NamedPeriod(
                from: try reader.value("from"), until: try reader.optional("until"), by: try reader.value("by"))
        }
    }
}

/// An agent that uses a license for its licensee, where the INFT's owner authorized it too.
/// `[license, agent, periods, allowance?, uses]`
public struct LicenseAgent: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let agent: Party
    /// Oldest first.
    public var periods: [NamedPeriod]
    /// How many uses it may record still; nil: whatever the quota holds.
    public var allowance: UInt64?
    /// How many it ever recorded.
    public var uses: UInt64

    public init(
        license: LicenseID, agent: Party, periods: [NamedPeriod], allowance: UInt64? = nil, uses: UInt64 = 0
    ) {
        self.license = license
        self.agent = agent
        self.periods = periods
        self.allowance = allowance
        self.uses = uses
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(license)
        writer.write(agent)
        writer.write(periods)
        writer.write(allowance)
        writer.write(uses)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            LicenseAgent(
                license: try reader.value("license"), agent: try reader.value("agent"),
                periods: try reader.list("periods", max: LicenseLimits.agentPeriods),
                allowance: try reader.optional("allowance"), uses: try reader.unsigned("uses"))
        }
    }
}
