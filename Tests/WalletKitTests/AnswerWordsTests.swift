import Consents
import Interface
import Licenses
import Primitives
import TestSupport
import Testing
import WalletKit

/// What the wallet says of answers to what consents ask, and of commitments to what the ledger must not know.
@Suite struct AnswerWordsTests {
    @Test("Who answers is named for each need, with what they type")
    func words() {
        let all = AnswerWords.who(
            answers: ["memberRestrictions", "review", "ethicsApproval", "ontologyPath"], custodian: "hospital-org")
        #expect(
            all == "hospital-org answers memberRestrictions; a reviewer whom hospital-org named, or an ethics board, "
                + "answers review, ethicsApproval; anyone proves ontologyPath by the ontology's edges")
        #expect(AnswerWords.who(answers: ["restriction"], custodian: "x") == "x answers restriction")
        #expect(
            AnswerWords.answer(["review"], delivery: "ward") == "consent answer --delivery ward --out answers-ward.json"
        )
        #expect(AnswerWords.file(for: "ward") == "answers-ward.json")
        #expect(AnswerWords.file(for: "a b/c") == "answers-a-b-c.json")
        #expect(AnswerWords.file(for: String(repeating: "q", count: 60) + "last") == "answers-qqqqlast.json")
        #expect(AnswerWords.answer(["ontologyPath"], delivery: "ward").contains("--ontology"))
        // Every need is somebody's.
        let disease = CodedTerm(system: .mondo, code: "0005148")
        for need in [
            Need.restriction(index: 0, commitment: .zero), .memberRestrictions, .review, .ethicsApproval,
            .ontologyPath(disease: disease, ancestor: disease),
        ] {
            #expect(
                AnswerWords.who(answers: [need.name], custodian: "x").hasSuffix(need.name)
                    || need.name == "ontologyPath")
            #expect(AnswerWords.isRestriction(need.name) == need.isRestriction)
            #expect(!AnswerWords.who(answers: [need.name], custodian: "x").isEmpty)
        }
    }

    /// What else can be said of a use, and what no option mends.
    @Test("Each reason of a check that more could be said about names the option")
    func options() {
        let without: Set<LicenseReason> = [
            .notYetBought, .pending, .expired, .revoked, .consumed, .surrendered, .suspendedByDispute,
            .suspendedByRecall, .suspendedByConsent, .credentialMissing, .commercialUseNotLicensed,
            .trainingNotLicensed, .derivativesNotLicensed, .consentDoesNotPermit, .refunded, .annulled, .returned,
            .endedAbove,
        ]
        for reason in LicenseReason.allCases {
            #expect((CommandWords.useOptions[reason.name] == nil) == without.contains(reason), "\(reason.name)")
        }
        #expect(CommandWords.useOptions.keys.allSatisfy { LicenseReason(name: $0) != nil })
        #expect(CommandWords.useOptions["fieldNotStated"] == "--field")
    }

    @Test("What opens a commitment is read as it was written, and nothing else opens it")
    func openings() throws {
        let terms = [CodedTerm(system: .mondo, code: "0005148"), CodedTerm(system: .icd10, code: "E11.9")]
        let openings = [
            CommitmentOpening(.restriction(.disease), salt: testHash("salt"), terms: terms),
            CommitmentOpening(.use, salt: testHash("salt"), terms: terms),
        ]
        // The same diseases under the same salt are two commitments: one is of a person, one of who uses the data.
        #expect(openings[0].commitment != openings[1].commitment)
        #expect(openings[0] != CommitmentOpening(.restriction(.recordClass), salt: testHash("salt"), terms: terms))
        let text = JSONValue.array(openings.map(\.json)).text
        #expect(try CommitmentOpening.list(Array(text.utf8), file: "f") == openings)
        let other = text.replacing("E11.9", with: "E11.8")
        #expect(throws: WalletFailure.self) { try CommitmentOpening.list(Array(other.utf8), file: "f") }
        for bad in ["", "{}", "[{}]", #"[{"kind": "use", "salt": "00", "terms": []}]"#] {
            #expect(throws: WalletFailure.self) { try CommitmentOpening.list(Array(bad.utf8), file: "f") }
        }
    }
}
