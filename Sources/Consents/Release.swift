internal import Cryptography
internal import Identities
public import Primitives
public import StateModel

/// A release that consent allows, as ``Release/record(_:as:of:until:number:in:)`` writes it down.
public struct ReleasePlan: Sendable {
    public let basis: ConsentBasis
    let revision: UInt64
    /// Whose consent; nil of a set.
    let subject: Party?
    public let custodian: Party
    public let recipient: Party
    public let requests: [UseRequest]
    public let decisions: [DecisionBasis]
    public let met: [MetNeed]
    let reference: Hash
}

/// The gate that data passes on its way out: every request permitted, or each need of it met; else refused. The one
/// place where answers to needs are checked, and where disclosures are recorded.
public enum Release {
    /// What a check costs, in units of operation weight.
    public static func weight(decisions: UInt64, answers: [NeedAnswer]) -> UInt64 {
        answers.reduce(4 * 8 + ConsentWeights.set + ConsentWeights.actor + decisions) { $0 + $1.weight }
    }

    /// Of one request that names no disease.
    public static func weight(answers: [NeedAnswer]) -> UInt64 {
        weight(decisions: ConsentWeights.decisions(1, diseases: 0), answers: answers)
    }

    public static func weight(_ requests: [UseRequest], answers: [NeedAnswer]) -> UInt64 {
        weight(
            decisions: requests.reduce(0) {
                $0 + ConsentWeights.decisions(1, diseases: $1.dataUse?.diseases.count ?? 0)
            }, answers: answers)
    }

    /// The release of what a set stands for. `subject` is the license, the transfer or the dispute.
    public static func check(
        set: ConsentSetID, requests: [UseRequest], answers: [NeedAnswer], subject: Bytes32, recipient: Party,
        at block: BlockContext, in state: any StateReader
    ) throws(Refusal) -> ReleasePlan {
        try check(
            .set(set), requests: requests, answers: answers, subject: subject, recipient: recipient, at: block,
            in: state)
    }

    /// Refused unless all is permitted at the time of `block`: an emergency is no case for it (``ConsentBreakGlass``).
    public static func check(
        _ basis: ConsentBasis, requests: [UseRequest], answers: [NeedAnswer], subject: Bytes32, recipient: Party,
        at block: BlockContext, in state: any StateReader
    ) throws(Refusal) -> ReleasePlan {
        if let index = requests.firstIndex(where: { $0.purposes.contains(.breakTheGlass) }) {
            throw ConsentRejection.breakGlassOnly.at(
                "requests[\(index)].purposes", "breaking the glass is an act of its own",
                hint: "Use consent.breakGlass, which opens a review.")
        }
        return try check(
            ReleaseCase(basis, subject: subject, recipient: recipient, in: state), requests: requests,
            answers: answers, at: block, in: state)
    }

    static func check(
        _ release: ReleaseCase, requests: [UseRequest], answers: [NeedAnswer], at block: BlockContext,
        in state: any StateReader
    ) throws(Refusal) -> ReleasePlan {
        guard !requests.isEmpty else { throw ConsentRejection.nothingNamed.at("requests", "no use is named") }
        guard requests.count <= ConsentsLimits.requestsPerRelease else {
            throw ConsentRejection.tooManyElements.at(
                "requests", "\(requests.count); at most \(ConsentsLimits.requestsPerRelease) at a time")
        }
        try requireNothingRevealed(requests, by: release)
        var needs: [Need] = []
        var decisions: [DecisionBasis] = []
        let memo = DecisionMemo(release.recipient, at: block.time, in: state)
        for (index, request) in requests.enumerated() {
            guard request.actor == release.recipient else {
                throw ConsentRejection.recipientDiffers.at(
                    "requests[\(index)].actor", "\(request.actor) asks, but \(release.recipient) would receive")
            }
            let decision = try release.decide(request, memo, at: block.time, in: state)
            switch decision {
            case .permit: break
            case .needs(let found, _): for need in found where !needs.contains(need) { needs.append(need) }
            case .deny(let basis):
                throw ConsentRejection.releaseDenied.at(
                    "requests[\(index)]",
                    "consent denies \(request.action.name) for \(request.purposes.map(\.name).joined(separator: ", ")) "
                        + "(\(basis.reasons.elements.map(\.name).joined(separator: ", ")))",
                    hint: "consent_check explains the decision.")
            }
            decisions.append(decision.basis)
        }
        let answering = AnswerRules(
            release: release, requests: UseRequest.hash(of: requests), block: block, state: state)
        return ReleasePlan(
            basis: release.basis, revision: release.revision, subject: release.consentSubject,
            custodian: release.custodian, recipient: release.recipient, requests: requests, decisions: decisions,
            met: try answering.meet(needs, answers), reference: Hash(release.subject))
    }

