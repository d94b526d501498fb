public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// Who keeps copies of an INFT's sealing secrets beside their holder, and how many of them must sign that they were
/// destroyed. Of one holder: the next owner has secrets of their own, and names their own custodians.
/// `[inft, holder, threshold, custodians]`
public struct KeyCustodians: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let holder: Party
    /// Zero where none are named.
    public let threshold: UInt64
    /// Sorted.
    public let custodians: [Address]

    public init(inft: INFTID, holder: Party, threshold: UInt64, custodians: [Address]) {
        self.inft = inft
        self.holder = holder
        self.threshold = threshold
        self.custodians = custodians
    }

    static func record(
        of inft: INFTID, holder: Party, in state: any StateReader
    ) throws(Refusal) -> KeyCustodians {
        try state.record(INFTKeys.keyCustodians(inft, of: holder))
            ?? KeyCustodians(inft: inft, holder: holder, threshold: 0, custodians: [])
    }

    /// The custodians who signed, sorted. Refused unless they are as many as the threshold asks for; each signature is
    /// marked as needed, so more of them than that may sign.
    static func requireSigned(
        of inft: INFTID, holder: Party, in context: OperationContext
    ) throws(Refusal) -> (custodians: [Address], threshold: UInt64) {
        let record = try record(of: inft, holder: holder, in: context.state)
        let signed = record.custodians.filter { context.isSigned(by: $0) }
        guard UInt64(signed.count) >= record.threshold else {
            throw INFTRejection.keyCustodiansMissing.at(
                "inft",
                "\(signed.count) of the \(record.custodians.count) key custodians signed; "
                    + "\(record.threshold) must",
                hint: "Gather the missing signatures with `tx sign` and `tx merge`.")
        }
        return (signed, record.threshold)
    }

    var topics: [Topic] {
        [.inft(inft), .party(holder)] + custodians.map { .party(.account($0)) }.filter { $0 != .party(holder) }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(holder)
        writer.write(threshold)
        writer.write(custodians)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            KeyCustodians(
                inft: try reader.value("inft"), holder: try reader.value("holder"),
                threshold: try reader.unsigned("threshold", max: UInt64(INFTsLimits.keyCustodians)),
                custodians: try reader.sortedList("custodians", max: INFTsLimits.keyCustodians) { (one: Address) in
                    one
                })
        }
    }
}

/// `inft.setKeyCustodians`: the owner names who keeps copies of its sealing secrets, or, with an empty list and a
/// threshold of zero, nobody. Who is newly named signs too; those of before, as many as their threshold asks for.
/// `[inft, threshold, custodians]`
public struct SetKeyCustodians: DomainOperation {
    public static let name = "inft.setKeyCustodians"
    public let inft: INFTID
    /// How many of them sign an erasure, or a change of this list.
    public let threshold: UInt64
    /// Sorted.
    public let custodians: [Address]

    public init(inft: INFTID, threshold: UInt64, custodians: [Address]) {
        self.inft = inft
        self.threshold = threshold
        self.custodians = custodians
    }

    public var weight: UInt64 { 10 + 4 * (6 + UInt64(custodians.count)) }

    public func check(in context: OperationContext) throws(Refusal) -> KeyCustodians {
        let record = try INFTRegistry.requireOwned(inft, in: context)
        guard custodians.count <= INFTsLimits.keyCustodians,
            zip(custodians, custodians.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw INFTRejection.keyCustodiansInvalid.at(
                "custodians", "at most \(INFTsLimits.keyCustodians) accounts, sorted, each once")
        }
        guard threshold <= UInt64(custodians.count), (threshold == 0) == custodians.isEmpty else {
            throw INFTRejection.keyCustodiansInvalid.at(
                "threshold", "\(threshold) of \(custodians.count); from 1 to as many as are named, or 0 of none")
        }
        let before = try KeyCustodians.record(of: inft, holder: record.owner, in: context.state)
        let after = KeyCustodians(
            inft: inft, holder: record.owner, threshold: threshold, custodians: custodians)
        guard after != before else {
            throw INFTRejection.keyCustodiansUnchanged.at("custodians", "nothing would change")
        }
        for (index, custodian) in custodians.enumerated() where !before.custodians.contains(custodian) {
            let field = "custodians[\(index)]"
            guard try Parties.requireKnown(.account(custodian), field: field, in: context.state) != .patient else {
                throw INFTRejection.keyCustodiansInvalid.at(
                    field, "a patient's pseudonymous account keeps no keys of an institution")
            }
            guard context.isSigned(by: custodian) else {
                throw INFTRejection.keyCustodianUnsigned.at(
                    field, "\(custodian) did not sign", hint: "Nobody is named against their will.")
            }
        }
        _ = try KeyCustodians.requireSigned(of: inft, holder: record.owner, in: context)
        return after
    }

    public func apply(_ plan: KeyCustodians, in context: OperationContext) throws(Refusal) {
        let key = INFTKeys.keyCustodians(inft, of: plan.holder)
        if plan.custodians.isEmpty { context.state.remove(key) } else { context.state.set(key, plan) }
        context.emit(INFTEvent.keyCustodiansSet(plan))
    }

    public func words(_ names: any NameResolver) -> [String] {
        guard !custodians.isEmpty else {
            return ["Nobody but the owner keeps keys of \(names.identifier(inft.description)) from now on"]
        }
        return custodians.map {
            "\(names.party(.account($0))) keeps copies of the owner's keys of \(names.identifier(inft.description))"
        } + ["\(threshold) of \(custodians.count) must sign an erasure, or a change of this list"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(threshold)
        writer.write(custodians)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            SetKeyCustodians(
                inft: try reader.value("inft"),
                threshold: try reader.unsigned("threshold", max: UInt64(INFTsLimits.keyCustodians)),
                custodians: try reader.sortedList("custodians", max: INFTsLimits.keyCustodians) { (one: Address) in
                    one
                })
        }
    }
}
