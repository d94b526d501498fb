internal import Consents
internal import Identities
internal import Interface
internal import Primitives

/// Provisions of a FHIR consent. FHIR's base is `policyRule`, ours is always to deny.
extension FHIRConsentReader {
    private static let provisionKeys: Set<String> = [
        "id", "type", "period", "actor", "action", "securityLabel", "purpose", "class", "code", "dataPeriod", "data",
        "provision", "extension", "modifierExtension",
    ]
    /// What makes the outermost provision more than a frame around the others.
    private static let conditionKeys = [
        "period", "actor", "action", "securityLabel", "purpose", "class", "code", "dataPeriod", "data", "extension",
        "modifierExtension",
    ]

    mutating func policy(_ resource: JSONObject) -> [Provision] {
        let base = base(resource["policyRule"])
        guard let value = resource["provision"] else {
            return base == .permit ? open(exceptions: [], "policyRule") : []
        }
        guard let root = value.object else {
            refuse("provision", value.kindName, "a provision is an object")
            return []
        }
        let path = "provision"
        let hasConditions = Self.conditionKeys.contains { root[$0] != nil }
        guard hasConditions else {
            known(root, Self.provisionKeys, path)
            if root["type"] != nil {
                refuse("provision.type", "a type", "without conditions it would permit or deny everything")
            }
            let inner = nested(root["provision"], path, inside: base == .permit ? .permit : nil)
            return base == .permit ? open(exceptions: inner, "policyRule") : inner
        }
        guard let kind = rootKind(root) else { return [] }
        guard let provision = provision(value, path, kind: kind) else { return [] }
        // A denial under a base that permits is an exception to the base; under one that denies it says nothing new.
        if kind == .deny, base == .permit { return open(exceptions: [provision], "policyRule") }
        return [provision]
    }

    /// What `policyRule` says where no provision does.
    private mutating func base(_ value: JSONValue?) -> ProvisionKind {
        guard let value else { return .deny }
        if options.setAside.contains("policyRule") {
            leave("policyRule", "a base policy", "set aside by whoever imports it; the base is to deny")
            return .deny
        }
        let codings = concept(value, "policyRule")
        guard codings.count == 1, codings[0].system == FHIRVocabulary.actCode else {
            refuse(
                "policyRule", codings.first.map { Self.code($0.code) } ?? "a rule",
                "only OPTIN and OPTOUT are understood: other rules stand elsewhere (--set-aside policyRule reads the "
                    + "provisions alone, over a base that denies)")
            return .deny
        }
        switch codings[0].code {
        case "OPTOUT": return .deny
        case "OPTIN": return .permit
        default:
            refuse("policyRule", Self.code(codings[0].code), "only OPTIN and OPTOUT are understood")
            return .deny
        }
    }

    private mutating func rootKind(_ root: JSONObject) -> ProvisionKind? {
        if let type = root["type"] {
            guard let kind = type.string.flatMap({ ProvisionKind(name: $0) }) else {
                refuse("provision.type", "a type", "permit or deny")
                return nil
            }
            leave("provision.type", kind.name, "FHIR permits no type on the outermost provision; it is read as it says")
            return kind
        }
        guard let kind = options.rootKind else {
            refuse(
                "provision", "conditions without a type",
                "FHIR leaves open whether the outermost provision permits or denies what it describes: its own examples "
                    + "use the same form for both (say --root permit or --root deny)")
            return nil
        }
        return kind
    }

    /// A base that permits, of what the person says it does.
    private mutating func open(exceptions: [Provision], _ path: String) -> [Provision] {
        guard !options.actions.isEmpty else {
            refuse(
                path, "OPTIN",
                "it permits what a text elsewhere says; a consent here names its actions (say --action access)")
            return []
        }
        return [Provision(.permit, actions: options.actions, provisions: exceptions)]
    }

