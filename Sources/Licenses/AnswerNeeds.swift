public import Consents
public import Encoding
import INFTs
public import Primitives
public import StateModel

/// Answers anew what consents ask for the uses of a license: its licensee brings what custodian, reviewers and ethics boards
/// signed. Nothing is released; the content was delivered before. `[license, answers]`
public struct AnswerNeeds: DomainOperation {
    public static let name = "license.answerNeeds"

    public let license: LicenseID
    /// To all needs of all that the license is for. They are signed for the delivery that brought the content.
    public let answers: [NeedAnswer]

    public init(license: LicenseID, answers: [NeedAnswer]) {
        self.license = license
        self.answers = answers
    }

    /// As to begin a delivery, but for the delivery.
    public var weight: UInt64 {
        10 + 4 * 21 + Release.weight(decisions: LicenseLimits.statedDecisions, answers: answers)
            + INFTsWeights.standing
    }

    public struct Plan {
        let license: LicenseRecord
        let delivery: DeliveryID
        let earlier: DisclosureID
        let release: ReleasePlan
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: context.block.time)
        let inft = try LicenseCheck.requireUsable(record, at: context.block.time, in: state)
        guard let set = inft.consentSet else {
            throw LicenseRejection.answersUnneeded.at("answers", "no consent stands behind the INFT")
        }
        guard let id = record.delivery, let earlier = try state.record(LicenseKeys.disclosure(id)) else {
            throw LicenseRejection.nothingReleased.at(
                "license", "nothing was released under consent to \(record.licensee) by the license",
                hint: "Open content is released to nobody: what consents leave open there stays open.")
        }
        let release = try Release.check(
            set: set, requests: LicenseNeeds.requests(record, Deliveries.require(id, field: "license", in: state)),
            answers: answers, subject: id.bytes, recipient: record.licensee, at: context.block, in: state)
        guard !release.met.isEmpty else {
            throw LicenseRejection.answersUnneeded.at(
                "answers", "the consents permit all that the license is for without any answer")
        }
        try requireLonger(release, than: earlier, in: context)
        return Plan(license: record, delivery: id, earlier: earlier, release: release)
    }

    /// Answers that change nothing are not recorded again: everybody whom they concern is shown them.
    private func requireLonger(
        _ release: ReleasePlan, than earlier: DisclosureID, in context: OperationContext
    ) throws(Refusal) {
        guard case .set(let set) = release.basis, let standing = try ConsentSets.standing(set, in: context.state),
            let former = try Disclosures.record(earlier, in: context.state), former.requests == release.requests,
            case .until(let end) = LicenseNeeds.lasting(former, under: standing, at: context.block.time)
        else { return }
        let newEnd = release.met.compactMap(\.validUntil).min()
        guard let end else {
            throw LicenseRejection.answersUnneeded.at("answers", "what was answered has no end")
        }
        guard newEnd.map({ $0 > end }) ?? true else {
            throw LicenseRejection.answersUnneeded.at(
                "answers", "what was answered lasts until \(end.text), and these no longer",
                hint: "Have answers signed that last longer.")
        }
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let id = Release.record(
            plan.release, as: .uses, of: plan.license.inft, until: plan.license.expiresAt, in: context)
        context.state.set(LicenseKeys.disclosure(plan.delivery), id)
        context.state.set(LicenseKeys.earlierDisclosure(id), plan.earlier)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Answer anew what consents ask for the uses of the license \(names.identifier(license.description))",
            "It is recorded, and whom it concerns can see it",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(license)
        writer.write(answers)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            AnswerNeeds(
                license: try reader.value("license"),
                answers: try reader.list("answers", max: ConsentsLimits.answersPerRelease))
        }
    }
}
