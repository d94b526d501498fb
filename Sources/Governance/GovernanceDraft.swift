internal import Consents
internal import Identities
internal import Primitives
internal import StateModel

/// Validators and parameters as they are about to become: the current ones with accepted changes on top.
struct GovernanceDraft {
    private(set) var validators: [ValidatorRecord]
    private(set) var parameters: ParameterSet
    /// Nil as long as none was set.
    private(set) var ontology: OntologyRoot?
    /// Keys that became validators' by the changes.
    private(set) var newKeys: [(key: Address, institution: Party)] = []

    /// What the state has now.
    init(of state: any StateReader) throws(Refusal) {
        validators = try Validators.records(in: state)
        parameters = try ParameterSet(of: state)
        ontology = try Ontology.current(in: state)
    }

    /// What the queued changes will make of it, as far as they fit.
    static func upcoming(_ agenda: AgendaRecord, at time: Timestamp, in state: any StateReader) throws(Refusal)
        -> GovernanceDraft
    {
        var draft = try GovernanceDraft(of: state)
        for pending in agenda.queued {
            _ = try draft.apply(try Proposals.known(pending.proposal, in: state).change, at: time, in: state)
        }
        return draft
    }

    /// Makes the change, or says why it does not fit and leaves all as it was.
    mutating func apply(
        _ change: GovernanceChange, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> ChangeConflict? {
        switch change {
        case .enroll(let request): return try enroll(request, at: time, in: state)
        case .remove(let institution):
            guard let index = index(of: institution) else { return .validatorUnknown }
            guard validators.count > 1 else { return .lastValidator }
            validators.remove(at: index)
            return nil
        case .rotate(let request): return try rotate(request, in: state)
        case .parameters(let changes):
            guard ParameterSet.firstViolation(changes) == nil else { return .parameterOutOfBounds }
            let changed = parameters.applying(changes)
            guard changed != parameters else { return .nothingChanged }
            parameters = changed
            return nil
        case .ontology(let root, let count):
            guard GovernanceLimits.ontologyEdges.contains(count) else { return .parameterOutOfBounds }
            guard ontology?.root != root || ontology?.count != count else { return .nothingChanged }
            ontology = OntologyRoot(root: root, count: count, since: time)
            return nil
        case .accredit, .revokeAccreditor, .admitIssuer, .dismissIssuer, .upgrade, .cancelUpgrade, .pause, .liftPause,
            .recall, .liftRecall, .liftVerdict:
            preconditionFailure("\(change) does not wait for the epoch's end")
        }
    }

    private mutating func enroll(
        _ request: EnrollmentRequest, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> ChangeConflict? {
        guard case .organization(let id) = request.institution, try Organizations.isEnrolled(id, at: time, in: state)
        else { return .notEnrolled }
        guard validators.count < WireLimits.validators else { return .setFull }
        guard index(of: request.institution) == nil else { return .institutionTaken }
        guard !validators.contains(where: { $0.name == request.name }) else { return .nameTaken }
        guard try !isUsed(request.key, in: state) else { return .keyUsed }
        guard !isTaken(request.transportKey, except: nil) else { return .transportKeyTaken }
        validators.append(
            ValidatorRecord(
                name: request.name, institution: request.institution, key: request.key,
                transportKey: ByteString(request.transportKey.bytes), enrolledAt: time))
        newKeys.append((request.key, request.institution))
        return nil
    }

    private mutating func rotate(
        _ request: EnrollmentRequest, in state: any StateReader
    ) throws(Refusal) -> ChangeConflict? {
        guard let index = index(of: request.institution), validators[index].name == request.name else {
            return .validatorUnknown
        }
        let old = validators[index]
        let transportKey = ByteString(request.transportKey.bytes)
        guard request.key != old.key || transportKey != old.transportKey else { return .nothingChanged }
        if request.key != old.key {
            guard try !isUsed(request.key, in: state) else { return .keyUsed }
        }
        guard !isTaken(request.transportKey, except: index) else { return .transportKeyTaken }
        validators[index] = ValidatorRecord(
            name: old.name, institution: old.institution, key: request.key, transportKey: transportKey,
            enrolledAt: old.enrolledAt)
        if request.key != old.key { newKeys.append((request.key, request.institution)) }
        return nil
    }

    private func index(of institution: Party) -> Int? { validators.firstIndex { $0.institution == institution } }

    private func isUsed(_ key: Address, in state: any StateReader) throws(Refusal) -> Bool {
        if newKeys.contains(where: { $0.key == key }) { return true }
        return try state.record(GovernanceKeys.usedKey(key)) != nil
    }

    /// A key and its negation belong to one holder, so the x coordinate decides.
    private func isTaken(_ key: TransportKey, except own: Int?) -> Bool {
        validators.indices.contains { index in
            index != own && validators[index].transportKey?.bytes.dropFirst() == key.bytes.dropFirst()
        }
    }
}
