public import Primitives
public import StateModel

/// What other domains ask of, and do to, INFTs.
public enum INFTRegistry {
    public static func record(_ id: INFTID, in state: any StateReader) throws(Refusal) -> INFTRecord? {
        try state.record(INFTKeys.inft(id))
    }

    /// Rejects `unknown_inft`.
    public static func requireKnown(
        _ id: INFTID, field: String, in state: any StateReader
    ) throws(Refusal) -> INFTRecord {
        guard let record = try record(id, in: state) else {
            throw INFTRejection.unknownINFT.at(field, "there is no INFT \(id)")
        }
        return record
    }

    /// Rejects `unknown_inft` and `inft_not_active`: its own status, and the tags of all that it is a clone of or derives
    /// from, so that nobody sells on what was found harmful.
    @discardableResult
    public static func requireActive(
        _ id: INFTID, field: String, in state: any StateReader
    ) throws(Refusal) -> INFTRecord {
        let record = try requireKnown(id, field: field, in: state)
        guard record.status == .active else {
            throw INFTRejection.notActive.at(field, "\(id) is \(record.status.name)")
        }
        try requireUntagged(record, field: field, in: state)
        return record
    }

    /// Rejects `inft_not_active` where a tag of its own, or one that comes down to it, is in force.
    static func requireUntagged(_ record: INFTRecord, field: String, in state: any StateReader) throws(Refusal) {
        guard let found = try Tags.first(on: try Tags.sources(of: record, in: state), in: state) else { return }
        let status = found.tag.kind.status.name
        guard found.inft != record.id else {
            throw INFTRejection.notActive.at(field, "\(record.id) is \(status)")
        }
        let how = found.inft == record.cloneOf ? "is a clone of" : "derives from"
        throw INFTRejection.notActive.at(
            field, "\(record.id) \(how) \(found.inft), which is \(status)",
            hint: "inft_standing says what stands against it.")
    }

    /// What stands for an INFT and all its clones together: what they are clones of.
    public static func original(of id: INFTID, in state: any StateReader) throws(Refusal) -> INFTID {
        try record(id, in: state)?.cloneOf ?? id
    }

    public static func version(
        _ number: UInt64, of id: INFTID, in state: any StateReader
    ) throws(Refusal) -> VersionRecord? {
        try state.record(INFTKeys.version(id, number))
    }

    /// Versions whose encrypted content has this root, by INFT and number; at most `limit`.
    public static func versions(
        naming root: Hash, limit: Int, in index: any IndexReader
    ) throws(StateFailure) -> [(inft: INFTID, version: UInt64)] {
        try index.scan(prefix: INFTIndexes.contents(root), after: nil, limit: limit, descending: false)
            .compactMap { INFTIndexes.naming($0.key) }
    }

    /// Sorted; empty for what derives from nothing.
    public static func ancestors(of id: INFTID, in state: any StateReader) throws(Refusal) -> [INFTID] {
        try state.record(INFTKeys.ancestors(id))?.ancestors ?? []
    }

    /// Ancestors, and what any of them is a clone of: all whose tags come down to `id`.
    static func lineage(of id: INFTID, in state: any StateReader) throws(Refusal) -> [INFTID] {
        guard let record = try state.record(INFTKeys.ancestors(id)) else { return [] }
        return record.ancestors + record.originals
    }

    /// Changes the status, with a line of history and an event. Who may do so is the caller's check; a status that a tag
    /// brings is ``Tags``' alone.
    static func setStatus(
        _ status: INFTStatus, of id: INFTID, in context: OperationContext
    ) throws(Refusal) {
        var record = try requireKnown(id, field: "inft", in: context.state)
        guard record.status != status else { return }
        record.status = status
        record.statusSince = context.block.time
        append(.statusChanged, to: &record, in: context)
        context.state.set(INFTKeys.inft(id), record)
        context.emit(INFTEvent.statusChanged(INFTChanged(record)))
    }

    /// The union of `parents` and all their ancestors, sorted, and beside it what any of these is a clone of. Rejects
    /// parents that are unknown or not active, ancestors that are tagged, the child itself among them (which is the only
    /// way to a cycle, since what exists was linked before), and more than 256 in all.
    package static func ancestorUnion(
        of child: INFTID, parents: [INFTID], field: String, in state: any StateReader
    ) throws(Refusal) -> AncestorsRecord {
        var union: Set<INFTID> = []
        var originals: Set<INFTID> = []
        for (index, parent) in parents.enumerated() {
            let record = try requireKnown(parent, field: "\(field)[\(index)]", in: state)
            guard record.status == .active else {
                throw INFTRejection.notActive.at("\(field)[\(index)]", "\(parent) is \(record.status.name)")
            }
            union.insert(parent)
            if let original = record.cloneOf { originals.insert(original) }
            guard let above = try state.record(INFTKeys.ancestors(parent)) else { continue }
            union.formUnion(above.ancestors)
            originals.formUnion(above.originals)
        }
        guard !union.contains(child) else {
            throw INFTRejection.cycle.at(field, "\(child) would derive from itself")
        }
        originals.subtract(union)
        guard union.count + originals.count <= INFTsLimits.ancestors else {
            throw INFTRejection.tooManyAncestors.at(
                field,
                "\(union.count) ancestors, and \(originals.count) that they are clones of; at most "
                    + "\(INFTsLimits.ancestors) in all")
        }
        // A set's order is not the result's: it is sorted here.
        let found = AncestorsRecord(ancestors: union.sorted(), originals: originals.sorted())
        if let tagged = try Tags.first(on: found.ancestors + found.originals, in: state) {
            throw INFTRejection.notActive.at(
                field, "\(tagged.inft), from which it would derive, is \(tagged.tag.kind.status.name)")
        }
        return found
    }

    /// Records the ancestors of `child`, which this transaction minted with exactly these parents, and discharges the
    /// mint's obligation. `license.link` calls it once it has found that the licenses permit the derivation, and then
    /// sets the royalty vector with `Vaults.setRoyalties`.
    @discardableResult
    public static func linkParents(
        of child: INFTID, to parents: [INFTID], in context: OperationContext
    ) throws(Refusal) -> [INFTID] {
        var record = try requireKnown(child, field: "inft", in: context.state)
        guard !record.parents.isEmpty, record.parents == parents.sorted() else {
            throw INFTRejection.parentsDiffer.at(
                "parents", "the links must name exactly the \(record.parents.count) parents that the mint named")
        }
        guard try context.state.record(INFTKeys.ancestors(child)) == nil else {
            throw INFTRejection.alreadyLinked.at("inft", "\(child) is linked to its parents")
        }
        let union = try ancestorUnion(of: child, parents: record.parents, field: "parents", in: context.state)
        guard context.discharge(child.bytes) else {
            throw INFTRejection.alreadyLinked.at("inft", "parents are linked in the transaction of the mint only")
        }
        context.state.set(INFTKeys.ancestors(child), union)
        append(.linked, to: &record, in: context)
        context.state.set(INFTKeys.inft(child), record)
        context.emit(INFTEvent.linked(INFTLinked(inft: child, parents: record.parents)))
        return union.ancestors
    }

    /// Adds a line of history; the caller stores the record.
    static func append(_ kind: HistoryKind, to record: inout INFTRecord, in context: OperationContext) {
        let entry = HistoryEntry(
            kind: kind, time: context.block.time, height: context.block.height, transaction: context.transactionHash,
            actor: context.actor, version: record.versionCount, status: record.status)
        context.state.set(INFTKeys.history(record.id, record.historyCount), entry)
        record.historyCount += 1
    }
}
