public import INFTs
public import Primitives
import StateModel

/// Where a license stands with a recall.
public enum RecallStanding: UInt8, NamedCode {
    case answered = 0
    /// There is still time.
    case awaited = 1
    /// The time is over.
    case missing = 2
    /// Never delivered, or over before the recall: nobody waits for an answer.
    case notAsked = 3
}

/// A license that a recall reaches.
public struct RecalledLicense: Codable, Hashable, Sendable {
    /// Counted from zero among all licenses that there ever were on the INFT and its clones.
    public let number: UInt64
    public let license: LicenseID
    public let inft: INFTID
    /// Who answers: the licensee, or the owner of the derivative that the license became the link of.
    public let party: Party
    /// That derivative; the licenses on it are reached too, and are listed under it.
    public let derivative: INFTID?
    public let standing: RecallStanding
    public let answer: RecallAnswer?
    /// Of the first answer.
    public let answeredAt: Timestamp?
    /// First answered after the time was over.
    public let isLate: Bool
}

public struct RecallAnswersParameters: Codable, Sendable {
    public let recall: RecallID
    /// Nil: what was recalled.
    public let inft: INFTID?

    public init(recall: RecallID, inft: INFTID? = nil) {
        self.recall = recall
        self.inft = inft
    }
}

public struct RecallDutiesParameters: Codable, Sendable {
    public let party: Party
}

/// An answer that a recall waits for.
public struct RecallDuty: Codable, Hashable, Sendable {
    public let recall: RecallRecord
    public let license: LicenseID
    public let inft: INFTID
}

enum RecallQueries {
    static let all = [answers, duties]

    /// Reads nothing but records under numbers without a gap, so the proof of a page proves that none is left out, and of
    /// each license that its answer is there or is not.
    static let answers = Query(
        list: "recall_answers",
        "Every license on what a recall reaches, oldest first, and its answer or that there is none. Proven, a page leaves"
            + " no license out.",
        [
            QueryParameter("recall", "The recall."),
            QueryParameter(
                "inft", "What was recalled (default), or what derives from it: the list has it as a derivative.",
                required: false),
        ],
        from: RecallAnswersParameters.self, of: RecalledLicense.self
    ) { (parameters, request, context) throws(Refusal) in
        let state = context.state
        let recall = try Recalls.require(parameters.recall, field: "recall", in: state)
        let inft = parameters.inft ?? recall.inft
        guard try Recalls.reaches(recall, inft, in: state) else {
            throw LicenseRejection.recallUnrelated.at("inft", "the recall is of \(recall.inft), and does not reach it")
        }
        let original = try INFTRegistry.original(of: inft, in: state)
        let live = try LiveCount.read(original, in: state)
        return try Page.numbered(request, LicenseIndexes.made, 0..<live.made) { (number) throws(Refusal) in
            guard let id = try state.record(LicenseKeys.made(original, number)) else { return nil }
            return try view(id, number, recall, at: context.block.time, in: state)
        }
    }

    private static func view(
        _ id: LicenseID, _ number: UInt64, _ recall: RecallRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> RecalledLicense {
        let license = try LicenseLedger.requireLicense(id, field: "recall", in: state)
        let answer = try state.record(LicenseKeys.recallAnswer(recall.id, id))
        let standing: RecallStanding =
            answer != nil
            ? .answered
            : !RecallAnswers.isAsked(license, by: recall)
                ? .notAsked : recall.lifting == nil && time < recall.answerBy ? .awaited : .missing
        var derivative: INFTID?
        if case .consumed(_, let inft) = license.ending { derivative = inft }
        return RecalledLicense(
            number: number, license: id, inft: license.inft,
            party: try RecallAnswers.party(for: license, in: state), derivative: derivative, standing: standing,
            answer: answer?.answer, answeredAt: answer?.firstAt,
            isLate: answer.map { $0.firstAt >= recall.answerBy } ?? false)
    }

    /// What the licenses of a party have still to answer. A license's page, not a recall's: an INFT has few recalls, a
    /// party many licenses.
    static let duties = Query(
        list: "recall_duties", "Answers to recalls that are awaited of a party, by its licenses, newest first.",
        [QueryParameter("party", "An account or an organization.")], from: RecallDutiesParameters.self,
        of: RecallDuty.self
    ) { (parameters, request, context) throws(Refusal) in
        let state = context.state
        var found: [RecallDuty] = []
        let page = try context.page(
            LicenseIndexes.licenses(of: parameters.party), request, descending: true
        ) { (entry) throws(Refusal) -> LicenseID? in LicenseIndexes.id(entry.key).map { LicenseID($0) } }
        for id in page.items {
            let license = try LicenseLedger.requireLicense(id, field: "party", in: state)
            guard try RecallAnswers.party(for: license, in: state) == parameters.party else { continue }
            let inft = try INFTRegistry.requireKnown(license.inft, field: "party", in: state)
            for tag in try Tags.effective(on: inft, at: context.block.time, in: state) where tag.tag.kind.isRecall {
                let recall = try Recalls.require(RecallID(tag.tag.subject.bytes), field: "party", in: state)
                guard RecallAnswers.isAsked(license, by: recall),
                    try state.record(LicenseKeys.recallAnswer(recall.id, id)) == nil
                else { continue }
                found.append(RecallDuty(recall: recall, license: id, inft: license.inft))
            }
        }
        return Page(items: found, next: page.next)
    }
}
