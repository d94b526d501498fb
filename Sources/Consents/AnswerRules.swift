internal import Cryptography
internal import Identities
internal import Primitives
internal import StateModel

/// Whether answers meet the needs of a release: each need once, by who may, for this release and no other.
struct AnswerRules {
    let release: ReleaseCase
    /// Hash of what was asked.
    let requests: Hash
    let block: BlockContext
    let state: any StateReader

    /// In the order of the needs.
    func meet(_ needs: [Need], _ answers: [NeedAnswer]) throws(Refusal) -> [MetNeed] {
        guard answers.count <= ConsentsLimits.answersPerRelease else {
            throw ConsentRejection.tooManyElements.at(
                "answers", "\(answers.count); at most \(ConsentsLimits.answersPerRelease)")
        }
        for (index, answer) in answers.enumerated() {
            guard needs.contains(answer.need), answers.firstIndex(where: { $0.need == answer.need }) == index else {
                throw ConsentRejection.answerUnneeded.at(
                    "answers[\(index)]", "\(answer.need.name) is not needed, or answered twice",
                    hint: "delivery_check names the needs of a delivery, consent_check those of another release; "
                        + "`consent answer --delivery` writes the answers to all of them into a new file.")
            }
        }
        var met: [MetNeed] = []
        for need in needs {
            guard let index = answers.firstIndex(where: { $0.need == need }) else {
                throw ConsentRejection.needUnmet.at(
                    "answers", "\(need.name) is not answered",
                    hint: "Without the answer consent denies. \(Self.askFor(need))")
            }
            met.append(try meet(answers[index], field: "answers[\(index)]"))
        }
        return met
    }

    private static func askFor(_ need: Need) -> String {
        switch need {
        case .restriction, .memberRestrictions: "The custodian signs it: `consent answer`."
        case .review, .ethicsApproval:
            "A reviewer that the custodian named, or an ethics board, signs it: `consent answer`."
        case .ontologyPath: "Prove the descent against the ontology's root: `consent answer --ontology`."
        }
    }

    private func meet(_ answer: NeedAnswer, field: String) throws(Refusal) -> MetNeed {
        switch (answer.need, answer.evidence) {
        case (.ontologyPath(let disease, let ancestor), .ontology(let edges)):
            guard let root = try Ontology.current(in: state) else {
                throw ConsentRejection.ontologyInvalid.at(field, "this network has no ontology to prove it against")
            }
            guard Ontology.proves(edges, from: disease, to: ancestor, root) else {
                throw ConsentRejection.ontologyInvalid.at(
                    "\(field).evidence", "\(disease.code) does not descend from \(ancestor.code) by these edges")
            }
            return MetNeed(need: answer.need, by: nil, signers: [], validUntil: nil)
        case (.ontologyPath, .signed), (_, .ontology):
            throw ConsentRejection.answerInvalid.at(
                "\(field).evidence", "\(answer.need.name) is not met by this kind of evidence")
        case (let need, .signed(let party, let validUntil, let signatures)):
            try requireEntitled(party, to: need, field: field)
            guard block.time < validUntil else {
                throw ConsentRejection.answerExpired.at(
                    "\(field).evidence.validUntil", "the answer's time is over",
                    hint: "Have it signed anew: `consent answer`.")
            }
            try check(signatures, of: party, need, validUntil, field: field)
            return MetNeed(need: need, by: party, signers: signatures.map(\.signer), validUntil: validUntil)
        }
    }

    private func requireEntitled(_ party: Party, to need: Need, field: String) throws(Refusal) {
        switch need {
        case .restriction, .memberRestrictions:
            guard party == release.custodian else {
                throw ConsentRejection.answererNotEntitled.at(
                    "\(field).evidence.by", "\(party) is not the custodian \(release.custodian)")
            }
        case .review, .ethicsApproval:
            guard party != release.recipient else {
                throw ConsentRejection.answererNotEntitled.at(
                    "\(field).evidence.by", "nobody reviews what they would receive themselves")
            }
            guard try Reviewers.mayReview(party, for: release.custodian, at: block.time, in: state) else {
                throw ConsentRejection.answererNotEntitled.at(
                    "\(field).evidence.by",
                    "\(party) is neither a reviewer that the custodian named nor holder of a credential ethicsBoard")
            }
        case .ontologyPath: return
        }
    }

    private func check(
        _ signatures: [AnswerSignature], of party: Party, _ need: Need, _ validUntil: Timestamp, field: String
    ) throws(Refusal) {
        let field = "\(field).evidence.signatures"
        let signers = signatures.map(\.signer)
        guard signatures.count <= ConsentsLimits.signaturesPerAnswer, zip(signers, signers.dropFirst()).allSatisfy(<)
        else {
            throw ConsentRejection.answerInvalid.at(
                field, "at most \(ConsentsLimits.signaturesPerAnswer) signatures, ascending by signer, each once")
        }
        guard try Authority.isMet(by: signers, for: party, .consent, in: state) else {
            throw ConsentRejection.answererNotEntitled.at(
                field,
                "\(signers.map(\.description).joined(separator: ", ")) do not speak for \(party) in matters of consent",
                hint: "As many of its members sign as its policy asks for, and nobody else: `consent answer`.")
        }
        let message = NeedStatement(
            network: block.network, basis: release.basis, revision: release.revision, requests: requests,
            subject: release.subject, recipient: release.recipient, need: need, by: party, validUntil: validUntil
        ).hash
        for (index, signature) in signatures.enumerated() {
            let key = try AccountKeys.key(of: signature.signer, in: state)
            guard Schnorr.verify(signature.signature, message: message, by: key) else {
                throw ConsentRejection.answerInvalid.at(
                    "\(field)[\(index)]", "the signature is of something else, or by a key that was replaced",
                    hint:
                        "It covers this release alone: the basis' revision, the requests, the recipient, the reference."
                )
            }
        }
    }
}
