import Consents
import INFTs
import Interface
import Licenses
import Primitives
import WalletKit

/// What somebody who answers signs for, in words: whose consents, which content, which uses, and what commitments hold
/// of which they have the opening.
struct AnswerPreview {
    let basis: ConsentBasis
    let requests: [UseRequest]
    /// Nil of a release off the ledger.
    let delivery: DeliveryRecord?
    /// What is answered here.
    let needs: [Need]
    let openings: [OpeningFile]
    /// Shows which diseases are kinds of others.
    let ontology: OntologyTree?

    /// What somebody was given to open commitments with.
    struct OpeningFile {
        let path: String
        let openings: [CommitmentOpening]
    }

    /// Members of a set that are named one by one.
    private static let members = 20
    /// Members that openings are looked for among.
    private static let searched = 10_000

    static func meaning(of need: Need) -> String {
        switch need {
        case .restriction, .memberRestrictions: "it keeps within what the consents only commit to"
        case .review: "a person has looked at it, since no rule decides it"
        case .ethicsApproval: "an ethics board has approved it"
        case .ontologyPath(let disease, let ancestor): "\(disease.text) is a kind of \(ancestor.text)"
        }
    }

    func lines(_ session: Session) async throws -> [String] {
        var lines: [String] = []
        if let delivery { lines += try await content(delivery, session) }
        let consents: [ConsentRecord]
        switch basis {
        case .consent(let id):
            let found = try await consent(id, session)
            consents = [found.consent]
            lines += found.lines
        case .set(let id):
            let found = try await set(id, session)
            consents = found.consents
            lines += found.lines
        }
        lines.append(requests.count == 1 ? "For this use:" : "For these uses:")
        for request in requests { lines += use(request, session.plainNames) }
        return lines + (try agreement(consents, session))
    }

    /// Openings are of these consents and uses, and do not contradict each other. Lines of what can't be told.
    private func agreement(_ consents: [ConsentRecord], _ session: Session) throws(WalletFailure) -> [String] {
        let restrictions = consents.flatMap { $0.commitments.map(\.commitment) }
        let known = Set(restrictions + requests.compactMap { $0.dataUse?.project })
        for file in openings where !file.openings.contains(where: { known.contains($0.commitment) }) {
            throw WalletFailure(
                .usage, "\(file.path) opens neither what these consents are restricted to nor what these uses are for",
                hint: "Leave it out, or take the file of this patient, or of this purchase.")
        }
        var unsure: [String] = []
        for consent in consents {
            let given = consent.commitments.filter { isAsked($0) }.compactMap { opening(of: $0.commitment) }
            guard !given.isEmpty else { continue }
            let allowed = given.flatMap(\.terms.elements)
            for disease in diseasesOfUses()
            where given.allSatisfy({ !$0.outside([disease], ontology: ontology).isEmpty }) {
                let whose = session.plainNames.identifier(session.text(consent.id))
                let what =
                    "the use is for \(disease.text), and \(whose) is restricted to "
                    + allowed.map(\.text).joined(separator: ", ")
                guard allowed.contains(where: { $0.system == disease.system }) else {
                    unsure.append("Compare: \(what). These are codes of different systems.")
                    continue
                }
                throw WalletFailure(
                    .usage, what,
                    hint: ontology == nil
                        ? "If the one is a kind of the other, show it: --ontology EDGES."
                        : "The ontology knows no descent of the one from the other: don't sign.")
            }
        }
        return unsure
    }

    /// Whether an answer that is given here says that the uses keep within the restriction.
    private func isAsked(_ commitment: CommittedRestriction) -> Bool {
        commitment.kind == .disease
            && needs.contains { need in
                switch need {
                case .restriction(_, let asked): asked == commitment.commitment
                case .memberRestrictions: true
                case .review, .ethicsApproval, .ontologyPath: false
                }
            }
    }

    /// What the uses are for, as far as they say so or somebody gave the opening.
    private func diseasesOfUses() -> [CodedTerm] {
        SortedList(
            requests.flatMap { request -> [CodedTerm] in
                if let project = request.dataUse?.project, let opened = opening(of: project) {
                    return opened.terms.elements
                }
                return (request.dataUse?.diseases ?? []).map(\.disease)
            }
        ).elements
    }

    private func opening(of commitment: Hash) -> CommitmentOpening? {
        for file in openings {
            if let found = file.openings.first(where: { $0.commitment == commitment }) { return found }
        }
        return nil
    }

    private func content(_ delivery: DeliveryRecord, _ session: Session) async throws -> [String] {
        let names = session.plainNames
        let title = try await session.title(of: delivery.inft).map { "\($0), " } ?? ""
        let what = "Content: \(title)\(names.identifier(session.text(delivery.inft))), version \(delivery.version)"
        guard let license = delivery.license else { return [what + "."] }
        let state = delivery.begun == nil ? "to be delivered" : "delivered already: it is answered for its uses"
        return [what + ".", "License: \(names.identifier(session.text(license))), \(state)."]
    }

    private func consent(
        _ id: ConsentID, _ session: Session
    ) async throws -> (consent: ConsentRecord, lines: [String]) {
        let view: ConsentView = try await session.client.read(
            "consent_get", .object(["consent": session.json(id)]))
        let names = session.plainNames
        let line =
            "Consent: \(names.identifier(session.text(id))) of \(names.party(view.consent.subject)), kept by "
            + "\(names.party(view.consent.custodian))."
        return (view.consent, [line] + opened(view.consent, names))
    }

