public import Encoding
public import Primitives
public import StateModel

/// `mandate.grant`: a party lets an account do certain acts for it, so many times, until then.
public struct GrantMandate: DomainOperation {
    public static let name = "mandate.grant"

    public struct Plan {
        let record: MandateRecord
        /// What the grantor lets the delegate do from now on.
        let open: [OpenMandate]
    }

    public let grant: MandateGrant

    public init(grant: MandateGrant) { self.grant = grant }

    public var weight: UInt64 { 10 + 4 * 5 }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let grantor = context.actor
        let time = context.block.time
        try checkDelegate(of: grantor, in: context.state)
        guard !grant.operations.isEmpty else {
            throw IdentityRejection.invalidMandate.at("grant.operations", "a mandate names at least one operation")
        }
        try OrganizationRules.requireAscending(
            grant.operations.map(\.rawValue), max: MandatedAct.allCases.count, field: "grant.operations")
        guard (grant.limit != nil) == grant.operations.contains(where: \.movesMoney) else {
            throw IdentityRejection.invalidMandate.at(
                "grant.limit",
                grant.limit == nil
                    ? "a mandate for what moves money says how much of which asset"
                    : "nothing that it allows moves money",
                hint: grant.limit == nil ? "Give the limit." : "Leave the limit out.")
        }
        guard grant.limit?.amount != .zero else {
            throw IdentityRejection.invalidMandate.at("grant.limit.amount", "a limit of nothing allows nothing")
        }
        if let uses = grant.uses {
            guard (1...IdentityLimits.mandateUses).contains(uses) else {
                throw IdentityRejection.invalidMandate.at(
                    "grant.uses", "\(uses) is not from 1 to \(IdentityLimits.mandateUses)",
                    hint: "Leave it out to allow any number.")
            }
        }
        guard time < grant.validUntil else {
            throw IdentityRejection.invalidValidity.at(
                "grant.validUntil", "the validity ends at \(grant.validUntil), before it can begin")
        }
        let latest = time.adding(milliseconds: IdentityLimits.mandateMilliseconds)
        guard grant.validUntil <= latest else {
            throw IdentityRejection.mandateTooLong.at(
                "grant.validUntil", "a mandate granted now ends at \(latest) at the latest",
                hint: "Grant it anew when it has run out.")
        }
        try Authority.require(grantor, for: .administration, in: context, field: "grantor")
        let record = MandateRecord(id: context.madeIdentifier(), grantor: grantor, grant: grant, grantedAt: time)
        var open = try Mandates.list(of: grantor, to: grant.delegate, in: context.state)
        open.removeAll { $0.validUntil <= time }
        guard open.count < IdentityLimits.openMandates else {
            throw IdentityRejection.tooManyMandates.at(
                "grant.delegate", "\(grant.delegate) holds \(open.count) mandates of \(grantor) already",
                hint: "Revoke one that is not needed.")
        }
        open.append(OpenMandate(record))
        return Plan(record: record, open: open.sorted())
    }

    private func checkDelegate(of grantor: Party, in state: any StateReader) throws(Refusal) {
        let delegate = Party.account(grant.delegate)
        guard delegate != grantor else {
            throw IdentityRejection.selfIssued.at("grant.delegate", "nobody needs a mandate of its own")
        }
        let kind = try Parties.requireKnown(delegate, field: "grant.delegate", in: state)
        guard kind != .patient else {
            // Mandates are public, and would tie a pseudonymous key to whom it acts for.
            throw IdentityRejection.kindNotAllowed.at(
                "grant.delegate", "a patient's pseudonymous account can't act for others")
        }
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let record = plan.record
        context.state.set(IdentityKeys.mandate(record.id), record)
        Mandates.set(plan.open, of: record.grantor, to: record.grant.delegate, in: context.state)
        context.emit(IdentityEvent.mandateGranted(MandateStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let acts = grant.operations.map(\.name).joined(separator: ", ")
        let often =
            switch grant.uses {
            case nil: "Any number of times"
            case 1?: "Once"
            case let uses?: "At most \(uses) times"
            }
        return [
            "Let \(names.party(.account(grant.delegate))) do this in your place, by its signature alone: \(acts)",
            "\(often), until \(names.time(grant.validUntil))",
        ]
            + (grant.limit.map { ["It can spend at most \(names.amount($0.amount, of: $0.asset)) of yours in all"] }
                ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(grant)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            GrantMandate(grant: try reader.value("grant"))
        }
    }
}

/// `mandate.revoke`: ends a mandate at once. By its grantor, or by the delegate, which gives it up.
public struct RevokeMandate: DomainOperation {
    public static let name = "mandate.revoke"

    public let mandate: MandateID

    public init(mandate: MandateID) { self.mandate = mandate }

    public var weight: UInt64 { 10 + 4 * 4 }

    public func check(in context: OperationContext) throws(Refusal) -> MandateRecord {
        guard var record = try Mandates.record(mandate, in: context.state) else {
            throw IdentityRejection.unknownMandate.at("mandate", "there is no mandate \(mandate)")
        }
        let actor = context.actor
        let isGivenUp = actor == .account(record.grant.delegate)
        guard isGivenUp || actor == record.grantor else {
            throw IdentityRejection.notAuthorized.at(
                "mandate", "\(actor) is neither the grantor nor the delegate",
                hint: "If an organization granted it, act for the organization.")
        }
        try Authority.require(actor, for: .administration, in: context, field: "mandate")
        let time = context.block.time
        guard record.isInForce(at: time) else {
            let end = record.revocation != nil ? "revoked" : record.isSpent ? "spent" : "expired"
            throw IdentityRejection.mandateEnded.at("mandate", "it is \(end) already")
        }
        record.revocation = Revocation(at: time, by: actor, reason: isGivenUp ? .surrendered : .ended)
        return record
    }

    public func apply(_ record: MandateRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.mandate(record.id), record)
        try Mandates.close(record, in: context.state)
        context.emit(IdentityEvent.mandateRevoked(MandateStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["End the mandate \(names.identifier(mandate.description)) from this operation on"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(mandate)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            RevokeMandate(mandate: try reader.value("mandate"))
        }
    }
}
