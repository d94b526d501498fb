public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Anyone says that something is wrong with an INFT, with a bond and a commitment to evidence. Its owner answers, and a panel
/// decides by documents; upheld, a tag stands against the INFT and all that derives from it.
/// `[inft, ground, evidence, nonceCommitment, asset, bond]`
public struct RaiseClaim: DomainOperation {
    public static let name = "dispute.claim"

    public let inft: INFTID
    public let ground: DisputeGround
    /// Salted commitment to the documents that state what is wrong; never used before.
    public let evidence: Hash
    /// ``DisputeCommitments/nonce(_:of:network:)`` of the claimant.
    public let nonceCommitment: Hash
    /// Of the bond; its issuer may issue.
    public let asset: AssetID
    public let bond: Amount

    public init(
        inft: INFTID, ground: DisputeGround, evidence: Hash, nonceCommitment: Hash, asset: AssetID, bond: Amount
    ) {
        self.inft = inft
        self.ground = ground
        self.evidence = evidence
        self.nonceCommitment = nonceCommitment
        self.asset = asset
        self.bond = bond
    }

    public var weight: UInt64 { 10 + 4 * 24 + CredentialWeights.holds + DisputeAct.drawWeight }

    public struct Plan {
        let dispute: DisputeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let claimant = context.actor
        try Authority.require(claimant, for: .licensing, in: context, field: "inft")
        let inft = try INFTRegistry.requireKnown(self.inft, field: "inft", in: state)
        if let original = inft.cloneOf {
            throw INFTRejection.recallOriginal.at(
                "inft", "\(self.inft) is a clone of \(original)", hint: "Dispute \(original): its clones follow.")
        }
        guard inft.owner != claimant else {
            throw LicenseRejection.notSide.at("inft", "the owner disputes nothing; recall it, or retire it")
        }
        try checkBond(of: claimant, at: time, in: context)
        try DisputeAct.requireNew(evidence, in: state)
        let id: DisputeID = context.madeIdentifier()
        try DisputeDraw.requirePanel(
            round: 0, of: id,
            conflicts: DisputeConflicts(claimant: claimant, respondent: inft.owner, inft: inft.id, in: state),
            seated: [], in: context)
        let round = DisputeRound(
            opener: .claimant, openedAt: time, bond: bond,
            opening: DisputePleading(commitment: nonceCommitment, evidence: evidence),
            slots: try Arbiters.pool(in: state).slots)
        return Plan(
            dispute: DisputeRecord(
                id: id, ground: ground, inft: inft.id, version: inft.versionCount, license: nil, delivery: nil,
                claimant: claimant, respondent: inft.owner, asset: asset, amount: .zero, raisedAt: time,
                stage: .response, deadline: nil, rounds: [round]))
    }

    /// In units that somebody answers for: else a claim would cost nothing.
    private func checkBond(of claimant: Party, at time: Timestamp, in context: OperationContext) throws(Refusal) {
        guard bond >= DisputeLimits.leastClaimBond else {
            let names = PlainNames(state: context.state)
            throw LicenseRejection.bondTooSmall.at(
                "bond",
                "\(names.amount(bond, of: asset)); at least \(names.amount(DisputeLimits.leastClaimBond, of: asset))")
        }
        let record = try Assets.requireActive(asset, field: "asset", in: context.state)
        guard try Assets.mayIssue(record.issuer, at: time, in: context.state), record.issuer != claimant else {
            throw LicenseRejection.bondTooSmall.at(
                "asset", "its issuer may not issue any more, or is the claimant",
                hint: "Give a bond in an asset of an issuer that is accredited or admitted.")
        }
        try Authority.require(claimant, for: .treasury, in: context, field: "bond")
        try Balances.checkSpend(bond, of: asset, from: claimant, in: context.state)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        try Reserves.put(
            bond, of: asset, from: dispute.claimant, kind: .bond, for: dispute.bondSubject(round: 0), in: context)
        DisputeAct.note(evidence, of: dispute.id, in: context)
        try DisputeMachine.enter(.response, &dispute, in: context)
        DisputeMachine.store(dispute, in: context)
        context.emit(LicenseEvent.disputeRaised(DisputeChanged(dispute)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Claim of \(names.identifier(inft.description)) that \(ground.claim)",
            "Set a bond of \(names.amount(bond, of: asset)) aside; who loses, loses it",
            "Upheld, it stands against the INFT and all that derives from it",
            "Evidence: the documents with the commitment \(evidence)",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(inft)
        writer.write(ground)
        writer.write(evidence)
        writer.write(nonceCommitment)
        writer.write(asset)
        writer.write(bond)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            RaiseClaim(
                inft: try reader.value("inft"), ground: try reader.value("ground"),
                evidence: try reader.value("evidence"), nonceCommitment: try reader.value("nonceCommitment"),
                asset: try reader.value("asset"), bond: try reader.value("bond"))
        }
    }
}

/// The claimant of an upheld dispute about an INFT says that it is settled: its tag is taken off. `[dispute]`
public struct SettleDispute: DomainOperation {
    public static let name = "dispute.settle"

    public let dispute: DisputeID

    public init(dispute: DisputeID) { self.dispute = dispute }

    public var weight: UInt64 { 10 + 4 * 8 }

    public struct Plan {
        let dispute: DisputeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let dispute = try Disputes.require(self.dispute, in: context.state)
        guard dispute.claimant == context.actor else {
            throw LicenseRejection.notSide.at("dispute", "only the claimant, \(dispute.claimant), may call it settled")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "dispute")
        guard try DisputeVerdicts.isInForce(dispute, in: context.state) else {
            throw LicenseRejection.disputeStage.at("dispute", "no verdict of it stands against an INFT")
        }
        return Plan(dispute: dispute)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try DisputeVerdicts.lift(plan.dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Call the dispute \(names.identifier(dispute.description)) settled: nothing stands against the INFT by it any more"
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(dispute)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            SettleDispute(dispute: try reader.value("dispute"))
        }
    }
}
