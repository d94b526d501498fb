internal import Content
internal import INFTs
internal import Identities
internal import Primitives
internal import StateModel
internal import Storage

/// What the ledger says of content and of who asks for it.
struct ContentLedger: Sendable {
    let ledger: Ledger
    /// `content.uploaders`
    let uploaders: Uploaders

    /// Who may upload.
    struct Uploaders: Sendable {
        let isOpen: Bool
        let parties: Set<Party>

        init(_ texts: [String]) {
            isOpen = texts.contains("any")
            parties = Set(texts.compactMap { Party(text: $0, network: nil) })
        }
    }

    /// The receipt of a root's erasure; nil if it was not erased.
    func erasure(_ root: Hash) throws -> Bytes32? {
        try Erasures.receipt(ofRoot: root, in: try ledger.state.snapshot())?.bytes
    }

    func reference(_ root: Hash) throws -> ContentReference {
        if let receipt = try erasure(root) { return .erased(receipt: receipt) }
        let snapshot = try ledger.state.snapshot()
        return try INFTRegistry.versions(naming: root, limit: 1, in: snapshot).isEmpty ? .unnamed : .named
    }

    /// Bytes of a content as versions name it: one size, unless someone named a wrong one; none where no version does.
    func sizes(_ root: Hash) throws -> [UInt64] {
        let snapshot = try ledger.state.snapshot()
        var sizes: [UInt64] = []
        for naming in try INFTRegistry.versions(naming: root, limit: Self.namings, in: snapshot) {
            guard let version = try INFTRegistry.version(naming.version, of: naming.inft, in: snapshot) else {
                continue
            }
            if !sizes.contains(version.content.size) { sizes.append(version.content.size) }
        }
        return Array(sizes.prefix(Self.triedSizes))
    }

    private static let namings = 1_000
    private static let triedSizes = 8

    struct Standing: Sendable {
        let account: Address
        /// The sponsor, or the account itself where it has none.
        let party: Party
        let mayUpload: Bool
    }

    /// Nil if the key speaks for no registered account.
    func standing(of key: Address) throws -> Standing? {
        let snapshot = try ledger.state.snapshot()
        guard let account = try AccountKeys.account(of: key, in: snapshot),
            let record = try Accounts.record(account, in: snapshot)
        else { return nil }
        return Standing(
            account: account, party: record.sponsor ?? .account(account),
            mayUpload: try mayUpload(account, record, snapshot))
    }

    /// An account that is listed, whose sponsor is, or that is a member of an organization that is.
    private func mayUpload(
        _ account: Address, _ record: AccountRecord, _ state: any StateReader
    ) throws -> Bool {
        if uploaders.isOpen || uploaders.parties.contains(.account(account)) { return true }
        if let sponsor = record.sponsor, uploaders.parties.contains(sponsor) { return true }
        for case .organization(let id) in uploaders.parties {
            if let organization = try Organizations.record(id, in: state),
                organization.profile.members.contains(where: { $0.account == account })
            {
                return true
            }
        }
        return false
    }
}