    private mutating func nested(_ value: JSONValue?, _ path: String, inside kind: ProvisionKind?) -> [Provision] {
        let elements = list(value, "\(path).provision")
        guard elements.count <= ConsentsLimits.provisionsPerLevel else {
            refuse("\(path).provision", "\(elements.count) provisions", "at most \(ConsentsLimits.provisionsPerLevel)")
            return []
        }
        var provisions: [Provision] = []
        for (index, element) in elements.enumerated() {
            let path = "\(path).provision[\(index)]"
            guard path.split(separator: ".").count <= ConsentsLimits.provisionDepth + 1 else {
                refuse(path, "a provision", "nested more than \(ConsentsLimits.provisionDepth) deep")
                continue
            }
            guard let type = element["type"]?.string.flatMap({ ProvisionKind(name: $0) }) else {
                refuse("\(path).type", "missing", "FHIR requires it in all nested rules: permit or deny")
                // What else is wrong with it can be said all the same.
                _ = provision(element, path, kind: .deny)
                continue
            }
            if type == kind {
                refuse("\(path).type", type.name, "a \(type.name) inside a \(type.name) is no exception to it")
            }
            if let provision = provision(element, path, kind: type) { provisions.append(provision) }
        }
        return provisions
    }

    private mutating func provision(_ value: JSONValue, _ path: String, kind: ProvisionKind) -> Provision? {
        guard let object = value.object else {
            refuse(path, value.kindName, "a provision is an object")
            return nil
        }
        known(object, Self.provisionKeys, path)
        if object["securityLabel"] != nil {
            refuse("\(path).securityLabel", "security labels", "the ledger does not see the labels of resources")
        }
        if object["data"] != nil {
            refuse("\(path).data", "single resources", "the ledger speaks of all the data behind an INFT")
        }
        let extras = provisionExtensions(object, path, kind)
        let actions = actions(object["action"], path, kind, saysAny: extras.saysAnyAction)
        var codes = extras.codes
        var restrictions = extras.restrictions
        classes(object, path, kind, &codes, &restrictions)
        let provision = Provision(
            kind, actors: actors(object["actor"], path), actions: actions,
            purposes: purposes(object["purpose"], path), dataUse: extras.dataUse,
            restrictions: SortedList(restrictions), jurisdictions: SortedList(extras.jurisdictions),
            codes: SortedList(codes), validity: period(object["period"], "\(path).period", isOfData: false),
            dataPeriod: period(object["dataPeriod"], "\(path).dataPeriod", isOfData: true),
            provisions: nested(object["provision"], path, inside: kind))
        if kind == .deny, !extras.saysAnyAction, provision == Provision(.deny) {
            refuse(path, "a denial of everything", "it takes away all that it stands in, so nothing would be permitted")
        }
        return provision
    }

    // MARK: Elements of a provision

    private mutating func actors(_ value: JSONValue?, _ path: String) -> SortedList<ActorSelector> {
        var actors: [ActorSelector] = []
        for (index, element) in list(value, "\(path).actor").enumerated() {
            let path = "\(path).actor[\(index)]"
            if let object = element.object { known(object, ["role", "reference"], path) }
            let roles = concept(element["role"], "\(path).role")
            guard roles.count == 1, roles[0].system == FHIRVocabulary.participation else {
                refuse("\(path).role", "a role", "one code of v3-ParticipationType says how the actor is involved")
                continue
            }
            guard let reference = element["reference"] else {
                refuse("\(path).reference", "missing", "FHIR requires it")
                continue
            }
            switch roles[0].code {
            case "PRCP", "IRCP":
                if let actor = selector(reference, "\(path).reference") { actors.append(actor) }
            case "CST":
                // All data of a consent is its custodian's, so naming the custodian limits nothing.
                if let party = party(reference, "\(path).reference"), let custodian, party != custodian {
                    refuse(path, "another custodian", "a consent has one custodian, who keeps all its data")
                } else {
                    leave(path, "CST", "the custodian stands in the consent itself")
                }
            default:
                refuse(
                    "\(path).role", Self.code(roles[0].code),
                    "the ledger knows who receives data (IRCP, PRCP) and who keeps it (CST)")
            }
        }
        if actors.count > ConsentsLimits.actorsPerProvision {
            refuse("\(path).actor", "\(actors.count) actors", "at most \(ConsentsLimits.actorsPerProvision)")
        }
        return SortedList(actors)
    }