    private func set(
        _ id: ConsentSetID, _ session: Session
    ) async throws -> (consents: [ConsentRecord], lines: [String]) {
        let params = parameters(["set": session.json(id)])
        let view: ConsentSetView = try await session.client.read("consent_set", .object(params))
        let members = try await session.client.items(
            "consent_members", params, limit: openings.isEmpty ? Self.members : Self.searched)
        let names = session.plainNames
        let count = view.set.memberCount
        var lines = [
            "Consents: the set \(names.identifier(session.text(id))) of \(count) "
                + "\(count == 1 ? "consent" : "consents"), kept by \(names.party(view.set.custodian))."
        ]
        var consents: [ConsentRecord] = []
        var named: UInt64 = 0
        for member in members {
            let view: ConsentView = try session.decode(member)
            consents.append(view.consent)
            guard
                consents.count <= Self.members
                    || view.consent.commitments.contains(where: { opening(of: $0.commitment) != nil })
            else { continue }
            named += 1
            lines.append(
                "  \(names.identifier(session.text(view.consent.id))) of \(names.party(view.consent.subject))")
            lines += opened(view.consent, names).map { "  " + $0 }
        }
        if count > named { lines.append("  and \(count - named) more") }
        let provisions = view.set.policies.elements.flatMap(\.provisions)
        let diseases = SortedList(provisions.flatMap { $0.dataUse?.diseases.elements ?? [] }).elements
        if !diseases.isEmpty {
            lines.append("  They name the diseases \(diseases.map(\.text).joined(separator: ", ")).")
        }
        return (consents, lines)
    }

    /// What the consent is restricted to, as far as somebody gave the opening.
    private func opened(_ consent: ConsentRecord, _ names: SessionNames) -> [String] {
        consent.commitments.map { commitment in
            let what = "  It is restricted to a \(commitment.kind.name) that only a commitment tells of"
            guard let opening = opening(of: commitment.commitment) else {
                return what + " (--opening shows it)."
            }
            return what + ": \(opening.terms.elements.map(\.text).joined(separator: ", "))."
        }
    }

    private func use(_ request: UseRequest, _ names: SessionNames) -> [String] {
        let purposes = request.purposes.map(\.name).joined(separator: ", ")
        var lines = ["  To \(request.action.name) for \(purposes), by \(names.party(request.actor))"]
        lines += (request.dataUse?.sentences ?? []).map { "    " + $0 }
        if let project = request.dataUse?.project, let opening = opening(of: project) {
            let diseases = opening.terms.elements.map(\.text).joined(separator: ", ")
            lines.append("    Which stands for the diseases \(diseases)")
        } else if request.dataUse?.aims.contains(.disease) == true, request.dataUse?.diseases.isEmpty == true {
            lines.append("    Which disease it is the ledger does not know: ask who receives it (--opening shows it)")
        }
        if !request.codes.isEmpty {
            lines.append("    Of \(request.codes.elements.map(\.text).joined(separator: ", "))")
        }
        lines.append(
            "    In: \(request.jurisdiction ?? "any place")" + (request.commercial ? ", for commercial use" : ""))
        if let period = request.usePeriod {
            lines.append(
                "    From \(period.from.map { names.time($0) } ?? "now") until "
                    + (period.until.map { names.time($0) } ?? "without end"))
        } else {
            lines.append("    Without an end")
        }
        return lines
    }
}

extension Session {
    /// What consents say to the uses of a license in force, who answers, and what is typed then.
    func sentences(of consents: OpenConsents, _ license: LicenseID) -> [String] {
        let names = plainNames
        if let denial = consents.denial {
            return ["\(names.translated(WalletFailure(.refused, denial)).message); no answer helps."]
        }
        let needs = distinct(consents.needs)
        let name = names.short(license.description)
        return [
            "they ask for \(needs.joined(separator: ", ")) anew: "
                + AnswerWords.who(answers: needs, custodian: names.argument(consents.custodian)) + " (mednexus "
                + AnswerWords.answer(needs, delivery: name) + ");",
            "then who holds the license brings it (mednexus license answer \(name) --answers \(AnswerWords.file(for: name))).",
        ]
    }

    private func distinct(_ needs: [Need]) -> [String] {
        var names: [String] = []
        for need in needs where !names.contains(need.name) { names.append(need.name) }
        return names
    }

    /// What is missing, or too much, under a delivery or under the uses of a license, with the commands that mend it:
    /// the ledger knows none, nor what this delivery asks.
    func explained(_ failure: WalletFailure, delivery: DeliveryID, bring: String) async -> WalletFailure {
        guard let answer = failure.answer,
            [ConsentRejection.needUnmet.rawValue, ConsentRejection.answerUnneeded.rawValue].contains(answer.code),
            let verdict: DeliveryVerdict = try? await client.read(
                "delivery_check", .object(["delivery": json(delivery)])),
            let custodian = verdict.consentCustodian
        else { return failure }
        let needs = distinct(verdict.needs)
        let hint =
            needs.isEmpty
            ? "It asks for no answer: leave --answers out."
            : "In all it asks for \(needs.joined(separator: ", ")): "
                + AnswerWords.who(answers: needs, custodian: plainNames.argument(custodian)) + ". mednexus "
                + AnswerWords.answer(needs, delivery: text(delivery))
                + "; then mednexus \(bring) --answers \(AnswerWords.file(for: text(delivery)))."
        return WalletFailure(
            failure.kind, failure.message, hint: hint,
            answer: WalletFailure.Answer(
                code: answer.code, reason: answer.reason, domain: answer.domain, operation: answer.operation,
                field: answer.field, message: answer.message, hint: hint, retryable: answer.retryable),
            mayHaveArrived: failure.mayHaveArrived)
    }
}
