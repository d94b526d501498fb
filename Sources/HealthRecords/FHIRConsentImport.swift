public import Consents
internal import Identities
public import Interface
public import Primitives

/// What a person must say before a FHIR R4 Consent can be read as an operation of the ledger.
public struct FHIRConsentOptions: Sendable {
    /// Which party of the ledger a reference of the resource means: `Patient/f001`, or `SYSTEM|VALUE` of an identifier.
    public var parties: [String: Party]
    /// How the outermost provision is read where it has conditions and no type of its own. FHIR leaves that open: of
    /// its published examples, pairs of the same structure say opposite things in their narratives.
    public var rootKind: ProvisionKind?
    /// What a permit that names no action permits; without it such a permit is refused, for it would permit everything.
    public var actions: SortedList<ConsentAction>
    /// Elements that the person has read and vouches for: they hold no rule beyond what the rest says. Only
    /// `category`, `sourceAttachment`, `sourceReference`, `policy`, `policyRule` and `verification` can be set aside.
    public var setAside: Set<String>
    /// Whose typed texts (`mnx1…`, `tmnx1…`) stand in identifiers.
    public var networkKind: NetworkKind

    public init(
        parties: [String: Party] = [:], rootKind: ProvisionKind? = nil, actions: SortedList<ConsentAction> = [],
        setAside: Set<String> = [], networkKind: NetworkKind
    ) {
        self.parties = parties
        self.rootKind = rootKind
        self.actions = actions
        self.setAside = setAside
        self.networkKind = networkKind
    }
}

/// A FHIR R4 Consent, read: the operation that says the same, and all that stands in the resource beside it.
public struct FHIRConsentImport: Sendable {
    public let grant: ConsentGrant
    /// What the operation does not carry, each with the reason why nothing is lost. Never an element that could change
    /// what is permitted.
    public let leftBehind: [RecordNote]

    /// Reads a resource. `commit` makes the salted commitment to terms that must not stand on the ledger, and keeps
    /// what opens it; it is called once per restriction, in the order of the policy.
    ///
    /// Throws ``RecordRefusal`` with every construct that can't be represented.
    public init(
        _ bytes: [UInt8], options: FHIRConsentOptions, commit: (RestrictionKind, SortedList<CodedTerm>) -> Hash
    ) throws(RecordRefusal) {
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes, limit: HealthRecordLimits.consentBytes)
        } catch {
            throw RecordRefusal(path: "", what: "the file", why: "it is no JSON that can be read: \(error)")
        }
        try self.init(json, options: options, commit: commit)
    }

    public init(
        _ json: JSONValue, options: FHIRConsentOptions, commit: (RestrictionKind, SortedList<CodedTerm>) -> Hash
    ) throws(RecordRefusal) {
        var reader = FHIRConsentReader(options: options)
        let draft = reader.consent(json)
        guard reader.problems.isEmpty, let draft else {
            throw RecordRefusal(Array(reader.problems.prefix(HealthRecordLimits.notes)))
        }
        let made = reader.restrictions.map { restriction in
            CommittedRestriction(kind: restriction.kind, commitment: commit(restriction.kind, restriction.terms))
        }
        grant = ConsentGrant(
            scope: draft.scope, subject: draft.subject, guardian: draft.guardian, custodian: draft.custodian,
            policy: draft.policy, commitments: reader.commitments + made, expiresAt: draft.expiresAt)
        leftBehind = reader.leftBehind
    }
}

/// A walk over a resource that notes every problem instead of stopping at the first.
struct FHIRConsentReader {
    struct Draft {
        let scope: ConsentScope
        let subject: Party
        let guardian: Address?
        let custodian: Party
        let policy: ConsentPolicy
        let expiresAt: Timestamp?
    }

    struct Restriction {
        let kind: RestrictionKind
        let terms: SortedList<CodedTerm>
    }

    let options: FHIRConsentOptions
    var problems: [RecordNote] = []
    var leftBehind: [RecordNote] = []
    /// Commitments that the resource carries in our extension; those made here follow them.
    var commitments: [CommittedRestriction] = []
    var restrictions: [Restriction] = []
    var scope = ConsentScope.individual
    var custodian: Party?

