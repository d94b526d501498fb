public import Encoding
import Identities
public import Primitives
import Revenue
public import StateModel

/// Registers terms under the id that is their content. `[terms]`
public struct RegisterTerms: DomainOperation {
    public static let name = "terms.register"

    public let terms: Terms

    public init(terms: Terms) { self.terms = terms }

    public var weight: UInt64 { 10 + 4 * 3 + UInt64(terms.encoded.count / 64) }

    public struct Plan {
        let id: TermsID
        let record: TermsRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        try Parties.requireKnown(context.actor, field: "", in: context.state)
        try Authority.require(context.actor, for: .licensing, in: context, field: "")
        if let inconsistency = terms.inconsistency {
            throw .rejected(
                Rejection(
                    code: inconsistency.code, reason: inconsistency.reason, domain: inconsistency.domain,
                    field: "terms.\(inconsistency.field)", message: inconsistency.message))
        }
        if let asset = terms.payment.asset {
            try Assets.requireActive(asset, field: "terms.payment.asset", in: context.state)
        }
        let id = terms.id
        guard try LicenseLedger.terms(id, in: context.state) == nil else {
            throw LicenseRejection.termsExist.at("terms", "\(id) is registered", hint: "Offer under that id.")
        }
        return Plan(
            id: id,
            record: TermsRecord(terms: terms, registeredBy: context.actor, registeredAt: context.block.time))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.terms(plan.id), plan.record)
        context.emit(LicenseEvent.termsRegistered(TermsRegistered(terms: plan.id, by: context.actor)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Register license terms \(names.identifier(terms.id.description))"] + terms.sentences(names)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(terms)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            RegisterTerms(terms: try reader.value("terms"))
        }
    }
}
