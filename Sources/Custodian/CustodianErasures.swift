import Primitives

// What is done about a subject's request for erasure. The custodian destroys nothing by itself: who signs `inft.erase`
// attests that every copy of the key is gone, backups too, and of those a program sees one.
extension CustodianCore {
    mutating func answered(_ consent: ConsentID, _ answer: ErasureAnswer, _ now: Timestamp) {
        let task = CustodianTask.erasure(consent)
        guard takeAnswer(of: task), let state = tasks[task] else { return }
        switch answer {
        case .lost: return retry(task, now)
        case .done: return close(task, .erased, now)
        case .due(let versions):
            let rest = versions.count > Self.toldVersions ? ["and \(versions.count - Self.toldVersions) more"] : []
            wait(task, WaitReason(.erasure, (versions.prefix(Self.toldVersions) + rest).joined(separator: "; ")), now)
        case .nothing: wait(task, WaitReason(.erasure, Self.outsideTheLedger), now)
        }
        if state.isStale { retry(task, now) }
    }

    /// What the ledger knows of, it has to hear from those who signed; what it does not, a person says.
    mutating func erased(_ consent: ConsentID, _ now: Timestamp) {
        let task = CustodianTask.erasure(consent)
        guard let state = tasks[task] else { return }
        if state.reason?.detail == Self.outsideTheLedger { return close(task, .erased, now) }
        tasks[task]?.attempts = 0
        look(at: task, now)
    }

    private static let toldVersions = 3
    private static let outsideTheLedger =
        "nothing was published under it; what is kept elsewhere has to be destroyed (then mednexus custodian erased)"
}
