public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `consent.withdraw`: the subject takes consents back, alone; effective in this block. Of the reserved lane.
///
/// It never needs more than granting did: who gave the consent, the subject, or a guardian in office can withdraw it.
public struct ConsentWithdraw: DomainOperation {
    public static let name = "consent.withdraw"

    /// One or more; a wallet that withdraws everything names everything.
    public let consents: [ConsentID]

    public init(consents: [ConsentID]) { self.consents = consents }

    public var weight: UInt64 {
        10 + UInt64(consents.count) * 4 * UInt64(2 + ConsentsLimits.setsPerConsent)
    }

    public func check(in context: OperationContext) throws(Refusal) -> [ConsentRecord] {
        guard !consents.isEmpty else {
            throw ConsentRejection.nothingNamed.at("consents", "no consent is named")
        }
        guard consents.count <= ConsentsLimits.withdrawalsPerOperation else {
            throw ConsentRejection.tooManyElements.at(
                "consents", "\(consents.count); at most \(ConsentsLimits.withdrawalsPerOperation) at a time",
                hint: "Split them over several operations.")
        }
        guard SortedList(consents).count == consents.count else {
            throw ConsentRejection.namedTwice.at("consents", "a consent is named twice")
        }
        var records: [ConsentRecord] = []
        for (index, id) in consents.enumerated() {
            let field = "consents[\(index)]"
            let record = try ConsentLedger.require(id, field: field, in: context.state)
            try requireSubject(of: record, in: context, field: field)
            guard record.withdrawnAt == nil else {
                throw ConsentRejection.alreadyWithdrawn.at(field, "withdrawn already")
            }
            guard record.status(at: context.block.time) != .expired else {
                throw ConsentRejection.consentExpired.at(field, "its time is over; nothing rests on it")
            }
            records.append(record)
        }
        return records
    }

    private func requireSubject(
        of record: ConsentRecord, in context: OperationContext, field: String
    ) throws(Refusal) {
        guard record.scope == .individual, case .account(let subject) = record.subject else {
            return try Authority.require(record.subject, for: .consent, in: context, field: field)
        }
        if context.isSigned(by: subject) || context.isSigned(by: record.grantedBy) { return }
        for signer in context.signers {
            if try Credentials.isGuardian(
                .account(signer), of: record.subject, at: context.block.time, in: context.state)
            {
                _ = context.isSigned(by: signer)
                return
            }
        }
        throw ConsentRejection.notSubject.at(
            field, "signed neither by its subject nor by a guardian",
            hint: "Withdraw with the key that gave the consent.")
    }

    public func apply(_ records: [ConsentRecord], in context: OperationContext) throws(Refusal) {
        for record in records { try ConsentLife.withdraw(record, in: context) }
    }

    public func words(_ names: any NameResolver) -> [String] {
        consents.map { "Withdraw the consent \(names.identifier($0.description)), at once and for good." }
            + [
                "Nothing new can begin that rests on it, and licenses that do are suspended.",
                "Copies that were delivered stay where they are.",
            ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(consents)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            ConsentWithdraw(consents: try reader.list("consents", max: ConsentsLimits.withdrawalsPerOperation))
        }
    }
}
