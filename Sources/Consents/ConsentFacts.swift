public import Encoding
public import Primitives
internal import StateModel

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

    init(_ record: SetStanding, added: Int) {
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

/// What an event says of a release; its record says the rest.
public struct DisclosureFact: CBORCodable, Codable, Hashable, Sendable {
    public let disclosure: DisclosureID
    public let occasion: DisclosureOccasion
    public let basis: ConsentBasis
    /// Whose consent; nil of a set.
    public let subject: Party?
    public let custodian: Party
    public let recipient: Party
    public let reference: Hash
    public let at: Timestamp

    public init(
        disclosure: DisclosureID, occasion: DisclosureOccasion, basis: ConsentBasis, subject: Party?,
        custodian: Party, recipient: Party, reference: Hash, at: Timestamp
    ) {
        self.disclosure = disclosure
        self.occasion = occasion
        self.basis = basis
        self.subject = subject
        self.custodian = custodian
        self.recipient = recipient
        self.reference = reference
        self.at = at
    }

    init(_ record: DisclosureRecord) {
        self.init(
            disclosure: record.id, occasion: record.occasion, basis: record.basis, subject: record.subject,
            custodian: record.custodian, recipient: record.recipient, reference: record.reference, at: record.at)
    }

    var topics: [Topic] {
        var topics: [Topic] = [.party(custodian)]
        if recipient != custodian { topics.append(.party(recipient)) }
        if let subject, subject != custodian, subject != recipient { topics.append(.party(subject)) }
        if case .consent(let id) = basis { topics.append(.consent(id)) }
        return topics
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(disclosure)
        writer.write(occasion)
        writer.write(basis)
        writer.write(subject)
        writer.write(custodian)
        writer.write(recipient)
        writer.write(reference)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("disclosure", count: 8) { (reader) throws(EncodingFailure) in
            DisclosureFact(
                disclosure: try reader.value("disclosure"), occasion: try reader.value("occasion"),
                basis: try reader.value("basis"), subject: try reader.optional("subject"),
                custodian: try reader.value("custodian"), recipient: try reader.value("recipient"),
                reference: try reader.value("reference"), at: try reader.value("at"))
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
