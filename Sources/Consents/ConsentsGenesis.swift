public import Encoding
public import Primitives

/// A dataset's consent that a network starts with; in force from genesis. Patients consent by their own signature only.
public struct GenesisConsent: CBORCodable, Codable, Hashable, Sendable {
    public let subject: Party
    public let custodian: Party
    public let policy: ConsentPolicy
    public let expiresAt: Timestamp?

    public init(subject: Party, custodian: Party, policy: ConsentPolicy, expiresAt: Timestamp? = nil) {
        self.subject = subject
        self.custodian = custodian
        self.policy = policy
        self.expiresAt = expiresAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(subject)
        writer.write(custodian)
        writer.write(policy)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            GenesisConsent(
                subject: try reader.value("subject"), custodian: try reader.value("custodian"),
                policy: try reader.value("policy"), expiresAt: try reader.optional("expiresAt"))
        }
    }
}

public struct ConsentsGenesis: CBORCodable, Codable, Hashable, Sendable {
    /// Consent `i` gets the id that operation `i` of a transaction with hash zero would make.
    public let consents: [GenesisConsent]

    public init(consents: [GenesisConsent] = []) { self.consents = consents }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(consents)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            ConsentsGenesis(consents: try reader.list("consents", max: ConsentsLimits.genesisConsents))
        }
    }
}
