internal import Primitives
public import StateModel

extension ConsentPolicy {
    /// The policy as sentences, exceptions indented under what they except from.
    public func words(_ names: any NameResolver) -> [String] { PolicyWords(names: names).lines(self) }
}

extension ResearchUse {
    /// What is researched, and what is undertaken.
    public var sentences: [String] {
        func list(_ what: String, _ items: [String]) -> String? {
            items.isEmpty ? nil : "\(what): \(items.joined(separator: ", "))"
        }
        return [
            list("For research with the aims", aims.elements.map(\.name)),
            list("Of the diseases", diseases.map(\.disease.text)),
            isNonprofit ? "Not for profit" : nil, isGeneticStudy ? "A genetic study" : nil,
            list("Undertaking to", undertakings.elements.map(\.name)),
            project.map { "Of the project with the commitment \($0)" },
        ].compactMap { $0 }
    }
}

/// A policy as sentences, exceptions indented under what they except from.
struct PolicyWords {
    let names: any NameResolver

    func lines(_ policy: ConsentPolicy) -> [String] {
        policy.provisions.enumerated().flatMap { lines($0.element, label: "\($0.offset + 1)", indent: "") }
    }

    private func lines(_ provision: Provision, label: String, indent: String) -> [String] {
        let verb = provision.kind == .permit ? "may" : "may not"
        var text = "\(indent)\(label). \(actors(provision.actors)) \(verb) \(actions(provision.actions))"
        if !provision.purposes.isEmpty {
            text += " for " + join(provision.purposes.elements.map { "\(words(String(describing: $0))) (\($0.name))" })
        }
        if !provision.jurisdictions.isEmpty { text += " in " + join(provision.jurisdictions.elements) }
        if let period = provision.dataPeriod { text += ", data \(words(period))" }
        if let period = provision.validity { text += ", \(words(period))" }
        if !provision.codes.isEmpty {
            text += ", only " + join(provision.codes.elements.map { "\($0.system.name) \($0.code)" })
        }
        if !provision.restrictions.isEmpty {
            text += ", within committed restrictions " + join(provision.restrictions.elements.map { "\($0 + 1)" })
        }
        var lines = [text + "."]
        if let terms = provision.dataUse { lines += self.lines(terms, indent: indent + "   ") }
        for (index, exception) in provision.provisions.enumerated() {
            lines += self.lines(exception, label: "Except: \(label).\(index + 1)", indent: indent + "   ")
        }
        return lines
    }

    private func lines(_ terms: DataUseTerms, indent: String) -> [String] {
        var parts = terms.permissions.elements.map { "\(words(String(describing: $0))) (\($0.duo))" }
        parts += terms.diseases.elements.map { "\($0.system.name) \($0.code)" }
        parts += terms.modifiers.elements.map { "\(words(String(describing: $0))) (\($0.duo))" }
        if let months = terms.months { parts.append("for at most \(months) months (DUO:0000025)") }
        if let date = terms.publicationNotBefore {
            parts.append("not published before \(names.time(date)) (DUO:0000024)")
        }
        if !terms.regions.isEmpty { parts.append("within " + join(terms.regions.elements) + " (DUO:0000022)") }
        if !terms.users.isEmpty {
            parts.append("by " + join(terms.users.elements.map { names.party($0) }) + " (DUO:0000026)")
        }
        if !terms.projects.isEmpty {
            let projects = join(terms.projects.elements.map(\.description))
            parts.append("for project \(projects) (DUO:0000027)")
        }
        if !terms.institutions.isEmpty {
            parts.append(
                "at " + join(terms.institutions.elements.map { names.party(.organization($0)) }) + " (DUO:0000028)")
        }
        return ["\(indent)Data use: " + parts.joined(separator: "; ") + "."]
    }

    private func actors(_ actors: SortedList<ActorSelector>) -> String {
        guard !actors.isEmpty else { return "Anyone" }
        return join(
            actors.elements.map { actor in
                switch actor {
                case .anyone: "anyone"
                case .party(let party): names.party(party)
                case .holder(let type, let place):
                    "holders of the credential \(type.name)" + (place.map { " in \($0)" } ?? "")
                }
            })
    }

    private func actions(_ actions: SortedList<ConsentAction>) -> String {
        actions.isEmpty ? "do anything with it" : join(actions.elements.map(\.name))
    }

    private func words(_ period: Period) -> String {
        let parts = [period.from.map { "from \(names.time($0))" }, period.until.map { "until \(names.time($0))" }]
        return parts.compactMap { $0 }.joined(separator: " ")
    }

    /// `healthMedicalBiomedical` as `health medical biomedical`.
    private func words(_ name: String) -> String {
        var text = ""
        for character in name {
            if character.isUppercase { text += " " }
            text += character.lowercased()
        }
        return text
    }

    private func join(_ parts: [String]) -> String { parts.joined(separator: ", ") }
}
