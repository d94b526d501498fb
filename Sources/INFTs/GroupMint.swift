internal import Cryptography
public import Primitives
internal import Revenue
public import StateModel

extension INFTRegistry {
    private static let membersTag = HashTag("mednexus/group-members")

    /// The INFT that stands for a group, without writing it: owned by who proposes it, open, and its content is the
    /// list of its members. Who may be a member is the caller's to say.
    ///
    /// - Parameter members: the list in canonical bytes.
    public static func newGroup(
        _ id: INFTID, metadata: INFTMetadata, members: [UInt8], in context: OperationContext
    ) throws(Refusal) -> INFTRecord {
        let owner = context.actor
        try PeopleRules.check(metadata, of: .group, consentSet: nil, in: context.state)
        let content = ContentVersion.open(
            OpenContent(
                hash: membersTag.hash(members), size: UInt64(members.count), mediaType: "application/cbor",
                location: nil))
        try INFTRules.check(content, field: "members")
        let now = context.block.time
        return INFTRecord(
            id: id, inftClass: .group, owner: owner,
            creators: [Creator(party: owner, contribution: .whole, roles: [])], versionCount: 1, latest: content,
            metadata: metadata, frozenAt: nil, parents: [], status: .active, statusSince: now, hasHumanData: false,
            consentSet: nil, createdAt: now, createdHeight: context.block.height, historyCount: 0, ownerSince: now)
    }

    /// Writes it, with its vault: what the split leaves of the whole is its owner's.
    public static func addGroup(_ inft: INFTRecord, in context: OperationContext) throws(Refusal) {
        var record = inft
        try Vaults.create(record.id, holders: [ShareHolder(party: record.owner, share: .whole)], in: context)
        context.state.set(
            INFTKeys.version(record.id, 1),
            VersionRecord(1, record.latest, by: record.owner, under: nil, in: context.block))
        append(.minted, to: &record, in: context)
        context.state.set(INFTKeys.inft(record.id), record)
        context.emit(INFTEvent.minted(INFTChanged(record)))
    }
}