    mutating func refuse(_ path: String, _ what: String, _ why: String) {
        if problems.count < HealthRecordLimits.notes { problems.append(RecordNote(path: path, what: what, why: why)) }
    }

    mutating func leave(_ path: String, _ what: String, _ why: String) {
        if leftBehind.count < HealthRecordLimits.notes {
            leftBehind.append(RecordNote(path: path, what: what, why: why))
        }
    }

    mutating func consent(_ json: JSONValue) -> Draft? {
        guard let resource = json.object else {
            refuse("", json.kindName, "a FHIR resource is an object")
            return nil
        }
        guard resource["resourceType"]?.string == "Consent" else {
            refuse("resourceType", "another resource", "only a Consent can become a consent")
            return nil
        }
        known(
            resource,
            [
                "resourceType", "id", "meta", "text", "language", "identifier", "status", "scope", "category",
                "patient",
                "dateTime", "performer", "organization", "sourceAttachment", "sourceReference", "policy", "policyRule",
                "verification", "provision", "extension", "modifierExtension",
            ], "")
        asides(resource)
        status(resource["status"])
        scope(resource["scope"])
        let expiresAt = extensions(resource)
        custodian = custodian(resource["organization"])
        let (subject, guardian) = subject(resource)
        let provisions = policy(resource)
        if problems.isEmpty, !provisions.contains(where: { $0.kind == .permit }) {
            refuse(
                "provision", "no permit",
                "nothing is permitted, and nothing needs to be said for that: without a consent the ledger denies. "
                    + "Where a consent is in force, withdraw it")
        }
        guard problems.isEmpty, let subject, let custodian else { return nil }
        return Draft(
            scope: scope, subject: subject, guardian: guardian, custodian: custodian,
            policy: ConsentPolicy(provisions: provisions), expiresAt: expiresAt)
    }

    /// Every member that is not known is a problem: FHIR has more than the ledger.
    mutating func known(_ object: JSONObject, _ keys: Set<String>, _ path: String) {
        for key in object.keys where !keys.contains(key) {
            let isExtension = key == "extension" || key == "modifierExtension" || key.hasPrefix("_")
            refuse(
                join(path, plain(key)), isExtension ? "an extension" : "an element",
                isExtension ? "extensions of others are not understood here" : "the ledger has nothing like it")
        }
    }

    func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A key as it may be shown.
    func plain(_ key: String) -> String {
        key.utf8.count <= 64 && key.utf8.allSatisfy { $0 > 32 && $0 < 127 } ? key : "?"
    }

    /// The elements of a list; one that is absent has none.
    mutating func list(_ value: JSONValue?, _ path: String) -> [JSONValue] {
        guard let value else { return [] }
        guard let elements = value.array, !elements.isEmpty else {
            refuse(path, value.kindName, "FHIR writes a list with at least one element here")
            return []
        }
        return elements
    }

    // MARK: What holds no rule

    private mutating func asides(_ resource: JSONObject) {
        for (key, why) in [
            ("id", "the ledger gives the consent an id of its own"),
            ("language", "the language of texts that are not taken over"),
            ("dateTime", "the ledger dates the consent by the block that holds it"),
            ("identifier", "a name of this copy, which says nothing of what is permitted"),
        ] where resource[key] != nil { leave(key, "metadata", why) }
        if let meta = resource["meta"] {
            if let object = meta.object { known(object, ["versionId", "lastUpdated", "source", "profile"], "meta") }
            leave("meta", "metadata", "versions and profiles of the copy")
        }
        if let text = resource["text"] {
            // "additional" and "extensions" narratives may hold rules that no element repeats.
            if let status = text["status"]?.string, ["generated", "empty"].contains(status) {
                leave("text", "a narrative", "generated from the elements, so it says nothing more")
            } else {
                refuse("text", "a narrative", "it may say more than the elements do")
            }
        }
        for (key, what, why) in [
            ("sourceAttachment", "a document", "its words may hold rules that no provision repeats"),
            ("sourceReference", "a document elsewhere", "its words may hold rules that no provision repeats"),
            ("verification", "a verification", "the ledger knows the subject's and the custodian's signatures instead"),
        ] where resource[key] != nil { aside(key, what, why) }
        policies(resource["policy"])
        categories(resource["category"])
    }

