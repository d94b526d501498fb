public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// Governance raises no event in this version; the type is there for the domain's shape.
public enum GovernanceEvent: LedgerEvent {
    public static let domain = DomainNumber.governance

    public var name: String {
        switch self {}
    }

    public var topics: [Topic] {
        switch self {}
    }

    public func encode(into writer: inout CBORWriter) {
        switch self {}
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) { throw reader.failure(.unknownCase, "kind") }

    public init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            .init(codingPath: decoder.codingPath, debugDescription: "governance has no event"))
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {}
    }
}

public enum GovernanceDomain: LedgerDomain {
    public typealias Event = GovernanceEvent
    public typealias Genesis = GovernanceGenesis

    public static let number = DomainNumber.governance

    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {}

    public static func performDue(kind: UInt8, subject: Bytes32, in context: OperationContext) throws(Refusal) {}

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] { [] }

    public static var queries: [Query] { GovernanceQueries.all }

    public static var rejections: [RejectionDescription] {
        GovernanceRejection.allCases.map {
            RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary)
        }
    }

    /// Parameters within their bounds; validators with distinct keys, names and institutions, which are enrolled. The
    /// identities' genesis was applied before.
    public static func applyGenesis(_ genesis: GovernanceGenesis, in context: OperationContext) throws(Refusal) {
        if let (field, allowed) = genesis.parameters.firstViolation {
            throw GovernanceRejection.parameterOutOfBounds.at(
                "governance.parameters.\(field)", "allowed are \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        for (index, validator) in genesis.validators.enumerated()
        where validator.name.isEmpty || validator.name.utf8.count > GovernanceLimits.nameBytes {
            throw GovernanceRejection.nameInvalid.at(
                "governance.validators[\(index)].name", "1 to \(GovernanceLimits.nameBytes) bytes are allowed")
        }
        let record = ValidatorsRecord(
            genesis.validators.map {
                ValidatorRecord(
                    name: $0.name, institution: $0.institution, key: $0.key, transportKey: $0.transportKey,
                    enrolledAt: context.block.time)
            })
        guard record.set != nil, Set(record.validators.map(\.institution)).count == record.validators.count,
            Set(record.validators.map(\.name)).count == record.validators.count
        else {
            throw GovernanceRejection.validatorsInvalid.at(
                "governance.validators",
                "1 to \(WireLimits.validators) validators are allowed, with distinct keys, names and institutions")
        }
        for (index, validator) in genesis.validators.enumerated() {
            try Organizations.requireEnrolled(
                validator.institution, field: "governance.validators[\(index)].institution", in: context)
        }
        context.state.set(GovernanceKeys.parameters, genesis.parameters)
        context.state.set(GovernanceKeys.validators, record)
    }
}
