public import Encoding
internal import Identities
public import Primitives
public import StateModel
public import Votes

/// Governance: what all validators must agree on beyond the rules. See Specs/domains/governance.md.
public enum GovernanceDomain: LedgerDomain {
    public typealias Event = GovernanceEvent
    public typealias Genesis = GovernanceGenesis

    public static let number = DomainNumber.governance

    public static func react(to event: any LedgerEvent, in context: OperationContext) throws(Refusal) {}

    public static func performDue(kind: UInt8, subject: Bytes32, in context: OperationContext) throws(Refusal) {
        guard kind == Proposals.deadlineDue else {
            throw .failed(StateFailure("governance knows no due work of kind \(kind)"))
        }
        try Proposals.expire(ProposalID(subject), in: context)
    }

    /// Called before all else in the first block of an epoch that a quorum of validators began early. The set, the
    /// parameters and what waits to be voted on stay as they are.
    public static func restartEpoch(_ epoch: Epoch, in context: OperationContext) throws(Refusal) {
        let length = try Parameters.current(in: context.state).epochLength
        context.state.set(
            GovernanceKeys.epoch, EpochRecord.restarting(epoch, at: context.block.height, length: length))
    }

    /// Called after all else in every block; at the epoch's last height it makes the accepted changes and begins the
    /// next epoch. No rule refuses it.
    public static func endEpoch(in context: OperationContext) throws(Refusal) { try EpochEnd.perform(in: context) }

    public static func indexEntries(
        kind: UInt8, key: StateKey, record: [UInt8]
    ) throws(EncodingFailure) -> [IndexEntry] {
        try GovernanceIndexes.entries(kind: kind, record: record)
    }

    public static var queries: [Query] { GovernanceQueries.all }

    public static var tasks: [TaskSource] { GovernanceTasks.all }

    public static var rejections: [RejectionDescription] {
        GovernanceRejection.allCases.map {
            RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary)
        }
    }

    /// Parameters within their bounds; validators with distinct keys, names and institutions, which are enrolled. The
    /// identities' genesis was applied before.
    public static func applyGenesis(_ genesis: GovernanceGenesis, in context: OperationContext) throws(Refusal) {
        if let parameter = genesis.parameters.firstViolation {
            throw GovernanceRejection.parameterOutOfBounds.at(
                "governance.parameters.\(parameter.name)",
                "allowed are \(parameter.allowed.lowerBound) to \(parameter.allowed.upperBound)")
        }
        for (index, validator) in genesis.validators.enumerated()
        where !GovernanceLimits.isName(validator.name) {
            throw GovernanceRejection.nameInvalid.at(
                "governance.validators[\(index)].name",
                "1 to \(GovernanceLimits.nameBytes) bytes without controls are allowed")
        }
        let record = ValidatorsRecord(
            genesis.validators.map {
                ValidatorRecord(
                    name: $0.name, institution: $0.institution, key: $0.key, transportKey: $0.transportKey,
                    enrolledAt: context.block.time)
            })
        let transportKeys = record.validators.compactMap(\.transportKey)
        guard record.set != nil, Set(record.validators.map(\.institution)).count == record.validators.count,
            Set(record.validators.map(\.name)).count == record.validators.count,
            transportKeys.allSatisfy({ TransportKey($0.bytes) != nil }),
            Set(transportKeys.map { $0.bytes.dropFirst() }).count == transportKeys.count
        else {
            throw GovernanceRejection.validatorsInvalid.at(
                "governance.validators",
                "1 to \(WireLimits.validators) validators are allowed, with distinct keys, transport keys, names and "
                    + "institutions")
        }
        for (index, validator) in genesis.validators.enumerated() {
            try Organizations.requireEnrolled(
                validator.institution, field: "governance.validators[\(index)].institution", in: context)
        }
        context.state.set(GovernanceKeys.parameters, genesis.parameters)
        context.state.set(GovernanceKeys.validators, record)
        context.state.set(GovernanceKeys.epoch, EpochRecord.first(length: genesis.parameters.epochLength))
        for validator in record.validators {
            context.state.set(
                GovernanceKeys.usedKey(validator.key),
                UsedKeyRecord(institution: validator.institution, since: context.block.time))
        }
    }
}