    private mutating func selector(_ value: JSONValue, _ path: String) -> ActorSelector? {
        let system = value["identifier"]?["system"]?.string
        let text = value["identifier"]?["value"]?.string ?? ""
        switch system {
        case FHIRVocabulary.anyone where text == "anyone": return .anyone
        case FHIRVocabulary.credentialHolders:
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count <= 2, let type = CredentialType(name: String(parts[0])),
                parts.count == 1 || Regions.isWellFormed(String(parts[1]))
            else {
                refuse(path, "a credential", "a type of credential, and perhaps @ and a place")
                return nil
            }
            return .holder(type, jurisdiction: parts.count == 2 ? String(parts[1]) : nil)
        default: return party(value, path).map { .party($0) }
        }
    }

    private mutating func actions(
        _ value: JSONValue?, _ path: String, _ kind: ProvisionKind, saysAny: Bool
    ) -> SortedList<ConsentAction> {
        guard value != nil else {
            guard kind == .permit, !saysAny else { return [] }
            if options.actions.isEmpty {
                refuse(
                    "\(path).action", "missing",
                    "a permit without actions would permit to train, publish and sell as well (say --action access)")
            } else {
                leave("\(path).action", "missing", "the actions are those of whoever imports it")
            }
            return options.actions
        }
        var actions: [ConsentAction] = []
        for (index, element) in list(value, "\(path).action").enumerated() {
            let path = "\(path).action[\(index)]"
            let codings = concept(element, path)
            if let own = codings.first(where: { $0.system == FHIRVocabulary.ledgerAction }) {
                guard let action = ConsentAction(name: own.code),
                    codings.allSatisfy({
                        $0 == own
                            || $0.system == FHIRVocabulary.consentAction
                                && $0.code == FHIRVocabulary.fhirAction(action)
                    })
                else {
                    refuse(path, Self.code(own.code), "no action of the ledger, or beside one that it does not mean")
                    continue
                }
                actions.append(action)
            } else if codings.count == 1, codings[0].system == FHIRVocabulary.consentAction,
                let meant = FHIRVocabulary.actions(codings[0].code, in: kind)
            {
                actions += meant
            } else if !codings.isEmpty {
                refuse(path, Self.code(codings[0].code), "the ledger has no action like it")
            }
        }
        return SortedList(actions)
    }

    private mutating func purposes(_ value: JSONValue?, _ path: String) -> SortedList<PurposeOfUse> {
        var purposes: [PurposeOfUse] = []
        for (index, element) in list(value, "\(path).purpose").enumerated() {
            let path = "\(path).purpose[\(index)]"
            guard let coding = coding(element, path) else { continue }
            guard coding.system == FHIRVocabulary.actReason, let purpose = PurposeOfUse(name: coding.code) else {
                refuse(path, Self.code(coding.code), "no purpose of HL7 PurposeOfUse")
                continue
            }
            purposes.append(purpose)
        }
        return SortedList(purposes)
    }

    /// Classes and codes of data. On a dataset's consent they stand as they are; on a person's they would tell of its
    /// health, so they become committed restrictions, which only a permit can have.
    private mutating func classes(
        _ object: JSONObject, _ path: String, _ kind: ProvisionKind, _ codes: inout [CodedTerm],
        _ restrictions: inout [UInt8]
    ) {
        var lists: [[CodedTerm]] = []
        var found: [CodedTerm] = []
        for (index, element) in list(object["class"], "\(path).class").enumerated() {
            let path = "\(path).class[\(index)]"
            guard let coding = coding(element, path) else { continue }
            guard let term = FHIRVocabulary.term(system: coding.system, code: coding.code), term.system == .fhirResource
            else {
                refuse(path, Self.code(coding.code), "only FHIR resource types are understood as classes")
                continue
            }
            found.append(term)
        }
        if !found.isEmpty { lists.append(found) }
        found = []
        for (index, element) in list(object["code"], "\(path).code").enumerated() {
            let path = "\(path).code[\(index)]"
            let codings = concept(element, path)
            guard codings.count == 1, let term = FHIRVocabulary.term(system: codings[0].system, code: codings[0].code),
                term.system != .fhirResource
            else {
                refuse(
                    path, codings.first.map { Self.code($0.code) } ?? "a concept",
                    "one code of MONDO, DOID, ICD-10, ICD-11, SNOMED CT, Orphanet or LOINC")
                continue
            }
            found.append(term)
        }
        if !found.isEmpty { lists.append(found) }
        for list in lists where list.count > ConsentsLimits.codesPerList {
            refuse(path, "\(list.count) codes", "at most \(ConsentsLimits.codesPerList)")
        }
        guard scope == .individual else {
            // FHIR's class and code must both hold; a provision here has one list, any of which may.
            if lists.count + (codes.isEmpty ? 0 : 1) > 1 {
                refuse(path, "class and code", "the ledger can't demand that both hold")
            }
            codes += lists.flatMap { $0 }
            return
        }
        guard kind == .permit || lists.isEmpty else {
            refuse(
                path, "class or code in a denial",
                "on a person's consent it would tell of its health, and a committed restriction can only narrow a permit"
            )
            return
        }
        for list in lists {
            let position = commitments.count + self.restrictions.count
            guard position < ConsentsLimits.commitmentsPerConsent else {
                refuse(path, "a restriction", "at most \(ConsentsLimits.commitmentsPerConsent) are committed to")
                return
            }
            self.restrictions.append(Restriction(kind: .recordClass, terms: SortedList(list)))
            restrictions.append(UInt8(position))
        }
    }

