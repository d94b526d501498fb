internal import Identities
internal import Primitives
internal import StateModel

/// How far a provision's scope covers a request, given what the request leaves open.
private enum Coverage: Int, Comparable {
    case none, possible, certain

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Of several things that must all be covered, where all or some are.
    init(all: Bool, any: Bool) { self = all ? .certain : any ? .possible : .none }
}

/// How a policy answers.
struct Verdict {
    enum Outcome: Int { case permit, needs, deny }
    var outcome: Outcome
    var needs: [Need] = []
    var path: [UInt8] = []
    var reasons: [DecisionReason] = []

    var strictness: Int { outcome.rawValue }
}

/// The evaluation of one policy for one request at one time: pure and total.
///
/// A provision applies surely where its scope covers all of the request, and perhaps where it depends on something that
/// the request leaves open. A denial counts if it applies at all, a permit only if it applies surely and its data-use
/// terms allow the request; so a request gains nothing by saying less. Exceptions override the provision that they
/// stand in. Among siblings a denial wins, then a permit, then a permit with needs. Needs of a provision bind the
/// permits inside it too. Where nothing applies, the base decision stands: deny.
struct ProvisionRules {
    let request: UseRequest
    let time: Timestamp
    /// The commitments of the one consent that is asked; nil for a set, whose members' commitments differ.
    let commitments: [CommittedRestriction]?
    /// Whoever holds a credential of this type asks, and not the request's actor: what is permitted then is permitted
    /// to each of them.
    var anyHolder: CredentialType?
    /// Of the request's actor.
    let memo: DecisionMemo

    func decide(_ policy: ConsentPolicy) throws(Refusal) -> Verdict {
        var missed: [DecisionReason] = []
        let base = Verdict(outcome: .deny, reasons: [.notPermitted])
        var verdict = try decide(policy.provisions, inherited: base, needs: [], reasons: [], path: [], &missed)
        if verdict.outcome == .deny, verdict.path.isEmpty { verdict.reasons += missed }
        return verdict
    }

    private func decide(
        _ provisions: [Provision], inherited: Verdict, needs: [Need], reasons: [DecisionReason], path: [UInt8],
        _ missed: inout [DecisionReason]
    ) throws(Refusal) -> Verdict {
        var sure: Verdict?
        var strictest = inherited
        for (index, provision) in provisions.enumerated() {
            let coverage = try coverage(of: provision)
            guard coverage > .none else { continue }
            var isSure = coverage == .certain
            var needs = needs
            var reasons = reasons
            if provision.kind == .permit, try !addNeeds(of: provision, to: &needs, &reasons, &missed) { isSure = false }
            let own = verdict(provision.kind, needs: needs, reasons: reasons, path: path + [UInt8(clamping: index)])
            let found = try decide(
                provision.provisions, inherited: own, needs: needs, reasons: reasons, path: own.path, &missed)
            if found.outcome == .deny { return found }
            if !isSure {
                if found.strictness > strictest.strictness { strictest = found }
            } else if sure.map({ found.strictness < $0.strictness }) ?? true {
                sure = found
            }
        }
        return sure ?? strictest
    }

    private func verdict(
        _ kind: ProvisionKind, needs: [Need], reasons: [DecisionReason], path: [UInt8]
    ) -> Verdict {
        switch kind {
        case .deny: Verdict(outcome: .deny, path: path, reasons: [.deniedByProvision])
        case .permit where needs.isEmpty: Verdict(outcome: .permit, path: path, reasons: [.permittedByProvision])
        case .permit: Verdict(outcome: .needs, needs: needs, path: path, reasons: reasons)
        }
    }

    /// False if the data-use terms of the permit don't allow the request.
    private func addNeeds(
        of provision: Provision, to needs: inout [Need], _ reasons: inout [DecisionReason],
        _ missed: inout [DecisionReason]
    ) throws(Refusal) -> Bool {
        var found: [Need] = []
        if let terms = provision.dataUse {
            let match = try DataUseRules(terms: terms, request: request, time: time, memo: memo).match()
            guard !match.isDenied else {
                missed += match.denials
                return false
            }
            found += match.needs
            reasons += match.needReasons
        }
        for index in provision.restrictions.elements {
            if let commitments {
                // A position without a commitment can't be stored; if it were, nothing could meet it.
                guard Int(index) < commitments.count else { return false }
                found.append(.restriction(index: index, commitment: commitments[Int(index)].commitment))
            } else {
                found.append(.memberRestrictions)
            }
            reasons.append(.restrictionCommitted)
        }
        for need in found where !needs.contains(need) { needs.append(need) }
        return true
    }

