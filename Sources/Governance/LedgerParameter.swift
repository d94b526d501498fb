public import Encoding
internal import Identities
public import Primitives
internal import StateModel

/// The parameters by name: those of the ledger in the order of their record, then those that domains own.
public enum LedgerParameter: UInt8, NamedCode, CBORCodable {
    case epochLength = 0
    case deltaMilliseconds = 1
    case heartbeatMilliseconds = 2
    case blockWeight = 3
    case clockSkewMilliseconds = 4
    /// Of identities.
    case accountsPerSponsor = 5
    /// Of identities.
    case stateBytesPerSponsor = 6

    public var allowed: ClosedRange<UInt64> {
        switch self {
        case .epochLength: GovernanceLimits.epochLength
        case .deltaMilliseconds: GovernanceLimits.deltaMilliseconds
        case .heartbeatMilliseconds: GovernanceLimits.heartbeatMilliseconds
        case .blockWeight: GovernanceLimits.blockWeight
        case .clockSkewMilliseconds: GovernanceLimits.clockSkewMilliseconds
        case .accountsPerSponsor: GovernanceLimits.accountsPerSponsor
        case .stateBytesPerSponsor: GovernanceLimits.stateBytesPerSponsor
        }
    }
}

/// A parameter's new value. Bytes: `[parameter, value]`.
public struct ParameterChange: CBORCodable, Codable, Hashable, Sendable {
    public let parameter: LedgerParameter
    public let value: UInt64

    public init(_ parameter: LedgerParameter, _ value: UInt64) {
        self.parameter = parameter
        self.value = value
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(parameter)
        writer.write(value)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("change", count: 2) { (reader) throws(EncodingFailure) in
            ParameterChange(try reader.value("parameter"), try reader.unsigned("value"))
        }
    }
}

/// Every parameter that votes can change, whichever domain keeps it.
struct ParameterSet: Equatable {
    private(set) var ledger: LedgerParameters
    private(set) var identities: IdentityParameters

    init(ledger: LedgerParameters, identities: IdentityParameters) {
        self.ledger = ledger
        self.identities = identities
    }

    init(of state: any StateReader) throws(Refusal) {
        self.init(
            ledger: try Parameters.current(in: state), identities: try Sponsorship.parameters(in: state))
    }

    func value(of parameter: LedgerParameter) -> UInt64 {
        switch parameter {
        case .epochLength: ledger.epochLength
        case .deltaMilliseconds: ledger.deltaMilliseconds
        case .heartbeatMilliseconds: ledger.heartbeatMilliseconds
        case .blockWeight: ledger.blockWeight
        case .clockSkewMilliseconds: ledger.clockSkewMilliseconds
        case .accountsPerSponsor: identities.accountsPerSponsor
        case .stateBytesPerSponsor: identities.stateBytesPerSponsor
        }
    }

    func applying(_ changes: [ParameterChange]) -> ParameterSet {
        func value(_ parameter: LedgerParameter) -> UInt64 {
            changes.last { $0.parameter == parameter }?.value ?? self.value(of: parameter)
        }
        var changed = self
        changed.ledger = LedgerParameters(
            epochLength: value(.epochLength), deltaMilliseconds: value(.deltaMilliseconds),
            heartbeatMilliseconds: value(.heartbeatMilliseconds), blockWeight: value(.blockWeight),
            clockSkewMilliseconds: value(.clockSkewMilliseconds))
        changed.identities = IdentityParameters(
            accountsPerSponsor: value(.accountsPerSponsor), stateBytesPerSponsor: value(.stateBytesPerSponsor))
        return changed
    }

    /// The first of the changes that lies outside its bounds. What genesis set and nobody changes is not judged.
    static func firstViolation(_ changes: [ParameterChange]) -> LedgerParameter? {
        changes.first { !$0.parameter.allowed.contains($0.value) }?.parameter
    }
}

extension LedgerParameters {
    /// The first parameter outside its bounds.
    var firstViolation: LedgerParameter? {
        let values: [(LedgerParameter, UInt64)] = [
            (.epochLength, epochLength), (.deltaMilliseconds, deltaMilliseconds),
            (.heartbeatMilliseconds, heartbeatMilliseconds), (.blockWeight, blockWeight),
            (.clockSkewMilliseconds, clockSkewMilliseconds),
        ]
        return values.first { !$0.0.allowed.contains($0.1) }?.0
    }
}
