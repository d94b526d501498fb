public import Encoding
public import Primitives

/// One INFT of a group, and what it gets of all that the group earns.
public struct GroupMember: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let share: PartsPerMillion

    public init(inft: INFTID, share: PartsPerMillion) {
        self.inft = inft
        self.share = share
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(share)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            GroupMember(inft: try reader.value("inft"), share: try reader.value("share"))
        }
    }
}

/// A group. Members and split stand in the royalty vector of its vault and never change.
/// `[group, terms, joinBy, memberCount, joined, formedAt?, unavailable]`
public struct GroupRecord: CBORCodable, Codable, Hashable, Sendable {
    public let group: INFTID
    /// The only terms under which it is ever offered; every owner agreed to them.
    public let terms: TermsID
    /// Until when owners can join.
    public let joinBy: Timestamp
    public let memberCount: UInt64
    public var joined: UInt64
    /// When the last owner joined; nothing is sold before.
    public var formedAt: Timestamp?
    /// How many members can't be licensed now: disputed, recalled, retired or sealed since. Which, their memberships say:
    /// so this record stays small however many they are.
    public var unavailable: UInt64

    public init(
        group: INFTID, terms: TermsID, joinBy: Timestamp, memberCount: UInt64, joined: UInt64 = 0,
        formedAt: Timestamp? = nil, unavailable: UInt64 = 0
    ) {
        self.group = group
        self.terms = terms
        self.joinBy = joinBy
        self.memberCount = memberCount
        self.joined = joined
        self.formedAt = formedAt
        self.unavailable = unavailable
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(group)
        writer.write(terms)
        writer.write(joinBy)
        writer.write(memberCount)
        writer.write(joined)
        writer.write(formedAt)
        writer.write(unavailable)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            GroupRecord(
                group: try reader.value("group"), terms: try reader.value("terms"), joinBy: try reader.value("joinBy"),
                memberCount: try reader.unsigned("memberCount"), joined: try reader.unsigned("joined"),
                formedAt: try reader.optional("formedAt"),
                unavailable: try reader.unsigned("unavailable", max: UInt64(LicenseLimits.groupMembers)))
        }
    }
}

/// The groups that an INFT has joined, in the order in which it did. `[groups, isAvailable]`
public struct Memberships: CBORCodable, Codable, Hashable, Sendable {
    public var groups: [INFTID]
    /// False while each of these groups counts it among those that can't be licensed.
    public var isAvailable: Bool

    public init(groups: [INFTID], isAvailable: Bool = true) {
        self.groups = groups
        self.isAvailable = isAvailable
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(groups)
        writer.write(isAvailable)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("memberships", count: 2) { (reader) throws(EncodingFailure) in
            Memberships(
                groups: try reader.list("groups", max: LicenseLimits.groupsPerMember),
                isAvailable: try reader.boolean("isAvailable"))
        }
    }
}

/// A group was made, joined, completed, or a member of it became available or unavailable.
/// `[group, member?, joined, memberCount, unavailable]`
public struct GroupChanged: CBORCodable, Codable, Hashable, Sendable {
    public let group: INFTID
    /// Whose membership or standing changed; null of the group as a whole.
    public let member: INFTID?
    public let joined: UInt64
    public let memberCount: UInt64
    /// How many members can't be licensed now.
    public let unavailable: UInt64

    init(_ record: GroupRecord, member: INFTID? = nil) {
        self.init(
            group: record.group, member: member, joined: record.joined, memberCount: record.memberCount,
            unavailable: record.unavailable)
    }

    private init(group: INFTID, member: INFTID?, joined: UInt64, memberCount: UInt64, unavailable: UInt64) {
        self.group = group
        self.member = member
        self.joined = joined
        self.memberCount = memberCount
        self.unavailable = unavailable
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(group)
        writer.write(member)
        writer.write(joined)
        writer.write(memberCount)
        writer.write(unavailable)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            GroupChanged(
                group: try reader.value("group"), member: try reader.optional("member"),
                joined: try reader.unsigned("joined"), memberCount: try reader.unsigned("memberCount"),
                unavailable: try reader.unsigned("unavailable"))
        }
    }
}
