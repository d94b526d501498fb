internal import Consents
internal import Primitives
internal import StateModel

/// What may be public about an INFT that stands for few people.
enum PeopleRules {
    /// The metadata's rules. Of an INFT about fewer than twenty people, as of a case: a description in text, codes or
    /// places singles them out, and so does a disease that the cited set's terms name. The description belongs into the
    /// content, committed to by its hash.
    static func check(
        _ metadata: INFTMetadata, of inftClass: INFTClass, consentSet: ConsentSetID?, in state: any StateReader
    ) throws(Refusal) {
        guard let consentSet, let set = try ConsentSets.record(consentSet, in: state), set.concernsFew else {
            return try INFTRules.check(metadata, of: inftClass)
        }
        try INFTRules.checkClosedVocabulary(metadata, of: "an INFT about few people")
        guard !set.namesDiseases else {
            throw INFTRejection.fewPeople.at(
                "consentSet", "the set stands for few people, and its terms name diseases or codes",
                hint: "Use a set whose consents keep them as salted commitments.")
        }
    }
}