    // MARK: Scope

    private func coverage(of provision: Provision) throws(Refusal) -> Coverage {
        if let validity = provision.validity, !validity.contains(time) { return .none }
        var least = coverage(ofActions: provision.actions)
        guard least > .none else { return .none }
        least = min(least, coverage(ofPurposes: provision.purposes, provision.kind))
        guard least > .none else { return .none }
        least = min(least, coverage(ofJurisdictions: provision.jurisdictions))
        guard least > .none else { return .none }
        least = min(least, coverage(ofCodes: provision.codes))
        guard least > .none else { return .none }
        least = min(least, coverage(ofDataPeriod: provision.dataPeriod))
        guard least > .none else { return .none }
        return try covers(provision.actors) ? least : .none
    }

    private func covers(_ actors: SortedList<ActorSelector>) throws(Refusal) -> Bool {
        if actors.isEmpty { return true }
        for actor in actors.elements {
            switch actor {
            case .anyone: return true
            case .party(let party): if anyHolder == nil, party == request.actor { return true }
            case .holder(let type, let jurisdiction):
                if let anyHolder {
                    if type == anyHolder, jurisdiction == nil { return true }
                    continue
                }
                if try memo.holds(type, jurisdiction: jurisdiction) {
                    return true
                }
            }
        }
        return false
    }

    private func coverage(ofActions actions: SortedList<ConsentAction>) -> Coverage {
        if actions.isEmpty { return .certain }
        let isCovered = actions.contains(request.action)
        guard request.commercial, request.action != .commercialize else {
            return Coverage(all: isCovered, any: isCovered)
        }
        let isSaleCovered = actions.contains(.commercialize)
        return Coverage(all: isCovered && isSaleCovered, any: isCovered || isSaleCovered)
    }

    /// What a deposit leaves open is no use yet; any other request might be for what it does not say.
    private var unknown: Coverage { request.action == .deposit && !request.commercial ? .none : .possible }

    /// Breaking the glass is permitted only where it is named, and denied also by what is wider.
    private func coverage(ofPurposes purposes: SortedList<PurposeOfUse>, _ kind: ProvisionKind) -> Coverage {
        let asksForGlass = kind == .permit && request.purposes.contains(.breakTheGlass)
        guard !purposes.isEmpty || asksForGlass else { return .certain }
        guard !request.purposes.isEmpty else { return unknown }
        let named = purposes.elements.reduce(0) { $0 | $1.mask }
        var all = true
        var any = false
        for asked in request.purposes {
            if asksForGlass, asked == .breakTheGlass {
                if named & asked.mask == 0 { all = false } else { any = true }
            } else if purposes.isEmpty || named & asked.widerMask != 0 {
                any = true
            } else {
                all = false
                if named & asked.kindsMask != 0 { any = true }
            }
        }
        return Coverage(all: all, any: any)
    }

    private func coverage(ofJurisdictions jurisdictions: SortedList<String>) -> Coverage {
        guard !jurisdictions.isEmpty else { return .certain }
        guard let place = request.jurisdiction else { return unknown }
        var isPossible = false
        for region in jurisdictions.elements {
            if Regions.contains(region, place) { return .certain }
            if Regions.contains(place, region) { isPossible = true }
        }
        return isPossible ? .possible : .none
    }

    private func coverage(ofCodes codes: SortedList<CodedTerm>) -> Coverage {
        guard !codes.isEmpty else { return .certain }
        guard !request.codes.isEmpty else { return .possible }
        let found = codes.countShared(with: request.codes)
        return Coverage(all: found == request.codes.count, any: found > 0)
    }

    private func coverage(ofDataPeriod period: Period?) -> Coverage {
        guard let period else { return .certain }
        guard let asked = request.dataPeriod else { return .possible }
        if period.contains(asked) { return .certain }
        return period.overlaps(asked) ? .possible : .none
    }
}
