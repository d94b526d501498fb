internal import Consents
internal import Primitives
internal import StateModel

/// What may be public about an INFT that stands for few people.
enum PeopleRules {
    /// Of what a case can be made: a closed list, as everything that is public about one.
    static let caseMediaTypes = ["application/fhir+json", "application/json", "application/octet-stream"]

    /// A case's content is sealed: open content has a location and a hash that anyone can try guesses on.
    static func check(_ content: ContentVersion, of inftClass: INFTClass) throws(Refusal) {
        guard inftClass == .case_ else { return }
        guard content.isSealed else {
            throw INFTRejection.caseMetadata.at(
                "content", "a case's content is sealed", hint: "mednexus case register encrypts it.")
        }
        guard caseMediaTypes.contains(content.mediaType) else {
            throw INFTRejection.caseMetadata.at(
                "content.mediaType", "of a case one of \(caseMediaTypes.joined(separator: ", "))")
        }
    }

    /// What was described while it stood for many can't become about few: a title that is on the ledger stays there, and so
    /// does an offer that names a disease.
    static func check(_ record: INFTRecord, citing set: ConsentSetID?, in state: any StateReader) throws(Refusal) {
        guard let set, let standing = try ConsentSets.standing(set, in: state), standing.concernsFew else { return }
        try check(record.metadata, of: record.inftClass, consentSet: set, in: state)
    }

    /// The metadata's rules. Of an INFT about fewer than twenty people, as of a case: a description in text, codes or
    /// places singles them out, and so does a disease that the cited set's terms name. The description belongs into the
    /// content, committed to by its hash.
    static func check(
        _ metadata: INFTMetadata, of inftClass: INFTClass, consentSet: ConsentSetID?, in state: any StateReader
    ) throws(Refusal) {
        guard let consentSet, let standing = try ConsentSets.standing(consentSet, in: state), standing.concernsFew
        else {
            return try INFTRules.check(metadata, of: inftClass)
        }
        try INFTRules.checkClosedVocabulary(metadata, of: "an INFT about few people")
        guard try !ConsentSets.require(consentSet, field: "consentSet", in: state).namesDiseases else {
            throw INFTRejection.fewPeople.at(
                "consentSet", "the set stands for few people, and its terms name diseases or codes",
                hint: "Use a set whose consents keep them as salted commitments.")
        }
    }
}