    /// From a start to an end, which in FHIR lies inside.
    private mutating func period(_ value: JSONValue?, _ path: String, isOfData: Bool) -> Period? {
        guard let value else { return nil }
        guard let object = value.object else {
            refuse(path, value.kindName, "a period is an object")
            return nil
        }
        known(object, ["start", "end"], path)
        func time(_ key: String) -> RecordTime? {
            guard let value = object[key] else { return nil }
            if let time = value.string.flatMap({ RecordTime($0) }) { return time }
            refuse("\(path).\(key)", "a time", "a date, or a time with its zone, of FHIR dateTime")
            return nil
        }
        let maximum = Int64(Timestamp.maximum.milliseconds)
        var from: Timestamp?
        var until: Timestamp?
        if let start = time("start") {
            if start.start >= 0 {
                from = Timestamp(UInt64(min(start.start, maximum)))
            } else if isOfData {
                refuse(
                    "\(path).start", "a time before 1970", "the ledger counts from 1970; leave it open to mean all data"
                )
            } else {
                leave("\(path).start", "a time before 1970", "no block is older, so it holds at every time")
            }
        }
        if let end = time("end") {
            if end.end < 0 || end.end > maximum {
                refuse("\(path).end", "a time out of range", "between 1970 and 9999")
            } else {
                until = Timestamp(UInt64(end.end))
            }
        }
        guard from != nil || until != nil else {
            if object.count == 0 { refuse(path, "a period", "it has a start or an end") }
            return nil
        }
        let period = Period(from: from, until: until)
        guard period.isWellFormed else {
            refuse(path, "a period", "it ends before it starts")
            return nil
        }
        return period
    }

    // MARK: Codes

    struct Coding: Equatable {
        let system: String
        let code: String
    }

    mutating func coding(_ value: JSONValue, _ path: String) -> Coding? {
        guard let object = value.object else {
            refuse(path, value.kindName, "a coding is an object")
            return nil
        }
        // A display repeats the code for people; a version of a code system does not change what a code means.
        known(object, ["system", "version", "code", "display", "userSelected"], path)
        if object["version"] != nil || object["display"] != nil {
            leave(path, "a display or a version", "the code says the same to a program")
        }
        guard let system = object["system"]?.string, let code = object["code"]?.string,
            system.utf8.count <= HealthRecordLimits.codeBytes, code.utf8.count <= HealthRecordLimits.codeBytes
        else {
            refuse(path, "a coding", "it has a system and a code")
            return nil
        }
        return Coding(system: system, code: code)
    }

    /// The codings of a concept; one with a text instead of codes is a problem.
    mutating func concept(_ value: JSONValue?, _ path: String) -> [Coding] {
        guard let value else { return [] }
        guard let object = value.object else {
            refuse(path, value.kindName, "a concept is an object")
            return []
        }
        known(object, ["coding", "text"], path)
        guard object["coding"] != nil else {
            refuse(path, "a text", "without a code nobody can compare it")
            return []
        }
        if object["text"] != nil { leave("\(path).text", "a text", "the code beside it says the same to a program") }
        let elements = list(object["coding"], "\(path).coding")
        var codings: [Coding] = []
        for (index, element) in elements.enumerated() {
            if let coding = coding(element, "\(path).coding[\(index)]") { codings.append(coding) }
        }
        return codings
    }
}
