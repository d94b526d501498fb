public import Encoding
public import Primitives

/// What an event says of a consent.
public struct ConsentFact: CBORCodable, Codable, Hashable, Sendable {
    public let consent: ConsentID
    public let subject: Party
    public let custodian: Party
    /// When what the event tells took effect.
    public let at: Timestamp
    public let revision: UInt64

    public init(consent: ConsentID, subject: Party, custodian: Party, at: Timestamp, revision: UInt64) {
        self.consent = consent
        self.subject = subject
        self.custodian = custodian
        self.at = at
        self.revision = revision
    }

    init(_ record: ConsentRecord, at time: Timestamp) {
        self.init(
            consent: record.id, subject: record.subject, custodian: record.custodian, at: time,
            revision: record.revision)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(consent)
        writer.write(subject)
        writer.write(custodian)
        writer.write(at)
        writer.write(revision)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            ConsentFact(
                consent: try reader.value("consent"), subject: try reader.value("subject"),
                custodian: try reader.value("custodian"), at: try reader.value("at"),
                revision: try reader.value("revision"))
        }
    }
}

/// What an event says of a set that was made or grew.
public struct SetFact: CBORCodable, Codable, Hashable, Sendable {
    public let set: ConsentSetID
    public let custodian: Party
    public let added: UInt64
    public let memberCount: UInt64
    public let predecessor: ConsentSetID?

    public init(
        set: ConsentSetID, custodian: Party, added: UInt64, memberCount: UInt64, predecessor: ConsentSetID?
    ) {
        self.set = set
        self.custodian = custodian
        self.added = added
        self.memberCount = memberCount
        self.predecessor = predecessor
    }

    init(_ record: ConsentSetRecord, added: Int) {
        self.init(
            set: record.id, custodian: record.custodian, added: UInt64(added), memberCount: record.memberCount,
            predecessor: record.predecessor)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(set)
        writer.write(custodian)
        writer.write(added)
        writer.write(memberCount)
        writer.write(predecessor)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            SetFact(
                set: try reader.value("set"), custodian: try reader.value("custodian"),
                added: try reader.value("added"), memberCount: try reader.value("memberCount"),
                predecessor: try reader.optional("predecessor"))
        }
    }
}

/// What an event says of a set that stopped being good for anything new.
public struct SetStaleFact: CBORCodable, Codable, Hashable, Sendable {
    public let set: ConsentSetID
    public let custodian: Party
    public let mark: StaleMark

    public init(set: ConsentSetID, custodian: Party, mark: StaleMark) {
        self.set = set
        self.custodian = custodian
        self.mark = mark
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(set)
        writer.write(custodian)
        writer.write(mark)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            SetStaleFact(
                set: try reader.value("set"), custodian: try reader.value("custodian"),
                mark: try reader.value("mark"))
        }
    }
}

public struct SetSuccession: CBORCodable, Codable, Hashable, Sendable {
    public let set: ConsentSetID
    public let successor: ConsentSetID
    public let custodian: Party

    public init(set: ConsentSetID, successor: ConsentSetID, custodian: Party) {
        self.set = set
        self.successor = successor
        self.custodian = custodian
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(set)
        writer.write(successor)
        writer.write(custodian)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            SetSuccession(
                set: try reader.value("set"), successor: try reader.value("successor"),
                custodian: try reader.value("custodian"))
        }
    }
}