    private mutating func aside(_ key: String, _ what: String, _ why: String) {
        if options.setAside.contains(key), FHIRVocabulary.settableAside.contains(key) {
            leave(key, what, "set aside by whoever imports it")
        } else {
            refuse(key, what, why + "; set it aside if it holds none (--set-aside \(key))")
        }
    }

    private mutating func policies(_ value: JSONValue?) {
        for (index, policy) in list(value, "policy").enumerated() {
            if let object = policy.object, object.count == 1, object["uri"]?.string != nil {
                leave("policy[\(index)].uri", "a reference", "FHIR: it does not modify or qualify the rules")
            } else {
                aside("policy", "an authority", "an enforcing authority may have rules of its own")
            }
        }
    }

    private mutating func categories(_ value: JSONValue?) {
        guard value != nil else { return refuse("category", "missing", "FHIR requires a category") }
        for (index, category) in list(value, "category").enumerated() {
            let codings = (category["coding"]?.array ?? []).compactMap { coding -> String? in
                guard let system = coding["system"]?.string, let code = coding["code"]?.string else { return nil }
                return "\(system)|\(code)"
            }
            if !codings.isEmpty, codings.count == category["coding"]?.array?.count, category["text"] == nil,
                codings.allSatisfy({ FHIRVocabulary.plainCategories.contains($0) })
            {
                leave("category[\(index)]", "a category", "FHIR: for indexing and retrieval")
            } else {
                aside("category", "category[\(index)]", "this category may say more than the provisions do")
            }
        }
    }

    // MARK: Who

    private mutating func status(_ value: JSONValue?) {
        switch value?.string {
        case "active", "proposed": break
        case let text?:
            refuse("status", FHIRConsentReader.code(text), "only an active or proposed consent can be given")
        case nil: refuse("status", "missing", "FHIR requires a status")
        }
    }

    static func code(_ text: String) -> String {
        text.utf8.count <= 64 && text.utf8.allSatisfy { $0 > 32 && $0 < 127 } ? text : "a text"
    }

    private mutating func scope(_ value: JSONValue?) {
        let codings = concept(value, "scope")
        guard codings.count == 1, let coding = codings.first else {
            if value == nil || !codings.isEmpty {
                refuse("scope", "no or several codes", "one code says what it is about")
            }
            return
        }
        switch (coding.system, coding.code) {
        case (FHIRVocabulary.consentScope, "patient-privacy"), (FHIRVocabulary.consentScope, "research"):
            scope = .individual
        case (FHIRVocabulary.ledgerScope, "aggregate"): scope = .aggregate
        default:
            refuse(
                "scope", FHIRConsentReader.code(coding.code),
                "the ledger's consents are about data, not about treatments or directives")
        }
    }

    private mutating func custodian(_ value: JSONValue?) -> Party? {
        let organizations = list(value, "organization")
        guard organizations.count == 1 else {
            refuse(
                "organization", "\(organizations.count) organizations", "one custodian keeps the data and countersigns")
            return nil
        }
        return party(organizations[0], "organization[0]")
    }

    private mutating func subject(_ resource: JSONObject) -> (Party?, Address?) {
        let performers = list(resource["performer"], "performer")
        if performers.count > 1 {
            refuse("performer", "\(performers.count) performers", "one signs: the subject, or its guardian")
        }
        let performer = performers.first.flatMap { party($0, "performer[0]") }
        guard scope == .individual else {
            if resource["patient"] != nil { refuse("patient", "a patient", "a dataset's consent has none") }
            if performers.isEmpty { refuse("performer", "missing", "names the party that controls the dataset") }
            return (performer, nil)
        }
        guard let patient = resource["patient"] else {
            refuse("patient", "missing", "a person's consent says whose it is")
            return (nil, nil)
        }
        let subject = party(patient, "patient")
        guard let performer, performer != subject else { return (subject, nil) }
        guard case .account(let guardian) = performer else {
            refuse("performer[0]", "an organization", "a guardian is an account")
            return (subject, nil)
        }
        return (subject, guardian)
    }

