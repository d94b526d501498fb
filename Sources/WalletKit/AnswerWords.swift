/// What consents ask for before a delivery, or anew for the uses of a license: who answers it, and what they type.
public enum AnswerWords {
    /// As ``Need/isRestriction``, by the need's name.
    public static func isRestriction(_ need: String) -> Bool { need == "restriction" || need == "memberRestrictions" }

    /// `hospital answers memberRestrictions; a reviewer whom hospital named, or an ethics board, answers review`. `needs` are
    /// named as ``Need/name`` does, each once.
    public static func who(answers needs: [String], custodian: String) -> String {
        let restrictions = needs.filter(isRestriction)
        let reviewed = needs.filter { $0 == "review" || $0 == "ethicsApproval" }
        let proven = needs.filter { !restrictions.contains($0) && !reviewed.contains($0) }
        var parts: [String] = []
        if !restrictions.isEmpty { parts.append("\(custodian) answers \(restrictions.joined(separator: ", "))") }
        if !reviewed.isEmpty {
            parts.append(
                "a reviewer whom \(custodian) named, or an ethics board, answers \(reviewed.joined(separator: ", "))")
        }
        if !proven.isEmpty { parts.append("anyone proves \(proven.joined(separator: ", ")) by the ontology's edges") }
        return parts.joined(separator: "; ")
    }

    /// What they type who answer; `delivery` as a command takes it. An ontology's edges come from a file, and so does what
    /// opens the commitments of patient and buyer.
    public static func answer(_ needs: [String], delivery: String) -> String {
        "consent answer --delivery \(delivery)" + (needs.contains("ontologyPath") ? " --ontology EDGES" : "")
            + (needs.contains(where: isRestriction) ? " --opening FILE" : "")
            + " --out \(file(for: delivery))"
    }

    /// A file of its own for each delivery: `answers-ward.json`, or by the last letters of an id.
    public static func file(for delivery: String) -> String {
        let plain = delivery.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "-" }
        return "answers-\(String(plain.count > 24 ? plain.suffix(8) : plain[...])).json"
    }
}
