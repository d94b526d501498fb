internal import Encoding
internal import Identities
internal import Primitives

/// Whether a policy only takes away from another one. Decided by comparing the two, so that everyone decides alike:
///
/// - a permit that stands in a denial, or has no exceptions, may go;
/// - a denial without exceptions may come, wherever a denial may stand;
/// - a permit without exceptions may become narrower, field by field;
/// - all else stays as it is, in its order.
///
/// A permit with exceptions at the top must stay: its denials hold against its siblings too. It is closed by a denial
/// inside it. What passes these rules never answers any request less strictly than before (a property test).
public enum PolicyNarrowing {
    public static func narrows(_ new: ConsentPolicy, _ old: ConsentPolicy) -> Bool {
        narrows(new.provisions, old.provisions, in: nil)
    }

    /// Walks both lists at once; `reachable` are the pairs of positions up to which they agree.
    private static func narrows(_ new: [Provision], _ old: [Provision], in parent: ProvisionKind?) -> Bool {
        var reachable = [[Bool]](
            repeating: [Bool](repeating: false, count: old.count + 1), count: new.count + 1)
        reachable[0][0] = true
        for left in 0...new.count {
            for right in 0...old.count where reachable[left][right] {
                if left < new.count, isAddable(new[left]) { reachable[left + 1][right] = true }
                if right < old.count, isRemovable(old[right], in: parent) { reachable[left][right + 1] = true }
                if left < new.count, right < old.count, narrows(new[left], old[right]) {
                    reachable[left + 1][right + 1] = true
                }
            }
        }
        return reachable[new.count][old.count]
    }

    private static func isAddable(_ provision: Provision) -> Bool {
        provision.kind == .deny && provision.provisions.isEmpty
    }

    private static func isRemovable(_ provision: Provision, in parent: ProvisionKind?) -> Bool {
        provision.kind == .permit && (parent == .deny || provision.provisions.isEmpty)
    }

    private static func narrows(_ new: Provision, _ old: Provision) -> Bool {
        guard new.kind == old.kind else { return false }
        if new.with([]) == old.with([]) { return narrows(new.provisions, old.provisions, in: old.kind) }
        return old.kind == .permit && old.provisions.isEmpty && new.provisions.allSatisfy(isAddable)
            && isWithin(new, old)
    }

    /// Field by field; an empty list and an absent value put no limit.
    private static func isWithin(_ new: Provision, _ old: Provision) -> Bool {
        isSubset(new.actors, old.actors) && isSubset(new.actions, old.actions) && isSubset(new.codes, old.codes)
            && isWithin(purposes: new.purposes, old.purposes)
            && isCovered(new.jurisdictions, old.jurisdictions) { Regions.contains($1, $0) }
            && (old.dataUse == nil || old.dataUse == new.dataUse)
            && old.restrictions.elements.allSatisfy { new.restrictions.contains($0) }
            && isWithin(new.validity, old.validity) && isWithin(new.dataPeriod, old.dataPeriod)
    }

    private static func isSubset<Element>(_ new: SortedList<Element>, _ old: SortedList<Element>) -> Bool {
        isCovered(new, old) { $0 == $1 }
    }

    /// Breaking the glass is permitted only where it is named, so no wider purpose covers it.
    private static func isWithin(purposes new: SortedList<PurposeOfUse>, _ old: SortedList<PurposeOfUse>) -> Bool {
        guard !new.contains(.breakTheGlass) || old.contains(.breakTheGlass) else { return false }
        return isCovered(new, old) { $1.includes($0) }
    }

    private static func isCovered<Element>(
        _ new: SortedList<Element>, _ old: SortedList<Element>, by covers: (Element, Element) -> Bool
    ) -> Bool {
        guard !old.isEmpty else { return true }
        return !new.isEmpty && new.elements.allSatisfy { element in old.elements.contains { covers(element, $0) } }
    }

    private static func isWithin(_ new: Period?, _ old: Period?) -> Bool {
        guard let old else { return true }
        guard let new else { return false }
        return old.contains(new)
    }
}

extension Provision {
    func with(_ provisions: [Provision]) -> Provision {
        Provision(
            kind, actors: actors, actions: actions, purposes: purposes, dataUse: dataUse, restrictions: restrictions,
            jurisdictions: jurisdictions, codes: codes, validity: validity, dataPeriod: dataPeriod,
            provisions: provisions)
    }
}
