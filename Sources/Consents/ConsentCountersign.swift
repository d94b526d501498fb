public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `consent.countersign`: the custodian takes on what the consent says of it; the consent is in force from this block.
public struct ConsentCountersign: DomainOperation {
    public static let name = "consent.countersign"

    public let consent: Reference<ConsentKind>

    public init(consent: Reference<ConsentKind>) { self.consent = consent }

    public var weight: UInt64 { 10 + 4 * 6 + ConsentWeights.consent }

    public func check(in context: OperationContext) throws(Refusal) -> ConsentRecord {
        let id = try context.state.resolve(consent, in: context, domain: .consents, field: "consent")
        var record = try ConsentLedger.require(id, field: "consent", in: context.state)
        try Authority.require(record.custodian, for: .consent, in: context, field: "consent")
        guard record.withdrawnAt == nil else {
            throw ConsentRejection.alreadyWithdrawn.at("consent", "the subject has withdrawn it")
        }
        guard record.effectiveAt == nil else {
            throw ConsentRejection.alreadyCountersigned.at("consent", "it is in force already")
        }
        guard record.status(at: context.block.time) == .proposed else {
            throw ConsentRejection.consentExpired.at("consent", "its time is over", hint: "Ask for a new consent.")
        }
        record.effectiveAt = context.block.time
        record.revision += 1
        return record
    }

    public func apply(_ record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(ConsentsKeys.consent(record.id), record)
        try ConsentLife.begin(record, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Countersign \(reference(consent, names)) as its custodian: keep to it, and to what it commits to."
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(consent)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            ConsentCountersign(consent: try reader.value("consent"))
        }
    }
}

/// `consent` by its text, or by the operation of this transaction that makes it.
func reference(_ reference: Reference<ConsentKind>, _ names: any NameResolver) -> String {
    switch reference {
    case .id(let id): "the consent \(names.identifier(id.description))"
    case .operation(let index): "the consent that operation \(index) makes"
    }
}
