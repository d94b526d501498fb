public import Identities
public import Primitives
public import StateModel

/// What decisions about one actor at one time have in common, read once for all of them: the credentials that provisions
/// ask for, and where the diseases of a research stand. Without it a policy that names holders in each provision would have
/// the same credentials read again for each, and for each request.
public final class DecisionMemo {
    let actor: Party
    let time: Timestamp
    private let state: any StateReader
    private var scopes: [CredentialType: Scope] = [:]
    private var affiliations: Set<Party>?
    private var index: DiseaseIndex?

    public init(_ actor: Party, at time: Timestamp, in state: any StateReader) {
        self.actor = actor
        self.time = time
        self.state = state
    }

    /// Of all credentials of a type: none, or where they hold.
    private enum Scope {
        case none
        case places(Set<String>)
        case world
    }

    /// As `Credentials.holds`.
    public func holds(_ type: CredentialType, jurisdiction: String?) throws(Refusal) -> Bool {
        switch try scope(of: type) {
        case .none: return false
        case .world: return true
        case .places(let places):
            guard let jurisdiction else { return true }
            return places.contains(jurisdiction) || places.contains(Jurisdictions.country(of: jurisdiction))
        }
    }

    private func scope(of type: CredentialType) throws(Refusal) -> Scope {
        if let scope = scopes[type] { return scope }
        var scope = Scope.none
        var places: Set<String> = []
        try Credentials.visitInForce(actor, type, at: time, in: state) { record in
            let own = record.claim.scope.jurisdictions
            places.formUnion(own)
            scope = own.isEmpty ? .world : .places(places)
            // No other adds to that.
            return !own.isEmpty
        }
        scopes[type] = scope
        return scope
    }

    /// Whether the actor holds an affiliation that `party` attests.
    func isAffiliated(with party: Party) throws(Refusal) -> Bool {
        if let affiliations { return affiliations.contains(party) }
        var found: Set<Party> = []
        try Credentials.visitInForce(actor, .affiliation, at: time, in: state) { record in
            found.insert(record.issuer)
            return true
        }
        affiliations = found
        return found.contains(party)
    }

    /// Requests of one use name the same diseases.
    func diseases(of research: ResearchUse) -> DiseaseIndex {
        if let index, index.aims == research.diseases { return index }
        let made = DiseaseIndex(research.diseases)
        index = made
        return made
    }
}

/// Where each disease stands that a research names, or that lies on the way up from one: with it the diseases of a provision
/// are looked up one by one, however long those ways are.
struct DiseaseIndex {
    struct Place {
        let aim: Int
        /// 0: the disease itself; n: step n of its path.
        let depth: Int
    }

    let aims: [DiseaseAim]
    private let places: [CodedTerm: [Place]]

    init(_ aims: [DiseaseAim]) {
        self.aims = aims
        var places: [CodedTerm: [Place]] = [:]
        for (number, aim) in aims.enumerated() {
            for (depth, term) in ([aim.disease] + aim.path).enumerated() {
                places[term, default: []].append(Place(aim: number, depth: depth))
            }
        }
        self.places = places
    }

    /// Of each aim the first of its way that is among `diseases`: 0 the disease itself, n step n of its path, nil nothing.
    func nearest(_ diseases: SortedList<CodedTerm>) -> [Int?] {
        var nearest = [Int?](repeating: nil, count: aims.count)
        for disease in diseases.elements {
            for place in places[disease] ?? [] {
                nearest[place.aim] = min(nearest[place.aim] ?? place.depth, place.depth)
            }
        }
        return nearest
    }
}