    /// A party that a reference names: by our identifier, or by what `--map` says of it.
    mutating func party(_ value: JSONValue, _ path: String) -> Party? {
        guard let object = value.object else {
            refuse(path, value.kindName, "a reference is an object")
            return nil
        }
        known(object, ["reference", "type", "identifier", "display"], path)
        if object["display"] != nil { leave("\(path).display", "a name", "the reference says the same to a program") }
        if let identifier = object["identifier"] {
            let system = identifier["system"]?.string ?? ""
            let text = identifier["value"]?.string ?? ""
            if system == FHIRVocabulary.party {
                if let party = Party(text: text, network: options.networkKind) { return party }
                refuse("\(path).identifier", "a party", "it is no address of this network")
                return nil
            }
            if let party = options.parties["\(system)|\(text)"] { return party }
        }
        if let reference = object["reference"]?.string, let party = options.parties[reference] { return party }
        let shown = object["reference"]?.string.map { FHIRConsentReader.code($0) } ?? "a reference"
        refuse(path, shown, "nobody said which party of the ledger this is (--map \(shown)=ADDRESS)")
        return nil
    }

    // MARK: Extensions of ours on the resource

    private mutating func extensions(_ resource: JSONObject) -> Timestamp? {
        for (index, element) in list(resource["extension"], "extension").enumerated() where resource["extension"] != nil
        {
            let path = "extension[\(index)]"
            guard element["url"]?.string == FHIRVocabulary.commitment else {
                refuse(path, "an extension", "extensions of others are not understood here")
                continue
            }
            let parts = subextensions(element, path, ["kind", "commitment"])
            guard let name = parts["kind"]?["valueCode"]?.string, let kind = RestrictionKind(name: name),
                let text = parts["commitment"]?["valueString"]?.string,
                let bytes = Hexadecimal.decode(text).flatMap({ Bytes32($0) })
            else {
                refuse(path, "a commitment", "it has a kind and 64 hexadecimal digits")
                continue
            }
            commitments.append(CommittedRestriction(kind: kind, commitment: Hash(bytes)))
        }
        var expiresAt: Timestamp?
        for (index, element) in list(resource["modifierExtension"], "modifierExtension").enumerated() {
            let path = "modifierExtension[\(index)]"
            guard element["url"]?.string == FHIRVocabulary.expiresAt, expiresAt == nil else {
                refuse(path, "an extension", "extensions of others are not understood here")
                continue
            }
            expiresAt = instant(element["valueInstant"], "\(path).valueInstant")
        }
        return expiresAt
    }

    /// The parts of a complex extension by their URLs, each once and known.
    mutating func subextensions(_ value: JSONValue, _ path: String, _ names: Set<String>) -> [String: JSONValue] {
        var parts: [String: JSONValue] = [:]
        if let object = value.object { known(object, ["url", "extension"], path) }
        for (index, part) in list(value["extension"], "\(path).extension").enumerated() {
            let name = part["url"]?.string ?? ""
            guard names.contains(name), parts[name] == nil else {
                refuse("\(path).extension[\(index)]", "an extension", "it is not understood here, or stands twice")
                continue
            }
            parts[name] = part
        }
        return parts
    }

    mutating func instant(_ value: JSONValue?, _ path: String) -> Timestamp? {
        guard let text = value?.string, let time = RecordTime(text), time.precision == .time, time.start >= 0,
            time.start <= Int64(Timestamp.maximum.milliseconds)
        else {
            refuse(path, "a time", "an instant between 1970 and 9999, with its zone")
            return nil
        }
        return Timestamp(UInt64(time.start))
    }
}
