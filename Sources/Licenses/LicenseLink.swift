public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Turns licenses into the link between a derivative, minted earlier in this transaction, and its parents: the
/// licenses are consumed, and the derivative gets the royalty vector by which its revenue flows up the graph.
/// `[derivative, licenses]`
public struct LinkLicenses: DomainOperation {
    public static let name = "license.link"

    public let derivative: Reference<INFTKind>
    /// One on each parent, in the parents' order or any other.
    public let licenses: [Reference<LicenseKind>]

    public init(derivative: Reference<INFTKind>, licenses: [Reference<LicenseKind>]) {
        self.derivative = derivative
        self.licenses = licenses
    }

    /// Per parent: license, terms, INFT, ancestors, royalties, live count; and the vector that is written.
    public var weight: UInt64 { 10 + 4 * 8 + UInt64(licenses.count) * (4 * 14 + 60 + INFTsWeights.standing) }

    public struct Plan {
        let link: DerivativeLink
        let vector: [RoyaltyEntry]
        let consumed: [LicenseRecord]
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let id = try state.resolve(derivative, in: context, domain: .licenses, field: "derivative")
        let child = try INFTRegistry.requireKnown(id, field: "derivative", in: state)
        guard child.owner == context.actor else {
            throw LicenseRejection.notOwner.at("derivative", "\(id) belongs to \(child.owner)")
        }
        guard child.createdHeight == context.block.height, child.createdAt == context.block.time,
            try LicenseLedger.link(of: id, in: state) == nil
        else {
            throw LicenseRejection.notMintedHere.at(
                "derivative", "\(id) was not minted in this transaction", hint: "Mint and link in one transaction.")
        }
        guard !licenses.isEmpty, licenses.count <= LicenseLimits.parents else {
            throw LicenseRejection.parentsDiffer.at("licenses", "1 to \(LicenseLimits.parents) licenses are linked")
        }
        var parents: [ParentLicense] = []
        for (index, reference) in licenses.enumerated() {
            let field = "licenses[\(index)]"
            let license = try state.resolve(reference, in: context, domain: .licenses, field: field)
            guard !parents.contains(where: { $0.license.id == license }) else {
                throw LicenseRejection.duplicateLicense.at(field, "\(license) is named twice")
            }
            parents.append(try ParentLicense(license, field: field, in: context))
        }
        for (index, parent) in parents.enumerated() { try parent.requireTraining(for: child, "licenses[\(index)]") }
        let infts = parents.map(\.license.inft)
        guard infts.sorted() == child.parents else {
            throw LicenseRejection.parentsDiffer.at(
                "licenses", "the mint names \(child.parents.count) parents; name one license on each of them")
        }
        for (index, parent) in parents.enumerated() {
            guard let group = try Groups.record(parent.license.inft, in: state) else { continue }
            guard parents.count == 1 else {
                throw LicenseRejection.notGroupable.at(
                    "licenses[\(index)]", "\(group.group) is a group: what derives from it derives from nothing else")
            }
            try Groups.requireSellable(group, field: "licenses[\(index)]")
        }
        let vector = try RoyaltyVector.make(of: id, parents, in: state)
        let link = DerivativeLink(
            derivative: id, parents: infts, licenses: parents.map(\.license.id),
            terms: parents.map(\.license.terms), linkedAt: context.block.time,
            expiresAt: try Self.earliestExpiry(parents, in: state), reciprocalTerms: try Self.reciprocal(parents))
        return Plan(link: link, vector: vector, consumed: parents.map(\.license))
    }

    /// The earliest wins: of the licenses, and of what the parents themselves rest on.
    private static func earliestExpiry(
        _ parents: [ParentLicense], in state: any StateReader
    ) throws(Refusal) -> Timestamp? {
        var earliest: Timestamp?
        for parent in parents {
            let own = try LicenseLedger.link(of: parent.license.inft, in: state)?.expiresAt
            for time in [parent.license.expiresAt, own] {
                if let time { earliest = min(earliest ?? time, time) }
            }
        }
        return earliest
    }

