public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `consent.breakGlass`: a clinician takes access in an emergency, where the consent in force names this purpose (BTG)
/// for such a one. The access ends by itself, and the act opens its own review.
public struct ConsentBreakGlass: DomainOperation {
    public static let name = "consent.breakGlass"

    public let consent: ConsentID
    public let clinician: Address
    /// Salted commitment to what the clinician states of the emergency, for the reviewers.
    public let reason: Hash
    /// When the access ends: at most 72 hours on.
    public let until: Timestamp
    /// Where, ISO 3166.
    public let jurisdiction: String?
    /// What is opened, if it is an INFT.
    public let inft: INFTID?

    public init(
        consent: ConsentID, clinician: Address, reason: Hash, until: Timestamp, jurisdiction: String? = nil,
        inft: INFTID? = nil
    ) {
        self.consent = consent
        self.clinician = clinician
        self.reason = reason
        self.until = until
        self.jurisdiction = jurisdiction
        self.inft = inft
    }

    public var weight: UInt64 {
        10 + 4 * 24 + Release.weight(answers: []) + ConsentWeights.actor + CredentialWeights.holds
    }

    public struct Plan {
        let release: ReleasePlan
        let subject: Party
        let reviewers: SortedList<Party>
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let actor = Party.account(clinician)
        try Authority.require(actor, for: .consent, in: context, field: "clinician")
        let now = context.block.time
        let latest = now.adding(milliseconds: ConsentsLimits.breakGlassMilliseconds)
        guard until > now, until <= latest else {
            throw ConsentRejection.invalidPeriod.at(
                "until", "\(until) is not within \(ConsentsLimits.breakGlassMilliseconds / 3_600_000) hours from now")
        }
        if let jurisdiction, !Regions.isWellFormed(jurisdiction) {
            throw ConsentRejection.invalidJurisdiction.at(
                "jurisdiction", "\(jurisdiction.debugDescription) is no ISO 3166 code")
        }
        let record = try ConsentLedger.require(consent, field: "consent", in: context.state)
        let request = UseRequest(
            actor: actor, action: .access, purposes: [.breakTheGlass], jurisdiction: jurisdiction)
        let release = try Release.check(
            ReleaseCase(.consent(consent), subject: reason.bytes, recipient: actor, in: context.state),
            requests: [request], answers: [], at: context.block, in: context.state)
        try requireCredential(record, release, in: context)
        return Plan(
            release: release, subject: record.subject,
            reviewers: try Reviewers.named(by: record.custodian, in: context.state))
    }

    /// Where the deciding provision names neither the clinician nor a credential, a medical license is asked for.
    private func requireCredential(
        _ record: ConsentRecord, _ release: ReleasePlan, in context: OperationContext
    ) throws(Refusal) {
        let actor = Party.account(clinician)
        let memo = DecisionMemo(actor, at: context.block.time, in: context.state)
        for selector in record.policy.provision(at: release.decisions[0].path)?.actors.elements ?? [] {
            switch selector {
            case .anyone: continue
            case .party(let party): if party == actor { return }
            case .holder(let type, let place):
                if try memo.holds(type, jurisdiction: place) { return }
            }
        }
        guard try memo.holds(.medicalLicense, jurisdiction: jurisdiction) else {
            throw ConsentRejection.notClinician.at(
                "clinician",
                "\(clinician) holds no credential medicalLicense"
                    + (jurisdiction.map { " for \($0)" } ?? ""))
        }
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let id = Release.record(plan.release, as: .breakGlass, of: inft, until: until, in: context)
        let review = ReviewRecord(
            disclosure: id, consent: consent, subject: plan.subject, custodian: plan.release.custodian,
            clinician: clinician, reviewers: plan.reviewers, openedAt: context.block.time,
            deadline: context.block.time.adding(milliseconds: ConsentsLimits.reviewMilliseconds))
        try Reviews.open(review, in: context)
        context.emit(ConsentEvent.glassBroken(ReviewFact(review)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "\(names.party(.account(clinician))) breaks the glass of \(ConsentBasis.consent(consent).words(names)), "
                + "for an emergency, until \(names.time(until)).",
            "The patient sees it, and a review of it is opened with this act.",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(consent)
        writer.write(clinician)
        writer.write(reason)
        writer.write(until)
        if let jurisdiction { writer.write(jurisdiction) } else { writer.writeNull() }
        writer.write(inft)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            ConsentBreakGlass(
                consent: try reader.value("consent"), clinician: try reader.value("clinician"),
                reason: try reader.value("reason"), until: try reader.value("until"),
                jurisdiction: reader.null() ? nil : try reader.jurisdiction("jurisdiction"),
                inft: try reader.optional("inft"))
        }
    }
}

extension ConsentPolicy {
    /// The provision at a decision's path; nil of the base decision.
    func provision(at path: [UInt8]) -> Provision? {
        var provisions = self.provisions
        var found: Provision?
        for step in path {
            guard Int(step) < provisions.count else { return nil }
            found = provisions[Int(step)]
            provisions = found?.provisions ?? []
        }
        return found
    }
}

/// `consent.review`: a reviewer of the custodian, or an ethics board, says whether the glass was broken rightly.
public struct ConsentReview: DomainOperation {
    public static let name = "consent.review"

