internal import Identities
internal import Primitives

/// Identifiers of persons in what everyone may read: never there. As salted commitments they stand in credentials.
enum PersonIdentifiers {
    /// Parts of the URIs of registers of persons: ORCID, NPI and SSN as FHIR and as HL7's object identifiers name them.
    private static let registers = [
        "orcid", "us-npi", "us-ssn", "2.16.840.1.113883.4.6", "2.16.840.1.113883.4.1",
    ]

    /// True for a code of a register of persons, and for an ORCID wherever it stands: its check character leaves
    /// nothing else that looks like one.
    static func isOne(system: String, code: String) -> Bool {
        let register = system.lowercased()
        return registers.contains {
            register.hasSuffix($0) || register.contains($0 + "/") || register.contains($0 + ".")
        }
            || hasORCID(code) || hasORCID(system)
    }

    /// Four groups of four with a valid check character, anywhere in a text.
    static func hasORCID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19 else { return false }
        for start in 0...(bytes.count - 19) where bytes[start + 4] == 45 && bytes[start + 9] == 45 {
            if Checksums.isORCID(String(decoding: bytes[start..<(start + 19)], as: UTF8.self)) { return true }
        }
        return false
    }

    /// What everyone may read names no person by number. A name in a title is an author's, by the author's own act.
    static func check(_ metadata: INFTMetadata) throws(Refusal) {
        for (index, code) in metadata.codes.enumerated() where isOne(system: code.system, code: code.code) {
            throw refusal(.codeInvalid, "metadata.codes[\(index)]")
        }
        for (text, name) in [(metadata.title, "title"), (metadata.abstract, "abstract")] where hasORCID(text) {
            throw refusal(.textInvalid, "metadata.\(name)")
        }
    }

    private static func refusal(_ rejection: INFTRejection, _ field: String) -> Refusal {
        rejection.at(
            field, "this is an identifier of a person",
            hint: "Name creators by their accounts; identifiers of persons go into credentials, as salted commitments.")
    }
}