    /// Reciprocal terms are the derivative's only terms, so all parents that ask for them ask for the same; and what
    /// they grant must not be wider than what any other parent allows.
    private static func reciprocal(_ parents: [ParentLicense]) throws(Refusal) -> TermsID? {
        guard let first = parents.first(where: { $0.terms.derivatives.isReciprocal }) else { return nil }
        for (index, parent) in parents.enumerated() where parent.license.terms != first.license.terms {
            let field = "licenses[\(index)]"
            if parent.terms.derivatives.isReciprocal {
                throw LicenseRejection.incompatibleTerms.at(
                    field, "two parents ask for reciprocal terms, \(first.license.terms) and \(parent.license.terms)")
            }
            if let wider = first.terms.field(widerThan: parent.terms) {
                throw LicenseRejection.incompatibleTerms.at(
                    field, "the reciprocal terms \(first.license.terms) allow more in \(wider) than this parent")
            }
        }
        return first.license.terms
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try INFTRegistry.linkParents(of: plan.link.derivative, to: plan.link.parents, in: context)
        try Vaults.setRoyalties(plan.link.derivative, plan.vector, in: context)
        for var license in plan.consumed {
            license.ending = .consumed(at: context.block.time, derivative: plan.link.derivative)
            try LiveCount.remove(&license, in: context.state)
            context.state.set(LicenseKeys.license(license.id), license)
            try Metering.giveBack(license, in: context)
            context.emit(LicenseEvent.consumed(LicenseEnded(license, .consumed, at: context.block.time)))
        }
        context.state.set(LicenseKeys.link(plan.link.derivative), plan.link)
        context.emit(LicenseEvent.linked(DerivativeLinked(plan.link)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let child: String
        switch derivative {
        case .id(let id): child = names.identifier(id.description)
        case .operation(let index): child = "the INFT that operation \(index) mints"
        }
        return [
            "Link \(child) to its \(licenses.count == 1 ? "parent" : "\(licenses.count) parents"), for good",
            "The licenses are used up: "
                + licenses.map { reference in
                    switch reference {
                    case .id(let id): names.identifier(id.description)
                    case .operation(let index): "that of operation \(index)"
                    }
                }.joined(separator: ", "),
            "Its revenue pays the shares of all its ancestors from now on",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(derivative)
        writer.write(licenses)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            LinkLicenses(
                derivative: try reader.value("derivative"),
                licenses: try reader.list("licenses", max: LicenseLimits.parents))
        }
    }
}

/// A license that may become a link, with its terms: held by the actor, usable, for derivatives, approved where its
/// terms say so.
struct ParentLicense {
    let license: LicenseRecord
    let terms: Terms
    private let isData: Bool

    /// A model that is made of data was trained on them.
    func requireTraining(for child: INFTRecord, _ field: String) throws(Refusal) {
        guard child.inftClass == .model, isData, !license.use.trainsModels else { return }
        throw LicenseRejection.trainingNotAllowed.at(
            field, "a model of \(license.inft) was trained on it, and the license was not bought for training",
            hint: "Buy a license for training, where the terms allow it.")
    }

    init(_ id: LicenseID, field: String, in context: OperationContext) throws(Refusal) {
        let state = context.state
        license = try LicenseLedger.requireLicense(id, field: field, in: state)
        guard license.licensee == context.actor else {
            throw LicenseRejection.notLicensee.at(field, "the license is \(license.licensee)'s")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: field)
        _ = try LicenseCheck.requireUsable(license, at: context.block.time, in: state)
        let parent = try INFTRegistry.requireActive(license.inft, field: field, in: state)
        terms = try LicenseLedger.storedTerms(license.terms, in: state)
        isData = parent.inftClass != .model && parent.inftClass != .algorithm
        // A derivative is for good, a sublicense ends with what is above it.
        guard license.under == nil else {
            throw LicenseRejection.derivativesNotAllowed.at(
                field, "\(license.id) is a sublicense", hint: "Buy a license of your own.")
        }
        try LicenseAct.requireNoSublicenses(license)
        guard terms.derivatives.isAllowed else {
            throw LicenseRejection.derivativesNotAllowed.at(
                field, "the terms \(license.terms) do not allow derivatives")
        }
        if terms.derivatives.requiresApproval {
            try Authority.require(parent.owner, for: .licensing, in: context, field: field)
        }
    }
}
