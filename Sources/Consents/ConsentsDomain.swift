public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// Consents: who may do what with the data of whom. See Specs/domains/consents.md.
public enum ConsentsDomain: LedgerDomain {
    public typealias Event = ConsentEvent
    public typealias Genesis = ConsentsGenesis

    public static let number = DomainNumber.consents

    /// Credentials are asked for when a decision is made, so nothing follows from a change of theirs.
    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {}

    public static func performDue(
        kind: UInt8, subject: Bytes32, in context: OperationContext
    ) throws(Refusal) {
        switch kind {
        case ConsentLife.expiryDue: try ConsentLife.expire(ConsentID(subject), in: context)
        case ConsentLife.reviewDue: try Reviews.tellOverdue(DisclosureID(subject), in: context)
        default: throw .failed(StateFailure("consents know no due work of kind \(kind)"))
        }
    }

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] {
        try ConsentIndexes.entries(kind: kind, record: record)
    }

    public static let queries = ConsentQueries.all

    /// What a custodian released, oldest first: the list that domains which release under consents look through.
    public static let audit = AccountingQueries.audit

    public static var tasks: [TaskSource] { ConsentTasks.all }

    public static let rejections = ConsentRejection.descriptions

    public static func decodeEvent(_ reader: inout CBORReader) throws(EncodingFailure) -> ConsentEvent {
        try ConsentEvent(from: &reader)
    }

    /// Identities' genesis comes first: subjects and custodians must be known.
    public static func applyGenesis(_ genesis: ConsentsGenesis, in context: OperationContext) throws(Refusal) {
        guard genesis.consents.count <= ConsentsLimits.genesisConsents else {
            throw ConsentRejection.invalidGenesis.at(
                "consents", "\(genesis.consents.count); at most \(ConsentsLimits.genesisConsents)")
        }
        for (index, consent) in genesis.consents.enumerated() {
            let field = "consents[\(index)]"
            for (name, party) in [("subject", consent.subject), ("custodian", consent.custodian)] {
                let kind = try Parties.requireKnown(party, field: "\(field).\(name)", in: context.state)
                guard kind != .patient else {
                    throw ConsentRejection.invalidGenesis.at("\(field).\(name)", "a patient consents by signature")
                }
            }
            try PolicyRules(scope: .aggregate, commitments: []).check(consent.policy, field: "\(field).policy")
            if let expiresAt = consent.expiresAt, expiresAt <= context.block.time {
                throw ConsentRejection.invalidGenesis.at("\(field).expiresAt", "not after the network's start")
            }
            let record = ConsentRecord(
                id: makeIdentifier(transactionHash: context.transactionHash, operationIndex: index),
                scope: .aggregate, subject: consent.subject, grantedBy: context.sender,
                custodian: consent.custodian, policy: consent.policy, commitments: [],
                grantedAt: context.block.time, effectiveAt: context.block.time, expiresAt: consent.expiresAt,
                withdrawnAt: nil, revision: 0, sets: [])
            context.state.set(ConsentsKeys.consent(record.id), record)
            try ConsentLife.begin(record, in: context)
        }
    }
}
