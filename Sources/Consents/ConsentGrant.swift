public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `consent.grant`: a subject, or its guardian, consents. In force once the custodian has countersigned.
public struct ConsentGrant: DomainOperation {
    public static let name = "consent.grant"

    public let scope: ConsentScope
    /// Of an individual consent an account of kind patient; of an aggregate the party that controls the dataset.
    public let subject: Party
    /// Signs instead of an individual subject; holds a guardianship that concerns it.
    public let guardian: Address?
    public let custodian: Party
    public let policy: ConsentPolicy
    public let commitments: [CommittedRestriction]
    public let expiresAt: Timestamp?

    public init(
        scope: ConsentScope, subject: Party, guardian: Address? = nil, custodian: Party, policy: ConsentPolicy,
        commitments: [CommittedRestriction] = [], expiresAt: Timestamp? = nil
    ) {
        self.scope = scope
        self.subject = subject
        self.guardian = guardian
        self.custodian = custodian
        self.policy = policy
        self.commitments = commitments
        self.expiresAt = expiresAt
    }

    public var weight: UInt64 {
        10 + 4 * 6 + ConsentWeights.consent / 2 + (guardian == nil ? 0 : CredentialWeights.holds)
    }

    public func check(in context: OperationContext) throws(Refusal) -> ConsentRecord {
        let grantedBy = try checkSubject(in: context)
        let custodianKind = try Parties.requireKnown(custodian, field: "custodian", in: context.state)
        guard custodianKind != .patient else {
            throw ConsentRejection.custodianIsPatient.at("custodian", "\(custodian) is a patient's account")
        }
        guard commitments.count <= ConsentsLimits.commitmentsPerConsent else {
            throw ConsentRejection.tooManyElements.at(
                "commitments", "\(commitments.count); at most \(ConsentsLimits.commitmentsPerConsent) are kept")
        }
        try PolicyRules(scope: scope, commitments: commitments).check(policy, field: "policy")
        if let expiresAt, expiresAt <= context.block.time || expiresAt > .maximum {
            throw ConsentRejection.consentExpired.at("expiresAt", "\(expiresAt) is not after the block's time")
        }
        // A dataset's controller that keeps the data itself has nobody else to countersign.
        let isEffective = scope == .aggregate && subject == custodian
        return ConsentRecord(
            id: context.madeIdentifier(), scope: scope, subject: subject, grantedBy: grantedBy, custodian: custodian,
            policy: policy, commitments: commitments, grantedAt: context.block.time,
            effectiveAt: isEffective ? context.block.time : nil, expiresAt: expiresAt, withdrawnAt: nil, revision: 0,
            sets: [])
    }

    /// Whose signature gives the consent.
    private func checkSubject(in context: OperationContext) throws(Refusal) -> Address {
        let kind = try Parties.requireKnown(subject, field: "subject", in: context.state)
        switch (scope, subject) {
        case (.individual, .account(let address)):
            guard kind == .patient else {
                throw ConsentRejection.subjectNotPatient.at("subject", "\(address) is of kind \(kind.name)")
            }
            guard let guardian else {
                try Authority.require(subject, for: .consent, in: context, field: "subject")
                return address
            }
            try Authority.require(.account(guardian), for: .consent, in: context, field: "guardian")
            guard
                try Credentials.isGuardian(
                    .account(guardian), of: subject, at: context.block.time, in: context.state)
            else {
                throw ConsentRejection.notGuardian.at(
                    "guardian", "\(guardian) holds no guardianship of \(address)",
                    hint: "A guardianship is a credential that concerns the subject and that the guardian accepted.")
            }
            return guardian
        case (.individual, .organization):
            throw ConsentRejection.subjectNotPatient.at("subject", "an organization is no person")
        case (.aggregate, _):
            guard kind != .patient else {
                throw ConsentRejection.subjectIsPatient.at("subject", "\(subject) is a patient's account")
            }
            guard guardian == nil else {
                throw ConsentRejection.notGuardian.at("guardian", "a dataset's controller has no guardian")
            }
            try Authority.require(subject, for: .consent, in: context, field: "subject")
            return context.sender
        }
    }

    public func apply(_ record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(ConsentsKeys.consent(record.id), record)
        context.emit(ConsentEvent.granted(ConsentFact(record, at: context.block.time)))
        if record.effectiveAt != nil { try ConsentLife.begin(record, in: context) }
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines: [String] = []
        switch scope {
        case .individual: lines.append("\(names.party(subject)) consents; \(names.party(custodian)) keeps the data.")
        case .aggregate:
            lines.append("\(names.party(subject)) states the terms of a dataset that \(names.party(custodian)) keeps.")
        }
        if let guardian { lines.append("Given by the guardian \(names.party(.account(guardian))).") }
        lines.append("Everything is denied but what follows.")
        lines += PolicyWords(names: names).lines(policy)
        if !commitments.isEmpty {
            lines.append(
                (commitments.count == 1 ? "1 restriction is" : "\(commitments.count) restrictions are")
                    + " committed to and known to the custodian alone.")
        }
        lines.append(expiresAt.map { "Ends on \(names.time($0))." } ?? "Has no end of its own.")
        lines.append("It can be withdrawn at any time, alone, at once; copies that were delivered stay where they are.")
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(scope)
        writer.write(subject)
        writer.write(guardian)
        writer.write(custodian)
        writer.write(policy)
        writer.write(commitments)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            ConsentGrant(
                scope: try reader.value("scope"), subject: try reader.value("subject"),
                guardian: try reader.optional("guardian"), custodian: try reader.value("custodian"),
                policy: try reader.value("policy"),
                commitments: try reader.list("commitments", max: ConsentsLimits.commitmentsPerConsent),
                expiresAt: try reader.optional("expiresAt"))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case scope, subject, guardian, custodian, policy, commitments, expiresAt
    }

    /// In JSON guardian, commitments and expiry may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            scope: try container.decode(ConsentScope.self, forKey: .scope),
            subject: try container.decode(Party.self, forKey: .subject),
            guardian: try container.decodeIfPresent(Address.self, forKey: .guardian),
            custodian: try container.decode(Party.self, forKey: .custodian),
            policy: try container.decode(ConsentPolicy.self, forKey: .policy),
            commitments: try container.decodeIfPresent([CommittedRestriction].self, forKey: .commitments) ?? [],
            expiresAt: try container.decodeIfPresent(Timestamp.self, forKey: .expiresAt))
    }
}