    public let disclosure: DisclosureID
    /// Who says so. The custodian itself only as long as it has named no reviewers.
    public let reviewer: Party
    public let outcome: ReviewOutcome
    /// Salted commitment to the report.
    public let evidence: Hash?

    public init(disclosure: DisclosureID, reviewer: Party, outcome: ReviewOutcome, evidence: Hash? = nil) {
        self.disclosure = disclosure
        self.reviewer = reviewer
        self.outcome = outcome
        self.evidence = evidence
    }

    public var weight: UInt64 { 10 + 4 * 16 + CredentialWeights.holds }

    public func check(in context: OperationContext) throws(Refusal) -> ReviewClosing {
        guard let review = try Reviews.record(disclosure, in: context.state) else {
            throw ConsentRejection.unknownReview.at("disclosure", "no review of \(disclosure) was opened")
        }
        try Authority.require(reviewer, for: .consent, in: context, field: "reviewer")
        guard review.closing == nil else {
            throw ConsentRejection.alreadyReviewed.at("disclosure", "the review is closed already")
        }
        guard reviewer != .account(review.clinician), !context.signers.contains(review.clinician) else {
            throw ConsentRejection.notReviewer.at("reviewer", "nobody reviews their own act")
        }
        let hasReviewers = try !Reviewers.named(by: review.custodian, in: context.state).isEmpty
        var mayReview = !hasReviewers && reviewer == review.custodian
        if !mayReview {
            mayReview = try Reviewers.mayReview(
                reviewer, for: review.custodian, at: context.block.time, in: context.state)
        }
        guard mayReview else {
            throw ConsentRejection.notReviewer.at(
                "reviewer",
                "\(reviewer) is neither a reviewer that the custodian named nor holder of a credential ethicsBoard")
        }
        return ReviewClosing(at: context.block.time, by: reviewer, outcome: outcome, evidence: evidence)
    }

    public func apply(_ closing: ReviewClosing, in context: OperationContext) throws(Refusal) {
        try Reviews.close(disclosure, closing, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "\(names.party(reviewer)) finds that the glass was broken "
                + (outcome == .justified ? "rightly" : "wrongly")
                + " (\(names.identifier(disclosure.description)))."
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(disclosure)
        writer.write(reviewer)
        writer.write(outcome)
        writer.write(evidence)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            ConsentReview(
                disclosure: try reader.value("disclosure"), reviewer: try reader.value("reviewer"),
                outcome: try reader.value("outcome"), evidence: try reader.optional("evidence"))
        }
    }
}