    /// What is disclosed of a person, or of few, would tell the ledger of their health.
    private static func requireNothingRevealed(_ requests: [UseRequest], by release: ReleaseCase) throws(Refusal) {
        guard release.concernsFew else { return }
        for (index, request) in requests.enumerated() {
            let hasDisease = request.dataUse.map { !$0.diseases.isEmpty } ?? false
            guard request.codes.isEmpty, !hasDisease else {
                throw ConsentRejection.revealsDiagnosis.at(
                    "requests[\(index)].\(hasDisease ? "dataUse.diseases" : "codes")",
                    "codes and diseases in a disclosure about fewer than \(ConsentsLimits.manySubjects) people would "
                        + "tell the ledger of their health", hint: "Leave them out; the custodian keeps them.")
            }
        }
    }

    /// Writes the disclosure down and tells of it. One operation that releases to several recipients numbers them.
    @discardableResult
    public static func record(
        _ plan: ReleasePlan, as occasion: DisclosureOccasion, of inft: INFTID? = nil, until: Timestamp? = nil,
        number: UInt8 = 0, in context: OperationContext
    ) -> DisclosureID {
        let made: DisclosureID = context.madeIdentifier()
        let id = number == 0 ? made : DisclosureID(HashTag.identifier.hash(made.bytes.array + [number]).bytes)
        let record = DisclosureRecord(
            id: id, occasion: occasion, basis: plan.basis, revision: plan.revision, subject: plan.subject,
            custodian: plan.custodian, recipient: plan.recipient, requests: plan.requests,
            decisions: plan.decisions, met: plan.met, reference: plan.reference, inft: inft, at: context.block.time,
            until: until)
        context.state.set(ConsentsKeys.disclosure(id), record)
        context.emit(ConsentEvent.disclosed(DisclosureFact(record)))
        return id
    }
}

/// A basis as it is now, and for whom it is asked.
struct ReleaseCase {
    enum Source {
        case consent(ConsentRecord)
        case set(ConsentSetRecord)
    }

    let source: Source
    let subject: Bytes32
    let recipient: Party

    init(_ basis: ConsentBasis, subject: Bytes32, recipient: Party, in state: any StateReader) throws(Refusal) {
        switch basis {
        case .consent(let id): source = .consent(try ConsentLedger.require(id, field: "consent", in: state))
        case .set(let id): source = .set(try ConsentSets.require(id, field: "consentSet", in: state))
        }
        self.subject = subject
        self.recipient = recipient
    }

    var basis: ConsentBasis {
        switch source {
        case .consent(let record): .consent(record.id)
        case .set(let record): .set(record.id)
        }
    }

    /// What answers are for: of a set the state of its policies, which members who bring nothing new leave as it is.
    var revision: UInt64 {
        switch source {
        case .consent(let record): record.revision
        case .set(let record): record.policyRevision
        }
    }

    var custodian: Party {
        switch source {
        case .consent(let record): record.custodian
        case .set(let record): record.custodian
        }
    }

    var consentSubject: Party? {
        switch source {
        case .consent(let record): record.subject
        case .set: nil
        }
    }

    /// True of one person's consent, and of a set of fewer than twenty people.
    var concernsFew: Bool {
        switch source {
        case .consent(let record): record.scope == .individual
        case .set(let record): record.concernsFew
        }
    }

    func decide(
        _ request: UseRequest, _ memo: DecisionMemo, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Decision {
        switch source {
        case .consent(let record): try ConsentLedger.decide(record, request, memo: memo, at: time, in: state)
        case .set(let record): try ConsentSets.decide(record, request, memo: memo, at: time, in: state)
        }
    }
}
